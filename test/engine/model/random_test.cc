// K33: random jobs against a model in memory, many at a time. model_test.cc adds faults and the rest. The seed is
// printed; PLATTER_SEED runs it again.
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>

#include "../lab/disks.h"

using namespace test;

namespace {

using Random = std::mt19937_64;

uint64_t seed() {
  static const uint64_t seed = [] {
    const char* const asked = std::getenv("PLATTER_SEED");
    const uint64_t seed = asked ? std::strtoull(asked, nullptr, 0) : std::random_device{}();
    std::printf("K33: PLATTER_SEED=%llu\n", static_cast<unsigned long long>(seed));
    return seed;
  }();
  return seed;
}

uint64_t below(Random& random, uint64_t n) { return random() % n; }
bool chance(Random& random, int percent) { return static_cast<int>(random() % 100) < percent; }

// Bytes [from, to) of one disk.
struct Span {
  size_t disk;
  uint64_t from, to;
  bool meets(const Span& other) const { return disk == other.disk && from < other.to && other.from < to; }
};

// A file, what it holds, and what the model says it should hold.
struct Modelled {
  Modelled(uint64_t size, uint64_t seed)
      : disk(Medium::file, size), model(pattern(size, seed)), device(filled(), KCOPYD_OPEN_WRITE) {
    const int fd = open(disk.path().c_str(), O_RDONLY | O_CLOEXEC);
    REQUIRE(fd >= 0);
    there = static_cast<const unsigned char*>(mmap(nullptr, size, PROT_READ, MAP_SHARED, fd, 0));
    close(fd);
    REQUIRE(there != MAP_FAILED);
  }
  ~Modelled() { munmap(const_cast<unsigned char*>(there), model.size()); }
  Modelled(const Modelled&) = delete;
  Modelled& operator=(const Modelled&) = delete;

  const std::string& filled() {
    disk.fill(model);
    return disk.path();
  }
  bool right(uint64_t from, uint64_t to) const { return std::memcmp(there + from, &model[from], to - from) == 0; }

  Disk disk;
  Bytes model;
  Device device;
  const unsigned char* there = nullptr;
};

constexpr uint64_t kSize = 4 * MiB;

uint64_t random_length(Random& random) {
  const uint64_t most = chance(random, 70) ? 64 * KiB : chance(random, 80) ? 512 * KiB : 3 * MiB;
  return (1 + below(random, most / 512)) * 512;
}

Span random_span(Random& random, size_t disks, uint64_t length) {
  const uint64_t grain = chance(random, 30) ? 4096 : 512;
  const uint64_t from = below(random, (kSize - length) / grain + 1) * grain;
  return {below(random, disks), from, from + length};
}

struct Planned {
  kcopyd_op op = KCOPYD_COPY;
  unsigned flags = 0;
  Span from{};
  std::vector<Span> to;
  unsigned mask = 0;  // what write_err must be
  Job* job = nullptr;
};

// Plans a job that does not get in the way of the rest of the batch.
bool plan(Random& random, size_t disks, const std::vector<Planned>& batch, Planned& planned) {
  planned.op = chance(random, 75) ? KCOPYD_COPY : chance(random, 60) ? KCOPYD_ZERO : KCOPYD_COMPARE;
  if (planned.op != KCOPYD_COMPARE) {
    if (chance(random, 25)) planned.flags |= KCOPYD_VERIFY;
    if (chance(random, 25))
      planned.flags |= KCOPYD_WRITE_SEQ;
    else if (planned.op == KCOPYD_COPY && chance(random, 30))
      planned.flags |= KCOPYD_HEAD_LAST;
  }
  if (planned.op == KCOPYD_COPY && chance(random, 25)) planned.flags |= KCOPYD_SPARSE;
  if (planned.op == KCOPYD_COPY && chance(random, 25)) planned.flags |= KCOPYD_HASH;
  if (chance(random, 25)) planned.flags |= KCOPYD_IGNORE_ERROR;
  const uint64_t length = random_length(random);
  planned.from = random_span(random, disks, length);
  const auto free = [&](const Span& span, bool written) {
    for (const Planned& other : batch) {
      if (written && other.op != KCOPYD_ZERO && span.meets(other.from)) return false;
      for (const Span& to : other.to)
        if (span.meets(to) && (written || other.op != KCOPYD_COMPARE)) return false;
    }
    return true;
  };
  if (planned.op != KCOPYD_ZERO && !free(planned.from, false)) return false;
  const bool writes = planned.op != KCOPYD_COMPARE;
  const uint64_t wanted = 1 + below(random, 4);
  bool near_source = false;
  for (int attempt = 0; attempt < 12 && planned.to.size() < wanted; attempt++) {
    const uint64_t its_length = planned.op == KCOPYD_ZERO ? random_length(random) : length;
    const Span span = random_span(random, disks, its_length);
    const bool in_the_way =
        std::any_of(planned.to.begin(), planned.to.end(), [&](const Span& s) { return s.meets(span); });
    if (in_the_way || !free(span, writes)) continue;
    if (planned.op == KCOPYD_COPY && span.meets(planned.from)) {
      if (near_source) continue;  // K24 has the case of two
      near_source = true;
    }
    planned.to.push_back(span);
  }
  return !planned.to.empty();
}

// Does to the model what the job must do.
void model_job(std::vector<std::unique_ptr<Modelled>>& disks, Planned& planned) {
  const auto at = [&](const Span& span) { return disks[span.disk]->model.data() + span.from; };
  if (planned.op == KCOPYD_ZERO) {
    for (const Span& to : planned.to) std::memset(at(to), 0, to.to - to.from);
    return;
  }
  const Bytes source(at(planned.from), at(planned.from) + (planned.from.to - planned.from.from));
  for (size_t i = 0; i < planned.to.size(); i++) {
    if (planned.op == KCOPYD_COPY)
      std::memcpy(at(planned.to[i]), source.data(), source.size());
    else if (std::memcmp(at(planned.to[i]), source.data(), source.size()) != 0)
      planned.mask |= 1u << i;
  }
}

}  // namespace

TEST_CASE("K33 10,000 random jobs on files against a model: same bytes, same masks") {
  const uint64_t from = seed();
  on_each_backend([&](kcopyd_backend backend) {
    Random random(from);
    std::vector<std::unique_ptr<Modelled>> disks;
    for (uint64_t i = 0; i < 4; i++) disks.push_back(std::make_unique<Modelled>(kSize, i));
    int left = 5000 / kSlow;
    while (left > 0) {
      constexpr unsigned kPages[] = {1, 5, 64, 600, 2048};
      Client client({.backend = backend, .pages = kPages[below(random, 5)]});
      for (int batches = 0; batches < 40 && left > 0; batches++) {
        std::vector<Planned> batch;
        for (uint64_t n = 1 + below(random, 6); n > 0; n--) {
          Planned planned;
          if (plan(random, disks.size(), batch, planned)) batch.push_back(std::move(planned));
        }
        for (Planned& planned : batch) {
          model_job(disks, planned);
          const auto region = [&](const Span& span) {
            return disks[span.disk]->device.at(span.from, span.to - span.from);
          };
          std::vector<io_region> to;
          for (const Span& span : planned.to) to.push_back(region(span));
          planned.job = planned.op == KCOPYD_ZERO   ? &client.zero(to, planned.flags)
                        : planned.op == KCOPYD_COPY ? &client.copy(region(planned.from), to, planned.flags)
                                                    : &client.compare(region(planned.from), to, planned.flags);
          left--;
        }
        for (const Planned& planned : batch) {
          CAPTURE(left);
          CAPTURE(planned.op);
          CAPTURE(planned.flags);
          const Outcome& out = planned.job->wait();
          REQUIRE(out.read_err == 0);
          REQUIRE(out.write_err == planned.mask);
          for (const Span& to : planned.to) REQUIRE(disks[to.disk]->right(to.from, to.to));
        }
      }
      for (const auto& disk : disks) REQUIRE(disk->right(0, kSize));
    }
  });
}

TEST_CASE("K33 random jobs to destinations that stall at random: same bytes, and no job hangs") {
  const uint64_t from = seed();
  on_each({Medium::lab_file, Medium::loop512}, [&](const Combo& combo) {
    constexpr uint64_t kBytes = 24 * MiB;
    constexpr unsigned kDests = 4;
    Random random(from);
    Bay bay(combo, kDests, kBytes, {.pages = chance(random, 50) ? 4096u : 2048u});
    for (int round = 0; round < 4; round++) {
      CAPTURE(round);
      for (unsigned i = 0; i < kDests; i++) {
        bay.dests[i].forgive();
        bay.dests[i].fill(bay.old(i));
        if (chance(random, 50)) bay.dests[i].rule("delay w " + std::to_string(below(random, 6000)));
        if (chance(random, 40)) bay.dests[i].rule("after w " + std::to_string(below(random, kBytes)) + " stall w");
      }
      unsigned flags = chance(random, 50) ? unsigned{KCOPYD_VERIFY} : 0u;
      flags |= chance(random, 30) ? unsigned{KCOPYD_WRITE_SEQ} : chance(random, 40) ? unsigned{KCOPYD_HEAD_LAST} : 0u;
      CAPTURE(flags);
      const bool cancels = chance(random, 25);
      Job& job = bay.client.copy(bay.from(0, kBytes), bay.all(0, kBytes), flags);
      const uint64_t ticks = 20 + below(random, 200);
      for (uint64_t tick = 0; !job.done(); tick++) {
        usleep(1000);
        Disk& dest = bay.dests[below(random, kDests)];
        if (tick > ticks)
          for (Disk& each : bay.dests) each.rule("go");
        else if (chance(random, 10))
          dest.rule(chance(random, 50) ? "stall w" : "go");
        if (cancels && tick == ticks / 2) job.cancel();
      }
      const Outcome& out = job.wait();
      REQUIRE(out.read_err == 0);
      if (!cancels) REQUIRE(out.list() == Lines{});
      for (unsigned i = 0; i < kDests; i++) {
        CAPTURE(i);
        if (out.progress.dests[i].state == KCOPYD_DONE) REQUIRE(bay.wrong(i, bay.content) == "");
      }
    }
  });
}

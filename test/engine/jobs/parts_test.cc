// Parts of a job: which sub-jobs are written, which are read back, what is known of the source from before, and which
// errors the job ignores. Repair, update, resume and rescue are made of these.
#include <algorithm>

#include "../lab/disks.h"

using namespace test;

namespace {

constexpr uint64_t kChunks = 10;
constexpr uint64_t kBytes = kChunks * MiB;

// A bitmap of these sub-jobs.
std::vector<uint8_t> only(const std::vector<uint64_t>& chunks) {
  std::vector<uint8_t> bits((kChunks + 7) / 8);
  for (const uint64_t c : chunks) bits[c / 8] = static_cast<uint8_t>(bits[c / 8] | 1u << (c % 8));
  return bits;
}

struct Request {
  io_region from;
  std::vector<io_region> dests;
  std::vector<kcopyd_dest_options> options;
  kcopyd_request raw{};

  Request(Bay& bay, kcopyd_op op, unsigned flags, unsigned destinations)
      : from(bay.from(0, kBytes)), options(destinations) {
    for (unsigned i = 0; i < destinations; i++) dests.push_back(bay.to(i, 0, kBytes));
    raw.op = op;
    raw.from = &from;
    raw.num_dests = destinations;
    raw.dests = dests.data();
    raw.flags = flags;
    raw.dest_options = options.data();
  }
};

// What a destination must hold when only these sub-jobs were written.
Bytes with(const Bay& bay, unsigned i, const std::vector<uint64_t>& chunks) {
  const Unwatched unwatched;
  Bytes want = bay.old(i);
  for (const uint64_t c : chunks)
    std::copy_n(bay.content.begin() + static_cast<ptrdiff_t>(c * MiB), MiB,
                want.begin() + static_cast<ptrdiff_t>(c * MiB));
  return want;
}

std::vector<kcopyd_hash> hashes_of(Job& job) {
  std::vector<kcopyd_hash> hashes(kChunks);
  std::vector<uint8_t> known(kChunks);
  CHECK(kcopyd_job_hashes(job.get(), 0, kChunks, hashes.data(), known.data()) == kChunks);
  CHECK(std::ranges::all_of(known, [](uint8_t k) { return k == 1; }));
  CHECK(kcopyd_job_hashes(job.get(), kChunks, 1, hashes.data(), known.data()) == 0);
  return hashes;
}

// Copies the source to all destinations and gives the hashes made of it.
std::vector<kcopyd_hash> copied_hashes(Bay& bay) {
  Job& copied = bay.client.copy(bay.from(0, kBytes), bay.all(0, kBytes), KCOPYD_HASH);
  CHECK(copied.wait().list() == Lines{});
  return hashes_of(copied);
}

std::vector<uint64_t> durable(Job& job, unsigned dest) {
  std::vector<uint64_t> chunks;
  kcopyd_range ranges[3];
  size_t first = 0;
  while (const size_t n = kcopyd_job_durable(job.get(), dest, first, 3, ranges)) {
    for (size_t i = 0; i < n; i++)
      for (uint64_t c = 0; c < ranges[i].count; c++) chunks.push_back(ranges[i].first + c);
    first += n;
  }
  std::ranges::sort(chunks);
  return chunks;
}

std::string eio(const char* side, uint64_t offset, uint64_t length) {
  return "eio " + std::string(side) + " " + std::to_string(offset) + " " + std::to_string(length);
}

}  // namespace

TEST_CASE("parts: only the chunks of its bitmaps are read, written, read back and durable, for each destination") {
  on_each(kFaulty, [](const Combo& combo) {
    for (const unsigned extra : {0u, unsigned{KCOPYD_HEAD_LAST}, unsigned{KCOPYD_WRITE_SEQ}, unsigned{KCOPYD_SPARSE}}) {
      CAPTURE(extra);
      Bay bay(combo, 3, kBytes);
      for (auto& dest : bay.dests) dest.rule("log on w");
      const std::vector<std::vector<uint64_t>> todo = {{0, 3, 4, 9}, {2, 3, 5}, {}};
      Request request(bay, KCOPYD_COPY, KCOPYD_VERIFY | extra, 3);
      std::vector<std::vector<uint8_t>> bits;
      for (const auto& chunks : todo) bits.push_back(only(chunks));
      for (unsigned i = 0; i < 3; i++) request.options[i] = {.todo = bits[i].data(), .check = bits[i].data()};
      Job& job = bay.client.submit(request.raw);
      const Outcome& out = job.wait();
      CHECK(out.list() == Lines{});
      CHECK(out.progress.bytes_read == 6 * MiB);
      CHECK(out.progress.bytes_total == 6 * MiB);
      for (unsigned i = 0; i < 3; i++) {
        CAPTURE(i);
        CHECK(bay.wrong(i, with(bay, i, todo[i])) == "");
        CHECK(out.progress.dests[i].written == todo[i].size() * MiB);
        CHECK(out.progress.dests[i].to_write == todo[i].size() * MiB);
        CHECK(out.progress.dests[i].verified == todo[i].size() * MiB);
        CHECK(out.progress.dests[i].to_verify == todo[i].size() * MiB);
        CHECK(durable(job, i) == todo[i]);
      }
      CHECK(bay.dests[2].writes() == 0);
    }
  });
}

TEST_CASE("parts: a chunk that is not written can be read back, and the source is read for its hash") {
  on_each({Medium::lab_file, Medium::loop512}, [](const Combo& combo) {
    Bay bay(combo, 2, kBytes);
    bay.dests[0].fill(bay.content);
    bay.dests[1].fill(bay.content);
    bay.dests[1].rule("flip r 7M 1");
    Request request(bay, KCOPYD_COPY, KCOPYD_VERIFY | KCOPYD_HEAD_LAST, 2);
    const auto nothing = only({});
    for (auto& option : request.options) option.todo = nothing.data();
    const Outcome& out = bay.client.submit(request.raw).wait();
    CHECK(out.list() == Lines{"verify 1 mismatch 7340032+1048576"});
    CHECK(out.progress.bytes_read == kBytes);
    CHECK(out.progress.dests[0].state == KCOPYD_DONE);
    CHECK(out.progress.dests[0].verified == kBytes);
    CHECK(bay.dests[0].writes() == 0);
  });
}

TEST_CASE("parts: a comparison needs no source when it has hashes") {
  on_each({Medium::lab_file, Medium::loop4096}, [](const Combo& combo) {
    Bay bay(combo, 2, kBytes);
    const std::vector<kcopyd_hash> hashes = copied_hashes(bay);
    Bytes changed = bay.dests[1].bytes();
    changed[5 * MiB + 17] ^= 1;
    changed[8 * MiB] ^= 1;
    bay.dests[1].fill(changed);
    const uint64_t reads = bay.source.reads();
    Request request(bay, KCOPYD_COMPARE, 0, 2);
    request.raw.from = nullptr;
    request.raw.hashes = hashes.data();
    SUBCASE("all of them") {
      const Outcome& out = bay.client.submit(request.raw).wait();
      CHECK(out.list() == Lines{"verify 1 mismatch 5242880+1048576", "verify 1 mismatch 8388608+1048576"});
      CHECK(out.write_err == 0b10);
      CHECK(out.progress.dests[0].state == KCOPYD_DONE);
      CHECK(out.progress.dests[0].to_verify == kBytes);
    }
    SUBCASE("what is not known is not compared, what is not asked for is not read") {
      const auto known = only({0, 1, 5, 8, 9});
      const auto check = only({1, 2, 5});
      request.raw.known = known.data();
      for (auto& option : request.options) option.check = check.data();
      const Outcome& out = bay.client.submit(request.raw).wait();
      CHECK(out.list() == Lines{"verify 1 mismatch 5242880+1048576"});
      CHECK(out.progress.dests[0].verified == 2 * MiB);
      CHECK(out.progress.dests[0].to_verify == 2 * MiB);
    }
    // Programs that list this machine's disks also read from a loop device.
    if (combo.medium == Medium::lab_file) CHECK(bay.source.reads() == reads);
  });
}

TEST_CASE(
    "parts: a source that differs from its known hash fails the destinations that need the chunk, and no others") {
  on_each_backend([](kcopyd_backend backend) {
    Bay bay({backend, Medium::file}, 2, kBytes);
    const std::vector<kcopyd_hash> hashes = copied_hashes(bay);
    for (unsigned i = 0; i < 2; i++) bay.dests[i].fill(bay.old(i));
    Bytes changed = bay.content;
    changed[6 * MiB + 5] ^= 1;
    bay.source.fill(changed);
    Request request(bay, KCOPYD_COPY, KCOPYD_VERIFY, 2);
    const auto first = only({0, 1, 2}), second = only({5, 6, 7});
    request.options[0] = {.todo = first.data(), .check = first.data()};
    request.options[1] = {.todo = second.data(), .check = second.data()};
    request.raw.hashes = hashes.data();
    const Outcome& out = bay.client.submit(request.raw).wait();
    CHECK(out.read_err == 1);
    CHECK(out.list() == Lines{"read mismatch 6291456+1048576"});
    CHECK(bay.wrong(0, with(bay, 0, {0, 1, 2})) == "");
    CHECK(out.progress.dests[0].state == KCOPYD_DONE);
    CHECK(out.progress.dests[1].state == KCOPYD_FAILED);
    CHECK(difference(bay.dests[1].bytes(6 * MiB, MiB),
                     Bytes(bay.old(1).begin() + 6 * MiB, bay.old(1).begin() + 7 * MiB)) == "");

    // A destination that takes the chunk later, when the change is known, gets no hole either.
    const auto third = only({6});
    for (unsigned i = 0; i < 2; i++) {
      bay.dests[i].fill(bay.old(i));
      request.options[i] = {.todo = third.data(), .check = third.data(), .bytes_per_second = i * 8 * MiB};
    }
    const Outcome& later = bay.client.submit(request.raw).wait();
    CHECK(later.list() == Lines{"read mismatch 6291456+1048576"});
    for (unsigned i = 0; i < 2; i++) {
      CHECK(later.progress.dests[i].state == KCOPYD_FAILED);
      CHECK(bay.wrong(i, bay.old(i)) == "");
    }
  });
}

TEST_CASE("read known: a source that changed where a destination is only read back fails the copy") {
  on_each_backend([](kcopyd_backend backend) {
    Bay bay({backend, Medium::file}, 1, kBytes);
    const std::vector<kcopyd_hash> hashes = copied_hashes(bay);
    Request request(bay, KCOPYD_COPY, KCOPYD_VERIFY | KCOPYD_READ_KNOWN, 1);
    const auto rest = only({9}), all = only({0, 1, 2, 3, 4, 5, 6, 7, 8, 9});
    request.options[0] = {.todo = rest.data(), .check = all.data()};
    request.raw.hashes = hashes.data();

    const Outcome& same = bay.client.submit(request.raw).wait();
    CHECK(same.list() == Lines{});
    CHECK(same.progress.dests[0].state == KCOPYD_DONE);
    CHECK(same.progress.dests[0].verified == kBytes);
    CHECK(same.progress.bytes_read == kBytes);

    Bytes changed = bay.content;
    changed[3 * MiB + 5] ^= 1;
    bay.source.fill(changed);
    const Outcome& differs = bay.client.submit(request.raw).wait();
    CHECK(differs.list() == Lines{"read mismatch 3145728+1048576"});
    CHECK(differs.progress.dests[0].state == KCOPYD_FAILED);
  });
  Bay bay({KCOPYD_IO_THREADS, Medium::file}, 1, kBytes);
  const io_region source = bay.from(0, kBytes);
  CHECK(bay.client.refuse(KCOPYD_COMPARE, &source, {bay.to(0, 0, kBytes)}, KCOPYD_READ_KNOWN) == -EINVAL);
}

TEST_CASE("skip bad: a sub-job that cannot be read is listed whole and written nowhere, and the rest is written") {
  on_each(kFaulty, [](const Combo& combo) {
    Bay bay(combo, 3, kBytes);
    bay.source.rule(eio("r", 3 * MiB + 8192, 4096));
    bay.source.rule(eio("r", 9 * MiB, 4096));
    Request request(bay, KCOPYD_COPY, KCOPYD_SKIP_BAD | KCOPYD_VERIFY, 3);
    Job& job = bay.client.submit(request.raw);
    const Outcome& out = job.wait();
    CHECK(out.read_err == 1);
    CHECK(out.write_err == 0);
    CHECK(out.list() == Lines{"read EIO medium 3145728+1048576", "read EIO medium 9437184+1048576"});
    for (unsigned i = 0; i < 3; i++) {
      CHECK(bay.wrong(i, with(bay, i, {0, 1, 2, 4, 5, 6, 7, 8})) == "");
      CHECK(out.progress.dests[i].state == KCOPYD_DONE);
      CHECK(out.progress.dests[i].verified == 8 * MiB);
      CHECK(durable(job, i) == std::vector<uint64_t>{0, 1, 2, 4, 5, 6, 7, 8});
    }
    if (combo.medium != Medium::lab_file) return;  // on other media requests may be joined, and then fail together

    // A destination that comes later and could read it is passed over too, and gets no zeros.
    bay.source.forgive();
    bay.source.rule(eio("r", 3 * MiB + 8192, 4096) + " EIO 1");
    const auto some = only({2, 3, 4});
    for (unsigned i = 0; i < 2; i++) {
      bay.dests[i].fill(bay.old(i));
      request.options[i] = {.todo = some.data(), .check = some.data(), .bytes_per_second = i * 16 * MiB};
    }
    request.raw.num_dests = 2;
    const Outcome& later = bay.client.submit(request.raw).wait();
    CHECK(later.list() == Lines{"read EIO medium 3145728+1048576"});
    for (unsigned i = 0; i < 2; i++) CHECK(bay.wrong(i, with(bay, i, {2, 4})) == "");
  });
}

TEST_CASE(
    "ignore write: a destination gets all that it takes, every bad range is listed; ignore read: holes are zeros") {
  on_each(kFaulty, [](const Combo& combo) {
    Bay bay(combo, 2, kBytes);
    SUBCASE("writing") {
      bay.dests[1].rule(eio("w", 2 * MiB, 4096));
      bay.dests[1].rule(eio("w", 7 * MiB + 4096, 4096));
      Request request(bay, KCOPYD_COPY, KCOPYD_IGNORE_WRITE, 2);
      Job& job = bay.client.submit(request.raw);
      const Outcome& out = job.wait();
      CHECK(out.write_err == 0b10);
      CHECK(out.list() == Lines{"write 1 EIO medium 2097152+4096", "write 1 EIO medium 7344128+4096"});
      Bytes want = bay.content;
      for (const uint64_t at : {2 * MiB, 7 * MiB + 4096})
        std::copy_n(bay.old(1).begin() + static_cast<ptrdiff_t>(at), 4096, want.begin() + static_cast<ptrdiff_t>(at));
      CHECK(bay.wrong(0, bay.content) == "");
      CHECK(bay.wrong(1, want) == "");
      CHECK(durable(job, 1) == std::vector<uint64_t>{0, 1, 3, 4, 5, 6, 8, 9});
    }
    SUBCASE("a bad source still ends the job") {
      bay.source.rule(eio("r", 5 * MiB, 4096));
      Request request(bay, KCOPYD_COPY, KCOPYD_IGNORE_WRITE, 2);
      const Outcome& out = bay.client.submit(request.raw).wait();
      CHECK(out.read_err == 1);
      CHECK(out.progress.dests[0].state == KCOPYD_FAILED);
    }
    SUBCASE("reading") {
      bay.source.rule(eio("r", 5 * MiB, 4096));
      bay.dests[1].rule(eio("w", 2 * MiB, 4096));
      Request request(bay, KCOPYD_COPY, KCOPYD_IGNORE_READ, 2);
      Job& job = bay.client.submit(request.raw);
      const Outcome& out = job.wait();
      CHECK(out.read_err == 1);
      CHECK(out.write_err == 0b10);
      Bytes want = bay.content;
      std::fill_n(want.begin() + 5 * MiB, 4096, 0);
      CHECK(bay.wrong(0, want) == "");
      CHECK(durable(job, 0) == std::vector<uint64_t>{0, 1, 2, 3, 4, 6, 7, 8, 9});
    }
  });
}

TEST_CASE(
    "parts: a chunk with a hash that cannot be read any more is a hole for lagging destinations, not a changed "
    "source") {
  on_each({Medium::lab_file}, [](const Combo& combo) {
    Bay bay(combo, 2, kBytes, {.pages = 4096});
    const uint64_t bad = 6 * MiB + bay.block();
    Bytes holed = bay.content;
    std::fill_n(holed.begin() + static_cast<ptrdiff_t>(bad), bay.block(), 0);
    for (const unsigned ignore : {unsigned{KCOPYD_IGNORE_READ}, unsigned{KCOPYD_SKIP_BAD}}) {
      CAPTURE(ignore);
      bay.source.forgive();
      bay.dests[1].fill(bay.old(1));
      Request request(bay, KCOPYD_COPY, ignore | KCOPYD_VERIFY, 2);
      bay.dests[1].rule("stall w");  // so it is not given that place before it goes bad
      Job& job = bay.client.submit(request.raw);
      REQUIRE(kcopyd_job_pause(job.get(), 1, 1) == 0);
      while (job.progress().dests[0].state != KCOPYD_DONE) usleep(1000);
      const std::vector<kcopyd_hash> hashes = hashes_of(job);
      bay.source.rule(eio("r", bad, bay.block()));
      bay.dests[1].rule("go");
      REQUIRE(kcopyd_job_pause(job.get(), 1, 0) == 0);
      const Outcome& out = job.wait();
      const bool skip = ignore == KCOPYD_SKIP_BAD;
      const uint64_t at = skip ? 6 * MiB : bad, length = skip ? MiB : bay.block();
      CHECK(out.list() == Lines{"read EIO medium " + std::to_string(at) + "+" + std::to_string(length)});
      CHECK(out.write_err == 0);
      CHECK(out.progress.dests[1].state == KCOPYD_DONE);
      CHECK(bay.wrong(0, bay.content) == "");
      CHECK(out.progress.dests[0].verified == kBytes);
      CHECK(bay.wrong(1, skip ? with(bay, 1, {0, 1, 2, 3, 4, 5, 7, 8, 9}) : holed) == "");
      CHECK(out.progress.dests[1].verified == kBytes - MiB);
      CHECK(durable(job, 1) == std::vector<uint64_t>{0, 1, 2, 3, 4, 5, 7, 8, 9});

      // The same with hashes from before, and the place bad from the start.
      const std::vector<uint8_t> all = only({0, 1, 2, 3, 4, 5, 6, 7, 8, 9});
      request.raw.hashes = hashes.data();
      request.raw.known = all.data();
      bay.dests[1].fill(bay.old(1));
      const Outcome& known = bay.client.submit(request.raw).wait();
      CHECK(known.list() == out.list());
      CHECK(known.write_err == 0);
      CHECK(bay.wrong(1, skip ? with(bay, 1, {0, 1, 2, 3, 4, 5, 7, 8, 9}) : holed) == "");
      CHECK(known.progress.dests[1].verified == kBytes - MiB);
      bay.dests[0].fill(bay.old(0));
    }
  });
}

TEST_CASE("parts: a hole in a chunk with a hash does not fail a destination that joins late") {
  on_each({Medium::lab_file}, [](const Combo& combo) {
    Bay bay(combo, 2, kBytes, {.pages = 4096});
    Request request(bay, KCOPYD_COPY, KCOPYD_IGNORE_READ | KCOPYD_VERIFY, 2);
    Job& before = bay.client.submit(request.raw);
    REQUIRE(before.wait().list() == Lines{});
    const std::vector<kcopyd_hash> hashes = hashes_of(before);
    const std::vector<uint8_t> all = only({0, 1, 2, 3, 4, 5, 6, 7, 8, 9});
    request.raw.hashes = hashes.data();
    request.raw.known = all.data();
    const uint64_t last = kBytes - MiB, bad = last + bay.block();
    bay.source.rule(eio("r", bad, bay.block()));
    bay.dests[0].rule("stall w " + std::to_string(last) + " " + std::to_string(MiB));
    bay.dests[1].rule("stall w");  // so it has not come to that place when it is paused
    Job& job = bay.client.submit(request.raw);
    REQUIRE(kcopyd_job_pause(job.get(), 1, 1) == 0);
    while (job.progress().bytes_read < kBytes - bay.block()) usleep(1000);
    bay.dests[1].rule("go");
    REQUIRE(kcopyd_job_pause(job.get(), 1, 0) == 0);
    while (job.progress().dests[1].written < kBytes) usleep(1000);
    bay.dests[0].rule("go");
    const Outcome& out = job.wait();
    CHECK(out.list() == Lines{"read EIO medium " + std::to_string(bad) + "+" + std::to_string(bay.block())});
    CHECK(out.write_err == 0);
    for (const unsigned i : {0u, 1u}) CHECK(out.progress.dests[i].verified == last);
  });
}

TEST_CASE("parts: flags that contradict each other, and a comparison with too little, are refused") {
  Bay bay({KCOPYD_IO_THREADS, Medium::file}, 1, MiB);
  const io_region from = bay.from(0, MiB);
  const std::vector<io_region> to = bay.all(0, MiB);
  for (const int flags :
       {KCOPYD_SKIP_BAD | KCOPYD_WRITE_SEQ, KCOPYD_SKIP_BAD | KCOPYD_HEAD_LAST, int{KCOPYD_ASSUME_BLANK}, 1 << 12})
    CHECK(bay.client.refuse(KCOPYD_COPY, &from, to, static_cast<unsigned>(flags)) == -EINVAL);
  for (const int flags : {int{KCOPYD_SKIP_BAD}, int{KCOPYD_SPARSE}, int{KCOPYD_HASH}})
    CHECK(bay.client.refuse(KCOPYD_COMPARE, &from, to, static_cast<unsigned>(flags)) == -EINVAL);
  CHECK(bay.client.refuse(KCOPYD_COMPARE, nullptr, to, 0) == -EINVAL);
  kcopyd_client* client = nullptr;
  for (const size_t size : {size_t{1}, size_t{32} * KiB, size_t{96} * KiB, size_t{32} * MiB}) {
    const kcopyd_client_options options{.num_pages = 16384, .subjob_size = size};
    CHECK(kcopyd_client_create_with(&options, &client) == -EINVAL);
  }
  const kcopyd_client_options small{.num_pages = 16, .subjob_size = MiB};
  CHECK(kcopyd_client_create_with(&small, &client) == -EINVAL);
}

TEST_CASE("parts: the size of a sub-job can be chosen") {
  on_each_backend([](kcopyd_backend backend) {
    for (const size_t size : {64 * KiB, 256 * KiB, 4 * MiB}) {
      Bay bay({backend, Medium::file}, 2, 9 * MiB + 512, {.pages = 8192, .subjob_size = size});
      CHECK(bay.client.subjob() == size);
      Job& job = bay.client.copy(bay.from(0, 9 * MiB + 512), bay.all(0, 9 * MiB + 512), KCOPYD_VERIFY);
      CHECK(job.wait().list() == Lines{});
      CHECK(kcopyd_job_chunk(job.get()) == size);
      CHECK(bay.wrong(1, bay.content) == "");
    }
  });
}

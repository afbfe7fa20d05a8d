// Jobs of the model: made at random, and made smaller.
#include <algorithm>
#include <chrono>

#include "job_model.h"

namespace test::model {

namespace {

using Random = std::mt19937_64;
unsigned below(Random& random, uint64_t n) { return static_cast<unsigned>(random() % n); }
bool chance(Random& random, unsigned percent) { return random() % 100 < percent; }

Bits random_bits(Random& random, size_t n, unsigned percent) {
  Bits bits(n);
  for (size_t i = 0; i < n; i++) bits[i] = chance(random, percent);
  return bits;
}

}  // namespace

Job random_job(Random& random, uint64_t block) {
  Job job;
  job.op = chance(random, 75) ? KCOPYD_COPY : chance(random, 50) ? KCOPYD_ZERO : KCOPYD_COMPARE;
  job.chunk = chance(random, 70) ? 64 : 128;
  job.slots = 1 + below(random, 8);
  const auto per_chunk = static_cast<unsigned>(job.chunk * KiB / block);
  job.blocks = 1 + below(random, (chance(random, 50) ? 3 : 12) * per_chunk);
  if (chance(random, 30)) job.blocks = (job.blocks + per_chunk - 1) / per_chunk * per_chunk;
  job.from = chance(random, 50) ? 0 : below(random, 40);
  const size_t chunks = (job.blocks + per_chunk - 1) / per_chunk;
  const auto flag = [&](unsigned percent, unsigned flags) {
    if (chance(random, percent)) job.flags |= flags;
  };
  flag(30, KCOPYD_IGNORE_ERROR);
  flag(20, KCOPYD_IGNORE_READ);
  flag(20, KCOPYD_IGNORE_WRITE);
  if (job.op != KCOPYD_COMPARE) flag(50, KCOPYD_VERIFY);
  if (job.op == KCOPYD_COPY) {
    flag(20, KCOPYD_HASH);
    flag(25, KCOPYD_SPARSE);
    flag(20, KCOPYD_WRITE_SEQ);
    if (!(job.flags & KCOPYD_WRITE_SEQ)) flag(25, chance(random, 50) ? KCOPYD_HEAD_LAST : KCOPYD_SKIP_BAD);
  }
  if (job.op != KCOPYD_ZERO && chance(random, 30)) job.known = random_bits(random, chunks, 70);
  if (job.op == KCOPYD_COPY && !job.known.empty()) flag(40, KCOPYD_READ_KNOWN);
  if (!job.known.empty() && chance(random, 25)) {
    job.wrong = random_bits(random, chunks, 20);
    for (size_t c = 0; c < chunks; c++) job.wrong[c] = job.wrong[c] && job.known[c];
  }
  if (job.op != KCOPYD_ZERO && chance(random, 40)) job.zero = random_bits(random, chunks, 40);
  if (chance(random, job.op == KCOPYD_COMPARE ? 80 : 30)) job.same = random_bits(random, chunks, 70);
  if (chance(random, 3)) job.limit = 4 + below(random, 60);
  for (unsigned n = 1 + below(random, 3); n > 0; n--) {
    Destination d;
    d.at = chance(random, 50) ? 0 : below(random, 40);
    if (job.op == KCOPYD_COPY && chance(random, 50)) d.todo = random_bits(random, chunks, 60);
    if (job.op != KCOPYD_ZERO && chance(random, 40)) d.check = random_bits(random, chunks, 60);
    if (chance(random, 3)) d.limit = 4 + below(random, 60);
    job.dests.push_back(d);
  }
  const auto dest = [&] { return static_cast<int>(below(random, job.dests.size())); };
  while (chance(random, 45) && job.faults.size() < 5) {
    const bool source = job.has_source() && chance(random, 40);
    const char side = source || job.op == KCOPYD_COMPARE || chance(random, 25) ? 'r' : 'w';
    job.faults.push_back({source ? -1 : dest(), side, below(random, job.blocks)});
  }
  while (chance(random, 25) && job.events.size() < 4) {
    const int whom = chance(random, 40) ? -1 : dest();
    job.events.push_back({chance(random, 25) ? 'c' : 'p', whom, below(random, chunks + 1)});
    if (job.events.back().what == 'p' && chance(random, 50))
      job.events.push_back({'r', whom, below(random, chunks + 1)});
  }
  if (chance(random, 4)) {
    if (chance(random, 50)) job.timeout = 20'000;
    const bool source = job.has_source() && chance(random, 30);
    const char side = source || job.op == KCOPYD_COMPARE ? 'r' : "rwf"[below(random, 3)];
    job.stalls.push_back({source ? -1 : dest(), side, below(random, job.blocks), 2 + below(random, 10)});
  }
  return job;
}

Job random_stalling_job(Random& random, uint64_t block) {
  Job job = random_job(random, block);
  job.timeout = 250;
  // The kernel keeps the slots of what it never answers, and of what it joined into one request with that.
  job.slots += 16;
  const bool source = job.has_source() && chance(random, 20);
  const char side = source || job.op == KCOPYD_COMPARE || chance(random, 20) ? 'r' : chance(random, 30) ? 'f' : 'w';
  const unsigned late = chance(random, 70) ? 0 : job.timeout - 100 + below(random, 200);
  const int silent = source ? -1 : static_cast<int>(below(random, job.dests.size()));
  job.stalls = {{silent, side, below(random, job.blocks), late}};
  // Another disk is slow in everything, and is still busy when the first is given up.
  const int slow = static_cast<int>(below(random, job.dests.size()));
  if (slow == silent) return job;
  for (const char what : {'w', 'f', 'r'})
    job.stalls.push_back({slow, what, below(random, job.blocks), job.timeout * 3 / 5});
  return job;
}

namespace {

// Jobs that are a little less than `job`, the smallest first.
std::vector<Job> smaller(const Job& job) {
  std::vector<Job> all;
  const auto with = [&](auto&& change) {
    Job less = job;
    change(less);
    all.push_back(std::move(less));
  };
  const auto without = [&](auto member) {
    for (size_t i = 0; i < (job.*member).size(); i++)
      with([&](Job& j) { (j.*member).erase((j.*member).begin() + static_cast<ptrdiff_t>(i)); });
  };
  const auto shorter = [&](unsigned blocks) {
    if (blocks > 0 && blocks < job.blocks) {
      with([&](Job& j) {
        j.blocks = blocks;
        std::erase_if(j.faults, [&](const Fault& f) { return f.block >= blocks; });
        std::erase_if(j.stalls, [&](const Stall& s) { return s.block >= blocks; });
      });
    }
  };
  if (job.dests.size() > 1) {
    for (size_t i = 0; i < job.dests.size(); i++) {
      with([&](Job& j) {
        const int gone = static_cast<int>(i);
        j.dests.erase(j.dests.begin() + static_cast<ptrdiff_t>(i));
        const auto follow = [&](auto& list, auto member) {
          std::erase_if(list, [&](const auto& e) { return e.*member == gone; });
          for (auto& e : list) e.*member -= e.*member > gone;
        };
        follow(j.faults, &Fault::disk);
        follow(j.stalls, &Stall::disk);
        follow(j.events, &Event::dest);
      });
    }
  }
  without(&Job::events);
  without(&Job::faults);
  without(&Job::stalls);
  for (size_t i = 0; i < job.faults.size(); i++)
    if (job.faults[i].block > 0) with([&](Job& j) { j.faults[i].block /= 2; });
  with([](Job& j) {  // the same without its first sub-job, in the bitmaps
    const auto behead = [](Bits& bits) {
      if (!bits.empty()) bits.erase(bits.begin());
    };
    for (const auto member : {&Job::known, &Job::wrong, &Job::zero, &Job::same}) behead(j.*member);
    for (Destination& d : j.dests) behead(d.todo), behead(d.check);
  });
  for (unsigned step = job.blocks; step > 0; step /= 2) shorter(job.blocks - step);
  for (unsigned bit = 0; bit < 10; bit++)
    if (job.flags >> bit & 1) with([&](Job& j) { j.flags &= ~(1u << bit); });
  for (const auto member : {&Job::known, &Job::wrong, &Job::zero, &Job::same}) {
    if (!(job.*member).empty()) with([&](Job& j) { (j.*member).clear(); });
    for (size_t i = 0; i < (job.*member).size(); i++)
      if ((job.*member)[i]) with([&](Job& j) { (j.*member)[i] = false; });
  }
  for (size_t d = 0; d < job.dests.size(); d++) {
    for (const auto member : {&Destination::todo, &Destination::check}) {
      const Bits& bits = job.dests[d].*member;
      if (!bits.empty()) with([&](Job& j) { (j.dests[d].*member).clear(); });
      for (size_t i = 0; i < bits.size(); i++)  // the fewer left out, the simpler
        if (!bits[i]) with([&](Job& j) { (j.dests[d].*member)[i] = true; });
    }
    if (job.dests[d].at) with([&](Job& j) { j.dests[d].at = 0; });
    if (job.dests[d].limit) with([&](Job& j) { j.dests[d].limit = 0; });
  }
  if (job.from) with([](Job& j) { j.from = 0; });
  if (job.limit) with([](Job& j) { j.limit = 0; });
  if (job.slots != 8) with([](Job& j) { j.slots = 8; });
  if (job.chunk != 64) with([](Job& j) { j.chunk = 64; });
  return all;
}

}  // namespace

// Each step leaves something out, so there is an end; removing the first sub-job does nothing when there is no bitmap.
Job shrink(Job job, const std::function<bool(const Job&)>& fails) {
  const auto enough = std::chrono::steady_clock::now() + std::chrono::seconds(60);  // stalling jobs take long
  for (int tries = 0; tries < 2000 && std::chrono::steady_clock::now() < enough;) {
    bool found = false;
    for (Job& less : smaller(job)) {
      if (++tries > 2000 || to_text(less) == to_text(job) || !fails(less)) continue;
      job = std::move(less);
      found = true;
      break;
    }
    if (!found) break;
  }
  return job;
}

}  // namespace test::model

// K33: random jobs with everything a job can have (faults, bitmaps, hashes from before, pauses, cancels, throttles)
// against a model. A job that comes out wrong is shrunk while it stays wrong, and printed. PLATTER_SEED=N runs the same
// jobs again, PLATTER_JOB='op=copy ...' that one, on every backend and medium.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <optional>

#include "job_model.h"

using namespace test;

namespace {

struct Found {
  model::Job job;   // the smallest
  std::string why;  // what was wrong in its last run; it may need luck to go wrong again
};

// Finds a wrong job among `count`, and gives the smallest like it; nothing when all come out right.
std::optional<Found> find(const Combo& combo, uint64_t seed, int count, model::Planted planted = {}) {
  const Disk disk(combo.medium, MiB);
  const uint64_t block = Device(disk.path(), KCOPYD_OPEN_READ).info().logical_block;
  for (int i = 0; i < count; i++) {
    std::mt19937_64 random(seed + static_cast<uint64_t>(i));
    const model::Job job = model::random_job(random, block);
    CAPTURE(model::to_text(job));
    std::string why = model::run(job, combo, planted);
    if (why.empty()) continue;
    if (planted == model::Planted::nothing)
      std::printf("K33: PLATTER_SEED=%llu: %s\n  %s\n",
                  static_cast<unsigned long long>(seed + static_cast<uint64_t>(i)), why.c_str(),
                  model::to_text(job).c_str());
    const model::Job least = model::shrink(job, [&](const model::Job& less) {
      const std::string wrong = model::run(less, combo, planted);
      if (!wrong.empty()) why = wrong;
      return !wrong.empty();
    });
    return Found{least, why};
  }
  return std::nullopt;
}

// The same jobs in every run, so that a failure comes from the change under test. Set other seeds to search for more.
constexpr uint64_t kSeed = 20261126;
// On every backend and medium: more than 10,000 in all, a few under a sanitizer.
constexpr int kJobs = kSlow > 1 ? 30 : 1700;

// A sixth of the test, so that processes share it.
void check_model(kcopyd_backend backend, Medium medium) {
  const std::vector<kcopyd_backend>& possible = backends();
  if (std::find(possible.begin(), possible.end(), backend) == possible.end() || lab_missing()) return;
  const Combo combo{backend, medium};
  if (const char* const text = std::getenv("PLATTER_JOB")) {
    CHECK(model::run(model::from_text(text), combo) == "");
    return;
  }
  const char* const asked = std::getenv("PLATTER_SEED");
  const uint64_t seed = asked ? std::strtoull(asked, nullptr, 0) : kSeed;
  const auto found = find(combo, seed, kJobs);
  if (found) FAIL_CHECK(found->why, "\n  PLATTER_JOB='", model::to_text(found->job), "'");
}

}  // namespace

// 10,000 random jobs with faults, bitmaps, hashes, pauses and cancels: same bytes, masks and lists as the model's.
TEST_CASE("K33 10,000 random jobs against a model, 1: uring, on a file of the lab") {
  check_model(KCOPYD_IO_URING, Medium::lab_file);
}
TEST_CASE("K33 10,000 random jobs against a model, 2: uring, on a loop with 512 bytes a sector") {
  check_model(KCOPYD_IO_URING, Medium::loop512);
}
TEST_CASE("K33 10,000 random jobs against a model, 3: uring, on a loop with 4096 bytes a sector") {
  check_model(KCOPYD_IO_URING, Medium::loop4096);
}
TEST_CASE("K33 10,000 random jobs against a model, 4: threads, on a file of the lab") {
  check_model(KCOPYD_IO_THREADS, Medium::lab_file);
}
TEST_CASE("K33 10,000 random jobs against a model, 5: threads, on a loop with 512 bytes a sector") {
  check_model(KCOPYD_IO_THREADS, Medium::loop512);
}
TEST_CASE("K33 10,000 random jobs against a model, 6: threads, on a loop with 4096 bytes a sector") {
  check_model(KCOPYD_IO_THREADS, Medium::loop4096);
}

TEST_CASE(
    "K33 random jobs with something that is never answered, or hardly in time, against a model: what is given up, and "
    "what is not") {
  on_each(kFaulty, [](const Combo& combo) {
    const uint64_t block = combo.medium == Medium::loop512 ? 512 : 4096;
    constexpr unsigned kTogether = kSlow > 1 ? 4 : 6, kTimes = kSlow > 1 ? 1 : 2;
    // Different jobs on each: what takes so long should vary as much as it can.
    std::mt19937_64 random(kSeed + 10 * static_cast<unsigned>(combo.backend) + static_cast<unsigned>(combo.medium));
    for (unsigned time = 0; time < kTimes; time++) {
      std::vector<model::Job> jobs;
      for (unsigned i = 0; i < kTogether; i++) jobs.push_back(model::random_stalling_job(random, block));
      const std::vector<std::string> wrong = model::run_together(jobs, combo);
      for (unsigned i = 0; i < kTogether; i++)
        if (!wrong[i].empty()) FAIL_CHECK(wrong[i], "\n  PLATTER_JOB='", model::to_text(jobs[i]), "'");
    }
  });
}

TEST_CASE("K33 a job that a wrong model fails is shrunk, and can be run again from its text") {
  if (kSlow > 1 || lab_missing()) return;  // sanitizers find nothing in the test's own tools
  const Combo combo{KCOPYD_IO_THREADS, Medium::lab_file};
  const auto shrunk = [&](model::Planted planted) {
    const auto found = find(combo, 1, 200, planted);
    REQUIRE(found);
    const model::Job again = model::from_text(model::to_text(found->job));
    CHECK(model::to_text(again) == model::to_text(found->job));
    CHECK(model::run(again, combo, planted) != "");
    CHECK(model::run(again, combo) == "");
    CHECK(again.dests.size() == 1);
    CHECK(again.events.empty());
    CHECK(again.known.empty());
    return again;
  };
  SUBCASE("todo") {
    const model::Job job = shrunk(model::Planted::todo_is_ignored);
    CHECK(job.faults.empty());
    CHECK(job.flags == 0);
    CHECK(job.blocks == 1);
    CHECK(!job.dests[0].todo.at(0));
  }
  SUBCASE("holes") {
    const model::Job job = shrunk(model::Planted::holes_are_kept);
    CHECK(job.faults.size() == 1);
    CHECK((job.flags == KCOPYD_IGNORE_READ || job.flags == KCOPYD_IGNORE_ERROR));
    CHECK(job.blocks <= 2);
    CHECK(job.dests[0].todo.empty());
  }
}

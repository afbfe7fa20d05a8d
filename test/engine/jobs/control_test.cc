// A running job can be paused, limited and cancelled, whole or for one destination, and flushes in steps.
#include <chrono>
#include <cstdio>

#include "../lab/disks.h"

using namespace test;

namespace {

using Clock = std::chrono::steady_clock;
constexpr uint64_t kBytes = 24 * MiB;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

kcopyd_request request_for(const io_region& from, const std::vector<io_region>& dests, unsigned flags) {
  return {.op = KCOPYD_COPY,
          .from = &from,
          .num_dests = static_cast<unsigned>(dests.size()),
          .dests = dests.data(),
          .flags = flags};
}

bool all_done(const kcopyd_progress& progress, unsigned but) {
  for (unsigned i = 0; i < progress.num_dests; i++)
    if (i != but && progress.dests[i].state != KCOPYD_DONE) return false;
  return true;
}

// Waits until nothing moves for a while, so what was in flight has ended. A job that does not rest moves until it is
// done, which the test then sees.
void wait_for_rest(Job& job) {
  const auto all = [&] {
    const kcopyd_progress now = job.progress();
    uint64_t bytes = now.bytes_read;
    for (unsigned i = 0; i < now.num_dests; i++) bytes += now.dests[i].written + now.dests[i].verified;
    return bytes;
  };
  for (uint64_t before = all() + 1; before != all();) {
    before = all();
    usleep(300'000);
  }
}

}  // namespace

TEST_CASE("one destination is cancelled: it ends flushed and cancelled, the others are whole") {
  on_each({Medium::lab_file, Medium::loop512}, [](const Combo& combo) {
    for (const int flags : {int{KCOPYD_VERIFY}, KCOPYD_VERIFY | KCOPYD_WRITE_SEQ, KCOPYD_VERIFY | KCOPYD_HEAD_LAST}) {
      CAPTURE(flags);
      Bay bay(combo, 3, kBytes);
      bay.dests[1].rule("log on wf\nafter w 8M stall w");
      Job& job = bay.client.copy(bay.from(0, kBytes), bay.all(0, kBytes), static_cast<unsigned>(flags));
      wait_for([&] { return job.progress().dests[1].written >= 4 * MiB; });
      CHECK(kcopyd_job_cancel_dest(job.get(), 1) == 0);
      CHECK(kcopyd_job_cancel_dest(job.get(), 3) == -EINVAL);
      bay.dests[1].forgive();
      const Outcome& out = job.wait();
      CHECK(out.list() == Lines{"write 1 ECANCELED cancelled"});
      CHECK(out.write_err == 0b010);
      CHECK(out.progress.dests[1].state == KCOPYD_CANCELLED);
      CHECK(out.progress.dests[1].written < kBytes);
      for (const unsigned i : {0u, 2u}) {
        CHECK(out.progress.dests[i].state == KCOPYD_DONE);
        CHECK(bay.wrong(i, bay.content) == "");
      }
      CHECK(bay.dests[1].log().back().op == "flush");
      // The disk holds exactly what was counted.
      Bytes there = bay.dests[1].bytes();
      uint64_t copied = 0;
      for (uint64_t at = 0; at < kBytes; at += 4096)
        if (std::equal(there.begin() + static_cast<ptrdiff_t>(at), there.begin() + static_cast<ptrdiff_t>(at + 4096),
                       bay.content.begin() + static_cast<ptrdiff_t>(at)))
          copied += 4096;
      CHECK(copied == out.progress.dests[1].written);
    }
  });
}

TEST_CASE("one destination is cancelled while it verifies, or when all is over") {
  on_each({Medium::loop512}, [](const Combo& combo) {
    Bay bay(combo, 2, kBytes);
    bay.dests[0].rule("after r 8M stall r");
    Job& job = bay.client.copy(bay.from(0, kBytes), bay.all(0, kBytes), KCOPYD_VERIFY);
    wait_for([&] { return job.progress().dests[0].verified >= 2 * MiB; });
    CHECK(kcopyd_job_cancel_dest(job.get(), 0) == 0);
    bay.dests[0].forgive();
    CHECK(job.wait().list() == Lines{"verify 0 ECANCELED cancelled"});
    CHECK(kcopyd_job_cancel_dest(job.get(), 1) == 0);
    CHECK(job.progress().dests[1].state == KCOPYD_DONE);
  });
}

TEST_CASE("a paused destination rests, the others go on; released, it gets all it missed") {
  on_each({Medium::lab_file, Medium::loop512}, [](const Combo& combo) {
    for (const int flags : {int{KCOPYD_VERIFY}, KCOPYD_VERIFY | KCOPYD_WRITE_SEQ, KCOPYD_VERIFY | KCOPYD_HEAD_LAST}) {
      CAPTURE(flags);
      Bay bay(combo, 3, kBytes, {.pages = 4096});
      bay.dests[1].rule("after w 4M stall w");
      Job& job = bay.client.copy(bay.from(0, kBytes), bay.all(0, kBytes), static_cast<unsigned>(flags));
      wait_for([&] { return job.progress().dests[1].written >= 2 * MiB; });
      CHECK(kcopyd_job_pause(job.get(), 1, 1) == 0);
      CHECK(kcopyd_job_pause(job.get(), 7, 1) == -EINVAL);
      bay.dests[1].forgive();
      wait_for([&] { return all_done(job.progress(), 1); });
      wait_for_rest(job);
      CHECK(job.progress().dests[1].paused);
      CHECK_FALSE(job.progress().dests[0].paused);
      CHECK(job.progress().dests[1].written < kBytes);
      CHECK(kcopyd_job_pause(job.get(), 1, 0) == 0);
      CHECK(job.wait().list() == Lines{});
      for (unsigned i = 0; i < 3; i++) CHECK(bay.wrong(i, bay.content) == "");
    }
  });
}

TEST_CASE("a paused job rests as a whole, can be cancelled, and both pauses have to be lifted") {
  on_each({Medium::loop512}, [](const Combo& combo) {
    Bay bay(combo, 2, kBytes);
    for (auto& dest : bay.dests) dest.rule("after w 4M stall w");
    Job& job = bay.client.copy(bay.from(0, kBytes), bay.all(0, kBytes), KCOPYD_VERIFY);
    wait_for([&] { return job.progress().dests[0].written >= 2 * MiB; });
    CHECK(kcopyd_job_pause(job.get(), -1, 1) == 0);
    CHECK(kcopyd_job_pause(job.get(), 0, 1) == 0);
    for (auto& dest : bay.dests) dest.forgive();
    wait_for_rest(job);
    for (unsigned i = 0; i < 2; i++) CHECK(job.progress().dests[i].written < kBytes);
    SUBCASE("cancelled") {
      job.cancel();
      CHECK(job.wait().write_err == 0b11);
    }
    SUBCASE("released") {
      CHECK(kcopyd_job_pause(job.get(), -1, 0) == 0);
      wait_for([&] { return all_done(job.progress(), 0); });
      wait_for_rest(job);
      CHECK(job.progress().dests[0].written < kBytes);
      CHECK(kcopyd_job_pause(job.get(), 0, 0) == 0);
      CHECK(job.wait().list() == Lines{});
      for (unsigned i = 0; i < 2; i++) CHECK(bay.wrong(i, bay.content) == "");
    }
  });
}

TEST_CASE("limits of the job and of a destination hold for writing and reading back, and change while it runs") {
  on_each_backend([](kcopyd_backend backend) {
    Bay bay({backend, Medium::file}, 3, kBytes);
    const io_region from = bay.from(0, kBytes);
    const std::vector<io_region> to = bay.all(0, kBytes);
    kcopyd_request request = request_for(from, to, KCOPYD_VERIFY);
    SUBCASE("of one destination: the others do not wait for it") {
      std::vector<kcopyd_dest_options> options(3);
      options[1].bytes_per_second = MiB / 2;  // so slow that the others are done before, however slow the machine is
      request.dest_options = options.data();
      Job& job = bay.client.submit(request);
      wait_for([&] { return all_done(job.progress(), 1); });
      const uint64_t written = job.progress().dests[1].written;
      CHECK(written < kBytes);
      const auto start = Clock::now();
      CHECK(kcopyd_job_throttle(job.get(), 1, 32 * MiB) == 0);
      CHECK(job.wait().list() == Lines{});
      // Leave out what may still have been paid for at the lower rate.
      CHECK(seconds_since(start) >= 0.8 * static_cast<double>(2 * kBytes - written) / (32.0 * MiB));
    }
    SUBCASE("of the job") {
      request.bytes_per_second = 32 * MiB;
      const auto start = Clock::now();
      CHECK(bay.client.submit(request).wait().list() == Lines{});
      CHECK(seconds_since(start) >= 2 * 0.95 * kBytes / (32.0 * MiB));
    }
    SUBCASE("set and lifted while it runs") {
      request.bytes_per_second = 1 * MiB;
      const auto start = Clock::now();
      Job& job = bay.client.submit(request);
      usleep(100'000);
      const uint64_t read = job.progress().bytes_read;
      CHECK(static_cast<double>(read) <= (1 + seconds_since(start)) * MiB);
      CHECK(kcopyd_job_throttle(job.get(), -1, 0) == 0);
      CHECK(kcopyd_job_throttle(job.get(), 3, 0) == -EINVAL);
      CHECK(kcopyd_job_throttle(job.get(), 2, 16 * MiB) == 0);
      wait_for([&] { return all_done(job.progress(), 2); });
      CHECK(kcopyd_job_throttle(job.get(), 2, 0) == 0);
      CHECK(job.wait().list() == Lines{});
    }
    for (unsigned i = 0; i < 3; i++) CHECK(bay.wrong(i, bay.content) == "");
  });
}

TEST_CASE(
    "flushed in steps: what is called durable is on the medium when the power fails, and nothing is left for the end") {
  on_each({Medium::lab_file, Medium::loop512}, [](const Combo& combo) {
    Bay bay(combo, 2, kBytes);
    bay.dests[1].rule("volatile on");
    for (auto& dest : bay.dests) dest.rule("after w 8M stall w");
    const io_region from = bay.from(0, kBytes);
    const std::vector<io_region> to = bay.all(0, kBytes);
    kcopyd_request request = request_for(from, to, KCOPYD_HEAD_LAST);
    request.flush_interval = 50;
    Job& job = bay.client.submit(request);
    kcopyd_range ranges[64];
    wait_for([&] { return job.progress().dests[1].written >= 2 * MiB; });
    CHECK(kcopyd_job_pause(job.get(), -1, 1) == 0);
    for (auto& dest : bay.dests) dest.forgive();
    wait_for([&] { return kcopyd_job_durable(job.get(), 1, 0, 64, ranges) >= 1; });
    const size_t n = kcopyd_job_durable(job.get(), 1, 0, 64, ranges);
    bay.dests[1].rule("powercut 1");
    const Bytes there = bay.dests[1].bytes();
    uint64_t chunks = 0;
    for (size_t i = 0; i < n; i++) {
      chunks += ranges[i].count;
      const auto at = static_cast<ptrdiff_t>(ranges[i].first * MiB),
                 end = at + static_cast<ptrdiff_t>(ranges[i].count * MiB);
      CHECK(ranges[i].first > 0);  // the head comes last
      CHECK(std::equal(there.begin() + at, there.begin() + end, bay.content.begin() + at));
    }
    CHECK(chunks < kBytes / MiB);
    job.cancel();
    job.wait();
  });
}

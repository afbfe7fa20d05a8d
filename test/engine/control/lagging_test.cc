// A destination that is slow or does not answer costs the others only a short patience.
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <chrono>
#include <cstdio>
#include <fstream>

#include "../lab/disks.h"

using namespace test;

namespace {

bool all_done(const kcopyd_progress& progress, unsigned but) {
  for (unsigned i = 0; i < progress.num_dests; i++)
    if (i != but && progress.dests[i].state != KCOPYD_DONE) return false;
  return true;
}

}  // namespace

TEST_CASE("lagging: one of four destinations does not answer; the others are written and verified meanwhile") {
  on_each({Medium::lab_file, Medium::loop512}, [](const Combo& combo) {
    constexpr uint64_t kBytes = 24 * MiB;
    for (const unsigned extra : {0u, unsigned{KCOPYD_HEAD_LAST}, unsigned{KCOPYD_WRITE_SEQ}}) {
      const unsigned flags = KCOPYD_VERIFY | extra;
      CAPTURE(flags);
      Bay bay(combo, 4, kBytes, {.pages = 4096});
      bay.dests[2].rule("after w 5M stall w");
      Job& job = bay.client.copy(bay.from(0, kBytes), bay.all(0, kBytes), flags);
      while (!all_done(job.progress(), 2))
        usleep(1000);  // hangs, and the watchdog says so, if the others wait for disk 2
      CHECK_FALSE(job.done());
      CHECK(job.progress().dests[2].written <= 5 * MiB);
      CHECK(job.progress().bytes_read == kBytes);
      bay.dests[2].forgive();
      CHECK(job.wait().list() == Lines{});
      for (unsigned i = 0; i < 4; i++) CHECK(bay.wrong(i, bay.content) == "");
      CHECK(bay.client.pool().peak <= bay.client.pool().slots);
    }
  });
}

TEST_CASE("lagging: all but one stall while they are read back; the last one still finds room in a small pool") {
  on_each({Medium::lab_file, Medium::loop512}, [](const Combo& combo) {
    constexpr uint64_t kBytes = 8 * MiB;
    Bay bay(combo, 4, kBytes, {.pages = 8 * 256});
    for (unsigned i = 1; i < 4; i++) bay.dests[i].rule("after r 2M stall r");
    bay.dests[0].rule("stall w 4M 1M");
    Job& job = bay.client.copy(bay.from(0, kBytes), bay.all(0, kBytes), KCOPYD_VERIFY);
    for (unsigned i = 1; i < 4; i++) wait_for([&] { return bay.dests[i].stalled() > 0; });
    bay.dests[0].rule("go");
    while (job.progress().dests[0].state != KCOPYD_DONE)
      usleep(1000);  // hangs, and the watchdog says so, if the stalled ones have the whole pool
    CHECK_FALSE(job.done());
    for (unsigned i = 1; i < 4; i++) bay.dests[i].forgive();
    CHECK(job.wait().list() == Lines{});
    for (unsigned i = 0; i < 4; i++) CHECK(bay.wrong(i, bay.content) == "");
  });
}

TEST_CASE("lagging: all but one stall, each at another place; the last one still ends") {
  if (lab_missing()) return;
  on_each_backend([](kcopyd_backend backend) {
    constexpr uint64_t kBytes = 32 * MiB;
    Bay bay({backend, Medium::loop512}, 8, kBytes, {.pages = 4096});
    for (unsigned i = 1; i < 8; i++) bay.dests[i].rule("after w " + std::to_string(i * 3) + "M stall w");
    Job& job = bay.client.copy(bay.from(0, kBytes), bay.all(0, kBytes), KCOPYD_VERIFY);
    while (job.progress().dests[0].state != KCOPYD_DONE) usleep(1000);
    CHECK_FALSE(job.done());
    // On a busy machine a disk may not have reached its place yet. It must not stall there after this.
    for (unsigned i = 1; i < 8; i++) bay.dests[i].forgive();
    CHECK(job.wait().list() == Lines{});
    for (unsigned i = 0; i < 8; i++) CHECK(bay.wrong(i, bay.content) == "");
  });
}

TEST_CASE("lagging: more flushes without an answer than the kernel has threads do not hold up other flushes") {
  if (lab_missing()) return;
  on_each_backend([](kcopyd_backend backend) {
    Bay bay({backend, Medium::loop512}, 16, MiB);
    for (unsigned i = 1; i < 16; i++) bay.dests[i].rule("stall f");
    bay.dests[0].rule("delay w 50000");  // the others flush before this one does
    Job& job = bay.client.copy(bay.from(0, MiB), bay.all(0, MiB), KCOPYD_VERIFY);
    while (job.progress().dests[0].state != KCOPYD_DONE) usleep(1000);
    CHECK_FALSE(job.done());
    for (auto& dest : bay.dests) dest.forgive();
    CHECK(job.wait().list() == Lines{});
  });
}

TEST_CASE("lagging: a FUSE file system that does not answer holds up no other, even when it may have 12 requests") {
  if (lab_missing()) return;
  on_each_backend([](kcopyd_backend backend) {
    constexpr uint64_t kBytes = 8 * MiB;
    const Directory directory;
    const Mount connections("none", directory.path(), "fusectl");
    REQUIRE(connections);
    Bay bay({backend, Medium::lab_file}, 2, kBytes, {.pages = 4096, .subjob_size = 64 * KiB});
    struct stat status {};
    REQUIRE(stat(bay.dests[1].path().c_str(), &status) == 0);
    const auto at_most = [limit =
                              directory.path(std::to_string(minor(status.st_dev)) + "/max_background")](int requests) {
      std::ofstream file(limit);
      file << requests << std::flush;
      return file.good();
    };
    CHECK(at_most(12));  // what the kernel allows when the program says nothing
    bay.dests[1].rule("after w 1M stall w");
    Job& job = bay.client.copy(bay.from(0, kBytes), bay.all(0, kBytes), KCOPYD_VERIFY);
    while (job.progress().dests[0].state != KCOPYD_DONE) usleep(1000);
    CHECK_FALSE(job.done());
    bay.dests[1].forgive();
    CHECK(job.wait().list() == Lines{});
    CHECK(at_most(256));  // the lab's own
  });
}

TEST_CASE("lagging: a slow destination reads what it missed again, one that keeps up does not") {
  if (lab_missing()) return;
  on_each_backend([](kcopyd_backend backend) {
    constexpr uint64_t kBytes = 64 * MiB;
    Bay bay({backend, Medium::loop512}, 3, kBytes, {.pages = 4096});
    CHECK(bay.client.copy(bay.from(0, kBytes), bay.all(0, kBytes)).wait().list() == Lines{});
    bay.source.rule("log on r");
    bay.dests[1].rule("after w 4M stall w");
    Job& job = bay.client.copy(bay.from(0, kBytes), bay.all(0, kBytes));
    wait_for([&] { return all_done(job.progress(), 1); });
    bay.dests[1].forgive();
    CHECK(job.wait().list() == Lines{});
    uint64_t read = 0;
    for (const Event& event : bay.source.log()) read += event.length;
    CHECK(read > kBytes);       // it was left behind
    CHECK(read <= 3 * kBytes);  // and what was missed was read at most once for each
    for (unsigned i = 0; i < 3; i++) CHECK(bay.wrong(i, bay.content) == "");
  });
}

TEST_CASE("lagging: a source that changes under a slow destination fails that one, by name, and no other") {
  if (lab_missing()) return;
  on_each_backend([](kcopyd_backend backend) {
    constexpr uint64_t kBytes = 48 * MiB;
    Bay bay({backend, Medium::loop512}, 2, kBytes, {.pages = 4096});
    bay.dests[1].rule("after w 4M stall w");
    Job& job = bay.client.copy(bay.from(0, kBytes), bay.all(0, kBytes), KCOPYD_VERIFY);
    while (!all_done(job.progress(), 1)) usleep(1000);
    bay.source.fill(pattern(MiB, 77), 40 * MiB);
    bay.dests[1].forgive();
    const Outcome& out = job.wait();
    CHECK(out.read_err == 1);
    CHECK(out.list() == Lines{"read mismatch 41943040+1048576"});
    CHECK(out.progress.dests[0].state == KCOPYD_DONE);
    CHECK(out.progress.dests[1].state == KCOPYD_FAILED);
    CHECK(bay.wrong(0, bay.content) == "");
  });
}

TEST_CASE("lagging: an overlapping copy is never left behind") {
  if (lab_missing()) return;
  on_each_backend([](kcopyd_backend backend) {
    constexpr uint64_t kBytes = 16 * MiB;
    Bay bay({backend, Medium::loop512}, 2, kBytes, {.pages = 4096});
    const Bytes before = bay.dests[0].bytes();
    bay.dests[1].rule("rate w 40M");
    // From disk 0 onto itself, and to disk 1, which is slow and must get what was there before.
    const uint64_t length = kBytes - 2 * MiB;
    CHECK(bay.client.copy(bay.to(0, 0, length), {bay.to(0, 2 * MiB, length), bay.to(1, 0, length)}).wait().list() ==
          Lines{});
    const Bytes want(before.begin(), before.begin() + static_cast<ptrdiff_t>(length));
    CHECK(difference(bay.dests[0].bytes(2 * MiB, length), want) == "");
    CHECK(difference(bay.dests[1].bytes(0, length), want) == "");
  });
}

TEST_CASE("lagging: no destination gets ahead of a paused, limited or busier one when the copy overwrites its source") {
  on_each_backend([](kcopyd_backend backend) {
    constexpr uint64_t kBytes = 4 * MiB, kShift = 512 * KiB, kLength = kBytes - kShift;
    Bay bay({backend, Medium::file}, 2, kBytes, {.backend = backend, .subjob_size = 256 * KiB});
    const auto check = [&](bool up, const kcopyd_dest_options& first, const kcopyd_dest_options& second, bool pauses) {
      bay.dests[0].fill(bay.content);
      bay.dests[1].fill(Bytes(kBytes));
      const uint64_t at = up ? 0 : kShift;
      const io_region from = bay.to(0, at, kLength);
      const std::vector<io_region> dests = {bay.to(0, kShift - at, kLength), bay.to(1, 0, kLength)};
      const std::vector<kcopyd_dest_options> options = {first, second};
      Job& job = bay.client.submit(
          {.op = KCOPYD_COPY, .from = &from, .num_dests = 2, .dests = dests.data(), .dest_options = options.data()});
      if (pauses) {
        while (job.progress().dests[0].written == 0) usleep(1000);
        CHECK(kcopyd_job_pause(job.get(), 1, 1) == 0);
        CHECK(kcopyd_job_throttle(job.get(), 0, 0) == 0);
        usleep(50'000);  // enough for all that is left, if it did not have to wait
        CHECK(kcopyd_job_pause(job.get(), 1, 0) == 0);
      }
      CHECK(job.wait().list() == Lines{});
      const auto source = bay.content.begin() + static_cast<ptrdiff_t>(at);
      CHECK(difference(bay.dests[1].bytes(0, kLength), Bytes(source, source + kLength)) == "");
    };
    for (const bool up : {true, false}) {
      CAPTURE(up);
      check(up, {}, {.bytes_per_second = 32 * MiB}, false);
      const std::vector<uint8_t> middle = {0x40, 0x00};
      check(up, {.todo = middle.data()}, {}, false);
    }
    // The first sub-jobs go to both, then one is paused.
    check(true, {.bytes_per_second = 8 * MiB}, {}, true);
  });
}

// For which destinations a group waits: the rules alone, on a clock of the test's own, then a real destination that
// hiccups.
#include <doctest/doctest.h>
#include <kcopyd/control/lagging.h>

#include <algorithm>

#include "../lab/disks.h"

using kcopyd::Apart;
using kcopyd::far_slower;
using kcopyd::Pace;
using namespace test;
using namespace std::chrono_literals;

namespace {

const kcopyd::Clock::time_point kStart{};

// The pace after this many bytes since the start of the clock, always with something to write.
Pace pace(uint64_t bytes) {
  Pace p;
  p.begin(kStart);
  p.moved(bytes, kStart);
  return p;
}

}  // namespace

TEST_CASE("pace: only time with something to write counts") {
  Pace p;
  p.begin(kStart);
  p.moved(MiB, kStart + 5ms);
  p.end(kStart + 10ms);
  CHECK(p.busy(kStart + 50ms) == 10ms);
  p.begin(kStart + 90ms);
  CHECK(p.busy(kStart + 100ms) == 20ms);
  CHECK(p.bytes_per_second(kStart + 100ms) == doctest::Approx(50 * MiB));
  CHECK(Pace().bytes_per_second(kStart + 1s) == 0);
}

TEST_CASE("pace: a device that did not answer for long is soon measured at its present speed") {
  Pace p;
  p.begin(kStart);
  p.moved(MiB, kStart + 20s);
  CHECK(p.bytes_per_second(kStart + 20s) < MiB);
  for (int i = 1; i <= 60; i++) p.moved(MiB, kStart + 20s + i * 20ms);  // 50 MiB/s
  CHECK(p.bytes_per_second(kStart + 21200ms) > 30 * MiB);
  CHECK(p.bytes() == 61 * MiB);
}

TEST_CASE("far slower: it takes some sub-jobs and some time to call a destination far slower") {
  const auto now = kStart + 10ms;
  CHECK(far_slower(pace(0), pace(8 * MiB), MiB, 0, now));
  CHECK(far_slower(pace(2 * MiB), pace(8 * MiB), MiB, 0, now));
  CHECK_FALSE(far_slower(pace(3 * MiB), pace(8 * MiB), MiB, 0, now));
  CHECK_FALSE(far_slower(pace(0), pace(3 * MiB), MiB, 0, now));           // too few sub-jobs
  CHECK_FALSE(far_slower(pace(0), pace(8 * MiB), MiB, 0, kStart + 5ms));  // too soon
  // Each time that a destination was misjudged doubles its time.
  CHECK_FALSE(far_slower(pace(0), pace(8 * MiB), MiB, 1, now));
  CHECK(far_slower(pace(0), pace(8 * MiB), MiB, 1, kStart + 12ms));
  CHECK_FALSE(far_slower(pace(0), pace(8 * MiB), MiB, 4, kStart + 95ms));
}

TEST_CASE("apart: a lagging destination that is as fast is waited for, while it lacks little compared with the rest") {
  unsigned misjudged = 0;
  Apart apart(100, 100, kStart);
  CHECK_FALSE(apart.awaited(107, 120, 1000, misjudged, kStart + 70ms));  // not long enough yet
  CHECK_FALSE(apart.awaited(108, 120, 1000, misjudged, kStart + 80ms));  // 8 turns against 20
  CHECK(apart.awaited(116, 130, 1000, misjudged, kStart + 160ms));       // 8 against 10
  CHECK(misjudged == 1);
  // 14 turns at 10 ms each, twice, and 50 ms.
  CHECK(apart.awaited(120, 130, 1000, misjudged, kStart + 489ms));
  CHECK_FALSE(apart.awaited(120, 130, 1000, misjudged, kStart + 490ms));  // it did not come in time
  CHECK_FALSE(apart.awaited(128, 138, 1000, misjudged, kStart + 600ms));  // so it is watched for twice as long
  CHECK(apart.awaited(136, 146, 1000, misjudged, kStart + 700ms));
  CHECK(misjudged == 2);
}

TEST_CASE("apart: near the end no destination waits for a lagging one") {
  unsigned misjudged = 0;
  Apart apart(100, 116, kStart);
  CHECK_FALSE(apart.awaited(108, 124, 251, misjudged, kStart + 80ms));
  CHECK(misjudged == 0);
  Apart in_time(100, 116, kStart);
  CHECK(in_time.awaited(108, 124, 252, misjudged, kStart + 80ms));
}

TEST_CASE("lagging: a destination that hiccups once is waited for again, and the source is read once from there on") {
  if (lab_missing()) return;
  constexpr uint64_t kBytes = 120 * MiB;
  Bay bay({KCOPYD_IO_AUTO, Medium::loop512}, 3, kBytes, {.pages = 4096});
  bay.source.rule("log on r");
  for (auto& dest : bay.dests) dest.rule("rate w 12M");  // all at one speed, which a busy machine reaches too
  bay.dests[1].rule("after w 2M stall w");
  for (const unsigned i : {0u, 2u}) bay.dests[i].rule("after w 9M stall w");  // they go ahead this far and no further
  Job& job = bay.client.copy(bay.from(0, kBytes), bay.all(0, kBytes));
  // Hangs if the others wait for it. They get further than a stalled destination could.
  wait_for([&] { return std::ranges::all_of(bay.dests, [](const Disk& dest) { return dest.stalled() > 0; }); });
  for (auto& dest : bay.dests) dest.rule("go");
  CHECK(job.wait().list() == Lines{});
  uint64_t read = 0;
  for (const Event& event : bay.source.log()) read += event.length;
  CAPTURE(read);
  CHECK(read > kBytes);
  CHECK(read < kBytes * 7 / 4);  // twice, less what it had at the beginning, if nobody had waited
  for (unsigned i = 0; i < 3; i++) CHECK(bay.wrong(i, bay.content) == "");
}

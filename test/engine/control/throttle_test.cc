// K30 on a clock of the test's own: the throttle's rate, however late the machine is. life_test.cc tests it on the real
// clock, where only a whole engine on a busy machine can be late.
#include <doctest/doctest.h>
#include <kcopyd/control/throttle.h>

#include <algorithm>
#include <random>

#include "../lab/engine.h"

using kcopyd::Throttle;
using test::KiB;
using test::MiB;
using namespace std::chrono_literals;

namespace {

using Clock = Throttle::Clock;

// A worker that always has more to do and wakes up late, by up to `lateness`, as on a busy machine.
struct Worker {
  Throttle& throttle;
  Clock::duration lateness;
  std::mt19937_64 random{1};
  Clock::time_point now = Clock::time_point(1s);

  // Takes sub-jobs for this long and gives bytes per second.
  double run(uint64_t bytes, Clock::duration time) {
    const auto begin = now;
    uint64_t taken = 0;
    while (now < begin + time) {
      if (throttle.ready(bytes, now)) {
        throttle.take();
        taken += bytes;
        now += 20us;
      } else {
        now = throttle.due() + lateness * static_cast<int>(random() % 1000) / 1000;
      }
    }
    return static_cast<double>(taken) / std::chrono::duration<double>(now - begin).count();
  }
};

}  // namespace

TEST_CASE("K30 the throttle holds its rate for sub-jobs of any size, however late its worker wakes up") {
  for (const uint64_t bytes : {32 * KiB, 256 * KiB, 1 * MiB}) {
    for (const Clock::duration lateness :
         {Clock::duration(0), Clock::duration(5ms), Clock::duration(40ms), Clock::duration(150ms)}) {
      CAPTURE(bytes);
      CAPTURE(lateness.count());
      constexpr double kRate = 8 * MiB;
      Throttle throttle;
      throttle.set(static_cast<uint64_t>(kRate));
      Worker worker{throttle, lateness};
      const double got = worker.run(bytes, 60s);
      CHECK(got <= 1.001 * kRate);
      CHECK(got >= 0.99 * kRate);
    }
  }
}

TEST_CASE("K30 the throttle does not save up idle time, not even that of a late worker") {
  Throttle throttle;
  throttle.set(4 * MiB);
  Worker worker{throttle, 100ms};
  worker.run(64 * KiB, 1s);
  worker.now += 10s;
  const auto begin = worker.now;
  uint64_t taken = 0;
  while (worker.now < begin + 50ms) {
    if (throttle.ready(64 * KiB, worker.now)) throttle.take(), taken += 64 * KiB;
    worker.now += 1ms;
  }
  // What was under way may go at once. After that the rate counts: 50 ms are 200 KiB.
  CHECK(taken <= 200 * KiB + 2 * 64 * KiB);
}

TEST_CASE("K30 unlimited adds no sleep: everything is paid for at once") {
  Throttle throttle;
  const auto now = Clock::time_point(1s);
  for (int i = 0; i < 1000; i++) {
    CHECK(throttle.ready(16 * MiB, now));
    throttle.take();
  }
}

// The depth controller on simulated devices: where it ends up, how soon, and that noise does not move it.
#include <doctest/doctest.h>
#include <kcopyd/control/depth.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <queue>
#include <random>
#include <vector>

#include "../lab/engine.h"

using kcopyd::Depth;

namespace {

constexpr double kMiB = 1024 * 1024;

// Requests of 1 MiB pass one after the other at `rate`, then each takes `latency` more, in parallel.
struct Simulated {
  double latency = 0;                            // seconds
  double rate = 1e12;                            // bytes per second
  double jitter = 0;                             // part of each request's latency
  double weather = 0;                            // how much the rate wanders, for 50 ms at a time, as a part of it
  std::function<double(unsigned)> rate_at = {};  // rate for a number in flight, instead of `rate`
};

// What a job keeps in flight on a device over time.
class Run {
 public:
  Run(Simulated device, Depth& depth, unsigned seed = 1) : device_(std::move(device)), depth_(depth), random_(seed) {}

  // Runs for this many seconds of the device's time and gives bytes per second.
  double run(double seconds) {
    const double from = now_, until = now_ + seconds;
    double bytes = 0;
    while (now_ < until) {
      while (ends_.size() < depth_.limit()) issue();
      now_ = ends_.top();
      ends_.pop();
      bytes += kMiB;
      const unsigned before = depth_.limit();
      depth_.ended(Depth::Clock::time_point(std::chrono::nanoseconds(static_cast<int64_t>(now_ * 1e9))),
                   static_cast<uint64_t>(kMiB));
      lowest = std::min(lowest, depth_.limit());
      highest = std::max(highest, depth_.limit());
      changes += depth_.limit() != before;
    }
    return bytes / (now_ - from);
  }
  // Lets time pass without I/O.
  void pause(double seconds) { now_ += seconds; }
  void become(Simulated device) { device_ = std::move(device); }
  void forget() {
    lowest = highest = depth_.limit();
    changes = 0;
  }

  unsigned lowest = 1000, highest = 0, changes = 0;

 private:
  void issue() {
    std::uniform_real_distribution<double> around(-1, 1);
    if (now_ >= weather_until_) {
      weather_ = 1 + device_.weather * around(random_);
      weather_until_ = now_ + 0.05;
    }
    const double rate =
        (device_.rate_at ? device_.rate_at(static_cast<unsigned>(ends_.size()) + 1) : device_.rate) * weather_;
    free_at_ = std::max(free_at_, now_) + kMiB / rate;
    ends_.push(free_at_ + device_.latency * (1 + device_.jitter * around(random_)));
  }

  Simulated device_;
  Depth& depth_;
  std::mt19937 random_;
  double now_ = 1, free_at_ = 0, weather_ = 1, weather_until_ = 0;
  std::priority_queue<double, std::vector<double>, std::greater<>> ends_;
};

}  // namespace

TEST_CASE("depth: a device with 5 ms a request and no limit gets the full queue depth within a second, and keeps it") {
  for (const double jitter : {0.0, 0.2}) {
    CAPTURE(jitter);
    Depth depth;
    CHECK(depth.limit() == 4);
    Run run({.latency = 0.005, .jitter = jitter}, depth);
    run.run(1);
    CHECK(depth.limit() == 32);
    run.forget();
    const double best = 32 * kMiB / 0.005;
    CHECK(run.run(20) > 0.95 * best);
    CHECK(run.run(20) > 0.97 * best);
  }
}

TEST_CASE("depth: latency from 100 us to 50 ms is met with queue depth within some dozens of windows") {
  for (const double latency : {0.0001, 0.001, 0.02, 0.05}) {
    CAPTURE(latency);
    Depth depth;
    Run run({.latency = latency, .jitter = 0.1}, depth);
    run.run(std::max(1.0, latency * 8 * 40));
    CHECK(run.highest == 32);
    CHECK(run.run(std::max(2.0, latency * 400)) > 0.9 * 32 * kMiB / latency);
  }
}

TEST_CASE("depth: a device like memory stays at about 4, on quiet machines and noisy ones") {
  for (const double weather : {0.0, 0.03, 0.1}) {
    CAPTURE(weather);
    for (unsigned seed = 1; seed <= 10; seed++) {
      CAPTURE(seed);
      Depth depth;
      Run run({.latency = 20e-6, .rate = 4e9, .jitter = 0.5, .weather = weather}, depth, seed);
      run.run(10);
      CHECK(run.highest <= 9);
      CHECK(run.lowest >= 2);
      CHECK(depth.limit() <= 6);
    }
  }
}

TEST_CASE("depth: a device that is slower with more in flight gets less") {
  Depth depth;
  Run run({.latency = 20e-6, .rate_at = [](unsigned n) { return n <= 4 ? 4e9 : 4e9 / (1 + 0.1 * (n - 4)); }}, depth);
  run.run(10);
  CHECK(run.highest <= 6);
}

TEST_CASE("depth: a slow card is not sent more than it asks for") {
  for (const double rate : {5e6, 20e6, 90e6}) {
    for (const double weather : {0.0, 0.1}) {
      CAPTURE(rate);
      CAPTURE(weather);
      Depth depth;
      Run run({.latency = 0.001, .rate = rate, .jitter = 0.5, .weather = weather}, depth, 3);
      run.run(300);
      CHECK(run.highest <= 6);
    }
  }
}

TEST_CASE("depth: a device with latency and a limit gets the queue depth that reaches the limit, not more") {
  for (const double weather : {0.0, 0.05}) {
    CAPTURE(weather);
    Depth depth;
    // 1.5 GB/s at 5 ms: about 7 MiB wait at any time.
    Run run({.latency = 0.005, .rate = 1.5e9, .jitter = 0.1, .weather = weather}, depth, 5);
    run.run(3);
    CHECK(run.run(30) > 0.92 * 1.5e9);
    CHECK(depth.limit() >= 8);
    CHECK(depth.limit() <= 19);
  }
}

TEST_CASE("depth: noise does not make the queue depth swing") {
  for (unsigned seed = 1; seed <= (test::kSlow > 1 ? 1 : 10); seed++) {
    CAPTURE(seed);
    Depth depth;
    Run run({.latency = 0.0005, .rate = 500e6, .jitter = 0.5, .weather = 0.15}, depth, seed);
    run.run(60);
    run.forget();
    run.run(600);
    CHECK(run.highest <= 9);
    // Trials go there and back, at most twice, every 128 windows of 30 to 60 ms.
    CHECK(run.changes < 700);
  }
}

TEST_CASE("depth: the queue depth follows a device that changes") {
  Depth depth;
  Run run({.latency = 0.005}, depth);
  run.run(2);
  CHECK(depth.limit() == 32);
  run.become({.latency = 20e-6, .rate = 2e9});
  run.run(30);
  CHECK(depth.limit() <= 6);
  run.become({.latency = 0.005});
  run.run(10);
  CHECK(run.highest == 32);
}

TEST_CASE("depth: a pause is not measured") {
  for (const bool told : {true, false}) {
    CAPTURE(told);
    Depth depth;
    Run run({.latency = 0.001, .rate = 200e6}, depth);
    for (int round = 0; round < 50; round++) {
      run.run(0.37);
      run.pause(1);
      if (told) depth.disturbed();
    }
    CHECK(run.highest <= 6);
  }
}

TEST_CASE("depth: never more than there is room for") {
  for (const unsigned most : {1u, 2u, 3u, 7u, 32u, 1000u}) {
    CAPTURE(most);
    Depth depth(most);
    Run run({.latency = 0.005, .jitter = 0.1}, depth);
    run.run(5);
    CHECK(run.highest <= std::min(most, 32u));
    CHECK(run.lowest >= 1);
    CHECK(depth.limit() >= std::min(most, 28u) / 2);
  }
}

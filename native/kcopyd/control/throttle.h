// Bytes per second, applied when a sub-job is issued.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>

namespace kcopyd {

// A sub-job may be issued when it is paid for, so the rate holds over any number of sub-jobs, from the first. Worker
// thread, except set().
class Throttle {
 public:
  using Clock = std::chrono::steady_clock;

  // 0 for no limit. Any thread.
  void set(uint64_t bytes_per_second) { rate_ = bytes_per_second; }

  // True when a sub-job of this many bytes is paid for. If not, due() says when to ask again.
  bool ready(uint64_t bytes, Clock::time_point now = Clock::now()) {
    const uint64_t rate = rate_;
    if (rate == 0) {
      paying_ = late_ = false;
      return true;
    }
    if (!paying_ || rate != paid_at_rate_) {
      // If the worker woke late, keep the old due time so that the debt is caught up, one sub-job right after the
      // other. After a longer gap it was idle: restart the clock.
      late_ = (held_ || (late_ && now - asked_ <= kAtOnce)) && now - due_ <= kLateness && rate == paid_at_rate_;
      const auto start = late_ ? due_ : now;
      const std::chrono::duration<double> cost(static_cast<double>(bytes) / static_cast<double>(rate));
      due_ = start + std::chrono::duration_cast<Clock::duration>(cost);
      paid_at_rate_ = rate;
      paying_ = true;
      held_ = false;
    }
    if (now < due_) held_ = true;
    asked_ = now;
    return now >= due_;
  }

  // The sub-job that was ready has been issued.
  void take() { paying_ = false; }

  // When the sub-job that was refused is paid for.
  Clock::time_point due() const { return due_; }

 private:
  static constexpr std::chrono::milliseconds kLateness{200};
  static constexpr std::chrono::milliseconds kAtOnce{2};

  std::atomic<uint64_t> rate_ = 0;
  uint64_t paid_at_rate_ = 0;
  Clock::time_point due_{};
  Clock::time_point asked_{};  // the last time
  bool paying_ = false;        // a sub-job waits for due_
  bool held_ = false;          // it was refused at least once
  bool late_ = false;          // it was paid for from its due time, not from now
};

}  // namespace kcopyd

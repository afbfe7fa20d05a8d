// Decides when a destination is lagging, so that the others no longer wait for it, and when it is fast enough to be
// waited for again. No I/O and no clock of its own. Worker thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

namespace kcopyd {

using Clock = std::chrono::steady_clock;

// The time that a destination took from the others by having no credit when they had some.
class Stall {
 public:
  void begin(Clock::time_point now) {
    if (!since_) since_ = now;
  }
  void end(Clock::time_point now) {
    if (since_) total_ += now - *since_;
    since_.reset();
  }
  Clock::duration spent(Clock::time_point now) const { return total_ + (since_ ? now - *since_ : Clock::duration{0}); }

 private:
  Clock::duration total_{0};
  std::optional<Clock::time_point> since_;
};

// How fast a device is while it has something to do. Only about the last second counts: a card whose cache has filled
// up, or one that answers again, has another speed now.
class Pace {
 public:
  // begin: the device has something to do. end: it has nothing more to do.
  void begin(Clock::time_point now) {
    if (!since_) since_ = now;
  }
  void end(Clock::time_point now) {
    lap(now);
    since_.reset();
  }
  void moved(uint64_t bytes, Clock::time_point now) {
    total_ += bytes;
    recent_ += static_cast<double>(bytes);
    lap(now);
  }

  // All bytes that it ever moved; 0 when nothing is known of it.
  uint64_t bytes() const { return total_; }
  // The busy time that counts.
  Clock::duration busy(Clock::time_point now) const { return busy_ + (since_ ? now - *since_ : Clock::duration{0}); }
  double bytes_per_second(Clock::time_point now) const {
    const double seconds = std::chrono::duration<double>(busy(now)).count();
    return seconds > 0 ? recent_ / seconds : 0;
  }

 private:
  static constexpr std::chrono::seconds kMemory{1};

  void lap(Clock::time_point now) {
    if (!since_) return;
    busy_ += now - *since_;
    since_ = now;
    if (busy_ <= kMemory) return;
    recent_ *= std::chrono::duration<double>(kMemory) / std::chrono::duration<double>(busy_);
    busy_ = kMemory;
  }

  uint64_t total_ = 0;
  double recent_ = 0;  // bytes in busy_
  Clock::duration busy_{0};
  std::optional<Clock::time_point> since_;
};

// True when a destination that stalled its group for `spent` has taken too much of a job's time, `elapsed`. When
// reading in two places moves the heads, waiting pays for longer.
bool out_of_patience(bool rotates, Clock::duration spent, Clock::duration elapsed);

// True when `slow` is so much slower than `fast` that waiting only proves it again. `sub_job`: bytes. `misjudged`: how
// often it was left behind and then proved as fast as the others. Each time doubles the time it gets.
bool far_slower(const Pace& slow, const Pace& fast, uint64_t sub_job, unsigned misjudged, Clock::time_point now);

/*
 * A destination that was left behind. It reads the source on its own, which costs all of them. So when it is as fast as
 * those in front, and lacks little compared with what is left, they wait until it has caught up. Turns are those of the
 * job.
 *
 *   apart --as fast for a window, and worth it--> awaited --in time--> together
 *     ^                                             |
 *     +------------------- too late ----------------+
 */
class Apart {
 public:
  Apart(uint64_t own, uint64_t front, Clock::time_point now) { look_from(own, front, now); }

  // It is at turn `own`, those in front at `front`, of `end` turns. True when they wait for it now. misjudged counts up
  // when they begin to.
  bool awaited(uint64_t own, uint64_t front, uint64_t end, unsigned& misjudged, Clock::time_point now);

 private:
  void look_from(uint64_t own, uint64_t front, Clock::time_point now);

  // The window.
  uint64_t own_ = 0;
  uint64_t front_ = 0;
  Clock::time_point since_{};
  std::optional<Clock::time_point> until_;  // when those in front stop waiting
};

// Where a destination stands relative to the others.
struct Lag {
  Stall stall;                 // how long it held up the others at the same turn
  std::optional<Apart> apart;  // set while it is left behind
  unsigned misjudged = 0;      // how often it was left behind and then proved as fast
};

}  // namespace kcopyd

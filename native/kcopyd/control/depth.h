// How many sub-jobs a job keeps in flight: as many as make it faster, and no more, because what is in flight should
// fit in the processor's cache.
#pragma once

#include <chrono>
#include <cstdint>

namespace kcopyd {

/*
 * Climbs a hill by measuring. Bytes per second are taken over windows; after one at the depth that is in use comes one
 * at half as much again. A clear gain is kept, and the next step tried at once; a small one is measured a second time,
 * both ways; none at all means back, and quiet for 8 windows, then 16, up to 128. Every other time less is tried
 * instead, and kept when it costs next to nothing. What counts as a gain grows with how much the windows differ
 * without any change.
 *
 *   hold --window--> trial --clear--> accepted | back to hold
 *                      \--small--> base again --window--> trial again --> accepted | back to hold
 *
 * No I/O and no clock of its own. Worker thread.
 */
class Depth {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr unsigned kStart = 4;
  static constexpr unsigned kLeast = 2;
  static constexpr unsigned kMost = 32;

  // most: sub-jobs that there is room for, at least 1. start: what to begin with.
  explicit Depth(unsigned most = kMost, unsigned start = kStart);

  // Sub-jobs that may be in flight now.
  unsigned limit() const { return depth_; }
  // A sub-job of so many bytes has ended.
  void ended(Clock::time_point now, uint64_t bytes);
  // The job was held up by something else (a pause, a throttle): what is being measured does not count.
  void disturbed();

 private:
  enum class Phase : uint8_t { hold, trial, base_again, trial_again };

  void measured(double rate);
  void judge(double rate);
  void judge_again(double rate);
  void start_trial();
  void go(Phase phase, unsigned depth);
  void accept(double rate);
  void reject();
  unsigned step() const;

  unsigned most_;
  unsigned least_;
  unsigned base_;   // what is in use when nothing is tried
  unsigned depth_;  // what is in use now
  bool up_ = true;  // direction of the next trial
  Phase phase_ = Phase::hold;
  unsigned hold_ = 0;                                            // windows until the next trial
  unsigned backoff_ = 8;                                         // windows to hold after the next trial that fails
  double base_rate_ = 0, base_rate_again_ = 0, trial_rate_ = 0;  // bytes per second
  double noise_ = 0;  // how much a window differs from the one before, as a part of it

  // The window.
  unsigned settle_ = 0;  // sub-jobs that still belong to the depth before
  bool open_ = false;
  Clock::time_point since_{};
  uint64_t count_ = 0;  // sub-jobs
  uint64_t bytes_ = 0;
};

}  // namespace kcopyd

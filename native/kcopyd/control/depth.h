// How many sub-jobs a job keeps in flight: as many as make it faster and no more, because they should fit in the
// processor's cache.
#pragma once

#include <chrono>
#include <cstdint>

namespace kcopyd {

/*
 * Climbs a hill by measuring bytes per second over windows. After a window at the depth in use it tries one at half as
 * much again. A clear gain is kept, and the next step tried at once. A small gain is measured a second time, at both
 * depths. Without a gain it goes back and holds for 8 windows, then 16, up to 128. Every other trial goes down, and is
 * kept when it costs next to nothing. The gain that counts grows with how much the windows differ by themselves.
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

  // most: sub-jobs that there is room for, at least 1. start: the depth to begin with.
  explicit Depth(unsigned most = kMost, unsigned start = kStart);

  // Sub-jobs that may be in flight now.
  unsigned limit() const { return depth_; }
  // A sub-job of this many bytes has ended.
  void ended(Clock::time_point now, uint64_t bytes);
  // A pause or a throttle held up the job, so the current measurement does not count.
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
  unsigned base_;   // in use when nothing is tried
  unsigned depth_;  // in use now
  bool up_ = true;  // direction of the next trial
  Phase phase_ = Phase::hold;
  unsigned hold_ = 0;                                            // windows until the next trial
  unsigned backoff_ = 8;                                         // windows to hold after the next trial that fails
  double base_rate_ = 0, base_rate_again_ = 0, trial_rate_ = 0;  // bytes per second
  double noise_ = 0;  // how much a window differs from the one before, as a part of it

  // The window.
  unsigned settle_ = 0;  // sub-jobs that still belong to the previous depth
  bool open_ = false;
  Clock::time_point since_{};
  uint64_t count_ = 0;  // sub-jobs
  uint64_t bytes_ = 0;
};

}  // namespace kcopyd

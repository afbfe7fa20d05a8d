#include "depth.h"

#include <algorithm>
#include <cmath>

namespace kcopyd {
namespace {

// A window lasts this many sub-jobs for each one in flight, and at least this long.
constexpr uint64_t kRounds = 8;
constexpr std::chrono::milliseconds kWindow{30};
constexpr unsigned kShortHold = 8, kLongHold = 128;  // windows

constexpr double kGain = 1.04;       // more in flight must gain this much
constexpr double kClearGain = 1.15;  // this much needs no second measurement
constexpr double kLoss = 0.98;       // less in flight may cost this much
constexpr double kClearLoss = 0.95;
// Half as many again in flight gain at most half as much again. A gain well above that means that the window before was
// disturbed.
constexpr double kIncredible = 1.2;
constexpr double kNoiseWeight = 0.2;  // weight of the newest window in the average

}  // namespace

Depth::Depth(unsigned most, unsigned start)
    : most_(std::clamp(most, 1u, kMost)),
      least_(std::min(kLeast, most_)),
      base_(std::min(start, most_)),
      depth_(base_) {}

void Depth::ended(Clock::time_point now, uint64_t bytes) {
  if (settle_ > 0) {
    --settle_;
    return;
  }
  if (!open_) {
    open_ = true;
    since_ = now;
    count_ = 0;
    bytes_ = 0;
    return;
  }
  ++count_;
  bytes_ += bytes;
  // Sub-jobs that were started together end together. Count whole rounds only, or the last one counts for too much.
  if (count_ < kRounds * depth_ || count_ % depth_ != 0 || now - since_ < kWindow) return;
  open_ = false;
  measured(static_cast<double>(bytes_) / std::chrono::duration<double>(now - since_).count());
}

void Depth::disturbed() {
  open_ = false;
  settle_ = depth_;
}

void Depth::measured(double rate) {
  switch (phase_) {
    case Phase::hold:
      if (base_rate_ > 0) noise_ += (std::min(1.0, std::abs(rate / base_rate_ - 1)) - noise_) * kNoiseWeight;
      base_rate_ = rate;
      if (hold_ > 0) {
        --hold_;
      } else {
        start_trial();
      }
      break;
    case Phase::trial:
      judge(rate);
      break;
    case Phase::base_again:
      base_rate_again_ = rate;
      go(Phase::trial_again, step());
      break;
    case Phase::trial_again:
      judge_again(rate);
      break;
  }
}

void Depth::judge(double rate) {
  const double gain = rate / base_rate_;
  trial_rate_ = rate;
  if (up_ && gain > kIncredible * depth_ / base_) {
    go(Phase::hold, base_);
  } else if (up_ && gain > kClearGain + 2 * noise_) {
    accept(rate);
  } else if (gain < (up_ ? kGain : kClearLoss)) {
    reject();
  } else {
    go(Phase::base_again, base_);
  }
}

void Depth::judge_again(double rate) {
  const double gain = (trial_rate_ + rate) / (base_rate_ + base_rate_again_);
  if (up_ ? gain > kGain + noise_ / 2 && rate > base_rate_again_ : gain > kLoss) {
    accept(rate);
  } else {
    reject();
  }
}

// The depth that a trial in the present direction has; base_ when no trial is possible.
unsigned Depth::step() const {
  return up_ ? std::min(most_, std::max(base_ + 1, base_ * 3 / 2)) : std::max(least_, (base_ * 2 + 1) / 3);
}

void Depth::start_trial() {
  if (step() == base_) up_ = !up_;
  if (step() == base_) return;  // there is room for one sub-job only
  go(Phase::trial, step());
}

void Depth::go(Phase phase, unsigned depth) {
  phase_ = phase;
  settle_ = std::max(depth_, depth);
  depth_ = depth;
}

void Depth::accept(double rate) {
  base_ = depth_;
  base_rate_ = rate;
  phase_ = Phase::hold;
  // A gain means that the device was misjudged: try again soon. The same speed with less says nothing new.
  if (up_) backoff_ = kShortHold;
  if (up_ && step() != base_) {
    start_trial();
  } else {
    hold_ = backoff_;
  }
}

void Depth::reject() {
  go(Phase::hold, base_);
  hold_ = backoff_;
  backoff_ = std::min(backoff_ * 2, kLongHold);
  up_ = !up_;
}

}  // namespace kcopyd

#include "lagging.h"

#include <algorithm>

namespace kcopyd {
namespace {

using std::chrono::milliseconds;

// How much time a destination may cost the others before they leave it behind. Leaving it costs a second reading of the
// source, so a hiccup is no reason.
struct Patience {
  milliseconds least;
  int percent;  // of the job's time
};
constexpr Patience kPatience{milliseconds(250), 5};
constexpr Patience kPatienceRotational{milliseconds(1000), 25};

// A destination that has held up the others for half of the job's time is slow. No more proof is needed.
constexpr milliseconds kFirstVerdict{60};

// The same holds for a destination that is a fraction as fast, once the other has written some sub-jobs and this one
// had time for some.
constexpr int kFarSlower = 4;
constexpr unsigned kSomeSubJobs = 4;
constexpr milliseconds kSomeTime{6};
constexpr unsigned kMostPatient = 8;  // doublings

// As fast: four fifths of the others' turns in a window of this many of its own. Worth it: those in front wait for at
// most an eighth of what is left.
constexpr uint64_t kWindow = 8;
constexpr uint64_t kWorth = 8;
constexpr milliseconds kGrace{50};

}  // namespace

bool out_of_patience(bool rotates, Clock::duration spent, Clock::duration elapsed) {
  const Patience& patience = rotates ? kPatienceRotational : kPatience;
  return spent >= patience.least + elapsed * patience.percent / 100 ||
         (elapsed >= kFirstVerdict && spent * 2 > elapsed);
}

bool far_slower(const Pace& slow, const Pace& fast, uint64_t sub_job, unsigned misjudged, Clock::time_point now) {
  return slow.busy(now) >= kSomeTime * (1u << std::min(misjudged, kMostPatient)) &&
         fast.bytes() >= kSomeSubJobs * sub_job &&
         fast.bytes_per_second(now) >= kFarSlower * slow.bytes_per_second(now);
}

bool Apart::awaited(uint64_t own, uint64_t front, uint64_t end, unsigned& misjudged, Clock::time_point now) {
  if (until_) {
    if (now < *until_) return true;
    look_from(own, front, now);
    return false;
  }
  const uint64_t done = own - own_;
  // A destination that was wrongly taken for fast is watched for longer.
  if (done < kWindow << std::min(misjudged, kMostPatient)) return false;
  const bool as_fast = done * 5 >= (front - front_) * 4;
  const bool worth = (front - own) * kWorth <= end - front;
  const Clock::duration needs = (now - since_) / static_cast<int64_t>(done) * static_cast<int64_t>(front - own);
  look_from(own, front, now);
  if (!as_fast || !worth) return false;
  ++misjudged;
  until_ = now + 2 * needs + kGrace;
  return true;
}

void Apart::look_from(uint64_t own, uint64_t front, Clock::time_point now) {
  own_ = own;
  front_ = front;
  since_ = now;
  until_.reset();
}

}  // namespace kcopyd

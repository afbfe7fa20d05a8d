// Which chunk is taken next, and by which destinations. Job::pump() asks choose() until it gives nothing.
//
// Every destination has a turn of its own. Destinations at the same turn form a group, and the source is read once for
// a group. A destination without credit (its share of the pool is full of what it has not written yet) holds up its
// group. When that has cost the others more than their patience, they go on without it. It is lagging: a group of its
// own that reads the source again at its own pace, and joins the groups that it catches up with or that wait for it
// (control/lagging.h).
#pragma once

#include <cstdint>
#include <optional>

#include "../control/lagging.h"
#include "../control/throttle.h"
#include "../work/work.h"
#include "credit.h"
#include "reader.h"
#include "round.h"

namespace kcopyd {

// Worker thread.
class Scheduler {
 public:
  Scheduler(Work& work, Credit& credit) : work_(work), credit_(credit) {}

  void start() { started_ = Clock::now(); }
  // Bytes per second of the job; 0: no limit.
  void limit(uint64_t rate) { throttle_.set(rate); }
  // Nothing when no destination can go on now.
  std::optional<Take> choose(Round& round);
  // True when a destination could go on if the pool had a free slot.
  bool needs_slot(const Pool& pool) const;
  // True when the throttles of the job and of the client let this many bytes through. Then charges both.
  bool may_issue(Round& round, uint64_t bytes);

 private:
  bool takes_part(const Destination& d) const;
  bool ready(const Pool& pool, const Destination& d) const;
  uint32_t hindmost() const;
  bool awaits_laggard(Round& round, uint64_t turn);
  bool far_slower(const Destination& d, uint32_t able, Clock::time_point now) const;
  std::optional<Take> choose_from(Round& round, uint64_t turn, uint32_t group);
  uint32_t able_of(Round& round, uint64_t turn, uint32_t& group);
  bool waits(Round& round, uint32_t group, uint32_t able, Clock::time_point now);
  bool too_slow(const Destination& d, uint32_t able, Clock::time_point now) const;

  Work& work_;
  Credit& credit_;
  Throttle throttle_;
  Clock::time_point started_{};
};

}  // namespace kcopyd

// How many slots of the pool a destination may hold. The scheduler asks before a destination takes its next turn, the
// verifier before it reads a chunk back.
#pragma once

#include <cstddef>
#include <cstdint>

#include "../pool.h"
#include "../work/destination.h"
#include "../work/plan.h"

namespace kcopyd {

// Worker thread.
class Credit {
 public:
  explicit Credit(const Plan& plan) : plan_(plan) {}

  void start(unsigned slots, unsigned destinations);

  // True when a destination may pin one more slot for its next turn.
  bool may_pin(const Pool& pool, const Destination& d) const {
    return has_room(pool, d.pinned) && d.pinned < std::min(most_, soon_done(d));
  }
  // True when a destination with this many slots may have one more. Even if all others stop answering, one after the
  // other, the last one still gets its share of the pool.
  bool has_room(const Pool& pool, unsigned slots) const {
    return slots < share_ || pool.free() > share_ * (destinations_ - 1);
  }
  // Chunks that a destination writes or reads back soon. A paused job rests only when they have ended.
  unsigned soon_done(const Destination& d) const;

 private:
  const Plan& plan_;
  size_t destinations_ = 1;
  unsigned share_ = 1;  // slots that every destination is sure of
  unsigned most_ = 1;   // slots that one destination may pin
};

}  // namespace kcopyd

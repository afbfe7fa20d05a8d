// Gives up I/O that has had no answer for the stall timeout. The kernel still has its buffer, so the slot is out of use
// and the device stays open until the I/O comes back. Job::pump() calls watch() in every round.
#pragma once

#include <cstdint>

#include "../work/work.h"
#include "round.h"
#include "transfers.h"

namespace kcopyd {

// Worker thread.
class Watchdog {
 public:
  Watchdog(Work& work, const Transfers& transfers) : work_(work), transfers_(transfers) {}

  // Checks now and then what is in flight, gives up what timed out, and marks the destinations that do not answer.
  void watch(Round& round);
  // A transfer that had timed out has come back.
  void came_back(Round& round, SlotTransfer& transfer);
  // The kernel still holds I/O that timed out.
  bool awaits_kernel() const { return lost_ > 0; }

 private:
  template <typename Visit>
  void each(const Visit& visit);
  void check(Clock::time_point now, bool away);
  void lose(SlotTransfer& transfer);
  void lose_source(SlotTransfer& transfer);
  void lose_destination(SlotTransfer& transfer);

  Work& work_;
  const Transfers& transfers_;
  Clock::time_point watched_{};
  unsigned lost_ = 0;  // transfers that timed out and have not come back
};

}  // namespace kcopyd

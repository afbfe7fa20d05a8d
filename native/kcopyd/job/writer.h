// Writes what was read to the destinations. The reader hands it every chunk.
#pragma once

#include <cstdint>

#include "../transfer/slot.h"
#include "../work/work.h"
#include "round.h"
#include "transfers.h"

namespace kcopyd {

// Worker thread.
class Writer {
 public:
  Writer(Work& work, Transfers& transfers) : work_(work), transfers_(transfers) {}

  // Starts writing the slot to those of `members` that still want it, or holds it until their turn (KCOPYD_WRITE_SEQ).
  void start(Round& round, Slot& slot, uint32_t members);
  // A write has ended.
  void written(Round& round, SlotTransfer& write);

 private:
  void start_one(Round& round, Slot& slot, unsigned destination);
  bool waits_for_turn(Slot& slot, unsigned destination) const;
  void settled(Round& round, unsigned destination);

  Work& work_;
  Transfers& transfers_;
};

}  // namespace kcopyd

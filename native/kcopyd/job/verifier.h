// Reads the destinations back and compares them with the hashes of the source. Job::pump() calls it for each of them.
#pragma once

#include <cstdint>
#include <span>

#include "../transfer/slot.h"
#include "../work/work.h"
#include "credit.h"
#include "round.h"
#include "transfers.h"

namespace kcopyd {

// Worker thread.
class Verifier {
 public:
  Verifier(Work& work, Transfers& transfers, const Credit& credit)
      : work_(work), transfers_(transfers), credit_(credit) {}

  // Starts reading back what can be read back now. False when the pool is empty.
  bool pump(Round& round, unsigned destination);
  // A read has ended.
  void finished(Round& round, Slot& slot);

 private:
  bool has_nothing(const Destination& d, uint64_t chunk) const;
  bool may_read(const Round& round, const Destination& d, uint64_t chunk) const;
  void read_back(Round& round, unsigned destination, uint64_t chunk);

  Work& work_;
  Transfers& transfers_;
  const Credit& credit_;
};

}  // namespace kcopyd

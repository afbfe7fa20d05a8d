// Reads the source once for each group of destinations, hashes every chunk, and passes it to the writer. Job::pump()
// calls join() or take() for what the scheduler chose.
#pragma once

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "../transfer/slot.h"
#include "../work/work.h"
#include "round.h"
#include "transfers.h"
#include "writer.h"

namespace kcopyd {

// A turn, and the destinations that take it together.
struct Take {
  uint64_t turn;
  uint32_t members;
};

// Worker thread.
class Reader {
 public:
  Reader(Work& work, Transfers& transfers, Writer& writer) : work_(work), transfers_(transfers), writer_(writer) {}

  // Call this once, before the job starts. Throws std::bad_alloc.
  void reserve() { taken_.resize(work_.plan.turns()); }
  // Gives these destinations a chunk whose slot others still write from. False when there is no such slot.
  bool join(Round& round, Take take);
  // Reads a chunk into a free slot. There must be one.
  void take(Round& round, Take take);
  // A read has ended.
  void finished(Round& round, Slot& slot);

 private:
  void add_members(Slot& slot, uint32_t members);
  void pass_over(Slot& slot);
  void source_changed(Slot& slot);
  void do_not_check(const Slot& slot, uint32_t members);
  void settle(const Slot& slot);
  void blank_known_holes(Slot& slot);
  ChunkHashes::Hash hash_of_zeros(Slot& slot);
  ChunkHashes::Hash hash_of(Slot& slot);
  void find_zeros(Slot& slot);
  bool is_what_it_was(Slot& slot);
  void hand_out(Round& round, Slot& slot);

  Work& work_;
  Transfers& transfers_;
  Writer& writer_;
  std::vector<bool> taken_;                                    // turns that were taken at least once
  std::optional<std::pair<size_t, ChunkHashes::Hash>> zeros_;  // length and hash of a chunk of zeros
};

}  // namespace kcopyd

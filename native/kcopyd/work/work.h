// What the parts of a job work on.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "../chunk_hashes.h"
#include "../kcopyd.h"
#include "../transfer/slot.h"
#include "../transfer/source.h"
#include "destination.h"
#include "plan.h"
#include "report.h"

namespace kcopyd {

// Worker thread, but for what says otherwise.
struct Work {
  // Checks a request; 0 and the work, or a negative errno (see kcopyd_copy). chunk_size: of the client's slots, in
  // bytes. Any thread.
  static int create(const kcopyd_request& request, size_t chunk_size, std::unique_ptr<Work>& result);

  Plan plan;
  std::unique_ptr<Source> source;
  Destinations destinations;
  uint64_t to_read = 0;  // bytes of the source that a destination needs
  ChunkHashes hashes;    // any thread
  Report report;
  Requests requests;  // any thread

  std::vector<Slot*> active;             // chunks that are read or written
  std::vector<Slot*> reading_back;       // chunks that are verified
  bool stopped = false;                  // no new chunks
  uint64_t broken_turn = ~uint64_t{0};   // of the first chunk that could not be read
  std::atomic<uint64_t> bytes_read = 0;  // of the source; any thread

  bool paused(const Destination& d) const { return requests.pause || d.requests.pause; }
  // It takes writes into the page cache faster than it flushes them.
  bool floods(const Destination& d) const {
    return plan.flush_interval.count() > 0 && d.sink.cached() && d.flushing.transfer.in_flight &&
           d.flushing.unflushed >= kMaxUnflushed;
  }

  // ---- Turns
  // Does the source have to be read for this destination then?
  bool wants(const Destination& d, uint64_t turn) const;
  void skip_turns(Destination& d) const;
  // For KCOPYD_WRITE_SEQ.
  void skip_writes(Destination& d) const;

  // ---- What holds for several parts
  // The slot is no longer kept for these destinations.
  void leave(Slot& slot, uint32_t members);
  // This destination gets no more I/O: it failed, or was cancelled. What is being written ends by itself; what waits
  // for its turn, or for the source, does not begin.
  void fail(unsigned destination);
  void cancel(unsigned destination);
  // The chunk of this turn is written nowhere. In sequence, nothing that comes after it is either.
  void source_failed(uint64_t turn);
  // Nothing of it is in flight any more.
  void end(unsigned destination);
  // Was the chunk read before? The head is read twice. A destination that only verifies it takes part in the second
  // read only.
  bool tried_before(const Slot& slot) const { return slot.again || (plan.head_last && slot.chunk == 0); }
  // An error that covers a whole destination.
  kcopyd_error whole(kcopyd_side side, unsigned destination, int err) const;
  // One that covers a chunk of the source.
  kcopyd_error unread(const Slot& slot, kcopyd_cause cause, int err) const;

 private:
  void withdraw(unsigned destination);
};

}  // namespace kcopyd

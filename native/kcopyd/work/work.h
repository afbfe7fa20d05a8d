// What the parts of a job (job/) share.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "../chunk_hashes.h"
#include "../kcopyd.h"
#include "../transfer/slot.h"
#include "../transfer/source.h"
#include "destination.h"
#include "plan.h"
#include "report.h"

namespace kcopyd {

// Worker thread, unless a comment says otherwise.
struct Work {
  // Checks a request. Gives 0 and the work, or a negative errno (see kcopyd_copy). chunk_size: bytes of the client's
  // slots. Any thread.
  static int create(const kcopyd_request& request, size_t chunk_size, std::unique_ptr<Work>& result);

  Plan plan;
  std::unique_ptr<Source> source;
  Destinations destinations;
  uint64_t to_read = 0;  // bytes of the source that at least one destination needs
  ChunkHashes hashes;    // any thread
  Report report;
  Requests requests;  // any thread

  std::vector<Slot*> active;             // chunks that are being read or written
  std::vector<Slot*> reading_back;       // chunks that are being read back
  bool stopped = false;                  // no new chunks
  Clock::time_point read_at{};           // when the source last answered
  uint64_t broken_turn = ~uint64_t{0};   // turn of the first unreadable chunk; ~0 for none
  std::atomic<uint64_t> bytes_read = 0;  // of the source; any thread

  bool paused(const Destination& d) const { return requests.pause || d.requests.pause; }
  // True when it takes writes into the page cache faster than it flushes them.
  bool floods(const Destination& d) const {
    return plan.flush_interval.count() > 0 && d.sink.cached() && d.flushing.transfer.in_flight &&
           d.flushing.unflushed >= kMaxUnflushed;
  }

  // ---- Turns
  // True when the source must be read for this destination in this turn.
  bool wants(const Destination& d, uint64_t turn) const;
  void skip_turns(Destination& d) const;
  // For KCOPYD_WRITE_SEQ.
  void skip_writes(Destination& d) const;

  // ---- Used by several parts
  // The first sub-job as it was read when zeros are written in its place; empty unless a destination is packed.
  std::vector<std::byte> head;
  // Keeps it, if a destination is packed.
  void keep_head(std::span<const std::byte> bytes);
  // The slot is no longer kept for these destinations.
  void leave(Slot& slot, uint32_t members);
  // Gives a destination no more I/O, because it failed or was cancelled. Writes in flight end by themselves. Those that
  // wait for their turn or for the source do not begin.
  void fail(unsigned destination);
  void cancel(unsigned destination);
  // Writes the chunk of this turn nowhere; with KCOPYD_WRITE_SEQ no later chunk either.
  void source_failed(uint64_t turn);
  // Ends a destination that has nothing in flight.
  void end(unsigned destination);
  // True when the chunk was read before. The head is read twice. A destination that only verifies it takes part in the
  // second read only.
  bool tried_before(const Slot& slot) const { return slot.again || (plan.head_last && slot.chunk == 0); }
  // An error that covers a whole destination.
  kcopyd_error whole(kcopyd_side side, unsigned destination, int err) const;
  // An error that covers a chunk of the source.
  kcopyd_error unread(const Slot& slot, kcopyd_cause cause, int err) const;

 private:
  void withdraw(unsigned destination);
};

}  // namespace kcopyd

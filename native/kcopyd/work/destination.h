// One destination of a job: what it has to do, how far it is, and what it holds.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "../bitmap.h"
#include "../control/lagging.h"
#include "../control/request_size.h"
#include "../control/throttle.h"
#include "../kcopyd.h"
#include "../transfer/sink.h"
#include "../transfer/slot.h"
#include "destination_state.h"
#include "durable.h"

namespace kcopyd {

// Asked by any thread, obeyed by the worker.
struct Requests {
  std::atomic<bool> cancel = false;
  std::atomic<bool> pause = false;
  std::atomic<uint64_t> limit = 0;  // bytes per second
};

// Bytes that a destination may have in the page cache. A slow stick flushes this many in about a second.
constexpr uint64_t kMaxUnflushed = uint64_t{64} << 20;

// A destination's flushes, one at a time. Worker thread.
struct Flushing {
  SlotTransfer transfer;
  unsigned failed_before = 0;  // failed flushes of the device, by any job, when this job began
  unsigned ended_before = 0;   // ended flushes of the device when this one was last found queued
  bool between = false;        // the flush in flight is one between writes
  bool unsynced = false;       // KCOPYD_COMPARE: the page cache may hold what others wrote
  uint64_t unflushed = 0;      // bytes written since the last flush began
  Clock::time_point began{};
  Clock::time_point due{};
};

// Worker thread, except for atomics and `durable`.
struct Destination {
  explicit Destination(Sink&& to) : sink(std::move(to)) {}

  // Fixed when the job begins.
  Sink sink;
  uint64_t chunks = 0;     // chunks of its region
  Bitmap todo;             // chunks to be written
  Bitmap check;            // chunks to be read back; fewer when the source can no longer be read where it once could
  uint64_t wanted = 0;     // turns it takes part in
  uint64_t to_write = 0;   // bytes
  uint64_t to_verify = 0;  // bytes

  DestinationState state;
  uint64_t next = 0;         // the turn it takes next; destinations with the same one read together
  uint64_t settled = 0;      // turns it has finished
  uint64_t write_turn = 0;   // KCOPYD_WRITE_SEQ: the turn to be written next
  uint64_t verify_next = 0;  // the chunk to be read back next
  unsigned pinned = 0;       // slots kept for it
  unsigned in_flight = 0;    // writes, and reads for verification
  unsigned lost = 0;         // I/O that timed out and has not come back

  Pace pace;            // how fast it writes, then how fast it is read back
  RequestSize request;  // length of the requests to it
  Lag lag;
  Throttle writing;
  Throttle checking;
  Flushing flushing;
  Durable durable;

  Requests requests;
  // Read by any thread.
  std::atomic<bool> stalled = false;
  std::atomic<uint64_t> written = 0;
  std::atomic<uint64_t> zeroed = 0;
  std::atomic<uint64_t> verified = 0;

  // Call this after `pinned` or `in_flight` has changed.
  void keep_pace(Clock::time_point now) {
    if (pinned + in_flight > 0)
      pace.begin(now);
    else
      pace.end(now);
  }
};

using Destinations = std::vector<std::unique_ptr<Destination>>;

}  // namespace kcopyd

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
#include "../control/isolation.h"
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

// What a destination may have in the page cache, bytes: so much is flushed in about a second by a slow stick.
constexpr uint64_t kMaxUnflushed = uint64_t{64} << 20;

// A destination's flushes, one at a time. Worker thread.
struct Flushing {
  SlotTransfer transfer;
  unsigned failed_before = 0;  // flushes of the device, whoever's, when the job began
  unsigned ended_before = 0;   // the same for those that ended, when its own was last found to be queued
  bool between = false;        // the one in flight is one of those between writes
  bool unsynced = false;       // KCOPYD_COMPARE: the page cache may have what others wrote
  uint64_t unflushed = 0;      // bytes written since the last one began
  Clock::time_point began{};
  Clock::time_point due{};
};

// Worker thread, but for what is atomic, and durable.
struct Destination {
  explicit Destination(Sink&& to) : sink(std::move(to)) {}

  // Fixed when the job begins.
  Sink sink;
  uint64_t chunks = 0;     // that it has
  Bitmap todo;             // those to be written
  Bitmap check;            // those to be read back; fewer when the source cannot be read where it could before
  uint64_t wanted = 0;     // turns it takes part in
  uint64_t to_write = 0;   // bytes
  uint64_t to_verify = 0;  // bytes

  DestinationState state;
  uint64_t next = 0;         // the turn it takes next; destinations with the same one read together
  uint64_t settled = 0;      // turns it is through with
  uint64_t write_turn = 0;   // KCOPYD_WRITE_SEQ: the next to be written
  uint64_t verify_next = 0;  // the chunk to be read back next
  unsigned pinned = 0;       // slots that are kept for it
  unsigned in_flight = 0;    // writes and reads that verify
  unsigned lost = 0;         // I/O that timed out and has not come back

  Pace pace;            // how fast it writes; then, how fast it is read back
  RequestSize request;  // to it
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

  // After pinned or in_flight has changed.
  void keep_pace(Clock::time_point now) {
    if (pinned + in_flight > 0)
      pace.begin(now);
    else
      pace.end(now);
  }
};

using Destinations = std::vector<std::unique_ptr<Destination>>;

}  // namespace kcopyd

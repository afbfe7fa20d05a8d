// One destination of a job: where it stands, what it has to do, and what it holds.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>

#include "../bitmap.h"
#include "../control/faster_way.h"
#include "../control/isolation.h"
#include "../control/request_size.h"
#include "../control/throttle.h"
#include "../device.h"
#include "../kcopyd.h"
#include "durable.h"
#include "../transfer/slot.h"

namespace kcopyd {

// Worker thread, but for the atomics and durable.
struct Destination {
  // Fixed when the job begins.
  block_device* device = nullptr;
  uint64_t offset = 0;          // bytes
  uint64_t length = 0;          // bytes
  uint64_t chunks = 0;          // sub-jobs that it has
  Bitmap todo;                  // those to be written
  Bitmap check;                 // those to be read back; fewer, when the source cannot be read where it could before
  uint64_t wanted = 0;          // turns it takes part in
  uint64_t to_write = 0;        // bytes
  uint64_t to_verify = 0;       // bytes
  bool beside = false;          // its file system can copy from the source (KCOPYD_COPY_RANGE)
  unsigned failed_flushes = 0;  // of its device, whoever's
  uint64_t blank_from = UINT64_MAX;  // bytes on the device from which on it is zeros

  uint64_t next = 0;           // the turn it takes next; destinations with the same one read together
  uint64_t settled = 0;        // turns it is through with
  uint64_t turn = 0;           // KCOPYD_WRITE_SEQ: the next to be written
  uint64_t verify_next = 0;    // the next to be read back
  unsigned pinned = 0;         // slots that are kept for it
  unsigned in_flight = 0;      // writes, reads that verify, and flushes
  unsigned lost = 0;           // of those, what was given up and has not come back
  Stall stall;                 // how long it held up the others that are as far as it
  Pace pace;                   // how fast it writes; then, how fast it is read back
  RequestSize request;         // to it
  FasterWay faster;            // when it is beside the source
  std::optional<Apart> apart;  // it was left behind
  unsigned misjudged = 0;      // how often it was, and proved to be as fast
  bool blanked = false;        // the zeros in the head's place are flushed (KCOPYD_HEAD_LAST)
  bool sealed = false;         // all but the head is flushed (KCOPYD_HEAD_LAST)
  bool dropped = false;        // it failed and gets no more I/O
  bool cancelled = false;      // it, or the job, was cancelled, and that was seen
  Throttle writing;
  Throttle checking;

  bool unsynced = false;  // KCOPYD_COMPARE: what others wrote to it may be in the page cache only
  SlotTransfer flush;
  unsigned ended_flushes = 0;  // of its device, when its own was last found to be queued
  bool in_step = false;        // the flush in flight is one of those between writes
  uint64_t unflushed = 0;      // bytes written since the last flush began
  Clock::time_point flush_began{};
  Clock::time_point flush_due{};
  Durable durable;

  // Asked by any thread.
  std::atomic<bool> cancel_asked = false;
  std::atomic<bool> pause_asked = false;
  std::atomic<uint64_t> limit = 0;  // bytes per second
  // Told to any thread.
  std::atomic<kcopyd_state> state = KCOPYD_WAITING;
  std::atomic<bool> stalled = false;
  std::atomic<uint64_t> written = 0;
  std::atomic<uint64_t> zeroed = 0;
  std::atomic<uint64_t> verified = 0;

  // What it writes is in the page cache until it is flushed.
  bool cached() const { return beside || !device->use_direct; }
  bool over() const { return state >= KCOPYD_DONE; }
  // After pinned or in_flight has changed.
  void keep_pace(Clock::time_point now) {
    if (pinned + in_flight > 0)
      pace.begin(now);
    else
      pace.end(now);
  }
};

}  // namespace kcopyd

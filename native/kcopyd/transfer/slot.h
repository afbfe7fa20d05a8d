// One buffer of the pool and the transfers that use it. A slot carries one sub-job at a time.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>

#include "../kcopyd.h"
#include "transfer.h"

namespace kcopyd {

class Job;
struct Slot;

// A transfer that knows what it belongs to.
struct SlotTransfer : Transfer {
  Job* job = nullptr;
  Slot* slot = nullptr;      // nullptr for a flush
  unsigned destination = 0;  // of a write, a flush and a read that verifies
  enum class Kind : uint8_t { source, write, verify, flush } kind = Kind::source;
  bool in_flight = false;
  bool queued = false;                            // a flush that waits for another one of its device
  bool lost = false;                              // timed out; the kernel still has it
  std::chrono::steady_clock::time_point began{};  // when its first request was issued
  std::chrono::steady_clock::time_point
      since{};  // when its last request was issued; of a queued flush, when it was queued or another last ended
  uint64_t counted = 0;  // bytes of it that are already counted
};

// Worker thread.
struct Slot {
  explicit Slot(std::span<std::byte> memory) : buffer(memory) {}

  std::span<std::byte> buffer;
  uint64_t turn = 0;         // its place in the job's order
  uint64_t chunk = 0;        // which sub-job
  bool blank = false;        // zeros are written in place of what was read (KCOPYD_HEAD_LAST)
  size_t length = 0;         // bytes of that sub-job
  uint32_t pending = 0;      // destinations that still have to write it
  uint32_t held = 0;         // those of them whose write waits for its turn (KCOPYD_WRITE_SEQ)
  bool reading = false;      // the source is being read into it
  bool again = false;        // this sub-job was read before, for faster destinations
  bool holes = false;        // part of it could not be read
  bool unlike_hash = false;  // because of the holes it does not match its known hash
  bool zero = false;         // it is all zeros, and destinations are asked to zero rather than to write
  unsigned lost = 0;         // transfers that timed out; the buffer belongs to the kernel until they come back
  SlotTransfer read;
  std::array<SlotTransfer, KCOPYD_MAX_DESTS> writes;
};

}  // namespace kcopyd

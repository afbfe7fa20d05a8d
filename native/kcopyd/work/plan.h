// What a job was asked to do, and the order of its chunks. Fixed before it starts.
//
// A turn is a chunk's place in that order: ascending, descending, or with the first chunk twice (KCOPYD_HEAD_LAST: as
// zeros at the start, as itself at the end).
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>

#include "../kcopyd.h"
#include "../transfer/transfer.h"
#include "destination.h"

namespace kcopyd {

struct Plan {
  unsigned flags = 0;
  size_t chunk_size = 0;  // bytes
  std::chrono::milliseconds stall_timeout{0};
  std::chrono::milliseconds flush_interval{0};
  uint64_t length = 0;  // bytes: of the source, or of the longest destination
  uint64_t chunks = 0;
  bool compares = false;       // nothing is written (KCOPYD_COMPARE)
  bool verifies = false;       // what was written is read back
  bool hashes_source = false;  // every chunk of the source gets a hash
  bool leaves_holes = false;   // zeros at the end of a new image are not written
  bool head_last = false;
  bool one_at_a_time = false;  // source and destination overlap: as memmove
  bool descending = false;
  bool ragged = false;  // the last chunk ends inside a block of some destination

  bool flag(unsigned f) const { return (flags & f) != 0; }

  uint64_t chunks_in(uint64_t bytes) const { return bytes / chunk_size + (bytes % chunk_size != 0); }
  uint64_t chunk_length(uint64_t chunk, uint64_t of_bytes) const {
    return std::min<uint64_t>(chunk_size, of_bytes - chunk * chunk_size);
  }
  uint64_t turns() const { return head_last ? chunks + 1 : chunks; }
  uint64_t turns_of(const Destination& d) const { return d.chunks + (head_last ? 1 : 0); }
  uint64_t chunk_at(uint64_t turn) const { return descending ? chunks - 1 - turn : turn % chunks; }
  bool blank_at(uint64_t turn) const { return head_last && turn == 0; }
  bool head_at(uint64_t turn) const { return head_last && turn == chunks; }

  bool writes(const Destination& d, uint64_t chunk) const { return !compares && d.todo.has(chunk); }
  bool checks(const Destination& d, uint64_t chunk) const { return verifies && d.check.has(chunk); }
  bool has_head(const Destination& d) const { return head_last && writes(d, 0); }
  // The medium may still have its old head, so only the zeros in its place may be written yet. When the head is all
  // there is to write, no flush comes between.
  bool blanks_head(const Destination& d) const { return has_head(d) && !d.state.head_blanked() && d.wanted > 2; }

  bool ignores_read() const { return flag(KCOPYD_IGNORE_ERROR | KCOPYD_IGNORE_READ); }
  bool ignores_write() const { return flag(KCOPYD_IGNORE_ERROR | KCOPYD_IGNORE_WRITE); }
  OnError on_read_error(bool strict) const {
    if (flag(KCOPYD_SKIP_BAD)) return OnError::stop_at_once;
    return ignores_read() ? OnError::go_on : strict ? OnError::stop_at_once : OnError::stop;
  }
  OnError on_write_error(bool strict) const {
    return ignores_write() ? OnError::go_on : strict ? OnError::stop_at_once : OnError::stop;
  }
};

}  // namespace kcopyd

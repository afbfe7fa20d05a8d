#include "reader.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "../zeros.h"

namespace kcopyd {

void Reader::add_members(Slot& slot, uint32_t members) {
  for (unsigned i = 0; i < work_.destinations.size(); ++i) {
    if (!(members >> i & 1)) continue;
    Destination& d = *work_.destinations[i];
    ++d.next;
    ++d.pinned;
    d.keep_pace(Clock::now());
    d.writing.take();
    work_.skip_turns(d);
  }
  slot.pending |= members;
}

bool Reader::join(Round& round, Take take) {
  const auto there = std::ranges::find_if(work_.active, [&](const Slot* s) { return s->turn == take.turn; });
  if (there == work_.active.end()) return false;
  Slot& slot = **there;
  if (!slot.reading && slot.pending == 0) return false;  // timed out
  add_members(slot, take.members);
  if (slot.reading) return true;
  if (slot.unlike_hash) do_not_check(slot, take.members);
  writer_.start(round, slot, take.members);
  return true;
}

void Reader::take(Round& round, Take take) {
  const Plan& plan = work_.plan;
  Source& source = *work_.source;
  Slot& slot = *round.pool.acquire();
  slot.turn = take.turn;
  slot.chunk = plan.chunk_at(take.turn);
  slot.blank = plan.blank_at(take.turn);
  slot.length = plan.chunk_length(slot.chunk, source.length());
  slot.pending = 0;
  slot.held = 0;
  slot.holes = false;
  slot.unlike_hash = false;
  const uint64_t at = slot.chunk * plan.chunk_size;
  slot.zero = !slot.blank && source.is_hole(at, slot.length);
  slot.reading = !slot.zero;
  slot.again = taken_[take.turn];
  taken_[take.turn] = true;
  work_.active.push_back(&slot);
  add_members(slot, take.members);
  if (slot.zero) {
    if (source.device() != nullptr && !slot.again) work_.bytes_read += slot.length;
    hand_out(round, slot);
    return;
  }
  transfers_.begin(slot.read, &slot, SlotTransfer::Kind::source, 0);
  slot.read.seal(plan.head_at(take.turn));
  source.read(round.io, slot, at, plan.on_read_error(round.strict));
}

void Reader::finished(Round& round, Slot& slot) {
  slot.reading = false;
  const bool unreadable = !slot.read.bad().empty();
  const auto list = [&] {
    work_.report.add_bad(KCOPYD_SIDE_READ, -1, *work_.source->device(), slot.read, work_.tried_before(slot));
  };
  if (slot.read.cut_short()) {  // its destinations are cancelled
    if (unreadable) list();
    return;
  }
  slot.holes = unreadable;
  if (slot.again && work_.report.read_error() != 0) blank_known_holes(slot);
  if (slot.holes && work_.plan.flag(KCOPYD_SKIP_BAD)) {
    pass_over(slot);
    return;
  }
  if (unreadable) {
    list();
    if (!work_.plan.ignores_read()) {
      work_.leave(slot, ~uint32_t{0});
      work_.source_failed(slot.turn);
      return;
    }
  }
  hand_out(round, slot);
}

// Lists the chunk whole and writes it nowhere (KCOPYD_SKIP_BAD), even for a destination that could read now what others
// could not.
void Reader::pass_over(Slot& slot) {
  if (!slot.read.bad().empty()) {
    const int err = slot.read.bad().front().err;
    const kcopyd_cause cause = classify(KCOPYD_SIDE_READ, err, *work_.source->device());
    work_.report.add(work_.unread(slot, cause, err), slot.again);
  }
  // The hash is that of an earlier read. It stays for the destinations that got the chunk then.
  if (work_.plan.hashes_source && work_.hashes.known(slot.chunk))
    do_not_check(slot, slot.pending);
  else if (work_.plan.hashes_source)
    work_.hashes.leave_out(slot.chunk);
  settle(slot);
  work_.leave(slot, ~uint32_t{0});
}

// Counts the chunk as finished for its destinations, without writing it.
void Reader::settle(const Slot& slot) {
  for (unsigned i = 0; i < work_.destinations.size(); ++i) {
    if (slot.pending >> i & 1) ++work_.destinations[i]->settled;
  }
}

// A hole stays a hole even if the second read filled it, so that all destinations get the same bytes.
void Reader::blank_known_holes(Slot& slot) {
  const uint64_t start = work_.source->on_device(slot.chunk * work_.plan.chunk_size);
  const uint64_t end = start + slot.length;
  std::array<kcopyd_error, 64> batch{};
  const ErrorList& errors = work_.report.errors();
  for (size_t first = 0; const size_t got = errors.copy(first, batch.size(), batch.data()); first += got) {
    for (const kcopyd_error& hole : std::span(batch).first(got)) {
      const uint64_t from = std::max(start, hole.offset);
      const uint64_t to = std::min(end, hole.offset + hole.length);
      // A mismatch was read, so it is not a hole.
      if (hole.side != KCOPYD_SIDE_READ || hole.cause == KCOPYD_CAUSE_MISMATCH || from >= to) continue;
      std::memset(slot.buffer.data() + (from - start), 0, to - from);
      slot.holes = true;
    }
  }
}

ChunkHashes::Hash Reader::hash_of_zeros(Slot& slot) {
  if (!zeros_ || zeros_->first != slot.length) {
    std::memset(slot.buffer.data(), 0, slot.length);
    zeros_.emplace(slot.length, ChunkHashes::of(slot.buffer.first(slot.length)));
  }
  return zeros_->second;
}

ChunkHashes::Hash Reader::hash_of(Slot& slot) {
  return slot.zero ? hash_of_zeros(slot) : ChunkHashes::of(slot.buffer.first(slot.length));
}

void Reader::find_zeros(Slot& slot) {
  // Read the head even so, to find out that it cannot be read before anything is written.
  if (slot.blank) {
    work_.keep_head(slot.buffer.first(slot.length));
    std::memset(slot.buffer.data(), 0, slot.length);
  } else if (work_.plan.flag(KCOPYD_SPARSE) && !slot.zero) {
    slot.zero = all_zero(slot.buffer.first(slot.length));
  }
}

// True when the chunk matches its hash, which is known from before the job or from an earlier read. If not, no
// destination gets it.
bool Reader::is_what_it_was(Slot& slot) {
  const uint64_t chunk = slot.chunk;
  if (work_.plan.compares && slot.holes) work_.hashes.leave_out(chunk);  // what was not read cannot be compared
  if (work_.plan.compares || !work_.hashes.known(chunk) || work_.hashes.left_out(chunk)) return true;
  if (ChunkHashes::equal(hash_of(slot), work_.hashes.at(chunk))) return true;
  if (!slot.holes) {
    source_changed(slot);
    return false;
  }
  slot.unlike_hash = true;
  do_not_check(slot, slot.pending);
  return true;
}

void Reader::hand_out(Round& round, Slot& slot) {
  const bool hashes = work_.plan.hashes_source && !slot.blank;
  find_zeros(slot);
  // Do this before anyone writes from the buffer, which it may clear.
  if (hashes && slot.zero) hash_of_zeros(slot);
  if (hashes && !is_what_it_was(slot)) return;
  if (work_.plan.compares) {
    settle(slot);
    work_.leave(slot, ~uint32_t{0});
  } else {
    writer_.start(round, slot, ~uint32_t{0});
    // Let the devices work while the hash is made from what is still in the processor's cache.
    round.io.kick();
  }
  if (hashes && !work_.hashes.known(slot.chunk)) work_.hashes.set(slot.chunk, hash_of(slot));
}

// Part of a chunk with a known hash could not be read now. Its destinations get zeros there, which are listed, so they
// do not match the hash.
void Reader::do_not_check(const Slot& slot, uint32_t members) {
  for (unsigned i = 0; i < work_.destinations.size(); ++i) {
    Destination& d = *work_.destinations[i];
    if (members >> i & 1) d.check.leave_out(slot.chunk, d.chunks);
  }
}

// The source no longer has what earlier destinations got, so later ones get nothing.
void Reader::source_changed(Slot& slot) {
  work_.report.add(work_.unread(slot, KCOPYD_CAUSE_MISMATCH, 0), slot.again);
  for (unsigned i = 0; i < work_.destinations.size(); ++i) {
    if (slot.pending >> i & 1) work_.fail(i);
  }
  work_.leave(slot, ~uint32_t{0});
}

}  // namespace kcopyd

// What was read of the source: holes and changes in it, its hashes, and who gets it.
#include <algorithm>
#include <array>
#include <cstring>

#include "../zeros.h"
#include "job.h"

namespace kcopyd {

void Job::source_read(Engine& engine, Slot& slot) {
  slot.reading = false;
  const bool unreadable = !slot.read.bad().empty();
  if (slot.read.cut_short()) {  // those it was for are cancelled
    if (unreadable) record(KCOPYD_SIDE_READ, -1, slot.read, tried_before(slot));
    return;
  }
  slot.holes = unreadable;
  if (slot.again && read_error_ != 0) blank_known_holes(slot);
  if (slot.holes && flag(KCOPYD_SKIP_BAD)) {
    pass_over(slot);
    return;
  }
  if (unreadable) {
    record(KCOPYD_SIDE_READ, -1, slot.read, tried_before(slot));
    if (!ignores_read()) {
      abandon(slot, ~uint32_t{0});
      source_failed(slot.turn);
      return;
    }
  }
  write_out(engine, slot);
}

// Listed whole and written nowhere (KCOPYD_SKIP_BAD), also for those who could read now what others could not.
void Job::pass_over(Slot& slot) {
  if (!slot.read.bad().empty()) {
    read_error_ = 1;
    const int err = slot.read.bad().front().err;
    errors_.add({.side = KCOPYD_SIDE_READ,
                 .destination = -1,
                 .cause = classify(KCOPYD_SIDE_READ, err, *source_),
                 .err = err,
                 .flush = 0,
                 .offset = source_offset_ + slot.chunk * chunk_size_,
                 .length = slot.length},
                slot.again);
  }
  // Who got it before has what its hash says all the same.
  if (hashes_source_ && hashes_.known(slot.chunk))
    do_not_check(slot, slot.pending);
  else if (hashes_source_)
    hashes_.leave_out(slot.chunk);
  for (unsigned i = 0; i < destinations_.size(); ++i) {
    if (slot.pending >> i & 1) ++destinations_[i]->settled;
  }
  abandon(slot, ~uint32_t{0});
}

// The sub-job of this turn is written nowhere. In sequence, nothing that comes after it is either.
void Job::source_failed(uint64_t turn) {
  stopped_ = true;
  broken_turn_ = std::min(broken_turn_, turn);
  for (Slot* other : active_) {
    if (other->turn > broken_turn_) abandon(*other, other->held);
  }
}

// A hole that can be read the second time stays a hole: all destinations get the same bytes.
void Job::blank_known_holes(Slot& slot) {
  const uint64_t start = source_offset_ + slot.chunk * chunk_size_;
  const uint64_t end = start + slot.length;
  std::array<kcopyd_error, 64> batch{};
  for (size_t first = 0; const size_t got = errors_.copy(first, batch.size(), batch.data()); first += got) {
    for (const kcopyd_error& hole : std::span(batch).first(got)) {
      const uint64_t from = std::max(start, hole.offset);
      const uint64_t to = std::min(end, hole.offset + hole.length);
      // What was read and is not what it was is no hole.
      if (hole.side != KCOPYD_SIDE_READ || hole.cause == KCOPYD_CAUSE_MISMATCH || from >= to) continue;
      std::memset(slot.buffer.data() + (from - start), 0, to - from);
      slot.holes = true;
    }
  }
}

ChunkHashes::Hash Job::hash_of_zeros(Slot& slot) {
  if (!zeros_ || zeros_->first != slot.length) {
    std::memset(slot.buffer.data(), 0, slot.length);
    zeros_.emplace(slot.length, ChunkHashes::of(slot.buffer.first(slot.length)));
  }
  return zeros_->second;
}

void Job::write_out(Engine& engine, Slot& slot) {
  const bool hashes = hashes_source_ && !slot.blank;
  const std::span<const std::byte> data = slot.buffer.first(slot.length);
  const auto hash = [&] { return slot.zero ? hash_of_zeros(slot) : ChunkHashes::of(data); };
  // It was read all the same: a source whose head cannot be read is found out before anything is written.
  if (slot.blank) {
    std::memset(slot.buffer.data(), 0, slot.length);
  } else if (flag(KCOPYD_SPARSE) && !slot.zero) {
    slot.zero = all_zero(data);
  }
  // Before anybody writes from the buffer, which it may clear.
  if (hashes && slot.zero) hash_of_zeros(slot);
  if (op_ == KCOPYD_COMPARE && slot.holes) {
    hashes_.leave_out(slot.chunk);  // what could not be read cannot be compared
  } else if (hashes && op_ == KCOPYD_COPY && hashes_.known(slot.chunk) && !hashes_.left_out(slot.chunk)) {
    if (!ChunkHashes::equal(hash(), hashes_.at(slot.chunk))) {
      if (!slot.holes) {
        source_changed(slot);
        return;
      }
      slot.unlike_hash = true;
      do_not_check(slot, slot.pending);
    }
  }
  if (op_ != KCOPYD_COMPARE) {
    for (unsigned i = 0; i < destinations_.size(); ++i) start_write(engine, slot, i);
    // The devices work while the hash is made of what is now in the processor's cache.
    engine.io.kick();
  } else {
    for (unsigned i = 0; i < destinations_.size(); ++i) {
      if (slot.pending >> i & 1) ++destinations_[i]->settled;
    }
    abandon(slot, ~uint32_t{0});
  }
  if (hashes && !hashes_.known(slot.chunk)) hashes_.set(slot.chunk, hash());
}

// A sub-job with a hash, from before or from those who had it first, of which not all could be read now. It is listed
// as that; its destinations get zeros for what is missing, so what they have is not what has that hash.
void Job::do_not_check(const Slot& slot, uint32_t destinations) {
  for (unsigned i = 0; i < destinations_.size(); ++i) {
    if (destinations >> i & 1) destinations_[i]->check.leave_out(slot.chunk, destinations_[i]->chunks);
  }
}

// Those who come later were to get what the first ones got, and the source has something else now.
void Job::source_changed(Slot& slot) {
  read_error_ = 1;
  errors_.add({.side = KCOPYD_SIDE_READ,
               .destination = -1,
               .cause = KCOPYD_CAUSE_MISMATCH,
               .err = 0,
               .flush = 0,
               .offset = source_offset_ + slot.chunk * chunk_size_,
               .length = slot.length},
              slot.again);
  for (unsigned i = 0; i < destinations_.size(); ++i) {
    if (slot.pending >> i & 1) drop(i);
  }
  abandon(slot, ~uint32_t{0});
}

}  // namespace kcopyd

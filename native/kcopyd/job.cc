#include "job.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace kcopyd {
namespace {

// Sub-jobs of one destination that are read back at the same time.
constexpr unsigned kVerifyDepth = 2;

bool all_zero(std::span<const std::byte> data) {
  return data.empty() ||
         (data[0] == std::byte{0} && std::memcmp(data.data(), data.data() + 1, data.size() - 1) == 0);
}

}  // namespace

Job::Job(const kcopyd_request& request, size_t chunk_size)
    : op_(request.op), flags_(request.flags), fn_(request.fn), context_(request.context), chunk_size_(chunk_size) {}

uint64_t Job::chunk_length(uint64_t chunk, uint64_t length) const {
  return std::min<uint64_t>(chunk_size_, length - chunk * chunk_size_);
}

void Job::start(Engine& engine) {
  const bool compares = op_ == KCOPYD_COMPARE;
  const auto attach = [&](block_device& device) {
    attached_.push_back((device.use_direct ? device.direct : device.buffered).get());
    engine.io.attach(attached_.back());
  };
  if (source_ != nullptr) {
    attach(*source_);
    if (compares) source_->drop_cache();
  }
  for (const auto& d : destinations_) {
    attach(*d->device);
    if (compares) d->device->drop_cache();
    if (d->length % d->device->logical_block != 0) ragged_ = true;
    d->state = d->length == 0 ? KCOPYD_DONE : compares ? KCOPYD_VERIFYING : KCOPYD_COPYING;
  }
}

// ---- Starting sub-jobs -----------------------------------------------------------------------------------

bool Job::wants_source() const {
  return next_ < turns() && !stopped_ && std::ranges::any_of(destinations_, [this](const auto& d) {
           return !d->over() && !d->dropped && chunk_at(next_) < d->chunks;
         });
}

bool Job::pump(Engine& engine, bool room) {
  room = room && pump_source(engine);
  for (unsigned i = 0; room && i < destinations_.size(); ++i) room = pump_verify(engine, i);
  settle(engine);
  return room;
}

bool Job::may_take(uint64_t turn) const {
  // The last block of a ragged end goes through the page cache. A neighbour's direct write to the same page must
  // not be under way then, or the older one of the two could win.
  if (ragged_ && chunk_at(turn) + 1 == chunks_ && !active_.empty()) return false;
  return !head_at(turn) || std::ranges::all_of(destinations_, [](const auto& d) { return d->sealed || d->over(); });
}

bool Job::pump_source(Engine& engine) {
  while (wants_source() && active_.size() < (one_at_a_time_ ? 1 : KCOPYD_MAX_SUBJOBS) && may_take(next_)) {
    const uint64_t chunk = chunk_at(next_);
    if (engine.pool.empty()) return false;
    if (!engine.throttle.admit(chunk_length(chunk, length_))) break;
    Slot* slot = engine.pool.acquire();
    slot->turn = next_++;
    slot->chunk = chunk;
    slot->blank = blank_at(slot->turn);
    slot->length = chunk_length(chunk, length_);
    slot->held = 0;
    slot->writing = 0;
    slot->reading = op_ != KCOPYD_ZERO;
    active_.push_back(slot);
    if (op_ == KCOPYD_ZERO) {
      std::memset(slot->buffer.data(), 0, slot->length);
      write_out(engine, *slot);
      continue;
    }
    slot->read.job = this;
    slot->read.slot = slot;
    slot->read.kind = SlotTransfer::Kind::source;
    slot->read.read(engine.io, *source_, slot->buffer.data(), slot->buffer.size(),
                    source_offset_ + slot->chunk * chunk_size_, slot->length, on_error(engine));
  }
  return true;
}

bool Job::pump_verify(Engine& engine, unsigned destination) {
  Destination& d = *destinations_[destination];
  while (d.state == KCOPYD_VERIFYING && !d.dropped && !observed_cancel_ && d.in_flight < kVerifyDepth &&
         d.verify_next < d.chunks && hashes_.known(chunk_at(d.verify_next))) {
    const uint64_t chunk = chunk_at(d.verify_next);
    if (hashes_.left_out(chunk)) {
      ++d.verify_next;
      continue;
    }
    if (engine.pool.empty()) return false;
    Slot* slot = engine.pool.acquire();
    ++d.verify_next;
    slot->chunk = chunk;
    slot->length = chunk_length(slot->chunk, d.length);
    slot->read.job = this;
    slot->read.slot = slot;
    slot->read.kind = SlotTransfer::Kind::verify;
    slot->read.destination = destination;
    ++d.in_flight;
    ++reading_back_;
    slot->read.read(engine.io, *d.device, slot->buffer.data(), slot->buffer.size(),
                    d.offset + slot->chunk * chunk_size_, slot->length, on_error(engine));
  }
  return true;
}

// ---- Transfers that ended --------------------------------------------------------------------------------

void Job::ended(Engine& engine, SlotTransfer& transfer) {
  switch (transfer.kind) {
    case SlotTransfer::Kind::source:
      source_read(engine, *transfer.slot);
      break;
    case SlotTransfer::Kind::write:
      written(engine, transfer);
      break;
    case SlotTransfer::Kind::flush:
      flushed(transfer.destination);
      break;
    case SlotTransfer::Kind::verify:
      verified(engine, *transfer.slot);
      break;
  }
}

void Job::source_read(Engine& engine, Slot& slot) {
  slot.reading = false;
  if (!slot.blank) bytes_read_ += slot.read.good_bytes();
  if (!slot.read.bad().empty()) {
    record(KCOPYD_SIDE_READ, -1, slot.read);
    if (!flag(KCOPYD_IGNORE_ERROR)) {
      // This sub-job is written nowhere. In sequence, nothing that comes after it is either.
      stopped_ = true;
      broken_turn_ = std::min(broken_turn_, slot.turn);
      for (Slot* other : active_) {
        if (other->turn > broken_turn_) other->held = 0;
      }
      return;
    }
  }
  write_out(engine, slot);
}

void Job::write_out(Engine& engine, Slot& slot) {
  // It was read all the same: a source whose head cannot be read is found out before anything is written.
  if (slot.blank) std::memset(slot.buffer.data(), 0, slot.length);
  if (op_ != KCOPYD_COMPARE) {
    for (unsigned i = 0; i < destinations_.size(); ++i) start_write(engine, slot, i);
    // The devices work while the hash is made of what is now in the processor's cache.
    engine.io.kick();
  }
  if (slot.blank) return;
  if (op_ == KCOPYD_COMPARE && !slot.read.bad().empty()) {
    hashes_.leave_out(slot.chunk);  // what could not be read cannot be compared
  } else if (op_ == KCOPYD_COMPARE || flag(KCOPYD_VERIFY)) {
    hashes_.set(slot.chunk, ChunkHashes::of(slot.buffer.first(slot.length)));
  }
}

void Job::start_write(Engine& engine, Slot& slot, unsigned destination) {
  Destination& d = *destinations_[destination];
  if (d.dropped || d.over() || observed_cancel_ || slot.chunk >= d.chunks) return;
  if (flag(KCOPYD_WRITE_SEQ)) {
    if (slot.turn > broken_turn_) return;
    if (slot.turn != d.turn || d.in_flight > 0) {
      slot.held |= 1u << destination;
      return;
    }
    slot.held &= ~(1u << destination);
  }
  SlotTransfer& write = slot.writes[destination];
  write.job = this;
  write.slot = &slot;
  write.kind = SlotTransfer::Kind::write;
  write.destination = destination;
  ++slot.writing;
  ++d.in_flight;
  write.write(engine.io, *d.device, slot.buffer.data(), d.offset + slot.chunk * chunk_size_,
              chunk_length(slot.chunk, d.length), on_error(engine));
}

void Job::written(Engine& engine, SlotTransfer& write) {
  const unsigned destination = write.destination;
  Destination& d = *destinations_[destination];
  --d.in_flight;
  --write.slot->writing;
  if (!write.slot->blank) d.written += write.good_bytes();
  if (!write.bad().empty()) {
    record(KCOPYD_SIDE_WRITE, static_cast<int>(destination), write);
    if (!flag(KCOPYD_IGNORE_ERROR)) {
      d.dropped = true;
      for (Slot* slot : active_) slot->held &= ~(1u << destination);
      if (engine.strict) stopped_ = true;
    }
  }
  if (d.dropped) return;
  ++d.settled;
  if (flag(KCOPYD_WRITE_SEQ)) {
    ++d.turn;
    const auto next = std::ranges::find_if(
        active_, [&](const Slot* s) { return s->turn == d.turn && (s->held >> destination & 1); });
    if (next != active_.end()) start_write(engine, **next, destination);
  }
}

void Job::flushed(unsigned destination) {
  Destination& d = *destinations_[destination];
  --d.in_flight;
  if (!d.flush.bad().empty()) {
    record(KCOPYD_SIDE_WRITE, static_cast<int>(destination), d.flush);
    d.dropped = true;
    end(destination);
    return;
  }
  if (head_last_ && !d.sealed && !stopped_) {
    d.sealed = true;
    d.state = KCOPYD_COPYING;
    return;
  }
  // What went through the page cache (a ragged end, a file system without direct I/O) is to be read back from
  // the medium.
  d.device->drop_cache();
  if (flag(KCOPYD_VERIFY) && d.settled == turns_of(d) && !observed_cancel_) {
    d.state = KCOPYD_VERIFYING;
  } else {
    end(destination);
  }
}

void Job::verified(Engine& engine, Slot& slot) {
  const unsigned destination = slot.read.destination;
  Destination& d = *destinations_[destination];
  --d.in_flight;
  --reading_back_;
  d.verified += slot.read.good_bytes();
  const std::span<const std::byte> data = slot.buffer.first(slot.length);
  if (!slot.read.bad().empty()) {
    record(KCOPYD_SIDE_VERIFY, static_cast<int>(destination), slot.read);
    if (!flag(KCOPYD_IGNORE_ERROR)) d.dropped = true;
  } else if (op_ == KCOPYD_ZERO ? !all_zero(data) : ChunkHashes::of(data) != hashes_.at(slot.chunk)) {
    write_error_ |= 1u << destination;
    errors_.add({.side = KCOPYD_SIDE_VERIFY,
                 .destination = static_cast<int>(destination),
                 .cause = KCOPYD_CAUSE_MISMATCH,
                 .err = 0,
                 .flush = 0,
                 .offset = d.offset + slot.chunk * chunk_size_,
                 .length = slot.length});
  }
  engine.pool.release(slot);
}

void Job::record(kcopyd_side side, int destination, const Transfer& transfer) {
  const block_device& device = destination < 0 ? *source_ : *destinations_[static_cast<unsigned>(destination)]->device;
  if (destination < 0) {
    read_error_ = 1;
  } else {
    write_error_ |= 1u << destination;
  }
  for (const BadRange& bad : transfer.bad()) {
    errors_.add({.side = side,
                 .destination = destination,
                 .cause = classify(side, bad.err, device),
                 .err = bad.err,
                 .flush = transfer.op() == IoOp::flush,
                 .offset = bad.offset,
                 .length = bad.length});
  }
}

// ---- Where each destination stands -----------------------------------------------------------------------

void Job::observe_cancel() {
  if (observed_cancel_ || !cancelled_) return;
  observed_cancel_ = true;
  stopped_ = true;
  for (Slot* slot : active_) slot->held = 0;
}

void Job::settle(Engine& engine) {
  observe_cancel();
  std::erase_if(active_, [&](Slot* slot) {
    const bool used = slot->reading || slot->writing > 0 || slot->held != 0;
    if (!used) engine.pool.release(*slot);
    return !used;
  });
  for (unsigned i = 0; i < destinations_.size(); ++i) settle(engine, i);
}

void Job::settle(Engine& engine, unsigned destination) {
  Destination& d = *destinations_[destination];
  if (d.in_flight > 0) return;
  if (d.state == KCOPYD_COPYING) {
    if (d.dropped) {
      end(destination);
    } else if (d.settled == turns_of(d) || (stopped_ && active_.empty()) ||
               (head_last_ && !d.sealed && d.settled == d.chunks)) {
      // Also a destination that will stay incomplete: what was written to it shall be on it.
      d.state = KCOPYD_FLUSHING;
      d.flush.job = this;
      d.flush.kind = SlotTransfer::Kind::flush;
      d.flush.destination = destination;
      ++d.in_flight;
      d.flush.flush(engine.io, *d.device, d.offset, d.length);
    }
  } else if (d.state == KCOPYD_VERIFYING) {
    const bool starved = stopped_ && active_.empty() && !hashes_.known(chunk_at(std::min(d.verify_next, chunks_ - 1)));
    if (d.dropped || observed_cancel_ || d.verify_next == d.chunks || starved) end(destination);
  }
}

void Job::end(unsigned destination) {
  Destination& d = *destinations_[destination];
  const bool copied = op_ == KCOPYD_COMPARE || d.settled == turns_of(d);
  const bool verifies = op_ == KCOPYD_COMPARE || flag(KCOPYD_VERIFY);
  const bool complete = copied && (!verifies || d.verify_next == d.chunks);
  if (complete || d.dropped || !observed_cancel_) {
    const bool good = complete && !d.dropped && !(write_error_ >> destination & 1);
    d.state = good ? KCOPYD_DONE : KCOPYD_FAILED;
    return;
  }
  write_error_ |= 1u << destination;
  errors_.add({.side = copied ? KCOPYD_SIDE_VERIFY : KCOPYD_SIDE_WRITE,
               .destination = static_cast<int>(destination),
               .cause = KCOPYD_CAUSE_CANCELLED,
               .err = ECANCELED,
               .flush = 0,
               .offset = d.offset,
               .length = d.length});
  d.state = KCOPYD_CANCELLED;
}

bool Job::finished() const {
  return active_.empty() && reading_back_ == 0 && std::ranges::all_of(destinations_, [](const auto& d) {
           return d->over() && d->in_flight == 0;
         });
}

void Job::finish(Engine& engine) {
  for (const int fd : attached_) engine.io.detach(fd);
  attached_.clear();
  if (source_ != nullptr && !source_->use_direct) source_->drop_cache();
}

void Job::progress(kcopyd_progress& sample) const {
  sample = {};
  sample.bytes_read = bytes_read_;
  sample.bytes_total = length_;
  sample.errors = errors_.size();
  sample.num_dests = static_cast<unsigned>(destinations_.size());
  for (size_t i = 0; i < destinations_.size(); ++i) {
    const Destination& d = *destinations_[i];
    sample.dests[i] = {.state = d.state, .written = d.written, .verified = d.verified};
  }
}

}  // namespace kcopyd

#include "job.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace kcopyd {
namespace {

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
  // Even when all destinations but one stop answering, the last one finds its share of the pool.
  const auto share = engine.pool.stats().slots / (static_cast<unsigned>(destinations_.size()) + 1);
  credit_ = std::clamp(share, 1u, KCOPYD_MAX_SUBJOBS);
  started_ = Engine::Clock::now();
  for (const auto& d : destinations_) {
    attach(*d->device);
    if (compares) d->device->drop_cache();
    if (d->length % d->device->logical_block != 0) ragged_ = true;
    d->state = d->length == 0 ? KCOPYD_DONE : compares ? KCOPYD_VERIFYING : KCOPYD_COPYING;
  }
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
  if (!slot.blank && !slot.again) bytes_read_ += slot.read.good_bytes();
  if (!slot.read.bad().empty()) {
    record(KCOPYD_SIDE_READ, -1, slot.read, tried_before(slot));
    if (!flag(KCOPYD_IGNORE_ERROR)) {
      // This sub-job is written nowhere. In sequence, nothing that comes after it is either.
      stopped_ = true;
      broken_turn_ = std::min(broken_turn_, slot.turn);
      abandon(slot, ~uint32_t{0});
      for (Slot* other : active_) {
        if (other->turn > broken_turn_) abandon(*other, other->held);
      }
      return;
    }
  }
  if (slot.again && read_error_ != 0) blank_known_holes(slot);
  write_out(engine, slot);
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
      if (hole.side == KCOPYD_SIDE_READ && from < to) std::memset(slot.buffer.data() + (from - start), 0, to - from);
    }
  }
}

void Job::write_out(Engine& engine, Slot& slot) {
  const bool hashes = !slot.blank && (op_ == KCOPYD_COMPARE || flag(KCOPYD_VERIFY));
  const std::span<const std::byte> data = slot.buffer.first(slot.length);
  // It was read all the same: a source whose head cannot be read is found out before anything is written.
  if (slot.blank) std::memset(slot.buffer.data(), 0, slot.length);
  if (op_ == KCOPYD_COMPARE && !slot.read.bad().empty()) {
    hashes_.leave_out(slot.chunk);  // what could not be read cannot be compared
  } else if (hashes && hashes_.known(slot.chunk)) {
    if (op_ == KCOPYD_COPY && ChunkHashes::of(data) != hashes_.at(slot.chunk)) {
      source_changed(slot);
      return;
    }
  }
  if (op_ != KCOPYD_COMPARE) {
    for (unsigned i = 0; i < destinations_.size(); ++i) start_write(engine, slot, i);
    // The devices work while the hash is made of what is now in the processor's cache.
    engine.io.kick();
  } else {
    abandon(slot, ~uint32_t{0});
  }
  if (hashes && !hashes_.known(slot.chunk)) hashes_.set(slot.chunk, ChunkHashes::of(data));
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
               .length = slot.length});
  for (unsigned i = 0; i < destinations_.size(); ++i) {
    if (slot.pending >> i & 1) drop(i);
  }
  abandon(slot, ~uint32_t{0});
}

void Job::start_write(Engine& engine, Slot& slot, unsigned destination) {
  if (!(slot.pending >> destination & 1)) return;
  Destination& d = *destinations_[destination];
  if (d.dropped || observed_cancel_ || (flag(KCOPYD_WRITE_SEQ) && slot.turn > broken_turn_)) {
    abandon(slot, 1u << destination);
    return;
  }
  if (flag(KCOPYD_WRITE_SEQ)) {
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
  ++d.in_flight;
  write.write(engine.io, *d.device, slot.buffer.data(), d.offset + slot.chunk * chunk_size_,
              chunk_length(slot.chunk, d.length), on_error(engine));
}

void Job::written(Engine& engine, SlotTransfer& write) {
  const unsigned destination = write.destination;
  Destination& d = *destinations_[destination];
  --d.in_flight;
  abandon(*write.slot, 1u << destination);
  if (!write.slot->blank) d.written += write.good_bytes();
  if (!write.bad().empty()) {
    record(KCOPYD_SIDE_WRITE, static_cast<int>(destination), write, tried_before(*write.slot));
    if (!flag(KCOPYD_IGNORE_ERROR)) {
      drop(destination);
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

// The slot is no longer kept for these destinations.
void Job::abandon(Slot& slot, uint32_t destinations) {
  const uint32_t leaving = slot.pending & destinations;
  for (unsigned i = 0; i < destinations_.size(); ++i) {
    if (leaving >> i & 1) --destinations_[i]->pinned;
  }
  slot.pending &= ~leaving;
  slot.held &= ~leaving;
}

void Job::drop(unsigned destination) {
  destinations_[destination]->dropped = true;
  // What is being written ends by itself; what waits for its turn, or for the source, does not begin.
  for (Slot* slot : active_) {
    if (slot->reading || (slot->held >> destination & 1)) abandon(*slot, 1u << destination);
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

void Job::record(kcopyd_side side, int destination, const Transfer& transfer, bool again) {
  const block_device& device = destination < 0 ? *source_ : *destinations_[static_cast<unsigned>(destination)]->device;
  if (destination < 0) {
    read_error_ = 1;
  } else {
    write_error_ |= 1u << destination;
  }
  for (const BadRange& bad : transfer.bad()) {
    const kcopyd_error error{.side = side,
                             .destination = destination,
                             .cause = classify(side, bad.err, device),
                             .err = bad.err,
                             .flush = transfer.op() == IoOp::flush,
                             .offset = bad.offset,
                             .length = bad.length};
    errors_.add(error, again);
  }
}

// ---- Where each destination stands -----------------------------------------------------------------------

void Job::observe_cancel() {
  if (observed_cancel_ || !cancelled_) return;
  observed_cancel_ = true;
  stopped_ = true;
  for (Slot* slot : active_) abandon(*slot, slot->held);
}

void Job::settle(Engine& engine) {
  observe_cancel();
  std::erase_if(active_, [&](Slot* slot) {
    const bool used = slot->reading || slot->pending != 0;
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
    } else if (d.settled == turns_of(d) || (stopped_ && d.pinned == 0) ||
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
    const bool starved = stopped_ && d.pinned == 0 && !hashes_.known(chunk_at(std::min(d.verify_next, chunks_ - 1)));
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

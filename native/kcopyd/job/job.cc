// What happens when a transfer has ended: what a destination has written, flushed and read back. What came from the
// source is in reader.cc.
#include <algorithm>
#include <utility>

#include "../zeros.h"
#include "job.h"

namespace kcopyd {

Job::Job(const kcopyd_request& request, size_t chunk_size)
    : op_(request.op),
      flags_(request.flags),
      fn_(request.fn),
      context_(request.context),
      chunk_size_(chunk_size),
      stall_timeout_(request.stall_timeout),
      flush_interval_(request.flush_interval),
      limit_(request.bytes_per_second) {}

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
  const auto slots = static_cast<unsigned>(engine.pool.stats().slots),
             others = static_cast<unsigned>(destinations_.size()) - 1;
  share_ = std::max(slots / (others + 2), 1u);
  const unsigned most = slots > (others + 1) * share_ ? slots - others * share_ : share_;
  // A short job has no time to climb, so it begins with what the kernel's kcopyd has in flight. Going down costs
  // little, and a device that gains nothing by depth is found out; one that answers late gets more.
  depth_.emplace(most, KCOPYD_MAX_SUBJOBS);
  started_ = Clock::now();
  for (const auto& d : destinations_) {
    attach(*d->device);
    d->unsynced = compares && !d->device->use_direct;
    if (d->length % d->device->logical_block != 0) ragged_ = true;
    d->beside = flag(KCOPYD_COPY_RANGE) && d->device->beside(*source_);
    if (flag(KCOPYD_SPARSE) && d->device->grows) d->blank_from = d->device->size_now();
    if (flag(KCOPYD_ASSUME_BLANK) && d->device->is_block) d->blank_from = 0;
    d->failed_flushes = d->device->flushes.failed();
    d->flush_due = started_ + flush_interval_;
    skip_turns(*d);
    skip_writes(*d);
    d->state = d->length == 0 ? KCOPYD_DONE : compares ? KCOPYD_VERIFYING : KCOPYD_COPYING;
  }
}

// ---- Transfers -------------------------------------------------------------------------------------------

// One is about to be issued.
void Job::begin(SlotTransfer& transfer, Slot* slot, SlotTransfer::Kind kind, unsigned destination) {
  transfer.job = this;
  transfer.slot = slot;
  transfer.kind = kind;
  transfer.destination = destination;
  transfer.in_flight = true;
  transfer.counted = 0;
  transfer.began = transfer.since = Clock::now();
  limit_requests(transfer);
}

void Job::limit_requests(SlotTransfer& transfer) const {
  const Destination& d = *destinations_[transfer.destination];
  const bool reads = transfer.kind == SlotTransfer::Kind::source;
  transfer.limit_requests(reads ? source_request_.of(*source_, chunk_size_) : d.request.of(*d.device, chunk_size_));
}

// What went through with the answer that came now.
void Job::count(SlotTransfer& transfer, Clock::time_point now) {
  const uint64_t bytes = transfer.good_bytes() - std::exchange(transfer.counted, transfer.good_bytes());
  if (transfer.kind == SlotTransfer::Kind::flush) return;
  const bool reads = transfer.kind == SlotTransfer::Kind::source;
  Destination& d = *destinations_[transfer.destination];
  if (bytes > 0 && transfer.carried()) (reads ? source_request_ : d.request).answered(bytes, now - transfer.since);
  if (reads) {
    if (!transfer.slot->blank && !transfer.slot->again) bytes_read_ += bytes;
    return;
  }
  d.pace.moved(bytes, now);
  if (transfer.kind == SlotTransfer::Kind::verify) {
    d.verified += bytes;
    return;
  }
  if (!transfer.slot->blank) d.written += bytes;
  d.unflushed += bytes;
}

// Has nobody any use for the rest of it?
bool Job::unwanted(const SlotTransfer& transfer) const {
  switch (transfer.kind) {
    case SlotTransfer::Kind::source:
      return transfer.slot->pending == 0;
    case SlotTransfer::Kind::write:
    case SlotTransfer::Kind::verify:
      return destinations_[transfer.destination]->cancelled;
    case SlotTransfer::Kind::flush:
      break;
  }
  return false;
}

void Job::answered(Engine& engine, SlotTransfer& transfer) {
  const bool over = transfer.advance();
  const auto now = Clock::now();
  count(transfer, now);
  if (over || unwanted(transfer)) {
    if (!over) transfer.cut();
    ended(engine, transfer);
    return;
  }
  transfer.since = now;
  limit_requests(transfer);
  transfer.go_on(engine.io);
}

void Job::ended(Engine& engine, SlotTransfer& transfer) {
  transfer.in_flight = false;
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

// ---- Writing ---------------------------------------------------------------------------------------------

void Job::start_write(Engine& engine, Slot& slot, unsigned destination) {
  if (!(slot.pending >> destination & 1)) return;
  Destination& d = *destinations_[destination];
  if (d.dropped || d.cancelled || (flag(KCOPYD_WRITE_SEQ) && slot.turn > broken_turn_)) {
    abandon(slot, 1u << destination);
    return;
  }
  if (!writes(d, slot.chunk)) {  // it only wanted the hash
    abandon(slot, 1u << destination);
    ++d.settled;
    return;
  }
  if (flag(KCOPYD_WRITE_SEQ)) {
    if (slot.turn != d.turn || d.in_flight > 0) {
      slot.held |= 1u << destination;
      return;
    }
    slot.held &= ~(1u << destination);
  }
  const uint64_t offset = d.offset + slot.chunk * chunk_size_;
  const uint64_t length = chunk_length(slot.chunk, d.length);
  if (slot.zero && offset >= d.blank_from) {
    d.zeroed += length;
    d.written += length;
    abandon(slot, 1u << destination);
    d.durable.written(slot.chunk);
    through(engine, d, destination);
    return;
  }
  SlotTransfer& write = slot.writes[destination];
  begin(write, &slot, SlotTransfer::Kind::write, destination);
  ++d.in_flight;
  if (slot.zero) {
    write.zero(engine.io, *d.device, slot.buffer.data(), slot.buffer.size(), offset, length, on_write_error(engine));
  } else if (d.beside && !slot.blank && !slot.holes && d.faster.next_is_copied()) {
    write.copy(engine.io, *d.device, *source_, source_offset_ + slot.chunk * chunk_size_, slot.buffer.data(), offset,
               length, on_write_error(engine));
  } else {
    write.write(engine.io, *d.device, slot.buffer.data(), slot.buffer.size(), offset, length, on_write_error(engine));
  }
}

void Job::written(Engine& engine, SlotTransfer& write) {
  const unsigned destination = write.destination;
  const Slot& slot = *write.slot;
  Destination& d = *destinations_[destination];
  --d.in_flight;
  abandon(*write.slot, 1u << destination);
  if (slot.zero) d.zeroed += write.zeroed_bytes();
  if (d.beside && !slot.zero && write.bad().empty() && !write.cut_short()) {
    d.faster.took(write.op() == IoOp::copy, slot.length, Clock::now() - write.began);
  }
  if (!write.bad().empty()) {
    record(KCOPYD_SIDE_WRITE, static_cast<int>(destination), write, tried_before(slot));
    if (!ignores_write()) {
      drop(destination);
      if (engine.strict) stopped_ = true;
    }
  } else if (!slot.blank && !slot.holes && !write.cut_short()) {
    d.durable.written(slot.chunk);
  }
  if (!d.dropped && !write.cut_short()) through(engine, d, destination);
}

// A destination has done a turn.
void Job::through(Engine& engine, Destination& d, unsigned destination) {
  ++d.settled;
  if (!flag(KCOPYD_WRITE_SEQ)) return;
  ++d.turn;
  skip_writes(d);
  const auto next =
      std::ranges::find_if(active_, [&](const Slot* s) { return s->turn == d.turn && (s->held >> destination & 1); });
  if (next != active_.end()) start_write(engine, **next, destination);
}

// The slot is no longer kept for these destinations.
void Job::abandon(Slot& slot, uint32_t destinations) {
  const uint32_t leaving = slot.pending & destinations;
  for (unsigned i = 0; i < destinations_.size(); ++i) {
    if (!(leaving >> i & 1)) continue;
    --destinations_[i]->pinned;
    destinations_[i]->keep_pace(Clock::now());
  }
  slot.pending &= ~leaving;
  slot.held &= ~leaving;
}

void Job::drop(unsigned destination) {
  destinations_[destination]->dropped = true;
  destinations_[destination]->flush.queued = false;
  // What is being written ends by itself; what waits for its turn, or for the source, does not begin.
  for (Slot* slot : active_) {
    if (slot->reading || (slot->held >> destination & 1)) abandon(*slot, 1u << destination);
  }
}

// The next one of its device may begin.
void Job::end_flush(Destination& d) { d.device->flushes.end(d.flush.bad().empty() ? 0 : d.flush.bad().front().err); }

void Job::flushed(unsigned destination) {
  Destination& d = *destinations_[destination];
  const bool in_step = std::exchange(d.in_step, false);
  end_flush(d);
  if (d.device->flushes.failed() != d.failed_flushes) {
    if (d.flush.bad().empty()) {
      record_whole(KCOPYD_SIDE_WRITE, destination, d.device->flushes.error(),
                   true);  // another job was told what this one has lost
    } else {
      record(KCOPYD_SIDE_WRITE, static_cast<int>(destination), d.flush);
    }
    drop(destination);
    return;
  }
  if (std::exchange(d.unsynced, false)) {
    d.device->drop_cache();
    return;
  }
  d.durable.flushed();
  if (begins(d) && d.settled > 0) d.blanked = true;
  if (in_step) {
    // A device that takes long to flush is asked less often.
    const auto now = Clock::now();
    d.flush_due = now + std::max<Clock::duration>(flush_interval_, 4 * (now - d.flush_began));
    return;
  }
  if (has_head(d) && !d.sealed && !stopped_ && !d.cancelled) {
    d.sealed = true;
    d.state = KCOPYD_COPYING;
    return;
  }
  // What went through the page cache (a ragged end, a file system without direct I/O) is to be read back from
  // the medium.
  d.device->drop_cache();
  if (verifies_ && d.settled == d.wanted && !d.cancelled) {
    d.state = KCOPYD_VERIFYING;
    d.pace = {};
    d.request = {};
  } else {
    end(destination);
  }
}

// ---- Reading back ----------------------------------------------------------------------------------------

void Job::verified(Engine& engine, Slot& slot) {
  const unsigned destination = slot.read.destination;
  Destination& d = *destinations_[destination];
  --d.in_flight;
  d.keep_pace(Clock::now());
  std::erase(reading_back_, &slot);
  const auto differs = [&] {
    const std::span<const std::byte> data = slot.buffer.first(slot.length);
    return op_ == KCOPYD_ZERO ? !all_zero(data) : !ChunkHashes::equal(ChunkHashes::of(data), hashes_.at(slot.chunk));
  };
  if (slot.read.cut_short()) d.verify_next = std::min(d.verify_next, slot.chunk);  // not all was read back
  if (!slot.read.bad().empty()) {
    record(KCOPYD_SIDE_VERIFY, static_cast<int>(destination), slot.read);
    if (!ignores_write()) d.dropped = true;
  } else if (!slot.read.cut_short() && differs()) {
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

// Of all of a destination.
void Job::record_whole(kcopyd_side side, unsigned destination, int err, bool flush) {
  const Destination& d = *destinations_[destination];
  write_error_ |= 1u << destination;
  errors_.add({.side = side,
               .destination = static_cast<int>(destination),
               .cause = classify(side, err, *d.device),
               .err = err,
               .flush = flush,
               .offset = d.offset,
               .length = d.length});
}

void Job::progress(kcopyd_progress& sample) const {
  sample = {};
  sample.bytes_read = bytes_read_;
  sample.bytes_total = to_read_;
  sample.errors = errors_.size();
  sample.num_dests = static_cast<unsigned>(destinations_.size());
  for (size_t i = 0; i < destinations_.size(); ++i) {
    const Destination& d = *destinations_[i];
    sample.dests[i] = {.state = d.state,
                       .paused = !d.over() && paused(d),
                       .stalled = !d.over() && d.stalled,
                       .written = d.written,
                       .zeroed = d.zeroed,
                       .verified = d.verified,
                       .to_write = d.to_write,
                       .to_verify = d.to_verify};
  }
}

}  // namespace kcopyd

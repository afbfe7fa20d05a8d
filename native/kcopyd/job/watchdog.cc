// What was asked of a job while it runs, and what time brings: requests to cancel, to pause and to limit; flushes in
// steps; the watchdog; and where each destination stands.
#include <algorithm>
#include <cerrno>
#include <utility>

#include "job.h"

namespace kcopyd {
namespace {

// How often in-flight I/O is looked at, and after how long without an answer a destination is shown as stalled.
constexpr std::chrono::milliseconds kWatchEvery{100};
constexpr std::chrono::milliseconds kStalledAfter{5000};
// A worker that has not looked for so long was held up itself: by a callback, or by a machine that was stopped.
constexpr std::chrono::milliseconds kAway{500};

// What a buffered destination may have in the page cache: so much is flushed in about a second by a slow stick.
constexpr uint64_t kMaxUnflushed = uint64_t{64} << 20;

constexpr std::chrono::milliseconds kFlushAgain{2};

uint64_t lower(uint64_t a, uint64_t b) { return a == 0 ? b : b == 0 ? a : std::min(a, b); }

}  // namespace

// ---- Asked by any thread ---------------------------------------------------------------------------------

bool Job::cancel(unsigned destination) {
  if (destination >= destinations_.size()) return false;
  destinations_[destination]->cancel_asked = true;
  return true;
}

bool Job::pause(int destination, bool paused) {
  if (destination < -1 || destination >= static_cast<int>(destinations_.size())) return false;
  (destination < 0 ? paused_ : destinations_[static_cast<unsigned>(destination)]->pause_asked) = paused;
  return true;
}

bool Job::throttle(int destination, uint64_t bytes_per_second) {
  if (destination < -1 || destination >= static_cast<int>(destinations_.size())) return false;
  (destination < 0 ? limit_ : destinations_[static_cast<unsigned>(destination)]->limit) = bytes_per_second;
  return true;
}

// ---- Worker thread ---------------------------------------------------------------------------------------

void Job::observe_requests() {
  const bool all = cancelled_;
  if (all) stopped_ = true;
  throttle_.set(limit_);
  for (unsigned i = 0; i < destinations_.size(); ++i) {
    Destination& d = *destinations_[i];
    d.writing.set(d.limit);
    d.checking.set(lower(d.limit, limit_));
    if ((all || d.cancel_asked) && !d.cancelled && !d.over()) cancel_now(i);
    // It is nobody's fault that a paused destination does not take its turn.
    if (!paused(d)) continue;
    d.stall.end(Clock::now());
    depth_->disturbed();
  }
}

void Job::cancel_now(unsigned destination) {
  destinations_[destination]->cancelled = true;
  for (Slot* slot : active_) {
    if (slot->reading || (slot->held >> destination & 1)) abandon(*slot, 1u << destination);
  }
}

void Job::settle(Engine& engine) {
  observe_requests();
  const auto now = Clock::now();
  std::erase_if(active_, [&](Slot* slot) {
    const bool used = slot->reading || slot->pending != 0;
    if (!used) depth_->ended(now, slot->length);
    // What was given up is still the kernel's to read or write; came_back() releases it.
    if (!used && slot->lost == 0) engine.pool.release(*slot);
    return !used;
  });
  for (unsigned i = 0; i < destinations_.size(); ++i) settle(engine, i);
}

void Job::settle(Engine& engine, unsigned destination) {
  Destination& d = *destinations_[destination];
  if (d.over()) return;
  if (d.state == KCOPYD_COPYING && !d.flush.in_flight) flush_in_steps(engine, destination);
  if (d.in_flight > 0 || d.flush.in_flight) return;
  if (d.dropped) {
    end(destination);
  } else if (d.unsynced && !d.cancelled) {
    start_flush(engine, destination, true);  // the cache lets go of nothing before
  } else if (d.state == KCOPYD_COPYING) {
    const bool given_up = (stopped_ || d.cancelled) && d.pinned == 0;
    const bool all_but_head = has_head(d) && !d.sealed && d.settled + 1 == d.wanted;
    // Also a destination that will stay incomplete: what was written to it shall be on it.
    if (d.settled == d.wanted || given_up || all_but_head) {
      start_flush(engine, destination, false);
    } else if (begins(d) && d.settled == 1) {
      start_flush(engine, destination, true);
    }
  } else if (d.state == KCOPYD_VERIFYING) {
    const bool starved = stopped_ && d.pinned == 0 && !hashes_.known(chunk_at(std::min(d.verify_next, chunks_ - 1)));
    if (d.cancelled || d.verify_next == d.chunks || starved) end(destination);
  }
}

// ---- Flushing --------------------------------------------------------------------------------------------

void Job::start_flush(Engine& engine, unsigned destination, bool in_step) {
  Destination& d = *destinations_[destination];
  if (!d.device->flushes.begin()) {
    queue_flush(engine, destination);
    return;
  }
  d.flush.queued = false;
  if (!in_step) {
    d.state = KCOPYD_FLUSHING;
    // Zeros at the end of a new image were written by nobody.
    const bool zeros = flag(KCOPYD_SPARSE) || op_ == KCOPYD_ZERO;
    const int err = zeros && d.device->grows && d.settled == d.wanted ? d.device->extend(d.offset + d.length) : 0;
    if (err != 0) {
      record_whole(KCOPYD_SIDE_WRITE, destination, err);
      d.device->flushes.end(0);
      d.dropped = true;
      end(destination);
      return;
    }
  }
  d.in_step = in_step;
  d.flush_began = Clock::now();
  d.unflushed = 0;
  d.durable.flush_begins();
  begin(d.flush, nullptr, SlotTransfer::Kind::flush, destination);
  d.flush.flush(engine.io, *d.device, d.offset, d.length);
}

// Another destination, or another job, flushes the same device. It has its time to answer as if it were asked already.
void Job::queue_flush(Engine& engine, unsigned destination) {
  Destination& d = *destinations_[destination];
  const auto now = Clock::now();
  const unsigned ended = d.device->flushes.ended();
  if (!d.flush.queued || d.ended_flushes != ended) d.flush.since = now;
  d.ended_flushes = ended;
  d.flush.queued = true;
  d.flush.kind = SlotTransfer::Kind::flush;
  d.flush.destination = destination;
  engine.ask_again(now + kFlushAgain);
}

// So that closing and cancelling stay short, and what is on the medium can be told while the job runs.
void Job::flush_in_steps(Engine& engine, unsigned destination) {
  Destination& d = *destinations_[destination];
  if (flush_interval_.count() == 0 || d.dropped || d.cancelled || stopped_ || d.settled == d.wanted) return;
  const bool full = d.cached() && d.unflushed >= kMaxUnflushed / 2;
  if (!full && (!d.durable.has_fresh() || Clock::now() < d.flush_due)) return;
  start_flush(engine, destination, true);
}

// It takes writes into the page cache faster than it flushes them.
bool Job::flooded(const Destination& d) const {
  return flush_interval_.count() > 0 && d.cached() && d.flush.in_flight && d.unflushed >= kMaxUnflushed;
}

// ---- The watchdog ----------------------------------------------------------------------------------------

void Job::watch(Engine& engine) {
  const auto now = Clock::now();
  const bool due = now >= watched_ + kWatchEvery;
  const bool away = now >= watched_ + kAway;
  if (due) watched_ = now;
  engine.ask_again(watched_ + kWatchEvery);
  if (!due) return;
  std::array<Clock::time_point, KCOPYD_MAX_DESTS> oldest;
  oldest.fill(now);
  bool source_lost = false;
  uint32_t lost = 0;
  const auto each = [&](const auto& visit) {
    for (Slot* slot : active_) {
      if (slot->read.in_flight && slot->reading) visit(slot->read);
      for (unsigned i = 0; i < destinations_.size(); ++i) {
        if (slot->writes[i].in_flight && slot->writes[i].job == this) visit(slot->writes[i]);
      }
    }
    for (Slot* slot : std::vector(reading_back_)) visit(slot->read);
    for (const auto& d : destinations_) {
      if (d->flush.in_flight || d->flush.queued) visit(d->flush);
    }
  };
  each([&](SlotTransfer& transfer) {
    if (away) transfer.since = now;  // its answer may be there, and nobody has taken it yet
    const bool late = stall_timeout_.count() > 0 && now - transfer.since >= stall_timeout_;
    if (transfer.kind == SlotTransfer::Kind::source) {
      source_lost = source_lost || late;
    } else {
      oldest[transfer.destination] = std::min(oldest[transfer.destination], transfer.since);
      lost |= static_cast<uint32_t>(late) << transfer.destination;
    }
  });
  const auto patience = stall_timeout_.count() > 0 ? std::min(kStalledAfter, stall_timeout_ / 4) : kStalledAfter;
  for (unsigned i = 0; i < destinations_.size(); ++i) destinations_[i]->stalled = now - oldest[i] >= patience;
  if (!source_lost && lost == 0) return;
  // Of a device that does not answer nothing is waited for any more.
  each([&](SlotTransfer& transfer) {
    if (transfer.kind == SlotTransfer::Kind::source ? source_lost : (lost >> transfer.destination & 1)) lose(transfer);
  });
}

// Nobody waits for it any more. What the kernel has of it, it keeps: a slot is out of use until it comes back.
void Job::lose(SlotTransfer& transfer) {
  Slot* const slot = transfer.slot;
  if (!std::exchange(transfer.queued, false)) {
    transfer.in_flight = false;
    transfer.lost = true;
    ++lost_;
    if (transfer.kind != SlotTransfer::Kind::source) ++destinations_[transfer.destination]->lost;
    if (slot != nullptr) ++slot->lost;
  }
  kcopyd_error error{.side = KCOPYD_SIDE_WRITE,
                     .destination = static_cast<int>(transfer.destination),
                     .cause = KCOPYD_CAUSE_STALLED,
                     .err = ETIMEDOUT,
                     .flush = transfer.kind == SlotTransfer::Kind::flush,
                     .offset = 0,
                     .length = 0};
  if (transfer.kind == SlotTransfer::Kind::source) {
    read_error_ = 1;
    error.side = KCOPYD_SIDE_READ;
    error.destination = -1;
    error.offset = source_offset_ + slot->chunk * chunk_size_;
    error.length = slot->length;
    errors_.add(error, true);
    slot->reading = false;
    abandon(*slot, ~uint32_t{0});
    source_failed(slot->turn);
    return;
  }
  Destination& d = *destinations_[transfer.destination];
  error.offset = d.offset + (slot == nullptr ? 0 : slot->chunk * chunk_size_);
  error.length = slot == nullptr ? d.length : chunk_length(slot->chunk, d.length);
  write_error_ |= 1u << transfer.destination;
  switch (transfer.kind) {
    case SlotTransfer::Kind::write:
      --d.in_flight;
      abandon(*slot, 1u << transfer.destination);
      break;
    case SlotTransfer::Kind::verify:
      --d.in_flight;
      d.keep_pace(Clock::now());
      error.side = KCOPYD_SIDE_VERIFY;
      std::erase(reading_back_, slot);
      break;
    case SlotTransfer::Kind::flush:
    case SlotTransfer::Kind::source:
      break;
  }
  errors_.add(error, true);
  drop(transfer.destination);
}

void Job::came_back(Engine& engine, SlotTransfer& transfer) {
  transfer.lost = false;
  --lost_;
  if (transfer.kind != SlotTransfer::Kind::source) --destinations_[transfer.destination]->lost;
  Slot* const slot = transfer.slot;
  if (slot == nullptr) {
    transfer.advance();
    end_flush(*destinations_[transfer.destination]);
    return;
  }
  // One that others still use is released by settle().
  const bool used = std::ranges::find(active_, slot) != active_.end();
  if (--slot->lost == 0 && !used) engine.pool.release(*slot);
}

// ---- The end ---------------------------------------------------------------------------------------------

void Job::end(unsigned destination) {
  Destination& d = *destinations_[destination];
  d.flush.queued = false;
  const bool copied = op_ == KCOPYD_COMPARE || d.settled == d.wanted;
  const bool complete = copied && (!verifies_ || d.verify_next == d.chunks);
  if (complete || d.dropped || !d.cancelled) {
    const bool good = complete && !d.dropped && !(write_error_ >> destination & 1);
    d.state = good ? KCOPYD_DONE : KCOPYD_FAILED;
    return;
  }
  record_whole(copied ? KCOPYD_SIDE_VERIFY : KCOPYD_SIDE_WRITE, destination, ECANCELED);
  d.state = KCOPYD_CANCELLED;
}

bool Job::finished() const {
  return active_.empty() && reading_back_.empty() && std::ranges::all_of(destinations_, [](const auto& d) {
           return d->over() && d->in_flight == 0 && !d->flush.in_flight;
         });
}

void Job::linger(Engine& engine) {
  // A lost write can be a copy by the file system: the source stays.
  const size_t first = source_ == nullptr ? 0 : 1;
  for (size_t i = destinations_.size(); i-- > 0;) {
    if (destinations_[i]->lost > 0) continue;
    const auto at = static_cast<ptrdiff_t>(first + i);
    engine.io.detach(attached_[first + i]);
    attached_.erase(attached_.begin() + at);
    devices_.erase(devices_.begin() + at);
  }
}

void Job::finish(Engine& engine) {
  for (const int fd : attached_) engine.io.detach(fd);
  attached_.clear();
  if (source_ != nullptr && (flag(KCOPYD_COPY_RANGE) || !source_->use_direct)) source_->drop_cache();
  devices_.clear();  // from here on they are whose they were
}

}  // namespace kcopyd

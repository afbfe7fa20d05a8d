// Which sub-job is started next, and for which destinations.
//
// Every destination has a turn of its own. Those that are equally far form a group, for which the source is read
// once. Whoever has no credit left (its share of the pool is full of what it has not written yet) holds up its group;
// when that has cost the others more than their patience, they go on without it. It follows as a group of its own,
// reading the source again at its own pace, and joins whoever it catches up with, or who waits for it (isolation.h).
#include <cstring>
#include <utility>

#include "job.h"

namespace kcopyd {
namespace {

// Sub-jobs of one destination that are read back at the same time.
constexpr unsigned kVerifyDepth = 4;

constexpr std::chrono::milliseconds kAskAgain{2};

constexpr std::chrono::duration<double> kSoon{0.25};

// Sub-jobs a second, of which two are in flight.
constexpr double kSlow = 4;

}  // namespace

// ---- Turns -----------------------------------------------------------------------------------------------

// Does the source have to be read for this destination then?
bool Job::wants(const Destination& d, uint64_t turn) const {
  const uint64_t chunk = chunk_at(turn);
  if (chunk >= d.chunks) return false;
  if (op_ == KCOPYD_COMPARE) return source_ != nullptr && d.check.has(chunk);
  if (blank_at(turn)) return writes(d, 0);
  return writes(d, chunk) || (checks(d, chunk) && (flag(KCOPYD_READ_KNOWN) || !hashes_.preset(chunk)));
}

void Job::skip_turns(Destination& d) const {
  while (d.next < turns_of(d) && !wants(d, d.next)) ++d.next;
}

void Job::skip_writes(Destination& d) const {
  while (d.turn < turns_of(d) && !writes(d, chunk_at(d.turn))) ++d.turn;
}

// ---- Reading the source ----------------------------------------------------------------------------------

bool Job::pump(Engine& engine, bool room) {
  room = room && pump_source(engine);
  for (unsigned i = 0; room && i < destinations_.size(); ++i) room = pump_verify(engine, i);
  watch(engine);
  settle(engine);
  return room;
}

bool Job::pump_source(Engine& engine) {
  while (!stopped_ && !(one_at_a_time_ && !active_.empty())) {
    if (engine.pool.empty()) {
      return std::ranges::none_of(destinations_,
                                  [&](const auto& d) { return takes_part(*d) && ready(engine.pool, *d); });
    }
    const std::optional<Take> next = choose(engine);
    if (!next) break;
    if (join(engine, *next)) continue;
    if (!may_issue(engine, chunk_length(chunk_at(next->turn), length_))) break;
    take(engine, *next);
  }
  return true;
}

// Do the throttles of the job and of the client let so many bytes through?
bool Job::may_issue(Engine& engine, uint64_t bytes) {
  if (engine.throttled) return false;
  if (!throttle_.ready(bytes)) {
    engine.ask_again(throttle_.due());
    depth_->disturbed();
    return false;
  }
  if (!engine.throttle.ready(bytes)) {
    engine.throttled = true;
    engine.ask_again(engine.throttle.due());
    depth_->disturbed();
    return false;
  }
  throttle_.take();
  engine.throttle.take();
  return true;
}

// Has this destination credit, and may its next turn be written while what it has in flight is?
bool Job::ready(const Pool& pool, const Destination& d) const {
  // The last block of a ragged end goes through the page cache. A neighbour's direct write to the same page must
  // not be under way then, or the older one of the two could win.
  if (ragged_ && chunk_at(d.next) + 1 == chunks_ && d.pinned > 0) return false;
  if (head_at(d.next) && has_head(d) && !d.sealed) return false;
  if (begins(d) && d.next > 0 && !head_at(d.next)) return false;
  return has_room(pool, d.pinned) && d.pinned < std::min(depth_->limit(), soon_done(d)) && !flooded(d);
}

// May a destination that has so many slots have one more? Even when all but one stop answering, one after the other,
// the last one finds its share of the pool.
bool Job::has_room(const Pool& pool, unsigned slots) const {
  return slots < share_ || pool.free() > share_ * (destinations_.size() - 1);
}

// Sub-jobs that this destination writes, or reads back, soon: what is in flight has to end before a paused job rests.
unsigned Job::soon_done(const Destination& d) const {
  if (d.pace.bytes() == 0) return 1;  // its first request tells
  const double in_a_second = d.pace.bytes_per_second(Clock::now()) / static_cast<double>(chunk_size_);
  // What takes so long to write loses nothing by the moment until the next is there.
  const double least =
      in_a_second < kSlow ? 1 : 2;  // pieces of two would reach it by turns, and flash likes ascending order
  return static_cast<unsigned>(
      std::clamp(kSoon.count() * in_a_second, least, static_cast<double>(KCOPYD_MAX_DESTS) * KCOPYD_MAX_SUBJOBS));
}

// Those that are least far; nobody while one of them rests. Where a copy overwrites its source, nobody may go ahead of
// them: what they still need would be gone.
uint32_t Job::hindmost() const {
  uint64_t turn = UINT64_MAX;
  uint32_t group = 0;
  bool rests = false;
  for (unsigned i = 0; i < destinations_.size(); ++i) {
    const Destination& d = *destinations_[i];
    if (d.state != KCOPYD_COPYING || d.dropped || d.cancelled || d.next >= turns_of(d) || d.next > turn) continue;
    if (d.next < turn) rests = false, group = 0;
    turn = d.next;
    rests = rests || paused(d);
    group |= 1u << i;
  }
  return rests ? 0 : group;
}

std::optional<Job::Take> Job::choose(Engine& engine) {
  // Those in front first: they are the ones that finish.
  uint32_t left = 0;
  for (unsigned i = 0; i < destinations_.size(); ++i) left |= static_cast<uint32_t>(takes_part(*destinations_[i])) << i;
  if (one_at_a_time_) left &= hindmost();
  bool behind = false;
  while (left != 0) {
    uint64_t turn = 0;
    uint32_t group = 0;
    for (unsigned i = 0; i < destinations_.size(); ++i) {
      if (!(left >> i & 1)) continue;
      const uint64_t next = destinations_[i]->next;
      if (group == 0 || next > turn) group = 0;
      if (group == 0) turn = next;
      if (next == turn) group |= 1u << i;
    }
    const bool front = !std::exchange(behind, true);
    if (!front || !awaits_somebody(engine, turn)) {
      if (const std::optional<Take> chosen = choose_from(engine, turn, group)) return chosen;
    }
    left &= ~group;
  }
  return std::nullopt;
}

// Do those in front, at this turn, wait for one that they left behind?
bool Job::awaits_somebody(Engine& engine, uint64_t turn) {
  const auto now = Clock::now();
  bool waits = false;
  for (const auto& d : destinations_) {
    if (!d->apart || !takes_part(*d)) continue;
    if (d->next >= turn) {
      d->apart.reset();
      continue;
    }
    if (!d->apart->awaited(d->next, turn, turns(), d->misjudged, now)) continue;
    engine.ask_again(now + kAskAgain);
    waits = true;
  }
  return waits;
}

// Is this destination a fraction as fast as those that could go on?
bool Job::far_slower(const Destination& d, uint32_t able, Clock::time_point now) const {
  for (unsigned i = 0; i < destinations_.size(); ++i) {
    if ((able >> i & 1) && !kcopyd::far_slower(d.pace, destinations_[i]->pace, chunk_size_, d.misjudged, now))
      return false;
  }
  return true;
}

std::optional<Job::Take> Job::choose_from(Engine& engine, uint64_t turn, uint32_t group) {
  const auto now = Clock::now();
  uint32_t able = 0;
  for (unsigned i = 0; i < destinations_.size(); ++i) {
    Destination& d = *destinations_[i];
    if (!(group >> i & 1) || !ready(engine.pool, d)) continue;
    // Whoever has a limit of its own is slower by the user's wish: nobody waits for it who can do without.
    if (d.writing.ready(chunk_length(chunk_at(turn), d.length))) {
      able |= 1u << i;
    } else {
      engine.ask_again(d.writing.due());
      depth_->disturbed();
      d.stall.end(now);
      if (one_at_a_time_) return std::nullopt;
      group &= ~(1u << i);
    }
  }
  const bool rotates = source_ != nullptr && source_->rotational;
  // A source that its own copy overwrites cannot be read again, one that is being rescued should not be; and the
  // kernel's kcopyd leaves nobody behind.
  const bool together = one_at_a_time_ || engine.strict || flag(KCOPYD_SKIP_BAD);
  bool wait = false;
  for (unsigned i = 0; i < destinations_.size(); ++i) {
    if (!(group >> i & 1)) continue;
    Destination& d = *destinations_[i];
    if (able == 0 || (able >> i & 1)) {
      d.stall.end(now);
      continue;
    }
    d.stall.begin(now);
    // How long the first flush takes says little about how fast it writes.
    const bool first = begins(d);
    const auto elapsed = first ? Clock::duration{0} : now - started_;
    const bool slow =
        out_of_patience(rotates, d.stall.spent(now), elapsed) || (!first && !rotates && far_slower(d, able, now));
    if (!together && slow) continue;
    wait = true;
    if (!together) engine.ask_again(now + kAskAgain);
  }
  if (able == 0 || wait) return std::nullopt;
  for (unsigned i = 0; i < destinations_.size(); ++i) {
    if (!(group >> i & 1)) continue;
    Destination& d = *destinations_[i];
    d.stall.end(now);
    if (!(able >> i & 1)) d.apart.emplace(turn, turn, now);
  }
  return Take{turn, able};
}

void Job::add_members(Slot& slot, uint32_t members) {
  for (unsigned i = 0; i < destinations_.size(); ++i) {
    if (!(members >> i & 1)) continue;
    Destination& d = *destinations_[i];
    ++d.next;
    ++d.pinned;
    d.keep_pace(Clock::now());
    d.writing.take();
    skip_turns(d);
  }
  slot.pending |= members;
}

// What others have not written yet need not be read again.
bool Job::join(Engine& engine, Take take) {
  const auto there = std::ranges::find_if(active_, [&](const Slot* s) { return s->turn == take.turn; });
  if (there == active_.end()) return false;
  Slot& slot = **there;
  if (!slot.reading && slot.pending == 0) return false;  // was given up
  add_members(slot, take.members);
  if (slot.reading) return true;
  if (slot.unlike_hash) do_not_check(slot, take.members);
  for (unsigned i = 0; i < destinations_.size(); ++i) {
    if (take.members >> i & 1) start_write(engine, slot, i);
  }
  return true;
}

void Job::take(Engine& engine, Take take) {
  Slot* slot = engine.pool.acquire();
  slot->turn = take.turn;
  slot->chunk = chunk_at(take.turn);
  slot->blank = blank_at(take.turn);
  slot->length = chunk_length(slot->chunk, length_);
  slot->pending = 0;
  slot->held = 0;
  slot->holes = false;
  slot->unlike_hash = false;
  slot->zero = op_ == KCOPYD_ZERO || (!slot->blank && is_hole(slot->chunk));
  slot->reading = !slot->zero;
  slot->again = taken_[take.turn];
  taken_[take.turn] = true;
  active_.push_back(slot);
  add_members(*slot, take.members);
  if (slot->zero) {
    if (op_ != KCOPYD_ZERO && !slot->again) bytes_read_ += slot->length;
    write_out(engine, *slot);
    return;
  }
  begin(slot->read, slot, SlotTransfer::Kind::source, 0);
  slot->read.read(engine.io, *source_, slot->buffer.data(), slot->buffer.size(),
                  source_offset_ + slot->chunk * chunk_size_, slot->length, on_read_error(engine));
}

// A part of a source file that was never written need not be read.
bool Job::is_hole(uint64_t chunk) {
  if (!flag(KCOPYD_SPARSE) || source_->is_block) return false;
  const uint64_t from = source_offset_ + chunk * chunk_size_;
  const uint64_t to = from + chunk_length(chunk, length_);
  if (from < hole_from_ || from >= hole_to_) {
    hole_from_ = from;
    hole_to_ = source_->next_data(from);
  }
  return to <= hole_to_;
}

// ---- Reading back ----------------------------------------------------------------------------------------

bool Job::pump_verify(Engine& engine, unsigned destination) {
  Destination& d = *destinations_[destination];
  if (d.unsynced) return true;
  while (d.state == KCOPYD_VERIFYING && !d.dropped && !d.cancelled && d.verify_next < d.chunks) {
    const uint64_t chunk = chunk_at(d.verify_next);
    // Also what nothing is known of, when there is no source to be asked.
    const bool nothing = !d.check.has(chunk) || hashes_.left_out(chunk) ||
                         (source_ == nullptr && op_ == KCOPYD_COMPARE && !hashes_.known(chunk));
    if (nothing) {
      ++d.verify_next;
      continue;
    }
    if (!hashes_.known(chunk) || paused(d) || d.in_flight >= std::min(kVerifyDepth, soon_done(d)) ||
        !has_room(engine.pool, d.in_flight))
      break;
    const uint64_t length = chunk_length(chunk, d.length);
    if (!d.checking.ready(length)) {
      engine.ask_again(d.checking.due());
      break;
    }
    if (engine.pool.empty()) return false;
    d.checking.take();
    Slot* slot = engine.pool.acquire();
    ++d.verify_next;
    slot->chunk = chunk;
    slot->length = length;
    slot->reading = false;
    slot->pending = 0;
    reading_back_.push_back(slot);
    ++d.in_flight;
    d.keep_pace(Clock::now());
    begin(slot->read, slot, SlotTransfer::Kind::verify, destination);
    slot->read.read(engine.io, *d.device, slot->buffer.data(), slot->buffer.size(), d.offset + chunk * chunk_size_,
                    length, on_write_error(engine));
  }
  return true;
}

}  // namespace kcopyd

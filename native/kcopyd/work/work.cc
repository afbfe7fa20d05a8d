#include "work.h"

#include <algorithm>
#include <cerrno>

namespace kcopyd {

bool Work::wants(const Destination& d, uint64_t turn) const {
  const uint64_t chunk = plan.chunk_at(turn);
  if (chunk >= d.chunks) return false;
  if (plan.compares) return source->has_bytes() && d.check.has(chunk);
  if (plan.blank_at(turn)) return plan.writes(d, 0);
  const bool needs_hash = plan.checks(d, chunk) && (plan.flag(KCOPYD_READ_KNOWN) || !hashes.preset(chunk));
  return plan.writes(d, chunk) || needs_hash;
}

void Work::skip_turns(Destination& d) const {
  while (d.next < plan.turns_of(d) && !wants(d, d.next)) ++d.next;
}

void Work::skip_writes(Destination& d) const {
  while (d.write_turn < plan.turns_of(d) && !plan.writes(d, plan.chunk_at(d.write_turn))) ++d.write_turn;
}

void Work::keep_head(std::span<const std::byte> bytes) {
  const bool packs = std::ranges::any_of(destinations, [](const auto& d) { return d->sink.is_packed(); });
  if (packs) head.assign(bytes.begin(), bytes.end());
}

void Work::leave(Slot& slot, uint32_t members) {
  const uint32_t leaving = slot.pending & members;
  for (unsigned i = 0; i < destinations.size(); ++i) {
    if (!(leaving >> i & 1)) continue;
    --destinations[i]->pinned;
    destinations[i]->keep_pace(Clock::now());
  }
  slot.pending &= ~leaving;
  slot.held &= ~leaving;
}

void Work::withdraw(unsigned destination) {
  for (Slot* slot : active) {
    if (slot->reading || (slot->held >> destination & 1)) leave(*slot, 1u << destination);
  }
}

void Work::fail(unsigned destination) {
  destinations[destination]->state.fail();
  destinations[destination]->flushing.transfer.queued = false;
  withdraw(destination);
}

void Work::cancel(unsigned destination) {
  destinations[destination]->state.cancel();
  withdraw(destination);
}

void Work::source_failed(uint64_t turn) {
  stopped = true;
  broken_turn = std::min(broken_turn, turn);
  for (Slot* other : active) {
    if (other->turn > broken_turn) leave(*other, other->held);
  }
}

void Work::end(unsigned destination) {
  Destination& d = *destinations[destination];
  d.flushing.transfer.queued = false;
  const bool copied = plan.compares || d.settled == d.wanted;
  const bool complete = copied && (!plan.verifies || d.verify_next == d.chunks);
  const bool clean = !(report.write_error() >> destination & 1);
  const kcopyd_state how = d.state.ending(complete, clean);
  if (how == KCOPYD_CANCELLED) {
    report.add(whole(copied ? KCOPYD_SIDE_VERIFY : KCOPYD_SIDE_WRITE, destination, ECANCELED));
  }
  d.state.end(how);
}

kcopyd_error Work::whole(kcopyd_side side, unsigned destination, int err) const {
  const Sink& sink = destinations[destination]->sink;
  return {.side = side,
          .destination = static_cast<int>(destination),
          .cause = classify(side, err, sink.device()),
          .err = err,
          .flush = 0,
          .offset = sink.on_device(0),
          .length = sink.length()};
}

kcopyd_error Work::unread(const Slot& slot, kcopyd_cause cause, int err) const {
  return {.side = KCOPYD_SIDE_READ,
          .destination = -1,
          .cause = cause,
          .err = err,
          .flush = 0,
          .offset = source->on_device(slot.chunk * plan.chunk_size),
          .length = slot.length};
}

}  // namespace kcopyd

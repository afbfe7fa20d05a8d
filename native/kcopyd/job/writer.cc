#include "writer.h"

#include <algorithm>

namespace kcopyd {

void Writer::start(Round& round, Slot& slot, uint32_t members) {
  for (unsigned i = 0; i < work_.destinations.size(); ++i) {
    if (slot.pending & members & 1u << i) start_one(round, slot, i);
  }
}

void Writer::start_one(Round& round, Slot& slot, unsigned destination) {
  const uint32_t member = 1u << destination;
  const Plan& plan = work_.plan;
  Destination& d = *work_.destinations[destination];
  if (!d.state.takes_part() || (plan.flag(KCOPYD_WRITE_SEQ) && slot.turn > work_.broken_turn)) {
    work_.leave(slot, member);
    return;
  }
  if (!plan.writes(d, slot.chunk)) {  // it only wanted the hash
    work_.leave(slot, member);
    ++d.settled;
    return;
  }
  if (waits_for_turn(slot, destination)) return;
  const uint64_t at = slot.chunk * plan.chunk_size;
  const uint64_t length = plan.chunk_length(slot.chunk, d.sink.length());
  if (slot.zero && d.sink.is_blank(at)) {
    d.zeroed += length;
    d.written += length;
    work_.leave(slot, member);
    d.durable.written(slot.chunk);
    settled(round, destination);
    return;
  }
  if (slot.blank) d.sink.use_head(work_.head);
  SlotTransfer& write = slot.writes[destination];
  transfers_.begin(write, &slot, SlotTransfer::Kind::write, destination);
  ++d.in_flight;
  d.sink.write(round.io, slot, write, at, length, *work_.source, plan.on_write_error(round.strict));
}

bool Writer::waits_for_turn(Slot& slot, unsigned destination) const {
  if (!work_.plan.flag(KCOPYD_WRITE_SEQ)) return false;
  const Destination& d = *work_.destinations[destination];
  const bool waits = slot.turn != d.write_turn || d.in_flight > 0;
  if (waits)
    slot.held |= 1u << destination;
  else
    slot.held &= ~(1u << destination);
  return waits;
}

void Writer::written(Round& round, SlotTransfer& write) {
  const unsigned destination = write.destination;
  Slot& slot = *write.slot;
  Destination& d = *work_.destinations[destination];
  --d.in_flight;
  work_.leave(slot, 1u << destination);
  if (slot.zero) d.zeroed += write.zeroed_bytes();
  d.sink.written(slot, write);
  if (!write.bad().empty()) {
    work_.report.add_bad(KCOPYD_SIDE_WRITE, static_cast<int>(destination), d.sink.device(), write,
                         work_.tried_before(slot));
    if (!work_.plan.ignores_write()) {
      work_.fail(destination);
      if (round.strict) work_.stopped = true;
    }
  } else if (!slot.blank && !slot.holes && !write.cut_short()) {
    d.durable.written(slot.chunk);
  }
  if (!d.state.failing() && !write.cut_short()) settled(round, destination);
}

// The destination has finished a turn.
void Writer::settled(Round& round, unsigned destination) {
  Destination& d = *work_.destinations[destination];
  ++d.settled;
  if (!work_.plan.flag(KCOPYD_WRITE_SEQ)) return;
  ++d.write_turn;
  work_.skip_writes(d);
  const auto next = std::ranges::find_if(
      work_.active, [&](const Slot* s) { return s->turn == d.write_turn && (s->held >> destination & 1); });
  if (next != work_.active.end()) start_one(round, **next, destination);
}

}  // namespace kcopyd

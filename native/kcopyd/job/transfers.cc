#include "transfers.h"

#include <utility>

namespace kcopyd {

void Transfers::begin(SlotTransfer& transfer, Slot* slot, SlotTransfer::Kind kind, unsigned destination) {
  transfer.job = job_;
  transfer.slot = slot;
  transfer.kind = kind;
  transfer.destination = destination;
  transfer.in_flight = true;
  transfer.counted = 0;
  transfer.began = transfer.since = Clock::now();
  limit_requests(transfer);
}

bool Transfers::answered(Round& round, SlotTransfer& transfer) {
  bool over = transfer.advance();
  const auto now = Clock::now();
  count(transfer, now);
  if (!over && unwanted(transfer)) {
    transfer.cut();
    over = true;
  }
  if (over) {
    transfer.in_flight = false;
    return true;
  }
  transfer.since = now;
  limit_requests(transfer);
  transfer.go_on(round.io);
  return false;
}

void Transfers::limit_requests(SlotTransfer& transfer) const {
  const size_t chunk = work_.plan.chunk_size;
  const Destination& d = *work_.destinations[transfer.destination];
  const bool reads = transfer.kind == SlotTransfer::Kind::source;
  transfer.limit_requests(reads ? source_request_.of(*work_.source->device(), chunk)
                                : d.request.of(d.sink.device(), chunk));
}

// Counts what this answer has moved.
void Transfers::count(SlotTransfer& transfer, Clock::time_point now) {
  const uint64_t bytes = transfer.good_bytes() - std::exchange(transfer.counted, transfer.good_bytes());
  if (transfer.kind == SlotTransfer::Kind::flush) return;
  const bool reads = transfer.kind == SlotTransfer::Kind::source;
  Destination& d = *work_.destinations[transfer.destination];
  if (bytes > 0 && transfer.carried()) (reads ? source_request_ : d.request).answered(bytes, now - transfer.since);
  if (reads) {
    work_.read_at = now;
    if (!transfer.slot->blank && !transfer.slot->again) work_.bytes_read += bytes;
    return;
  }
  d.pace.moved(bytes, now);
  if (transfer.kind == SlotTransfer::Kind::verify) {
    d.verified += bytes;
    return;
  }
  if (!transfer.slot->blank) d.written += bytes;
  d.flushing.unflushed += bytes;
}

// True when nobody needs the rest of it.
bool Transfers::unwanted(const SlotTransfer& transfer) const {
  switch (transfer.kind) {
    case SlotTransfer::Kind::source:
      return transfer.slot->pending == 0;
    case SlotTransfer::Kind::write:
    case SlotTransfer::Kind::verify:
      return work_.destinations[transfer.destination]->state.cancelling();
    case SlotTransfer::Kind::flush:
      break;
  }
  return false;
}

}  // namespace kcopyd

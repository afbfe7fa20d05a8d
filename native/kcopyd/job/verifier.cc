#include "verifier.h"

#include <algorithm>

namespace kcopyd {
namespace {

// Chunks of one destination that are read back at the same time.
constexpr unsigned kVerifyDepth = 4;

}  // namespace

// True when this chunk is not compared, or has no hash and no source to make one from.
bool Verifier::has_nothing(const Destination& d, uint64_t chunk) const {
  return !d.check.has(chunk) || work_.hashes.left_out(chunk) ||
         (!work_.source->has_bytes() && !work_.hashes.known(chunk));
}

bool Verifier::may_read(const Round& round, const Destination& d, uint64_t chunk) const {
  return work_.hashes.known(chunk) && !work_.paused(d) &&
         d.in_flight < std::min(std::max(kVerifyDepth, d.sink.busy()), credit_.soon_done(d)) &&
         credit_.has_room(round.pool, d.in_flight);
}

bool Verifier::pump(Round& round, unsigned destination) {
  Destination& d = *work_.destinations[destination];
  if (d.flushing.unsynced) return true;
  while (d.state.now() == KCOPYD_VERIFYING && d.state.takes_part() && d.verify_next < d.chunks) {
    const uint64_t chunk = work_.plan.chunk_at(d.verify_next);
    if (has_nothing(d, chunk)) {
      ++d.verify_next;
      continue;
    }
    if (!may_read(round, d, chunk)) break;
    if (!d.checking.ready(work_.plan.chunk_length(chunk, d.sink.length()))) {
      round.ask_again(d.checking.due());
      break;
    }
    if (round.pool.empty()) return false;
    d.checking.take();
    ++d.verify_next;
    read_back(round, destination, chunk);
  }
  return true;
}

void Verifier::read_back(Round& round, unsigned destination, uint64_t chunk) {
  Destination& d = *work_.destinations[destination];
  Slot& slot = *round.pool.acquire();
  slot.chunk = chunk;
  slot.length = work_.plan.chunk_length(chunk, d.sink.length());
  slot.reading = false;
  slot.pending = 0;
  work_.reading_back.push_back(&slot);
  ++d.in_flight;
  d.keep_pace(Clock::now());
  transfers_.begin(slot.read, &slot, SlotTransfer::Kind::verify, destination);
  d.sink.read_back(round.io, slot, chunk * work_.plan.chunk_size, work_.plan.on_write_error(round.strict));
}

void Verifier::finished(Round& round, Slot& slot) {
  const unsigned destination = slot.read.destination;
  Destination& d = *work_.destinations[destination];
  --d.in_flight;
  d.keep_pace(Clock::now());
  std::erase(work_.reading_back, &slot);
  const auto matches = [&] {
    return work_.source->matches(slot.buffer.first(slot.length), work_.hashes.at(slot.chunk));
  };
  if (slot.read.cut_short()) d.verify_next = std::min(d.verify_next, slot.chunk);  // not all was read back
  if (!slot.read.bad().empty()) {
    work_.report.add_bad(KCOPYD_SIDE_VERIFY, static_cast<int>(destination), d.sink.device(), slot.read);
    if (!work_.plan.ignores_write()) d.state.fail();
  } else if (!slot.read.cut_short() && !matches()) {
    work_.report.add({.side = KCOPYD_SIDE_VERIFY,
                      .destination = static_cast<int>(destination),
                      .cause = KCOPYD_CAUSE_MISMATCH,
                      .err = 0,
                      .flush = 0,
                      .offset = d.sink.on_device(slot.chunk * work_.plan.chunk_size),
                      .length = slot.length});
  }
  round.pool.release(slot);
}

}  // namespace kcopyd

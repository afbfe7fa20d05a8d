#include "watchdog.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "flusher.h"

namespace kcopyd {
namespace {

// How often in-flight I/O is checked, and how long without an answer a destination takes to be shown as stalled.
constexpr std::chrono::milliseconds kWatchEvery{100};
constexpr std::chrono::milliseconds kStalledAfter{5000};
// When the last check is this long ago, the worker itself was held up: by a callback, or because the machine was
// stopped.
constexpr std::chrono::milliseconds kAway{500};

}  // namespace

void Watchdog::watch(Round& round) {
  const auto now = Clock::now();
  const bool due = now >= watched_ + kWatchEvery;
  const bool away = now >= watched_ + kAway;
  if (due) watched_ = now;
  round.ask_again(watched_ + kWatchEvery);
  if (due) check(now, away);
}

// Visits everything that has no answer yet, queued flushes included.
template <typename Visit>
void Watchdog::each(const Visit& visit) {
  for (Slot* slot : work_.active) {
    if (slot->read.in_flight && slot->reading) visit(slot->read);
    for (unsigned i = 0; i < work_.destinations.size(); ++i) {
      if (transfers_.in_flight(slot->writes[i])) visit(slot->writes[i]);
    }
  }
  for (Slot* slot : std::vector(work_.reading_back)) visit(slot->read);
  for (const auto& d : work_.destinations) {
    if (d->flushing.transfer.in_flight || d->flushing.transfer.queued) visit(d->flushing.transfer);
  }
}

void Watchdog::check(Clock::time_point now, bool away) {
  const auto timeout = work_.plan.stall_timeout;
  std::array<Clock::time_point, KCOPYD_MAX_DESTS> oldest;
  oldest.fill(now);
  bool source_late = false;
  uint32_t late = 0;
  each([&](SlotTransfer& transfer) {
    if (away) transfer.since = now;  // its answer may be there and not taken yet
    const bool reads = transfer.kind == SlotTransfer::Kind::source;
    // A stream answers its reads one after the other. The last of them waits for all the others.
    const auto since = reads && work_.source->in_order() ? std::max(transfer.since, work_.read_at) : transfer.since;
    // A stream that begins in the middle of a file without an index is decoded from the start.
    const auto limit = reads && work_.source->in_order() ? timeout * 10 : timeout;
    const bool timed_out = timeout.count() > 0 && now - since >= limit;
    if (reads) {
      source_late = source_late || timed_out;
    } else {
      oldest[transfer.destination] = std::min(oldest[transfer.destination], transfer.since);
      late |= static_cast<uint32_t>(timed_out) << transfer.destination;
    }
  });
  const auto patience = timeout.count() > 0 ? std::min(kStalledAfter, timeout / 4) : kStalledAfter;
  for (unsigned i = 0; i < work_.destinations.size(); ++i) {
    work_.destinations[i]->stalled = now - oldest[i] >= patience;
  }
  if (!source_late && late == 0) return;
  // Give up everything that is in flight on a late device.
  each([&](SlotTransfer& transfer) {
    if (transfer.kind == SlotTransfer::Kind::source ? source_late : (late >> transfer.destination & 1)) lose(transfer);
  });
}

void Watchdog::lose(SlotTransfer& transfer) {
  if (!std::exchange(transfer.queued, false)) {
    transfer.in_flight = false;
    transfer.lost = true;
    ++lost_;
    if (transfer.kind != SlotTransfer::Kind::source) ++work_.destinations[transfer.destination]->lost;
    if (transfer.slot != nullptr) ++transfer.slot->lost;
  }
  if (transfer.kind == SlotTransfer::Kind::source)
    lose_source(transfer);
  else
    lose_destination(transfer);
}

void Watchdog::lose_source(SlotTransfer& transfer) {
  Slot& slot = *transfer.slot;
  work_.report.add(work_.unread(slot, KCOPYD_CAUSE_STALLED, ETIMEDOUT), true);
  slot.reading = false;
  work_.leave(slot, ~uint32_t{0});
  work_.source_failed(slot.turn);
}

void Watchdog::lose_destination(SlotTransfer& transfer) {
  const unsigned destination = transfer.destination;
  Destination& d = *work_.destinations[destination];
  kcopyd_error error = work_.whole(KCOPYD_SIDE_WRITE, destination, ETIMEDOUT);
  error.cause = KCOPYD_CAUSE_STALLED;
  error.flush = transfer.kind == SlotTransfer::Kind::flush;
  if (!error.flush) {
    Slot& slot = *transfer.slot;
    error.offset = d.sink.on_device(slot.chunk * work_.plan.chunk_size);
    error.length = work_.plan.chunk_length(slot.chunk, d.sink.length());
    --d.in_flight;
    if (transfer.kind == SlotTransfer::Kind::verify) {
      error.side = KCOPYD_SIDE_VERIFY;
      d.keep_pace(Clock::now());
      std::erase(work_.reading_back, &slot);
    } else {
      work_.leave(slot, 1u << destination);
    }
  }
  work_.report.add(error, true);
  work_.fail(destination);
}

void Watchdog::came_back(Round& round, SlotTransfer& transfer) {
  transfer.lost = false;
  --lost_;
  if (transfer.kind != SlotTransfer::Kind::source) --work_.destinations[transfer.destination]->lost;
  Slot* const slot = transfer.slot;
  if (slot == nullptr) {
    transfer.advance();
    end_flush(*work_.destinations[transfer.destination]);
    return;
  }
  // A slot that others still use is released when they have finished with it.
  const bool used = std::ranges::find(work_.active, slot) != work_.active.end();
  if (--slot->lost == 0 && !used) round.pool.release(*slot);
}

}  // namespace kcopyd

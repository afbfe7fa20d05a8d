#include "flusher.h"

#include <algorithm>
#include <utility>

namespace kcopyd {
namespace {

constexpr std::chrono::milliseconds kFlushAgain{2};

}  // namespace

void end_flush(const Destination& d) {
  const std::span<const BadRange> bad = d.flushing.transfer.bad();
  d.sink.device().flushes.end(bad.empty() ? 0 : bad.front().err);
}

void Flusher::start() {
  const auto now = Clock::now();
  for (const auto& d : work_.destinations) {
    d->flushing.unsynced = work_.plan.compares && !d->sink.device().use_direct;
    d->flushing.failed_before = d->sink.device().flushes.failed();
    d->flushing.due = now + work_.plan.flush_interval;
  }
}

void Flusher::flush_if_due(Round& round, unsigned destination) {
  const Destination& d = *work_.destinations[destination];
  if (work_.plan.flush_interval.count() == 0 || work_.stopped) return;
  if (!d.state.takes_part() || d.flushing.transfer.in_flight || d.settled == d.wanted) return;
  const bool full = d.sink.cached() && d.flushing.unflushed >= kMaxUnflushed / 2;
  if (!full && (!d.durable.has_fresh() || Clock::now() < d.flushing.due)) return;
  flush_between(round, destination);
}

void Flusher::flush_between(Round& round, unsigned destination) {
  if (begin(round, destination)) issue(round, destination, true);
}

void Flusher::flush_last(Round& round, unsigned destination) {
  if (!begin(round, destination)) return;
  Destination& d = *work_.destinations[destination];
  d.state.start_flushing();
  const int err = work_.plan.leaves_holes && d.settled == d.wanted ? d.sink.extend() : 0;
  if (err == 0) {
    issue(round, destination, false);
    return;
  }
  work_.report.add(work_.whole(KCOPYD_SIDE_WRITE, destination, err));
  d.sink.device().flushes.end(0);
  d.state.fail();
  work_.end(destination);
}

// False: another flush of the device is under way.
bool Flusher::begin(Round& round, unsigned destination) {
  Destination& d = *work_.destinations[destination];
  if (!d.sink.device().flushes.begin()) {
    queue(round, destination);
    return false;
  }
  d.flushing.transfer.queued = false;
  return true;
}

void Flusher::issue(Round& round, unsigned destination, bool between) {
  Destination& d = *work_.destinations[destination];
  d.flushing.between = between;
  d.flushing.began = Clock::now();
  d.flushing.unflushed = 0;
  d.durable.flush_begins();
  transfers_.begin(d.flushing.transfer, nullptr, SlotTransfer::Kind::flush, destination);
  d.sink.flush(round.io, d.flushing.transfer);
}

// Another destination or job is flushing the same device. The stall timeout of this flush counts as if it were issued.
void Flusher::queue(Round& round, unsigned destination) {
  Destination& d = *work_.destinations[destination];
  SlotTransfer& transfer = d.flushing.transfer;
  const auto now = Clock::now();
  const unsigned ended = d.sink.device().flushes.ended();
  if (!transfer.queued || d.flushing.ended_before != ended) transfer.since = now;
  d.flushing.ended_before = ended;
  transfer.queued = true;
  transfer.kind = SlotTransfer::Kind::flush;
  transfer.destination = destination;
  round.ask_again(now + kFlushAgain);
}

void Flusher::finished(unsigned destination) {
  Destination& d = *work_.destinations[destination];
  const bool between = std::exchange(d.flushing.between, false);
  end_flush(d);
  if (d.sink.device().flushes.failed() != d.flushing.failed_before) {
    failed(destination);
    return;
  }
  if (std::exchange(d.flushing.unsynced, false)) {
    d.sink.device().drop_cache();
    return;
  }
  d.durable.flushed();
  if (work_.plan.blanks_head(d) && d.settled > 0) d.state.blanked_head();
  if (!between) {
    finished_last(destination);
    return;
  }
  // Flush a device less often when its flushes take long.
  const auto now = Clock::now();
  d.flushing.due = now + std::max<Clock::duration>(work_.plan.flush_interval, 4 * (now - d.flushing.began));
}

void Flusher::failed(unsigned destination) {
  const Destination& d = *work_.destinations[destination];
  const block_device& device = d.sink.device();
  if (d.flushing.transfer.bad().empty()) {
    // The kernel reported the lost write to another job's flush.
    kcopyd_error error = work_.whole(KCOPYD_SIDE_WRITE, destination, device.flushes.error());
    error.flush = 1;
    work_.report.add(error);
  } else {
    work_.report.add_bad(KCOPYD_SIDE_WRITE, static_cast<int>(destination), device, d.flushing.transfer);
  }
  work_.fail(destination);
}

void Flusher::finished_last(unsigned destination) {
  Destination& d = *work_.destinations[destination];
  if (work_.plan.has_head(d) && !d.state.sealed() && !work_.stopped && !d.state.cancelling()) {
    d.state.write_head();
    return;
  }
  // Verification must read from the medium what went through the page cache (a ragged end, a file system without direct
  // I/O).
  d.sink.device().drop_cache();
  if (work_.plan.verifies && d.settled == d.wanted && !d.state.cancelling()) {
    d.state.start_verifying();
    d.pace = {};
    d.request = {};
  } else {
    work_.end(destination);
  }
}

}  // namespace kcopyd

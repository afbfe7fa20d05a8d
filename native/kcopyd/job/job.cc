#include "job.h"

#include <algorithm>
#include <utility>

namespace kcopyd {
namespace {

// The lower of two limits. 0 means no limit.
uint64_t lower(uint64_t a, uint64_t b) { return a == 0 ? b : b == 0 ? a : std::min(a, b); }

}  // namespace

int Job::create(const kcopyd_request& request, size_t chunk_size, std::shared_ptr<Job>& result) {
  std::unique_ptr<Work> work;
  if (const int refused = Work::create(request, chunk_size, work); refused != 0) return refused;
  result.reset(new Job(std::move(work), request.fn, request.context));
  return 0;
}

Job::Job(std::unique_ptr<Work> work, kcopyd_notify_fn fn, void* context)
    : work_(std::move(work)),
      fn_(fn),
      context_(context),
      transfers_(*work_, this),
      credit_(work_->plan),
      scheduler_(*work_, credit_),
      writer_(*work_, transfers_),
      reader_(*work_, transfers_, writer_),
      verifier_(*work_, transfers_, credit_),
      flusher_(*work_, transfers_),
      watchdog_(*work_, transfers_) {
  reader_.reserve();
}

// ---- Asked by any thread ---------------------------------------------------------------------------------

Requests* Job::requests(int destination) {
  if (destination == -1) return &work_->requests;
  if (destination < -1 || destination >= static_cast<int>(work_->destinations.size())) return nullptr;
  return &work_->destinations[static_cast<unsigned>(destination)]->requests;
}

bool Job::cancel(unsigned destination) {
  if (destination >= work_->destinations.size()) return false;
  work_->destinations[destination]->requests.cancel = true;
  return true;
}

bool Job::pause(int destination, bool paused) {
  Requests* const asked = requests(destination);
  if (asked != nullptr) asked->pause = paused;
  return asked != nullptr;
}

bool Job::throttle(int destination, uint64_t bytes_per_second) {
  Requests* const asked = requests(destination);
  if (asked != nullptr) asked->limit = bytes_per_second;
  return asked != nullptr;
}

void Job::progress(kcopyd_progress& sample) const {
  sample = {};
  sample.bytes_read = work_->bytes_read;
  sample.bytes_total = work_->to_read;
  sample.errors = work_->report.errors().size();
  sample.num_dests = static_cast<unsigned>(work_->destinations.size());
  for (size_t i = 0; i < work_->destinations.size(); ++i) {
    const Destination& d = *work_->destinations[i];
    sample.dests[i] = {.state = d.state.now(),
                       .paused = !d.state.over() && work_->paused(d),
                       .stalled = !d.state.over() && d.stalled,
                       .written = d.written,
                       .zeroed = d.zeroed,
                       .verified = d.verified,
                       .to_write = d.to_write,
                       .to_verify = d.to_verify};
  }
}

// ---- Worker thread ---------------------------------------------------------------------------------------

void Job::start(Round& round) {
  const auto slots = static_cast<unsigned>(round.pool.stats().slots);
  work_->source->open(round.io);
  credit_.start(slots, static_cast<unsigned>(work_->destinations.size()));
  scheduler_.start();
  for (const auto& d : work_->destinations) d->sink.open(round.io, work_->plan.flags, *work_->source);
  flusher_.start();
  for (const auto& d : work_->destinations) {
    work_->skip_turns(*d);
    work_->skip_writes(*d);
    if (d->sink.length() == 0) {
      d->state.end(KCOPYD_DONE);
    } else if (work_->plan.compares) {
      d->state.start_verifying();
    } else {
      d->state.start_copying();
    }
  }
}

void Job::observe_requests() {
  const bool all = work_->requests.cancel;
  const uint64_t limit = work_->requests.limit;
  if (all) work_->stopped = true;
  scheduler_.limit(limit);
  for (unsigned i = 0; i < work_->destinations.size(); ++i) {
    Destination& d = *work_->destinations[i];
    d.writing.set(d.requests.limit);
    d.checking.set(lower(d.requests.limit, limit));
    if ((all || d.requests.cancel) && !d.state.cancelling() && !d.state.over()) work_->cancel(i);
    // A paused destination does not hold up its group.
    if (!work_->paused(d)) continue;
    d.lag.stall.end(Clock::now());
  }
}

bool Job::pump(Round& round, bool room) {
  room = room && pump_source(round);
  for (unsigned i = 0; room && i < work_->destinations.size(); ++i) room = verifier_.pump(round, i);
  watchdog_.watch(round);
  settle(round);
  return room;
}

bool Job::pump_source(Round& round) {
  const Plan& plan = work_->plan;
  while (!work_->stopped && !(plan.one_at_a_time && !work_->active.empty())) {
    if (round.pool.empty()) return !scheduler_.needs_slot(round.pool);
    const std::optional<Take> next = scheduler_.choose(round);
    if (!next) break;
    if (reader_.join(round, *next)) continue;
    if (!scheduler_.may_issue(round, plan.chunk_length(plan.chunk_at(next->turn), plan.length))) break;
    reader_.take(round, *next);
  }
  return true;
}

void Job::answered(Round& round, SlotTransfer& transfer) {
  if (!transfers_.answered(round, transfer)) return;
  switch (transfer.kind) {
    case SlotTransfer::Kind::source:
      reader_.finished(round, *transfer.slot);
      break;
    case SlotTransfer::Kind::write:
      writer_.written(round, transfer);
      break;
    case SlotTransfer::Kind::flush:
      flusher_.finished(transfer.destination);
      break;
    case SlotTransfer::Kind::verify:
      verifier_.finished(round, *transfer.slot);
      break;
  }
}

void Job::settle(Round& round) {
  observe_requests();
  std::erase_if(work_->active, [&](Slot* slot) {
    const bool used = slot->reading || slot->pending != 0;
    // The kernel may still use the buffer of what timed out. came_back() releases it.
    if (!used && slot->lost == 0) round.pool.release(*slot);
    return !used;
  });
  for (unsigned i = 0; i < work_->destinations.size(); ++i) settle(round, i);
}

void Job::settle(Round& round, unsigned destination) {
  const Destination& d = *work_->destinations[destination];
  if (d.state.over()) return;
  if (d.state.now() == KCOPYD_COPYING) flusher_.flush_if_due(round, destination);
  if (d.in_flight > 0 && (work_->stopped || !d.state.takes_part())) d.sink.abandon();
  if (d.in_flight > 0 || d.flushing.transfer.in_flight) return;
  switch (d.state.next(facts(d))) {
    case DestinationState::Step::wait:
      break;
    case DestinationState::Step::flush_between:
      flusher_.flush_between(round, destination);
      break;
    case DestinationState::Step::flush_last:
      flusher_.flush_last(round, destination);
      break;
    case DestinationState::Step::end:
      work_->end(destination);
      break;
  }
}

DestinationState::Facts Job::facts(const Destination& d) const {
  const Plan& plan = work_->plan;
  DestinationState::Facts facts{.unsynced = d.flushing.unsynced,
                                .idle = d.pinned == 0,
                                .stopped = work_->stopped,
                                .all_settled = d.settled == d.wanted,
                                .but_head = plan.has_head(d) && d.settled + 1 == d.wanted,
                                .blank_head = plan.blanks_head(d) && d.settled == 1,
                                .all_verified = d.verify_next == d.chunks};
  if (d.state.now() == KCOPYD_VERIFYING && work_->stopped && d.pinned == 0) {
    facts.starved = !work_->hashes.known(plan.chunk_at(std::min(d.verify_next, plan.chunks - 1)));
  }
  return facts;
}

// ---- The end ---------------------------------------------------------------------------------------------

bool Job::finished() const {
  return work_->active.empty() && work_->reading_back.empty() &&
         std::ranges::all_of(work_->destinations, [](const auto& d) {
           return d->state.over() && d->in_flight == 0 && !d->flushing.transfer.in_flight;
         });
}

void Job::linger(Round& round) {
  // The source stays open: a lost write can be the file system's copy from it.
  for (const auto& d : work_->destinations) {
    if (d->lost == 0) d->sink.close(round.io);
  }
}

void Job::finish(Round& round) {
  for (const auto& d : work_->destinations) d->sink.close(round.io);
  work_->source->close(round.io);
}

}  // namespace kcopyd

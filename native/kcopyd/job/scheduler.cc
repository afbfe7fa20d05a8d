#include "scheduler.h"

#include <algorithm>
#include <utility>

namespace kcopyd {
namespace {

constexpr std::chrono::milliseconds kAskAgain{2};

}  // namespace

bool Scheduler::takes_part(const Destination& d) const {
  return d.state.now() == (work_.plan.compares ? KCOPYD_VERIFYING : KCOPYD_COPYING) && d.state.takes_part() &&
         !work_.paused(d) && d.next < work_.plan.turns_of(d);
}

// True when this destination has credit, and its next turn may be written beside what it has in flight.
bool Scheduler::ready(const Pool& pool, const Destination& d) const {
  const Plan& plan = work_.plan;
  // The last block of a ragged end goes through the page cache. No direct write to the same page may be in flight then,
  // or the older of the two could win.
  if (plan.ragged && plan.chunk_at(d.next) + 1 == plan.chunks && d.pinned > 0) return false;
  if (plan.head_at(d.next) && plan.has_head(d) && !d.state.sealed()) return false;
  if (plan.blanks_head(d) && d.next > 0 && !plan.head_at(d.next)) return false;
  return credit_.may_pin(pool, d) && !work_.floods(d);
}

bool Scheduler::needs_slot(const Pool& pool) const {
  return std::ranges::any_of(work_.destinations, [&](const auto& d) { return takes_part(*d) && ready(pool, *d); });
}

bool Scheduler::may_issue(Round& round, uint64_t bytes) {
  if (round.throttled) return false;
  if (!throttle_.ready(bytes)) {
    round.ask_again(throttle_.due());
    return false;
  }
  if (!round.throttle.ready(bytes)) {
    round.throttled = true;
    round.ask_again(round.throttle.due());
    return false;
  }
  throttle_.take();
  round.throttle.take();
  return true;
}

// The destinations that are furthest behind; none while one of them is paused. When a copy overwrites its source, no
// other may go ahead and overwrite what they still need.
uint32_t Scheduler::hindmost() const {
  uint64_t turn = UINT64_MAX;
  uint32_t group = 0;
  bool rests = false;
  for (unsigned i = 0; i < work_.destinations.size(); ++i) {
    const Destination& d = *work_.destinations[i];
    if (d.state.now() != KCOPYD_COPYING || !d.state.takes_part()) continue;
    if (d.next >= work_.plan.turns_of(d) || d.next > turn) continue;
    if (d.next < turn) rests = false, group = 0;
    turn = d.next;
    rests = rests || work_.paused(d);
    group |= 1u << i;
  }
  return rests ? 0 : group;
}

std::optional<Take> Scheduler::choose(Round& round) {
  const Destinations& destinations = work_.destinations;
  uint32_t left = 0;
  for (unsigned i = 0; i < destinations.size(); ++i) left |= static_cast<uint32_t>(takes_part(*destinations[i])) << i;
  if (work_.plan.one_at_a_time) left &= hindmost();
  // Take the foremost group first: its destinations finish first.
  bool behind = false;
  while (left != 0) {
    uint64_t turn = 0;
    uint32_t group = 0;
    for (unsigned i = 0; i < destinations.size(); ++i) {
      if (!(left >> i & 1)) continue;
      const uint64_t next = destinations[i]->next;
      if (group == 0 || next > turn) group = 0;
      if (group == 0) turn = next;
      if (next == turn) group |= 1u << i;
    }
    const bool front = !std::exchange(behind, true);
    if (!front || !awaits_laggard(round, turn)) {
      if (const std::optional<Take> chosen = choose_from(round, turn, group)) return chosen;
    }
    left &= ~group;
  }
  return std::nullopt;
}

// True when the foremost group waits, at this turn, for a destination that it left behind.
bool Scheduler::awaits_laggard(Round& round, uint64_t turn) {
  const auto now = Clock::now();
  bool waits = false;
  for (const auto& d : work_.destinations) {
    Lag& lag = d->lag;
    if (!lag.apart || !takes_part(*d)) continue;
    if (d->next >= turn) {
      lag.apart.reset();
      continue;
    }
    if (!lag.apart->awaited(d->next, turn, work_.plan.turns(), lag.misjudged, now)) continue;
    round.ask_again(now + kAskAgain);
    waits = true;
  }
  return waits;
}

// True when this destination is a fraction as fast as every one that could go on.
bool Scheduler::far_slower(const Destination& d, uint32_t able, Clock::time_point now) const {
  for (unsigned i = 0; i < work_.destinations.size(); ++i) {
    if (!(able >> i & 1)) continue;
    const Pace& pace = work_.destinations[i]->pace;
    if (!kcopyd::far_slower(d.pace, pace, work_.plan.chunk_size, d.lag.misjudged, now)) return false;
  }
  return true;
}

bool Scheduler::too_slow(const Destination& d, uint32_t able, Clock::time_point now) const {
  const bool rotates = work_.source->rotates();
  // The time of the first flush says little about how fast it writes.
  const bool first = work_.plan.blanks_head(d);
  const auto elapsed = first ? Clock::duration{0} : now - started_;
  return out_of_patience(rotates, d.lag.stall.spent(now), elapsed) || (!first && !rotates && far_slower(d, able, now));
}

// The destinations of the group that can take this turn now. Removes from the group those that their own rate limit
// holds up: they are slow on purpose, so the others do not wait for them.
uint32_t Scheduler::able_of(Round& round, uint64_t turn, uint32_t& group) {
  const auto now = Clock::now();
  uint32_t able = 0;
  for (unsigned i = 0; i < work_.destinations.size(); ++i) {
    Destination& d = *work_.destinations[i];
    if (!(group >> i & 1) || !ready(round.pool, d)) continue;
    if (d.writing.ready(work_.plan.chunk_length(work_.plan.chunk_at(turn), d.sink.length()))) {
      able |= 1u << i;
      continue;
    }
    round.ask_again(d.writing.due());
    d.lag.stall.end(now);
    group &= ~(1u << i);
    if (work_.plan.one_at_a_time) return group = 0;
  }
  return able;
}

// True when the able destinations wait for the rest of the group.
bool Scheduler::waits(Round& round, uint32_t group, uint32_t able, Clock::time_point now) {
  // Strict mode leaves nobody behind, as the kernel's kcopyd does.
  const bool together = round.strict || !work_.source->can_read_again();
  bool wait = false;
  for (unsigned i = 0; i < work_.destinations.size(); ++i) {
    if (!(group >> i & 1)) continue;
    Destination& d = *work_.destinations[i];
    if (able == 0 || (able >> i & 1)) {
      d.lag.stall.end(now);
      continue;
    }
    d.lag.stall.begin(now);
    if (!together && too_slow(d, able, now)) continue;
    wait = true;
    if (!together) round.ask_again(now + kAskAgain);
  }
  return wait;
}

std::optional<Take> Scheduler::choose_from(Round& round, uint64_t turn, uint32_t group) {
  const uint32_t able = able_of(round, turn, group);
  const auto now = Clock::now();
  if (waits(round, group, able, now) || able == 0) return std::nullopt;
  for (unsigned i = 0; i < work_.destinations.size(); ++i) {
    if (!(group >> i & 1)) continue;
    Lag& lag = work_.destinations[i]->lag;
    lag.stall.end(now);
    if (!(able >> i & 1)) lag.apart.emplace(turn, turn, now);
  }
  return Take{turn, able};
}

}  // namespace kcopyd

#include "credit.h"

#include <algorithm>

namespace kcopyd {
namespace {

constexpr std::chrono::duration<double> kSoon{0.25};
// Chunks a second of a destination that has one in flight only.
constexpr double kSlow = 4;

}  // namespace

void Credit::start(unsigned slots, unsigned destinations) {
  destinations_ = destinations;
  share_ = std::max(slots / (destinations + 1), 1u);
  const unsigned others = (destinations - 1) * share_;
  // A short job has no time to climb, so it begins at the top. Going down costs little, and a device that gains nothing
  // by depth is found out.
  depth_.emplace(slots > others + share_ ? slots - others : share_, KCOPYD_MAX_SUBJOBS);
}

unsigned Credit::soon_done(const Destination& d) const {
  if (d.pace.bytes() == 0) return 1;  // its first request tells
  const double in_a_second = d.pace.bytes_per_second(Clock::now()) / static_cast<double>(plan_.chunk_size);
  // Pieces of two chunks would reach a slow destination by turns, and flash likes ascending order. A chunk that takes
  // so long to write loses nothing by the moment until the next one is there.
  const double least = in_a_second < kSlow ? 1 : 2;
  constexpr double most = static_cast<double>(KCOPYD_MAX_DESTS) * KCOPYD_MAX_SUBJOBS;
  return static_cast<unsigned>(std::clamp(kSoon.count() * in_a_second, least, most));
}

}  // namespace kcopyd

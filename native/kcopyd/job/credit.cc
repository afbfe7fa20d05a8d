#include "credit.h"

#include <algorithm>

namespace kcopyd {
namespace {

constexpr std::chrono::duration<double> kSoon{0.25};
// Below this many chunks a second, a destination has one in flight.
constexpr double kSlow = 4;

}  // namespace

void Credit::start(unsigned slots, unsigned destinations) {
  destinations_ = destinations;
  share_ = std::max(slots / (destinations + 1), 1u);
  const unsigned others = (destinations - 1) * share_;
  most_ = std::min(slots > others + share_ ? slots - others : share_, KCOPYD_MAX_SUBJOBS);
}

unsigned Credit::soon_done(const Destination& d) const {
  if (d.pace.bytes() == 0) return d.sink.busy();  // its first request measures it
  const double in_a_second = d.pace.bytes_per_second(Clock::now()) / static_cast<double>(plan_.chunk_size);
  // Pieces of two chunks would reach a slow destination alternately, and flash likes ascending order. The gap between
  // two chunks is nothing beside the time that one takes.
  // What packs an image is slow on one core, and has many.
  const double least = std::max<double>(in_a_second < kSlow ? 1 : 2, d.sink.busy());
  constexpr double most = static_cast<double>(KCOPYD_MAX_DESTS) * KCOPYD_MAX_SUBJOBS;
  return static_cast<unsigned>(std::clamp(kSoon.count() * in_a_second, least, most));
}

}  // namespace kcopyd

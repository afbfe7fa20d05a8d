// What one round of the worker's loop works with; all of it is the client's.
#pragma once

#include <algorithm>
#include <optional>

#include "../block_io.h"
#include "../control/isolation.h"
#include "../control/throttle.h"
#include "../pool.h"

namespace kcopyd {

struct Round {
  BlockIo& io;
  Pool& pool;
  Throttle& throttle;
  bool strict;
  // When the worker looks again, whatever happens.
  std::optional<Clock::time_point> deadline = std::nullopt;
  // The throttle refused a job in this round. Later jobs must not go through on what that one has paid.
  bool throttled = false;

  void ask_again(Clock::time_point at) { deadline = deadline ? std::min(*deadline, at) : at; }
};

}  // namespace kcopyd

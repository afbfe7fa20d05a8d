// What one round of the worker's loop works with. The client owns all of it.
#pragma once

#include <algorithm>
#include <optional>

#include "../block_io.h"
#include "../control/lagging.h"
#include "../control/throttle.h"
#include "../pool.h"

namespace kcopyd {

struct Round {
  BlockIo& io;
  Pool& pool;
  Throttle& throttle;
  bool strict;
  // When the worker looks again at the latest.
  std::optional<Clock::time_point> deadline = std::nullopt;
  // The client's throttle refused a job in this round. Later jobs must not spend what that job has saved up.
  bool throttled = false;

  void ask_again(Clock::time_point at) { deadline = deadline ? std::min(*deadline, at) : at; }
};

}  // namespace kcopyd

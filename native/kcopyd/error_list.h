// What went wrong in a job, in order, and what an errno means.
#pragma once

#include <atomic>
#include <cstddef>
#include <mutex>
#include <vector>

#include "device.h"
#include "kcopyd.h"

namespace kcopyd {

// What err means, from an operation of that side on that device. err is 0 for a transfer of 0 bytes before the end.
// Sources: errno(3), the block layer's blk_errors table, and devices pulled out under I/O. Those can give EIO, ENOSPC
// and transfers of 0 bytes too, and then have no size any more.
kcopyd_cause classify(kcopyd_side side, int err, const block_device& device);

// The worker adds to it, any thread reads it.
class ErrorList {
 public:
  // Adds an entry, or extends the last one of the same kind when the new range follows it. `again`: the place was tried
  // before, so the same failure is not listed twice.
  void add(const kcopyd_error& error, bool again = false);
  // Without a lock.
  size_t size() const { return size_; }
  size_t copy(size_t first, size_t max, kcopyd_error* errors) const;

 private:
  mutable std::mutex mutex_;
  std::vector<kcopyd_error> errors_;
  std::atomic<size_t> size_ = 0;
};

}  // namespace kcopyd

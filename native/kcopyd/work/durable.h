// Which sub-jobs are on a destination's medium. A written one becomes durable with the next flush that begins after it.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <mutex>
#include <vector>

#include "../kcopyd.h"

namespace kcopyd {

class Durable {
 public:
  // ---- Worker thread
  void written(uint64_t chunk) { fresh_.push_back(chunk); }
  bool has_fresh() const { return !fresh_.empty(); }
  // A flush begins: it covers what was written until now.
  void flush_begins() {
    flushing_.insert(flushing_.end(), fresh_.begin(), fresh_.end());
    fresh_.clear();
  }
  // The flush has worked.
  void flushed() {
    std::ranges::sort(flushing_);
    const std::lock_guard lock(mutex_);
    const size_t before = ranges_.size();
    for (const uint64_t chunk : flushing_) {
      if (ranges_.size() > before && ranges_.back().first + ranges_.back().count == chunk) {
        ++ranges_.back().count;
      } else {
        ranges_.push_back({chunk, 1});
      }
    }
    flushing_.clear();
  }

  // ---- Any thread
  size_t copy(size_t first, size_t max, kcopyd_range* ranges) const {
    const std::lock_guard lock(mutex_);
    if (first >= ranges_.size()) return 0;
    const size_t count = std::min(max, ranges_.size() - first);
    std::copy_n(ranges_.begin() + static_cast<ptrdiff_t>(first), count, ranges);
    return count;
  }

 private:
  std::vector<uint64_t> fresh_;
  std::vector<uint64_t> flushing_;
  mutable std::mutex mutex_;
  std::vector<kcopyd_range> ranges_;
};

}  // namespace kcopyd

// One 128-bit xxh3 per sub-job, made from the buffer that is about to be written. What is read back must match it.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "bitmap.h"
#include "kcopyd.h"

namespace kcopyd {

// Set by the worker, read by any thread.
class ChunkHashes {
 public:
  using Hash = kcopyd_hash;
  static Hash of(std::span<const std::byte> data);
  static bool equal(const Hash& a, const Hash& b) { return a.low == b.low && a.high == b.high; }

  // Throws std::bad_alloc, std::length_error. Before the job starts.
  void resize(uint64_t chunks) {
    hashes_.resize(chunks);
    known_ = std::vector<std::atomic<uint8_t>>(chunks);
  }
  // Takes the hashes that are known from before.
  void preset(const Hash* hashes, const Bitmap& known) {
    for (uint64_t i = 0; i < size(); ++i) {
      if (!known.has(i)) continue;
      hashes_[i] = hashes[i];
      known_[i] = kPreset;
    }
  }
  bool preset(uint64_t chunk) const { return chunk < size() && known_[chunk] == kPreset; }
  uint64_t size() const { return hashes_.size(); }

  // ---- Worker thread
  // Call this once for each chunk.
  void set(uint64_t chunk, const Hash& hash) {
    hashes_[chunk] = hash;
    known_[chunk].store(kKnown, std::memory_order_release);
  }
  // Leaves a chunk out of the comparison.
  void leave_out(uint64_t chunk) { known_[chunk].store(kLeftOut, std::memory_order_release); }
  bool left_out(uint64_t chunk) const { return known_[chunk] == kLeftOut; }
  // True when the chunk has a hash, or is left out.
  bool known(uint64_t chunk) const { return known_[chunk] != kUnknown; }
  const Hash& at(uint64_t chunk) const { return hashes_[chunk]; }

  // ---- Any thread
  size_t copy(uint64_t first, size_t max, Hash* hashes, uint8_t* known) const {
    if (first >= size()) return 0;
    const size_t count = std::min<uint64_t>(max, size() - first);
    for (size_t i = 0; i < count; ++i) {
      const uint8_t state = known_[first + i].load(std::memory_order_acquire);
      known[i] = state == kKnown || state == kPreset;
      hashes[i] = known[i] ? hashes_[first + i] : Hash{};
    }
    return count;
  }

 private:
  static constexpr uint8_t kUnknown = 0;
  static constexpr uint8_t kKnown = 1;
  static constexpr uint8_t kLeftOut = 2;
  static constexpr uint8_t kPreset = 3;

  std::vector<Hash> hashes_;  // 16 MiB for a TiB of 1 MiB sub-jobs
  std::vector<std::atomic<uint8_t>> known_;
};

}  // namespace kcopyd

// A set of sub-jobs: a bit each, as callers of the C interface give them.
#pragma once

#include <cstdint>
#include <vector>

namespace kcopyd {

class Bitmap {
 public:
  // Holds every sub-job.
  Bitmap() = default;
  // Copies bits (bit i % 8 of byte i / 8); holds every sub-job when it is NULL. Throws std::bad_alloc.
  Bitmap(const uint8_t* bits, uint64_t count) {
    if (bits != nullptr) bits_.assign(bits, bits + (count + 7) / 8);
    all_ = bits == nullptr;
  }
  // Clears bit i of `count`. Throws std::bad_alloc.
  void leave_out(uint64_t i, uint64_t count) {
    if (all_) bits_.assign((count + 7) / 8, 0xff);
    all_ = false;
    bits_[i / 8] = static_cast<uint8_t>(bits_[i / 8] & ~(1u << (i % 8)));
  }
  bool has(uint64_t i) const { return all_ || (bits_[i / 8] >> (i % 8) & 1); }

 private:
  std::vector<uint8_t> bits_;
  bool all_ = true;
};

}  // namespace kcopyd

// Where frames lie in their file (enum kcopyd_frame_order).
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace kcopyd {

struct FramePlace {
  uint64_t offset;  // bytes in the file
  uint32_t size;
};

// Gives frames their places, in order. The places follow from the sizes alone.
class FramePlaces {
 public:
  // cluster: bytes; 0 for frames in a row.
  explicit FramePlaces(uint64_t cluster) : cluster_(cluster), shared_(cluster), end_(cluster) {}

  // Where the next frame will begin if it has `size` bytes.
  uint64_t next(size_t size) const {
    if (cluster_ == 0 || size == 0) return shared_;
    if (size == cluster_) return end_;
    const uint64_t free = rounded(shared_) - shared_;
    return size <= free || shared_ + free == end_ ? shared_ : end_;
  }
  const FramePlace& add(size_t size) {
    const uint64_t offset = next(size);
    if (cluster_ == 0 || size != cluster_) shared_ = offset + size;
    end_ = std::max(end_, rounded(offset + size));
    return places_.emplace_back(FramePlace{offset, static_cast<uint32_t>(size)});
  }
  uint64_t count() const { return places_.size(); }
  const FramePlace& operator[](uint64_t frame) const { return places_[frame]; }
  const std::vector<FramePlace>& all() const { return places_; }
  // Where something that is no frame can follow.
  uint64_t end() const { return end_; }

 private:
  uint64_t rounded(uint64_t offset) const {
    return cluster_ == 0 ? offset : (offset + cluster_ - 1) / cluster_ * cluster_;
  }

  const uint64_t cluster_;
  uint64_t shared_;  // where a frame that shares its cluster can follow
  uint64_t end_;
  std::vector<FramePlace> places_;
};

}  // namespace kcopyd

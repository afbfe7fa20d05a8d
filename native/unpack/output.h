// Where decoded bytes go.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>

#include "digests.h"

namespace unpack {

class Output {
 public:
  virtual ~Output() = default;
  // In order. Throws Error (write) when nobody takes the bytes any more.
  virtual void write(std::span<const std::byte> bytes) = 0;
  // Nothing more comes: a filter checks that what it got is complete.
  virtual void finish() {}
};

// A descriptor, which stays the caller's; -1 takes the bytes and keeps none of them.
class DescriptorOutput final : public Output {
 public:
  DescriptorOutput(int fd, Digests digests) : fd_(fd), digests_(std::move(digests)) {}
  void write(std::span<const std::byte> bytes) override;
  uint64_t written() const { return written_; }
  Digests& digests() { return digests_; }

 private:
  int fd_;
  Digests digests_;
  uint64_t written_ = 0;  // bytes
};

}  // namespace unpack

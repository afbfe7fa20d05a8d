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
  // Ends the output. A filter checks that what it got is complete.
  virtual void finish() {}
};

// Up to `most` zeros, fewer when that is many.
std::span<const std::byte> some_zeros(uint64_t most);

// A descriptor, which stays the caller's; -1 takes the bytes and keeps none of them.
class DescriptorOutput final : public Output {
 public:
  explicit DescriptorOutput(int fd) : fd_(fd) {}
  void write(std::span<const std::byte> bytes) override;

 private:
  int fd_;
};

// Counts and hashes what it passes on.
class CountedOutput final : public Output {
 public:
  CountedOutput(Output& output, Digests digests) : output_(output), digests_(std::move(digests)) {}
  void write(std::span<const std::byte> bytes) override {
    digests_.update(bytes);
    written_ += bytes.size();
    output_.write(bytes);
  }
  void finish() override { output_.finish(); }
  uint64_t written() const { return written_; }
  Digests& digests() { return digests_; }

 private:
  Output& output_;
  Digests digests_;
  uint64_t written_ = 0;  // bytes
};

}  // namespace unpack

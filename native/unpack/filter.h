// A format that a packed image can hold, decoded in front of an output.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "input.h"
#include "output.h"

namespace unpack {

// Gets the bytes of an image file in pieces of any length and writes the decoded ones.
class Filter : public Output {
 public:
  explicit Filter(Output& output) : output_(output) {}
  // Throws Error.
  void write(std::span<const std::byte> bytes) final;
  // Bytes after the content; anything else there is an error.
  uint64_t zeros() const { return zeros_; }

 protected:
  // Consumes what belongs to the current state. Returns how many bytes that was.
  virtual size_t step(std::span<const std::byte> bytes) = 0;
  // Takes from `bytes` until there are `wanted` pending ones. True when all are there.
  bool gather(std::span<const std::byte>& bytes, size_t wanted);
  // Consumes what follows the content. Throws Error (trailing) with `said` when it is not zeros.
  size_t take_zeros(std::span<const std::byte> bytes, const char* said);

  Output& output_;
  Bytes pending_;          // of a part that has not come whole
  uint64_t position_ = 0;  // bytes of the file seen

 private:
  uint64_t zeros_ = 0;
};

}  // namespace unpack

// Packs bytes into a frame that any program of its format unpacks, and unpacks it. One thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

namespace unpack {

class FrameCoder {
 public:
  FrameCoder() = default;
  FrameCoder(const FrameCoder&) = delete;
  FrameCoder& operator=(const FrameCoder&) = delete;
  virtual ~FrameCoder() = default;

  // Bytes of the longest frame of `length` bytes.
  virtual size_t longest(size_t length) const = 0;
  // Fills `frame`, which has room for the longest. Gives its size. Throws std::bad_alloc, or Error.
  virtual size_t pack(std::span<const std::byte> bytes, std::span<std::byte> frame) = 0;
  // False when `frame` is not one whole frame of exactly `bytes.size()` bytes.
  virtual bool unpack(std::span<const std::byte> frame, std::span<std::byte> bytes) = 0;
};

// The coder of "zstd", "xz", "gzip" or "qcow2", with a level of that format. size: the most bytes that are packed at
// once; for qcow2, bytes of a cluster. Throws Error, of usage.
std::unique_ptr<FrameCoder> frame_coder(std::string_view format, int level, size_t size);

}  // namespace unpack

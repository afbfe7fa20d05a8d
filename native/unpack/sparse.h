// Android's sparse image format (AOSP, system/core/libsparse/sparse_format.h), as a filter in front of an output.
#pragma once

#include <cstdint>
#include <optional>

#include "filter.h"
#include "input.h"
#include "output.h"

namespace unpack {

// What the file header says.
struct SparseHeader {
  uint32_t block_size = 0;  // bytes
  uint32_t blocks = 0;      // decoded
  uint32_t chunks = 0;
  uint16_t chunk_header = 0;  // bytes
  uint16_t file_header = 0;   // bytes
  uint64_t size() const { return uint64_t{block_size} * blocks; }
};

// nothing when the bytes are no such header.
std::optional<SparseHeader> sparse_header_of(std::span<const std::byte> bytes);

// Writes the bytes [from, until) of the image in a file that is a sparse image. Throws Error.
void decode_sparse_range(const Input& input, Output& output, uint64_t from, uint64_t until);

// Throws Error (damaged, unsupported, trailing). "Don't care" becomes zeros.
class SparseFilter final : public Filter {
 public:
  using Filter::Filter;
  // Throws Error (truncated, damaged), also when the number of blocks is not that of the header.
  void finish() override;

 private:
  size_t header_length() const;
  size_t step(std::span<const std::byte> bytes) override;
  void begin_chunk(std::span<const std::byte> head);
  void repeat(std::span<const std::byte> pattern, uint64_t count);
  void produce(std::span<const std::byte> bytes);

  enum class State { header, chunk, raw, done };

  State state_ = State::header;
  SparseHeader header_;
  uint64_t raw_left_ = 0;  // bytes
  uint32_t chunks_ = 0;
  uint64_t blocks_ = 0;
  uint32_t crc_ = 0;
};

}  // namespace unpack

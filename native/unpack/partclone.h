// partclone's images of a partition (IMAGE_FORMATS.md of partclone, versions 0001 and 0002), as a filter in front of an
// output: a bitmap of the blocks that the file system uses, and these blocks with checksums between them.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "filter.h"
#include "input.h"
#include "output.h"

namespace unpack {

// What the header says.
struct PartcloneHeader {
  unsigned version = 0;      // 1 or 2
  uint64_t device_size = 0;  // bytes of the partition
  uint64_t blocks = 0;
  uint64_t block_size = 0;       // bytes
  uint64_t header_size = 0;      // bytes
  uint64_t checksum_size = 0;    // bytes; 0 for no checksums
  uint64_t per_checksum = 0;     // blocks; 0 for no checksums
  bool compared = false;         // the checksums are of a kind that is known here
  bool reseeded = false;         // each checksum is of its blocks alone
  bool has_bitmap = true;        // otherwise all blocks are there
  bool bitmap_of_bytes = false;  // a byte for each block, not a bit
  // Blocks can end before the partition does, and a last block can reach beyond it.
  uint64_t size() const { return std::max(device_size, blocks * block_size); }
};

// Bytes that are enough to know the header.
constexpr size_t partclone_header_length = 110;

bool begins_as_partclone(std::span<const std::byte> bytes);
// Nothing when the bytes begin no such image, or are too few. Throws Error (damaged, unsupported).
std::optional<PartcloneHeader> partclone_header_of(std::span<const std::byte> bytes);

// Throws Error (damaged, unsupported, trailing, memory). Blocks that the file system does not use become zeros.
class PartcloneFilter final : public Filter {
 public:
  using Filter::Filter;
  // Throws Error (truncated).
  void finish() override;
  // Every byte was compared with a checksum. Those of the first version are of the first byte of each block only.
  bool checked() const { return header_.compared && header_.version == 2; }

 private:
  enum class State { header, bitmap, bitmap_end, blocks, checksum, guess, done };

  size_t step(std::span<const std::byte> bytes) override;
  void take_header();
  uint64_t bitmap_length() const;
  size_t take_bitmap(std::span<const std::byte> bytes);
  void end_bitmap();
  void begin_run();
  size_t take_blocks(std::span<const std::byte> bytes);
  void end_run();
  void take_checksum();
  void guess_gap();
  bool is_used(uint64_t block) const { return used_.empty() || ((used_[block / 8] >> (block % 8)) & 1u) != 0; }
  void write_zeros(uint64_t count);
  [[noreturn]] void damaged(const char* said) const;

  State state_ = State::header;
  PartcloneHeader header_;
  std::vector<uint8_t> used_;  // a bit for each block
  uint64_t listed_ = 0;        // bytes of the bitmap seen
  uint64_t block_ = 0;         // the first one of the run that is being written, or the next one
  uint64_t run_ = 0;           // used blocks in a row
  uint64_t left_ = 0;          // bytes of them
  std::byte first_{};          // of the block
  uint64_t unsummed_ = 0;      // blocks since the last checksum
  std::optional<size_t> gap_;  // bytes behind each checksum that mean nothing; nothing while that is not known
  uint32_t crc_ = 0;           // zlib's, whose complement is stored
  uint64_t written_ = 0;
};

}  // namespace unpack

// What a block map (bmap) says of an image: which ranges of it hold data, and their checksums.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "digests.h"
#include "output.h"

namespace unpack {

struct MappedRange {
  uint64_t at = 0;  // bytes from the start of the image
  uint64_t size = 0;
  std::string checksum;  // lower-case hex; empty for none
};
// Ascending and disjoint.
using Map = std::vector<MappedRange>;

// Reads a map from a descriptor to its end: a line "AT SIZE CHECKSUM" for each range, "-" for no checksum. Throws Error
// (usage) for anything else.
Map read_map(int fd);

// Passes on an image in which everything outside of the map is zeros. Bytes that are not mapped are undefined. As zeros
// they are the same for every destination, whatever the file holds.
class Mapped final : public Output {
 public:
  // from: the byte of the image that comes first. hash: the kind of checksum to compare; empty compares none. Passes on
  // nothing from the byte `until` on, which nobody reads, but still compares all ranges.
  Mapped(Output& output, const Map& map, uint64_t from, std::string hash, uint64_t until);
  // Throws Error (mapped) at the end of a range whose checksum is wrong; its offset is that of the range in the image.
  void write(std::span<const std::byte> bytes) override;
  void finish() override { output_.finish(); }
  // Bytes until the next range; 0 within one, UINT64_MAX behind the last one.
  uint64_t gap() const;
  // Bytes left of the range within which this is.
  uint64_t left() const;
  // Takes bytes of a gap as read.
  void skip(uint64_t count);
  uint64_t skipped() const { return skipped_; }

 private:
  void pass(std::span<const std::byte> bytes);
  void pass_zeros(uint64_t count);
  void end_range();

  Output& output_;
  const Map& map_;
  const std::string hash_;
  const uint64_t until_;
  uint64_t at_;       // of the next byte, in the image
  size_t range_ = 0;  // the first one that does not end at or before at_
  Digests digests_;   // of the range so far, when this has all of it
  uint64_t skipped_ = 0;
};

}  // namespace unpack

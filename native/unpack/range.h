// A part of the decoded image.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "decoder.h"
#include "disks/disk.h"
#include "output.h"
#include "sparse.h"

namespace unpack {

// Slice throws this once it has passed on the last byte that is wanted.
struct Enough {};

// Passes on the bytes [from, until) of what it gets, whose first byte is number `first` of the image.
class Slice final : public Output {
 public:
  Slice(Output& output, uint64_t first, uint64_t from, uint64_t until)
      : output_(output), at_(first), from_(from), until_(until) {}
  // Throws Enough with the last byte.
  void write(std::span<const std::byte> bytes) override;

 private:
  Output& output_;
  uint64_t at_;  // of the next byte, in the image
  uint64_t from_;
  uint64_t until_;
};

// How decoding can begin in the middle of an image.
struct Access {
  Facts facts;
  bool displaced = false;              // what is decoded goes through a filter: places in it are not those in the image
  std::optional<SparseHeader> sparse;  // of the file or of what is in it
  std::optional<Unit> stored;          // in a zip
  std::unique_ptr<VirtualDisk> disk;   // reads the input
  // Bytes of the image that are decoded for each one that is asked for; 0 when decoding begins at the start.
  uint64_t unit() const;
};

// Looks at the first decoded bytes, after which the input is at its start again. Needs an input that can be seeked.
Access access_of(Format format, Input& input, const std::string& entry, const Limits& limits);

// Decodes the bytes [from, until) of an image that has a unit(). The end of the image ends the range. Only what is read
// is checked. Calls for one virtual disk must not overlap.
void decode_part(const Access& access, Format format, Input& input, Output& output, uint64_t from, uint64_t until,
                 const Limits& limits, Found& found);

// Decodes the bytes [from, until) of the image: from the nearest place where decoding can begin, else from the start.
// The end of the image ends the range. Only what is read is checked. Needs an input that can be seeked.
void decode_range(Format format, Input& input, Output& output, const std::string& entry, uint64_t from, uint64_t until,
                  const Limits& limits, Found& found);

// Decodes all of the input, of any format, sparse images inside included.
Found decode_whole(Format format, Input& input, Output& output, const std::string& entry, const Limits& limits);

}  // namespace unpack

// A disk that is put together from several files, as programs keep it that save each partition by itself. The caller
// knows which file is what; all that is decoded is decoded here.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

#include "decoder.h"
#include "output.h"

namespace unpack {

// A part of the disk. Bytes.
struct Part {
  uint64_t at = 0;  // from the start of the disk
  uint64_t size = 0;
  unsigned files = 0;   // descriptors that hold it in pieces
  bool packed = false;  // what is in them is decoded, may be shorter than the part, and is not longer
  uint64_t from = 0;    // of what is not packed: the place in the file
  Bytes literal;        // the part itself, when it has no file
};

// "AT SIZE FILES image", "AT SIZE FILES FROM", or "AT SIZE = HEX". Throws Error (usage).
Part part_of(std::string_view text);

struct Assembly {
  uint64_t size = 0;        // bytes of the disk
  std::vector<Part> parts;  // ascending and disjoint
  size_t current = 0;       // the part that is decoded
  // Throws Error (usage) when parts overlap, or lie beyond the end, or there are other than `files` descriptors.
  void check(size_t files) const;
};

// Writes the bytes [from, until) of the disk. What no part has is zeros. progress: called with the bytes of files read.
// Errors have the place in the files of the current part.
Found decode_assembly(Assembly& assembly, const std::vector<int>& files, Output& output, uint64_t from, uint64_t until,
                      const Limits& limits, const std::function<void(uint64_t)>& progress);

}  // namespace unpack

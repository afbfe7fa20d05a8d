// One decoder for each format, and what is common to them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "input.h"
#include "output.h"
#include "workers.h"

namespace unpack {

enum class Format { none, xz, gzip, bzip2, zstd, lz4, zip, android_sparse };

// By the first bytes; none when they are those of no format here.
Format format_of(Input& input);
const char* name_of(Format format);

struct Limits {
  Workers& workers;
  uint64_t memory;  // bytes, of packed and decoded pieces in flight
};

// What the file says about itself before it is decoded.
struct Facts {
  std::optional<uint64_t> size;    // decoded bytes, when the format knows them exactly
  std::optional<uint64_t> blocks;  // pieces that can be decoded on their own, when they are known
  uint64_t largest_block = 0;      // decoded bytes of the largest one
};

struct Entry {
  std::string name;
  uint64_t size = 0;    // bytes, decoded
  uint64_t packed = 0;  // bytes in the file
  uint64_t offset = 0;  // of the local header
  uint32_t crc = 0;
  uint16_t method = 0;
  bool encrypted = false;
};

struct Archive {
  std::vector<Entry> entries;  // without folders
  uint64_t end = 0;            // bytes from the start of the file
};

// What decoding has shown.
struct Found {
  uint64_t zeros = 0;   // bytes after the last member
  bool checked = true;  // every decoded byte was compared with a checksum that the file has
};

// Each decodes one member (an xz or bzip2 stream, a gzip member, a zstd or lz4 frame) or as many as it knows to follow
// one another, and leaves the input right behind it. Each throws Error.
void decode_xz(Input& input, Output& output, const Limits& limits, Found& found);
void decode_gzip(Input& input, Output& output, const Limits& limits);
void decode_bzip2(Input& input, Output& output, const Limits& limits);
void decode_zstd(Input& input, Output& output, const Limits& limits, Found& found);
void decode_lz4(Input& input, Output& output, Found& found);

// entry: its name; empty takes the only file. Throws Error (usage) when there are several.
void decode_zip(Input& input, Output& output, const std::string& entry, Found& found);
// Of an archive that can be seeked.
Archive archive_of(const Input& input);

// Leave the position where it is.
Facts facts_of_xz(const Input& input);
Facts facts_of_zstd(const Input& input);
Facts facts_of_lz4(const Input& input);

// Consumes zeros. Returns how many, in bytes.
uint64_t skip_zeros(Input& input);

// Decodes all of the input, which has this format, to its very end.
Found decode_all(Format format, Input& input, Output& output, const Limits& limits);

}  // namespace unpack

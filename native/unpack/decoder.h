// One decoder for each format, and what is common to them.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "input.h"
#include "output.h"
#include "workers.h"

namespace unpack {

enum class Format { none, xz, gzip, bzip2, zstd, lz4, zip, android_sparse, partclone, qcow2, vmdk, vdi, vhd, vhdx };

// Recognises a format by its first bytes; none when no format here begins so.
Format format_of(Input& input);
const char* name_of(Format format);

struct Limits {
  Workers& workers;
  uint64_t memory;           // bytes, of packed and decoded pieces in flight
  bool as_it_comes = false;  // decode byte for byte: the first ones come soonest
  // Bytes of a window or dictionary. What the packers' own strongest levels ask for is always granted.
  uint64_t window() const { return std::max(memory, uint64_t{160} << 20); }
};

// A part of the file that can be decoded without the rest. Bytes.
struct Unit {
  uint64_t packed_at = 0;  // from the start of the file
  uint64_t packed = 0;
  uint64_t at = 0;  // from the start of the image
  uint64_t size = 0;
};
// In order, without gaps in the image.
using Units = std::vector<Unit>;

// What the file says about itself before it is decoded.
struct Facts {
  std::optional<uint64_t> size = std::nullopt;  // decoded bytes, when the format knows them exactly
  std::optional<Units> units = std::nullopt;    // when their places are known
  uint64_t least = 0;                           // decoded bytes that there are at least, when the size is not known
  bool cursory = false;                         // the rest would take reads all over a partial file
  uint64_t piece = 0;                           // bytes in flight for each thread; 0 when one thread decodes all
  uint64_t largest_unit() const;
  // The units that hold the bytes [from, until) of the image. Needs `units`.
  std::span<const Unit> units_of(uint64_t from, uint64_t until) const;
};

// Threads that decoding will use.
unsigned threads_for(const Facts& facts, const Limits& limits);
// True when a part of the image can be decoded without all that lies before it.
inline bool seekable(const Facts& facts) { return facts.units && facts.units->size() > 1; }

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

// What was found while decoding.
struct Found {
  uint64_t zeros = 0;   // bytes after the last member
  bool checked = true;  // every decoded byte was compared with a checksum that the file has
};

// Each decodes one member (an xz or bzip2 stream, a gzip member, a zstd or lz4 frame) or several in a row, and leaves
// the input right behind it. Each throws Error.
void decode_xz(Input& input, Output& output, const Limits& limits, Found& found);
void decode_gzip(Input& input, Output& output, const Limits& limits);
void decode_bzip2(Input& input, Output& output, const Limits& limits);
void decode_zstd(Input& input, Output& output, const Limits& limits, Found& found);
void decode_lz4(Input& input, Output& output, Found& found);

// entry: its name; empty takes the only file. Throws Error (usage) when there are several.
void decode_zip(Input& input, Output& output, const std::string& entry, Found& found);
// The directory of an archive that can be seeked.
Archive archive_of(const Input& input);
// Throws Error as decode_zip() does.
Entry entry_of(const Input& input, const std::string& name);
// The place of a file that is stored without packing; nothing when it is packed or encrypted. Throws Error (damaged).
std::optional<Unit> stored_in_zip(const Input& input, const Entry& entry);
// Passes on the next `left` bytes of a zip as they are. Throws Error (truncated).
void copy_stored(Input& input, Output& output, uint64_t left);

// These leave the position where it is. They find out hardly anything about an input that cannot be seeked.
Facts facts_of(Format format, Input& input, const Limits& limits);
Facts facts_of_xz(const Input& input);
Facts facts_of_gzip(const Input& input);
Facts facts_of_bzip2(Input& input);
Facts facts_of_zstd(const Input& input, const Limits& limits);
// The frames from the start of the file that are whole and say what they hold.
Units whole_zstd_frames(const Input& input);
Facts facts_of_lz4(const Input& input);

// These decode some of the units that facts_of() gave. The output gets the whole content of each.
void decode_xz_units(std::span<const Unit> units, Input& input, Output& output, const Limits& limits, Found& found);
void decode_gzip_units(std::span<const Unit> units, Input& input, Output& output, const Limits& limits);
void decode_zstd_units(std::span<const Unit> units, Input& input, Output& output, const Limits& limits, Found& found);

// "512 MiB"
std::string in_words(uint64_t bytes);

// Passes on up to `most` bytes as they are. Returns how many; fewer only at the end of the file.
uint64_t copy_bytes(Input& input, Output& output, uint64_t most = UINT64_MAX);
// Consumes zeros. Returns how many, in bytes.
uint64_t skip_zeros(Input& input);

// Decodes all of the input, which has this format, to its very end.
Found decode_all(Format format, Input& input, Output& output, const Limits& limits);

}  // namespace unpack

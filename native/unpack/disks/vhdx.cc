// VHDX ([MS-VHDX]): headers and a table of regions with checksums; in two of the regions, what the disk is like and the
// table of its blocks. All numbers are little-endian.
#include <algorithm>
#include <array>
#include <bit>
#include <map>
#include <string_view>

#include "../error.h"
#include "../little_endian.h"
#include "disk.h"

namespace unpack {
namespace {

using namespace std::string_view_literals;

constexpr uint64_t kib = 1024;
constexpr uint64_t mib = kib * kib;
constexpr std::array header_places{64 * kib, 128 * kib};
constexpr std::array region_places{192 * kib, 256 * kib};
constexpr uint64_t header_length = 4 * kib;
constexpr uint64_t region_length = 64 * kib;
constexpr uint64_t most_entries = 2047;  // of a table of regions or of metadata
constexpr uint64_t largest_table = 256 * mib;

// GUIDs as they lie in the file.
constexpr std::string_view block_region = "\x66\x77\xc2\x2d\x23\xf6\x00\x42\x9d\x64\x11\x5e\x9b\xfd\x4a\x08"sv;
constexpr std::string_view metadata_region = "\x06\xa2\x7c\x8b\x90\x47\x9a\x4b\xb8\xfe\x57\x5f\x05\x0f\x88\x6e"sv;
constexpr std::string_view parameters_item = "\x37\x67\xa1\xca\x36\xfa\x43\x4d\xb3\xb6\x33\xf0\xaa\x44\xe7\x6b"sv;
constexpr std::string_view size_item = "\x24\x42\xa5\x2f\x1b\xcd\x76\x48\xb2\x11\x5d\xbe\xd8\x3b\xf4\xb8"sv;
constexpr std::string_view logical_item = "\x1d\xbf\x41\x81\x6f\xa9\x09\x47\xba\x47\xf2\x33\xa8\xfa\xab\x5f"sv;
constexpr std::string_view physical_item = "\xc7\x48\xa3\xcd\x5d\x44\x71\x44\x9c\xc9\xe9\x88\x52\x51\xc5\x56"sv;
constexpr std::string_view identifier_item = "\xab\x12\xca\xbe\xe6\xb2\x23\x45\x93\xef\xc3\x09\xe0\x00\xc7\x46"sv;
constexpr std::string_view parent_item = "\x2d\x5f\xd3\xa8\x0b\xb3\x4d\x45\xab\xf7\xd3\xd8\x48\x34\xab\x0c"sv;

[[noreturn]] void damaged(uint64_t at, const char* said) {
  throw Error(Fault::damaged, at, std::string("VHDX: ") + said);
}

[[noreturn]] void unsupported(uint64_t at) {
  throw Error(Fault::unsupported, at, "VHDX: has a part that is not known");
}

// Castagnoli's, over the bytes with the checksum at `at` as zeros.
bool is_sound(std::span<const std::byte> bytes, size_t at) {
  if (!has_checksums) return true;
  static const auto table = [] {
    std::array<uint32_t, 256> made{};
    for (uint32_t i = 0; i < made.size(); ++i) {
      made[i] = i;
      for (int bit = 0; bit < 8; ++bit) made[i] = made[i] >> 1 ^ ((made[i] & 1) != 0 ? 0x82f63b78 : 0);
    }
    return made;
  }();
  uint32_t crc = ~0u;
  for (size_t i = 0; i < bytes.size(); ++i) {
    const auto byte = i >= at && i < at + 4 ? 0u : std::to_integer<uint32_t>(bytes[i]);
    crc = crc >> 8 ^ table[(crc ^ byte) & 0xff];
  }
  return little_endian(bytes, at, 4) == static_cast<uint32_t>(~crc);
}

std::string_view guid_at(const Bytes& bytes, size_t at) {
  return {reinterpret_cast<const char*>(bytes.data() + at), 16};
}

struct Extent {
  uint64_t at = 0;
  uint64_t length = 0;
};

class Vhdx final : public VirtualDisk {
 public:
  explicit Vhdx(const Input& input) : VirtualDisk(input) {
    check_headers();
    take_regions();
    take_metadata();
    if (block_ == 0 || logical_ == 0) damaged(metadata_.at, "its metadata is damaged");
    per_chunk_ = (uint64_t{1} << 23) * logical_ / block_;
    // After each chunk of blocks the table has an entry for a bitmap.
    const uint64_t blocks = (size_ + block_ - 1) / block_;
    const uint64_t entries = blocks == 0 ? 0 : blocks + (blocks - 1) / per_chunk_;
    if (entries * 8 > std::min(largest_table, table_at_.length)) damaged(table_at_.at, "its table is too short");
    table_ = read(table_at_.at, entries * 8);
  }

  Piece piece_at(uint64_t at) override;
  void check_tables(Places& places) override {
    places.add(0, mib);
    places.add(metadata_.at, metadata_.length);
    places.add(table_at_.at, table_at_.length);
  }

 private:
  void check_headers() const;
  void take_regions();
  void take_metadata();
  void take_item(const Bytes& head, size_t at);

  Extent table_at_;
  Extent metadata_;
  uint64_t block_ = 0;      // bytes
  uint64_t logical_ = 0;    // bytes of a sector
  uint64_t per_chunk_ = 0;  // blocks
  Bytes table_;
};

// The newer of the two headers counts. Its log has to be empty.
void Vhdx::check_headers() const {
  Bytes current;
  for (const uint64_t place : header_places) {
    Bytes header = read(place, header_length);
    if (!has(header, 0, "head"sv) || !is_sound(header, 4)) continue;
    if (current.empty() || little_endian(header, 8, 8) > little_endian(current, 8, 8)) current = std::move(header);
  }
  if (current.empty()) damaged(header_places[0], "both headers are damaged");
  if (little_endian(current, 66, 2) != 1) throw Error(Fault::unsupported, 66, "VHDX: of an unknown version");
  const auto log = std::span(current).subspan(48, 16);
  if (std::ranges::any_of(log, [](std::byte one) { return one != std::byte{0}; }))
    throw Error(Fault::unfinished, header_places[0], "VHDX: its log was not replayed");
}

void Vhdx::take_regions() {
  for (const uint64_t place : region_places) {
    const Bytes table = read(place, region_length);
    const uint64_t count = little_endian(table, 8, 4);
    if (!has(table, 0, "regi"sv) || !is_sound(table, 4) || count > most_entries) continue;
    for (uint64_t i = 0; i < count; ++i) {
      const size_t at = 16 + 32 * i;
      const Extent extent{little_endian(table, at + 16, 8), little_endian(table, at + 24, 4)};
      if (extent.at < mib || extent.at % mib != 0) damaged(place + at, "the table of regions is damaged");
      if (guid_at(table, at) == block_region)
        table_at_ = extent;
      else if (guid_at(table, at) == metadata_region)
        metadata_ = extent;
      else if ((little_endian(table, at + 28, 4) & 1) != 0)
        unsupported(place + at);
    }
    if (table_at_.at == 0 || metadata_.at == 0) damaged(place, "the table of regions is damaged");
    return;
  }
  damaged(region_places[0], "both tables of regions are damaged");
}

void Vhdx::take_metadata() {
  const Bytes head = read(metadata_.at, region_length);
  const uint64_t count = little_endian(head, 10, 2);
  if (!has(head, 0, "metadata"sv) || count > most_entries) damaged(metadata_.at, "its metadata is damaged");
  for (uint64_t i = 0; i < count; ++i) take_item(head, 32 + 32 * i);
}

void Vhdx::take_item(const Bytes& head, size_t at) {
  const std::string_view item = guid_at(head, at);
  const uint64_t place = metadata_.at + little_endian(head, at + 16, 4);
  const auto number = [&](unsigned count) { return little_endian(read(place, count), 0, count); };
  const auto check = [&](bool holds) {
    if (!holds) damaged(place, "its metadata is damaged");
  };
  constexpr uint64_t required = 4;
  if (item == parameters_item) {
    block_ = number(4);
    check(std::has_single_bit(block_) && block_ >= mib && block_ <= 256 * mib);
    if ((number(8) >> 32 & 2) != 0) throw Error(Fault::other_file, place, "");
  } else if (item == size_item) {
    set_size(number(8));
    check(size_ % 512 == 0);
  } else if (item == logical_item) {
    logical_ = number(4);
    check(logical_ == 512 || logical_ == 4096);
  } else if (item == parent_item) {
    throw Error(Fault::other_file, place, "");
  } else if (item != physical_item && item != identifier_item && (little_endian(head, at + 24, 4) & required) != 0) {
    unsupported(metadata_.at + at);
  }
}

Piece Vhdx::piece_at(uint64_t at) {
  const uint64_t block = at / block_;
  const size_t place = (block + block / per_chunk_) * 8;
  const uint64_t entry = little_endian(table_, place, 8);
  const uint64_t size = std::min(size_ - at, block_ - at % block_);
  const uint64_t offset = entry >> 20 << 20;
  constexpr uint64_t reserved = 0xffff8;
  if ((entry & reserved) != 0) damaged(table_at_.at + place, "its table is damaged");
  // Not present, undefined, zero, unmapped (and as version 0.95 wrote it): nothing is kept of these.
  switch (entry & 7) {
    case 0:
    case 1:
    case 2:
    case 3:
    case 5:
      return {.size = size};
    case 6:
      if (offset < mib) damaged(table_at_.at + place, "its table is damaged");
      return {.kind = Piece::Kind::stored, .size = size, .place = offset + at % block_};
    case 7:
      throw Error(Fault::other_file, table_at_.at + place, "");
    default:
      damaged(table_at_.at + place, "its table is damaged");
  }
}

}  // namespace

std::unique_ptr<VirtualDisk> open_vhdx(const Input& input) { return std::make_unique<Vhdx>(input); }

}  // namespace unpack

// VHD (Microsoft's "Virtual Hard Disk Image Format Specification"): a footer, and for a dynamic disk a table of blocks.
// All numbers are big-endian.
#include <algorithm>
#include <array>
#include <bit>
#include <string_view>

#include "../big_endian.h"
#include "../error.h"
#include "disk.h"

namespace unpack {
namespace {

using namespace std::string_view_literals;

constexpr size_t footer_length = 512;
constexpr size_t header_length = 1024;
constexpr uint64_t most_blocks = uint64_t{1} << 24;
constexpr uint64_t largest_block = uint64_t{256} << 20;
constexpr uint64_t absent = 0xffffffff;
constexpr uint64_t fixed = 2;
constexpr uint64_t dynamic = 3;
constexpr uint64_t differencing = 4;

// The complement of the sum of all bytes, in which the checksum itself counts as zeros.
bool is_sound(std::span<const std::byte> bytes, size_t checksum_at) {
  if (!has_checksums) return true;
  uint32_t sum = 0;
  for (size_t i = 0; i < bytes.size(); ++i)
    if (i < checksum_at || i >= checksum_at + 4) sum += std::to_integer<uint32_t>(bytes[i]);
  return big_endian(bytes, checksum_at, 4) == static_cast<uint32_t>(~sum);
}

bool is_footer(std::span<const std::byte> bytes) {
  constexpr uint64_t version = 0x00010000;
  return has(bytes, 0, "conectix"sv) && big_endian(bytes, 12, 4) == version;
}

// Virtual PC takes the size from the geometry, and so does QEMU for disks that it makes for Virtual PC. For all others
// the geometry is only near the size.
uint64_t size_in(std::span<const std::byte> footer) {
  const uint64_t sectors = big_endian(footer, 56, 2) * big_endian(footer, 58, 1) * big_endian(footer, 59, 1);
  constexpr uint64_t largest_geometry = uint64_t{65535} * 16 * 255;
  if ((has(footer, 28, "vpc "sv) || has(footer, 28, "qemu"sv)) && sectors != largest_geometry) return sectors * 512;
  return big_endian(footer, 48, 8);
}

class Vhd final : public VirtualDisk {
 public:
  explicit Vhd(const Input& input) : VirtualDisk(input) {
    const uint64_t end = input.size().value_or(0);
    if (end < footer_length) throw Error(Fault::truncated, end, "VHD: the footer at the end is not there");
    footer_at_ = end - footer_length;
    const Bytes footer = read(footer_at_, footer_length);
    if (!is_footer(footer)) throw Error(Fault::truncated, end, "VHD: the footer at the end is not there");
    if (!is_sound(footer, 64)) damaged(footer_at_);
    const uint64_t type = big_endian(footer, 60, 4);
    if (type != fixed && type != dynamic && type != differencing)
      throw Error(Fault::unsupported, footer_at_, "VHD: of an unknown variant");
    set_size(size_in(footer));
    if (size_ % 512 != 0) damaged(footer_at_);
    if (type == fixed) {
      block_ = size_;
      if (size_ > footer_at_) throw Error(Fault::truncated, footer_at_, "VHD: shorter than its footer says");
    } else {
      take_header(big_endian(footer, 16, 8), type);
    }
  }

  Piece piece_at(uint64_t at) override {
    if (table_.empty()) return {.kind = Piece::Kind::stored, .size = size_ - at, .place = at};
    const uint64_t size = std::min(size_ - at, block_ - at % block_);
    const uint64_t sector = big_endian(table_, at / block_ * 4, 4);
    if (sector == absent) return {.size = size};
    // Sectors that its bitmap marks as unused are zeros in the file too.
    return {.kind = Piece::Kind::stored, .size = size, .place = sector * 512 + bitmap() + at % block_};
  }

  void check_tables(Places& places) override {
    places.add(footer_at_, footer_length);
    if (table_.empty()) return;
    const Bytes copy = read(0, footer_length);
    if (!is_footer(copy) || !is_sound(copy, 64)) damaged(0);
    places.add(0, footer_length);
    places.add(header_at_, header_length);
    places.add(table_at_, table_.size());
    for (size_t at = 0; at < table_.size(); at += 4)
      if (const uint64_t sector = big_endian(table_, at, 4); sector != absent) places.add(sector * 512, bitmap());
  }

 private:
  [[noreturn]] static void damaged(uint64_t at) {
    throw Error(Fault::damaged, at, "VHD: the footer, the header or the table is damaged");
  }

  void take_header(uint64_t at, uint64_t type) {
    header_at_ = at;
    const Bytes header = read(at, header_length);
    if (!has(header, 0, "cxsparse"sv) || !is_sound(header, 36)) damaged(at);
    if (type == differencing) throw Error(Fault::other_file, at, parent_in(header));
    const uint64_t blocks = big_endian(header, 28, 4);
    block_ = big_endian(header, 32, 4);
    table_at_ = big_endian(header, 16, 8);
    if (!std::has_single_bit(block_) || block_ < 512 || block_ > largest_block || blocks > most_blocks ||
        blocks < (size_ + block_ - 1) / block_)
      damaged(at);
    table_ = read(table_at_, blocks * 4);
  }

  // The name is UTF-16. Only its ASCII letters are reported.
  static std::string parent_in(const Bytes& header) {
    std::string name;
    for (size_t at = 64; at < 576; at += 2) {
      const uint64_t letter = big_endian(header, at, 2);
      if (letter == 0) break;
      name += letter < 0x80 ? static_cast<char>(letter) : '?';
    }
    return name;
  }

  // Bytes of the bitmap before each block: a bit for each sector, in whole sectors.
  uint64_t bitmap() const { return (block_ / 512 / 8 + 511) / 512 * 512; }

  uint64_t footer_at_ = 0;
  uint64_t header_at_ = 0;
  uint64_t table_at_ = 0;
  uint64_t block_ = 0;  // bytes
  Bytes table_;         // empty for a fixed disk
};

}  // namespace

bool ends_as_vhd(const Input& input) {
  const uint64_t end = input.size().value_or(0);
  std::array<std::byte, footer_length> footer;
  return end > footer_length && input.read_at(end - footer_length, footer) == footer_length && is_footer(footer);
}

std::unique_ptr<VirtualDisk> open_vhd(const Input& input) { return std::make_unique<Vhd>(input); }

}  // namespace unpack

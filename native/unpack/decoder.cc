#include "decoder.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <string_view>

#include "big_endian.h"
#include "disks/disk.h"
#include "error.h"
#include "little_endian.h"

namespace unpack {
namespace {

struct Magic {
  Format format;
  std::string_view bytes;
};

using namespace std::string_view_literals;

constexpr std::string_view lz4_magic = "\x04\x22\x4d\x18"sv;

constexpr std::array magics{
    Magic{Format::xz, "\xfd\x37\x7a\x58\x5a\x00"sv},
    Magic{Format::gzip, "\x1f\x8b\x08"sv},
    Magic{Format::zstd, "\x28\xb5\x2f\xfd"sv},
    Magic{Format::lz4, lz4_magic},
    Magic{Format::zip, "PK\x03\x04"sv},
    Magic{Format::zip, "PK\x05\x06"sv},  // without a file in it
    Magic{Format::zip, "PK\x07\x08PK\x03\x04"sv},
    Magic{Format::android_sparse, "\x3a\xff\x26\xed"sv},
    Magic{Format::partclone, "partclone-image"sv},
    Magic{Format::vmdk, "KDMV"sv},
    Magic{Format::vmdk, "COWD"sv},
    Magic{Format::vmdk, "# Disk Descriptor"sv},
    Magic{Format::vhd, "conectix"sv},
    Magic{Format::vhdx, "vhdxfile"sv},
};

bool begins_with(std::span<const std::byte> bytes, std::string_view magic) {
  return bytes.size() >= magic.size() && std::memcmp(bytes.data(), magic.data(), magic.size()) == 0;
}

// 0x184D2A50 to 0x184D2A5F, of zstd and lz4 alike.
bool is_skippable(std::span<const std::byte> bytes) {
  return bytes.size() >= 4 && (bytes[0] & std::byte{0xf0}) == std::byte{0x50} && bytes[1] == std::byte{0x2a} &&
         bytes[2] == std::byte{0x4d} && bytes[3] == std::byte{0x18};
}

// "BZh", a level, and the magic of a block or of an end.
bool is_bzip2(std::span<const std::byte> bytes) {
  return begins_with(bytes, "BZh"sv) && bytes.size() >= 10 && bytes[3] >= std::byte{'1'} &&
         bytes[3] <= std::byte{'9'} &&
         (begins_with(bytes.subspan(4), "\x31\x41\x59\x26\x53\x59"sv) ||
          begins_with(bytes.subspan(4), "\x17\x72\x45\x38\x50\x90"sv));
}

// "QFI", 0xfb and the version: the first one is another format.
bool is_qcow2(std::span<const std::byte> bytes) {
  return begins_with(bytes, "QFI\xfb\0\0\0"sv) && (bytes[7] == std::byte{2} || bytes[7] == std::byte{3});
}

// The text before it says which program made the disk.
constexpr size_t vdi_magic_at = 64;
constexpr std::string_view vdi_magic = "\x7f\x10\xda\xbe"sv;

bool is_vdi(std::span<const std::byte> bytes) {
  return bytes.size() > vdi_magic_at && begins_with(bytes.subspan(vdi_magic_at), vdi_magic);
}

// The format of a file that begins with skippable frames, by the first other frame. Those of pzstd and of seekable
// archives begin so; lz4 does so only by hand.
Format behind_skippables(Input& input) {
  constexpr uint64_t farthest = uint64_t{1} << 20;  // bytes of a pipe, which have to be kept
  constexpr int most = 4096;
  uint64_t at = 0;
  for (int frame = 0; frame < most; ++frame) {
    std::array<std::byte, 8> head{};
    size_t length = 0;
    if (input.size()) {
      length = input.read_at(at, head);
    } else if (at <= farthest) {
      const auto bytes = input.peek(static_cast<size_t>(at) + head.size());
      const auto rest = bytes.subspan(std::min(bytes.size(), static_cast<size_t>(at)));
      length = std::min(rest.size(), head.size());
      std::ranges::copy(rest.first(length), head.begin());
    }
    const auto found = std::span<const std::byte>(head).first(length);
    if (length == head.size() && is_skippable(found)) {
      at += head.size() + little_endian(head, 4, 4);
      continue;
    }
    return begins_with(found, lz4_magic) ? Format::lz4 : Format::zstd;
  }
  return Format::zstd;
}

bool continues(Format format, std::span<const std::byte> bytes) {
  if (format == Format::bzip2) return is_bzip2(bytes);
  if ((format == Format::zstd || format == Format::lz4) && is_skippable(bytes)) return true;
  return std::ranges::any_of(
      magics, [&](const Magic& magic) { return magic.format == format && begins_with(bytes, magic.bytes); });
}

void decode_member(Format format, Input& input, Output& output, const Limits& limits, Found& found) {
  switch (format) {
    case Format::xz:
      return decode_xz(input, output, limits, found);
    case Format::gzip:
      return decode_gzip(input, output, limits);
    case Format::bzip2:
      return decode_bzip2(input, output, limits);
    case Format::zstd:
      return decode_zstd(input, output, limits, found);
    case Format::lz4:
      return decode_lz4(input, output, found);
    default:
      throw Error(Fault::unsupported, input.position(), "not a packed format");
  }
}

// Does the file end with nothing but metadata of OpenWrt's fwtool from `begin` on? Each piece ends with 16 bytes: a
// magic number, a CRC, a type, three zeros, and the length of the piece with these bytes.
bool is_openwrt_metadata(const Input& input, uint64_t begin) {
  constexpr uint64_t trailer_length = 16;
  constexpr uint64_t magic = 0x46577830;  // "FWx0"
  if (!input.size()) return false;
  uint64_t end = *input.size();
  while (end > begin && end - begin >= trailer_length) {
    std::array<std::byte, trailer_length> trailer;
    if (input.read_at(end - trailer_length, trailer) < trailer_length) return false;
    const uint64_t length = big_endian(trailer, 12, 4);
    if (big_endian(trailer, 0, 4) != magic || big_endian(trailer, 9, 3) != 0) return false;
    if (length < trailer_length || length > end - begin) return false;
    end -= length;
  }
  return end == begin;
}

}  // namespace

Format format_of(Input& input) {
  const auto bytes = input.peek(16);
  if (is_bzip2(bytes)) return Format::bzip2;
  for (const Magic& magic : magics)
    if (begins_with(bytes, magic.bytes)) return magic.format;
  if (is_qcow2(bytes)) return Format::qcow2;
  if (is_skippable(bytes)) return behind_skippables(input);
  if (is_vdi(input.peek(vdi_magic_at + vdi_magic.size()))) return Format::vdi;
  return ends_as_vhd(input) ? Format::vhd : Format::none;
}

const char* name_of(Format format) {
  switch (format) {
    case Format::xz:
      return "xz";
    case Format::gzip:
      return "gzip";
    case Format::bzip2:
      return "bzip2";
    case Format::zstd:
      return "zstd";
    case Format::lz4:
      return "lz4";
    case Format::zip:
      return "zip";
    case Format::android_sparse:
      return "android-sparse";
    case Format::partclone:
      return "partclone";
    case Format::qcow2:
      return "qcow2";
    case Format::vmdk:
      return "vmdk";
    case Format::vdi:
      return "vdi";
    case Format::vhd:
      return "vhd";
    case Format::vhdx:
      return "vhdx";
    case Format::none:
      break;
  }
  return "none";
}

uint64_t Facts::largest_unit() const {
  uint64_t largest = 0;
  for (const Unit& unit : units.value_or(Units())) largest = std::max(largest, unit.size);
  return largest;
}

std::span<const Unit> Facts::units_of(uint64_t from, uint64_t until) const {
  const auto first = std::ranges::upper_bound(*units, from, {}, [](const Unit& unit) { return unit.at + unit.size; });
  const auto last = std::ranges::lower_bound(*units, until, {}, &Unit::at);
  if (first >= last) return {};
  return std::span(*units).subspan(static_cast<size_t>(first - units->begin()), static_cast<size_t>(last - first));
}

unsigned threads_for(const Facts& facts, const Limits& limits) {
  if (facts.piece == 0) return 1;
  const uint64_t pieces = facts.units ? facts.units->size() : UINT64_MAX;
  const uint64_t most = std::min<uint64_t>({limits.memory / facts.piece, pieces, limits.workers.threads()});
  return static_cast<unsigned>(std::max<uint64_t>(most, 1));
}

Facts facts_of(Format format, Input& input, const Limits& limits) {
  if (format == Format::bzip2) return facts_of_bzip2(input);
  if (!input.size()) return {};
  switch (format) {
    case Format::xz:
      return facts_of_xz(input);
    case Format::gzip:
      return facts_of_gzip(input);
    case Format::zstd:
      return facts_of_zstd(input, limits);
    case Format::lz4:
      return facts_of_lz4(input);
    default:
      return {};
  }
}

std::string in_words(uint64_t bytes) {
  constexpr uint64_t mib = uint64_t{1} << 20;
  return std::to_string((bytes + mib - 1) / mib) + " MiB";
}

uint64_t copy_bytes(Input& input, Output& output, uint64_t most) {
  uint64_t copied = 0;
  while (copied < most) {
    const auto bytes = input.peek();
    if (bytes.empty()) break;
    const auto part = bytes.first(static_cast<size_t>(std::min<uint64_t>(bytes.size(), most - copied)));
    output.write(part);
    input.consume(part.size());
    copied += part.size();
  }
  return copied;
}

uint64_t skip_zeros(Input& input) {
  uint64_t count = 0;
  for (auto bytes = input.peek(); !bytes.empty(); bytes = input.peek()) {
    const auto other = std::ranges::find_if(bytes, [](std::byte byte) { return byte != std::byte{0}; });
    const auto zeros = static_cast<size_t>(other - bytes.begin());
    const bool all = zeros == bytes.size();
    input.consume(zeros);
    count += zeros;
    if (!all) break;
  }
  return count;
}

Found decode_all(Format format, Input& input, Output& output, const Limits& limits) {
  Found found;
  for (;;) {
    decode_member(format, input, output, limits, found);
    const uint64_t end = input.position();
    if (continues(format, input.peek(16))) continue;
    // Looked for first: a description begins with zeros, which are no padding.
    if (format == Format::gzip && is_openwrt_metadata(input, end)) {
      input.skip_to_end();
      return found;
    }
    const uint64_t zeros = skip_zeros(input);
    const auto rest = input.peek(16);
    if (rest.empty()) {
      found.zeros += zeros;
      return found;
    }
    // The xz format allows padding between streams, in units of four bytes.
    if (format == Format::xz && zeros % 4 == 0 && continues(format, rest)) continue;
    throw Error(Fault::trailing, zeros == 0 ? end : input.position(), name_of(format));
  }
}

}  // namespace unpack

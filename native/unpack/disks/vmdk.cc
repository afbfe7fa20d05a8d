// VMDK (VMware's "Virtual Disk Format 5.0"), in one file: monolithicSparse and streamOptimized. Grains are found
// through two levels of tables; all numbers are little-endian, and places are in sectors.
#include <algorithm>
#include <bit>
#include <charconv>
#include <string_view>

#include "../error.h"
#include "../little_endian.h"
#include "disk.h"

namespace unpack {
namespace {

using namespace std::string_view_literals;

constexpr uint64_t sector = 512;
constexpr size_t header_length = 512;
constexpr uint64_t largest_table = uint64_t{64} << 20;      // bytes, of what is kept in memory
constexpr uint64_t largest_descriptor = uint64_t{1} << 20;  // bytes
// In sectors.
constexpr uint64_t largest_disk = uint64_t{1} << 41;
constexpr uint64_t least_grain = 8;
constexpr uint64_t largest_grain = 4096;
constexpr uint64_t most_entries = 4096;      // of a second-level table
constexpr uint64_t at_the_end = UINT64_MAX;  // of the first table: a footer says where it is
// Flags.
constexpr uint64_t line_ends = 1;
constexpr uint64_t two_tables = 2;
constexpr uint64_t zero_grains = 4;
constexpr uint64_t compressed = uint64_t{1} << 16;
constexpr uint64_t markers = uint64_t{1} << 17;

[[noreturn]] void damaged(uint64_t at, const char* said) {
  throw Error(Fault::damaged, at, std::string("VMDK: ") + said);
}

[[noreturn]] void unsupported(const std::string& said) { throw Error(Fault::unsupported, 0, "VMDK: " + said); }

std::string_view text_in(const Bytes& bytes) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  return text.substr(0, text.find('\0'));
}

// The facts of the disk in the text.
struct Descriptor {
  std::string_view type;
  std::string_view parent;  // the number of the disk under this one
  std::string_view parent_name;
  std::vector<std::string_view> extents;  // lines, each of a file
};

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view blanks = " \t\r\"";
  const size_t begin = text.find_first_not_of(blanks);
  return begin == std::string_view::npos ? ""sv : text.substr(begin, text.find_last_not_of(blanks) - begin + 1);
}

Descriptor descriptor_in(std::string_view text) {
  Descriptor found;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.starts_with("RW ") || line.starts_with("RDONLY ") || line.starts_with("NOACCESS ")) {
      found.extents.push_back(line);
      continue;
    }
    const size_t equals = line.find('=');
    if (equals == std::string_view::npos) continue;
    const std::string_view name = trimmed(line.substr(0, equals));
    const std::string_view value = trimmed(line.substr(equals + 1));
    if (name == "createType") found.type = value;
    if (name == "parentCID") found.parent = value;
    if (name == "parentFileNameHint") found.parent_name = value;
  }
  return found;
}

// In `RW 8192 SPARSE "disk.vmdk"` the name is "disk.vmdk".
std::string name_in(std::string_view extent) {
  const size_t begin = extent.find('"');
  if (begin == std::string_view::npos) return "";
  const std::string_view name = extent.substr(begin + 1);
  return std::string(name.substr(0, name.find('"')));
}

uint64_t sectors_in(std::string_view extent) {
  const std::string_view number = extent.substr(std::min(extent.find(' ') + 1, extent.size()));
  uint64_t sectors = 0;
  std::from_chars(number.data(), number.data() + number.size(), sectors);
  return sectors;
}

// Throws Error unless this file is the whole disk. sectors: of the disk; nothing when the file is only the text.
void check_descriptor(std::string_view text, std::optional<uint64_t> sectors) {
  const Descriptor descriptor = descriptor_in(text);
  if ((descriptor.parent != "ffffffff" && !descriptor.parent.empty()) || !descriptor.parent_name.empty())
    throw Error(Fault::other_file, 0, std::string(descriptor.parent_name));
  // Only one file of a disk in several has the text.
  if (!sectors || descriptor.extents.size() > 1 || descriptor.type.empty())
    throw Error(Fault::other_file, 0, descriptor.extents.empty() ? "" : name_in(descriptor.extents.back()));
  if (descriptor.type != "monolithicSparse" && descriptor.type != "streamOptimized")
    unsupported("of the kind \"" + std::string(descriptor.type) + '"');
  if (descriptor.extents.size() != 1 || descriptor.extents[0].find(" SPARSE ") == std::string_view::npos ||
      sectors_in(descriptor.extents[0]) != *sectors)
    damaged(0, "the descriptor is damaged");
}

class Vmdk final : public VirtualDisk {
 public:
  explicit Vmdk(const Input& input);
  Piece piece_at(uint64_t at) override;
  void check_tables(Places& places) override;

 private:
  void refuse_other_kinds() const;
  void take_flags(const Bytes& header);
  uint64_t take_footer(const Bytes& header) const;
  void take_tables(uint64_t at);
  const Bytes& entries_for(uint64_t index);
  Piece packed_at(uint64_t at, uint64_t place) const;
  void check_second_copy(Places& places);

  uint64_t flags_ = 0;
  uint64_t grain_ = 0;     // bytes
  uint64_t entries_ = 0;   // of a second-level table
  uint64_t other_at_ = 0;  // of the copy of the first-level table; 0 for none
  uint64_t first_at_ = 0;
  Bytes first_;   // the first-level table
  Bytes second_;  // the second-level table that was used last
  uint64_t second_at_ = 0;
};

Vmdk::Vmdk(const Input& input) : VirtualDisk(input) {
  refuse_other_kinds();
  const Bytes header = read(0, header_length);
  take_flags(header);
  const uint64_t text_at = little_endian(header, 28, 8);
  const uint64_t text_length = little_endian(header, 36, 8);
  if (text_at == 0) throw Error(Fault::other_file, 28, "");  // the text is in another file
  if (text_length > largest_descriptor / sector || text_at > UINT32_MAX) damaged(28, "the header is damaged");
  const uint64_t sectors = little_endian(header, 12, 8);
  check_descriptor(text_in(read(text_at * sector, text_length * sector)), sectors);
  const uint64_t grain = little_endian(header, 20, 8);
  entries_ = little_endian(header, 44, 4);
  if (sectors > largest_disk || !std::has_single_bit(grain) || grain < least_grain || grain > largest_grain ||
      entries_ == 0 || entries_ > most_entries)
    damaged(12, "the header is damaged");
  set_size(sectors * sector);
  grain_ = grain * sector;
  if ((flags_ & compressed) != 0) unit_ = grain_;
  const uint64_t first = little_endian(header, 56, 8);
  if ((flags_ & two_tables) != 0) other_at_ = little_endian(header, 48, 8);
  take_tables(first == at_the_end ? take_footer(header) : first);
}

// A text file of its own names the files of the disk. "COWD" marks a part of a disk of an ESX server.
void Vmdk::refuse_other_kinds() const {
  const auto start = [&](uint64_t length) {
    Bytes bytes(std::min(length, input_.size().value_or(0)));
    bytes.resize(input_.read_at(0, bytes));
    return bytes;
  };
  const Bytes head = start(header_length);
  if (text_in(head).starts_with("COWD")) throw Error(Fault::other_file, 0, "");
  if (text_in(head).starts_with("# Disk Desc")) check_descriptor(text_in(start(largest_descriptor)), std::nullopt);
}

void Vmdk::take_flags(const Bytes& header) {
  const uint64_t version = little_endian(header, 4, 4);
  if (version < 1 || version > 3) unsupported("of an unknown version");
  flags_ = little_endian(header, 8, 4);
  if ((flags_ & ~(line_ends | two_tables | zero_grains | compressed | markers)) != 0)
    unsupported("has a feature that is not known");
  // Copying the file as text changes these bytes.
  if ((flags_ & line_ends) != 0 && little_endian(header, 73, 4) != 0x0a0d200a)
    damaged(73, "line ends in it were changed");
  const bool is_packed = little_endian(header, 77, 2) == 1;
  if (is_packed != ((flags_ & compressed) != 0) || (is_packed && (flags_ & markers) == 0))
    unsupported("packed by a method that is not known");
}

// A streamed disk has its tables, and a second header that knows where they are, at its end. Bytes 0 to 511 are a
// marker, then the header, then the mark of the end.
uint64_t Vmdk::take_footer(const Bytes& header) const {
  const uint64_t end = input_.size().value_or(0);
  if (end < 4 * sector) throw Error(Fault::truncated, end, "VMDK: the footer at the end is not there");
  const Bytes footer = read(end - 3 * sector, 3 * sector);
  constexpr uint64_t footer_marker = 3;
  constexpr uint64_t magic = 0x564d444b;
  const auto is_zero = [](std::byte one) { return one == std::byte{0}; };
  if (little_endian(footer, 12, 4) != footer_marker || little_endian(footer, sector, 4) != magic ||
      !std::ranges::all_of(std::span(footer).last(sector), is_zero))
    throw Error(Fault::truncated, end, "VMDK: the footer at the end is not there");
  // The two differ in the place of the tables only.
  const auto same = [&](size_t at, size_t count) {
    return std::ranges::equal(std::span(header).subspan(at, count), std::span(footer).subspan(sector + at, count));
  };
  if (!same(0, 48)) damaged(end - 2 * sector, "the two headers differ");
  return little_endian(footer, sector + 56, 8);
}

void Vmdk::take_tables(uint64_t at) {
  const uint64_t covered = grain_ * entries_;
  const uint64_t count = (size_ + covered - 1) / covered;
  if (count * 4 > largest_table || at == 0 || at > UINT32_MAX) damaged(56, "the header is damaged");
  first_at_ = at * sector;
  first_ = read(first_at_, count * 4);
}

// The second-level table of an entry of the first one; empty for none.
const Bytes& Vmdk::entries_for(uint64_t index) {
  const uint64_t at = little_endian(first_, index * 4, 4) * sector;
  if (at != second_at_) {
    second_ = at == 0 ? Bytes() : read(at, entries_ * 4);
    second_at_ = at;
  }
  return second_;
}

// A packed grain states which one it is, and its length.
Piece Vmdk::packed_at(uint64_t at, uint64_t place) const {
  const Bytes marker = read(place, 12);
  const uint64_t length = little_endian(marker, 8, 4);
  if (little_endian(marker, 0, 8) != at / sector || length == 0 || length > 2 * grain_)
    damaged(place, "the marker of a grain is wrong");
  return {.kind = Piece::Kind::zlib, .size = grain_, .place = place + 12, .packed = length, .shared = false};
}

Piece Vmdk::piece_at(uint64_t at) {
  const uint64_t covered = grain_ * entries_;
  const uint64_t left = size_ - at;
  const Bytes& entries = entries_for(at / covered);
  if (entries.empty()) return {.size = std::min(left, covered - at % covered)};
  const uint64_t entry = little_endian(entries, at % covered / grain_ * 4, 4);
  const uint64_t size = std::min(left, grain_ - at % grain_);
  if (entry == 0 || (entry == 1 && (flags_ & zero_grains) != 0)) return {.size = size};
  if ((flags_ & compressed) == 0)
    return {.kind = Piece::Kind::stored, .size = size, .place = entry * sector + at % grain_};
  Piece piece = packed_at(at, entry * sector);
  piece.size = size;
  return piece;
}

void Vmdk::check_tables(Places& places) {
  places.add(0, header_length);
  places.add(first_at_, first_.size());
  for (uint64_t i = 0; i < first_.size() / 4; ++i)
    if (!entries_for(i).empty()) places.add(second_at_, entries_ * 4);
  if (other_at_ != 0) check_second_copy(places);
}

// Programs write both copies of the tables of such a disk. Each copy has its own places for the second level.
void Vmdk::check_second_copy(Places& places) {
  if (other_at_ > UINT32_MAX) damaged(48, "the header is damaged");
  const Bytes other = read(other_at_ * sector, first_.size());
  if (other_at_ * sector == first_at_) return;
  places.add(other_at_ * sector, other.size());
  for (uint64_t i = 0; i < first_.size() / 4; ++i) {
    const uint64_t at = little_endian(other, i * 4, 4) * sector;
    const Bytes copy = at == 0 ? Bytes() : read(at, entries_ * 4);
    places.add(at, copy.size());
    if (copy != entries_for(i)) damaged(at, "the two copies of its tables differ");
  }
}

}  // namespace

std::unique_ptr<VirtualDisk> open_vmdk(const Input& input) { return std::make_unique<Vmdk>(input); }

}  // namespace unpack

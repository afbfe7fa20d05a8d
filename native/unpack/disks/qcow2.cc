// qcow2 (QEMU's docs/interop/qcow2.txt), versions 2 and 3. Clusters are found through two levels of tables; all numbers
// are big-endian. Each cluster has a count of references, which reveals a table that points to the wrong place.
#include <algorithm>

#include "../big_endian.h"
#include "../error.h"
#include "disk.h"

namespace unpack {
namespace {

constexpr size_t header_length = 104;  // bytes, as far as every file of version 3 has it
constexpr uint64_t copied = uint64_t{1} << 63;
constexpr uint64_t compressed = uint64_t{1} << 62;
constexpr uint64_t zero_flag = 1;
constexpr uint64_t offset_mask = 0x00fffffffffffe00;
constexpr uint64_t largest_table = uint64_t{32} << 20;  // bytes, of what is kept in memory
constexpr uint64_t longest_name = 1023;                 // bytes
// Incompatible features.
constexpr uint64_t dirty = 1;
constexpr uint64_t corrupt = 2;
constexpr uint64_t data_file = 4;
constexpr uint64_t compression_type = 8;
constexpr uint64_t parts = 16;  // entries say for each part of a cluster whether it is there

constexpr uint64_t parts_of_cluster = 32;

[[noreturn]] void damaged(uint64_t at, const char* said) {
  throw Error(Fault::damaged, at, std::string("qcow2: ") + said);
}

[[noreturn]] void unsupported(const char* said) { throw Error(Fault::unsupported, 0, std::string("qcow2: ") + said); }

class Qcow2 final : public VirtualDisk {
 public:
  explicit Qcow2(const Input& input);
  Piece piece_at(uint64_t at) override;
  void check_tables(Places& places) override;

 private:
  void take_features(const Bytes& header);
  [[noreturn]] void refuse_data_file(uint64_t at) const;
  std::string name_at(uint64_t at, uint64_t length) const;
  Bytes table_at(uint64_t at, uint64_t bytes) const;
  const Bytes& entries_for(uint64_t index);
  Piece compressed_at(uint64_t entry) const;
  Piece part_at(uint64_t at, uint64_t entry, uint64_t offset, uint64_t bits) const;
  uint64_t offset_in(uint64_t entry, uint64_t reserved) const;
  uint64_t references_to(uint64_t at);
  bool check_references(uint64_t entry, uint64_t at);

  uint64_t cluster_ = 0;  // bytes
  unsigned cluster_bits_ = 0;
  uint64_t entry_ = 8;    // bytes of an entry of a second-level table
  uint64_t entries_ = 0;  // of such a table
  unsigned version_ = 0;
  uint64_t features_ = 0;
  bool zstd_ = false;
  unsigned count_bits_ = 16;  // of a reference count
  Bytes first_;               // the first-level table
  uint64_t first_at_ = 0;
  uint64_t counts_at_ = 0;  // of the table of blocks of reference counts
  Bytes counts_;
  Bytes second_;  // the second-level table that was used last
  uint64_t second_at_ = 0;
  Bytes block_;  // the block of counts that was used last
  uint64_t block_at_ = 0;
};

Qcow2::Qcow2(const Input& input) : VirtualDisk(input) {
  const Bytes header = read(0, header_length);
  version_ = static_cast<unsigned>(big_endian(header, 4, 4));
  if (version_ != 2 && version_ != 3) unsupported("of a version that is not known");
  cluster_bits_ = static_cast<unsigned>(big_endian(header, 20, 4));
  if (cluster_bits_ < 9 || cluster_bits_ > 21) damaged(20, "the header is damaged");
  cluster_ = unit_ = uint64_t{1} << cluster_bits_;
  take_features(header);
  entry_ = (features_ & parts) != 0 ? 16 : 8;
  entries_ = cluster_ / entry_;
  set_size(big_endian(header, 24, 8));
  snapshots_ = big_endian(header, 60, 4);
  const uint64_t firsts = big_endian(header, 36, 4);
  const uint64_t covered = cluster_ * entries_;  // by an entry of the first level
  if (firsts * 8 > largest_table || firsts < (size_ + covered - 1) / covered) damaged(36, "the header is damaged");
  first_at_ = big_endian(header, 40, 8);
  first_ = table_at(first_at_, firsts * 8);
  counts_at_ = big_endian(header, 48, 8);
  counts_ = table_at(counts_at_, big_endian(header, 56, 4) * cluster_);
}

// Refuses a disk that needs another file or a key, before anything else is read.
void Qcow2::take_features(const Bytes& header) {
  if (const uint64_t at = big_endian(header, 8, 8); at != 0)
    throw Error(Fault::other_file, 8, name_at(at, big_endian(header, 16, 4)));
  if (big_endian(header, 32, 4) != 0) throw Error(Fault::encrypted, 32, "qcow2: encrypted");
  if (version_ == 2) return;
  features_ = big_endian(header, 72, 8);
  if ((features_ & data_file) != 0) refuse_data_file(big_endian(header, 100, 4));
  if ((features_ & corrupt) != 0) throw Error(Fault::unfinished, 72, "qcow2: marked as corrupt");
  if ((features_ & ~(dirty | compression_type | parts)) != 0) unsupported("has a feature that is not known");
  const uint64_t order = big_endian(header, 96, 4);
  if (order > 6) damaged(96, "the header is damaged");
  count_bits_ = 1u << order;
  if ((features_ & compression_type) == 0) return;
  const uint64_t type = big_endian(read(header_length, 1), 0, 1);
  if (type > 1) unsupported("packed by a method that is not known");
  zstd_ = type == 1;
}

// The name is in an extension of the header, which begins at `at`.
void Qcow2::refuse_data_file(uint64_t at) const {
  constexpr uint64_t extension = 0x44415441;
  std::string name;
  for (; at + 8 <= cluster_;) {
    const Bytes head = read(at, 8);
    const uint64_t type = big_endian(head, 0, 4);
    const uint64_t length = big_endian(head, 4, 4);
    if (type == 0) break;
    if (type == extension) name = name_at(at + 8, length);
    at += 8 + (length + 7) / 8 * 8;
  }
  throw Error(Fault::other_file, 72, name);
}

// The name is only reported.
std::string Qcow2::name_at(uint64_t at, uint64_t length) const {
  Bytes bytes(std::min(length, longest_name));
  bytes.resize(input_.read_at(std::min(at, input_.size().value_or(0)), bytes));
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

Bytes Qcow2::table_at(uint64_t at, uint64_t bytes) const {
  if (at % cluster_ != 0 || (at == 0 && bytes > 0) || bytes > largest_table) damaged(at, "a table is damaged");
  return read(at, bytes);
}

// The place that an entry of a table names; 0 for none. reserved: bits that have to be 0.
uint64_t Qcow2::offset_in(uint64_t entry, uint64_t reserved) const {
  const uint64_t offset = entry & offset_mask;
  if ((entry & reserved) != 0 || offset % cluster_ != 0 || (offset == 0 && (entry & copied) != 0))
    damaged(second_at_, "an entry of a table is damaged");
  return offset;
}

// The second-level table of an entry of the first one; empty for none.
const Bytes& Qcow2::entries_for(uint64_t index) {
  const uint64_t at = offset_in(big_endian(first_, index * 8, 8), ~(copied | offset_mask));
  if (at != second_at_) {
    second_ = at == 0 ? Bytes() : read(at, cluster_);
    second_at_ = at;
  }
  return second_;
}

Piece Qcow2::compressed_at(uint64_t entry) const {
  if ((entry & copied) != 0) damaged(second_at_, "an entry of a table is damaged");
  const unsigned bits = 62 - (cluster_bits_ - 8);
  const uint64_t place = entry & ((uint64_t{1} << bits) - 1);
  const uint64_t sectors = ((entry & (compressed - 1)) >> bits) + 1;
  return {.kind = zstd_ ? Piece::Kind::zstd : Piece::Kind::deflate,
          .size = cluster_,
          .place = place,
          .packed = sectors * 512 - place % 512,
          .shared = true};
}

Piece Qcow2::piece_at(uint64_t at) {
  const uint64_t covered = cluster_ * entries_;
  const Bytes& entries = entries_for(at / covered);
  const uint64_t left = size_ - at;
  if (entries.empty()) return {.size = std::min(left, covered - at % covered)};
  const size_t place = at % covered / cluster_ * entry_;
  const uint64_t entry = big_endian(entries, place, 8);
  const uint64_t size = std::min(left, cluster_ - at % cluster_);
  if ((entry & compressed) != 0) {
    Piece piece = compressed_at(entry);
    piece.size = size;
    return piece;
  }
  const uint64_t zero = version_ >= 3 && entry_ == 8 ? zero_flag : 0;
  const uint64_t offset = offset_in(entry, ~(copied | offset_mask | zero));
  if (entry_ == 16) return part_at(at, entry, offset, big_endian(entries, place + 8, 8));
  if (offset == 0 || (entry & zero) != 0) return {.size = size};
  return {.kind = Piece::Kind::stored, .size = size, .place = offset + at % cluster_, .shared = (entry & copied) == 0};
}

// The piece for a part of a cluster. The lower half of `bits` says which parts are there, the upper half which are
// zeros.
Piece Qcow2::part_at(uint64_t at, uint64_t entry, uint64_t offset, uint64_t bits) const {
  const uint64_t length = cluster_ / parts_of_cluster;
  const uint64_t number = at % cluster_ / length;
  const bool there = (bits >> number & 1) != 0;
  if (there && (offset == 0 || (bits >> (number + parts_of_cluster) & 1) != 0))
    damaged(second_at_, "an entry of a table is damaged");
  const uint64_t size = std::min(size_ - at, length - at % length);
  if (!there) return {.size = size};
  return {.kind = Piece::Kind::stored, .size = size, .place = offset + at % cluster_, .shared = (entry & copied) == 0};
}

// The number of references to the cluster at `at`. A table says where the blocks of counts are.
uint64_t Qcow2::references_to(uint64_t at) {
  const uint64_t per_block = cluster_ * 8 / count_bits_;
  const uint64_t index = at / cluster_;
  if (index / per_block >= counts_.size() / 8) return 0;
  const uint64_t block = big_endian(counts_, index / per_block * 8, 8);
  if (block == 0) return 0;
  if (block % cluster_ != 0) damaged(counts_at_, "a table of references is damaged");
  if (block != block_at_) block_ = read(block, cluster_);
  block_at_ = block;
  const uint64_t bit = index % per_block * count_bits_;
  if (count_bits_ >= 8) return big_endian(block_, bit / 8, count_bits_ / 8);
  return big_endian(block_, bit / 8, 1) >> bit % 8 & ((1u << count_bits_) - 1);
}

// Throws Error unless the cluster of an entry is in use: once when the entry is marked so, otherwise more often.
// Returns whether it is marked.
bool Qcow2::check_references(uint64_t entry, uint64_t at) {
  const bool once = (entry & copied) != 0;
  if ((features_ & dirty) != 0) return once;  // the counts were not kept
  const uint64_t references = references_to(at);
  if (references == 0 || once != (references == 1)) damaged(at, "the count of references to a cluster is wrong");
  return once;
}

void Qcow2::check_tables(Places& places) {
  places.add(0, cluster_);
  places.add(first_at_, first_.size());
  places.add(counts_at_, counts_.size());
  for (uint64_t i = 0; i < counts_.size(); i += 8)
    if (const uint64_t at = big_endian(counts_, i, 8); at != 0) places.add(at, cluster_);
  for (uint64_t i = 0; i < first_.size() / 8; ++i) {
    const Bytes& entries = entries_for(i);
    if (entries.empty()) continue;
    if (check_references(big_endian(first_, i * 8, 8), second_at_)) places.add(second_at_, cluster_);
    for (uint64_t at = 0; at < cluster_; at += entry_) {
      const uint64_t entry = big_endian(entries, at, 8);
      const uint64_t offset = entry & offset_mask;
      // A saved state of a machine lies behind the disk.
      if (entry != 0 && (i * entries_ + at / entry_) * cluster_ >= size_ && snapshots_ == 0)
        damaged(second_at_ + at, "something lies behind the end of the disk");
      if ((entry & compressed) == 0 && offset != 0) {
        check_references(entry, offset);
      } else if ((entry & compressed) != 0 && (features_ & dirty) == 0) {
        const Piece piece = compressed_at(entry);
        if (references_to(piece.place) == 0 || references_to(piece.place + piece.packed - 1) == 0)
          damaged(piece.place, "the count of references to a cluster is wrong");
      }
    }
  }
}

}  // namespace

std::unique_ptr<VirtualDisk> open_qcow2(const Input& input) { return std::make_unique<Qcow2>(input); }

}  // namespace unpack

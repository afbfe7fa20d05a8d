// VDI, VirtualBox's disks (its VDICore.h): a table of numbers of blocks. All numbers are little-endian.
#include <algorithm>
#include <bit>

#include "../error.h"
#include "../little_endian.h"
#include "disk.h"

namespace unpack {
namespace {

constexpr size_t header_length = 512;
constexpr uint64_t most_blocks = uint64_t{1} << 24;
constexpr uint64_t least_block = 4096;
constexpr uint64_t largest_block = uint64_t{256} << 20;
constexpr uint64_t first_absent = 0xfffffffe;  // discarded; the next number: never written

[[noreturn]] void damaged(uint64_t at) { throw Error(Fault::damaged, at, "VDI: the header or the table is damaged"); }

class Vdi final : public VirtualDisk {
 public:
  explicit Vdi(const Input& input) : VirtualDisk(input) {
    const Bytes header = read(0, header_length);
    constexpr uint64_t version = 0x00010001;
    if (little_endian(header, 68, 4) != version) throw Error(Fault::unsupported, 68, "VDI: of an unknown version");
    check_parent(header);
    table_at_ = little_endian(header, 340, 4);
    data_at_ = little_endian(header, 344, 4);
    block_ = little_endian(header, 376, 4);
    const uint64_t blocks = little_endian(header, 384, 4);
    used_ = little_endian(header, 388, 4);
    // VirtualBox itself has made disks that end within a sector.
    set_size((little_endian(header, 368, 8) + 511) / 512 * 512);
    if (little_endian(header, 360, 4) != 512 || little_endian(header, 380, 4) != 0)
      throw Error(Fault::unsupported, 360, "VDI: of an unknown variant");
    if (!std::has_single_bit(block_) || block_ < least_block || block_ > largest_block || blocks > most_blocks ||
        blocks != (size_ + block_ - 1) / block_ || table_at_ < header_length || data_at_ < table_at_ + blocks * 4)
      damaged(340);
    table_ = read(table_at_, blocks * 4);
  }

  Piece piece_at(uint64_t at) override {
    const uint64_t size = std::min(size_ - at, block_ - at % block_);
    const uint64_t number = little_endian(table_, at / block_ * 4, 4);
    if (number >= first_absent) return {.size = size};
    if (number >= used_) damaged(table_at_ + at / block_ * 4);
    return {.kind = Piece::Kind::stored, .size = size, .place = data_at_ + number * block_ + at % block_};
  }

  void check_tables(Places& places) override {
    places.add(0, header_length);
    places.add(table_at_, table_.size());
    uint64_t used = 0;
    for (size_t at = 0; at < table_.size(); at += 4) used += little_endian(table_, at, 4) < first_absent ? 1 : 0;
    if (used != used_) damaged(388);
  }

 private:
  // Undo and differencing images need another image, which they name only by its number.
  static void check_parent(const Bytes& header) {
    const uint64_t type = little_endian(header, 76, 4);
    const auto is_set = [&](size_t at) {
      return std::ranges::any_of(std::span(header).subspan(at, 16), [](std::byte one) { return one != std::byte{0}; });
    };
    if (type == 3 || type == 4 || is_set(424) || is_set(440)) throw Error(Fault::other_file, 76, "");
    if (type != 1 && type != 2) throw Error(Fault::unsupported, 76, "VDI: of an unknown variant");
  }

  uint64_t table_at_ = 0;
  uint64_t data_at_ = 0;
  uint64_t block_ = 0;  // bytes
  uint64_t used_ = 0;   // blocks in the file
  Bytes table_;
};

}  // namespace

std::unique_ptr<VirtualDisk> open_vdi(const Input& input) { return std::make_unique<Vdi>(input); }

}  // namespace unpack

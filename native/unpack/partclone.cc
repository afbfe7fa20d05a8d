#include "partclone.h"

#include <zlib.h>

#include <algorithm>
#include <cstring>
#include <string_view>
#include <utility>

#include "error.h"
#include "little_endian.h"

namespace unpack {
namespace {

using namespace std::string_view_literals;

constexpr std::string_view magic = "partclone-image"sv;
constexpr std::string_view bitmap_magic = "BiTmAgIc"sv;
constexpr uint64_t largest_block = uint64_t{64} << 20;     // bytes
constexpr uint64_t largest_partition = uint64_t{1} << 50;  // bytes
constexpr uint64_t most_blocks = uint64_t{4} << 30;        // their bitmap takes 512 MiB
constexpr uint64_t first_header_length = 4160;             // of version 0001
constexpr size_t oversized = 4;  // bytes that a 64-bit partclone of version 0001 left behind each checksum

// Fuzzing builds ignore checksums: a fuzzer hardly ever gets past one.
#ifdef UNPACK_WITHOUT_CHECKSUMS
constexpr bool compares = false;
#else
constexpr bool compares = true;
#endif

uint32_t crc_of(uint32_t crc, std::span<const std::byte> bytes) {
  return static_cast<uint32_t>(crc32_z(crc, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

// partclone leaves out the last step of CRC-32, which inverts it.
bool is_crc(std::span<const std::byte> stored, uint32_t crc) {
  return !compares || little_endian(stored, 0, 4) == static_cast<uint32_t>(~crc);
}

bool has_at(std::span<const std::byte> bytes, size_t at, std::string_view text) {
  return bytes.size() >= at + text.size() && std::memcmp(bytes.data() + at, text.data(), text.size()) == 0;
}

PartcloneHeader first_version(std::span<const std::byte> bytes) {
  return {.version = 1,
          .device_size = little_endian(bytes, 40, 8),
          .blocks = little_endian(bytes, 48, 8),
          .block_size = little_endian(bytes, 36, 4),
          .header_size = first_header_length,
          .checksum_size = 4,
          .per_checksum = 1,
          .compared = true,
          .reseeded = false,
          .has_bitmap = true,
          .bitmap_of_bytes = true};
}

PartcloneHeader second_version(std::span<const std::byte> bytes) {
  constexpr size_t crc_at = partclone_header_length - 4;
  if (!is_crc(bytes.subspan(crc_at), crc_of(0, bytes.first(crc_at))))
    throw Error(Fault::damaged, 0, "partclone: the checksum of the header is wrong");
  if (little_endian(bytes, 34, 2) != 0xc0de)
    throw Error(Fault::unsupported, 0, "partclone: an image of a big-endian machine");
  const uint64_t mode = little_endian(bytes, 96, 2);
  const uint64_t bitmap = little_endian(bytes, 105, 1);
  constexpr uint64_t crc32_mode = 0x20;
  constexpr uint64_t of_bits = 1;
  if (little_endian(bytes, 88, 4) != 18 || (bitmap != 0 && bitmap != of_bits))
    throw Error(Fault::unsupported, 0, "partclone: an unknown variant of its format");
  PartcloneHeader header{.version = 2,
                         .device_size = little_endian(bytes, 52, 8),
                         .blocks = little_endian(bytes, 60, 8),
                         .block_size = little_endian(bytes, 84, 4),
                         .header_size = partclone_header_length,
                         .checksum_size = mode == 0 ? 0 : little_endian(bytes, 98, 2),
                         .per_checksum = mode == 0 ? 0 : little_endian(bytes, 100, 4),
                         .compared = mode == crc32_mode,
                         .reseeded = little_endian(bytes, 104, 1) != 0,
                         .has_bitmap = bitmap != 0};
  if (header.per_checksum == 0) header.checksum_size = 0;
  if (header.compared && header.checksum_size != 4) throw Error(Fault::damaged, 0, "partclone: the header is damaged");
  if (header.checksum_size == 0) header.per_checksum = 0;
  if (header.checksum_size == 0) header.compared = false;
  return header;
}

}  // namespace

bool begins_as_partclone(std::span<const std::byte> bytes) { return has_at(bytes, 0, magic); }

std::optional<PartcloneHeader> partclone_header_of(std::span<const std::byte> bytes) {
  if (!begins_as_partclone(bytes) || bytes.size() < partclone_header_length) return std::nullopt;
  const bool is_first = has_at(bytes, 30, "0001"sv);
  if (!is_first && !has_at(bytes, 30, "0002"sv))
    throw Error(Fault::unsupported, 0, "partclone: a version of its format that is not known");
  const PartcloneHeader header = is_first ? first_version(bytes) : second_version(bytes);
  if (header.block_size == 0 || header.block_size > largest_block || header.device_size > largest_partition ||
      header.blocks > largest_partition / header.block_size)
    throw Error(Fault::damaged, 0, "partclone: the header is damaged");
  return header;
}

void PartcloneFilter::damaged(const char* said) const {
  throw Error(Fault::damaged, position_, std::string("partclone: ") + said);
}

size_t PartcloneFilter::step(std::span<const std::byte> bytes) {
  const size_t before = bytes.size();
  switch (state_) {
    case State::header:
      if (gather(bytes, header_.version == 1 ? first_header_length : partclone_header_length)) take_header();
      break;
    case State::bitmap:
      return take_bitmap(bytes);
    case State::bitmap_end:
      if (gather(bytes, header_.version == 1 ? bitmap_magic.size() : 4)) end_bitmap();
      break;
    case State::blocks:
      return take_blocks(bytes);
    case State::checksum:
      if (gather(bytes, header_.checksum_size + gap_.value_or(0))) take_checksum();
      break;
    case State::guess:
      if (gather(bytes, header_.block_size + header_.checksum_size)) guess_gap();
      break;
    case State::done:
      return take_zeros(bytes, "partclone: something follows the last block");
  }
  return before - bytes.size();
}

void PartcloneFilter::take_header() {
  // What follows in the longer header of the first version means nothing.
  const bool is_whole = header_.version == 1;
  if (!is_whole) header_ = *partclone_header_of(pending_);
  if (header_.version == 1 && !is_whole) return;
  pending_.clear();
  if (header_.version == 2) gap_ = 0;
  if (header_.blocks > most_blocks)
    throw Error(Fault::memory, position_, "partclone: the list of blocks takes too much memory");
  if (!header_.has_bitmap) return begin_run();
  state_ = bitmap_length() == 0 ? State::bitmap_end : State::bitmap;
}

uint64_t PartcloneFilter::bitmap_length() const {
  return header_.bitmap_of_bytes ? header_.blocks : (header_.blocks + 7) / 8;
}

size_t PartcloneFilter::take_bitmap(std::span<const std::byte> bytes) {
  const auto part = bytes.first(static_cast<size_t>(std::min<uint64_t>(bytes.size(), bitmap_length() - listed_)));
  for (const std::byte byte : part) {
    const auto value = std::to_integer<uint8_t>(byte);
    const uint64_t place = listed_++ % 8;
    if (!header_.bitmap_of_bytes) {
      used_.push_back(value);
      continue;
    }
    if (value > 1) damaged("the list of blocks is damaged");
    if (place == 0) used_.push_back(0);
    used_.back() = static_cast<uint8_t>(used_.back() | value << place);
  }
  if (listed_ == bitmap_length()) state_ = State::bitmap_end;
  return part.size();
}

void PartcloneFilter::end_bitmap() {
  const bool is_right = header_.version == 1 ? has_at(pending_, 0, bitmap_magic)
                                             : is_crc(pending_, crc_of(0, std::as_bytes(std::span(used_))));
  if (!is_right) damaged("the list of blocks is damaged");
  pending_.clear();
  begin_run();
}

// Goes on to the next used blocks, or ends.
void PartcloneFilter::begin_run() {
  const uint64_t before = block_;
  while (block_ < header_.blocks && !is_used(block_)) ++block_;
  write_zeros((block_ - before) * header_.block_size);
  if (block_ == header_.blocks) {
    write_zeros(header_.size() - written_);
    state_ = unsummed_ > 0 && header_.per_checksum > 0 ? State::checksum : State::done;
    return;
  }
  const uint64_t most = header_.per_checksum > 0 ? header_.per_checksum - unsummed_ : UINT64_MAX;
  run_ = 1;
  while (run_ < most && block_ + run_ < header_.blocks && is_used(block_ + run_)) ++run_;
  left_ = run_ * header_.block_size;
  state_ = State::blocks;
}

size_t PartcloneFilter::take_blocks(std::span<const std::byte> bytes) {
  const auto part = bytes.first(static_cast<size_t>(std::min<uint64_t>(bytes.size(), left_)));
  if (left_ == header_.block_size) first_ = part.front();
  if (header_.version == 2 && header_.compared) crc_ = crc_of(crc_, part);
  output_.write(part);
  written_ += part.size();
  left_ -= part.size();
  if (left_ == 0) end_run();
  return part.size();
}

void PartcloneFilter::end_run() {
  block_ += run_;
  unsummed_ += run_;
  // The first version takes the first byte of a block for all of it.
  if (header_.version == 1) crc_ = crc_of(crc_, Bytes(header_.block_size, first_));
  if (unsummed_ == header_.per_checksum)
    state_ = State::checksum;
  else
    begin_run();
}

void PartcloneFilter::take_checksum() {
  if (header_.compared && !is_crc(pending_, crc_)) damaged("the checksum of a block is wrong");
  pending_.clear();
  unsummed_ = 0;
  if (header_.reseeded) crc_ = 0;
  begin_run();
  if (state_ == State::blocks && !gap_) state_ = State::guess;
}

// A 64-bit partclone left four bytes behind each checksum. The second checksum shows whether this was one.
void PartcloneFilter::guess_gap() {
  const auto bytes = std::exchange(pending_, {});
  const uint32_t crc = crc_of(crc_, Bytes(header_.block_size, bytes.front()));
  gap_ = is_crc(std::span(bytes).subspan(header_.block_size), crc) ? 0 : oversized;
  state_ = State::blocks;
  position_ -= bytes.size() - *gap_;
  write(std::span(bytes).subspan(*gap_));
}

void PartcloneFilter::write_zeros(uint64_t count) {
  for (const uint64_t end = written_ + count; written_ < end;) {
    const auto zeros = some_zeros(end - written_);
    output_.write(zeros);
    written_ += zeros.size();
  }
}

void PartcloneFilter::finish() {
  if (state_ != State::done) throw Error(Fault::truncated, position_, "partclone: the file ends before its content");
  output_.finish();
}

}  // namespace unpack

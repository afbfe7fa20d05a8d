#include "sparse.h"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <utility>

#include "error.h"
#include "little_endian.h"

namespace unpack {
namespace {

constexpr size_t file_header_length = 28;
constexpr size_t chunk_header_length = 12;
constexpr uint32_t magic = 0xed26ff3a;
constexpr uint32_t largest_block = 1u << 24;
// Types of chunks.
constexpr uint32_t raw = 0xcac1;
constexpr uint32_t fill = 0xcac2;
constexpr uint32_t dont_care = 0xcac3;
constexpr uint32_t checksum = 0xcac4;

uint32_t number(std::span<const std::byte> bytes, size_t at, unsigned count) {
  return static_cast<uint32_t>(little_endian(bytes, at, count));
}

}  // namespace

std::optional<SparseHeader> sparse_header_of(std::span<const std::byte> bytes) {
  if (bytes.size() < file_header_length || number(bytes, 0, 4) != magic) return std::nullopt;
  return SparseHeader{.block_size = number(bytes, 12, 4),
                      .blocks = number(bytes, 16, 4),
                      .chunks = number(bytes, 20, 4),
                      .chunk_header = static_cast<uint16_t>(number(bytes, 10, 2)),
                      .file_header = static_cast<uint16_t>(number(bytes, 8, 2))};
}

void SparseFilter::write(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const size_t taken = step(bytes);
    position_ += taken;
    bytes = bytes.subspan(taken);
  }
}

// Consumes what belongs to the current state; how many bytes that was.
size_t SparseFilter::step(std::span<const std::byte> bytes) {
  if (state_ == State::done) throw Error(Fault::trailing, position_, "sparse image: something follows the last chunk");
  if (state_ == State::raw) {
    const auto part = bytes.first(static_cast<size_t>(std::min<uint64_t>(bytes.size(), raw_left_)));
    produce(part);
    raw_left_ -= part.size();
    if (raw_left_ == 0) state_ = chunks_ == header_.chunks ? State::done : State::chunk;
    return part.size();
  }
  const size_t wanted = header_length();
  const size_t taken = std::min(bytes.size(), wanted - pending_.size());
  pending_.insert(pending_.end(), bytes.begin(), bytes.begin() + static_cast<ptrdiff_t>(taken));
  if (pending_.size() < wanted || pending_.size() < header_length()) return taken;
  if (state_ == State::header) {
    const auto header = sparse_header_of(pending_);
    if (!header || header->block_size == 0 || header->block_size % 4 != 0 || header->block_size > largest_block ||
        header->chunk_header < chunk_header_length)
      throw Error(Fault::damaged, position_, "sparse image: the header is damaged");
    header_ = *header;
    pending_.clear();
    state_ = header_.chunks == 0 ? State::done : State::chunk;
    return taken;
  }
  const Bytes head = std::move(pending_);
  pending_.clear();
  begin_chunk(head);
  return taken;
}

// Bytes of the header that is being read, as far as they are known.
size_t SparseFilter::header_length() const {
  if (state_ == State::header)
    return pending_.size() < file_header_length ? file_header_length
                                                : std::max<size_t>(file_header_length, number(pending_, 8, 2));
  // Fill and checksum carry four bytes behind their header.
  const size_t length = header_.chunk_header;
  if (pending_.size() < length) return length;
  const uint32_t type = number(pending_, 0, 2);
  return length + (type == fill || type == checksum ? 4 : 0);
}

void SparseFilter::begin_chunk(std::span<const std::byte> head) {
  const uint32_t type = number(head, 0, 2);
  const uint64_t blocks = number(head, 4, 4);
  const uint64_t packed = number(head, 8, 4);
  const auto damaged = [this] { throw Error(Fault::damaged, position_, "sparse image: a chunk is damaged"); };
  const uint64_t content = packed < header_.chunk_header ? UINT64_MAX : packed - header_.chunk_header;
  ++chunks_;
  if (blocks_ + blocks > header_.blocks) damaged();
  blocks_ += blocks;
  const auto value = std::span(head).last(4);
  switch (type) {
    case raw:
      if (content != blocks * header_.block_size) damaged();
      raw_left_ = content;
      break;
    case fill:
      if (content != 4) damaged();
      repeat(value, blocks * header_.block_size);
      break;
    case dont_care: {
      if (content != 0) damaged();
      constexpr std::array<std::byte, 4> zeros{};
      repeat(zeros, blocks * header_.block_size);
      break;
    }
    case checksum:
      if (content != 4 || number(value, 0, 4) != crc_)
        throw Error(Fault::damaged, position_, "sparse image: the checksum is wrong");
      break;
    default:
      throw Error(Fault::unsupported, position_, "sparse image: a chunk of an unknown type");
  }
  if (raw_left_ > 0)
    state_ = State::raw;
  else
    state_ = chunks_ == header_.chunks ? State::done : State::chunk;
}

void SparseFilter::repeat(std::span<const std::byte> pattern, uint64_t count) {
  Bytes block(static_cast<size_t>(std::min<uint64_t>(count, 1 << 20)));
  for (size_t i = 0; i < block.size(); ++i) block[i] = pattern[i % pattern.size()];
  for (; count > 0; count -= std::min<uint64_t>(count, block.size()))
    produce(std::span(block).first(static_cast<size_t>(std::min<uint64_t>(count, block.size()))));
}

void SparseFilter::produce(std::span<const std::byte> bytes) {
  crc_ = static_cast<uint32_t>(crc32_z(crc_, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
  output_.write(bytes);
}

void SparseFilter::finish() {
  if (state_ != State::done) throw Error(Fault::truncated, position_, "sparse image: the file ends before its content");
  if (blocks_ != header_.blocks) throw Error(Fault::damaged, position_, "sparse image: blocks are missing");
  output_.finish();
}

void Unsparse::write(std::span<const std::byte> bytes) {
  if (target_ != nullptr) return target_->write(bytes);
  first_.insert(first_.end(), bytes.begin(), bytes.end());
  if (first_.size() < file_header_length) return;
  target_ = sparse_header_of(first_) ? static_cast<Output*>(&filter_) : &output_;
  target_->write(std::exchange(first_, {}));
}

void Unsparse::finish() {
  if (target_ == nullptr) {
    target_ = &output_;
    output_.write(first_);
  }
  target_->finish();
}

}  // namespace unpack

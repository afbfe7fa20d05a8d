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

// Sizes that other fields are computed with.
bool is_sound(const SparseHeader& header) {
  return header.block_size != 0 && header.block_size % 4 == 0 && header.block_size <= largest_block &&
         header.chunk_header >= chunk_header_length && header.file_header >= file_header_length;
}

void write_pattern(Output& output, std::span<const std::byte> pattern, uint64_t count) {
  Bytes block(static_cast<size_t>(std::min<uint64_t>(count, buffer_length)));
  for (size_t i = 0; i < block.size(); ++i) block[i] = pattern[i % pattern.size()];
  for (; count > 0; count -= std::min<uint64_t>(count, block.size()))
    output.write(std::span(block).first(static_cast<size_t>(std::min<uint64_t>(count, block.size()))));
}

// Bytes of the file, which must exist.
void copy(const Input& input, Output& output, uint64_t at, uint64_t count) {
  Bytes buffer(static_cast<size_t>(std::min<uint64_t>(count, buffer_length)));
  while (count > 0) {
    const auto part = std::span(buffer).first(static_cast<size_t>(std::min<uint64_t>(count, buffer.size())));
    if (input.read_at(at, part) < part.size())
      throw Error(Fault::truncated, at, "sparse image: the file ends before its content");
    output.write(part);
    at += part.size();
    count -= part.size();
  }
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

void decode_sparse_range(const Input& input, Output& output, uint64_t from, uint64_t until) {
  std::array<std::byte, file_header_length> first;
  const auto header = sparse_header_of(std::span(first).first(input.read_at(0, first)));
  if (!header || !is_sound(*header)) throw Error(Fault::damaged, 0, "sparse image: the header is damaged");
  uint64_t at = header->file_header;
  uint64_t decoded = 0;
  for (uint32_t i = 0; i < header->chunks && decoded < until; ++i) {
    const auto damaged = [at] { throw Error(Fault::damaged, at, "sparse image: a chunk is damaged"); };
    std::array<std::byte, chunk_header_length> head;
    if (input.read_at(at, head) < head.size())
      throw Error(Fault::truncated, at, "sparse image: the file ends before its content");
    const uint64_t data = at + header->chunk_header;
    const uint64_t size = uint64_t{number(head, 4, 4)} * header->block_size;
    const uint64_t packed = number(head, 8, 4);
    if (packed < header->chunk_header || decoded + size > header->size()) damaged();
    if (number(head, 0, 2) == checksum && size > 0) damaged();
    // The bytes [begin, end) of this chunk are wanted.
    const uint64_t begin = std::min(size, from - std::min(from, decoded));
    const uint64_t end = std::min(size, until - decoded);
    if (const uint64_t count = end - std::min(begin, end); count > 0) {
      std::array<std::byte, 4> pattern{};
      switch (number(head, 0, 2)) {
        case raw:
          if (packed - header->chunk_header != size) damaged();
          copy(input, output, data + begin, count);
          break;
        case fill:
          if (input.read_at(data, pattern) < pattern.size()) damaged();
          // A pattern starts again at each multiple of four bytes.
          std::rotate(pattern.begin(), pattern.begin() + static_cast<ptrdiff_t>(begin % pattern.size()), pattern.end());
          write_pattern(output, pattern, count);
          break;
        case dont_care:
          write_pattern(output, pattern, count);
          break;
        default:
          damaged();
      }
    }
    decoded += size;
    at += packed;
  }
}

size_t SparseFilter::step(std::span<const std::byte> bytes) {
  if (state_ == State::done) return take_zeros(bytes, "sparse image: something follows the last chunk");
  if (state_ == State::raw) {
    const auto part = bytes.first(static_cast<size_t>(std::min<uint64_t>(bytes.size(), raw_left_)));
    produce(part);
    raw_left_ -= part.size();
    if (raw_left_ == 0) state_ = chunks_ == header_.chunks ? State::done : State::chunk;
    return part.size();
  }
  const size_t before = bytes.size();
  const bool is_whole = gather(bytes, header_length());
  const size_t taken = before - bytes.size();
  // What has come can show that the header is longer.
  if (!is_whole || pending_.size() < header_length()) return taken;
  if (state_ == State::header) {
    const auto header = sparse_header_of(pending_);
    if (!header || !is_sound(*header)) throw Error(Fault::damaged, position_, "sparse image: the header is damaged");
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
      if (blocks != 0) damaged();
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
  class Producer final : public Output {
   public:
    explicit Producer(SparseFilter& filter) : filter_(filter) {}
    void write(std::span<const std::byte> bytes) override { filter_.produce(bytes); }

   private:
    SparseFilter& filter_;
  } producer(*this);
  write_pattern(producer, pattern, count);
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

}  // namespace unpack

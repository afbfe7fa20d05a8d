// The xz format (tukaani.org/xz/xz-file-format.txt): streams of blocks, with an index of the blocks at each stream's
// end.
#include <lzma.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>

#include "../decoder.h"
#include "../error.h"

namespace unpack {
namespace {

// Decoding keeps its tables in this much beside the block; the index of a file of many blocks is the larger part.
constexpr uint64_t index_memory = uint64_t{256} << 20;

class Stream {
 public:
  ~Stream() { lzma_end(&stream_); }
  lzma_stream* operator->() { return &stream_; }
  lzma_stream* get() { return &stream_; }

 private:
  lzma_stream stream_ = LZMA_STREAM_INIT;
};

struct IndexEnd {
  void operator()(lzma_index* index) const { lzma_index_end(index, nullptr); }
};
using Index = std::unique_ptr<lzma_index, IndexEnd>;

[[noreturn]] void fail(lzma_ret result, uint64_t at) {
  switch (result) {
    case LZMA_MEM_ERROR:
    case LZMA_MEMLIMIT_ERROR:
      throw Error(Fault::memory, at, "xz: decoding needs more memory than the limit");
    case LZMA_OPTIONS_ERROR:
    case LZMA_UNSUPPORTED_CHECK:
      throw Error(Fault::unsupported, at, "xz: made with options that are not supported");
    case LZMA_BUF_ERROR:
      throw Error(Fault::truncated, at, "xz: the file ends before its content");
    default:
      throw Error(Fault::damaged, at, "xz: the data is damaged");
  }
}

// The index of all streams, when the file can be seeked and its ends are as they should be.
Index read_index(const Input& input) {
  if (!input.size()) return nullptr;
  Stream stream;
  lzma_index* index = nullptr;
  if (lzma_file_info_decoder(stream.get(), &index, index_memory, *input.size()) != LZMA_OK) return nullptr;
  std::array<std::byte, 65536> buffer;
  uint64_t at = 0;
  for (;;) {
    if (stream->avail_in == 0) {
      const size_t got = input.read_at(at, buffer);
      at += got;
      stream->next_in = reinterpret_cast<const uint8_t*>(buffer.data());
      stream->avail_in = got;
    }
    const lzma_ret result = lzma_code(stream.get(), stream->avail_in == 0 ? LZMA_FINISH : LZMA_RUN);
    if (result == LZMA_STREAM_END) return Index(index);
    if (result == LZMA_SEEK_NEEDED) {
      at = stream->seek_pos;
      stream->avail_in = 0;
    } else if (result != LZMA_OK) {
      return nullptr;
    }
  }
}

template <typename Each>
void each_block(const lzma_index& index, Each each) {
  lzma_index_iter iterator;
  lzma_index_iter_init(&iterator, &index);
  while (!lzma_index_iter_next(&iterator, LZMA_INDEX_ITER_NONEMPTY_BLOCK)) each(iterator);
}

struct FiltersEnd {
  void operator()(lzma_filter* filters) const { lzma_filters_free(filters, nullptr); }
};

// packed: the whole block with its header; at: its place in the file.
Bytes decode_block(const Bytes& packed, uint64_t at, lzma_check check, uint64_t unpadded, uint64_t size) {
  const auto* bytes = reinterpret_cast<const uint8_t*>(packed.data());
  std::array<lzma_filter, LZMA_FILTERS_MAX + 1> filters;
  lzma_block block{};
  block.filters = filters.data();
  block.check = check;
  block.header_size = lzma_block_header_size_decode(bytes[0]);
  if (block.header_size > packed.size()) fail(LZMA_DATA_ERROR, at);
  if (const lzma_ret result = lzma_block_header_decode(&block, nullptr, bytes); result != LZMA_OK) fail(result, at);
  const std::unique_ptr<lzma_filter, FiltersEnd> owned(filters.data());
  if (const lzma_ret result = lzma_block_compressed_size(&block, unpadded); result != LZMA_OK) fail(result, at);
  Bytes decoded(size);
  size_t in = block.header_size;
  size_t out = 0;
  const lzma_ret result = lzma_block_buffer_decode(&block, nullptr, bytes, &in, packed.size(),
                                                   reinterpret_cast<uint8_t*>(decoded.data()), &out, decoded.size());
  if (result != LZMA_OK || out != size) fail(result == LZMA_OK ? LZMA_DATA_ERROR : result, at + in);
  return decoded;
}

// Blocks are worth threads when several fit into the memory.
bool divides(const lzma_index& index, const Limits& limits) {
  uint64_t largest = 0;
  each_block(index, [&](const lzma_index_iter& block) {
    largest = std::max<uint64_t>(largest, block.block.total_size + block.block.uncompressed_size);
  });
  return lzma_index_block_count(&index) > 1 && largest <= limits.memory / 2;
}

void decode_blocks(const lzma_index& index, Input& input, Output& output, const Limits& limits, Found& found) {
  InOrder pieces(limits.workers, limits.memory, output);
  each_block(index, [&](const lzma_index_iter& iterator) {
    const auto& block = iterator.block;
    const uint64_t at = block.compressed_file_offset;
    if (iterator.stream.flags->check == LZMA_CHECK_NONE) found.checked = false;
    found.zeros = iterator.stream.padding;
    input.skip_to(at);
    const auto bytes = input.peek(block.total_size);
    if (bytes.size() < block.total_size)
      throw Error(Fault::truncated, at + bytes.size(), "xz: the file ends in a block");
    pieces.add(block.total_size + block.uncompressed_size,
               [packed = input.take(block.total_size), at, check = iterator.stream.flags->check,
                unpadded = block.unpadded_size,
                size = block.uncompressed_size] { return decode_block(packed, at, check, unpadded, size); });
  });
  pieces.finish();
  input.skip_to_end();
}

// One stream from its first byte on, wherever it lies.
void decode_stream(Input& input, Output& output, const Limits& limits, Found& found) {
  Stream stream;
  lzma_mt options{};
  options.threads = std::max(1u, limits.workers.threads());
  options.memlimit_threading = limits.memory;
  options.memlimit_stop = std::max<uint64_t>(limits.memory, uint64_t{1} << 31);
  options.flags = LZMA_TELL_UNSUPPORTED_CHECK;
  if (lzma_stream_decoder_mt(stream.get(), &options) != LZMA_OK) fail(LZMA_MEM_ERROR, input.position());
  Bytes buffer(size_t{1} << 20);
  for (;;) {
    const auto bytes = input.peek();
    stream->next_in = reinterpret_cast<const uint8_t*>(bytes.data());
    stream->avail_in = bytes.size();
    stream->next_out = reinterpret_cast<uint8_t*>(buffer.data());
    stream->avail_out = buffer.size();
    const lzma_ret result = lzma_code(stream.get(), bytes.empty() ? LZMA_FINISH : LZMA_RUN);
    input.consume(bytes.size() - stream->avail_in);
    output.write(std::span(buffer).first(buffer.size() - stream->avail_out));
    if (result == LZMA_STREAM_END) {
      if (lzma_get_check(stream.get()) == LZMA_CHECK_NONE) found.checked = false;
      return;
    }
    if (result != LZMA_OK) fail(result, input.position());
  }
}

}  // namespace

void decode_xz(Input& input, Output& output, const Limits& limits, Found& found) {
  if (input.position() == 0) {
    const Index index = read_index(input);
    if (index && divides(*index, limits)) return decode_blocks(*index, input, output, limits, found);
  }
  decode_stream(input, output, limits, found);
}

Facts facts_of_xz(const Input& input) {
  Facts facts;
  const Index index = read_index(input);
  if (!index) return facts;
  facts.size = lzma_index_uncompressed_size(index.get());
  facts.blocks = lzma_index_block_count(index.get());
  each_block(*index, [&](const lzma_index_iter& block) {
    facts.largest_block = std::max<uint64_t>(facts.largest_block, block.block.uncompressed_size);
  });
  return facts;
}

}  // namespace unpack

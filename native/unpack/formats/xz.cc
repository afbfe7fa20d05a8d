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

// Bytes for the decoder's tables beside the block. The index is the larger part when the file has many blocks.
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
      throw Error(Fault::resources, at, "xz: not enough memory");
    case LZMA_OPTIONS_ERROR:
    case LZMA_UNSUPPORTED_CHECK:
      throw Error(Fault::unsupported, at, "xz: made with options that are not supported");
    case LZMA_BUF_ERROR:
      throw Error(Fault::truncated, at, "xz: the file ends before its content");
    default:
      throw Error(Fault::damaged, at, "xz: the data is damaged");
  }
}

[[noreturn]] void fail_for_memory(uint64_t limit, uint64_t at) {
  throw Error(Fault::memory, at, "xz: decoding takes more memory than the limit of " + in_words(limit));
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

// What a block says of itself.
class Header {
 public:
  // bytes: of the file, from the block's first on, which is at `at`. Throws Error.
  Header(std::span<const std::byte> bytes, lzma_check check, uint64_t at) {
    const auto* first = reinterpret_cast<const uint8_t*>(bytes.data());
    block_.version = 1;
    block_.filters = filters_.data();
    block_.check = check;
    // The decoder would not compare a checksum of a kind that it does not know.
    if (!lzma_check_is_supported(check)) fail(LZMA_UNSUPPORTED_CHECK, at);
    // A first byte of 0 is that of an index.
    if (bytes.empty() || *first == 0) fail(LZMA_DATA_ERROR, at);
    block_.header_size = lzma_block_header_size_decode(*first);
    if (block_.header_size > bytes.size()) fail(LZMA_DATA_ERROR, at);
    if (const lzma_ret result = lzma_block_header_decode(&block_, nullptr, first); result != LZMA_OK) fail(result, at);
    owned_.reset(filters_.data());
  }
  lzma_block* get() { return &block_; }
  lzma_block* operator->() { return &block_; }
  // Bytes that decoding takes beside the packed and the decoded ones.
  uint64_t memory() const { return lzma_raw_decoder_memusage(filters_.data()); }

 private:
  std::array<lzma_filter, LZMA_FILTERS_MAX + 1> filters_{};
  lzma_block block_{};
  std::unique_ptr<lzma_filter, FiltersEnd> owned_;
};

// packed: the whole block with its header; at: its place in the file.
Bytes decode_block(const Bytes& packed, uint64_t at, lzma_check check, uint64_t unpadded, uint64_t size) {
  const auto* bytes = reinterpret_cast<const uint8_t*>(packed.data());
  Header block(packed, check, at);
  if (const lzma_ret result = lzma_block_compressed_size(block.get(), unpadded); result != LZMA_OK) fail(result, at);
  Bytes decoded(size);
  size_t in = block->header_size;
  size_t out = 0;
  const lzma_ret result = lzma_block_buffer_decode(block.get(), nullptr, bytes, &in, packed.size(),
                                                   reinterpret_cast<uint8_t*>(decoded.data()), &out, decoded.size());
  if (result != LZMA_OK || out != size) fail(result == LZMA_OK ? LZMA_DATA_ERROR : result, at + in);
  return decoded;
}

// Bytes of the largest block, packed and decoded.
uint64_t largest_block(const lzma_index& index) {
  uint64_t largest = 0;
  each_block(index, [&](const lzma_index_iter& block) {
    largest = std::max<uint64_t>(largest, block.block.total_size + block.block.uncompressed_size);
  });
  return largest;
}

// Blocks are worth threads when several fit into the memory.
bool divides(const lzma_index& index, const Limits& limits) {
  return lzma_index_block_count(&index) > 1 && largest_block(index) <= limits.memory / 2;
}

// Bytes that decoding the first block takes beside its own; 0 when the block is damaged, which the decoder will report.
uint64_t memory_of_first(const lzma_index& index, const Input& input) {
  lzma_index_iter first;
  lzma_index_iter_init(&first, &index);
  if (lzma_index_iter_next(&first, LZMA_INDEX_ITER_NONEMPTY_BLOCK)) return 0;
  std::array<std::byte, LZMA_BLOCK_HEADER_SIZE_MAX> bytes;
  const size_t got = input.read_at(first.block.compressed_file_offset, bytes);
  try {
    return Header(std::span(bytes).first(got), first.stream.flags->check, first.block.compressed_file_offset).memory();
  } catch (const Error&) {
    return 0;
  }
}

// Decodes blocks at the same time and writes them in order.
class Blocks {
 public:
  Blocks(Input& input, Output& output, const Limits& limits, Found& found)
      : input_(input), limits_(limits), found_(found), pieces_(limits.workers, limits.memory, output) {}

  void add(const lzma_index_iter& iterator) {
    const auto& block = iterator.block;
    const uint64_t at = block.compressed_file_offset;
    const lzma_check check = iterator.stream.flags->check;
    if (check == LZMA_CHECK_NONE) found_.checked = false;
    input_.skip_to(at);
    const auto bytes = input_.peek(block.total_size);
    if (bytes.size() < block.total_size)
      throw Error(Fault::truncated, at + bytes.size(), "xz: the file ends in a block");
    const uint64_t memory = Header(bytes.first(block.total_size), check, at).memory();
    if (memory > limits_.window()) fail_for_memory(limits_.window(), at);
    pieces_.add(block.total_size + block.uncompressed_size + memory,
                [packed = input_.take(block.total_size), at, check, unpadded = block.unpadded_size,
                 size = block.uncompressed_size] { return decode_block(packed, at, check, unpadded, size); });
  }
  void finish() { pieces_.finish(); }

 private:
  Input& input_;
  const Limits& limits_;
  Found& found_;
  InOrder pieces_;
};

void decode_blocks(const lzma_index& index, Input& input, Output& output, const Limits& limits, Found& found) {
  Blocks blocks(input, output, limits, found);
  each_block(index, [&](const lzma_index_iter& iterator) {
    found.zeros = iterator.stream.padding;
    blocks.add(iterator);
  });
  blocks.finish();
  input.skip_to_end();
}

// One stream from its first byte on, wherever it lies.
void decode_stream(Input& input, Output& output, const Limits& limits, Found& found) {
  Stream stream;
  lzma_mt options{};
  options.threads = limits.as_it_comes ? 1 : std::max(1u, limits.workers.threads());
  options.memlimit_threading = limits.as_it_comes ? 1 : limits.memory;
  options.memlimit_stop = limits.window();
  options.flags = LZMA_TELL_UNSUPPORTED_CHECK;
  if (lzma_stream_decoder_mt(stream.get(), &options) != LZMA_OK) fail(LZMA_MEM_ERROR, input.position());
  Bytes buffer(buffer_length);
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
    if (result == LZMA_MEMLIMIT_ERROR) fail_for_memory(options.memlimit_stop, input.position());
    if (result != LZMA_OK) fail(result, input.position());
  }
}

}  // namespace

void decode_xz(Input& input, Output& output, const Limits& limits, Found& found) {
  if (input.position() == 0 && !limits.as_it_comes) {
    const Index index = read_index(input);
    if (index && divides(*index, limits)) return decode_blocks(*index, input, output, limits, found);
  }
  decode_stream(input, output, limits, found);
}

void decode_xz_units(std::span<const Unit> units, Input& input, Output& output, const Limits& limits, Found& found) {
  const Index index = read_index(input);
  if (!index || units.empty()) return;
  input.seek(units.front().packed_at);
  Blocks blocks(input, output, limits, found);
  each_block(*index, [&](const lzma_index_iter& iterator) {
    const uint64_t at = iterator.block.compressed_file_offset;
    if (at >= units.front().packed_at && at <= units.back().packed_at) blocks.add(iterator);
  });
  blocks.finish();
}

Facts facts_of_xz(const Input& input) {
  Facts facts;
  const Index index = read_index(input);
  if (!index) return facts;
  facts.size = lzma_index_uncompressed_size(index.get());
  facts.units.emplace();
  each_block(*index, [&](const lzma_index_iter& iterator) {
    const auto& block = iterator.block;
    facts.units->push_back({.packed_at = block.compressed_file_offset,
                            .packed = block.total_size,
                            .at = block.uncompressed_file_offset,
                            .size = block.uncompressed_size});
  });
  facts.piece = largest_block(*index) + memory_of_first(*index, input);
  return facts;
}

}  // namespace unpack

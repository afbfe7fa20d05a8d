// Zstandard (RFC 8878): frames one after the other. Frames that are short enough are decoded at the same time (those of
// pzstd and of the seekable format are), a long one is decoded as it comes.
#define ZSTD_STATIC_LINKING_ONLY
#include <zstd.h>
#include <zstd_errors.h>

#include <algorithm>
#include <memory>

#include "../decoder.h"
#include "../error.h"
#include "../little_endian.h"

namespace unpack {
namespace {

constexpr size_t longest_piece = size_t{32} << 20;  // packed bytes
constexpr uint32_t skippable_magic = 0x184D2A50;

struct ContextEnd {
  void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
};

std::unique_ptr<ZSTD_DCtx, ContextEnd> context_for(uint64_t memory) {
  std::unique_ptr<ZSTD_DCtx, ContextEnd> context(ZSTD_createDCtx());
  if (!context) throw Error(Fault::memory, 0, "zstd: not enough memory");
  ZSTD_DCtx_setMaxWindowSize(context.get(), static_cast<size_t>(std::min<uint64_t>(memory, uint64_t{1} << 31)));
  return context;
}

[[noreturn]] void fail(size_t result, uint64_t at) {
  switch (ZSTD_getErrorCode(result)) {
    case ZSTD_error_frameParameter_windowTooLarge:
    case ZSTD_error_memory_allocation:
      throw Error(Fault::memory, at, "zstd: decoding needs more memory than the limit");
    case ZSTD_error_dictionary_wrong:
      throw Error(Fault::unsupported, at, "zstd: made with a dictionary");
    default:
      throw Error(Fault::damaged, at, std::string("zstd: ") + ZSTD_getErrorName(result));
  }
}

// A frame of known extent. Bytes.
struct Frame {
  uint64_t packed = 0;
  uint64_t most = 0;  // decoded, at most
  std::optional<uint64_t> size;
  bool skippable = false;
};

// Reads `count` bytes at `offset` from the frame's start; an empty span when the file ends before.
template <typename Read>
std::optional<Frame> frame_by(Read read, uint64_t longest) {
  const auto head = read(0, 18);
  ZSTD_frameHeader header;
  if (ZSTD_getFrameHeader(&header, head.data(), head.size()) != 0) return std::nullopt;
  if (header.frameType == ZSTD_skippableFrame)
    return Frame{.packed = 8 + little_endian(head, 4, 4), .most = 0, .size = 0, .skippable = true};
  uint64_t at = header.headerSize;
  uint64_t blocks = 0;
  for (bool last = false; !last; ++blocks) {
    const auto block = read(at, 3);
    if (block.size() < 3 || at > longest) return std::nullopt;
    const uint64_t bits = little_endian(block, 0, 3);
    last = (bits & 1) != 0;
    constexpr uint32_t rle = 1;
    at += 3 + ((bits >> 1 & 3) == rle ? 1 : bits >> 3);
  }
  at += header.checksumFlag != 0 ? 4 : 0;
  Frame frame{.packed = at, .most = blocks * header.blockSizeMax, .size = std::nullopt, .skippable = false};
  if (header.frameContentSize != ZSTD_CONTENTSIZE_UNKNOWN) frame.size = frame.most = header.frameContentSize;
  return frame;
}

// The frame at the position, when all of it is near.
std::optional<Frame> near_frame(Input& input) {
  return frame_by(
      [&](uint64_t offset, size_t count) {
        const auto bytes = input.peek(offset + count);
        return bytes.size() <= offset ? std::span<const std::byte>()
                                      : bytes.subspan(offset, std::min(count, bytes.size() - offset));
      },
      longest_piece);
}

// Of the frame that begins here; true for one that is skipped.
bool has_checksum(std::span<const std::byte> head) {
  ZSTD_frameHeader header;
  return ZSTD_getFrameHeader(&header, head.data(), head.size()) != 0 || header.frameType == ZSTD_skippableFrame ||
         header.checksumFlag != 0;
}

Bytes decode_frame(const Bytes& packed, uint64_t at, uint64_t most, uint64_t memory) {
  const auto context = context_for(memory);
  Bytes decoded(most);
  const size_t result =
      ZSTD_decompressDCtx(context.get(), decoded.data(), decoded.size(), packed.data(), packed.size());
  if (ZSTD_isError(result)) fail(result, at);
  decoded.resize(result);
  return decoded;
}

void stream_frame(Input& input, Output& output, uint64_t memory) {
  const auto context = context_for(memory);
  Bytes buffer(ZSTD_DStreamOutSize() * 8);
  for (;;) {
    const auto bytes = input.peek();
    ZSTD_inBuffer in{bytes.data(), bytes.size(), 0};
    ZSTD_outBuffer out{buffer.data(), buffer.size(), 0};
    const size_t result = ZSTD_decompressStream(context.get(), &out, &in);
    if (ZSTD_isError(result)) fail(result, input.position());
    input.consume(in.pos);
    output.write(std::span(buffer).first(out.pos));
    if (result == 0) return;
    if (in.pos == 0 && out.pos == 0)
      throw Error(Fault::truncated, input.position(), "zstd: the file ends before its content");
  }
}

}  // namespace

void decode_zstd(Input& input, Output& output, const Limits& limits, Found& found) {
  InOrder pieces(limits.workers, limits.memory, output);
  for (;;) {
    const auto head = input.peek(4);
    if (head.size() < 4) break;
    const uint64_t magic = little_endian(head, 0, 4);
    if (magic != ZSTD_MAGICNUMBER && (magic & 0xfffffff0) != skippable_magic) break;
    const auto frame = near_frame(input);
    if (!has_checksum(input.peek(18))) found.checked = false;
    if (frame && frame->skippable) {
      input.skip_to(input.position() + frame->packed);
    } else if (frame && frame->most <= limits.memory / 4 && input.peek(frame->packed).size() >= frame->packed) {
      const uint64_t at = input.position();
      pieces.add(frame->packed + frame->most,
                 [packed = input.take(frame->packed), at, most = frame->most, memory = limits.memory] {
                   return decode_frame(packed, at, most, memory);
                 });
    } else {
      pieces.finish();
      stream_frame(input, output, limits.memory);
    }
  }
  pieces.finish();
}

Facts facts_of_zstd(const Input& input) {
  Facts facts;
  if (!input.size()) return facts;
  uint64_t sum = 0;
  uint64_t blocks = 0;
  for (uint64_t at = 0; at < *input.size();) {
    std::array<std::byte, 18> buffer;
    const auto frame = frame_by(
        [&](uint64_t offset, size_t count) {
          return std::span<const std::byte>(buffer).first(input.read_at(at + offset, std::span(buffer).first(count)));
        },
        *input.size());
    // What follows the last frame is the decoder's to judge.
    if (!frame) break;
    if (!frame->size) return facts;
    at += frame->packed;
    sum += *frame->size;
    blocks += frame->skippable ? 0 : 1;
    facts.largest_block = std::max(facts.largest_block, *frame->size);
  }
  facts.size = sum;
  facts.blocks = blocks;
  return facts;
}

}  // namespace unpack

// LZ4 frames (lz4_Frame_format.md). One core decodes them faster than a drive writes.
#include <lz4frame.h>

#include <array>
#include <memory>

#include "../decoder.h"
#include "../error.h"
#include "../little_endian.h"

namespace unpack {
namespace {

struct ContextEnd {
  void operator()(LZ4F_dctx* context) const { LZ4F_freeDecompressionContext(context); }
};

std::unique_ptr<LZ4F_dctx, ContextEnd> context() {
  LZ4F_dctx* made = nullptr;
  if (LZ4F_isError(LZ4F_createDecompressionContext(&made, LZ4F_VERSION)) != 0)
    throw Error(Fault::resources, 0, "lz4: not enough memory");
  return std::unique_ptr<LZ4F_dctx, ContextEnd>(made);
}

// The place behind the end mark of a frame whose blocks begin at `at`; nothing when the file ends before.
std::optional<uint64_t> end_of_blocks(const Input& input, uint64_t at, bool checksums) {
  for (;;) {
    std::array<std::byte, 4> field;
    if (input.read_at(at, field) < field.size()) return std::nullopt;
    at += field.size();
    constexpr uint32_t not_packed = 0x80000000;
    const auto length = static_cast<uint32_t>(little_endian(field, 0, 4)) & ~not_packed;
    if (length == 0) return at;
    at += length + (checksums ? 4 : 0);
  }
}

// The frame descriptor's flags: bit 4 is that of block checksums, bit 2 that of the content's.
bool has_checksum(std::span<const std::byte> head) {
  constexpr std::byte skippable{0x50};
  return head.size() < 5 || (head[0] & std::byte{0xf0}) == skippable || (head[4] & std::byte{0x14}) != std::byte{0};
}

}  // namespace

void decode_lz4(Input& input, Output& output, Found& found) {
  if (!has_checksum(input.peek(5))) found.checked = false;
  const auto decoder = context();
  Bytes buffer(buffer_length);
  for (;;) {
    const auto bytes = input.peek();
    size_t in = bytes.size();
    size_t out = buffer.size();
    const size_t result = LZ4F_decompress(decoder.get(), buffer.data(), &out, bytes.data(), &in, nullptr);
    if (LZ4F_isError(result) != 0)
      throw Error(Fault::damaged, input.position(), std::string("lz4: ") + LZ4F_getErrorName(result));
    input.consume(in);
    output.write(std::span(buffer).first(out));
    if (result == 0) return;
    if (in == 0 && out == 0) throw Error(Fault::truncated, input.position(), "lz4: the file ends before its content");
  }
}

Facts facts_of_lz4(const Input& input) {
  Facts facts;
  if (!input.size()) return facts;
  uint64_t sum = 0;
  for (uint64_t at = 0; at < *input.size();) {
    std::array<std::byte, LZ4F_HEADER_SIZE_MAX> head{};
    size_t length = input.read_at(at, head);
    const auto decoder = context();
    LZ4F_frameInfo_t info{};
    // The decoder judges what follows the last frame.
    if (LZ4F_isError(LZ4F_getFrameInfo(decoder.get(), &info, head.data(), &length)) != 0) break;
    if (info.frameType == LZ4F_skippableFrame) {
      at += 8 + little_endian(head, 4, 4);
      continue;
    }
    if (info.contentSize == 0) return {.cursory = input.is_partial()};
    sum += info.contentSize;
    if (input.is_partial()) return {.least = sum, .cursory = true};
    const auto end = end_of_blocks(input, at + length, info.blockChecksumFlag == LZ4F_blockChecksumEnabled);
    if (!end) return facts;
    at = *end + (info.contentChecksumFlag == LZ4F_contentChecksumEnabled ? 4 : 0);
  }
  facts.size = sum;
  return facts;
}

}  // namespace unpack

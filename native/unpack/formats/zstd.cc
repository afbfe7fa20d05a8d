// Zstandard (RFC 8878): frames one after the other. Frames that are short enough are decoded at the same time (those of
// pzstd and of the seekable format are), a long one is decoded as it comes.
#define ZSTD_STATIC_LINKING_ONLY
#include <zstd.h>
#include <zstd_errors.h>

#include <algorithm>
#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include "../decoder.h"
#include "../error.h"
#include "../little_endian.h"

namespace unpack {
namespace {

constexpr size_t longest_piece = size_t{32} << 20;  // packed bytes
constexpr uint32_t skippable_magic = 0x184D2A50;
constexpr uint64_t most_frames = uint64_t{1} << 24;  // of a table: 256 MiB of it in memory

struct ContextEnd {
  void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
};

std::unique_ptr<ZSTD_DCtx, ContextEnd> context() {
  std::unique_ptr<ZSTD_DCtx, ContextEnd> made(ZSTD_createDCtx());
  if (!made) throw Error(Fault::resources, 0, "zstd: not enough memory");
  return made;
}

[[noreturn]] void fail(size_t result, uint64_t at) {
  switch (ZSTD_getErrorCode(result)) {
    case ZSTD_error_memory_allocation:
      throw Error(Fault::resources, at, "zstd: not enough memory");
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
  uint64_t window = 0;
};

// Reads `count` bytes at `offset` from the frame's start; an empty span when the file ends before.
template <typename Read>
std::optional<Frame> frame_by(Read read, uint64_t longest) {
  const auto head = read(0, ZSTD_FRAMEHEADERSIZE_MAX);
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
  Frame frame{.packed = at, .most = blocks * header.blockSizeMax, .size = std::nullopt, .window = header.windowSize};
  if (header.frameContentSize != ZSTD_CONTENTSIZE_UNKNOWN) frame.size = frame.most = header.frameContentSize;
  return frame;
}

// The frame at the position, when all of it is near. A frame that is decoded as it comes need not be in the buffer.
std::optional<Frame> near_frame(Input& input) {
  if (input.size()) {
    std::array<std::byte, ZSTD_FRAMEHEADERSIZE_MAX> buffer;
    return frame_by(
        [&](uint64_t offset, size_t count) {
          const auto part = std::span(buffer).first(count);
          return std::span<const std::byte>(part).first(input.read_at(input.position() + offset, part));
        },
        longest_piece);
  }
  return frame_by(
      [&](uint64_t offset, size_t count) {
        const auto bytes = input.peek(offset + count);
        return bytes.size() <= offset ? std::span<const std::byte>()
                                      : bytes.subspan(offset, std::min(count, bytes.size() - offset));
      },
      longest_piece);
}

// True when the frame that begins here has a checksum, or is skipped.
bool has_checksum(std::span<const std::byte> head) {
  ZSTD_frameHeader header;
  return ZSTD_getFrameHeader(&header, head.data(), head.size()) != 0 || header.frameType == ZSTD_skippableFrame ||
         header.checksumFlag != 0;
}

// Throws Error (memory) when the frame at the position has a window above the limit.
void check_window(Input& input, const Limits& limits) {
  const auto head = input.peek(ZSTD_FRAMEHEADERSIZE_MAX);
  ZSTD_frameHeader header;
  if (ZSTD_getFrameHeader(&header, head.data(), head.size()) != 0 || header.windowSize <= limits.window()) return;
  throw Error(Fault::memory, input.position(),
              "zstd: decoding takes a window of " + in_words(header.windowSize) + ", and the limit is " +
                  in_words(limits.window()));
}

Bytes decode_frame(const Bytes& packed, uint64_t at, uint64_t most) {
  // Frames can be short, and a context is costly.
  thread_local const auto decoder = context();
  Bytes decoded(most);
  const size_t result =
      ZSTD_decompressDCtx(decoder.get(), decoded.data(), decoded.size(), packed.data(), packed.size());
  if (ZSTD_isError(result)) fail(result, at);
  decoded.resize(result);
  return decoded;
}

// Bytes that the frame decodes to.
uint64_t stream_frame(Input& input, Output& output, const Limits& limits) {
  check_window(input, limits);
  const auto decoder = context();
  ZSTD_DCtx_setParameter(decoder.get(), ZSTD_d_windowLogMax, ZSTD_WINDOWLOG_MAX);
  uint64_t size = 0;
  Bytes buffer(buffer_length);
  for (;;) {
    const auto bytes = input.peek();
    ZSTD_inBuffer in{bytes.data(), bytes.size(), 0};
    ZSTD_outBuffer out{buffer.data(), buffer.size(), 0};
    const size_t result = ZSTD_decompressStream(decoder.get(), &out, &in);
    if (ZSTD_isError(result)) fail(result, input.position());
    input.consume(in.pos);
    output.write(std::span(buffer).first(out.pos));
    size += out.pos;
    if (result == 0) return size;
    if (in.pos == 0 && out.pos == 0)
      throw Error(Fault::truncated, input.position(), "zstd: the file ends before its content");
  }
}

// True when a frame is decoded beside others. Its window is part of its content, so it takes no extra memory.
bool is_piece(const Frame& frame, const Limits& limits) {
  return frame.packed <= longest_piece && frame.most <= limits.memory / 4;
}

// A single frame is decoded sooner as it comes, because nothing could be decoded beside it. When all of a frame is in
// memory, a window above the limit does no harm.
bool streams_alone(const Input& input, const Frame& frame, const Limits& limits) {
  return input.position() == 0 && input.size() == frame.packed && frame.window <= limits.window();
}

std::optional<Frame> frame_at(const Input& input, uint64_t at) {
  std::array<std::byte, ZSTD_FRAMEHEADERSIZE_MAX> buffer;
  return frame_by(
      [&](uint64_t offset, size_t count) {
        return std::span<const std::byte>(buffer).first(input.read_at(at + offset, std::span(buffer).first(count)));
      },
      *input.size());
}

// What all frames say about themselves.
Facts walk(const Input& input, const Limits& limits) {
  Facts facts;
  facts.units.emplace();
  uint64_t sum = 0;
  uint64_t frames = 0;
  bool all_are_pieces = true;
  bool all_have_sizes = true;
  for (uint64_t at = 0; at < *input.size();) {
    const auto frame = frame_at(input, at);
    if (!frame) {
      // The end of a frame is missing, so its size is not known. The decoder judges anything else that follows.
      ZSTD_frameHeader header;
      std::array<std::byte, ZSTD_FRAMEHEADERSIZE_MAX> buffer;
      const size_t length = input.read_at(at, buffer);
      if (ZSTD_getFrameHeader(&header, buffer.data(), length) == 0) all_have_sizes = false;
      break;
    }
    if (!frame->skippable) {
      ++frames;
      const uint64_t size = frame->size.value_or(0);
      facts.units->push_back({.packed_at = at, .packed = frame->packed, .at = sum, .size = size});
      facts.piece = std::max(facts.piece, frame->packed + frame->most);
      all_are_pieces = all_are_pieces && is_piece(*frame, limits);
      all_have_sizes = all_have_sizes && frame->size.has_value();
      sum += size;
    }
    at += frame->packed;
  }
  if (frames < 2 || !all_are_pieces) facts.piece = 0;
  if (all_have_sizes)
    facts.size = sum;
  else
    facts.units.reset();
  return facts;
}

// What the first frame with content says about itself.
Facts facts_of_first(const Input& input) {
  for (uint64_t at = 0; at < *input.size();) {
    std::array<std::byte, ZSTD_FRAMEHEADERSIZE_MAX> head;
    ZSTD_frameHeader header;
    if (ZSTD_getFrameHeader(&header, head.data(), input.read_at(at, head)) != 0) break;
    if (header.frameType != ZSTD_skippableFrame)
      return {.least = header.frameContentSize == ZSTD_CONTENTSIZE_UNKNOWN ? 0 : header.frameContentSize,
              .cursory = true};
    at += 8 + little_endian(head, 4, 4);
  }
  return {.cursory = true};
}

// The table of the seekable format (zstd's contrib/seekable_format): a skippable frame at the end. Frames need not say
// how long they are then.
std::optional<Units> seek_table(const Input& input) {
  constexpr uint32_t end_magic = 0x8F92EAB1;
  constexpr uint32_t table_magic = 0x184D2A5E;
  constexpr size_t footer_length = 9;
  constexpr size_t head_length = 8;
  std::array<std::byte, footer_length> footer;
  if (*input.size() < footer_length + head_length || !input.reaches(*input.size() - footer_length, footer_length) ||
      input.read_at(*input.size() - footer_length, footer) < footer_length || little_endian(footer, 5, 4) != end_magic)
    return std::nullopt;
  const uint64_t frames = little_endian(footer, 0, 4);
  constexpr std::byte has_checksums{0x80};
  const size_t entry = (footer[4] & has_checksums) != std::byte{0} ? 12 : 8;
  const uint64_t length = head_length + frames * entry + footer_length;
  if (frames > most_frames || length > *input.size()) return std::nullopt;
  const uint64_t end = *input.size() - length;
  Bytes table(length);
  if (input.read_at(end, table) < length || little_endian(table, 0, 4) != table_magic ||
      little_endian(table, 4, 4) != length - head_length)
    return std::nullopt;
  Units units;
  uint64_t packed_at = 0;
  uint64_t at = 0;
  for (uint64_t i = 0; i < frames; ++i) {
    const Unit unit{.packed_at = packed_at,
                    .packed = little_endian(table, head_length + i * entry, 4),
                    .at = at,
                    .size = little_endian(table, head_length + i * entry + 4, 4)};
    if (unit.size > 0) units.push_back(unit);
    packed_at += unit.packed;
    at += unit.size;
  }
  // A table that does not lead back to itself belongs to something else.
  if (packed_at != end) return std::nullopt;
  return units;
}

uint64_t size_of(const Units& units) { return units.empty() ? 0 : units.back().at + units.back().size; }

// Compares the seek table with what the whole file decodes to. A part is decoded from a place in the table, and nothing
// in its frames shows that those before it are longer or shorter than the table says.
class TableCheck final : public Output {
 public:
  TableCheck(const Input& input, Output& output) : output_(output) {
    auto units = input.size() ? seek_table(input) : std::nullopt;
    if (!units) return;
    const uint64_t size = size_of(*units);
    units_ = std::move(*units);
    units_.push_back({.packed_at = *input.size(), .at = size});
  }

  void write(std::span<const std::byte> bytes) override {
    decoded_ += bytes.size();
    output_.write(bytes);
  }

  // A frame begins at `packed_at`, or the file ends there. Returns what to call when all before it is written, which
  // throws Error (damaged); nothing when the table has no such place.
  std::function<void()> at_frame(uint64_t packed_at) {
    if (next_ == units_.size() || packed_at < units_[next_].packed_at) return {};
    return [this, packed_at, unit = units_[next_++]] {
      if (unit.packed_at != packed_at || unit.at != decoded_)
        throw Error(Fault::damaged, unit.packed_at, "zstd: the table of frames is wrong");
    };
  }

 private:
  Output& output_;
  Units units_;
  size_t next_ = 0;
  uint64_t decoded_ = 0;  // bytes
};

}  // namespace

void decode_zstd(Input& input, Output& output, const Limits& limits, Found& found) {
  TableCheck checked(input, output);
  InOrder pieces(limits.workers, limits.memory, checked);
  for (;;) {
    const auto head = input.peek(4);
    if (head.size() < 4) break;
    const uint64_t magic = little_endian(head, 0, 4);
    if (magic != ZSTD_MAGICNUMBER && (magic & 0xfffffff0) != skippable_magic) break;
    // Its blocks show how long a frame is, and need not be known here.
    const bool is_skippable = magic != ZSTD_MAGICNUMBER;
    const auto frame = limits.as_it_comes && !is_skippable ? std::nullopt : near_frame(input);
    auto check = checked.at_frame(input.position());
    if (!has_checksum(input.peek(ZSTD_FRAMEHEADERSIZE_MAX))) found.checked = false;
    if (frame && frame->skippable) {
      if (check) {
        pieces.finish();
        check();
      }
      input.skip_to(input.position() + frame->packed);
    } else if (frame && !streams_alone(input, *frame, limits) && is_piece(*frame, limits) &&
               input.peek(frame->packed).size() >= frame->packed) {
      const uint64_t at = input.position();
      pieces.add(
          frame->packed + frame->most,
          [packed = input.take(frame->packed), at, most = frame->most] { return decode_frame(packed, at, most); },
          std::move(check));
    } else {
      pieces.finish();
      if (check) check();
      stream_frame(input, checked, limits);
    }
  }
  pieces.finish();
  if (const auto check = checked.at_frame(input.position())) check();
}

void decode_zstd_units(std::span<const Unit> units, Input& input, Output& output, const Limits& limits, Found& found) {
  if (units.empty()) return;
  input.seek(units.front().packed_at);
  InOrder pieces(limits.workers, limits.memory, output);
  for (const Unit& unit : units) {
    input.skip_to(unit.packed_at);
    if (!has_checksum(input.peek(ZSTD_FRAMEHEADERSIZE_MAX))) found.checked = false;
    // The seek table can be wrong, and no frame has to say how long it is.
    const auto check = [unit](uint64_t size) {
      if (size != unit.size)
        throw Error(Fault::damaged, unit.packed_at, "zstd: a frame is not as long as it should be");
    };
    if (is_piece({.packed = unit.packed, .most = unit.size, .size = unit.size}, limits) &&
        input.peek(unit.packed).size() >= unit.packed) {
      pieces.add(unit.packed + unit.size, [packed = input.take(unit.packed), unit, check] {
        Bytes decoded = decode_frame(packed, unit.packed_at, unit.size);
        check(decoded.size());
        return decoded;
      });
    } else {
      pieces.finish();
      // Its checksum is compared at its end, which the output may not wait for.
      const bool checked = std::exchange(found.checked, false);
      check(stream_frame(input, output, limits));
      found.checked = checked;
    }
  }
  pieces.finish();
}

Units whole_zstd_frames(const Input& input) {
  Units units;
  uint64_t sum = 0;
  for (uint64_t at = 0; at < *input.size();) {
    const auto frame = frame_at(input, at);
    if (!frame || frame->skippable || !frame->size || at + frame->packed > *input.size()) break;
    units.push_back({.packed_at = at, .packed = frame->packed, .at = sum, .size = *frame->size});
    sum += *frame->size;
    at += frame->packed;
  }
  return units;
}

Facts facts_of_zstd(const Input& input, const Limits& limits) {
  Facts facts;
  facts.units = seek_table(input);
  if (!facts.units) return input.is_partial() ? facts_of_first(input) : walk(input, limits);
  facts.size = size_of(*facts.units);
  for (const Unit& unit : *facts.units) facts.piece = std::max(facts.piece, unit.packed + unit.size);
  if (facts.piece > limits.memory / 4) facts.piece = 0;
  return facts;
}

}  // namespace unpack

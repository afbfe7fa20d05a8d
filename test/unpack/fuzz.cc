// libFuzzer's target for the decoder: whatever the bytes are, nothing crashes, no more is written than was asked for,
// and what is decoded is what a plain decoder makes of the same bytes, whole and in part. PLATTER_FUZZ names the
// format.
#include <bzlib.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>

#include "memory_file.h"
#include "unpack/error.h"
#include "unpack/inflate.h"
#include "unpack/range.h"

namespace {

using unpack::Bytes;
using unpack::Error;
using unpack::Format;

constexpr size_t most = size_t{1} << 20;  // decoded bytes that are looked at

struct TooMuch {};

class Collector final : public unpack::Output {
 public:
  void write(std::span<const std::byte> bytes) override {
    if (bytes_.size() + bytes.size() > most) throw TooMuch();
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
  }
  const Bytes& bytes() const { return bytes_; }

 private:
  Bytes bytes_;
};

void must(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "property broken: %s\n", what);
  std::abort();
}

unpack::Workers& workers() {
  static unpack::Workers made(2);
  return made;
}

const unpack::Limits& limits() {
  static const unpack::Limits made{.workers = workers(), .memory = uint64_t{16} << 20};
  return made;
}

struct Whole {
  Bytes bytes;
  bool checked = false;
};

// The decoded bytes; nothing when the input is refused or decodes to too much.
template <typename Decode>
std::optional<Whole> outcome(int fd, Decode decode) {
  Collector collector;
  try {
    unpack::Input input(fd, unpack::Digests());
    const unpack::Found found = decode(input, collector);
    return Whole{.bytes = collector.bytes(), .checked = found.checked};
  } catch (const Error&) {
    return std::nullopt;
  } catch (const TooMuch&) {
    return std::nullopt;
  }
}

// Decodes bzip2 streams by libbz2 alone, up to the first byte that belongs to none.
std::optional<Bytes> plain_bzip2(std::span<const std::byte> bytes) {
  Bytes decoded;
  while (bytes.size() >= 4 && bytes[0] == std::byte{'B'}) {
    bz_stream stream{};
    if (BZ2_bzDecompressInit(&stream, 0, 0) != BZ_OK) return std::nullopt;
    stream.next_in = reinterpret_cast<char*>(const_cast<std::byte*>(bytes.data()));
    stream.avail_in = static_cast<unsigned>(bytes.size());
    int result = BZ_OK;
    while (result == BZ_OK && decoded.size() <= most) {
      const size_t before = decoded.size();
      decoded.resize(before + 65536);
      stream.next_out = reinterpret_cast<char*>(decoded.data() + before);
      stream.avail_out = 65536;
      result = BZ2_bzDecompress(&stream);
      decoded.resize(decoded.size() - stream.avail_out);
      if (decoded.size() == before && stream.avail_in == 0) break;
    }
    bytes = bytes.last(stream.avail_in);
    BZ2_bzDecompressEnd(&stream);
    if (result != BZ_STREAM_END) return std::nullopt;
  }
  return decoded;
}

// gzip members by zlib alone.
std::optional<Bytes> plain_gzip(std::span<const std::byte> bytes) {
  Bytes decoded;
  constexpr std::array magic{std::byte{0x1f}, std::byte{0x8b}, std::byte{8}};
  while (bytes.size() >= 3 && std::ranges::equal(bytes.first(3), magic)) {
    z_stream stream{};
    if (inflateInit2(&stream, 15 + 16) != Z_OK) return std::nullopt;
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(bytes.data()));
    stream.avail_in = static_cast<uInt>(bytes.size());
    int result = Z_OK;
    while (result == Z_OK && decoded.size() <= most) {
      const size_t before = decoded.size();
      decoded.resize(before + 65536);
      stream.next_out = reinterpret_cast<Bytef*>(decoded.data() + before);
      stream.avail_out = 65536;
      result = inflate(&stream, Z_NO_FLUSH);
      decoded.resize(decoded.size() - stream.avail_out);
    }
    bytes = bytes.last(stream.avail_in);
    inflateEnd(&stream);
    if (result != Z_STREAM_END) return std::nullopt;
  }
  return decoded;
}

// Decodes the same by a decoder that splits nothing; nothing when there is none.
std::optional<Bytes> plain(Format format, std::span<const std::byte> packed, int fd) {
  if (format == Format::bzip2) return plain_bzip2(packed);
  if (format == Format::gzip) return plain_gzip(packed);
  if (format != Format::xz && format != Format::zstd) return std::nullopt;
  unpack::Limits alone = limits();
  alone.as_it_comes = true;
  const auto whole = outcome(fd, [&](unpack::Input& input, unpack::Output& output) {
    return unpack::decode_all(format, input, output, alone);
  });
  return whole ? std::optional(whole->bytes) : std::nullopt;
}

bool has_plain(Format format) {
  return format == Format::bzip2 || format == Format::gzip || format == Format::xz || format == Format::zstd;
}

void check_parts(Format format, int fd, const Bytes& whole, uint64_t dice) {
  for (int i = 0; i < 3; ++i, dice = dice * 6364136223846793005u + 1442695040888963407u) {
    const uint64_t from = (dice >> 33) % (whole.size() + 2);
    const uint64_t until = from + (dice >> 13) % (whole.size() + 2);
    const auto part = outcome(fd, [&](unpack::Input& input, unpack::Output& output) {
      unpack::Found found;
      unpack::decode_range(format, input, output, "", from, until, limits(), found);
      return found;
    });
    must(part.has_value(), "what can be decoded can be decoded in part");
    const uint64_t begin = std::min<uint64_t>(from, whole.size());
    const uint64_t end = std::min<uint64_t>(until, whole.size());
    must(std::ranges::equal(part->bytes, std::span(whole).subspan(begin, end - begin)), "a part is that of the whole");
  }
}

void check_facts(Format format, int fd, const Bytes& whole) {
  unpack::Input input(fd, unpack::Digests());
  try {
    const unpack::Access access = unpack::access_of(format, input, "", limits());
    const auto size = access.sparse ? access.sparse->size() : access.facts.size;
    must(!size || *size == whole.size(), "the size is that of the image");
  } catch (const Error&) {
    must(false, "what can be decoded can be looked at");
  }
}

void look(Format format, int fd) {
  unpack::Input input(fd, unpack::Digests());
  try {
    const unpack::Access access = unpack::access_of(format, input, "", limits());
    must(unpack::threads_for(access.facts, limits()) >= 1, "somebody decodes");
  } catch (const Error&) {
    // Not an archive that can be read.
  }
}

// The first bytes of a file as parts of a VHDX, which has them megabytes apart.
Bytes spread_as_vhdx(std::span<const std::byte> bytes) {
  struct Part {
    size_t from;
    size_t count;
    size_t to;
  };
  constexpr size_t kib = 1024;
  // The mark, a header, the regions, the metadata and its values, and the blocks and their table.
  constexpr Part parts[] = {{0, 8, 0},
                            {8, 80, 64 * kib},
                            {88, 112, 192 * kib},
                            {200, 256, 1024 * kib},
                            {456, 64, 1088 * kib},
                            {520, SIZE_MAX, 2048 * kib}};
  Bytes file(3072 * kib);
  for (const auto& [from, count, to] : parts) {
    const auto part = bytes.subspan(std::min(from, bytes.size()));
    const auto some = part.first(std::min({count, part.size(), file.size() - to}));
    std::ranges::copy(some, file.begin() + static_cast<ptrdiff_t>(to));
  }
  return file;
}

}  // namespace

extern "C" int LLVMFuzzerInitialize(int*, char***) {
  unpack::Inflater::load();
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const std::string wanted = std::getenv("PLATTER_FUZZ") == nullptr ? "" : std::getenv("PLATTER_FUZZ");
  const std::span given(reinterpret_cast<const std::byte*>(data), size);
  const Bytes packed = wanted == "vhdx" ? spread_as_vhdx(given) : Bytes(given.begin(), given.end());
  const test::MemoryFile file(packed);
  const int fd = file.fd();
  Format format = Format::none;
  {
    unpack::Input input(fd, unpack::Digests());
    format = unpack::format_of(input);
  }
  if (format == Format::none || (!wanted.empty() && wanted != unpack::name_of(format))) return 0;
  look(format, fd);
  const auto whole = outcome(fd, [&](unpack::Input& input, unpack::Output& output) {
    return unpack::decode_whole(format, input, output, "", limits());
  });
  if (!whole) return 0;
  // Decode the image as it is packed: another step unpacks a sparse image inside.
  const auto inner = outcome(fd, [&](unpack::Input& input, unpack::Output& output) {
    if (!has_plain(format)) return unpack::Found();
    return unpack::decode_all(format, input, output, limits());
  });
  if (has_plain(format) && inner) {
    const auto same = plain(format, packed, fd);
    must(same.has_value() && *same == inner->bytes, "a plain decoder gives the same");
  }
  check_facts(format, fd, whole->bytes);
  check_parts(format, fd, whole->bytes, crc32(0, data, static_cast<uInt>(size)) * 0x9e3779b97f4a7c15u);
  return 0;
}

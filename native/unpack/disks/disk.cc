#include "disk.h"

#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <functional>
#include <future>
#include <utility>

#include "../error.h"
#include "../range.h"

namespace unpack {
namespace {

constexpr uint64_t batch_length = uint64_t{1} << 20;  // bytes of the disk that are decoded at once
constexpr uint64_t largest_disk = uint64_t{1} << 50;  // bytes

[[noreturn]] void damaged(uint64_t at, const std::string& said) { throw Error(Fault::damaged, at, said); }

[[noreturn]] void refuse_truncated(uint64_t at) {
  throw Error(Fault::truncated, at, "virtual disk: the file ends before its content");
}

// Fills `to`, or throws. Ignores bytes behind the end of the packed data, because qcow2 gives its length in sectors.
size_t inflate_all(std::span<const std::byte> packed, std::span<std::byte> to, int window, uint64_t place) {
  z_stream stream{};
  if (inflateInit2(&stream, window) != Z_OK) throw Error(Fault::resources, place, "zlib: not enough memory");
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(packed.data()));
  stream.avail_in = static_cast<uInt>(packed.size());
  stream.next_out = reinterpret_cast<Bytef*>(to.data());
  stream.avail_out = static_cast<uInt>(to.size());
  const int result = inflate(&stream, Z_FINISH);
  const size_t got = to.size() - stream.avail_out;
  inflateEnd(&stream);
  if (result != Z_STREAM_END) damaged(place, "virtual disk: a packed block is damaged");
  return got;
}

size_t unzstd_all(std::span<const std::byte> packed, std::span<std::byte> to, uint64_t place) {
  const size_t frame = ZSTD_findFrameCompressedSize(packed.data(), packed.size());
  const size_t got = ZSTD_isError(frame) ? frame : ZSTD_decompress(to.data(), to.size(), packed.data(), frame);
  if (ZSTD_isError(got)) damaged(place, std::string("virtual disk: zstd: ") + ZSTD_getErrorName(got));
  return got;
}

void read_stored(const Input& input, uint64_t place, std::span<std::byte> to) {
  const size_t got = place > input.size().value_or(0) ? 0 : input.read_at(place, to);
  if (got < to.size()) refuse_truncated(place + got);
}

void unpack_piece(const Piece& piece, const Input& input, std::span<std::byte> to, uint64_t unit) {
  Bytes packed(piece.packed);
  packed.resize(input.read_at(piece.place, packed));
  Bytes whole(unit);
  size_t got = 0;
  if (piece.kind == Piece::Kind::zstd)
    got = unzstd_all(packed, whole, piece.place);
  else
    got = inflate_all(packed, whole, piece.kind == Piece::Kind::deflate ? -MAX_WBITS : MAX_WBITS, piece.place);
  if (got < to.size()) damaged(piece.place, "virtual disk: a packed block is too short");
  std::ranges::copy(std::span(whole).first(to.size()), to.begin());
}

Bytes decode_batch(const std::vector<Piece>& pieces, uint64_t size, const Input& input, uint64_t unit) {
  Bytes bytes(size);
  std::span<std::byte> left = bytes;
  for (const Piece& piece : pieces) {
    const auto to = left.first(piece.size);
    if (piece.kind == Piece::Kind::stored)
      read_stored(input, piece.place, to);
    else if (piece.kind != Piece::Kind::zeros)
      unpack_piece(piece, input, to, unit);
    left = left.subspan(piece.size);
  }
  return bytes;
}

// Reads the file for its hashes while it is decoded, so that a slow storage is read once for both.
class Hashing {
 public:
  explicit Hashing(Input& input) : done_(std::async(std::launch::async, [this, &input] { run(input); })) {}
  ~Hashing() { stop_ = true; }
  Hashing(const Hashing&) = delete;
  Hashing& operator=(const Hashing&) = delete;
  // Throws Error (read).
  void finish() { done_.get(); }

 private:
  void run(Input& input) {
    for (auto bytes = input.peek(); !bytes.empty() && !stop_; bytes = input.peek()) input.consume(bytes.size());
  }

  std::atomic<bool> stop_ = false;
  std::future<void> done_;  // destroyed first, which waits for the thread
};

bool is_packed(const Piece& piece) { return piece.kind != Piece::Kind::zeros && piece.kind != Piece::Kind::stored; }

// Throws Error where the file contradicts itself, or ends before what it refers to. `size`: of the file, in bytes.
void check_places(VirtualDisk& disk, uint64_t size) {
  Places places;
  disk.check_tables(places);
  for (uint64_t at = 0; at < disk.size();) {
    const Piece piece = disk.piece_at(at);
    if (piece.kind != Piece::Kind::zeros && piece.place >= size) refuse_truncated(size);
    if (piece.kind == Piece::Kind::stored && piece.size > size - piece.place) refuse_truncated(size);
    // Packed blocks share sectors.
    if (piece.kind == Piece::Kind::stored && !piece.shared) places.add(piece.place, piece.size);
    at += piece.size;
  }
  places.check();
}

// Needs a `from` that is a multiple of the unit. progress: called with the bytes of the file that were asked for.
void decode_pieces(VirtualDisk& disk, const Input& input, Output& output, uint64_t from, uint64_t until,
                   const Limits& limits, const std::function<void(uint64_t)>& progress) {
  InOrder queue(limits.workers, limits.memory, output);
  const uint64_t unit = disk.unit();
  const uint64_t batch = piece_cost(disk);
  uint64_t read = 0;
  for (uint64_t at = from; at < until;) {
    std::vector<Piece> pieces;
    uint64_t size = 0;
    while (size < batch && at < until) {
      Piece piece = disk.piece_at(at);
      piece.size = std::min({piece.size, until - at, batch - size});
      if (piece.kind != Piece::Kind::zeros) read += is_packed(piece) ? piece.packed : piece.size;
      at += piece.size;
      size += piece.size;
      pieces.push_back(piece);
    }
    queue.add(size,
              [pieces = std::move(pieces), size, &input, unit] { return decode_batch(pieces, size, input, unit); });
    if (progress) progress(std::min(read, input.size().value_or(0)));
  }
  queue.finish();
}

}  // namespace

bool has(std::span<const std::byte> bytes, size_t at, std::string_view text) {
  return std::memcmp(bytes.data() + at, text.data(), text.size()) == 0;
}

void Places::add(uint64_t at, uint64_t size) {
  if (size == 0) return;
  if (!ranges_.empty() && ranges_.back().end == at)
    ranges_.back().end += size;
  else
    ranges_.push_back({at, at + size});
}

void Places::check() {
  std::ranges::sort(ranges_, {}, &Range::at);
  const auto same =
      std::ranges::adjacent_find(ranges_, [](const Range& one, const Range& next) { return next.at < one.end; });
  if (same != ranges_.end()) damaged(std::next(same)->at, "virtual disk: two of its parts lie at the same place");
}

Bytes VirtualDisk::read(uint64_t at, uint64_t count) const {
  const uint64_t size = input_.size().value_or(0);
  if (at > size || count > size - at) refuse_truncated(size);
  Bytes bytes(count);
  read_stored(input_, at, bytes);
  return bytes;
}

void VirtualDisk::set_size(uint64_t bytes) {
  if (bytes > largest_disk) throw Error(Fault::unsupported, 0, "virtual disk: larger than 1 PiB");
  size_ = bytes;
}

bool is_virtual_disk(Format format) {
  return format == Format::qcow2 || format == Format::vmdk || format == Format::vdi || format == Format::vhd ||
         format == Format::vhdx;
}

std::unique_ptr<VirtualDisk> open_disk(Format format, const Input& input) {
  if (!input.size()) throw Error(Fault::unsupported, 0, "a virtual disk has to be a file");
  switch (format) {
    case Format::qcow2:
      return open_qcow2(input);
    case Format::vmdk:
      return open_vmdk(input);
    case Format::vdi:
      return open_vdi(input);
    case Format::vhd:
      return open_vhd(input);
    default:
      return open_vhdx(input);
  }
}

uint64_t piece_cost(const VirtualDisk& disk) { return std::max(batch_length, disk.unit()); }

void decode_disk_range(VirtualDisk& disk, Input& input, Output& output, uint64_t from, uint64_t until,
                       const Limits& limits) {
  const uint64_t begin = from - from % disk.unit();
  Slice slice(output, begin, from, std::min(until, disk.size()));
  try {
    decode_pieces(disk, input, slice, begin, std::min(until, disk.size()), limits, input.on_progress);
  } catch (const Enough&) {
    // The last piece may be longer than the range.
  }
}

Found decode_disk(Format format, Input& input, Output& output, const Limits& limits) {
  const auto disk = open_disk(format, input);
  check_places(*disk, input.size().value_or(0));
  // The other thread reports no progress. What counts is how far decoding is.
  const auto progress = std::exchange(input.on_progress, nullptr);
  std::optional<Hashing> hashing;
  if (!input.digests().empty()) hashing.emplace(input);
  decode_pieces(*disk, input, output, 0, disk->size(), limits, progress);
  if (hashing) hashing->finish();
  // No format here has a checksum of what is on the disk.
  return {.zeros = 0, .checked = false};
}

}  // namespace unpack

// gzip (RFC 1952): members one after the other. BGZF (the SAM specification, 4.1) is gzip whose members say how long
// they are, so that they can be decoded at the same time.
#include <zlib.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "../decoder.h"
#include "../error.h"
#include "../inflate.h"
#include "../little_endian.h"

namespace unpack {
namespace {

// Bytes of members that one thread gets at a time.
constexpr size_t packed_batch = size_t{1} << 20;
constexpr size_t decoded_batch = size_t{4} << 20;
constexpr size_t least_member = 18 + 8;  // header and trailer of BGZF, in bytes
constexpr size_t most_decoded = size_t{64} << 10;

// Length of the member that begins here, in bytes; 0 when it does not say so.
size_t bgzf_length(std::span<const std::byte> bytes) {
  constexpr std::byte has_extra{4};
  if (bytes.size() < 18 || bytes[0] != std::byte{0x1f} || bytes[1] != std::byte{0x8b} || bytes[3] != has_extra)
    return 0;
  if (little_endian(bytes, 10, 2) < 6 || bytes[12] != std::byte{'B'} || bytes[13] != std::byte{'C'} ||
      little_endian(bytes, 14, 2) != 2)
    return 0;
  const size_t length = little_endian(bytes, 16, 2) + 1;
  return length < least_member ? 0 : length;
}

Bytes decode_members(const Bytes& packed, size_t length, uint64_t at) {
  Bytes decoded;
  decoded.reserve(length + most_decoded);
  size_t done = 0;
  while (done < packed.size()) {
    Inflater inflater(Inflater::Wrapping::gzip);
    const auto result = inflater.all(std::span(packed).subspan(done), decoded, most_decoded);
    if (!result.ended) throw Error(Fault::damaged, at + done, "gzip: a block is damaged");
    done += result.consumed;
  }
  return decoded;
}

// The last member's last four bytes.
uint32_t decoded_length(std::span<const std::byte> member) {
  return static_cast<uint32_t>(little_endian(member, member.size() - 4, 4));
}

// Members that begin before `until`, which lies between two of them or at the end.
void decode_bgzf(Input& input, Output& output, const Limits& limits, uint64_t until) {
  InOrder pieces(limits.workers, limits.memory, output);
  bool ended = false;
  while (input.position() < until) {
    auto bytes = input.peek(packed_batch);
    bytes = bytes.first(static_cast<size_t>(std::min<uint64_t>(bytes.size(), until - input.position())));
    size_t taken = 0;
    size_t decoded = 0;
    for (size_t length = bgzf_length(bytes);
         length > 0 && taken + length <= bytes.size() && decoded + most_decoded <= decoded_batch;
         length = bgzf_length(bytes.subspan(taken))) {
      const size_t size = decoded_length(bytes.subspan(taken, length));
      ended = size == 0;
      taken += length;
      decoded += std::min(size, most_decoded);
    }
    if (taken == 0) break;
    const uint64_t at = input.position();
    pieces.add(taken + decoded + most_decoded,
               [packed = input.take(taken), decoded, at] { return decode_members(packed, decoded, at); });
  }
  pieces.finish();
  // An empty member ends each such file, so that a cut between two members shows.
  if (until == UINT64_MAX && !ended && input.peek().empty())
    throw Error(Fault::truncated, input.position(), "gzip: the file ends without BGZF's last block");
}

}  // namespace

void decode_gzip(Input& input, Output& output, const Limits& limits) {
  if (const size_t length = bgzf_length(input.peek(18));
      length > 0 && !limits.as_it_comes && input.peek(length).size() >= length)
    return decode_bgzf(input, output, limits, UINT64_MAX);
  Inflater inflater(Inflater::Wrapping::gzip);
  inflater.stream(input, output, "gzip");
}

void decode_gzip_units(std::span<const Unit> units, Input& input, Output& output, const Limits& limits) {
  if (units.empty()) return;
  input.seek(units.front().packed_at);
  decode_bgzf(input, output, limits, units.back().packed_at + units.back().packed);
}

Facts facts_of_gzip(const Input& input) {
  Facts facts;
  std::array<std::byte, 18> head;
  if (bgzf_length(std::span(head).first(input.read_at(0, head))) == 0) return facts;
  if (input.is_partial()) return {.cursory = true};
  facts.piece = packed_batch + decoded_batch;
  facts.units.emplace();
  uint64_t sum = 0;
  for (uint64_t at = 0; at < *input.size();) {
    const size_t length = bgzf_length(std::span(head).first(input.read_at(at, head)));
    std::array<std::byte, 4> tail;
    if (length < head.size() || input.read_at(at + length - tail.size(), tail) < tail.size()) {
      // The decoder will say what this is.
      facts.units.reset();
      return facts;
    }
    const uint32_t size = decoded_length(tail);
    if (size > 0) facts.units->push_back({.packed_at = at, .packed = length, .at = sum, .size = size});
    sum += size;
    at += length;
  }
  facts.size = sum;
  return facts;
}

}  // namespace unpack

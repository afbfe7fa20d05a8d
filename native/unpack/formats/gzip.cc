// gzip (RFC 1952): members one after the other. BGZF (the SAM specification, 4.1) is gzip whose members say how long
// they are, so that they can be decoded at the same time.
#include <zlib.h>

#include <algorithm>
#include <cstring>

#include "../decoder.h"
#include "../error.h"
#include "../inflate.h"
#include "../little_endian.h"

namespace unpack {
namespace {

constexpr size_t batch = size_t{1} << 20;  // packed bytes of members that one thread gets at a time

// Length of the member that begins here, in bytes; 0 when it does not say so.
size_t bgzf_length(std::span<const std::byte> bytes) {
  constexpr std::byte has_extra{4};
  if (bytes.size() < 18 || bytes[0] != std::byte{0x1f} || bytes[1] != std::byte{0x8b} || bytes[3] != has_extra)
    return 0;
  if (little_endian(bytes, 10, 2) < 6 || bytes[12] != std::byte{'B'} || bytes[13] != std::byte{'C'} ||
      little_endian(bytes, 14, 2) != 2)
    return 0;
  return little_endian(bytes, 16, 2) + 1;
}

Bytes decode_members(const Bytes& packed, uint64_t at) {
  Bytes decoded;
  size_t done = 0;
  while (done < packed.size()) {
    Inflater inflater(Inflater::Wrapping::gzip);
    const auto result = inflater.all(std::span(packed).subspan(done), decoded);
    if (!result.ended) throw Error(Fault::damaged, at + done, "gzip: a block is damaged");
    done += result.consumed;
  }
  return decoded;
}

void decode_bgzf(Input& input, Output& output, const Limits& limits) {
  InOrder pieces(limits.workers, limits.memory, output);
  for (;;) {
    const auto bytes = input.peek(batch);
    size_t taken = 0;
    for (size_t length = bgzf_length(bytes); length > 0 && taken + length <= bytes.size();
         length = bgzf_length(bytes.subspan(taken)))
      taken += length;
    if (taken == 0) break;
    const uint64_t at = input.position();
    pieces.add(5 * taken, [packed = input.take(taken), at] { return decode_members(packed, at); });
  }
  pieces.finish();
}

}  // namespace

void decode_gzip(Input& input, Output& output, const Limits& limits) {
  if (const size_t length = bgzf_length(input.peek(18)); length > 0 && input.peek(length).size() >= length)
    return decode_bgzf(input, output, limits);
  Inflater inflater(Inflater::Wrapping::gzip);
  inflater.stream(input, output, "gzip");
}

}  // namespace unpack

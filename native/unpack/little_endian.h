// Numbers of the formats here, least significant byte first.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace unpack {

// The number in `count` bytes, at most 8, from byte `at` on. These bytes must exist.
inline uint64_t little_endian(std::span<const std::byte> bytes, size_t at, unsigned count) {
  uint64_t value = 0;
  for (unsigned i = count; i-- > 0;) value = value << 8 | std::to_integer<uint64_t>(bytes[at + i]);
  return value;
}

}  // namespace unpack

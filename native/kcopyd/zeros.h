// Bytes that are zeros: finding and making them.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>
#include <span>

namespace kcopyd {

inline bool all_zero(std::span<const std::byte> data) {
  return data.empty() || (data[0] == std::byte{0} && std::memcmp(data.data(), data.data() + 1, data.size() - 1) == 0);
}

// Does not touch the zeros at the start: another destination may be writing that part of the buffer now.
inline void make_zeros(std::byte* buffer, size_t length) {
  static constexpr std::array<std::byte, 4096> zeros{};
  const auto piece = [&](size_t at) { return std::min(zeros.size(), length - at); };
  size_t at = 0;
  while (at < length && std::memcmp(buffer + at, zeros.data(), piece(at)) == 0) at += piece(at);
  while (at < length && buffer[at] == std::byte{0}) ++at;
  if (at < length) std::memset(buffer + at, 0, length - at);
}

}  // namespace kcopyd

// How the host asks `platter-unpack frames` (frames_main.h): through memory that both map, and two pipes.
#pragma once

#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <span>

namespace frame_protocol {

struct Request {
  uint32_t act;    // 'p' or 'u'
  uint32_t bytes;  // of the image
  uint32_t frame;  // bytes of the frame ('u')
  uint32_t unused;
};

// Bytes for a frame of at most `size` bytes of an image. It lies behind those in the memory.
constexpr size_t room(size_t size) { return size + size / 64 + (size_t{64} << 10); }

// Reads or writes all of `bytes`. False at the end of the pipe, and after an error.
template <typename Move, typename Byte>
bool move_all(Move move, int fd, std::span<Byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t moved = move(fd, bytes.data(), bytes.size());
    if (moved < 0 && errno == EINTR) continue;
    if (moved <= 0) return false;
    bytes = bytes.subspan(static_cast<size_t>(moved));
  }
  return true;
}

}  // namespace frame_protocol

// The packed file: read once from its start to its end, and at any place beside that where it can be seeked. Several
// files that hold it in pieces are read as one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "digests.h"

namespace unpack {

using Bytes = std::vector<std::byte>;

// Bytes of a buffer between two calls of a library. Less for a fuzzer, which begins very often with very little.
#ifndef UNPACK_BUFFER
#define UNPACK_BUFFER (1 << 20)
#endif
constexpr size_t buffer_length = UNPACK_BUFFER;

class Input {
 public:
  // fd stays the caller's. A file that can be seeked is read by place, so that several of these can share a descriptor.
  // digests get every byte of the file, in order, as it is consumed.
  Input(int fd, Digests digests) : Input(std::vector<int>{fd}, std::move(digests)) {}
  // The pieces of a file, in order, at least one. Several have to be files that can be seeked. Throws Error (usage).
  Input(const std::vector<int>& pieces, Digests digests);
  Input(const Input&) = delete;
  Input& operator=(const Input&) = delete;

  // Bytes of the file; nothing when it cannot be seeked (a pipe).
  std::optional<uint64_t> size() const { return size_; }
  // Bytes from the start of the file.
  uint64_t position() const { return position_; }
  // Bytes consumed so far; the position when seek() was never called.
  uint64_t consumed() const { return consumed_; }

  // The bytes at the position: at least `wanted`, fewer only at the end of the file. Valid until the next call of a
  // member that is not const. Throws Error (read, unreached).
  std::span<const std::byte> peek(size_t wanted = 1);
  void consume(size_t count);
  // A copy of the next bytes, which peek() has shown to be there, and consumes them.
  Bytes take(size_t count);
  // Consumes up to `offset`, which lies at or behind the position. Throws Error (truncated).
  void skip_to(uint64_t offset);
  // Consumes all that is left.
  void skip_to_end();
  // Goes on at any place. Needs size(), and digests that are empty.
  void seek(uint64_t offset);
  // Goes on at a later place. What lies between is not read and counts as consumed. As seek().
  void skip_over(uint64_t offset);
  // From now on reads nothing at or behind the place `end`.
  void read_until(uint64_t end) { read_until_ = end; }
  // Begins again, as if nothing had been consumed.
  void restart();

  // Reads at any place; fewer bytes than asked for only at the end of the file. Needs size(). Throws Error (read,
  // unreached).
  size_t read_at(uint64_t offset, std::span<std::byte> to) const;

  // Brings bytes of a file that is not all there, before they are read; false when it cannot. Any thread calls it.
  // Empty for a file that is all there.
  std::function<bool(uint64_t offset, uint64_t length)> bring;
  // Reading is costly, so that only what is needed may be read.
  bool is_partial() const { return static_cast<bool>(bring); }
  // Can these bytes be read? Those beyond the end count as read.
  bool reaches(uint64_t offset, uint64_t length) const { return !bring || bring(offset, length); }

  Digests& digests() { return digests_; }

  // Called with the bytes consumed, after each refill.
  std::function<void(uint64_t)> on_progress;

 private:
  void fill(size_t wanted);
  void need(uint64_t offset, uint64_t length) const;
  size_t read_some(uint64_t offset, std::span<std::byte> to) const;

  struct Piece {
    int fd;
    uint64_t end;  // bytes from the start of the first one
  };

  std::vector<Piece> pieces_;
  Digests digests_;
  std::optional<uint64_t> size_;
  uint64_t position_ = 0;
  uint64_t consumed_ = 0;
  uint64_t read_until_ = UINT64_MAX;
  std::vector<std::byte> buffer_;
  size_t begin_ = 0;  // of what is left in buffer_
  size_t end_ = 0;
  bool ended_ = false;
};

}  // namespace unpack

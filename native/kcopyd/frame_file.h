// The file that frames are in: one file, or pieces of one size that hold its bytes one after the other.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "descriptor.h"

namespace kcopyd {

// A file and its two ways in.
struct FramePiece {
  Descriptor buffered;
  Descriptor direct;                // O_DIRECT; invalid when the file system refuses it
  std::atomic<bool> dirty = false;  // written since the last flush
};

// Which file a name should lead to.
struct FileIdentity {
  dev_t device;
  ino_t inode;
};

// The name of a piece of `whole`: NAME.000.part, NAME.001.part, and so on.
std::string piece_name(const std::string& whole, uint64_t index);

// How a file is split: its pieces are in one folder.
struct Split {
  Descriptor folder;
  std::string name;
  uint64_t size = UINT64_MAX;  // bytes of every piece but the last: a multiple of the unit of direct I/O
};

// A piece is made when its first byte is written, with the mode and the owner of the first one. Any thread.
class FrameFile {
 public:
  // `block`: bytes, the unit of direct I/O. A file that is not split has one piece.
  FrameFile(Descriptor buffered, Descriptor direct, uint32_t block, Split split = {});

  // Bytes: places and lengths that `read` is given are multiples of this.
  uint64_t block() const { return block_; }
  bool is_split() const { return split_.size != UINT64_MAX; }
  // 0, or a negative errno.
  int32_t put(std::span<const std::byte> bytes, uint64_t offset);
  // Past the page cache where the file system allows it. Bytes read until `to` is full or the file ends, or a negative
  // errno.
  int64_t read(std::span<std::byte> to, uint64_t offset);
  // The same at any place and of any length, from the medium.
  int64_t look(std::span<std::byte> to, uint64_t offset);
  // Ends the file there, behind all that was put. 0 or a positive errno.
  int end_at(uint64_t end);
  // Flushes what was put. 0 or a positive errno.
  int sync();
  // The pieces there are, the first one first: their names may lead to other files by now. Throws std::system_error.
  std::vector<FileIdentity> identities();

 private:
  enum class Way : uint8_t { direct, buffered };
  int64_t read_by(Way way, std::span<std::byte> to, uint64_t offset);
  FramePiece* piece(uint64_t index);
  std::unique_ptr<FramePiece> made(uint64_t index) const;

  const Split split_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<FramePiece>> pieces_;
  const uint64_t block_;
};

}  // namespace kcopyd

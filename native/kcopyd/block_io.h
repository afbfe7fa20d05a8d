// The one interface between the engine and the kernel: asynchronous reads, writes, flushes, zeroing and copying on
// descriptors. Backends live in native/io; tests bring their own.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "kcopyd.h"

namespace kcopyd {

class RequestHandler;

// zero: the range reads as zeros afterwards, without a buffer. A regular file gets a hole and keeps its size, a block
// device zeroes it by itself (fallocate(2), FALLOC_FL_PUNCH_HOLE), or refuses.
// copy: the file system copies a range of one file to another, without a buffer (copy_file_range(2)), or refuses.
enum class IoOp : uint8_t { read, write, flush, zero, copy };

// One operation. The caller owns it and must not move it until it comes back from wait().
struct IoRequest {
  IoOp op = IoOp::read;
  int fd = -1;
  std::byte* buffer = nullptr;
  uint64_t offset = 0;                // bytes
  uint32_t length = 0;                // bytes
  RequestHandler* handler = nullptr;  // serves this instead of the kernel: streams, frames
  bool seals = false;                 // with streams: this is the head of a destination that has all the rest
  bool waits = false;                 // even starting it can take as long as the device does
  int from = -1;                      // copy: where the bytes come from
  uint64_t from_offset = 0;
  int32_t result = 0;  // bytes done, or a negative errno; 0 for a flush or zeroing that worked
};

// Backend of one client. All calls except wake() run on the client's worker thread.
class BlockIo {
 public:
  BlockIo() = default;
  BlockIo(const BlockIo&) = delete;
  BlockIo& operator=(const BlockIo&) = delete;
  virtual ~BlockIo() = default;

  virtual kcopyd_backend kind() const = 0;

  // Tells that fd will be used from now on, or no longer. No request on fd may be in flight at detach. When detach
  // returns, the backend holds no reference to the open file.
  virtual void attach(int fd) = 0;
  virtual void detach(int fd) = 0;

  // Starts a request. It may be held back until kick() or wait().
  virtual void submit(IoRequest& request) = 0;

  // Hands the requests that submit() held back to the kernel.
  virtual void kick() = 0;

  // Appends finished requests to done. Returns when there is at least one, after wake(), or at the deadline.
  virtual void wait(std::vector<IoRequest*>& done, std::optional<std::chrono::steady_clock::time_point> deadline) = 0;

  // Makes the current or the next wait() return. Any thread.
  virtual void wake() noexcept = 0;
};

// Opens the backend asked for, on the thread that will use it; AUTO takes io_uring if the kernel lets us, else
// threads. pool is the memory that every buffer lies in. Throws std::system_error when the backend is refused.
std::unique_ptr<BlockIo> open_backend(kcopyd_backend wanted, std::span<std::byte> pool);

}  // namespace kcopyd

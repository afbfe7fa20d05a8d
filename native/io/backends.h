// The backends there are.
#pragma once

#include <memory>
#include <span>

#include "../kcopyd/block_io.h"

namespace kcopyd {

// io_uring with registered buffers and files. Throws std::system_error: ENOSYS when built without liburing,
// else what the kernel answered (EPERM and ENOSYS are usual in containers).
std::unique_ptr<BlockIo> open_uring(std::span<std::byte> pool);

// A thread pool with pread, pwrite, fdatasync and fallocate.
std::unique_ptr<BlockIo> open_threads();

}  // namespace kcopyd

// The backends.
#pragma once

#include <functional>
#include <memory>
#include <span>

#include "../kcopyd/block_io.h"

namespace kcopyd {

// io_uring with registered buffers and files. Throws std::system_error: ENOSYS when built without liburing,
// else what the kernel answered (EPERM and ENOSYS are usual in containers).
std::unique_ptr<BlockIo> open_uring(std::span<std::byte> pool);

// A thread pool with pread, pwrite, fdatasync, fallocate and copy_file_range. `finished` is called after each of them,
// on its thread, for a caller that does not sleep in wait().
std::unique_ptr<BlockIo> open_threads(std::function<void()> finished = {});

}  // namespace kcopyd

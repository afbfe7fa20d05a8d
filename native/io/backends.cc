// Which backend a client gets.
#include "backends.h"

#include <system_error>

namespace kcopyd {

std::unique_ptr<BlockIo> open_backend(kcopyd_backend wanted, std::span<std::byte> pool) {
  switch (wanted) {
    case KCOPYD_IO_URING:
      return open_uring(pool);
    case KCOPYD_IO_THREADS:
      return open_threads();
    case KCOPYD_IO_AUTO:
      break;
  }
  try {
    return open_uring(pool);
  } catch (const std::system_error&) {
    // Not an error of the job: io_uring is refused in many containers and absent before Linux 5.6. The backend
    // in use can be asked for and is part of every plan.
    return open_threads();
  }
}

}  // namespace kcopyd

// Chooses the backend of a client.
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
    // This is no error of the job: many containers refuse io_uring, and it is absent before Linux 5.6. A caller can ask
    // for the backend in use, and every plan shows it.
    return open_threads();
  }
}

}  // namespace kcopyd

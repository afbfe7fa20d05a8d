#include "descriptor.h"

#include <unistd.h>

namespace kcopyd {

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
  if (this != &other) {
    reset();
    fd_ = other.release();
  }
  return *this;
}

void Descriptor::reset() {
  // fdatasync has told long before whether data reached the medium; close() has nothing to add on Linux.
  if (fd_ >= 0) close(fd_);
  fd_ = -1;
}

}  // namespace kcopyd

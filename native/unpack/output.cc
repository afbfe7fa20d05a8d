#include "output.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "error.h"

namespace unpack {

void DescriptorOutput::write(std::span<const std::byte> bytes) {
  while (fd_ >= 0 && !bytes.empty()) {
    const ssize_t put = ::write(fd_, bytes.data(), bytes.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) throw Error(Fault::write, 0, std::strerror(errno));
    bytes = bytes.subspan(static_cast<size_t>(put));
  }
}

}  // namespace unpack

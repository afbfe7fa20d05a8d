#include "output.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "error.h"

namespace unpack {

std::span<const std::byte> some_zeros(uint64_t most) {
  static constexpr std::array<std::byte, 1 << 18> zeros{};
  return std::span(zeros).first(static_cast<size_t>(std::min<uint64_t>(most, zeros.size())));
}

void DescriptorOutput::write(std::span<const std::byte> bytes) {
  while (fd_ >= 0 && !bytes.empty()) {
    const ssize_t put = ::write(fd_, bytes.data(), bytes.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) throw Error(Fault::write, 0, std::strerror(errno));
    bytes = bytes.subspan(static_cast<size_t>(put));
  }
}

}  // namespace unpack

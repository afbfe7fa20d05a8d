#include "filter.h"

#include <algorithm>

#include "error.h"

namespace unpack {

void Filter::write(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const size_t taken = step(bytes);
    position_ += taken;
    bytes = bytes.subspan(taken);
  }
}

bool Filter::gather(std::span<const std::byte>& bytes, size_t wanted) {
  const size_t taken = std::min(bytes.size(), wanted - pending_.size());
  pending_.insert(pending_.end(), bytes.begin(), bytes.begin() + static_cast<ptrdiff_t>(taken));
  bytes = bytes.subspan(taken);
  return pending_.size() == wanted;
}

size_t Filter::take_zeros(std::span<const std::byte> bytes, const char* said) {
  if (std::ranges::any_of(bytes, [](std::byte byte) { return byte != std::byte{0}; }))
    throw Error(Fault::trailing, position_, said);
  zeros_ += bytes.size();
  return bytes.size();
}

}  // namespace unpack

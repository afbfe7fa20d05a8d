#include "capability.h"

#include <linux/capability.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cstdlib>

namespace kcopyd {
namespace {

// The kernel's own calls: libcap would be one more library for two of them. Version 3 has two words of 32 capabilities.
struct Sets {
  __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};  // 0: this thread
  std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3> words{};

  bool read() { return syscall(SYS_capget, &header, words.data()) == 0; }
  bool write() { return syscall(SYS_capset, &header, words.data()) == 0; }
};

}  // namespace

Capability::Capability(unsigned number) : number_(number) {
  Sets sets;
  if (!sets.read()) return;
  const auto& word = sets.words[CAP_TO_INDEX(number)];
  const uint32_t mask = CAP_TO_MASK(number);
  if ((word.permitted & mask) != 0 && (word.effective & mask) == 0) raised_ = set(true);
}

Capability::~Capability() {
  // A thread that could not lay it aside again would open files that are not its user's.
  if (raised_ && !set(false)) std::abort();
}

bool Capability::set(bool effective) const {
  Sets sets;
  if (!sets.read()) return false;
  auto& word = sets.words[CAP_TO_INDEX(number_)];
  const uint32_t mask = CAP_TO_MASK(number_);
  word.effective = effective ? word.effective | mask : word.effective & ~mask;
  return sets.write();
}

}  // namespace kcopyd

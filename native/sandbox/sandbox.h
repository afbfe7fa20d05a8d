// Takes from this process every way to reach anything but the descriptors that it has.
#pragma once

#include <cstdint>
#include <span>

namespace sandbox {

// No new privileges, no capability, no file (Landlock where the kernel has it), only the system calls that decoding
// needs (seccomp) and those in `calls`, at most `memory` bytes of address space. Before the first byte of input;
// threads may follow, nothing else may. Throws std::system_error when the kernel refuses what is always there.
void enter(uint64_t memory, std::span<const int> calls = {});

}  // namespace sandbox

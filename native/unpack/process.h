// What the programs of this folder do before they meet foreign data.
#pragma once

#include <cstdint>
#include <string_view>

namespace unpack {

// Has the kernel end this process with the thread that started it, in the process `parent` (0: none). False when that
// thread has ended before. Throws std::system_error.
bool end_with(uint64_t parent);

// A decimal number. Throws Error, of usage.
uint64_t whole_number(std::string_view text);

}  // namespace unpack

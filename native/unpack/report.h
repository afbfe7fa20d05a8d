// Lines of JSON for the program that started this one.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace unpack {

// Text as JSON. Bytes that are not ASCII are escaped one by one, because names in archives have no known encoding.
std::string quoted(std::string_view text);
// ,"name":value
std::string field(const char* name, uint64_t value);
// A closed descriptor has no listener. The work goes on, and the exit code says how it ended.
void say(int fd, const std::string& line);

}  // namespace unpack

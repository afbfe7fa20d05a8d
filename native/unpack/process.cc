#include "process.h"

#include <sys/prctl.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <string>
#include <system_error>

#include "error.h"

namespace unpack {

bool end_with(uint64_t parent) {
  if (parent == 0) return true;
  if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0)
    throw std::system_error(errno, std::generic_category(), "PR_SET_PDEATHSIG");
  return static_cast<uint64_t>(getppid()) == parent;
}

uint64_t whole_number(std::string_view text) {
  uint64_t value = 0;
  if (text.empty() || text.size() > 18) throw Error(Fault::usage, 0, "not a number: " + std::string(text));
  for (const char digit : text) {
    if (digit < '0' || digit > '9') throw Error(Fault::usage, 0, "not a number: " + std::string(text));
    value = value * 10 + static_cast<uint64_t>(digit - '0');
  }
  return value;
}

}  // namespace unpack

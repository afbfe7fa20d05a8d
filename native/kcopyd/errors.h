// Errors of system calls: exceptions within the engine, numbers beyond it.
#pragma once

#include <cerrno>
#include <new>
#include <system_error>

namespace kcopyd {

[[noreturn]] inline void fail(int error) { throw std::system_error(error, std::generic_category()); }

// Calls it. 0, or the negative errno of what it threw.
template <typename Act>
int errno_of(Act act) {
  try {
    act();
    return 0;
  } catch (const std::system_error& error) {
    return -error.code().value();
  } catch (const std::bad_alloc&) {
    return -ENOMEM;
  }
}

}  // namespace kcopyd

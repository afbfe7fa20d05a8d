// Why a request is refused.
#pragma once

#include <cerrno>
#include <exception>
#include <string>
#include <utility>

#include "protocol.h"

namespace platter::broker {

// A refusal, which becomes the reply. See Reply for `detail` and `error`.
class Refused : public std::exception {
 public:
  explicit Refused(Status status, std::string detail = {}, int error = 0)
      : status(status), error(error), detail(std::move(detail)) {}
  const char* what() const noexcept override { return detail.c_str(); }

  Status status;
  int error;
  std::string detail;
};

// Refuses for the errno that the system call `call` has just left.
[[noreturn]] inline void fail(const char* call) {
  const int error = errno;
  if (error == EBUSY) throw Refused(Status::kBusy, "", error);
  throw Refused(Status::kFailed, call, error);
}

}  // namespace platter::broker

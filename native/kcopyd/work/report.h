// What went wrong in a job: the list, and the masks that its callback gets.
#pragma once

#include <cstdint>

#include "../error_list.h"
#include "../kcopyd.h"
#include "../transfer/transfer.h"

namespace kcopyd {

// Worker thread, except errors().
class Report {
 public:
  // `again`: the place was tried before, so the same failure is not listed twice.
  void add(const kcopyd_error& error, bool again = false) {
    if (error.side == KCOPYD_SIDE_READ)
      read_error_ = 1;
    else
      write_error_ |= 1u << error.destination;
    errors_.add(error, again);
  }
  // Lists what a transfer could not do. destination: -1 is the source.
  void add_bad(kcopyd_side side, int destination, const block_device& device, const Transfer& transfer,
               bool again = false) {
    for (const BadRange& bad : transfer.bad()) {
      add({.side = side,
           .destination = destination,
           .cause = classify(side, bad.err, device),
           .err = bad.err,
           .flush = transfer.op() == IoOp::flush,
           .offset = bad.offset,
           .length = bad.length},
          again);
    }
  }

  int read_error() const { return read_error_; }
  unsigned write_error() const { return write_error_; }
  // Any thread.
  const ErrorList& errors() const { return errors_; }

 private:
  int read_error_ = 0;
  unsigned write_error_ = 0;
  ErrorList errors_;
};

}  // namespace kcopyd

// The transfers of a job. The other parts begin them here, Job::answered() passes the answers in, and they say when
// they have ended.
#pragma once

#include "../control/request_size.h"
#include "../transfer/slot.h"
#include "../work/work.h"
#include "round.h"

namespace kcopyd {

// Worker thread.
class Transfers {
 public:
  Transfers(Work& work, Job* job) : work_(work), job_(job) {}

  // A transfer is about to be issued. slot: nullptr for a flush. destination: 0 for a read of the source.
  void begin(SlotTransfer& transfer, Slot* slot, SlotTransfer::Kind kind, unsigned destination);
  // One of its requests was answered. True when the transfer has ended.
  bool answered(Round& round, SlotTransfer& transfer);
  // True when it is in flight, and for this job.
  bool in_flight(const SlotTransfer& transfer) const { return transfer.in_flight && transfer.job == job_; }

 private:
  void limit_requests(SlotTransfer& transfer) const;
  void count(SlotTransfer& transfer, Clock::time_point now);
  bool unwanted(const SlotTransfer& transfer) const;

  Work& work_;
  Job* const job_;
  RequestSize source_request_;
};

}  // namespace kcopyd

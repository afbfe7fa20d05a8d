// One job: a source, its destinations, and the parts that move every destination through its states
// (work/destination_state.h).
//
// The client's worker calls start() once, answered() for each answer from the kernel, and settle() and pump() in every
// round. When finished() is true it calls finish() and notify(). None of them waits for a device.
#pragma once

#include <cstdint>
#include <memory>

#include "../kcopyd.h"
#include "../transfer/slot.h"
#include "../work/work.h"
#include "credit.h"
#include "flusher.h"
#include "reader.h"
#include "round.h"
#include "scheduler.h"
#include "transfers.h"
#include "verifier.h"
#include "watchdog.h"
#include "writer.h"

namespace kcopyd {

class Job {
 public:
  // Checks a request. Gives 0 and the job, or a negative errno (see kcopyd_copy). chunk_size: bytes of the client's
  // slots. Any thread.
  static int create(const kcopyd_request& request, size_t chunk_size, std::shared_ptr<Job>& result);
  Job(const Job&) = delete;
  Job& operator=(const Job&) = delete;
  ~Job() = default;

  // ---- Worker thread
  void start(Round& round);
  // Releases the slots that are no longer used, and takes every destination to its next state.
  void settle(Round& round);
  // Starts chunks while there is room. False when the pool is empty: later jobs then wait behind this one.
  bool pump(Round& round, bool room);
  // A request of one of this job's transfers was answered.
  void answered(Round& round, SlotTransfer& transfer);
  // A transfer that had timed out has come back.
  void came_back(Round& round, SlotTransfer& transfer) { watchdog_.came_back(round, transfer); }
  // True when every destination has ended and nothing is in flight except what timed out.
  bool finished() const;
  // True while the kernel holds I/O of this job.
  bool lingers() const { return watchdog_.awaits_kernel(); }
  // For a finished job that lingers: lets go of the destinations of which the kernel holds nothing.
  void linger(Round& round);
  // Lets go of the devices. notify() comes after it.
  void finish(Round& round);
  void notify() const { fn_(work_->report.read_error(), work_->report.write_error(), context_); }

  // ---- Any thread
  void cancel() { work_->requests.cancel = true; }
  // False when there is no such destination. Destination -1 is the job.
  bool cancel(unsigned destination);
  bool pause(int destination, bool paused);
  bool throttle(int destination, uint64_t bytes_per_second);
  void progress(kcopyd_progress& sample) const;
  const ErrorList& errors() const { return work_->report.errors(); }
  const ChunkHashes& hashes() const { return work_->hashes; }
  const Durable* durable(unsigned destination) const {
    return destination < work_->destinations.size() ? &work_->destinations[destination]->durable : nullptr;
  }
  size_t chunk_size() const { return work_->plan.chunk_size; }

 private:
  Job(std::unique_ptr<Work> work, kcopyd_notify_fn fn, void* context);
  Requests* requests(int destination);
  void observe_requests();
  bool pump_source(Round& round);
  void settle(Round& round, unsigned destination);
  DestinationState::Facts facts(const Destination& d) const;

  const std::unique_ptr<Work> work_;
  const kcopyd_notify_fn fn_;
  void* const context_;
  Transfers transfers_;
  Credit credit_;
  Scheduler scheduler_;
  Writer writer_;
  Reader reader_;
  Verifier verifier_;
  Flusher flusher_;
  Watchdog watchdog_;
};

}  // namespace kcopyd

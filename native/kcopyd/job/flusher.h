// Flushes the destinations: between writes, so that closing and cancelling stay short and the job knows what is durable
// while it runs, and at the end. Job::settle() calls it in every round.
#pragma once

#include "../work/work.h"
#include "round.h"
#include "transfers.h"

namespace kcopyd {

// Worker thread.
class Flusher {
 public:
  Flusher(Work& work, Transfers& transfers) : work_(work), transfers_(transfers) {}

  void start();
  // Flushes a destination between its writes when a flush is due.
  void flush_if_due(Round& round, unsigned destination);
  // Flushes it, or queues the flush when another one of the same device is in flight.
  void flush_between(Round& round, unsigned destination);
  void flush_last(Round& round, unsigned destination);
  // A flush has ended.
  void finished(unsigned destination);

 private:
  bool begin(Round& round, unsigned destination);
  void issue(Round& round, unsigned destination, bool between);
  void queue(Round& round, unsigned destination);
  void failed(unsigned destination);
  void finished_last(unsigned destination);

  Work& work_;
  Transfers& transfers_;
};

// An issued flush has ended, so the next one of its device may begin.
void end_flush(const Destination& d);

}  // namespace kcopyd

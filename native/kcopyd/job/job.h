// One job: a source, its destinations, and the state machine of each destination.
//
//   waiting -> copying -> flushing -> [verifying ->] done
//                 \-----------\-------------\------> failed | cancelled
//
// The worker calls pump() to start sub-jobs and answered() with every transfer that has had an answer; a job never
// blocks.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "../block_io.h"
#include "../chunk_hashes.h"
#include "../control/depth.h"
#include "../control/request_size.h"
#include "../control/throttle.h"
#include "../error_list.h"
#include "../kcopyd.h"
#include "../pool.h"
#include "../work/destination.h"

namespace kcopyd {

// What a job works with; all of it is the client's.
struct Engine {
  BlockIo& io;
  Pool& pool;
  Throttle& throttle;
  bool strict;
  // When somebody who could not go on in this round wants to be asked again, whatever happens.
  std::optional<Clock::time_point> deadline = std::nullopt;
  // The throttle refused somebody in this round: whoever comes later does not go through on what that one paid.
  bool throttled = false;

  void ask_again(Clock::time_point at) { deadline = deadline ? std::min(*deadline, at) : at; }
};

class Job {
 public:
  // Checks a request; returns 0 and the job, or a negative errno (see kcopyd_copy). chunk_size is that of the
  // client's slots, in bytes. Any thread.
  static int create(const kcopyd_request& request, size_t chunk_size, std::shared_ptr<Job>& result);
  Job(const Job&) = delete;
  Job& operator=(const Job&) = delete;
  ~Job() = default;

  // ---- Worker thread
  void start(Engine& engine);
  // Gives back the slots that are no longer used and moves every destination on.
  void settle(Engine& engine);
  // Starts sub-jobs while there is room. False: the pool is empty, and jobs that came later wait behind this one.
  bool pump(Engine& engine, bool room);
  // A request of a transfer of this job was answered.
  void answered(Engine& engine, SlotTransfer& transfer);
  // A transfer that was given up has come back after all.
  void came_back(Engine& engine, SlotTransfer& transfer);
  // Every destination has ended, and nothing is in flight but what was given up.
  bool finished() const;
  // The kernel still holds something of it.
  bool lingers() const { return lost_ > 0; }
  // It has finished, but lingers: lets go of the destinations of which the kernel holds nothing.
  void linger(Engine& engine);
  // Lets go of the devices, then calls back.
  void finish(Engine& engine);
  void notify() const { fn_(read_error_, write_error_, context_); }

  // ---- Any thread
  void cancel() { cancelled_ = true; }
  // False: there is no such destination. -1 is the job.
  bool cancel(unsigned destination);
  bool pause(int destination, bool paused);
  bool throttle(int destination, uint64_t bytes_per_second);
  void progress(kcopyd_progress& sample) const;
  const ErrorList& errors() const { return errors_; }
  const ChunkHashes& hashes() const { return hashes_; }
  const Durable* durable(unsigned destination) const {
    return destination < destinations_.size() ? &destinations_[destination]->durable : nullptr;
  }
  size_t chunk_size() const { return chunk_size_; }

 private:
  Job(const kcopyd_request& request, size_t chunk_size);
  void plan_turns();

  // ---- Sub-jobs and turns. A turn is when a sub-job is taken: ascending, or descending, or the first one twice
  // (KCOPYD_HEAD_LAST: as zeros at the start, as itself at the end).
  uint64_t chunk_length(uint64_t chunk, uint64_t length) const;
  uint64_t turns() const { return head_last_ ? chunks_ + 1 : chunks_; }
  uint64_t turns_of(const Destination& d) const { return d.chunks + (head_last_ ? 1 : 0); }
  uint64_t chunk_at(uint64_t turn) const { return descending_ ? chunks_ - 1 - turn : turn % chunks_; }
  bool blank_at(uint64_t turn) const { return head_last_ && turn == 0; }
  bool head_at(uint64_t turn) const { return head_last_ && turn == chunks_; }
  bool writes(const Destination& d, uint64_t chunk) const { return op_ != KCOPYD_COMPARE && d.todo.has(chunk); }
  bool checks(const Destination& d, uint64_t chunk) const { return verifies_ && d.check.has(chunk); }
  bool has_head(const Destination& d) const { return head_last_ && writes(d, 0); }
  // The medium may still have its old head: nothing but the zeros in its place is written. Where the head is all there
  // is to write, no flush comes between.
  bool begins(const Destination& d) const { return has_head(d) && !d.blanked && d.wanted > 2; }
  bool wants(const Destination& d, uint64_t turn) const;
  void skip_turns(Destination& d) const;
  void skip_writes(Destination& d) const;

  bool flag(unsigned f) const { return (flags_ & f) != 0; }
  bool ignores_read() const { return flag(KCOPYD_IGNORE_ERROR | KCOPYD_IGNORE_READ); }
  bool ignores_write() const { return flag(KCOPYD_IGNORE_ERROR | KCOPYD_IGNORE_WRITE); }
  OnError on_read_error(const Engine& engine) const {
    if (flag(KCOPYD_SKIP_BAD)) return OnError::stop_at_once;
    return ignores_read() ? OnError::go_on : engine.strict ? OnError::stop_at_once : OnError::stop;
  }
  OnError on_write_error(const Engine& engine) const {
    return ignores_write() ? OnError::go_on : engine.strict ? OnError::stop_at_once : OnError::stop;
  }

  // ---- scheduler.cc: which sub-job is started next, and for whom
  struct Take {
    uint64_t turn;
    uint32_t members;
  };
  uint32_t hindmost() const;
  std::optional<Take> choose(Engine& engine);
  unsigned soon_done(const Destination& d) const;
  bool awaits_somebody(Engine& engine, uint64_t turn);
  bool far_slower(const Destination& d, uint32_t able, Clock::time_point now) const;
  std::optional<Take> choose_from(Engine& engine, uint64_t turn, uint32_t group);
  bool takes_part(const Destination& d) const {
    return d.state == (op_ == KCOPYD_COMPARE ? KCOPYD_VERIFYING : KCOPYD_COPYING) && !d.dropped && !d.cancelled &&
           !paused(d) && d.next < turns_of(d);
  }
  bool paused(const Destination& d) const { return paused_ || d.pause_asked; }
  bool ready(const Pool& pool, const Destination& d) const;
  bool has_room(const Pool& pool, unsigned slots) const;
  bool may_issue(Engine& engine, uint64_t bytes);
  void take(Engine& engine, Take take);
  bool join(Engine& engine, Take take);
  void add_members(Slot& slot, uint32_t members);
  bool pump_source(Engine& engine);
  bool pump_verify(Engine& engine, unsigned destination);
  bool is_hole(uint64_t chunk);

  // ---- reader.cc: what was read of the source
  void source_read(Engine& engine, Slot& slot);
  void pass_over(Slot& slot);
  void source_failed(uint64_t turn);
  void source_changed(Slot& slot);
  void do_not_check(const Slot& slot, uint32_t destinations);
  void blank_known_holes(Slot& slot);
  ChunkHashes::Hash hash_of_zeros(Slot& slot);
  void write_out(Engine& engine, Slot& slot);

  // ---- job.cc: transfers, and what has become of them
  void begin(SlotTransfer& transfer, Slot* slot, SlotTransfer::Kind kind, unsigned destination);
  void limit_requests(SlotTransfer& transfer) const;
  void count(SlotTransfer& transfer, Clock::time_point now);
  bool unwanted(const SlotTransfer& transfer) const;
  void ended(Engine& engine, SlotTransfer& transfer);
  void start_write(Engine& engine, Slot& slot, unsigned destination);
  void written(Engine& engine, SlotTransfer& write);
  void through(Engine& engine, Destination& d, unsigned destination);
  void end_flush(Destination& d);
  void flushed(unsigned destination);
  void verified(Engine& engine, Slot& slot);
  void abandon(Slot& slot, uint32_t destinations);
  void drop(unsigned destination);
  void record(kcopyd_side side, int destination, const Transfer& transfer, bool again = false);
  void record_whole(kcopyd_side side, unsigned destination, int err, bool flush = false);
  // Of the two turns of a head either may be the first to be read: a destination that only checks it has but the last.
  bool tried_before(const Slot& slot) const { return slot.again || (head_last_ && slot.chunk == 0); }

  // ---- watchdog.cc: what was asked of it, and what time brings
  void observe_requests();
  void cancel_now(unsigned destination);
  void settle(Engine& engine, unsigned destination);
  void start_flush(Engine& engine, unsigned destination, bool in_step);
  void queue_flush(Engine& engine, unsigned destination);
  void flush_in_steps(Engine& engine, unsigned destination);
  bool flooded(const Destination& d) const;
  void watch(Engine& engine);
  void watch(Engine& engine, SlotTransfer& transfer, Clock::time_point now);
  void lose(SlotTransfer& transfer);
  void end(unsigned destination);

  // Fixed at creation.
  const kcopyd_op op_;
  const unsigned flags_;
  const kcopyd_notify_fn fn_;
  void* const context_;
  const size_t chunk_size_;  // bytes of a sub-job
  const std::chrono::milliseconds stall_timeout_;
  const std::chrono::milliseconds flush_interval_;
  block_device* source_ = nullptr;
  std::vector<std::shared_ptr<block_device>> devices_;  // keeps them open while the kernel holds I/O on them
  uint64_t source_offset_ = 0;                          // bytes
  uint64_t length_ = 0;                                 // bytes: of the source, or of the longest destination
  uint64_t to_read_ = 0;                                // bytes of the source that somebody needs
  std::vector<std::unique_ptr<Destination>> destinations_;
  bool verifies_ = false;
  bool hashes_source_ = false;  // every sub-job of the source gets a hash
  bool head_last_ = false;
  bool one_at_a_time_ = false;  // source and destination overlap: as memmove
  bool descending_ = false;
  uint64_t chunks_ = 0;

  // Worker thread.
  std::vector<bool> taken_;     // turns that were taken at least once
  unsigned share_ = 1;          // slots that every destination is sure of
  std::optional<Depth> depth_;  // slots that one destination may pin: as many as it is worth
  Clock::time_point started_{};
  Clock::time_point watched_{};
  uint64_t broken_turn_ = ~uint64_t{0};  // turn of the first sub-job that could not be read
  std::vector<Slot*> active_;            // sub-jobs that are read or written
  std::vector<Slot*> reading_back_;
  RequestSize source_request_;
  unsigned lost_ = 0;     // transfers that were given up and have not come back
  bool ragged_ = false;   // the last sub-job ends inside a block of some destination
  bool stopped_ = false;  // no new sub-jobs
  int read_error_ = 0;
  unsigned write_error_ = 0;
  Throttle throttle_;
  ChunkHashes hashes_;
  std::optional<std::pair<size_t, ChunkHashes::Hash>> zeros_;  // length and hash of a sub-job of zeros
  uint64_t hole_from_ = 0;                                     // of the source: there is no data from here...
  uint64_t hole_to_ = 0;                                       // ...to here
  std::vector<int> attached_;

  // Any thread.
  std::atomic<bool> cancelled_ = false;
  std::atomic<bool> paused_ = false;
  std::atomic<uint64_t> limit_ = 0;  // bytes per second
  std::atomic<uint64_t> bytes_read_ = 0;
  ErrorList errors_;
};

}  // namespace kcopyd

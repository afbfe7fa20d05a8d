// One job: a source, its destinations, and the state machine of each destination.
//
//   waiting -> copying -> flushing -> [verifying ->] done
//                 \-----------\-------------\------> failed | cancelled
//
// The worker calls pump() to start sub-jobs and ended() with every transfer that has ended; a job never blocks.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "block_io.h"
#include "chunk_hashes.h"
#include "error_list.h"
#include "kcopyd.h"
#include "pool.h"
#include "throttle.h"

namespace kcopyd {

// What a job works with; all of it is the client's.
struct Engine {
  using Clock = std::chrono::steady_clock;
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
  // A transfer of this job has ended.
  void ended(Engine& engine, SlotTransfer& transfer);
  // Nothing is in flight and every destination has ended.
  bool finished() const;
  // Lets go of the devices, then calls back.
  void finish(Engine& engine);
  void notify() const { fn_(read_error_, write_error_, context_); }

  // ---- Any thread
  void cancel() { cancelled_ = true; }
  void progress(kcopyd_progress& sample) const;
  const ErrorList& errors() const { return errors_; }

 private:
  // Time that a destination took from others, by having no credit when they had.
  struct Stall {
    Engine::Clock::duration total{0};
    std::optional<Engine::Clock::time_point> since;
    void begin(Engine::Clock::time_point now) {
      if (!since) since = now;
    }
    void end(Engine::Clock::time_point now) {
      if (since) total += now - *since;
      since.reset();
    }
  };

  struct Destination {
    block_device* device = nullptr;
    uint64_t offset = 0;        // bytes
    uint64_t length = 0;        // bytes
    uint64_t chunks = 0;        // sub-jobs it takes part in
    uint64_t next = 0;          // the turn it takes next; destinations with the same one read together
    uint64_t settled = 0;       // turns written
    uint64_t turn = 0;          // KCOPYD_WRITE_SEQ: the next to be written
    uint64_t verify_next = 0;   // the next to be read back
    unsigned pinned = 0;        // slots that are kept for it
    unsigned in_flight = 0;     // writes, or reads that verify
    Stall stall;                // how long it held up the others that are as far as it
    bool sealed = false;        // all but the head is flushed (KCOPYD_HEAD_LAST)
    bool dropped = false;       // it failed and gets no more I/O
    SlotTransfer flush;
    // Written by the worker, read by any thread.
    std::atomic<kcopyd_state> state = KCOPYD_WAITING;
    std::atomic<uint64_t> written = 0;
    std::atomic<uint64_t> verified = 0;

    bool over() const { return state >= KCOPYD_DONE; }
  };

  Job(const kcopyd_request& request, size_t chunk_size);

  uint64_t chunk_length(uint64_t chunk, uint64_t length) const;
  // Sub-jobs have turns: ascending, or descending, or the first one twice (KCOPYD_HEAD_LAST: as zeros at the
  // start, as itself at the end).
  uint64_t turns() const { return head_last_ ? chunks_ + 1 : chunks_; }
  uint64_t turns_of(const Destination& d) const { return d.chunks + (head_last_ ? 1 : 0); }
  uint64_t chunk_at(uint64_t turn) const { return descending_ ? chunks_ - 1 - turn : turn % chunks_; }
  bool blank_at(uint64_t turn) const { return head_last_ && turn == 0; }
  bool head_at(uint64_t turn) const { return head_last_ && turn == chunks_; }
  bool flag(kcopyd_flags f) const { return (flags_ & f) != 0; }
  OnError on_error(const Engine& engine) const {
    return flag(KCOPYD_IGNORE_ERROR) ? OnError::go_on : engine.strict ? OnError::stop_at_once : OnError::stop;
  }
  // A sub-job to be started, and for whom.
  struct Take {
    uint64_t turn;
    uint32_t members;
  };
  std::optional<Take> choose(Engine& engine);
  std::optional<Take> choose_from(Engine& engine, uint64_t turn, uint32_t group);
  bool takes_part(const Destination& d) const {
    return d.state == (op_ == KCOPYD_COMPARE ? KCOPYD_VERIFYING : KCOPYD_COPYING) && !d.dropped && d.next < turns_of(d);
  }
  bool ready(const Destination& d) const;
  void take(Engine& engine, Take take);
  bool join(Engine& engine, Take take);
  void add_members(Slot& slot, uint32_t members);
  void abandon(Slot& slot, uint32_t destinations);
  void drop(unsigned destination);
  void source_changed(Slot& slot);

  bool pump_source(Engine& engine);
  bool pump_verify(Engine& engine, unsigned destination);
  void source_read(Engine& engine, Slot& slot);
  void write_out(Engine& engine, Slot& slot);
  void start_write(Engine& engine, Slot& slot, unsigned destination);
  void written(Engine& engine, SlotTransfer& write);
  void flushed(unsigned destination);
  void verified(Engine& engine, Slot& slot);
  void observe_cancel();
  void settle(Engine& engine, unsigned destination);
  void end(unsigned destination);
  void record(kcopyd_side side, int destination, const Transfer& transfer, bool again = false);
  bool tried_before(const Slot& slot) const { return slot.again || head_at(slot.turn); }
  void blank_known_holes(Slot& slot);

  // Fixed at creation.
  const kcopyd_op op_;
  const unsigned flags_;
  const kcopyd_notify_fn fn_;
  void* const context_;
  const size_t chunk_size_;     // bytes of a sub-job
  block_device* source_ = nullptr;
  uint64_t source_offset_ = 0;  // bytes
  uint64_t length_ = 0;         // bytes: of the source, or of the longest destination
  std::vector<std::unique_ptr<Destination>> destinations_;
  bool head_last_ = false;
  bool one_at_a_time_ = false;  // source and destination overlap: as memmove
  bool descending_ = false;

  uint64_t chunks_ = 0;

  // Worker thread.
  uint64_t frontier_ = 0;       // turns below it were read at least once
  unsigned credit_ = 1;         // slots that one destination may pin
  Engine::Clock::time_point started_{};
  uint64_t broken_turn_ = ~uint64_t{0};  // turn of the first sub-job that could not be read
  std::vector<Slot*> active_;   // sub-jobs that are read or written
  unsigned reading_back_ = 0;   // slots
  bool ragged_ = false;         // the last sub-job ends inside a block of some destination
  bool stopped_ = false;        // no new sub-jobs
  bool observed_cancel_ = false;
  int read_error_ = 0;
  unsigned write_error_ = 0;
  ChunkHashes hashes_;
  std::vector<int> attached_;

  // Any thread.
  std::atomic<bool> cancelled_ = false;
  std::atomic<uint64_t> bytes_read_ = 0;
  ErrorList errors_;
};

}  // namespace kcopyd

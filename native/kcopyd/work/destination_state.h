// How far a destination is, and what it does next. Job::settle() asks it in every round. No I/O and no clock.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include "../kcopyd.h"

namespace kcopyd {

/*
 *                    all written, or given up     flushed
 *   waiting --> copying ---------------> flushing ---------> verifying --> done
 *      |           ^                        |                   ^
 *      |           +---- only the head left +                   |
 *      +---------------------- nothing to write ----------------+
 *
 *   any of them --> done | failed | cancelled
 *
 * A destination that fails or is cancelled gets no new I/O, and ends when what is in flight has ended.
 * Worker thread, except now() and over().
 */
class DestinationState {
 public:
  // What the job knows of the destination.
  struct Facts {
    bool unsynced = false;     // the page cache may hold what others wrote to it
    bool idle = false;         // no chunk is kept for it
    bool stopped = false;      // the job starts no new chunks
    bool all_settled = false;  // all its chunks are finished
    bool but_head = false;     // all but the head, which is written last
    bool blank_head = false;   // only the zeros in the head's place
    bool all_verified = false;
    bool starved = false;  // what it would read back next will get no hash
  };
  enum class Step : uint8_t { wait, flush_between, flush_last, end };

  // Any thread.
  kcopyd_state now() const { return state_; }
  bool over() const { return state_ >= KCOPYD_DONE; }

  // True when it has not failed and was not cancelled.
  bool takes_part() const { return !failing_ && !cancelling_; }
  bool failing() const { return failing_; }
  bool cancelling() const { return cancelling_; }
  // True when the zeros in the head's place are durable.
  bool head_blanked() const { return head_blanked_; }
  // True when all but the head is durable.
  bool sealed() const { return sealed_; }

  // What comes next when no I/O of it is in flight.
  Step next(const Facts& facts) const {
    if (failing_) return Step::end;
    if (facts.unsynced && !cancelling_) return Step::flush_between;
    if (state_ == KCOPYD_COPYING) {
      const bool given_up = (facts.stopped || cancelling_) && facts.idle;
      // Flush an incomplete destination too, so that what was written is on its medium.
      if (facts.all_settled || given_up || (facts.but_head && !sealed_)) return Step::flush_last;
      return facts.blank_head && !head_blanked_ ? Step::flush_between : Step::wait;
    }
    if (state_ != KCOPYD_VERIFYING) return Step::wait;
    return cancelling_ || facts.all_verified || facts.starved ? Step::end : Step::wait;
  }
  // The state it would end in now. complete: written, and read back if that was asked for. clean: no error of it is
  // listed.
  kcopyd_state ending(bool complete, bool clean) const {
    if (complete && clean && !failing_) return KCOPYD_DONE;
    return complete || failing_ || !cancelling_ ? KCOPYD_FAILED : KCOPYD_CANCELLED;
  }

  // ---- Transitions
  void start_copying() { go(state_ == KCOPYD_WAITING, KCOPYD_COPYING); }
  void start_flushing() { go(state_ == KCOPYD_COPYING, KCOPYD_FLUSHING); }
  void start_verifying() { go(state_ == KCOPYD_WAITING || state_ == KCOPYD_FLUSHING, KCOPYD_VERIFYING); }
  void blanked_head() { head_blanked_ = true; }
  void write_head() {
    sealed_ = true;
    go(state_ == KCOPYD_FLUSHING, KCOPYD_COPYING);
  }
  void fail() { failing_ = true; }
  void cancel() { cancelling_ = true; }
  void end(kcopyd_state how) { go(!over() && how >= KCOPYD_DONE, how); }

 private:
  // Aborts in every build when the diagram above has no such transition: a job in a wrong state could lose data.
  void go(bool allowed, kcopyd_state to) {
    if (!allowed) {
      std::fprintf(stderr, "kcopyd: a destination cannot go from %s to %s\n", name(state_), name(to));
      std::abort();
    }
    state_ = to;
  }
  static const char* name(kcopyd_state state) {
    constexpr std::array kNames = {"waiting", "copying", "flushing", "verifying", "done", "failed", "cancelled"};
    return kNames[static_cast<size_t>(state)];
  }

  std::atomic<kcopyd_state> state_ = KCOPYD_WAITING;
  bool failing_ = false;
  bool cancelling_ = false;
  bool head_blanked_ = false;
  bool sealed_ = false;
};

}  // namespace kcopyd

// A destination's state machine, without a job.
#include <doctest/doctest.h>
#include <kcopyd/work/destination_state.h>

using kcopyd::DestinationState;
using Facts = DestinationState::Facts;
using Step = DestinationState::Step;

namespace {

// A destination that copies.
struct Copying : DestinationState {
  Copying() { start_copying(); }
};

}  // namespace

TEST_CASE("destination state: a destination waits until all its chunks are written, then flushes and verifies") {
  DestinationState state;
  CHECK(state.now() == KCOPYD_WAITING);
  state.start_copying();
  CHECK(state.next({}) == Step::wait);
  CHECK(state.next({.all_settled = true}) == Step::flush_last);
  state.start_flushing();
  CHECK(state.next({.all_settled = true}) == Step::wait);
  state.start_verifying();
  CHECK(state.next({.all_settled = true}) == Step::wait);
  CHECK(state.next({.all_settled = true, .all_verified = true}) == Step::end);
  CHECK(state.ending(true, true) == KCOPYD_DONE);
  state.end(KCOPYD_DONE);
  CHECK(state.over());
}

TEST_CASE("destination state: a cancelled destination flushes what it has, once no chunk is kept for it") {
  Copying state;
  state.cancel();
  CHECK_FALSE(state.takes_part());
  CHECK(state.next({.idle = false}) == Step::wait);
  CHECK(state.next({.idle = true}) == Step::flush_last);
  CHECK(state.ending(false, true) == KCOPYD_CANCELLED);
  CHECK(state.ending(true, true) == KCOPYD_DONE);
}

TEST_CASE("destination state: a job that stops flushes a destination, and leaves it failed when chunks are missing") {
  Copying state;
  CHECK(state.next({.idle = true, .stopped = true}) == Step::flush_last);
  CHECK(state.next({.idle = false, .stopped = true}) == Step::wait);
  CHECK(state.ending(false, true) == KCOPYD_FAILED);
}

TEST_CASE("destination state: a failing destination ends without a flush, and never as done or cancelled") {
  Copying state;
  state.fail();
  state.cancel();
  CHECK(state.next({.all_settled = true}) == Step::end);
  CHECK(state.ending(true, true) == KCOPYD_FAILED);
  CHECK(state.ending(false, true) == KCOPYD_FAILED);
}

TEST_CASE("destination state: a complete destination with a listed error has failed") {
  const Copying state;
  CHECK(state.ending(true, false) == KCOPYD_FAILED);
}

TEST_CASE("destination state: the head's zeros are flushed first, the head is written after the rest is flushed") {
  Copying state;
  CHECK(state.next({.blank_head = true}) == Step::flush_between);
  state.blanked_head();
  CHECK(state.next({.blank_head = true}) == Step::wait);
  CHECK(state.next({.but_head = true}) == Step::flush_last);
  state.start_flushing();
  state.write_head();
  CHECK(state.sealed());
  CHECK(state.now() == KCOPYD_COPYING);
  CHECK(state.next({.but_head = true}) == Step::wait);
  CHECK(state.next({.all_settled = true}) == Step::flush_last);
}

TEST_CASE("destination state: a comparison flushes what others wrote before it reads") {
  DestinationState state;
  state.start_verifying();
  CHECK(state.next({.unsynced = true, .all_verified = true}) == Step::flush_between);
  state.cancel();
  CHECK(state.next({.unsynced = true}) == Step::end);
}

TEST_CASE("destination state: verification ends when it is cancelled, or when no hash will come") {
  DestinationState state;
  state.start_verifying();
  CHECK(state.next({.starved = true}) == Step::end);
  CHECK(state.next({}) == Step::wait);
  state.cancel();
  CHECK(state.next({}) == Step::end);
}

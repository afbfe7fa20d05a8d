// A destination's state machine, without a job.
#include <doctest/doctest.h>
#include <kcopyd/work/destination_state.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <string>

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

TEST_CASE("destination state: a transition that does not exist ends the process and names both states") {
  int ends[2];
  REQUIRE(pipe(ends) == 0);
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    const rlimit no_core{};
    setrlimit(RLIMIT_CORE, &no_core);
    std::signal(SIGABRT, SIG_DFL);  // not doctest's, which would report a crash
    dup2(ends[1], STDERR_FILENO);
    Copying().start_verifying();
    _exit(0);
  }
  close(ends[1]);
  std::string said;
  char buffer[256];
  for (ssize_t n; (n = read(ends[0], buffer, sizeof buffer)) > 0;) said.append(buffer, static_cast<size_t>(n));
  close(ends[0]);
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  CHECK(WIFSIGNALED(status));
  CHECK(WTERMSIG(status) == SIGABRT);
  CHECK(said == "kcopyd: a destination cannot go from copying to verifying\n");
}

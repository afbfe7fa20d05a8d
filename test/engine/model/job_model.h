// K33: a job as a value that can be written as text, its expected result, and its true one. The model knows the
// contract in kcopyd.h and nothing of how the engine keeps it.
#pragma once

#include <cstdint>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "../lab/disks.h"

namespace test::model {

using Bits = std::vector<bool>;

// A block of a disk that cannot be read ('r') or written ('w'), by its place in the job's region.
struct Fault {
  int disk;  // destination, -1 for the source
  char side;
  unsigned block;
};

// A block ('r', 'w') or the flush ('f') of a disk that is answered late or never.
struct Stall {
  int disk;  // destination, -1 for the source
  char side;
  unsigned block;
  unsigned late;  // ms; 0: never, which only a job with a timeout can have

  // True when it is too late for a timeout (ms), or nearly. What a slow machine makes too late is tried again with more
  // patience.
  bool may_be_late(unsigned timeout) const { return timeout > 0 && late * 3 > timeout * 2; }
};

// What a user does while the job runs: pause, resume or cancel ('p', 'r', 'c'), the job (-1) or a destination.
struct Event {
  char what;
  int dest;
  unsigned chunks;  // when destination 0 has written this many, or has ended, or a moment has passed
};

struct Destination {
  unsigned at = 0;     // start of its region, in blocks
  Bits todo, check;    // by sub-job; empty for all
  unsigned limit = 0;  // MiB per second, 0 for none
};

// A whole job. It determines what the disks hold before: the source has its pattern, with zeros in `zero` sub-jobs;
// destination i has its own, and in `same` sub-jobs what it should have after the job.
struct Job {
  kcopyd_op op = KCOPYD_COPY;
  unsigned flags = 0;
  unsigned chunk = 64;   // KiB of a sub-job
  unsigned slots = 8;    // of the pool
  unsigned blocks = 1;   // length of the regions, in blocks of the device
  unsigned from = 0;     // start of the source's region, in blocks
  unsigned limit = 0;    // MiB per second, 0 for none
  unsigned timeout = 0;  // stall_timeout, ms, 0 for none
  Bits known, wrong;  // by sub-job: hashes given, and which of them are not the source's; a comparison has only these
  Bits zero, same;    // by sub-job
  std::vector<Destination> dests;
  std::vector<Fault> faults;
  std::vector<Stall> stalls;
  std::vector<Event> events;

  bool has_source() const { return op == KCOPYD_COPY || (op == KCOPYD_COMPARE && known.empty()); }
};

// A line that can be parsed again.
std::string to_text(const Job& job);
Job from_text(const std::string& text);

// A random job for devices with blocks of this many bytes.
Job random_job(std::mt19937_64& random, uint64_t block);
// The same with something that is never answered, or only just in time.
Job random_stalling_job(std::mt19937_64& random, uint64_t block);

// What the model should get wrong, to test what finds and shrinks a difference.
enum class Planted { nothing, todo_is_ignored, holes_are_kept };

// Runs the job on devices of this kind and compares with the model. Says what is wrong; empty when nothing is.
std::string run(const Job& job, const Combo& combo, Planted planted = Planted::nothing);

// The same for jobs that mostly wait, all at once.
std::vector<std::string> run_together(const std::vector<Job>& jobs, const Combo& combo);

// The smallest job found by leaving things out of `job` that also `fails`.
Job shrink(Job job, const std::function<bool(const Job&)>& fails);

}  // namespace test::model

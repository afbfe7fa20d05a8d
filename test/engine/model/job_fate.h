// The expected result of a job of the model.
#pragma once

#include <tuple>

#include "job_model.h"

namespace test::model {

constexpr uint64_t kDisk = 2 * MiB;

// Bytes of every disk that belong to a job, and a block beyond them that must stay as it is.
uint64_t extent(const Job& job, uint64_t block);

// Bit i; `otherwise` beyond the end.
inline bool has(const Bits& bits, size_t i, bool otherwise) { return i < bits.size() ? bits[i] : otherwise; }

// An entry of the engine's list: side, destination, cause, place.
using Entry = std::tuple<kcopyd_side, int, kcopyd_cause, uint64_t, uint64_t>;

// A part of a disk, in bytes.
struct Place {
  uint64_t offset, length;
};

// What happens to I/O of one disk that is not answered in time. Without places: nothing.
struct Silence {
  bool sure = false;  // never answered, and it is noticed unless the job ends before; else it may be answered in time
  std::vector<Place> places;  // whole sub-jobs, or the whole region for a flush
  bool flush = false;         // it is the flush that is silent

  void add(const Place& place, bool never) {
    places.push_back(place);
    sure |= never;
  }
};

// What the model says of one destination.
struct Fate {
  bool loose = false;  // it ends early at an unknown place: each of its blocks is old or new
  Bytes old, want;
  Bytes fresh;  // what its region should get
  std::vector<Entry> list;
  std::vector<uint64_t> durable;
  Silence silence;  // when given up it is loose as well, unless only its last flush is missing
};

class Model {
 public:
  // `merges`: the kernel joins neighbours into one request, and where one fails SKIP_BAD passes over the other too.
  Model(const Job& job, uint64_t block, bool merges, Planted planted, const Bay& bay);

  std::vector<kcopyd_hash> preset() const;
  uint64_t chunks() const { return chunks_; }
  uint64_t length() const { return length_; }
  std::ptrdiff_t begin_of(unsigned block, uint64_t c) const {
    return static_cast<std::ptrdiff_t>(block * block_ + c * size_);
  }
  uint64_t length_of(uint64_t c) const { return std::min(size_, length_ - c * size_); }
  bool writes(unsigned i, uint64_t c) const {
    return job_.op != KCOPYD_COMPARE && (planted_ == Planted::todo_is_ignored || has(job_.dests[i].todo, c, true));
  }

  Bytes source;
  std::vector<Fate> fates;
  std::vector<Entry> reading;  // entries listed for the source
  Silence silence;             // silence of the source; when it is given up everything is loose
  bool ends = false;           // the job ends, because of what the source holds or by cancel: everything is loose
  bool loose_reading = false;
  std::map<uint64_t, kcopyd_hash> hashes;

 private:
  bool flag(unsigned flags) const { return job_.flags & flags; }
  bool checks(unsigned i, uint64_t c) const {
    return (job_.op == KCOPYD_COMPARE || flag(KCOPYD_VERIFY)) && has(job_.dests[i].check, c, true);
  }
  kcopyd_hash hash(const Bytes& bytes, uint64_t c) const;
  // Blocks of a disk that fail within a sub-job.
  std::vector<unsigned> bad(int disk, char side, uint64_t c) const;
  void predict();
  void add_silence(Silence& silence, int disk, char side, uint64_t c, const Place& place) const;

  const Job& job_;
  uint64_t block_, length_ = 0, size_ = 0, chunks_ = 0;
  bool merges_;
  Planted planted_;
  Bytes data_;
};

}  // namespace test::model

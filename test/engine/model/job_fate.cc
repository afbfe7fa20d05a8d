// The expected result of a job of the model, from the contract in kcopyd.h and not from how the engine keeps it.
#include "job_fate.h"

#include <kcopyd/chunk_hashes.h>

#include <algorithm>

namespace test::model {

using kcopyd::ChunkHashes;

namespace {

Bytes first_of(const Bytes& bytes, uint64_t length) {
  return {bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(length)};
}

bool equal(const Bytes& a, std::ptrdiff_t at, const Bytes& b, std::ptrdiff_t bt, uint64_t n) {
  return std::equal(a.begin() + at, a.begin() + at + static_cast<std::ptrdiff_t>(n), b.begin() + bt);
}

}  // namespace

uint64_t extent(const Job& job, uint64_t block) {
  unsigned at = job.from;
  for (const Destination& d : job.dests) at = std::max(at, d.at);
  return (at + job.blocks + 1) * block;
}

Model::Model(const Job& job, uint64_t block, bool merges, Planted planted, const Bay& bay)
    : job_(job), block_(block), merges_(merges), planted_(planted) {
  const Unwatched unwatched;
  length_ = job.blocks * block;
  size_ = job.chunk * KiB;
  chunks_ = (length_ + size_ - 1) / size_;
  const uint64_t used = extent(job, block);
  source = first_of(bay.content, used);
  data_ = Bytes(length_);
  if (job.op != KCOPYD_ZERO) {
    for (uint64_t c = 0; c < chunks_; c++)
      if (has(job.zero, c, false)) std::fill_n(source.begin() + begin_of(job.from, c), length_of(c), 0);
    std::copy_n(source.begin() + begin_of(job.from, 0), length_, data_.begin());
  }
  for (unsigned i = 0; i < job.dests.size(); i++) {
    Fate fate;
    fate.old = first_of(bay.old(i), used);
    for (uint64_t c = 0; c < chunks_; c++)
      if (has(job.same, c, false))
        std::copy_n(data_.begin() + begin_of(0, c), length_of(c), fate.old.begin() + begin_of(job.dests[i].at, c));
    fate.want = fate.old;
    fates.push_back(std::move(fate));
  }
  predict();
}

std::vector<kcopyd_hash> Model::preset() const {
  std::vector<kcopyd_hash> hashes(chunks_);
  for (uint64_t c = 0; c < chunks_; c++) {
    hashes[c] = hash(data_, c);
    if (has(job_.wrong, c, false)) hashes[c].low ^= 1;
  }
  return hashes;
}

kcopyd_hash Model::hash(const Bytes& bytes, uint64_t c) const {
  return ChunkHashes::of(std::as_bytes(std::span(bytes).subspan(c * size_, length_of(c))));
}

std::vector<unsigned> Model::bad(int disk, char side, uint64_t c) const {
  std::set<unsigned> blocks;
  for (const Fault& f : job_.faults)
    if (f.disk == disk && f.side == side && f.block * block_ >= c * size_ &&
        f.block * block_ < c * size_ + length_of(c))
      blocks.insert(f.block);
  return {blocks.begin(), blocks.end()};
}

// Adds what the job's stalls do to requests to `place` of a disk, which is sub-job c there.
void Model::add_silence(Silence& silence, int disk, char side, uint64_t c, const Place& place) const {
  for (const Stall& s : job_.stalls) {
    const bool there = side == 'f' || s.block * block_ / size_ == c;
    if (s.disk == disk && s.side == side && there && (s.late == 0 || s.may_be_late(job_.timeout)))
      silence.add(place, s.late == 0);
  }
}

void Model::predict() {
  const bool ignores_read = flag(KCOPYD_IGNORE_ERROR | KCOPYD_IGNORE_READ);
  const bool ignores_write = flag(KCOPYD_IGNORE_ERROR | KCOPYD_IGNORE_WRITE);
  bool dropped = false;
  for (const Event& e : job_.events) {
    if (e.what != 'c') continue;
    dropped = true;
    for (unsigned i = 0; i < fates.size(); i++) fates[i].loose |= e.dest < 0 || e.dest == static_cast<int>(i);
  }
  Bytes fresh = data_;
  for (unsigned i = 0; i < fates.size(); i++) {
    if (job_.op == KCOPYD_COMPARE) continue;
    add_silence(fates[i].silence, static_cast<int>(i), 'f', 0, {job_.dests[i].at * block_, length_});
    fates[i].silence.flush = !fates[i].silence.places.empty();
  }
  for (uint64_t c = 0; c < chunks_; c++) {
    const bool preset = has(job_.known, c, false), wrong = preset && has(job_.wrong, c, false);
    const auto needs = [&](unsigned i) {
      return job_.op == KCOPYD_COMPARE ? checks(i, c)
                                       : writes(i, c) || (checks(i, c) && (flag(KCOPYD_READ_KNOWN) || !preset));
    };
    bool read = false, skipped = false, holes = false, checkable = true;
    for (unsigned i = 0; i < fates.size(); i++) read |= needs(i) && job_.has_source();
    if (read) {
      add_silence(silence, -1, 'r', c, {job_.from * block_ + c * size_, length_of(c)});
      const std::vector<unsigned> unreadable = bad(-1, 'r', c);
      holes = !unreadable.empty();
      if (holes && flag(KCOPYD_SKIP_BAD)) {
        skipped = true;
        ends |= merges_;
        reading.push_back({KCOPYD_SIDE_READ, -1, KCOPYD_CAUSE_MEDIUM, job_.from * block_ + c * size_, length_of(c)});
      } else if (holes) {
        ends |= !ignores_read;
        for (const unsigned b : unreadable) {
          reading.push_back({KCOPYD_SIDE_READ, -1, KCOPYD_CAUSE_MEDIUM, (job_.from + b) * block_, block_});
          if (planted_ != Planted::holes_are_kept)
            std::fill_n(fresh.begin() + static_cast<std::ptrdiff_t>(b * block_), block_, 0);
        }
      }
      const bool differs = wrong || !equal(fresh, begin_of(0, c), data_, begin_of(0, c), length_of(c));
      if (preset && differs && !skipped && job_.op == KCOPYD_COPY) {
        checkable = false;
        if (!holes) {
          reading.push_back(
              {KCOPYD_SIDE_READ, -1, KCOPYD_CAUSE_MISMATCH, job_.from * block_ + c * size_, length_of(c)});
          for (unsigned i = 0; i < fates.size(); i++) fates[i].loose |= needs(i);
          dropped = true;
        }
      }
      if (skipped || (job_.op == KCOPYD_COMPARE && holes)) checkable = false;
      if (job_.op == KCOPYD_COPY && !preset && !skipped) hashes[c] = hash(fresh, c);
    }
    for (unsigned i = 0; i < fates.size(); i++) {
      Fate& fate = fates[i];
      const auto at = begin_of(job_.dests[i].at, c);
      const uint64_t place = static_cast<uint64_t>(at);
      if (writes(i, c) && !skipped) {
        if (!fate.silence.flush) add_silence(fate.silence, static_cast<int>(i), 'w', c, {place, length_of(c)});
        std::copy_n(fresh.begin() + begin_of(0, c), length_of(c), fate.want.begin() + at);
        const std::vector<unsigned> unwritable = bad(static_cast<int>(i), 'w', c);
        for (const unsigned b : unwritable) {
          const uint64_t offset = (job_.dests[i].at + b) * block_;
          std::copy_n(fate.old.begin() + static_cast<std::ptrdiff_t>(offset), block_,
                      fate.want.begin() + static_cast<std::ptrdiff_t>(offset));
          fate.list.push_back({KCOPYD_SIDE_WRITE, static_cast<int>(i), KCOPYD_CAUSE_MEDIUM, offset, block_});
        }
        // Zeroing is not writing. Whether it fails there depends on the device.
        const bool zeros = std::all_of(fresh.begin() + begin_of(0, c),
                                       fresh.begin() + begin_of(0, c) + static_cast<std::ptrdiff_t>(length_of(c)),
                                       [](auto b) { return b == 0; });
        if (!unwritable.empty() && (!ignores_write || job_.op == KCOPYD_ZERO || (zeros && flag(KCOPYD_SPARSE))))
          fate.loose = dropped = true;
        if (unwritable.empty() && !holes) fate.durable.push_back(c);
      }
      if (!checks(i, c) || (!checkable && needs(i)) || (job_.op == KCOPYD_COMPARE && !job_.has_source() && !preset))
        continue;
      if (job_.op == KCOPYD_COPY && !preset && skipped) continue;
      if (!fate.silence.flush) add_silence(fate.silence, static_cast<int>(i), 'r', c, {place, length_of(c)});
      const std::vector<unsigned> unreadable = bad(static_cast<int>(i), 'r', c);
      for (const unsigned b : unreadable)
        fate.list.push_back(
            {KCOPYD_SIDE_VERIFY, static_cast<int>(i), KCOPYD_CAUSE_MEDIUM, (job_.dests[i].at + b) * block_, block_});
      if (!unreadable.empty() && !ignores_write) fate.loose = dropped = true;
      if (!unreadable.empty()) continue;
      const bool same = !wrong && equal(fate.want, at, preset ? data_ : fresh, begin_of(0, c), length_of(c));
      if (!same)
        fate.list.push_back({KCOPYD_SIDE_VERIFY, static_cast<int>(i), KCOPYD_CAUSE_MISMATCH, place, length_of(c)});
    }
  }
  for (Fate& fate : fates) {
    fate.fresh = fresh;
    fate.loose |= ends;
    dropped |= !fate.silence.places.empty();
  }
  loose_reading = ends || ((dropped || !silence.places.empty()) && !reading.empty());
  // A disk that ends for another reason may end before its silence is noticed.
  const bool others = std::ranges::any_of(fates, [](const Fate& f) { return f.loose || !f.silence.places.empty(); });
  for (Fate& fate : fates) fate.silence.sure &= !fate.loose && silence.places.empty();
  silence.sure &= !others;
}

}  // namespace test::model

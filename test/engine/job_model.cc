// What must come of a job of the model, and what does.
#include "job_model.h"

#include <kcopyd/chunk_hashes.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <optional>
#include <tuple>

namespace test::model {

namespace {

using kcopyd::ChunkHashes;
constexpr uint64_t kDisk = 2 * MiB;

// Bytes of every disk that a job has to do with, and a block beyond them that has to stay as it is.
uint64_t extent(const Job& job, uint64_t block) {
  unsigned at = job.from;
  for (const Destination& d : job.dests) at = std::max(at, d.at);
  return (at + job.blocks + 1) * block;
}

Bytes first_of(const Bytes& bytes, uint64_t length) { return {bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(length)}; }

// Bit i; what is beyond the end is `otherwise`.
bool has(const Bits& bits, size_t i, bool otherwise) { return i < bits.size() ? bits[i] : otherwise; }

// One thing of the engine's list: side, destination, cause, place.
using Entry = std::tuple<kcopyd_side, int, kcopyd_cause, uint64_t, uint64_t>;

// Sorted, and neighbours of one kind as one: whether the engine joined them depends on which sub-job ended first.
std::vector<Entry> joined(std::vector<Entry> entries) {
  std::ranges::sort(entries);
  std::vector<Entry> all;
  for (const Entry& e : entries) {
    const auto& [side, dest, cause, offset, length] = e;
    if (!all.empty() && std::tie(side, dest, cause) == std::tie(std::get<0>(all.back()), std::get<1>(all.back()), std::get<2>(all.back())) &&
        std::get<3>(all.back()) + std::get<4>(all.back()) == offset)
      std::get<4>(all.back()) += length;
    else
      all.push_back(e);
  }
  return all;
}

std::string text(const std::vector<Entry>& entries) {
  std::string text;
  for (const auto& [side, dest, cause, offset, length] : entries)
    text += " [side " + std::to_string(side) + " destination " + std::to_string(dest) + " cause " + std::to_string(cause) + " " +
            std::to_string(offset) + "+" + std::to_string(length) + "]";
  return text.empty() ? " nothing" : text;
}

// What the model says of one destination.
struct Fate {
  bool loose = false;  // it ends early, nobody knows where: each of its blocks is old or new
  Bytes old, want;
  Bytes fresh;         // what its region gets
  std::vector<Entry> list;
  std::vector<uint64_t> durable;
};

class Model {
 public:
  // `merges`: the kernel makes one request of neighbours, and where one fails SKIP_BAD passes over the other too.
  Model(const Job& job, uint64_t block, bool merges, Planted planted, const Bay& bay) : job_(job), block_(block), merges_(merges), planted_(planted) {
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
        if (has(job.same, c, false)) std::copy_n(data_.begin() + begin_of(0, c), length_of(c), fate.old.begin() + begin_of(job.dests[i].at, c));
      fate.want = fate.old;
      fates.push_back(std::move(fate));
    }
    predict();
  }

  std::vector<kcopyd_hash> preset() const {
    std::vector<kcopyd_hash> hashes(chunks_);
    for (uint64_t c = 0; c < chunks_; c++) {
      hashes[c] = hash(data_, c);
      if (has(job_.wrong, c, false)) hashes[c].low ^= 1;
    }
    return hashes;
  }
  uint64_t chunks() const { return chunks_; }
  uint64_t length() const { return length_; }
  std::ptrdiff_t begin_of(unsigned block, uint64_t c) const { return static_cast<std::ptrdiff_t>(block * block_ + c * size_); }
  uint64_t length_of(uint64_t c) const { return std::min(size_, length_ - c * size_); }
  bool writes(unsigned i, uint64_t c) const {
    return job_.op != KCOPYD_COMPARE && (planted_ == Planted::todo_is_ignored || has(job_.dests[i].todo, c, true));
  }

  Bytes source;
  std::vector<Fate> fates;
  std::vector<Entry> reading;  // what is listed of the source
  bool ends = false;           // for what the source has, or by cancel: everything is loose
  bool loose_reading = false;
  std::map<uint64_t, kcopyd_hash> hashes;

 private:
  bool flag(unsigned flags) const { return job_.flags & flags; }
  bool checks(unsigned i, uint64_t c) const {
    return (job_.op == KCOPYD_COMPARE || flag(KCOPYD_VERIFY)) && has(job_.dests[i].check, c, true);
  }
  kcopyd_hash hash(const Bytes& bytes, uint64_t c) const {
    return ChunkHashes::of(std::as_bytes(std::span(bytes).subspan(c * size_, length_of(c))));
  }
  bool equal(const Bytes& a, std::ptrdiff_t at, const Bytes& b, std::ptrdiff_t bt, uint64_t n) const {
    return std::equal(a.begin() + at, a.begin() + at + static_cast<std::ptrdiff_t>(n), b.begin() + bt);
  }
  // Blocks of a disk that fail, within a sub-job.
  std::vector<unsigned> bad(int disk, char side, uint64_t c) const {
    std::set<unsigned> blocks;
    for (const Fault& f : job_.faults)
      if (f.disk == disk && f.side == side && f.block * block_ >= c * size_ && f.block * block_ < c * size_ + length_of(c)) blocks.insert(f.block);
    return {blocks.begin(), blocks.end()};
  }

  void predict() {
    const bool ignores_read = flag(KCOPYD_IGNORE_ERROR | KCOPYD_IGNORE_READ);
    const bool ignores_write = flag(KCOPYD_IGNORE_ERROR | KCOPYD_IGNORE_WRITE);
    bool dropped = false;
    for (const Event& e : job_.events) {
      if (e.what != 'c') continue;
      dropped = true;
      for (unsigned i = 0; i < fates.size(); i++) fates[i].loose |= e.dest < 0 || e.dest == static_cast<int>(i);
    }
    Bytes fresh = data_;
    for (uint64_t c = 0; c < chunks_; c++) {
      const bool preset = has(job_.known, c, false), wrong = preset && has(job_.wrong, c, false);
      const auto needs = [&](unsigned i) {
        return job_.op == KCOPYD_COMPARE ? checks(i, c) : writes(i, c) || (checks(i, c) && !preset);
      };
      bool read = false, skipped = false, holes = false, checkable = true;
      for (unsigned i = 0; i < fates.size(); i++) read |= needs(i) && job_.has_source();
      if (read) {
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
            if (planted_ != Planted::holes_are_kept) std::fill_n(fresh.begin() + static_cast<std::ptrdiff_t>(b * block_), block_, 0);
          }
        }
        const bool differs = wrong || !equal(fresh, begin_of(0, c), data_, begin_of(0, c), length_of(c));
        if (preset && differs && !skipped && job_.op == KCOPYD_COPY) {
          checkable = false;
          if (!holes) {
            reading.push_back({KCOPYD_SIDE_READ, -1, KCOPYD_CAUSE_MISMATCH, job_.from * block_ + c * size_, length_of(c)});
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
          std::copy_n(fresh.begin() + begin_of(0, c), length_of(c), fate.want.begin() + at);
          const std::vector<unsigned> unwritable = bad(static_cast<int>(i), 'w', c);
          for (const unsigned b : unwritable) {
            const uint64_t offset = (job_.dests[i].at + b) * block_;
            std::copy_n(fate.old.begin() + static_cast<std::ptrdiff_t>(offset), block_, fate.want.begin() + static_cast<std::ptrdiff_t>(offset));
            fate.list.push_back({KCOPYD_SIDE_WRITE, static_cast<int>(i), KCOPYD_CAUSE_MEDIUM, offset, block_});
          }
          // Zeroing is no writing: whether it fails there is the device's affair.
          const bool zeros = std::all_of(fresh.begin() + begin_of(0, c), fresh.begin() + begin_of(0, c) + static_cast<std::ptrdiff_t>(length_of(c)), [](auto b) { return b == 0; });
          if (!unwritable.empty() && (!ignores_write || job_.op == KCOPYD_ZERO || (zeros && flag(KCOPYD_SPARSE)))) fate.loose = dropped = true;
          if (unwritable.empty() && !holes) fate.durable.push_back(c);
        }
        if (!checks(i, c) || (!checkable && needs(i)) || (job_.op == KCOPYD_COMPARE && !job_.has_source() && !preset)) continue;
        if (job_.op == KCOPYD_COPY && !preset && skipped) continue;
        const std::vector<unsigned> unreadable = bad(static_cast<int>(i), 'r', c);
        for (const unsigned b : unreadable)
          fate.list.push_back({KCOPYD_SIDE_VERIFY, static_cast<int>(i), KCOPYD_CAUSE_MEDIUM, (job_.dests[i].at + b) * block_, block_});
        if (!unreadable.empty() && !ignores_write) fate.loose = dropped = true;
        if (!unreadable.empty()) continue;
        const bool same = !wrong && equal(fate.want, at, preset ? data_ : fresh, begin_of(0, c), length_of(c));
        if (!same) fate.list.push_back({KCOPYD_SIDE_VERIFY, static_cast<int>(i), KCOPYD_CAUSE_MISMATCH, place, length_of(c)});
      }
    }
    for (Fate& fate : fates) {
      fate.fresh = fresh;
      fate.loose |= ends;
    }
    loose_reading = ends || (dropped && !reading.empty());
  }

  const Job& job_;
  uint64_t block_, length_ = 0, size_ = 0, chunks_ = 0;
  bool merges_;
  Planted planted_;
  Bytes data_;
};

std::vector<uint8_t> packed(const Bits& bits, size_t n, bool otherwise) {
  std::vector<uint8_t> all((n + 7) / 8);
  for (size_t i = 0; i < n; i++)
    if (has(bits, i, otherwise)) all[i / 8] = static_cast<uint8_t>(all[i / 8] | 1u << i % 8);
  return all;
}

// Does what users do, each when its time has come, and lets go of all pauses in the end.
void act(test::Job& running, const Job& job) {
  using namespace std::chrono_literals;
  for (const Event& e : job.events) {
    const auto latest = std::chrono::steady_clock::now() + 5ms;
    const auto its_time = [&] {
      const auto first = running.progress().dests[0];
      return first.written >= e.chunks * job.chunk * KiB || first.state >= KCOPYD_DONE || std::chrono::steady_clock::now() > latest;
    };
    while (!running.done() && !its_time()) std::this_thread::sleep_for(100us);
    if (e.what != 'c') kcopyd_job_pause(running.get(), e.dest, e.what == 'p');
    else if (e.dest < 0) running.cancel();
    else kcopyd_job_cancel_dest(running.get(), static_cast<unsigned>(e.dest));
  }
  for (int whom = -1; whom < static_cast<int>(job.dests.size()); whom++) kcopyd_job_pause(running.get(), whom, 0);
}

std::vector<uint64_t> durable(test::Job& running, unsigned dest) {
  std::vector<uint64_t> chunks;
  std::array<kcopyd_range, 4> ranges;
  for (size_t first = 0; const size_t n = kcopyd_job_durable(running.get(), dest, first, ranges.size(), ranges.data()); first += n)
    for (size_t r = 0; r < n; r++)
      for (uint64_t c = 0; c < ranges[r].count; c++) chunks.push_back(ranges[r].first + c);
  std::ranges::sort(chunks);
  return chunks;
}

// What is wrong with destination i.
std::string judge(const Job& job, const Model& model, unsigned i, const Bay& bay, test::Job& running, const Outcome& out, const std::vector<Entry>& list) {
  const Unwatched unwatched;
  const Fate& fate = model.fates[i];
  const std::string who = "destination " + std::to_string(i) + ": ";
  const Bytes got = bay.dests[i].bytes(0, fate.old.size());
  const std::vector<uint64_t> flushed = durable(running, i);
  const uint64_t region = job.dests[i].at * bay.block();
  if (!fate.loose) {
    if (const std::string wrong = difference(got, fate.want); !wrong.empty()) return who + wrong;
    if (joined(list) != joined(fate.list)) return who + "listed" + text(joined(list)) + " instead of" + text(joined(fate.list));
    if ((out.write_err >> i & 1) != !fate.list.empty()) return who + "write_err";
    if (out.progress.dests[i].state != (fate.list.empty() ? KCOPYD_DONE : KCOPYD_FAILED)) return who + "state";
    if (flushed != fate.durable) return who + "durable";
    return "";
  }
  for (uint64_t at = 0; at < got.size(); at += bay.block()) {
    const auto is = [&](const Bytes& bytes, uint64_t there) {
      return std::equal(got.begin() + static_cast<std::ptrdiff_t>(at), got.begin() + static_cast<std::ptrdiff_t>(at + bay.block()), bytes.begin() + static_cast<std::ptrdiff_t>(there));
    };
    if (is(fate.old, at)) continue;
    const bool inside = at >= region && at < region + model.length() && model.writes(i, (at - region) / (job.chunk * KiB));
    if (inside && is(fate.fresh, at - region)) continue;
    if (inside && (job.flags & KCOPYD_HEAD_LAST) && at - region < job.chunk * KiB && is(Bytes(bay.block()), 0)) continue;
    return who + "neither what was there nor what was to come at " + std::to_string(at) + (is(Bytes(bay.block()), 0) ? ": zeros" : "");
  }
  for (const uint64_t c : flushed)
    if (!std::equal(got.begin() + model.begin_of(job.dests[i].at, c), got.begin() + model.begin_of(job.dests[i].at, c) + static_cast<std::ptrdiff_t>(model.length_of(c)), fate.fresh.begin() + model.begin_of(0, c)))
      return who + "sub-job " + std::to_string(c) + " is called durable, and is not there";
  return "";
}

}  // namespace

std::string run(const Job& job, const Combo& combo, Planted planted) {
  const unsigned pages = job.slots * job.chunk * KiB / KCOPYD_PAGE_SIZE;
  Bay bay(combo, static_cast<unsigned>(job.dests.size()), kDisk, {.pages = pages, .subjob_size = job.chunk * KiB}, false);
  const uint64_t block = bay.block();
  if (extent(job, block) > kDisk) return "";  // from elsewhere, with smaller blocks: too long for this device
  const Model model(job, block, combo.medium != Medium::lab_file, planted, bay);
  bay.source.fill(model.source);
  for (unsigned i = 0; i < job.dests.size(); i++) bay.dests[i].fill(model.fates[i].old);
  for (const Fault& f : job.faults) {
    const unsigned base = f.disk < 0 ? job.from : job.dests[static_cast<unsigned>(f.disk)].at;
    Disk& disk = f.disk < 0 ? bay.source : bay.dests[static_cast<unsigned>(f.disk)];
    disk.rule(std::string("eio ") + f.side + " " + std::to_string((base + f.block) * block) + " " + std::to_string(block));
  }

  const io_region from = bay.from(job.from * block, model.length());
  std::vector<io_region> dests;
  std::vector<kcopyd_dest_options> options;
  std::vector<std::vector<uint8_t>> maps;
  maps.reserve(2 * job.dests.size());
  const auto map = [&](const Bits& bits) -> const uint8_t* {
    return bits.empty() ? nullptr : maps.emplace_back(packed(bits, model.chunks(), true)).data();
  };
  for (unsigned i = 0; i < job.dests.size(); i++) {
    const Destination& d = job.dests[i];
    dests.push_back(bay.to(i, d.at * block, model.length()));
    options.push_back({.todo = map(d.todo), .check = map(d.check), .bytes_per_second = d.limit * MiB});
  }
  const std::vector<kcopyd_hash> preset = model.preset();
  const std::vector<uint8_t> known = packed(job.known, model.chunks(), false);
  kcopyd_request request{.op = job.op, .num_dests = static_cast<unsigned>(dests.size()), .dests = dests.data(), .flags = job.flags, .dest_options = options.data(), .bytes_per_second = job.limit * MiB};
  if (job.has_source()) request.from = &from;
  if (!job.known.empty()) {
    request.hashes = preset.data();
    request.known = known.data();
  }
  test::Job& running = bay.client.submit(request);
  act(running, job);
  const Outcome& out = running.wait();

  std::vector<Entry> reading;
  std::vector<std::vector<Entry>> lists(job.dests.size());
  for (const kcopyd_error& e : out.errors)
    (e.destination < 0 ? reading : lists[static_cast<unsigned>(e.destination)]).push_back({e.side, e.destination, e.cause, e.offset, e.length});
  if (!model.loose_reading && joined(reading) != joined(model.reading)) return "of the source listed" + text(joined(reading)) + " instead of" + text(joined(model.reading));
  if ((out.read_err != 0) != !reading.empty()) return "read_err";
  for (unsigned i = 0; i < job.dests.size(); i++)
    if (const std::string wrong = judge(job, model, i, bay, running, out, lists[i]); !wrong.empty()) return wrong;
  if ((job.flags & (KCOPYD_HASH | KCOPYD_VERIFY)) && std::ranges::none_of(model.fates, [](const Fate& f) { return f.loose; })) {
    std::vector<kcopyd_hash> hashes(model.chunks());
    std::vector<uint8_t> is_known(model.chunks());
    kcopyd_job_hashes(running.get(), 0, hashes.size(), hashes.data(), is_known.data());
    for (const auto& [c, hash] : model.hashes)
      if (!is_known[c] || !ChunkHashes::equal(hashes[c], hash)) return "the hash of sub-job " + std::to_string(c);
  }
  return "";
}

}  // namespace test::model

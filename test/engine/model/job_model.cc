// Runs a job of the model and compares the result with what it must be.
#include <kcopyd/chunk_hashes.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <memory>
#include <optional>

#include "job_fate.h"

namespace test::model {

namespace {

using kcopyd::ChunkHashes;

// Sorted, with neighbours of one kind joined: whether the engine joined them depends on which sub-job ended first.
std::vector<Entry> joined(std::vector<Entry> entries) {
  std::ranges::sort(entries);
  std::vector<Entry> all;
  for (const Entry& e : entries) {
    const auto& [side, dest, cause, offset, length] = e;
    if (!all.empty() &&
        std::tie(side, dest, cause) ==
            std::tie(std::get<0>(all.back()), std::get<1>(all.back()), std::get<2>(all.back())) &&
        std::get<3>(all.back()) + std::get<4>(all.back()) == offset)
      std::get<4>(all.back()) += length;
    else
      all.push_back(e);
  }
  return all;
}

bool stalled(const Entry& e) { return std::get<2>(e) == KCOPYD_CAUSE_STALLED; }

std::vector<Entry> without_stalled(std::vector<Entry> entries) {
  std::erase_if(entries, stalled);
  return entries;
}

bool within(const Entry& e, const std::vector<Entry>& all) {
  const auto& [side, dest, cause, offset, length] = e;
  return std::ranges::any_of(all, [&](const Entry& other) {
    return std::tie(side, dest, cause) == std::tie(std::get<0>(other), std::get<1>(other), std::get<2>(other)) &&
           offset >= std::get<3>(other) && offset + length <= std::get<3>(other) + std::get<4>(other);
  });
}

std::string text(const std::vector<Entry>& entries) {
  std::string text;
  for (const auto& [side, dest, cause, offset, length] : entries)
    text += " [side " + std::to_string(side) + " destination " + std::to_string(dest) + " cause " +
            std::to_string(cause) + " " + std::to_string(offset) + "+" + std::to_string(length) + "]";
  return text.empty() ? " nothing" : text;
}

std::vector<uint8_t> packed(const Bits& bits, size_t n, bool otherwise) {
  std::vector<uint8_t> all((n + 7) / 8);
  for (size_t i = 0; i < n; i++)
    if (has(bits, i, otherwise)) all[i / 8] = static_cast<uint8_t>(all[i / 8] | 1u << i % 8);
  return all;
}

// Does what users do, each at its time, and releases all pauses at the end.
void act(test::Job& running, const Job& job) {
  using namespace std::chrono_literals;
  for (const Event& e : job.events) {
    const auto latest = std::chrono::steady_clock::now() + 5ms;
    const auto its_time = [&] {
      const auto first = running.progress().dests[0];
      return first.written >= e.chunks * job.chunk * KiB || first.state >= KCOPYD_DONE ||
             std::chrono::steady_clock::now() > latest;
    };
    while (!running.done() && !its_time()) std::this_thread::sleep_for(100us);
    if (e.what != 'c')
      kcopyd_job_pause(running.get(), e.dest, e.what == 'p');
    else if (e.dest < 0)
      running.cancel();
    else
      kcopyd_job_cancel_dest(running.get(), static_cast<unsigned>(e.dest));
  }
  for (int whom = -1; whom < static_cast<int>(job.dests.size()); whom++) kcopyd_job_pause(running.get(), whom, 0);
}

std::vector<uint64_t> durable(test::Job& running, unsigned dest) {
  std::vector<uint64_t> chunks;
  std::array<kcopyd_range, 4> ranges;
  for (size_t first = 0; const size_t n = kcopyd_job_durable(running.get(), dest, first, ranges.size(), ranges.data());
       first += n)
    for (size_t r = 0; r < n; r++)
      for (uint64_t c = 0; c < ranges[r].count; c++) chunks.push_back(ranges[r].first + c);
  std::ranges::sort(chunks);
  return chunks;
}

// What is wrong with destination i when it ends early: its content.
std::string judge_loose(const Job& job, const Model& model, unsigned i, const Bay& bay, const Bytes& got,
                        const std::vector<uint64_t>& flushed) {
  const Fate& fate = model.fates[i];
  const std::string who = "destination " + std::to_string(i) + ": ";
  const uint64_t region = job.dests[i].at * bay.block();
  for (uint64_t at = 0; at < got.size(); at += bay.block()) {
    const auto is = [&](const Bytes& bytes, uint64_t there) {
      return std::equal(got.begin() + static_cast<std::ptrdiff_t>(at),
                        got.begin() + static_cast<std::ptrdiff_t>(at + bay.block()),
                        bytes.begin() + static_cast<std::ptrdiff_t>(there));
    };
    if (is(fate.old, at)) continue;
    const bool inside =
        at >= region && at < region + model.length() && model.writes(i, (at - region) / (job.chunk * KiB));
    if (inside && is(fate.fresh, at - region)) continue;
    if (inside && (job.flags & KCOPYD_HEAD_LAST) && at - region < job.chunk * KiB && is(Bytes(bay.block()), 0))
      continue;
    return who + "neither what was there nor what was to come at " + std::to_string(at) +
           (is(Bytes(bay.block()), 0) ? ": zeros" : "");
  }
  for (const uint64_t c : flushed)
    if (!std::equal(got.begin() + model.begin_of(job.dests[i].at, c),
                    got.begin() + model.begin_of(job.dests[i].at, c) + static_cast<std::ptrdiff_t>(model.length_of(c)),
                    fate.fresh.begin() + model.begin_of(0, c)))
      return who + "sub-job " + std::to_string(c) + " is called durable, and is not there";
  return "";
}

// True when something is listed as given up that may not be. If nothing may be, or not this, the machine was slow.
struct GivenUp {
  bool any = false, meant = false;

  GivenUp(const std::vector<Entry>& list, const Silence& silence) {
    for (const Entry& e : list) {
      if (!stalled(e)) continue;
      any = true;
      const uint64_t offset = std::get<3>(e), end = offset + std::get<4>(e);
      meant |= std::ranges::any_of(silence.places,
                                   [&](const Place& p) { return offset <= p.offset && end >= p.offset + p.length; });
    }
  }
};

// What is wrong with destination i.
std::string judge(const Job& job, const Model& model, unsigned i, const Bay& bay, test::Job& running,
                  const Outcome& out, const std::vector<Entry>& list, bool cut_off) {
  const Unwatched unwatched;
  const Fate& fate = model.fates[i];
  const std::string who = "destination " + std::to_string(i) + ": ";
  const Bytes got = bay.dests[i].bytes(0, fate.old.size());
  const std::vector<uint64_t> flushed = durable(running, i);
  const bool failed = out.write_err >> i & 1;
  if (std::ranges::any_of(list, stalled)) {
    if (!failed || out.progress.dests[i].state != KCOPYD_FAILED) return who + "given up, and not failed";
    const std::vector<Entry> others = without_stalled(list), may = joined(fate.list);
    if (!fate.loose && !cut_off)
      for (const Entry& e : others)
        if (!within(e, may)) return who + "listed" + text({e}) + ", which is not among" + text(may);
    const bool written = fate.silence.flush && !(job.flags & KCOPYD_HEAD_LAST) && !fate.loose && !cut_off;
    if (written && !flushed.empty()) return who + "durable, and never flushed";
    if (written && difference(got, fate.want) != "") return who + difference(got, fate.want);
    return judge_loose(job, model, i, bay, got, flushed);
  }
  if (fate.silence.sure) return who + "not given up";
  if (fate.loose || cut_off) return judge_loose(job, model, i, bay, got, flushed);
  if (const std::string wrong = difference(got, fate.want); !wrong.empty()) return who + wrong;
  if (joined(list) != joined(fate.list))
    return who + "listed" + text(joined(list)) + " instead of" + text(joined(fate.list));
  if (failed != !fate.list.empty()) return who + "write_err";
  if (out.progress.dests[i].state != (fate.list.empty() ? KCOPYD_DONE : KCOPYD_FAILED)) return who + "state";
  if (flushed != fate.durable) return who + "durable";
  return "";
}

// One job on its own disks, from when it is submitted.
class Trial {
 public:
  // Its stall_timeout and its lateness are multiplied by `patience`.
  Trial(const Job& job, const Combo& combo, Planted planted, unsigned patience)
      : job_(job),
        bay_(combo, static_cast<unsigned>(job.dests.size()), kDisk,
             {.pages = static_cast<unsigned>(job.slots * job.chunk * KiB / KCOPYD_PAGE_SIZE),
              .subjob_size = job.chunk * KiB},
             false) {
    const uint64_t block = bay_.block();
    if (extent(job, block) > kDisk) return;  // a job written for smaller blocks: too long for this device
    model_.emplace(job_, block, combo.medium != Medium::lab_file, planted, bay_);
    const Model& model = *model_;
    bay_.source.fill(model.source);
    for (unsigned i = 0; i < job.dests.size(); i++) bay_.dests[i].fill(model.fates[i].old);
    for (const Fault& f : job.faults) rule(f.disk, std::string("eio ") + f.side + place(f.disk, f.block));
    for (const Stall& s : job.stalls)
      rule(s.disk, (s.late == 0 ? std::string("stall ") + s.side
                                : std::string("delay ") + s.side + " " + std::to_string(s.late * patience * 1000)) +
                       (s.side == 'f' ? "" : place(s.disk, s.block)));
    submit(patience);
  }

  // Waits for it and says what is wrong; empty when nothing is.
  std::string judge() {
    if (running_ == nullptr) return "";
    act(*running_, job_);
    const Outcome& out = running_->wait();
    const Model& model = *model_;
    std::vector<Entry> reading;
    std::vector<std::vector<Entry>> lists(job_.dests.size());
    for (const kcopyd_error& e : out.errors)
      (e.destination < 0 ? reading : lists[static_cast<unsigned>(e.destination)])
          .push_back({e.side, e.destination, e.cause, e.offset, e.length});
    const GivenUp source(reading, model.silence);
    slow_ = source.any && !source.meant;
    for (unsigned i = 0; i < job_.dests.size(); i++) {
      const GivenUp given_up(lists[i], model.fates[i].silence);
      slow_ |= given_up.any && !given_up.meant;
    }
    if (slow_) return "given up, though answered";
    if (!source.any && model.silence.sure) return "the source is not given up";
    if (!model.loose_reading && !source.any && joined(reading) != joined(model.reading))
      return "of the source listed" + text(joined(reading)) + " instead of" + text(joined(model.reading));
    if ((out.read_err != 0) != !reading.empty()) return "read_err";
    for (unsigned i = 0; i < job_.dests.size(); i++)
      if (const std::string wrong = model::judge(job_, model, i, bay_, *running_, out, lists[i], source.any);
          !wrong.empty())
        return wrong;
    const bool whole = !source.any && std::ranges::none_of(model.fates, [](const Fate& f) {
      return f.loose || !f.silence.places.empty();
    });
    if ((job_.flags & (KCOPYD_HASH | KCOPYD_VERIFY)) && whole) {
      std::vector<kcopyd_hash> hashes(model.chunks());
      std::vector<uint8_t> is_known(model.chunks());
      kcopyd_job_hashes(running_->get(), 0, hashes.size(), hashes.data(), is_known.data());
      for (const auto& [c, hash] : model.hashes)
        if (!is_known[c] || !ChunkHashes::equal(hashes[c], hash)) return "the hash of sub-job " + std::to_string(c);
    }
    return "";
  }
  // Did the machine take as long as a device that is given up? Then more patience may tell.
  bool slow() const { return slow_; }

 private:
  void rule(int disk, const std::string& line) {
    (disk < 0 ? bay_.source : bay_.dests[static_cast<unsigned>(disk)]).rule(line);
  }
  std::string place(int disk, unsigned block) const {
    const unsigned base = disk < 0 ? job_.from : job_.dests[static_cast<unsigned>(disk)].at;
    return " " + std::to_string((base + block) * bay_.block()) + " " + std::to_string(bay_.block());
  }

  void submit(unsigned patience) {
    const Model& model = *model_;
    const io_region from = bay_.from(job_.from * bay_.block(), model.length());
    std::vector<io_region> dests;
    std::vector<kcopyd_dest_options> options;
    std::vector<std::vector<uint8_t>> maps;
    maps.reserve(2 * job_.dests.size());
    const auto map = [&](const Bits& bits) -> const uint8_t* {
      return bits.empty() ? nullptr : maps.emplace_back(packed(bits, model.chunks(), true)).data();
    };
    for (unsigned i = 0; i < job_.dests.size(); i++) {
      const Destination& d = job_.dests[i];
      dests.push_back(bay_.to(i, d.at * bay_.block(), model.length()));
      options.push_back({.todo = map(d.todo), .check = map(d.check), .bytes_per_second = d.limit * MiB});
    }
    const std::vector<kcopyd_hash> preset = model.preset();
    const std::vector<uint8_t> known = packed(job_.known, model.chunks(), false);
    kcopyd_request request{.op = job_.op,
                           .num_dests = static_cast<unsigned>(dests.size()),
                           .dests = dests.data(),
                           .flags = job_.flags,
                           .dest_options = options.data(),
                           .bytes_per_second = job_.limit * MiB,
                           .stall_timeout = job_.timeout * patience};
    if (job_.has_source()) request.from = &from;
    if (!job_.known.empty()) {
      request.hashes = preset.data();
      request.known = known.data();
    }
    running_ = &bay_.client.submit(request);
  }

  const Job job_;
  Bay bay_;
  std::optional<Model> model_;
  test::Job* running_ = nullptr;
  bool slow_ = false;
};

constexpr unsigned kMostPatience = 16;

}  // namespace

std::string run(const Job& job, const Combo& combo, Planted planted) {
  for (unsigned patience = 1;; patience *= 4) {
    Trial trial(job, combo, planted, patience);
    const std::string wrong = trial.judge();
    if (!trial.slow() || patience == kMostPatience) return wrong;
  }
}

std::vector<std::string> run_together(const std::vector<Job>& jobs, const Combo& combo) {
  std::vector<std::unique_ptr<Trial>> trials;
  for (const Job& job : jobs) trials.push_back(std::make_unique<Trial>(job, combo, Planted::nothing, 1));
  std::vector<std::string> wrong;
  for (size_t i = 0; i < jobs.size(); i++) {
    wrong.push_back(trials[i]->judge());
    const bool slow = trials[i]->slow();
    trials[i].reset();
    if (slow) wrong.back() = run(jobs[i], combo);
  }
  return wrong;
}

}  // namespace test::model

// How long a request is, for devices that say what they like and for others, fast and slow; and how soon a slow one is
// released.
#include <kcopyd/control/request_size.h>

#include <algorithm>

#include "../lab/disks.h"
#include "../lab/scripted_io.h"

using kcopyd::OnError;
using kcopyd::RequestSize;
using kcopyd::Transfer;
using namespace test;
using namespace std::chrono_literals;

namespace {

struct Facts {
  uint32_t optimal_io = 0, max_request = 0;
};

// The size in KiB after answers of (KiB, ms).
uint64_t size(std::vector<std::pair<uint64_t, int>> answers, const Facts& facts = {}, uint64_t sub_job = MiB) {
  block_device device;
  device.logical_block = 512;
  device.physical_block = 4096;
  device.optimal_io = facts.optimal_io;
  device.max_request = facts.max_request;
  RequestSize request;
  for (const auto& [kib, ms] : answers) request.answered(kib * KiB, std::chrono::milliseconds(ms));
  return request.of(device, sub_job) / KiB;
}

bool ascends(const std::vector<Event>& log) {
  return std::ranges::is_sorted(log, {}, [](const Event& event) { return event.offset; });
}

}  // namespace

TEST_CASE(
    "request size: the whole sub-job when the first answer comes at once; else between a quarter and half a second") {
  CHECK(size({}) == 256);
  CHECK(size({{256, 5}}) == 1024);
  CHECK(size({{256, 100}}) == 512);
  CHECK(size({{256, 100}, {512, 200}}) == 1024);
  CHECK(size({{256, 300}}) == 256);
  CHECK(size({{256, 2000}}) == 256);  // never less
  CHECK(size({{256, 100}, {512, 300}}) == 512);
  CHECK(size({{256, 5}, {1024, 900}}) == 512);  // the device was fast before
  CHECK(size({{256, 5}, {1024, 900}, {512, 900}, {256, 5}}) == 1024);
  CHECK(size({{256, 300}, {64, 5}}) == 256);  // a slow device also finishes the rest of a sub-job soon
  CHECK(size({}, {}, 64 * KiB) == 64);
  CHECK(size({{256, 5}}, {}, 16 * MiB) == 16 * 1024);
}

TEST_CASE("request size: whole units of what the device says: optimal_io_size, else max_sectors_kb") {
  CHECK(size({}, {.max_request = 120 * KiB}) == 240);  // a USB stick
  CHECK(size({{240, 5}}, {.max_request = 120 * KiB}) == 1024);
  CHECK(size({}, {.max_request = 1280 * KiB}) == 256);  // more than a sub-job, so it is ignored
  CHECK(size({}, {.max_request = 127 * KiB}) == 248);   // not a whole number of blocks
  CHECK(size({}, {.optimal_io = 384 * KiB, .max_request = 120 * KiB}) == 384);
  CHECK(size({}, {.optimal_io = 33553920}) == 256);  // as some USB bridges say
  CHECK(size({}, {.optimal_io = 512}) == 256);
}

TEST_CASE("request size: a transfer keeps to it, and can be ended between two requests") {
  const Bytes content = pattern(MiB, 3);
  Bytes buffer = content;
  block_device device;
  device.buffered = kcopyd::Descriptor(1000);
  ScriptedIo io{Bytes(MiB)};
  Transfer transfer;
  transfer.limit_requests(384 * KiB);
  const auto begin = [&](OnError on_error) {
    transfer.write(io, device, reinterpret_cast<std::byte*>(buffer.data()), buffer.size(), 0, MiB, on_error);
  };
  const auto lengths = [&] {
    std::vector<uint32_t> all;
    for (const auto& request : io.log) all.push_back(request.length);
    io.log.clear();
    return all;
  };
  begin(OnError::stop);
  finish(io);
  CHECK(lengths() == std::vector<uint32_t>{384 * KiB, 384 * KiB, 256 * KiB});
  CHECK(difference(io.disk, content) == "");
  CHECK_FALSE(transfer.cut_short());
  // One request, as the kernel does it.
  begin(OnError::stop_at_once);
  finish(io);
  CHECK(lengths() == std::vector<uint32_t>{1 * MiB});
  begin(OnError::stop);
  std::vector<kcopyd::IoRequest*> done;
  io.wait(done, std::nullopt);
  CHECK_FALSE(transfer.advance());
  transfer.cut();
  CHECK(transfer.cut_short());
  CHECK(transfer.good_bytes() == 384 * KiB);
  CHECK(transfer.bad().empty());
  device.buffered.release();
}

TEST_CASE(
    "request size: a slow card gets short requests in ascending order, and cancelling it leaves no more than one") {
  if (lab_missing()) return;
  on_each_backend([](kcopyd_backend backend) {
    for (const bool verifying : {false, true}) {
      CAPTURE(verifying);
      Bay bay({backend, Medium::lab_file}, 2, 4 * MiB);
      Disk& card = bay.dests[1];
      if (verifying)
        for (Disk& dest : bay.dests) dest.fill(bay.content);
      card.rule(verifying ? "rate r 1M\nlog on r\nafter r 1280K stall r"
                          : "rate w 1M\nlog on w\nafter w 1280K stall w");
      Job& job = verifying ? bay.client.compare(bay.from(0, 4 * MiB), bay.all(0, 4 * MiB))
                           : bay.client.copy(bay.from(0, 4 * MiB), bay.all(0, 4 * MiB));
      const auto done = [&](const kcopyd_dest_progress& d) { return verifying ? d.verified : d.written; };
      wait_for([&] { return card.stalled() > 0; });
      CHECK(done(job.progress().dests[1]) >= MiB);
      const size_t before = card.log().size();
      kcopyd_job_cancel_dest(job.get(), 1);
      card.rule("go");
      const Outcome& out = job.wait();
      CHECK(out.progress.dests[0].state == KCOPYD_DONE);
      CHECK(out.progress.dests[1].state == KCOPYD_CANCELLED);
      CHECK(done(out.progress.dests[1]) < 4 * MiB);
      const std::vector<Event> log = card.log();
      CHECK(log.size() - before <=
            2);  // the request that had begun, and one more if it ended before the cancel was seen
      CHECK(ascends(log));
      for (const Event& event : log) CHECK(event.length <= 512 * KiB);
    }
  });
}

TEST_CASE("request size: a slow source is not read on after a cancel, and its bad sectors are listed") {
  if (lab_missing()) return;
  on_each_backend([](kcopyd_backend backend) {
    Bay bay({backend, Medium::lab_file}, 1, 4 * MiB);
    bay.source.rule("bad r 0 256K");
    bay.source.rule("log on r");
    bay.source.rule("after r 514K stall r");  // once some of its blocks have been found to be bad
    Job& job = bay.client.copy(bay.from(0, 4 * MiB), bay.all(0, 4 * MiB), KCOPYD_IGNORE_READ);
    wait_for([&] { return bay.source.stalled() > 0; });
    CHECK(bay.source.log().size() >= 8);
    job.cancel();
    bay.source.rule("go");
    const Outcome& out = job.wait();
    CHECK(bay.source.log().size() < 40);
    CHECK(out.progress.dests[0].state == KCOPYD_CANCELLED);
    CHECK(out.list(-1).size() == static_cast<size_t>(out.read_err));
  });
}

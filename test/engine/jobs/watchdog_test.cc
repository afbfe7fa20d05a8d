// The watchdog: a job ends although a device does not answer, and a slow device is not given up.
#include <unistd.h>

#include <optional>

#include "../lab/disks.h"

using namespace test;

namespace {

constexpr uint64_t kBytes = 24 * MiB;

// A copy with a stall_timeout in milliseconds.
Job& copy(Client& client, const io_region& from, const std::vector<io_region>& dests, unsigned flags,
          unsigned timeout) {
  return client.submit({.op = KCOPYD_COPY,
                        .from = &from,
                        .num_dests = static_cast<unsigned>(dests.size()),
                        .dests = dests.data(),
                        .flags = flags,
                        .stall_timeout = timeout});
}

// Copies and verifies everything.
Job& verified_copy(Bay& bay, unsigned timeout) {
  return copy(bay.client, bay.from(0, kBytes), bay.all(0, kBytes), KCOPYD_VERIFY, timeout);
}

// On a busy machine a healthy device may answer as late as one that is given up. Then try again with more patience.
// `submit` starts the job with a stall_timeout; `as_meant` says whether it hit the intended destinations.
const Outcome& with_patience(unsigned timeout, const std::function<Job&(unsigned)>& submit,
                             const std::function<bool(const Outcome&)>& as_meant) {
  for (;; timeout *= 4) {
    const Outcome& out = submit(timeout).wait();
    if (as_meant(out) || timeout > 5000) return out;
  }
}

}  // namespace

TEST_CASE("a destination that does not answer fails after the stall timeout, and the job ends without it") {
  on_each({Medium::lab_file, Medium::loop512}, [](const Combo& combo) {
    const char* const where[] = {"after w 5M stall w", "stall f", "after r 3M stall r"};
    for (const char* const rule : where) {
      CAPTURE(rule);
      std::optional<Bay> made;
      const Outcome& out = with_patience(
          400,
          [&](unsigned timeout) -> Job& {
            Bay& bay = made.emplace(combo, 3, kBytes, ClientOptions{.pages = 4096});
            bay.devices.clear();
            for (const auto& dest : bay.dests)
              bay.devices.emplace_back(dest.path(), KCOPYD_OPEN_WRITE | KCOPYD_OPEN_EXCL);
            bay.dests[1].rule(rule);
            Job& job = verified_copy(bay, timeout);
            wait_for([&] { return job.progress().dests[1].stalled || job.done(); });
            return job;
          },
          [](const Outcome& out) { return out.read_err == 0 && out.write_err == 0b010; });
      Bay& bay = *made;
      CHECK(out.read_err == 0);
      CHECK(out.write_err == 0b010);
      for (const auto& error : out.errors) {
        CHECK(error.cause == KCOPYD_CAUSE_STALLED);
        CHECK(error.err == ETIMEDOUT);
      }
      CHECK(out.errors.size() >= 1);
      CHECK(out.progress.dests[1].state == KCOPYD_FAILED);
      for (const unsigned i : {0u, 2u}) {
        CHECK(out.progress.dests[i].state == KCOPYD_DONE);
        CHECK(bay.wrong(i, bay.content) == "");
      }
      block_device* again[3] = {};
      // Neither the client's next job nor its end is held up, with the device still silent.
      CHECK(bay.client.copy(bay.from(0, MiB), {bay.to(0, 0, MiB), bay.to(2, 0, MiB)}, KCOPYD_VERIFY).wait().list() ==
            Lines{});
      bay.client.destroy();
      bay.devices.clear();  // we close it; the engine keeps its own reference until the I/O comes back
      // The other devices can be opened at once.
      for (const unsigned i : {0u, 2u})
        CHECK(kcopyd_device_open(bay.dests[i].path().c_str(), KCOPYD_OPEN_WRITE | KCOPYD_OPEN_EXCL, &again[i]) == 0);
      for (block_device* const device : again) kcopyd_device_close(device);
      bay.dests[1].rule("go");
    }
  });
}

TEST_CASE("a source that does not answer ends the job") {
  on_each({Medium::lab_file, Medium::loop512}, [](const Combo& combo) {
    std::optional<Bay> made;
    const Outcome& out = with_patience(
        300,
        [&](unsigned timeout) -> Job& {
          Bay& bay = made.emplace(combo, 2, kBytes);
          bay.source.rule("after r 6M stall r");
          return verified_copy(bay, timeout);
        },
        [](const Outcome& out) { return out.read_err == 1 && out.write_err == 0; });
    CHECK(out.read_err == 1);
    CHECK(out.write_err == 0);
    for (unsigned i = 0; i < 2; i++) CHECK(out.progress.dests[i].state == KCOPYD_FAILED);
    CHECK(out.errors.front().cause == KCOPYD_CAUSE_STALLED);
    made->source.rule("go");
  });
}

TEST_CASE("I/O that timed out and comes back returns its slot to the pool") {
  on_each({Medium::loop512}, [](const Combo& combo) {
    std::optional<Bay> made;
    const Outcome& out = with_patience(
        200,
        [&](unsigned timeout) -> Job& {
          Bay& bay = made.emplace(combo, 2, kBytes);
          bay.dests[1].rule("after w 5M stall w");
          return verified_copy(bay, timeout);
        },
        [](const Outcome& out) { return out.read_err == 0 && out.write_err == 0b10; });
    CHECK(out.write_err == 0b10);
    Bay& bay = *made;
    bay.dests[1].rule("go");
    bay.dests[1].rule("clear");
    // Repeat on the same client, with every slot of the pool in use.
    for (int i = 0; i < 4; i++)
      CHECK(bay.client.copy(bay.from(0, kBytes), bay.all(0, kBytes), KCOPYD_VERIFY).wait().list() == Lines{});
    CHECK(bay.wrong(1, bay.content) == "");
    CHECK(bay.client.pool().peak <= bay.client.pool().slots);
  });
}

TEST_CASE("a slow card that answers has not stalled") {
  if (lab_missing()) return;
  on_each_backend([](kcopyd_backend backend) {
    std::optional<Bay> made;
    const Outcome& out = with_patience(
        1500,
        [&](unsigned timeout) -> Job& {
          Bay& bay = made.emplace(Combo{backend, Medium::lab_file}, 1, MiB);
          bay.dests[0].rule("rate w " + std::to_string(MiB * 750 / timeout));  // so a sub-job takes a third longer
          return copy(bay.client, bay.from(0, MiB), bay.all(0, MiB), 0, timeout);
        },
        [](const Outcome& out) { return out.write_err == 0; });
    CHECK(out.list() == Lines{});
    CHECK(made->dests[0].bytes() == made->content);
  });
}

TEST_CASE("answers that came while a callback held up the worker do not time out") {
  if (lab_missing()) return;
  on_each_backend([](kcopyd_backend backend) {
    std::optional<Bay> made;
    const Outcome& out = with_patience(
        1000,
        [&](unsigned timeout) -> Job& {
          Bay& bay = made.emplace(Combo{backend, Medium::loop512}, 1, kBytes);
          bay.dests[0].rule("stall w");
          Job& job = verified_copy(bay, timeout);
          wait_for([&] { return job.progress().bytes_read > 0; });
          bay.client.copy(bay.from(0, 0), {bay.to(0, 0, 0)}, 0, [&bay, timeout] {
            bay.dests[0].rule("go");
            usleep(timeout * 1200);
          });
          return job;
        },
        [](const Outcome& out) { return out.write_err == 0; });
    CHECK(out.list() == Lines{});
  });
}

namespace {

// A job that writes nothing to the first `idle` of its destinations but flushes them. On the lab's disks a write waits
// for a flush in progress, which few other disks do.
Job& flush_first(Client& client, const io_region& from, const std::vector<io_region>& dests, unsigned idle,
                 unsigned timeout) {
  const uint8_t none[] = {0, 0};
  std::vector<kcopyd_dest_options> options(dests.size());
  for (unsigned i = 0; i < idle; i++) options[i].todo = none;
  return client.submit({.op = KCOPYD_COPY,
                        .from = &from,
                        .num_dests = static_cast<unsigned>(dests.size()),
                        .dests = dests.data(),
                        .dest_options = options.data(),
                        .stall_timeout = timeout});
}

}  // namespace

TEST_CASE("a flush that waits for another job's flush of the same device times out on its own, on any client") {
  on_each({Medium::lab_file, Medium::loop512}, [](const Combo& combo) {
    for (const bool one_client : {true, false}) {
      CAPTURE(one_client);
      std::optional<Bay> made;
      std::optional<Client> another;
      Job* first = nullptr;
      const Outcome& out = with_patience(
          300,
          [&](unsigned timeout) -> Job& {
            another.reset();
            Bay& bay = made.emplace(combo, 2, 2 * MiB);
            if (!one_client) another.emplace(combo.backend);
            bay.dests[0].rule("stall f");
            first = &copy(bay.client, bay.from(0, MiB), {bay.to(0, 0, MiB)}, 0, 0);
            wait_for([&] { return bay.dests[0].flushes() == 1; });
            const std::vector<io_region> dests = {bay.to(0, MiB, MiB / 2), bay.to(0, MiB * 3 / 2, MiB / 2),
                                                  bay.to(1, 0, MiB / 2)};
            return flush_first(another ? *another : bay.client, bay.from(0, MiB / 2), dests, 2, timeout);
          },
          [](const Outcome& out) { return out.read_err == 0 && out.write_err == 0b011; });
      Bay& bay = *made;
      CHECK(out.list() == Lines{"flush 0 ETIMEDOUT stalled", "flush 1 ETIMEDOUT stalled"});
      CHECK(out.write_err == 0b011);
      CHECK(out.progress.dests[2].state == KCOPYD_DONE);
      CHECK_FALSE(first->done());
      CHECK(bay.dests[0].flushes() == 1);
      // A job with unlimited time gets its flush when the first has ended.
      Job& patient = flush_first(bay.client, bay.from(0, MiB), {bay.to(0, MiB, MiB)}, 1, 0);
      bay.dests[0].rule("go");
      CHECK(first->wait().list() == Lines{});
      CHECK(patient.wait().list() == Lines{});
      CHECK(bay.dests[0].flushes() == 2);
    }
  });
}

TEST_CASE("a flush that timed out is still the only one of its device, and its late result counts") {
  on_each({Medium::lab_file, Medium::loop512}, [](const Combo& combo) {
    Bay bay(combo, 2, 2 * MiB);
    bay.dests[0].rule("stall f\nflush-fails EIO 1");
    const Lines stalled = {"flush 0 ETIMEDOUT stalled"};
    CHECK(flush_first(bay.client, bay.from(0, MiB), {bay.to(0, 0, MiB)}, 1, 300).wait().list() == stalled);
    // The kernel may have reported a lost write of another job to the first flush, and to nobody else.
    Job& next = flush_first(bay.client, bay.from(0, MiB), {bay.to(0, MiB, MiB)}, 1, 0);
    CHECK(flush_first(bay.client, bay.from(0, MiB), {bay.to(0, 0, MiB)}, 1, 300).wait().list() == stalled);
    CHECK(bay.dests[0].flushes() == 1);
    bay.dests[0].rule("go");
    CHECK(next.wait().list() == Lines{"flush 0 EIO medium"});
    CHECK(flush_first(bay.client, bay.from(0, MiB), {bay.to(0, MiB, MiB)}, 1, 0).wait().list() == Lines{});
  });
}

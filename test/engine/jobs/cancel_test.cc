// K32, and jobs seen from outside: cancelling, sampling, handles.
#include <unistd.h>

#include <algorithm>

#include "../lab/disks.h"

using namespace test;

namespace {

// A client made by the seed's calls, for tests of its end.
kcopyd_client* raw_client(kcopyd_backend backend, unsigned pages = 1024) {
  const kcopyd_client_options options{.num_pages = pages, .backend = backend, .strict = 0, .bytes_per_second = 0};
  kcopyd_client* client = nullptr;
  REQUIRE(kcopyd_client_create_with(&options, &client) == 0);
  return client;
}

struct Counted {
  std::atomic<int> calls{0}, good{0}, read_err{0};
  std::atomic<unsigned> write_err{0};
};

void count(int read_err, unsigned write_err, void* context) {
  auto& counted = *static_cast<Counted*>(context);
  counted.read_err = read_err;
  counted.write_err = write_err;
  counted.good += read_err == 0 && write_err == 0;
  counted.calls++;
}

bool lists_cancel(const Outcome& out) {
  return std::any_of(out.errors.begin(), out.errors.end(), [](const kcopyd_error& error) {
    return error.cause == KCOPYD_CAUSE_CANCELLED && error.err == ECANCELED;
  });
}

}  // namespace

TEST_CASE("K29 a callback may fire a prepared one and cancel another job") {
  if (lab_missing()) return;
  on_each_backend([](kcopyd_backend backend) {
    Bay bay({backend, Medium::lab_file}, 1, 8 * MiB, {.pages = 256});
    bay.dests[0].rule("after w 4M stall w");
    Counted counted;
    void* handle = kcopyd_prepare_callback(bay.client.get(), count, &counted);
    std::atomic<Job*> victim{nullptr};
    bay.client.copy(bay.from(0, 1 * MiB), {bay.to(0, 0, 1 * MiB)}, 0, [&] {
      kcopyd_do_callback(handle, 0, 0);
      while (!victim) usleep(100);
      victim.load()->cancel();
      bay.dests[0].forgive();
    });
    victim = &bay.client.copy(bay.from(0, 7 * MiB), {bay.to(0, 1 * MiB, 7 * MiB)});
    CHECK(lists_cancel(victim.load()->wait()));
    while (counted.calls == 0) usleep(1000);
  });
}

TEST_CASE("K32 cancel: the callback fires once, with ECANCELED listed, and nothing is written after it") {
  on_each(kFaulty, [](const Combo& combo) {
    Bay bay(combo, 2, 16 * MiB);
    for (auto& dest : bay.dests) dest.rule("after w 4M stall w");
    Job& running = bay.client.copy(bay.from(0, 16 * MiB), bay.all(0, 16 * MiB));
    Job& waiting = bay.client.zero(bay.all(0, 16 * MiB));
    wait_for([&] { return bay.dests[0].stalled() > 0 && bay.dests[1].stalled() > 0; });
    waiting.cancel();
    running.cancel();
    running.cancel();
    for (auto& dest : bay.dests) dest.rule("go");
    const Outcome& out = running.wait();
    CHECK(lists_cancel(out));
    CHECK(out.progress.bytes_read < 16 * MiB);
    for (const unsigned i : {0u, 1u}) CHECK(out.progress.dests[i].state == KCOPYD_CANCELLED);
    const Outcome& other = waiting.wait();
    CHECK(lists_cancel(other));
    const uint64_t written[] = {bay.dests[0].writes(), bay.dests[1].writes()};
    CHECK(bay.dests[0].flushes() > 0);  // what was written is on the medium
    usleep(30'000);
    for (const unsigned i : {0u, 1u}) {
      CHECK(bay.dests[i].writes() == written[i]);
      // Whole blocks of the source, zeros of the other job, or the old content.
      const Bytes got = bay.dests[i].bytes(), old = bay.old(i);
      for (uint64_t at = 0; at < got.size(); at += 4096) {
        const auto here = got.begin() + static_cast<ptrdiff_t>(at);
        const auto there = static_cast<ptrdiff_t>(at);
        const bool zeros = std::all_of(here, here + 4096, [](unsigned char byte) { return byte == 0; });
        const bool known = zeros || std::equal(here, here + 4096, bay.content.begin() + there) ||
                           std::equal(here, here + 4096, old.begin() + there);
        REQUIRE(known);
      }
    }
    running.cancel();  // too late, and harmless
  });
}

TEST_CASE("K32 cancel while flushing, verifying, throttled, or before the start") {
  if (lab_missing()) return;
  on_each_backend([](kcopyd_backend backend) {
    SUBCASE("flushing") {
      Bay bay({backend, Medium::lab_file}, 1, 1 * MiB);
      bay.dests[0].rule("stall f");
      Job& job = bay.client.copy(bay.from(0, 1 * MiB), bay.all(0, 1 * MiB));
      while (job.progress().dests[0].state != KCOPYD_FLUSHING) usleep(1000);
      job.cancel();
      usleep(10'000);
      CHECK_FALSE(job.done());
      bay.dests[0].rule("go");
      job.wait();
    }
    SUBCASE("verifying") {
      Bay bay({backend, Medium::lab_file}, 2, 8 * MiB);
      bay.dests[0].rule("after r 2M stall r");
      Job& job = bay.client.copy(bay.from(0, 8 * MiB), bay.all(0, 8 * MiB), KCOPYD_VERIFY);
      while (job.progress().dests[0].verified < 1 * MiB) usleep(1000);
      job.cancel();
      bay.dests[0].forgive();
      const Outcome& out = job.wait();
      CHECK(lists_cancel(out));
      CHECK(out.progress.dests[0].verified < 8 * MiB);
      CHECK(out.progress.dests[0].state == KCOPYD_CANCELLED);
      CHECK(bay.wrong(0, bay.content) == "");
    }
    SUBCASE("throttled") {
      Bay bay({backend, Medium::file}, 1, 16 * MiB, {.bytes_per_second = KiB});
      Job& job = bay.client.copy(bay.from(0, 16 * MiB), bay.all(0, 16 * MiB));
      job.cancel();
      CHECK(lists_cancel(job.wait()));  // a sub-job is issued after 1024 s, which the watchdog calls hung
    }
    SUBCASE("at once") {
      Bay bay({backend, Medium::file}, 1, 16 * MiB);
      for (int i = 0; i < 50; i++) {
        Job& job = bay.client.copy(bay.from(0, 16 * MiB), bay.all(0, 16 * MiB));
        job.cancel();
        const Outcome& out = job.wait();
        // Either the cancel came in time or the job was done.
        if (!lists_cancel(out)) CHECK(out.progress.dests[0].written == 16 * MiB);
      }
    }
  });
}

TEST_CASE("progress, errors and the pool can be read from other threads while a job runs") {
  if (lab_missing()) return;
  on_each_backend([](kcopyd_backend backend) {
    Bay bay({backend, Medium::lab_file}, 3, 16 * MiB);
    const uint64_t b = bay.block();
    for (int i = 0; i < 8; i++)
      bay.dests[1].rule("eio w " + std::to_string(static_cast<uint64_t>(i) * 2 * MiB) + " " + std::to_string(b));
    Job& job = bay.client.copy(bay.from(0, 16 * MiB), bay.all(0, 16 * MiB), KCOPYD_IGNORE_ERROR | KCOPYD_VERIFY);
    std::vector<std::thread> readers;
    std::atomic<int> backwards{0};
    for (int t = 0; t < 2; t++)
      readers.emplace_back([&] {
        kcopyd_progress last{};
        while (!job.done()) {
          const kcopyd_progress now = job.progress();
          backwards += now.bytes_read < last.bytes_read || now.errors < last.errors ||
                       now.dests[0].written < last.dests[0].written || now.dests[0].state < last.dests[0].state ||
                       now.bytes_total != 16 * MiB || job.errors().size() < now.errors ||
                       bay.client.pool().peak > bay.client.pool().slots;
          last = now;
          usleep(200);
        }
      });
    const Outcome& out = job.wait();
    for (auto& reader : readers) reader.join();
    CHECK(backwards == 0);
    CHECK(out.write_err == 0b010);
    CHECK(out.progress.dests[0].written == 16 * MiB);
    CHECK(out.progress.dests[0].verified == 16 * MiB);
    CHECK(out.progress.bytes_read == 16 * MiB);
  });
}

TEST_CASE("a job's handle outlives its client") {
  on_each_backend([](kcopyd_backend backend) {
    Bay bay({backend, Medium::file}, 1, 1 * MiB);
    kcopyd_client* client = raw_client(backend);
    Counted counted;
    const io_region from = bay.from(0, 1 * MiB), to = bay.to(0, 0, 1 * MiB);
    const kcopyd_request request{
        .op = KCOPYD_COPY, .from = &from, .num_dests = 1, .dests = &to, .flags = 0, .fn = count, .context = &counted};
    kcopyd_job* job = nullptr;
    REQUIRE(kcopyd_submit(client, &request, &job) == 0);
    kcopyd_client_destroy(client);
    kcopyd_progress progress{};
    kcopyd_job_progress(job, &progress);
    CHECK(progress.dests[0].state == KCOPYD_DONE);
    kcopyd_job_cancel(job);
    kcopyd_job_put(job);
    kcopyd_job_put(nullptr);
  });
}

TEST_CASE("a handle may be given back while its job runs") {
  if (lab_missing()) return;
  on_each_backend([](kcopyd_backend backend) {
    Bay bay({backend, Medium::lab_file}, 1, 2 * MiB);
    bay.dests[0].rule("delay w 5000");
    kcopyd_client* client = raw_client(backend);
    Counted counted;
    const io_region from = bay.from(0, 2 * MiB), to = bay.to(0, 0, 2 * MiB);
    const kcopyd_request request{
        .op = KCOPYD_COPY, .from = &from, .num_dests = 1, .dests = &to, .flags = 0, .fn = count, .context = &counted};
    kcopyd_job* job = nullptr;
    REQUIRE(kcopyd_submit(client, &request, &job) == 0);
    kcopyd_job_put(job);
    kcopyd_client_destroy(client);
    CHECK(counted.good == 1);
    CHECK(bay.wrong(0, bay.content) == "");
  });
}

// K26 to K30: the life of clients and jobs, callbacks, the pool, the throttle.
#include <unistd.h>

#include <algorithm>
#include <chrono>

#include "../lab/disks.h"

using namespace test;

namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

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

void count_slowly(int read_err, unsigned write_err, void* context) {
  usleep(20'000);
  count(read_err, write_err, context);
}

}  // namespace

TEST_CASE("K26 destroy returns after the last callback has returned, and cancels none") {
  on_each(kFaulty, [](const Combo& combo) {
    Bay bay(combo, 2, 4 * MiB);
    bay.dests[0].rule("delay w 3000");
    kcopyd_client* client = raw_client(combo.backend);
    Counted counted;
    const io_region from = bay.from(0, 2 * MiB);
    const auto low = bay.all(0, 2 * MiB), high = bay.all(2 * MiB, 2 * MiB);
    for (const auto& dests : {low, high, low, high})
      REQUIRE(kcopyd_copy(client, &from, 2, dests.data(), 0, count_slowly, &counted) == 0);
    kcopyd_client_destroy(client);
    CHECK(counted.calls == 4);
    CHECK(counted.good == 4);
    for (const unsigned i : {0u, 1u}) {
      const Bytes got = bay.dests[i].bytes();
      CHECK(std::equal(got.begin(), got.begin() + 2 * MiB, bay.content.begin()));
      CHECK(std::equal(got.begin() + 2 * MiB, got.end(), bay.content.begin()));
    }
  });
}

TEST_CASE("K26 jobs that callbacks submit while destroy waits are jobs too") {
  on_each_backend([](kcopyd_backend backend) {
    Bay bay({backend, Medium::file}, 1, 1 * MiB);
    struct Chain {
      kcopyd_client* client;
      io_region from, to;
      int left;
      std::atomic<int> calls{0}, refused{0};
      static void next(int, unsigned, void* context) {
        auto& chain = *static_cast<Chain*>(context);
        chain.calls++;
        usleep(1000);
        if (chain.left-- > 0 && kcopyd_copy(chain.client, &chain.from, 1, &chain.to, 0, next, &chain) != 0)
          chain.refused++;
      }
    } chain{raw_client(backend), bay.from(0, 64 * KiB), bay.to(0, 0, 64 * KiB), 30};
    REQUIRE(kcopyd_copy(chain.client, &chain.from, 1, &chain.to, 0, Chain::next, &chain) == 0);
    kcopyd_client_destroy(chain.client);
    CHECK(chain.refused == 0);
    CHECK(chain.calls == 31);
  });
}

TEST_CASE("K26 destroying an idle client, and NULL") {
  on_each_backend([](kcopyd_backend backend) {
    for (int i = 0; i < 20; i++) kcopyd_client_destroy(raw_client(backend, 1 + i));
    kcopyd_client_destroy(nullptr);
  });
}

TEST_CASE("K27 a prepared callback that was not fired blocks destroy; do_callback(h, 1, 5) calls fn(1, 5) once") {
  on_each_backend([](kcopyd_backend backend) {
    kcopyd_client* client = raw_client(backend);
    Counted counted;
    void* handle = kcopyd_prepare_callback(client, count, &counted);
    REQUIRE(handle != nullptr);
    std::atomic<bool> destroyed{false};
    std::thread destroyer([&] {
      kcopyd_client_destroy(client);
      destroyed = true;
    });
    usleep(50'000);
    CHECK_FALSE(destroyed);
    CHECK(counted.calls == 0);
    kcopyd_do_callback(handle, 1, 5);
    destroyer.join();
    CHECK(counted.calls == 1);
    CHECK(counted.read_err == 1);
    CHECK(counted.write_err == 5);
  });
}

TEST_CASE("K27 a client may be destroyed as soon as its last callback has run, while do_callback still returns") {
  const Disk disk(Medium::file, 4 * KiB);
  const Device device(disk.path(), KCOPYD_OPEN_READ | KCOPYD_OPEN_WRITE);
  on_each_backend([&](kcopyd_backend backend) {
    for (int i = 0; i < 50; i++) {
      kcopyd_client* client = raw_client(backend, 1);
      Counted counted;
      // The job's handle wakes the worker all the time, so the worker does not wait until do_callback has woken it.
      const io_region nothing = device.at(0, 0);
      kcopyd_job* job = nullptr;
      const kcopyd_request request{
          .op = KCOPYD_ZERO, .num_dests = 1, .dests = &nothing, .fn = count, .context = &counted};
      REQUIRE(kcopyd_submit(client, &request, &job) == 0);
      std::atomic<bool> over{false};
      std::thread waking([&] {
        while (!over) kcopyd_job_cancel(job);
      });
      std::thread firing(
          [handle = kcopyd_prepare_callback(client, count, &counted)] { kcopyd_do_callback(handle, 0, 0); });
      kcopyd_client_destroy(client);
      CHECK(counted.calls == 2);
      firing.join();
      over = true;
      waking.join();
      kcopyd_job_put(job);
    }
  });
}

TEST_CASE("K27 callbacks prepared on one thread and fired on others each run once") {
  on_each_backend([](kcopyd_backend backend) {
    kcopyd_client* client = raw_client(backend);
    Counted counted;
    std::vector<void*> handles;
    for (int i = 0; i < 100; i++) handles.push_back(kcopyd_prepare_callback(client, count, &counted));
    std::vector<std::thread> threads;
    for (size_t t = 0; t < 2; t++)
      threads.emplace_back([&, t] {
        for (size_t i = t; i < handles.size(); i += 2) kcopyd_do_callback(handles[i], 0, 0);
      });
    for (auto& thread : threads) thread.join();
    kcopyd_client_destroy(client);
    CHECK(counted.calls == 100);
  });
}

TEST_CASE("K28 a pool of one sub-job and 100 jobs of 16 MiB: all complete, the pool is never exceeded") {
  on_each_backend([](kcopyd_backend backend) {
    Bay bay({backend, Medium::file}, 1, 16 * MiB, {.pages = KCOPYD_SUBJOB_SIZE / KCOPYD_PAGE_SIZE});
    CHECK(bay.client.pool().slots == 1);
    std::vector<Job*> jobs;
    for (int i = 0; i < 100 / kSlow; i++) jobs.push_back(&bay.client.copy(bay.from(0, 16 * MiB), bay.all(0, 16 * MiB)));
    unsigned order = 0;
    for (Job* job : jobs) {
      CHECK(job->wait().list() == Lines{});
      CHECK(job->order() == order++);  // the first waits at the head
    }
    CHECK(bay.client.pool().peak == 1);
    CHECK(bay.wrong(0, bay.content) == "");
  });
}

TEST_CASE("K28 pools of any number of pages, from one, copy the same bytes") {
  on_each({Medium::file, Medium::loop512, Medium::loop4096}, [](const Combo& combo) {
    for (const unsigned pages : {1u, 2u, 3u, 7u, 16u, 100u, 257u, 511u, 5000u}) {
      CAPTURE(pages);
      Bay bay(combo, 2, 2 * MiB, {.pages = pages});
      const kcopyd_pool_stats pool = bay.client.pool();
      CHECK(pool.bytes == pages * 4096ull);
      CHECK(pool.slot_size % 4096 == 0);
      const uint64_t length = pages < 16 ? 256 * KiB + bay.block() : 1 * MiB + 9 * bay.block();
      CHECK(bay.client.copy(bay.from(4096, length), bay.all(8192, length), KCOPYD_VERIFY).wait().list() == Lines{});
      CHECK(bay.client.pool().peak <= pool.slots);
      for (const unsigned i : {0u, 1u}) CHECK(bay.wrong(i, bay.copied(i, 4096, 8192, length)) == "");
    }
  });
}

TEST_CASE("K28 jobs that verify share a pool of one sub-job: what a later one gives back, an earlier one gets") {
  on_each_backend([](kcopyd_backend backend) {
    Bay bay({backend, Medium::file}, 4, 1 * MiB, {.pages = 16});
    std::vector<Job*> jobs;
    for (unsigned i = 0; i < 4; i++)
      jobs.push_back(&bay.client.copy(bay.from(0, 1 * MiB), {bay.to(i, 0, 1 * MiB)}, KCOPYD_VERIFY));
    for (Job* job : jobs) CHECK(job->wait().list() == Lines{});
    for (unsigned i = 0; i < 4; i++) CHECK(bay.wrong(i, bay.content) == "");
  });
}

TEST_CASE("K28 many jobs at once share a small pool to the end") {
  on_each({Medium::lab_file, Medium::loop512}, [](const Combo& combo) {
    Bay bay(combo, 2, 8 * MiB, {.pages = 512});
    bay.dests[1].rule("delay w 500");
    std::vector<Job*> jobs;
    for (uint64_t i = 0; i < 64; i++) {
      const uint64_t at = i * 128 * KiB;
      jobs.push_back(&bay.client.copy(bay.from(at, 128 * KiB), bay.all(at, 128 * KiB)));
    }
    for (Job* job : jobs) CHECK(job->wait().list() == Lines{});
    for (const unsigned i : {0u, 1u}) CHECK(bay.wrong(i, bay.content) == "");
  });
}

TEST_CASE("K29 callbacks of one client never overlap, and submitting from one does not deadlock") {
  on_each_backend([](kcopyd_backend backend) {
    Bay bay({backend, Medium::file}, 1, 2 * MiB, {.pages = 16});
    constexpr int kChain = 200;
    std::atomic<int> left{kChain};
    std::atomic<int> ended{0};
    std::function<void()> next = [&] {
      ended++;
      const int n = left--;
      if (n > 0) {
        const uint64_t at = static_cast<uint64_t>(n % 16) * 128 * KiB;
        bay.client.copy(bay.from(at, 128 * KiB), {bay.to(0, at, 128 * KiB)}, 0, next);
      }
    };
    // Several chains, and jobs from another thread beside them.
    for (int i = 0; i < 4; i++) bay.client.zero({bay.to(0, 0, 4096)}, 0, next);
    std::thread other([&] {
      for (int i = 0; i < 50; i++)
        bay.client.copy(bay.from(0, 64 * KiB), {bay.to(0, 0, 64 * KiB)}, 0, [&] { usleep(100); });
    });
    other.join();
    while (ended < kChain + 4) usleep(1000);
    bay.client.destroy();  // checks that no callback overlapped another or ran on this thread
    CHECK(difference(bay.dests[0].bytes(1 * MiB, 1 * MiB), Bytes(bay.content.begin() + 1 * MiB, bay.content.end())) ==
          "");
  });
}

namespace {

// Never faster than asked. A busy machine may make it slower without limit. throttle_test.cc tests the rate itself, on
// a clock of its own.
void check_rate(Bay& bay, uint64_t asked, uint64_t bytes, const std::function<void()>& run) {
  kcopyd_client_throttle(bay.client.get(), asked);
  const auto start = Clock::now();
  run();
  CHECK(seconds_since(start) >= 0.95 * static_cast<double>(bytes) / static_cast<double>(asked));
}

}  // namespace

TEST_CASE("K29 threads that submit to one client at the same time, and two clients on the same devices") {
  if (lab_missing()) return;
  on_each_backend([](kcopyd_backend backend) {
    constexpr uint64_t kPiece = 64 * KiB;
    constexpr unsigned kThreads = 4, kJobs = 16;
    Bay bay({backend, Medium::loop512}, 2, kThreads * kJobs * kPiece, {.pages = 512});
    Client second({.backend = backend, .pages = 64});
    std::vector<std::thread> threads;
    for (unsigned t = 0; t < kThreads; t++)
      threads.emplace_back([&, t] {
        Client& client = t % 2 ? second : bay.client;
        for (unsigned j = 0; j < kJobs; j++) {
          const uint64_t at = (t * kJobs + j) * kPiece;
          client.copy(bay.from(at, kPiece), bay.all(at, kPiece), j % 3 ? 0 : KCOPYD_VERIFY);
        }
      });
    for (auto& thread : threads) thread.join();
    second.destroy();
    bay.client.destroy();
    for (const unsigned i : {0u, 1u}) CHECK(bay.wrong(i, bay.content) == "");
  });
}

TEST_CASE("K30 a throttle of B bytes a second: never faster than B") {
  on_each_backend([](kcopyd_backend backend) {
    constexpr uint64_t kRate = 40 * MiB, kLength = 48 * MiB;
    Bay bay({backend, Medium::file}, 2, kLength, {.bytes_per_second = kRate});
    check_rate(bay, kRate, kLength,
               [&] { CHECK(bay.client.copy(bay.from(0, kLength), bay.all(0, kLength)).wait().list() == Lines{}); });
  });
}

TEST_CASE("K30 the throttle holds over many small jobs, and can be lifted while one runs") {
  on_each_backend([](kcopyd_backend backend) {
    constexpr uint64_t kRate = 8 * MiB;
    Bay bay({backend, Medium::file}, 1, 32 * MiB, {.bytes_per_second = kRate});
    check_rate(bay, kRate, 8 * MiB, [&] {
      std::vector<Job*> jobs;
      for (uint64_t i = 0; i < 256; i++)
        jobs.push_back(&bay.client.copy(bay.from(i * 32 * KiB, 32 * KiB), {bay.to(0, i * 32 * KiB, 32 * KiB)}));
      for (Job* job : jobs) job->wait();
    });
    kcopyd_client_throttle(bay.client.get(), 16 * KiB);  // half an hour, which the watchdog calls hung
    Job& job = bay.client.copy(bay.from(0, 32 * MiB), {bay.to(0, 0, 32 * MiB)});
    wait_for([&] { return job.progress().dests[0].state == KCOPYD_COPYING; });
    kcopyd_client_throttle(bay.client.get(), 0);
    CHECK(job.wait().list() == Lines{});
    CHECK(bay.wrong(0, bay.content) == "");
  });
}

TEST_CASE("K30 idle time is not saved up") {
  on_each_backend([](kcopyd_backend backend) {
    Bay bay({backend, Medium::file}, 1, 1 * MiB, {.pages = 16, .bytes_per_second = 4 * MiB});
    bay.client.copy(bay.from(0, 256 * KiB), {bay.to(0, 0, 256 * KiB)}).wait();
    usleep(300'000);
    const auto start = Clock::now();
    bay.client.copy(bay.from(0, 1 * MiB), {bay.to(0, 0, 1 * MiB)}).wait();
    CHECK(seconds_since(start) >= 0.9 * 0.25);  // one sub-job of sixteen may go at once
  });
}

TEST_CASE("K30 a throttle does not delay a callback that has no I/O to wait for") {
  on_each_backend([](kcopyd_backend backend) {
    Bay bay({backend, Medium::file}, 1, 16 * MiB, {.bytes_per_second = 32 * KiB});
    Job& slow = bay.client.copy(bay.from(0, 3 * MiB), {bay.to(0, 0, 3 * MiB)});  // 32 seconds for each sub-job
    wait_for([&] { return slow.progress().dests[0].state == KCOPYD_COPYING; });
    Counted counted;
    void* handle = kcopyd_prepare_callback(bay.client.get(), count, &counted);
    kcopyd_do_callback(handle, 0, 0);
    wait_for([&] { return counted.calls == 1; });
    CHECK(slow.progress().bytes_read == 0);
    kcopyd_client_throttle(bay.client.get(), 0);
    slow.wait();
  });
}

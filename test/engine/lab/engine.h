// The engine's C API for tests: devices and clients that clean up, and jobs that can be waited for. Every job is
// checked for the promises that always hold (one callback, never two at a time, lists that agree with the masks),
// without a word in the test.
#pragma once

#include <doctest/doctest.h>
#include <kcopyd/kcopyd.h>

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#if defined(__SANITIZE_THREAD__)
// From ThreadSanitizer's library, which declares them in no header.
extern "C" void AnnotateIgnoreReadsBegin(const char* file, uintptr_t line);
extern "C" void AnnotateIgnoreReadsEnd(const char* file, uintptr_t line);
extern "C" void AnnotateIgnoreWritesBegin(const char* file, uintptr_t line);
extern "C" void AnnotateIgnoreWritesEnd(const char* file, uintptr_t line);
#endif

namespace test {

// While it lives, ThreadSanitizer ignores what this thread reads and writes: megabytes of the test's own that no other
// thread knows of, and that would take most of a run's time.
class Unwatched {
 public:
#if defined(__SANITIZE_THREAD__)
  Unwatched() {
    AnnotateIgnoreReadsBegin(__FILE__, __LINE__);
    AnnotateIgnoreWritesBegin(__FILE__, __LINE__);
  }
  ~Unwatched() {
    AnnotateIgnoreWritesEnd(__FILE__, __LINE__);
    AnnotateIgnoreReadsEnd(__FILE__, __LINE__);
  }
#else
  Unwatched() {}
  ~Unwatched() {}
#endif
  Unwatched(const Unwatched&) = delete;
  Unwatched& operator=(const Unwatched&) = delete;
};

constexpr uint64_t KiB = 1024, MiB = 1024 * KiB;

// Random tests run only part of their rounds under a sanitizer.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr int kSlow = 10;
#else
constexpr int kSlow = 1;
#endif

using Bytes = std::vector<unsigned char>;
using Lines = std::vector<std::string>;

// Bytes that say where they belong: no two 8-byte words of one seed are alike. Made once and kept until the test ends.
const Bytes& pattern(uint64_t size, uint64_t seed);
// Between two tests. Small patterns are kept: the next test often wants the same.
void forget_patterns();
// Where two buffers differ, in words; empty when they are equal.
std::string difference(const Bytes& got, const Bytes& want);

// Waits until the condition is true. If it never is, the watchdog of all tests (main.cc) says so.
void wait_for(const std::function<bool()>& condition);

// The I/O backends that this machine allows. Says SKIP for one that it refuses.
const std::vector<kcopyd_backend>& backends();
const char* name(kcopyd_backend backend);

// An open block device or file.
class Device {
 public:
  // Fails the test when the engine refuses to open it.
  Device(const std::string& path, unsigned flags);
  ~Device() { close(); }
  Device(Device&& other) noexcept : bdev_(other.bdev_) { other.bdev_ = nullptr; }
  Device(const Device&) = delete;
  Device& operator=(const Device&) = delete;
  Device& operator=(Device&&) = delete;

  void close();
  struct kcopyd_device_info info() const;
  // A region in bytes (multiples of 512).
  io_region at(uint64_t offset, uint64_t length) const;

 private:
  block_device* bdev_ = nullptr;
};

// What a job's callback got, and what the job's handle says after it.
struct Outcome {
  int read_err = 0;
  unsigned write_err = 0;
  std::vector<kcopyd_error> errors;
  kcopyd_progress progress{};

  // The error list as lines: "write 1 EIO medium 4096+512", "flush 0 EIO medium", "verify 2 mismatch 0+1048576".
  Lines list() const;
  // The lines of one destination, or of the source (-1).
  Lines list(int destination) const;
};

class Client;

// How many jobs of all tests in this process have been waited for to their end: a test whose jobs end does not hang.
// Any thread.
inline std::atomic<uint64_t> ended_jobs{0};

// An accepted job. Its client owns it.
class Job {
 public:
  // Waits for the callback.
  const Outcome& wait();
  bool done() const { return calls_.load() != 0; }
  // How many callbacks of this client had returned when this job's began.
  unsigned order() const { return order_; }
  kcopyd_progress progress() const;
  std::vector<kcopyd_error> errors() const;
  void cancel() { kcopyd_job_cancel(handle_); }
  kcopyd_job* get() const { return handle_; }

 private:
  friend class Client;
  void check() const;

  Client* client_ = nullptr;
  kcopyd_job* handle_ = nullptr;
  bool gathered_ = false;
  unsigned flags_ = 0;
  kcopyd_op op_ = KCOPYD_COPY;
  bool whole_ = true;  // every destination is written from end to end
  std::vector<io_region> dests_;
  std::function<void()> in_callback_;
  std::atomic<int> calls_{0};
  unsigned order_ = 0;
  Outcome outcome_;
};

struct ClientOptions {
  kcopyd_backend backend = KCOPYD_IO_AUTO;
  unsigned pages = 2048;
  bool strict = false;
  uint64_t bytes_per_second = 0;
  size_t subjob_size = 0;
};

// A kcopyd client. Its end checks what must hold for every client and each of its jobs.
class Client {
 public:
  explicit Client(const ClientOptions& options);
  explicit Client(kcopyd_backend backend) : Client(ClientOptions{.backend = backend}) {}
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // Submits a job; fails the test when it is refused. `in_callback` runs on the worker, inside the callback.
  Job& copy(const io_region& from, const std::vector<io_region>& dests, unsigned flags = 0,
            std::function<void()> in_callback = {});
  Job& zero(const std::vector<io_region>& dests, unsigned flags = 0, std::function<void()> in_callback = {});
  Job& compare(const io_region& from, const std::vector<io_region>& dests, unsigned flags = 0);
  // Submits a request with any of its fields; fn and context are the client's own.
  Job& submit(kcopyd_request request, std::function<void()> in_callback = {});
  // Submits what should be refused and gives the engine's answer. A callback of it fails the test.
  int refuse(kcopyd_op op, const io_region* from, const std::vector<io_region>& dests, unsigned flags = 0);

  kcopyd_pool_stats pool() const;
  // Bytes of one sub-job.
  uint64_t subjob() const { return pool().slot_size; }
  kcopyd_client* get() const { return client_; }
  // Destroys the client now and checks it.
  void destroy();

 private:
  friend class Job;
  static void notify(int read_err, unsigned write_err, void* context);

  kcopyd_client* client_ = nullptr;
  unsigned pages_;
  bool strict_;
  std::thread::id creator_ = std::this_thread::get_id();
  std::mutex mutex_;  // jobs_, and the outcome of each
  std::condition_variable fired_;
  std::deque<std::unique_ptr<Job>> jobs_;
  std::atomic<bool> in_callback_{false};
  std::atomic<unsigned> callbacks_{0}, overlaps_{0}, on_creator_{0};
};

}  // namespace test

// Prints what a failed check of two lists saw.
template <>
struct doctest::StringMaker<test::Lines> {
  static doctest::String convert(const test::Lines& lines) {
    std::string all = "{";
    for (const auto& line : lines) all += (all.size() > 1 ? ", " : "") + line;
    return (all + "}").c_str();
  }
};

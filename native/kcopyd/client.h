// A kcopyd client: a page pool, a backend, and the worker thread that drives both.
#pragma once

#include <condition_variable>
#include <deque>
#include <future>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "block_io.h"
#include "control/throttle.h"
#include "job/job.h"
#include "pool.h"

namespace kcopyd {

// Wakes the worker. Outlives the client, because a job's handle may.
class Alarm {
 public:
  // Sets what is woken from now on; nullptr for nobody.
  void set(BlockIo* io) {
    const std::lock_guard lock(mutex_);
    io_ = io;
  }
  void ring() {
    const std::lock_guard lock(mutex_);
    if (io_ != nullptr) io_->wake();
  }

 private:
  std::mutex mutex_;
  BlockIo* io_ = nullptr;
};

class Client : public std::enable_shared_from_this<Client> {
 public:
  // Throws std::system_error: no memory, or the backend asked for is refused.
  static std::shared_ptr<Client> open(const kcopyd_client_options& options, kcopyd_backend backend);
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;
  ~Client() = default;
  // Waits for every job and every prepared callback, then ends the worker. A worker with I/O that the kernel does not
  // give back ends when that comes back. Do not call this on the worker.
  void close();

  kcopyd_backend backend() const { return backend_; }
  Pool& pool() { return pool_; }
  const Pool& pool() const { return pool_; }
  void throttle(uint64_t bytes_per_second);

  // Takes a job, which counts until its callback has returned.
  void submit(std::shared_ptr<Job> job);
  // Makes the worker look again, for example when a job was cancelled.
  std::shared_ptr<Alarm> alarm() const { return alarm_; }

  // Counts a callback that will be fired later as a job from now on.
  void prepare();
  struct Fired {
    kcopyd_notify_fn fn;
    void* context;
    int read_error;
    unsigned write_error;
  };
  void fire(const Fired& callback);

 private:
  Client(const kcopyd_client_options& options, kcopyd_backend backend);
  void work(std::promise<kcopyd_backend> opened);
  void loop(Round& round);
  bool take_inbox(Round& round);
  void pump(Round& round);
  void take_results(Round& round, const std::vector<IoRequest*>& done);
  bool call_back(Round& round);
  void leave();

  Pool pool_;
  Throttle throttle_;
  const bool strict_;
  const std::shared_ptr<Alarm> alarm_ = std::make_shared<Alarm>();
  kcopyd_backend backend_ = KCOPYD_IO_AUTO;

  std::mutex mutex_;
  std::condition_variable idle_;
  std::vector<std::shared_ptr<Job>> inbox_;
  std::deque<Fired> fired_;
  size_t live_ = 0;  // jobs and prepared callbacks that have not called back
  bool stopping_ = false;
  enum class Worker : uint8_t { works, lingers, left } worker_state_ = Worker::works;

  // Worker only.
  std::vector<std::shared_ptr<Job>> jobs_;       // in order of submission
  std::vector<std::shared_ptr<Job>> lingering_;  // called back, but the kernel still holds I/O of theirs
  std::thread worker_;
};

}  // namespace kcopyd

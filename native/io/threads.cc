// BlockIo on a thread pool: one blocking system call per thread, for kernels and containers without io_uring.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <utility>

#include "backends.h"

namespace kcopyd {
namespace {

// A device that does not answer keeps the threads that wait for it. There must be enough for all that a job can have in
// flight (sub-jobs, and a flush of each destination and of the source), so that no device starves another.
constexpr size_t kMaxThreads = size_t{KCOPYD_MAX_DESTS + 1} * (KCOPYD_MAX_SUBJOBS + 1);

int32_t perform(const IoRequest& request) {
  ssize_t result = 0;
  switch (request.op) {
    case IoOp::read:
      result = pread(request.fd, request.buffer, request.length, static_cast<off_t>(request.offset));
      break;
    case IoOp::write:
      result = pwrite(request.fd, request.buffer, request.length, static_cast<off_t>(request.offset));
      break;
    case IoOp::flush:
      result = fdatasync(request.fd);
      break;
    case IoOp::zero:
      result = fallocate(request.fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, static_cast<off_t>(request.offset),
                         static_cast<off_t>(request.length));
      break;
    case IoOp::copy: {
      auto from = static_cast<off_t>(request.from_offset);
      auto to = static_cast<off_t>(request.offset);
      result = copy_file_range(request.from, &from, request.fd, &to, request.length, 0);
      break;
    }
  }
  return static_cast<int32_t>(result < 0 ? -errno : result);
}

class ThreadsIo final : public BlockIo {
 public:
  // Make the first thread here, where failure can be reported. Without more threads the requests wait for it.
  explicit ThreadsIo(std::function<void()> finished) : hook_(std::move(finished)) {
    threads_.emplace_back([this] { serve(); });
  }
  ~ThreadsIo() override {
    {
      std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    work_.notify_all();
    for (std::thread& thread : threads_) thread.join();
  }

  kcopyd_backend kind() const override { return KCOPYD_IO_THREADS; }
  void attach(int) override {}
  void detach(int) override {}

  void submit(IoRequest& request) override {
    std::unique_lock lock(mutex_);
    queue_.push_back(&request);
    if (queue_.size() > idle_ && threads_.size() < kMaxThreads) {
      lock.unlock();
      try {
        threads_.emplace_back([this] { serve(); });
      } catch (const std::system_error&) {
        // No more threads can be had (EAGAIN). The existing ones do it, one request after the other.
      }
    } else {
      lock.unlock();
    }
    work_.notify_one();
  }

  void kick() override {}

  void wait(std::vector<IoRequest*>& done, std::optional<std::chrono::steady_clock::time_point> deadline) override {
    std::unique_lock lock(mutex_);
    auto ready = [this] { return woken_ || !done_.empty(); };
    if (deadline) {
      finished_.wait_until(lock, *deadline, ready);
    } else {
      finished_.wait(lock, ready);
    }
    woken_ = false;
    done.insert(done.end(), done_.begin(), done_.end());
    done_.clear();
  }

  void wake() noexcept override {
    {
      std::lock_guard lock(mutex_);
      woken_ = true;
    }
    finished_.notify_one();
  }

 private:
  // Runs on each thread of the pool.
  void serve() {
    std::unique_lock lock(mutex_);
    for (;;) {
      ++idle_;
      work_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
      --idle_;
      if (queue_.empty()) return;
      IoRequest* request = queue_.front();
      queue_.pop_front();
      lock.unlock();
      request->result = perform(*request);
      lock.lock();
      done_.push_back(request);
      finished_.notify_one();
      if (hook_) hook_();
    }
  }

  const std::function<void()> hook_;
  std::mutex mutex_;
  std::condition_variable work_;
  std::condition_variable finished_;
  std::deque<IoRequest*> queue_;
  std::vector<IoRequest*> done_;
  size_t idle_ = 0;
  bool woken_ = false;
  bool stopping_ = false;
  std::vector<std::thread> threads_;  // used by the worker only
};

}  // namespace

std::unique_ptr<BlockIo> open_threads(std::function<void()> finished) {
  return std::make_unique<ThreadsIo>(std::move(finished));
}

}  // namespace kcopyd

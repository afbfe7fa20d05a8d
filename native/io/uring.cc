// BlockIo on io_uring: registered buffers and files, completions reaped by the one thread that submits.
#include "backends.h"

#include <system_error>

#ifdef KCOPYD_HAVE_URING

#include <fcntl.h>
#include <liburing.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <map>
#include <memory>
#include <mutex>

namespace kcopyd {
namespace {

constexpr unsigned kEntries = 512;
constexpr unsigned kFiles = 256;
// For each destination a flush and everything in flight, in case all of it waits.
constexpr unsigned kWorkers = KCOPYD_MAX_DESTS * (KCOPYD_MAX_SUBJOBS + 1);
constexpr size_t kMaxRegistered = size_t{1} << 30;  // the kernel's limit for one registered buffer

// Owns an eventfd.
class EventFd {
 public:
  EventFd() : fd_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    if (fd_ < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
  }
  EventFd(const EventFd&) = delete;
  EventFd& operator=(const EventFd&) = delete;
  ~EventFd() { close(fd_); }
  int get() const { return fd_; }
  void signal() const noexcept {
    const uint64_t one = 1;
    // This fails only when the counter is full, and then the waiter wakes up anyway.
    [[maybe_unused]] const ssize_t written = write(fd_, &one, sizeof one);
  }
  void drain() const {
    uint64_t count = 0;
    [[maybe_unused]] const ssize_t got = read(fd_, &count, sizeof count);
  }

 private:
  int fd_;
};

// Owns a ring. Asks for the cheapest completion mode that this kernel has: DEFER_TASKRUN is Linux 6.1, COOP_TASKRUN
// 5.19 (io_uring_setup(2)).
class Ring {
 public:
  Ring() {
    const std::lock_guard lock(mapping());
    constexpr std::array<unsigned, 3> modes = {IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN,
                                               IORING_SETUP_COOP_TASKRUN, 0};
    int result = -EINVAL;
    for (const unsigned flags : modes) {
      result = io_uring_queue_init(kEntries, &ring_, flags);
      if (result != -EINVAL) break;
    }
    if (result < 0) throw std::system_error(-result, std::generic_category(), "io_uring_setup");
  }
  Ring(const Ring&) = delete;
  Ring& operator=(const Ring&) = delete;
  ~Ring() {
    const std::lock_guard lock(mapping());
    io_uring_queue_exit(&ring_);
  }
  io_uring* get() { return &ring_; }

 private:
  // liburing maps and unmaps memory by system calls of its own, which a sanitizer does not see. A lingering worker may
  // end a ring at any time, and the next ring can lie at the same address. This lock shows their order.
  static std::mutex& mapping() {
    static std::mutex mutex;
    return mutex;
  }

  io_uring ring_{};
};

class UringIo final : public BlockIo {
 public:
  explicit UringIo(std::span<std::byte> pool) : pool_(pool) {
    require_operations();
    // Without the right to lock so much memory (RLIMIT_MEMLOCK), plain reads and writes do the same, more slowly.
    if (pool_.size() <= kMaxRegistered) {
      const iovec all{pool_.data(), pool_.size()};
      fixed_buffers_ = io_uring_register_buffers(ring_.get(), &all, 1) == 0;
    }
    // I/O that waits in the kernel (a flush, the page cache) uses a kernel thread. A ring gets four for each processor,
    // which is too few for a hub full of drives that do not answer. Before Linux 5.15 this cannot be changed.
    unsigned workers[2] = {kWorkers, 0};  // for files and disks; the other kind stays as it is
    io_uring_register_iowq_max_workers(ring_.get(), workers);
    fixed_files_ = io_uring_register_files_sparse(ring_.get(), kFiles) == 0;
    for (unsigned i = 0; fixed_files_ && i < kFiles; ++i) free_indexes_.push_back(static_cast<int>(kFiles - 1 - i));
    arm_wake();
    kick();
  }

  ~UringIo() override {
    // Exiting the ring lets go of files and pages in the background. Unregistering does it now, so that an exclusive
    // open of the device right after this does not get EBUSY.
    if (fixed_files_) io_uring_unregister_files(ring_.get());
    if (fixed_buffers_) io_uring_unregister_buffers(ring_.get());
  }

  kcopyd_backend kind() const override { return KCOPYD_IO_URING; }

  void attach(int fd) override {
    if (!fixed_files_) return;
    auto [it, fresh] = files_.try_emplace(fd, File{-1, 0});
    ++it->second.users;
    if (!fresh || free_indexes_.empty()) return;
    if (io_uring_register_files_update(ring_.get(), static_cast<unsigned>(free_indexes_.back()), &fd, 1) != 1) return;
    it->second.index = free_indexes_.back();
    free_indexes_.pop_back();
  }

  void detach(int fd) override {
    const auto it = files_.find(fd);
    if (it == files_.end() || --it->second.users > 0) return;
    if (it->second.index >= 0) {
      const int none = -1;
      io_uring_register_files_update(ring_.get(), static_cast<unsigned>(it->second.index), &none, 1);
      free_indexes_.push_back(it->second.index);
    }
    files_.erase(it);
  }

  void submit(IoRequest& request) override {
    if ((request.op == IoOp::copy || request.waits) && call(request)) return;
    if (request.op == IoOp::copy) {
      // A refusal, as from a file system that cannot do it.
      request.result = -EOPNOTSUPP;
      refused_.push_back(&request);
      wake_.signal();
      return;
    }
    io_uring_sqe* sqe = next_sqe();
    const auto file = files_.find(request.fd);
    const bool fixed_file = file != files_.end() && file->second.index >= 0;
    const int fd = fixed_file ? file->second.index : request.fd;
    switch (request.op) {
      case IoOp::read:
        if (fixed_buffers_) {
          io_uring_prep_read_fixed(sqe, fd, request.buffer, request.length, request.offset, 0);
        } else {
          io_uring_prep_read(sqe, fd, request.buffer, request.length, request.offset);
        }
        break;
      case IoOp::write:
        if (fixed_buffers_) {
          io_uring_prep_write_fixed(sqe, fd, request.buffer, request.length, request.offset, 0);
        } else {
          io_uring_prep_write(sqe, fd, request.buffer, request.length, request.offset);
        }
        break;
      case IoOp::flush:
        io_uring_prep_fsync(sqe, fd, IORING_FSYNC_DATASYNC);
        break;
      case IoOp::zero:
        // As old as reading (5.6). A kernel without it says EINVAL, which counts as a refusal.
        io_uring_prep_fallocate(sqe, fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, request.offset, request.length);
        break;
      case IoOp::copy:  // not by the ring
        break;
    }
    if (fixed_file) io_uring_sqe_set_flags(sqe, IOSQE_FIXED_FILE);
    io_uring_sqe_set_data(sqe, &request);
  }

  void kick() override { check(io_uring_submit(ring_.get()), "io_uring_submit"); }

  void wait(std::vector<IoRequest*>& done, std::optional<std::chrono::steady_clock::time_point> deadline) override {
    io_uring_cqe* first = nullptr;
    if (deadline) {
      const auto left = std::max(*deadline - std::chrono::steady_clock::now(), std::chrono::steady_clock::duration{0});
      const auto ns = std::chrono::duration_cast<std::chrono::nanoseconds>(left).count();
      __kernel_timespec ts{ns / 1'000'000'000, ns % 1'000'000'000};
      check(io_uring_submit_and_wait_timeout(ring_.get(), &first, 1, &ts, nullptr), "io_uring_wait");
    } else {
      check(io_uring_submit_and_wait(ring_.get(), 1), "io_uring_wait");
    }
    unsigned head = 0;
    unsigned seen = 0;
    io_uring_cqe* cqe = nullptr;
    bool woken = false;
    io_uring_for_each_cqe(ring_.get(), head, cqe) {
      ++seen;
      auto* request = static_cast<IoRequest*>(io_uring_cqe_get_data(cqe));
      if (request == nullptr) {
        woken = true;
      } else {
        request->result = cqe->res;
        done.push_back(request);
      }
    }
    io_uring_cq_advance(ring_.get(), seen);
    if (woken) {
      wake_.drain();
      arm_wake();
      if (calls_) calls_->wait(done, std::chrono::steady_clock::now());  // only looks, does not wait
      done.insert(done.end(), refused_.begin(), refused_.end());
      refused_.clear();
    }
  }

  void wake() noexcept override { wake_.signal(); }

 private:
  struct File {
    int index;  // in the ring's table, -1 when the table is full
    unsigned users;
  };

  // For operations that the ring does not have, and those that would hold up the worker. False when there is no thread
  // to be had (EAGAIN).
  bool call(IoRequest& request) {
    try {
      if (!calls_) calls_ = open_threads([this] { wake_.signal(); });
    } catch (const std::system_error&) {
      return false;
    }
    calls_->submit(request);
    return true;
  }

  // A kernel may have the ring but not the operations (5.1 to 5.5).
  void require_operations() {
    const std::unique_ptr<io_uring_probe, decltype(&io_uring_free_probe)> probe(io_uring_get_probe_ring(ring_.get()),
                                                                                &io_uring_free_probe);
    for (const int op : {IORING_OP_READ, IORING_OP_WRITE, IORING_OP_READ_FIXED, IORING_OP_WRITE_FIXED, IORING_OP_FSYNC,
                         IORING_OP_POLL_ADD}) {
      if (!probe || !io_uring_opcode_supported(probe.get(), op)) {
        throw std::system_error(ENOSYS, std::generic_category(), "io_uring");
      }
    }
  }

  io_uring_sqe* next_sqe() {
    io_uring_sqe* sqe = io_uring_get_sqe(ring_.get());
    while (sqe == nullptr) {
      kick();
      sqe = io_uring_get_sqe(ring_.get());
    }
    return sqe;
  }

  void arm_wake() {
    io_uring_sqe* sqe = next_sqe();
    io_uring_prep_poll_add(sqe, wake_.get(), POLLIN);
    io_uring_sqe_set_data(sqe, nullptr);
  }

  // EINTR, EAGAIN and EBUSY mean "reap first", ETIME is the deadline. The caller's loop handles both.
  static void check(int result, const char* what) {
    if (result >= 0 || result == -EINTR || result == -EAGAIN || result == -EBUSY || result == -ETIME) return;
    throw std::system_error(-result, std::generic_category(), what);
  }

  std::span<std::byte> pool_;
  EventFd wake_;
  Ring ring_;
  bool fixed_buffers_ = false;
  bool fixed_files_ = false;
  std::map<int, File> files_;
  std::vector<int> free_indexes_;
  std::vector<IoRequest*> refused_;
  std::unique_ptr<BlockIo>
      calls_;  // for what the ring cannot do; destroyed first, so that its threads end before everything else here
};

}  // namespace

std::unique_ptr<BlockIo> open_uring(std::span<std::byte> pool) { return std::make_unique<UringIo>(pool); }

}  // namespace kcopyd

#else

namespace kcopyd {

std::unique_ptr<BlockIo> open_uring(std::span<std::byte>) {
  throw std::system_error(ENOSYS, std::generic_category(), "built without liburing");
}

}  // namespace kcopyd

#endif

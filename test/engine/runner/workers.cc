#include "workers.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <new>
#include <system_error>

namespace test {

namespace {

[[noreturn]] void fail(const char* what) { throw std::system_error(errno, std::generic_category(), what); }

class Descriptor {
 public:
  explicit Descriptor(int fd, const char* what) : fd_(fd) {
    if (fd < 0) fail(what);
  }
  ~Descriptor() { close(fd_); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

// Marks the end of what a piece of work has printed.
constexpr char kEnd = '\0';
constexpr unsigned kMostProcesses = 64;

// What the processes share.
struct Shared {
  std::atomic<size_t> next{0};
  std::atomic<size_t> at[kMostProcesses] = {};  // the piece that a process works on

  static std::unique_ptr<Shared, void (*)(Shared*)> make() {
    void* const there = mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (there == MAP_FAILED) fail("mmap");
    return {new (there) Shared, [](Shared* shared) { munmap(shared, sizeof(Shared)); }};
  }
};

// A forked process, as its parent sees it.
class Worker {
 public:
  Worker(pid_t pid, int output)
      : pid_(pid), output_(output, "pipe"), alive_(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)), "pidfd_open") {
    fcntl(output, F_SETFL, O_NONBLOCK);
  }

  int output() const { return output_.get(); }
  int alive() const { return alive_.get(); }

  // Prints the output of whole pieces. Never waits.
  void print() {
    char buffer[65536];
    for (ssize_t n; (n = read(output(), buffer, sizeof buffer)) > 0;) held_.append(buffer, static_cast<size_t>(n));
    for (size_t end; (end = held_.find(kEnd)) != std::string::npos; held_.erase(0, end + 1))
      std::fwrite(held_.data(), 1, end, stdout);
    std::fflush(stdout);
  }
  // Gives the rest of the output of an ended process, and how it ended.
  int end() {
    print();
    std::fwrite(held_.data(), 1, held_.size(), stdout);
    held_.clear();
    int status = 0;
    while (waitpid(pid_, &status, 0) < 0)
      if (errno != EINTR) fail("waitpid");
    return status;
  }

 private:
  pid_t pid_;
  Descriptor output_;
  Descriptor alive_;
  std::string held_;
};

// The life of a process: never returns.
[[noreturn]] void live(Shared& shared, unsigned place, size_t count, const std::function<int(size_t)>& work) {
  int result = 0;
  for (size_t i; (i = shared.next++) < count;) {
    shared.at[place] = i;
    result |= work(i);
    std::putchar(kEnd);
    std::fflush(stdout);
  }
  shared.at[place] = count;
  std::exit(result);
}

std::unique_ptr<Worker> start(Shared& shared, unsigned place, size_t count, const std::function<int(size_t)>& work) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) fail("pipe2");
  std::fflush(stdout);
  const pid_t parent = getpid();
  const pid_t pid = fork();
  if (pid < 0) fail("fork");
  if (pid == 0) {
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent) std::_Exit(1);
    dup2(ends[1], STDOUT_FILENO);
    dup2(ends[1], STDERR_FILENO);
    live(shared, place, count, work);
  }
  close(ends[1]);
  return std::make_unique<Worker>(pid, ends[0]);
}

std::string ending(int status) {
  return WIFSIGNALED(status) ? "signal " + std::to_string(WTERMSIG(status))
                             : "exit code " + std::to_string(WEXITSTATUS(status));
}

}  // namespace

int in_workers(unsigned processes, const std::vector<std::string>& names, const std::function<int(size_t)>& work) {
  const auto shared = Shared::make();
  std::vector<std::unique_ptr<Worker>> workers;
  const auto begin = [&](unsigned place) { return start(*shared, place, names.size(), work); };
  for (unsigned i = 0; i < std::min(processes, kMostProcesses); i++) workers.push_back(begin(i));
  int result = 0;
  for (size_t left = workers.size(); left > 0;) {
    std::vector<pollfd> events;
    for (const auto& worker : workers) {
      events.push_back({worker ? worker->output() : -1, POLLIN, 0});
      events.push_back({worker ? worker->alive() : -1, POLLIN, 0});
    }
    if (poll(events.data(), events.size(), -1) < 0 && errno != EINTR) fail("poll");
    for (unsigned i = 0; i < workers.size(); i++) {
      if (!workers[i]) continue;
      if (events[2 * i].revents) workers[i]->print();
      if (!events[2 * i + 1].revents) continue;
      const int status = workers[i]->end();
      workers[i].reset();
      left--;
      if (status == 0) continue;
      result = 1;
      const size_t at = shared->at[i];
      if (at == names.size() && WIFEXITED(status)) continue;  // it has done and printed everything
      std::printf("FAIL %s (its process ended with %s)\n", at < names.size() ? names[at].c_str() : "at the end",
                  ending(status).c_str());
      if (shared->next < names.size()) {
        workers[i] = begin(i);
        left++;
      }
    }
  }
  return result;
}

}  // namespace test

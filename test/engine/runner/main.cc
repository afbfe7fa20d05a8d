// Runs the engine's tests: one line per test as it ends, and a watchdog that names a hanging test. Takes doctest's
// options, and --jobs=N: N processes share the tests, and each test's output stays whole.
#include <doctest/doctest.h>

#include <dirent.h>
#include <malloc.h>
#include <sys/resource.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cinttypes>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <mutex>
#include <sstream>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "../lab/disks.h"
#include "workers.h"

namespace {

// Names of the selected tests, in their order, when doctest only lists them.
std::vector<std::string> listed;

using Clock = std::chrono::steady_clock;

// Seconds that a test may take without ending a job before it counts as hung. Sanitizers are slow, hangs are forever.
constexpr auto kPatience = std::chrono::seconds(test::kSlow > 1 ? 240 : 120);

// Prints where each thread of this process sleeps. This tells a lost wake-up from a device that stalls.
void print_threads() {
  DIR* tasks = opendir("/proc/self/task");
  if (!tasks) return;
  while (const dirent* task = readdir(tasks)) {
    if (task->d_name[0] == '.') continue;
    const std::string at = std::string("/proc/self/task/") + task->d_name;
    std::string call;
    std::getline(std::ifstream(at + "/syscall"), call);
    std::string where;
    std::getline(std::ifstream(at + "/wchan"), where);
    std::printf("  thread %s: %s, syscall %s\n", task->d_name, where.c_str(), call.c_str());
  }
  closedir(tasks);
}

class Watchdog {
 public:
  Watchdog() : thread_([this] { watch(); }) {}
  ~Watchdog() {
    {
      std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    changed_.notify_all();
    thread_.join();
  }
  void start(std::string name) { set(std::move(name)); }
  void stop() { set(""); }

 private:
  void set(std::string name) {
    {
      std::lock_guard lock(mutex_);
      running_ = std::move(name);
      deadline_ = Clock::now() + kPatience;
      seen_ = test::ended_jobs;
    }
    changed_.notify_all();
  }

  void watch() {
    std::unique_lock lock(mutex_);
    while (!stopping_) {
      if (running_.empty()) {
        changed_.wait(lock);
      } else if (changed_.wait_until(lock, deadline_) == std::cv_status::timeout && !running_.empty() &&
                 Clock::now() >= deadline_) {
        if (const uint64_t ended = test::ended_jobs; ended != seen_) {
          seen_ = ended;
          deadline_ = Clock::now() + kPatience;
          continue;
        }
        std::printf("HUNG: %s\n", running_.c_str());
        print_threads();
        std::fflush(stdout);
        test::release_all_disks();  // otherwise the process could not even die
        _exit(3);
      }
    }
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::string running_;
  Clock::time_point deadline_;
  uint64_t seen_ = 0;  // test::ended_jobs when the deadline was last extended
  bool stopping_ = false;
  std::thread thread_;
};

// Processor seconds of this process and its ended children.
double processor_seconds() {
  double seconds = 0;
  for (const int who : {RUSAGE_SELF, RUSAGE_CHILDREN}) {
    rusage usage{};
    getrusage(who, &usage);
    for (const timeval& part : {usage.ru_utime, usage.ru_stime})
      seconds += static_cast<double>(part.tv_sec) + static_cast<double>(part.tv_usec) / 1e6;
  }
  return seconds;
}

// The most memory that this process has held since the last forget_peak(), in MiB. Sanitizers' own memory is part of
// it.
uint64_t peak_memory() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with("VmHWM:")) return std::strtoull(line.c_str() + sizeof "VmHWM:", nullptr, 10) >> 10;
  return 0;
}

void forget_peak() { std::ofstream("/proc/self/clear_refs") << "5"; }

// One line per test.
class Lines final : public doctest::IReporter {
 public:
  explicit Lines(const doctest::ContextOptions&) {}
  void test_case_start(const doctest::TestCaseData& test) override {
    test::current_test = test.m_name;
    started_ = Clock::now();
    spent_ = processor_seconds();
    forget_peak();
    watchdog_.start(test.m_name);
  }
  // Each run of a test's body is one combination of subcases and has the full patience.
  void test_case_reenter(const doctest::TestCaseData& test) override { watchdog_.start(test.m_name); }
  void test_case_end(const doctest::CurrentTestCaseStats& stats) override {
    watchdog_.stop();
    test::forget_patterns();
    const std::chrono::duration<double> took = Clock::now() - started_;
    std::printf("%-4s %s (%.2f s, processor %.2f s, memory %" PRIu64 " MiB)\n", stats.failure_flags ? "FAIL" : "ok",
                test::current_test.c_str(), took.count(), processor_seconds() - spent_, peak_memory());
    std::fflush(stdout);
  }
  void report_query(const doctest::QueryData& query) override {
    for (unsigned i = 0; i < query.num_data; i++) listed.emplace_back(query.data[i]->m_name);
  }
  void test_run_start() override {}
  void test_run_end(const doctest::TestRunStats&) override {}
  void test_case_exception(const doctest::TestCaseException&) override {}
  void subcase_start(const doctest::SubcaseSignature&) override {}
  void subcase_end() override {}
  void log_assert(const doctest::AssertData&) override {}
  void log_message(const doctest::MessageData&) override {}
  void test_case_skipped(const doctest::TestCaseData&) override {}

 private:
  Clock::time_point started_;
  double spent_ = 0;
  Watchdog watchdog_;
};

REGISTER_LISTENER("lines", 1, Lines);

// A run of doctest with the command line's options.
class Run {
 public:
  Run(int argc, const char* const* argv) : context_(argc, argv) {
    context_.setOption("no-version", true);
    context_.setOption("no-intro", true);
    context_.setOption("order-by", "name");
  }
  doctest::Context* operator->() { return &context_; }

 private:
  doctest::Context context_;
};

std::vector<std::string> names(int argc, char** argv) {
  std::vector<const char*> args(argv, argv + argc);
  args.push_back("--list-test-cases");  // no option that can be set
  std::ostringstream nobody;
  Run run(static_cast<int>(args.size()), args.data());
  run->setCout(&nobody);
  run->run();
  return std::move(listed);
}

// N of --jobs=N; 0 without it.
unsigned jobs(int argc, char** argv) {
  constexpr std::string_view option = "--jobs=";
  for (int i = 1; i < argc; i++)
    if (std::string_view(argv[i]).starts_with(option))
      return static_cast<unsigned>(std::strtoul(argv[i] + option.size(), nullptr, 10));
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  // Keep freed megabytes instead of having the kernel make each page again: they come and go by the hundred.
  mallopt(M_MMAP_THRESHOLD, 1 << 30);
  mallopt(M_TRIM_THRESHOLD, 1 << 30);
  const unsigned processes = jobs(argc, argv);
  if (processes == 0) return Run(argc, argv)->run();
  test::backends();  // asked once, and reported once when one is refused
  return test::in_workers(processes, names(argc, argv), [&](size_t i) {
    Run one(argc, argv);
    one->setOption("minimal", true);
    one->setOption("first", static_cast<int>(i + 1));
    one->setOption("last", static_cast<int>(i + 1));
    return one->run();
  });
}

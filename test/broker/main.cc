// Runs the broker's tests: one line per test as it ends. Takes doctest's options. A test that hangs is named and ends
// the run.
#include <doctest/doctest.h>
#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstring>
#include <string>

#include "support.h"

namespace {

// Seconds after which a test counts as hung. A busy machine needs minutes for a million messages.
constexpr unsigned kPatience = 900;

std::string running;

void hung(int) {
  constexpr char text[] = "HUNG: ";
  static_cast<void>(!write(STDOUT_FILENO, text, sizeof text - 1));
  static_cast<void>(!write(STDOUT_FILENO, running.data(), running.size()));
  static_cast<void>(!write(STDOUT_FILENO, "\n", 1));
  _exit(3);
}

using Clock = std::chrono::steady_clock;

class Lines final : public doctest::IReporter {
 public:
  explicit Lines(const doctest::ContextOptions&) {}
  void test_case_start(const doctest::TestCaseData& test) override {
    running = test.m_name;
    test::skip_reason.clear();
    started_ = Clock::now();
    alarm(kPatience);
  }
  void test_case_reenter(const doctest::TestCaseData&) override { alarm(kPatience); }
  void test_case_end(const doctest::CurrentTestCaseStats& stats) override {
    alarm(0);
    const std::chrono::duration<double> took = Clock::now() - started_;
    if (stats.failure_flags == 0 && !test::skip_reason.empty()) {
      std::printf("SKIP: %s: %s\n", running.c_str(), test::skip_reason.c_str());
    } else {
      std::printf("%-4s %s (%.2f s)\n", stats.failure_flags != 0 ? "FAIL" : "ok", running.c_str(), took.count());
    }
    std::fflush(stdout);
  }
  void report_query(const doctest::QueryData&) override {}
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
};

REGISTER_LISTENER("lines", 1, Lines);

}  // namespace

int main(int argc, char** argv) {
  if (argc == 2 && std::strcmp(argv[1], test::kAtTerminal) == 0) return test::at_terminal();
  signal(SIGALRM, hung);
  signal(SIGPIPE, SIG_IGN);
  doctest::Context context(argc, argv);
  context.setOption("no-version", true);
  context.setOption("no-intro", true);
  context.setOption("minimal", true);
  context.setOption("order-by", "name");
  return context.run();
}

// Attacks by other processes of the asking user.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "support.h"

using namespace test;

namespace {

// True when the call failed for lack of permission.
bool is_refusal(long result) { return result < 0 && (errno == EPERM || errno == EACCES); }

// The number of the first attack on a process that succeeds; 0 when none does.
int first_attack(pid_t pid) {
  return as_user(kUser, [&] {
    for (int number = 0; number <= 64; ++number) {
      if (!is_refusal(kill(pid, number))) return 100 + number;
    }
    if (!is_refusal(ptrace(PTRACE_ATTACH, pid, nullptr, nullptr))) return 1;
    if (!is_refusal(ptrace(PTRACE_SEIZE, pid, nullptr, nullptr))) return 2;
    const std::string process = "/proc/" + std::to_string(pid) + "/";
    int number = 3;
    for (const char* name :
         {"mem", "environ", "maps", "auxv", "syscall", "stack", "io", "pagemap", "fd", "map_files", "ns/mnt"}) {
      if (!is_refusal(open((process + name).c_str(), O_RDONLY))) return number;
      ++number;
    }
    char buffer[64];
    for (const char* name : {"exe", "cwd", "root", "fd/0"}) {
      if (!is_refusal(readlink((process + name).c_str(), buffer, sizeof buffer))) return number;
      ++number;
    }
    const int handle = static_cast<int>(syscall(SYS_pidfd_open, pid, 0));
    if (handle < 0) return number;
    if (!is_refusal(syscall(SYS_pidfd_getfd, handle, 0, 0))) return number + 1;
    if (!is_refusal(syscall(SYS_pidfd_send_signal, handle, SIGKILL, nullptr, 0))) return number + 2;
    return 0;
  });
}

}  // namespace

TEST_CASE("S1 the asking user can neither signal nor trace nor look into a session, and it goes on") {
  if (cannot_run()) return;
  const Loop disk;
  Session session({&disk});
  CHECK(first_attack(session.broker().pid()) == 0);
  CHECK(session.client().open(0, Access::kWrite).status == Status::kOk);
}

TEST_CASE("S1 signals of a terminal do not end a session") {
  if (cannot_run()) return;
  const Loop disk;
  Session session({&disk});
  for (const int number : {SIGHUP, SIGINT, SIGQUIT, SIGTSTP, SIGTTIN, SIGTTOU, SIGUSR1, SIGUSR2, SIGPIPE})
    REQUIRE(kill(session.broker().pid(), number) == 0);
  CHECK(session.client().open(0, Access::kWrite).status == Status::kOk);
}

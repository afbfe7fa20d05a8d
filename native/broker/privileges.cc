#include "privileges.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>

namespace platter::broker {
namespace {

void check(long result, const char* call) {
  if (result < 0) throw std::system_error(errno, std::generic_category(), call);
}

void set_capabilities(std::initializer_list<int> capabilities) {
  __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3> words{};
  for (const int number : capabilities) {
    words[CAP_TO_INDEX(number)].permitted |= CAP_TO_MASK(number);
    words[CAP_TO_INDEX(number)].effective |= CAP_TO_MASK(number);
  }
  check(syscall(SYS_capset, &header, words.data()), "capset");
}

}  // namespace

void shut_out() {
  // Without this a device could become descriptor 2, and an error message would be written to it.
  for (int fd = 0; fd <= 2; ++fd) {
    if (fcntl(fd, F_GETFD) < 0) check(open("/dev/null", O_RDWR), "/dev/null");
  }
  check(syscall(SYS_close_range, 3U, ~0U, 0U), "close_range");
  const struct rlimit none {};
  check(setrlimit(RLIMIT_CORE, &none), "setrlimit");
  check(prctl(PR_SET_DUMPABLE, 0, 0, 0, 0), "PR_SET_DUMPABLE");
}

void keep_capabilities(std::initializer_list<int> capabilities) {
  const auto keeps = [&](int number) {
    return std::find(capabilities.begin(), capabilities.end(), number) != capabilities.end();
  };
  for (int number = 0; prctl(PR_CAPBSET_READ, number, 0, 0, 0) >= 0; ++number) {
    if (!keeps(number)) check(prctl(PR_CAPBSET_DROP, number, 0, 0, 0), "PR_CAPBSET_DROP");
  }
  check(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0), "PR_CAP_AMBIENT");
  set_capabilities(capabilities);
  check(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "PR_SET_NO_NEW_PRIVS");
  // The kernel resets this when IDs or capabilities change.
  check(prctl(PR_SET_DUMPABLE, 0, 0, 0, 0), "PR_SET_DUMPABLE");
}

void keep_session_capabilities() { keep_capabilities({CAP_DAC_READ_SEARCH, CAP_DAC_OVERRIDE, CAP_SYS_ADMIN}); }

void drop_capabilities() {
  check(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0), "PR_CAP_AMBIENT");
  set_capabilities({});
}

void ignore_signals() {
  for (const int number : {SIGHUP, SIGINT, SIGQUIT, SIGPIPE, SIGTSTP, SIGTTIN, SIGTTOU, SIGUSR1, SIGUSR2}) {
    if (signal(number, SIG_IGN) == SIG_ERR) throw std::system_error(errno, std::generic_category(), "signal");
  }
}

}  // namespace platter::broker

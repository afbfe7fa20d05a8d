#include "serve.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <set>
#include <string_view>
#include <system_error>

#include "channel.h"
#include "descriptor.h"
#include "privileges.h"
#include "session.h"

extern char** environ;

namespace platter::broker {
namespace {

constexpr int kControl = 3;
// Limits the root processes that a user can start.
constexpr size_t kMostSessions = 16;
constexpr int kNotStarted = 127;
constexpr std::array kIgnored = {SIGPIPE, SIGUSR1, SIGUSR2};

void check(long result, const char* call) {
  if (result < 0) throw std::system_error(errno, std::generic_category(), call);
}

void set(const char* name, const std::string& value) { check(setenv(name, value.c_str(), 1), "setenv"); }

// Removes sudo's variables and the dynamic linker's.
void clean_environment() {
  std::vector<std::string> names;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    if (text.starts_with("SUDO_") || text.starts_with("LD_")) names.emplace_back(text.substr(0, text.find('=')));
  }
  for (const std::string& name : names) check(unsetenv(name.c_str()), "unsetenv");
}

// Becomes the user for good, with no capability left.
void become(const Command& command) {
  errno = 0;
  const struct passwd* account = getpwuid(command.uid);
  const std::string home = account != nullptr ? account->pw_dir : command.home;
  if (account != nullptr) {
    set("USER", account->pw_name);
    set("LOGNAME", account->pw_name);
    check(initgroups(account->pw_name, command.gid), "initgroups");
  } else {
    check(unsetenv("USER"), "unsetenv");
    check(unsetenv("LOGNAME"), "unsetenv");
    check(setgroups(1, &command.gid), "setgroups");
  }
  set("HOME", home.empty() ? "/" : home);
  check(setresgid(command.gid, command.gid, command.gid), "setresgid");
  check(setresuid(command.uid, command.uid, command.uid), "setresuid");
  drop_capabilities();
}

[[noreturn]] void execute(const Command& command, int control) {
  try {
    clean_environment();
    check(setsid(), "setsid");
    become(command);
    set("PLATTER_BROKER_FD", std::to_string(kControl));
    if (control == kControl) {
      check(fcntl(control, F_SETFD, 0), "fcntl");
    } else {
      check(dup2(control, kControl), "dup2");
    }
    execvp(command.arguments[0], command.arguments);
    throw std::system_error(errno, std::generic_category(), command.arguments[0]);
  } catch (const std::system_error& error) {
    std::fprintf(stderr, "platter-broker: %s\n", error.what());
  }
  _exit(kNotStarted);
}

[[noreturn]] void hold_session(const Descriptor& socket) {
  int code = 1;
  try {
    ignore_signals();
    sigset_t none;
    sigemptyset(&none);
    check(sigprocmask(SIG_SETMASK, &none, nullptr), "sigprocmask");
    keep_session_capabilities();
    Session(socket.get(), std::nullopt).run();
    code = 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "platter-broker: %s\n", error.what());
  }
  _exit(code);
}

class Server {
 public:
  Server(const Command& command, pid_t pid, Descriptor control, Descriptor signals)
      : command_(command), pid_(pid), control_(std::move(control)), signals_(std::move(signals)) {}

  int run() {
    while (pid_ > 0 || !sessions_.empty()) {
      // poll() ignores the entry once the control socket is closed (-1).
      std::array<struct pollfd, 2> wanted = {{{.fd = signals_.get(), .events = POLLIN, .revents = 0},
                                              {.fd = control_.get(), .events = POLLIN, .revents = 0}}};
      if (poll(wanted.data(), wanted.size(), -1) < 0 && errno != EINTR) check(-1, "poll");
      if (wanted[0].revents != 0) take_signal();
      if (wanted[1].revents != 0) take_session();
    }
    return code_;
  }

 private:
  void take_signal() {
    struct signalfd_siginfo info {};
    if (read(signals_.get(), &info, sizeof info) != sizeof info) return;
    if (info.ssi_signo == SIGCHLD) {
      reap();
    } else if (info.ssi_signo == SIGTSTP) {
      stop();
    } else if (pid_ > 0) {
      // The terminal signals a whole process group. Other senders mean the command alone.
      kill(info.ssi_code == SI_KERNEL ? -pid_ : pid_, static_cast<int>(info.ssi_signo));
    }
  }

  // Stops the command and then this process, until somebody continues it. SIGSTOP, because SIGTSTP does not stop a
  // process group without a parent in its session, such as the command's.
  void stop() {
    if (pid_ > 0) kill(-pid_, SIGSTOP);
    sigset_t stopping;
    sigemptyset(&stopping);
    sigaddset(&stopping, SIGTSTP);
    check(raise(SIGTSTP), "raise");
    check(sigprocmask(SIG_UNBLOCK, &stopping, nullptr), "sigprocmask");
    check(sigprocmask(SIG_BLOCK, &stopping, nullptr), "sigprocmask");
    if (pid_ > 0) kill(-pid_, SIGCONT);
  }

  void reap() {
    int status = 0;
    for (pid_t ended; (ended = waitpid(-1, &status, WNOHANG)) > 0;) {
      sessions_.erase(ended);
      if (ended != pid_) continue;
      pid_ = -1;
      code_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    }
  }

  void take_session() {
    std::optional<Packet> packet = receive(control_.get());
    if (!packet) {
      control_.reset();
      return;
    }
    if (packet->length != 1 || packet->too_long || packet->too_many_descriptors || packet->descriptors.empty()) return;
    const Descriptor socket = std::move(packet->descriptors.front());
    if (sessions_.size() >= kMostSessions || !is_packet_socket(socket.get()) || peer_uid(socket.get()) != command_.uid)
      return;
    const pid_t pid = fork();
    if (pid == 0) {
      control_.reset();
      signals_.reset();
      hold_session(socket);
    }
    if (pid > 0) sessions_.insert(pid);
  }

  const Command& command_;
  pid_t pid_;
  Descriptor control_;
  Descriptor signals_;
  std::set<pid_t> sessions_;
  int code_ = 0;
};

}  // namespace

int serve(const Command& command) {
  std::array<int, 2> ends{};
  check(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()), "socketpair");
  Descriptor ours(ends[0]);
  Descriptor theirs(ends[1]);
  sigset_t taken;
  sigset_t before;
  sigemptyset(&taken);
  for (const int number : {SIGCHLD, SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGWINCH}) sigaddset(&taken, number);
  // The other signals must not end this process before it ignores them, and the command must not inherit that.
  sigset_t held = taken;
  for (const int number : kIgnored) sigaddset(&held, number);
  check(sigprocmask(SIG_BLOCK, &held, &before), "sigprocmask");
  Descriptor signals(signalfd(-1, &taken, SFD_CLOEXEC));
  check(signals.get(), "signalfd");
  const pid_t pid = fork();
  check(pid, "fork");
  if (pid == 0) {
    check(sigprocmask(SIG_SETMASK, &before, nullptr), "sigprocmask");
    execute(command, theirs.get());
  }
  theirs.reset();
  for (const int number : kIgnored) check(signal(number, SIG_IGN) == SIG_ERR ? -1 : 0, "signal");
  check(clearenv(), "clearenv");
  check(chdir("/"), "chdir");
  umask(077);
  keep_capabilities({CAP_DAC_READ_SEARCH, CAP_DAC_OVERRIDE, CAP_SYS_ADMIN, CAP_KILL, CAP_SETPCAP});
  return Server(command, pid, std::move(ours), std::move(signals)).run();
}

}  // namespace platter::broker

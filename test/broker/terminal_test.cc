// `platter-broker --as` on a terminal: what the user's command can do to root's terminal, and what reaches the command.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "support.h"

using namespace test;

namespace {

constexpr int kHungUp = 9;
constexpr int kPatience = 60000;  // milliseconds

// Runs in the mini shell: the broker in a process group of its own, which is in the foreground.
[[noreturn]] void become_broker() {
  setpgid(0, 0);
  signal(SIGTTOU, SIG_IGN);
  tcsetpgrp(0, getpgrp());
  signal(SIGTTOU, SIG_DFL);
  setenv("ASAN_OPTIONS", "detect_leaks=0", 1);
  const std::string user = std::to_string(kUser) + ":" + std::to_string(kUser);
  const std::string self = std::filesystem::read_symlink("/proc/self/exe");
  execl(broker_path().c_str(), "platter-broker", "--as", user.c_str(), "--home", "/", "--", self.c_str(), kAtTerminal,
        nullptr);
  _exit(126);
}

// A shell with job control only. It says on the terminal when its job stops and how it ends, and continues it at once
// when it gets SIGUSR1.
[[noreturn]] void be_shell(const std::string& terminal) {
  setsid();
  // The first terminal that a session leader opens becomes its controlling terminal.
  const int fd = open(terminal.c_str(), O_RDWR);
  for (int number = 0; number <= 2; ++number) dup2(fd, number);
  signal(SIGTTOU, SIG_IGN);
  sigset_t taken;
  sigemptyset(&taken);
  sigaddset(&taken, SIGUSR1);
  sigprocmask(SIG_BLOCK, &taken, nullptr);
  const pid_t job = fork();
  if (job == 0) {
    sigprocmask(SIG_UNBLOCK, &taken, nullptr);
    become_broker();
  }
  dprintf(1, "broker %d\n", job);
  for (int status = 0; waitpid(job, &status, WUNTRACED) == job;) {
    if (!WIFSTOPPED(status)) {
      dprintf(1, "exit %d\n", WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
      break;
    }
    tcsetpgrp(0, getpgrp());
    dprintf(1, "stopped\n");
    int number = 0;
    sigwait(&taken, &number);
    tcsetpgrp(0, job);
    kill(-job, SIGCONT);
  }
  pause();
  _exit(0);
}

// A terminal with the mini shell on it.
class Terminal {
 public:
  Terminal() : master_(posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC)) {
    REQUIRE(master_.get() >= 0);
    REQUIRE(grantpt(master_.get()) == 0);
    REQUIRE(unlockpt(master_.get()) == 0);
    const std::string name = ptsname(master_.get());
    shell_ = fork();
    if (shell_ != 0) return;
    master_.reset();
    be_shell(name);
  }
  ~Terminal() {
    master_.reset();
    kill(shell_, SIGKILL);
    waitpid(shell_, nullptr, 0);
  }
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;

  void type(const std::string& keys) {
    REQUIRE(write(master_.get(), keys.data(), keys.size()) == static_cast<ssize_t>(keys.size()));
  }
  void resize() {
    const struct winsize size = {.ws_row = 33, .ws_col = 99, .ws_xpixel = 0, .ws_ypixel = 0};
    REQUIRE(ioctl(master_.get(), TIOCSWINSZ, &size) == 0);
  }
  void continue_job() { REQUIRE(kill(shell_, SIGUSR1) == 0); }
  void hang_up() { master_.reset(); }
  // Waits for a line that begins with `start`, after the lines that were already seen. Gives the rest of it.
  std::string line(const std::string& start) {
    for (;;) {
      const size_t end = screen_.find("\r\n");
      if (end != std::string::npos) {
        const std::string text = screen_.substr(0, end);
        screen_.erase(0, end + 2);
        if (text.starts_with(start)) return text.substr(start.size());
        continue;
      }
      struct pollfd wanted = {.fd = master_.get(), .events = POLLIN, .revents = 0};
      char buffer[4096];
      const ssize_t length = poll(&wanted, 1, kPatience) == 1 ? read(master_.get(), buffer, sizeof buffer) : -1;
      if (length <= 0) throw std::runtime_error("the terminal never showed \"" + start + "\"");
      screen_.append(buffer, static_cast<size_t>(length));
    }
  }

 private:
  Descriptor master_;
  pid_t shell_ = -1;
  std::string screen_;
};

// The state of a process: 'T' stopped, 'S' waiting; 0 when it has ended.
char state_of(pid_t pid) {
  std::ostringstream text;
  text << std::ifstream("/proc/" + std::to_string(pid) + "/stat").rdbuf();
  const size_t end = text.str().rfind(')');
  return end == std::string::npos ? '\0' : text.str().at(end + 2);
}

bool becomes(pid_t pid, char state) {
  for (int i = 0; i < kPatience && state_of(pid) != state; ++i) usleep(1000);
  return state_of(pid) == state;
}

void say(const char* what, long result) { std::printf("%s %s\n", what, result < 0 ? strerror(errno) : "succeeded"); }

const char* name_of(uint32_t number) {
  switch (number) {
    case SIGINT:
      return "SIGINT";
    case SIGQUIT:
      return "SIGQUIT";
    case SIGWINCH:
      return "SIGWINCH";
    case SIGCONT:
      return "SIGCONT";
    default:
      return "SIGHUP";
  }
}

}  // namespace

int test::at_terminal() {
  sigset_t taken;
  sigemptyset(&taken);
  for (const int number : {SIGINT, SIGQUIT, SIGWINCH, SIGCONT, SIGHUP}) sigaddset(&taken, number);
  sigprocmask(SIG_BLOCK, &taken, nullptr);
  const int signals = signalfd(-1, &taken, SFD_CLOEXEC);
  setvbuf(stdout, nullptr, _IOLBF, BUFSIZ);
  std::printf("command %d\n", getpid());
  char letter = 'x';
  struct termios keys {};
  tcgetattr(0, &keys);
  keys.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
  say("tcsetattr", tcsetattr(0, TCSANOW, &keys));
  say("TIOCSTI", ioctl(0, TIOCSTI, &letter));
  say("TIOCSCTTY", ioctl(0, TIOCSCTTY, 1));
  say("/dev/tty", open("/dev/tty", O_RDWR));
  say("ready", 0);
  for (;;) {
    struct pollfd wanted[2] = {{.fd = 0, .events = POLLIN, .revents = 0},
                               {.fd = signals, .events = POLLIN, .revents = 0}};
    if (poll(wanted, 2, -1) <= 0) return 1;
    if (wanted[1].revents != 0) {
      struct signalfd_siginfo info {};
      if (read(signals, &info, sizeof info) != sizeof info) return 1;
      if (info.ssi_signo == SIGHUP) return kHungUp;
      struct winsize size {};
      ioctl(0, TIOCGWINSZ, &size);
      std::printf("%s %d\n", name_of(info.ssi_signo), size.ws_col);
    } else if (read(0, &letter, 1) == 1) {
      std::printf("key %c\n", letter);
    }
  }
}

TEST_CASE("S1 a command of --as cannot type into root's terminal or take it over") {
  if (cannot_run()) return;
  Terminal terminal;
  // EIO: this kernel lets only CAP_SYS_ADMIN type into a terminal (dev.tty.legacy_tiocsti).
  const std::string typed = terminal.line("TIOCSTI ");
  const bool refused = typed == strerror(EPERM) || typed == strerror(EIO);
  CHECK_MESSAGE(refused, typed);
  CHECK(terminal.line("TIOCSCTTY ") == strerror(EPERM));
  CHECK(terminal.line("/dev/tty ") == strerror(ENXIO));
}

TEST_CASE("keys, Ctrl-C, Ctrl-\\ and a new size of the terminal reach the command of --as") {
  if (cannot_run()) return;
  Terminal terminal;
  terminal.line("ready");
  terminal.type("p");
  CHECK(terminal.line("key ") == "p");
  terminal.type("\x03");
  terminal.line("SIGINT");
  terminal.type("\x1c");
  terminal.line("SIGQUIT");
  terminal.resize();
  CHECK(terminal.line("SIGWINCH ") == "99");
}

TEST_CASE("Ctrl-Z stops the command of --as and its broker, and the shell continues both") {
  if (cannot_run()) return;
  Terminal terminal;
  const pid_t broker = std::stoi(terminal.line("broker "));
  const pid_t command = std::stoi(terminal.line("command "));
  terminal.line("ready");
  for (int i = 0; i < 2; ++i) {
    terminal.type("\x1a");
    terminal.line("stopped");
    CHECK(becomes(broker, 'T'));
    CHECK(becomes(command, 'T'));
    terminal.continue_job();
    terminal.line("SIGCONT");
    CHECK(state_of(broker) != 'T');
    terminal.type("p");
    CHECK(terminal.line("key ") == "p");
  }
}

TEST_CASE("a terminal that is closed ends the command of --as and then its broker") {
  if (cannot_run()) return;
  Terminal terminal;
  const pid_t broker = std::stoi(terminal.line("broker "));
  const pid_t command = std::stoi(terminal.line("command "));
  terminal.line("ready");
  terminal.hang_up();
  CHECK(becomes(command, '\0'));
  CHECK(becomes(broker, '\0'));
}

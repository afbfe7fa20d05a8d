// `platter-broker --as`: a user's command, and the sessions that it gets without authentication.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <sstream>

#include "broker/files.h"
#include "support.h"

using namespace test;

namespace {

// A server whose command waits until `end` is closed, and this test's copy of the command's control socket.
class Server {
 public:
  Server() {
    int ends[2];
    REQUIRE(pipe(ends) == 0);
    end_ = Descriptor(ends[1]);
    fcntl(ends[1], F_SETFD, FD_CLOEXEC);
    const Descriptor input(ends[0]);
    const std::string user = std::to_string(kUser) + ":" + std::to_string(kUser);
    broker_ = std::make_unique<Broker>(
        std::vector<std::string>{"--as", user, "--home", "/", "--", "/bin/sh", "-c", "read line; exit 7"},
        Environment{}, input.get());
  }
  Broker& broker() { return *broker_; }
  pid_t command() {
    while (command_ == 0) {
      std::ifstream file("/proc/" + std::to_string(broker_->pid()) + "/task/" + std::to_string(broker_->pid()) +
                         "/children");
      file >> command_;
      std::string name;
      std::getline(std::ifstream("/proc/" + std::to_string(command_) + "/comm"), name);
      if (name != "sh") command_ = 0;
      usleep(1000);
    }
    return command_;
  }
  // The command's control socket, as the command itself could pass it on.
  Descriptor control() {
    const int process = static_cast<int>(syscall(SYS_pidfd_open, command(), 0));
    const Descriptor handle(process);
    return Descriptor(static_cast<int>(syscall(SYS_pidfd_getfd, process, 3, 0)));
  }
  // A session on a socket that `uid` has made.
  Client session(uid_t uid = kUser) {
    std::pair<Descriptor, Descriptor> ends = socket_pair(uid);
    const Descriptor socket = control();
    const std::byte byte{};
    const int fd = ends.second.get();
    REQUIRE(send_packet(socket.get(), std::span(&byte, 1), std::span(&fd, 1)));
    return Client(std::move(ends.first));
  }
  void end_command() { end_.reset(); }

 private:
  Descriptor end_;
  std::unique_ptr<Broker> broker_;
  pid_t command_ = 0;
};

// The output of a command run by --as.
std::string output_of(const std::vector<std::string>& options, const Environment& environment,
                      const std::string& script) {
  const Folder folder;
  shell("chmod 777 " + folder.path());
  const std::string file = folder.path("output");
  std::vector<std::string> arguments = options;
  arguments.insert(arguments.end(), {"--", "/bin/sh", "-c", "{ " + script + "; } >" + file + " 2>&1"});
  Broker broker(arguments, environment);
  CHECK(broker.wait() == 0);
  std::ostringstream text;
  text << std::ifstream(file).rdbuf();
  return text.str();
}

const std::vector<std::string> kAsUser = {"--as", std::to_string(kUser) + ":" + std::to_string(kUser), "--home",
                                          "/nowhere"};

}  // namespace

TEST_CASE("--as runs the command with the user's ids and groups, and with no capability") {
  if (cannot_run()) return;
  const std::string text =
      output_of(kAsUser, {{"PATH", "/usr/bin:/bin"}},
                "grep -E '^(Uid|Gid|Groups|Cap(Inh|Prm|Eff|Amb)|NoNewPrivs):' /proc/self/status | tr '\\t' ' '");
  const std::string id = std::to_string(kUser);
  const std::string ids = id + " " + id + " " + id + " " + id + "\n";
  const std::string none = " 0000000000000000\n";
  CHECK(text == "Uid: " + ids + "Gid: " + ids + "Groups: " + id + " \nCapInh:" + none + "CapPrm:" + none +
                    "CapEff:" + none + "CapAmb:" + none + "NoNewPrivs: 0\n");
}

TEST_CASE("--as gives a user with an account that account's groups, name and home") {
  if (cannot_run()) return;
  const std::string text = output_of({"--as", "65534:65534", "--home", "/x"}, {{"PATH", "/usr/bin:/bin"}},
                                     "id -Gn; echo $USER $LOGNAME $HOME");
  std::string name;
  std::string home;
  std::ifstream accounts("/etc/passwd");
  for (std::string line; name.empty() && std::getline(accounts, line);) {
    const std::vector<std::string> fields = platter::broker::split(line, ':');
    if (fields.size() < 6 || fields[2] != "65534") continue;
    name = fields[0];
    home = fields[5];
  }
  if (name.empty()) {
    skip_reason = "no account has the number 65534";
    return;
  }
  CHECK(text.find(name + " " + name + " " + home + "\n") != std::string::npos);
}

TEST_CASE("--as removes the variables of sudo and the loader from the environment, and keeps the rest") {
  if (cannot_run()) return;
  const Environment environment = {{"PATH", "/usr/bin:/bin"}, {"SUDO_UID", "5"}, {"SUDO_COMMAND", "x"},
                                   {"LD_LIBRARY_PATH", "/x"}, {"LD_AUDIT", ""},  {"DISPLAY", ":7"},
                                   {"USER", "root"},          {"HOME", "/root"}};
  const std::string text = "\n" + output_of(kAsUser, environment, "env");
  for (const char* gone : {"\nSUDO_", "\nLD_", "\nUSER=", "/root"}) CHECK(text.find(gone) == std::string::npos);
  for (const char* kept : {"\nDISPLAY=:7\n", "\nHOME=/nowhere\n", "\nPLATTER_BROKER_FD=3\n"})
    CHECK(text.find(kept) != std::string::npos);
}

TEST_CASE("--as gives the command the control socket as descriptor 3 and no other descriptor") {
  if (cannot_run()) return;
  const Descriptor foreign(open("/dev/null", O_RDONLY));  // not closed by exec
  const std::string text = output_of(kAsUser, {{"PATH", "/usr/bin:/bin"}},
                                     "for fd in 3 4 5 6 7 8 9; do readlink /proc/$$/fd/$fd; done; true");
  CHECK(text.starts_with("socket:"));
  CHECK(text.find("null") == std::string::npos);
}

TEST_CASE("--as keeps the folder and the mask that it was started with") {
  if (cannot_run()) return;
  char folder[4096];
  REQUIRE(getcwd(folder, sizeof folder) != nullptr);
  const std::string text =
      output_of(kAsUser, {{"PATH", "/usr/bin:/bin"}}, "readlink /proc/$$/cwd; grep Umask /proc/self/status");
  CHECK(text.find(folder) != std::string::npos);
  CHECK(text.find("0077") == std::string::npos);
}

TEST_CASE("--as passes on the command's exit code, or the signal that ended it") {
  if (cannot_run()) return;
  for (const auto& [script, code] :
       std::initializer_list<std::pair<const char*, int>>{{"exit 0", 0}, {"exit 42", 42}, {"kill -9 $$", 128 + 9}}) {
    std::vector<std::string> arguments = kAsUser;
    arguments.insert(arguments.end(), {"--", "/bin/sh", "-c", script});
    Broker broker(arguments, {});
    CHECK(broker.wait() == code);
  }
  std::vector<std::string> arguments = kAsUser;
  arguments.insert(arguments.end(), {"--", "/nonexistent/program"});
  Broker broker(arguments, {});
  CHECK(broker.wait() == 127);
}

TEST_CASE("--as holds two sessions at once, which may name any device") {
  if (cannot_run()) return;
  const Loop one;
  const Loop two;
  Server server;
  Client first = server.session();
  Client second = server.session();
  CHECK(first.name({one.device(Access::kWrite)}).status == Status::kOk);
  CHECK(second.name({two.device(Access::kWrite)}).status == Status::kOk);
  const Answer opened = first.open(0, Access::kWrite);
  CHECK(opened.status == Status::kOk);
  CHECK(second.open(0, Access::kWrite).status == Status::kOk);
}

TEST_CASE("--as refuses a session whose socket another user has made, or that is no packet socket") {
  if (cannot_run()) return;
  const Loop disk;
  Server server;
  for (const uid_t uid : {kStranger, uid_t{0}}) {
    Client client = server.session(uid);
    CHECK(client.name({disk.device(Access::kWrite)}).closed);
  }
  const Descriptor control = server.control();
  const Descriptor null(open("/dev/null", O_RDWR | O_CLOEXEC));
  const std::byte bytes[2] = {};
  const int fd = null.get();
  CHECK(send_packet(control.get(), std::span(bytes, 1), std::span(&fd, 1)));
  CHECK(send_packet(control.get(), std::span(bytes, 2), std::span(&fd, 1)));
  CHECK(send_packet(control.get(), std::span(bytes, 1), {}));
  Client client = server.session();
  CHECK(client.name({disk.device(Access::kWrite)}).status == Status::kOk);
}

TEST_CASE("--as holds sixteen sessions at most, and another one when one has ended") {
  if (cannot_run()) return;
  const Loop disk;
  Server server;
  std::vector<Client> clients;
  for (int i = 0; i < 16; ++i) {
    clients.push_back(server.session());
    REQUIRE(clients.back().name({disk.device(Access::kWrite)}).status == Status::kOk);
  }
  CHECK(server.session().name({disk.device(Access::kWrite)}).closed);
  clients.pop_back();
  Answer answer{.closed = true};
  for (int i = 0; i < 1000 && answer.closed; ++i) answer = server.session().name({disk.device(Access::kWrite)});
  CHECK(answer.status == Status::kOk);
  CHECK(!answer.closed);
}

TEST_CASE("--as ends with the command's exit code when the command and the last session have ended") {
  if (cannot_run()) return;
  const Loop disk;
  Server server;
  Client client = server.session();
  REQUIRE(client.name({disk.device(Access::kWrite)}).status == Status::kOk);
  server.end_command();
  CHECK(client.open(0, Access::kWrite).status == Status::kOk);
  CHECK(kill(server.broker().pid(), 0) == 0);
  client.close();
  CHECK(server.broker().wait() == 7);
}

TEST_CASE("--as passes SIGINT, SIGTERM and SIGHUP on to the command, and ignores SIGUSR1") {
  if (cannot_run()) return;
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) {
    Server server;
    static_cast<void>(server.command());
    REQUIRE(kill(server.broker().pid(), SIGUSR1) == 0);
    REQUIRE(kill(server.broker().pid(), number) == 0);
    CHECK(server.broker().wait() == 128 + number);
  }
}

TEST_CASE("S1 the user of --as can neither signal nor trace the server and its sessions") {
  if (cannot_run()) return;
  const Loop disk;
  Server server;
  Client client = server.session();
  REQUIRE(client.name({disk.device(Access::kWrite)}).status == Status::kOk);
  std::ifstream file("/proc/" + std::to_string(server.broker().pid()) + "/task/" +
                     std::to_string(server.broker().pid()) + "/children");
  std::vector<pid_t> processes = {server.broker().pid()};
  for (pid_t child; file >> child;) {
    if (child != server.command()) processes.push_back(child);
  }
  REQUIRE(processes.size() == 2);
  for (const pid_t pid : processes) {
    CHECK(as_user(kUser, [&] { return kill(pid, SIGTERM) < 0 && errno == EPERM ? 0 : 1; }) == 0);
    const std::string mem = "/proc/" + std::to_string(pid) + "/mem";
    CHECK(as_user(kUser, [&] { return open(mem.c_str(), O_RDONLY) < 0 ? 0 : 1; }) == 0);
  }
  CHECK(client.open(0, Access::kWrite).status == Status::kOk);
}

// platter-broker opens block devices for a user's program after polkit or sudo has asked that user. No other code of
// Platter runs as root.
//
//   platter-broker --read NAME... --write NAME...                 a session on standard input (pkexec)
//   platter-broker --socket PATH --read NAME... --write NAME...   a session on the user's socket PATH (sudo); exits
//                                                                 with 0 once connected and serves in the background
//   platter-broker --as UID:GID [--home DIR] -- COMMAND ARG...    runs a command as a user; see serve.h (root)
//
// --read and --write can be repeated. NAME is the kernel's name of a block device. Exit code 2 means wrong arguments or
// a wrong caller; the broker has done nothing then.
#include <fcntl.h>
#include <grp.h>
#include <sys/fsuid.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "channel.h"
#include "descriptor.h"
#include "privileges.h"
#include "serve.h"
#include "session.h"

namespace platter::broker {
namespace {

constexpr int kFailed = 1;
constexpr int kUsage = 2;
constexpr gid_t kNoGroup = 65534;  // "nogroup"

// A wrong argument, environment or caller.
class Usage : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

struct Arguments {
  std::vector<Approved> devices;
  std::string socket;
  std::optional<Command> command;
  std::string home;
};

bool is_name(std::string_view name) {
  constexpr std::string_view allowed = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!._-";
  return !name.empty() && name.front() != '-' && name.find_first_not_of(allowed) == std::string_view::npos;
}

// The ID of an ordinary user or group.
std::optional<uint32_t> parse_id(std::string_view text) {
  if (text.empty() || text.size() > 10 || text.find_first_not_of("0123456789") != std::string_view::npos)
    return std::nullopt;
  const unsigned long long id = std::strtoull(std::string(text).c_str(), nullptr, 10);
  // The highest number means "no change" to the kernel.
  return id == 0 || id >= UINT32_MAX ? std::nullopt : std::optional<uint32_t>(static_cast<uint32_t>(id));
}

Command parse_user(const std::string& text) {
  const size_t colon = text.find(':');
  const std::optional<uint32_t> uid = parse_id(std::string_view(text).substr(0, colon));
  const std::optional<uint32_t> gid =
      colon == std::string::npos ? std::nullopt : parse_id(std::string_view(text).substr(colon + 1));
  if (!uid || !gid) throw Usage("--as takes UID:GID of an ordinary user, not \"" + text + "\"");
  Command command;
  command.uid = *uid;
  command.gid = *gid;
  return command;
}

void add_device(const std::string& name, Access access, Arguments& arguments) {
  if (!is_name(name)) throw Usage("\"" + name + "\" is not the name of a block device");
  for (const Approved& other : arguments.devices) {
    if (other.name == name) throw Usage(name + " is given twice");
  }
  arguments.devices.push_back({name, access, identity_of({}, name)});
  if (arguments.devices.size() > kMaxDevices) throw Usage("more than " + std::to_string(kMaxDevices) + " devices");
}

Arguments parse(int argc, char** argv) {
  Arguments arguments;
  for (int i = 1; i < argc; ++i) {
    const std::string option = argv[i];
    if (option == "--" && arguments.command && i + 1 < argc) {
      arguments.command->arguments = argv + i + 1;
      break;
    }
    if (option != "--read" && option != "--write" && option != "--socket" && option != "--as" && option != "--home") {
      throw Usage("unknown argument \"" + option + "\"");
    }
    if (++i == argc) throw Usage(option + " needs a value");
    const std::string value = argv[i];
    if (option == "--read") add_device(value, Access::kRead, arguments);
    if (option == "--write") add_device(value, Access::kWrite, arguments);
    if (option == "--socket") arguments.socket = value;
    if (option == "--as") arguments.command = parse_user(value);
    if (option == "--home") arguments.home = value;
  }
  if (arguments.command && (!arguments.devices.empty() || !arguments.socket.empty()))
    throw Usage("--as goes with no device and no socket");
  if (arguments.command && arguments.command->arguments == nullptr) throw Usage("--as needs -- COMMAND");
  if (!arguments.command && !arguments.home.empty()) throw Usage("--home goes with --as");
  if (!arguments.command && arguments.devices.empty()) throw Usage("no device is given");
  if (!arguments.socket.empty() && !arguments.socket.starts_with('/')) throw Usage("--socket takes an absolute path");
  if (arguments.command) arguments.command->home = arguments.home;
  return arguments;
}

// The user who called pkexec or sudo.
uid_t asking_user() {
  const char* pkexec = std::getenv("PKEXEC_UID");
  const char* text = pkexec != nullptr ? pkexec : std::getenv("SUDO_UID");
  if (text == nullptr) throw Usage("must be started by pkexec or sudo");
  const std::optional<uint32_t> uid = parse_id(text);
  if (!uid) throw Usage("must be started by pkexec or sudo for an ordinary user");
  return *uid;
}

// Connects with the user's access rights to a socket of that user.
Descriptor connect_as(uid_t uid, const std::string& path) {
  struct sockaddr_un address {};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) throw Usage("the path of the socket is too long");
  std::memcpy(address.sun_path, path.c_str(), path.size());
  Descriptor connection(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
  // This also clears the effective capabilities over files (capabilities(7)).
  setfsuid(uid);
  setfsgid(kNoGroup);
  const int result = connect(connection.get(), reinterpret_cast<const struct sockaddr*>(&address), sizeof address);
  const int error = errno;
  setfsgid(0);
  setfsuid(0);
  if (result != 0) throw std::system_error(error, std::generic_category(), path);
  return connection;
}

// Ends the process that sudo waits for and continues in a child.
void go_to_background() {
  const pid_t pid = fork();
  if (pid < 0) throw std::system_error(errno, std::generic_category(), "fork");
  if (pid > 0) _exit(0);
  setsid();
  const Descriptor null(open("/dev/null", O_RDWR | O_CLOEXEC));
  for (int fd = 0; fd <= 2; ++fd) {
    if (dup2(null.get(), fd) < 0) throw std::system_error(errno, std::generic_category(), "dup2");
  }
}

int hold_session(const Arguments& arguments) {
  const uid_t uid = asking_user();
  clearenv();
  umask(077);
  if (chdir("/") != 0 || setgroups(0, nullptr) != 0) throw std::system_error(errno, std::generic_category(), "chdir");
  ignore_signals();
  const Descriptor connection =
      arguments.socket.empty() ? Descriptor(dup(STDIN_FILENO)) : connect_as(uid, arguments.socket);
  keep_session_capabilities();
  if (!is_packet_socket(connection.get()))
    throw Usage("standard input is not a socket of the kind that a session needs");
  if (peer_uid(connection.get()) != uid) throw Usage("the socket belongs to another user");
  if (!arguments.socket.empty()) {
    go_to_background();
  } else {
    // Any process of the same terminal session may send SIGCONT. setsid() fails for a process group leader.
    static_cast<void>(setsid());
  }
  Session(connection.get(), arguments.devices).run();
  return 0;
}

int run(int argc, char** argv) {
  try {
    shut_out();
    if (getuid() != 0 || geteuid() != 0) throw Usage("must be started by pkexec or sudo");
    const Arguments arguments = parse(argc, argv);
    if (std::getenv("PKEXEC_UID") != nullptr) {
      if (arguments.command) throw Usage("--as is for root, not for pkexec");
      if (!arguments.socket.empty()) throw Usage("--socket is for sudo, not for pkexec");
    }
    if (!arguments.command) return hold_session(arguments);
    return serve(*arguments.command);
  } catch (const Usage& error) {
    std::fprintf(stderr, "platter-broker: %s\n", error.what());
    return kUsage;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "platter-broker: %s\n", error.what());
    return kFailed;
  }
}

}  // namespace
}  // namespace platter::broker

int main(int argc, char** argv) { return platter::broker::run(argc, argv); }

// Support for the broker's tests: loop devices, clients of another user, brokers.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "broker/channel.h"
#include "broker/descriptor.h"
#include "broker/protocol.h"

namespace test {

using platter::broker::Access;
using platter::broker::Descriptor;
using platter::broker::Device;
using platter::broker::NameRequest;
using platter::broker::Request;
using platter::broker::Status;
using platter::broker::Verb;

// An ordinary user and another one. Neither has an account.
constexpr uid_t kUser = 54321;
constexpr uid_t kStranger = 54322;

// The reason to skip the running test; empty when it runs.
inline std::string skip_reason;

// True without root or loop devices; sets skip_reason then.
bool cannot_run();

// A temporary folder.
class Folder {
 public:
  Folder();
  ~Folder();
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  std::string path(const std::string& name = "") const { return name.empty() ? path_ : path_ + "/" + name; }

 private:
  std::string path_;
};

// A loop device over a sparse file of its own, or over another path. Removed with the object.
class Loop {
 public:
  explicit Loop(uint64_t size = 8 << 20, uint32_t flags = 0) : Loop("", size, flags) {}
  explicit Loop(const std::string& over, uint32_t flags = 0) : Loop(over, 0, flags) {}
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;
  const std::string& path() const { return path_; }
  std::string name() const { return path_.substr(5); }
  const std::string& file() const { return file_; }
  // As a client sees it.
  Device device(Access access) const;
  // Adds a partition. Gives its path.
  std::string add_partition(int number, uint64_t start, uint64_t length);
  // Gives the number to another file of `size` bytes.
  void exchange(uint64_t size);

 private:
  Loop(const std::string& over, uint64_t size, uint32_t flags);
  void make_file(uint64_t size);
  // False when another program has configured the device.
  bool configure(uint32_t flags);

  Folder folder_;
  std::string file_, path_;
  std::vector<int> partitions_;
  int number_ = -1;
};

// A block device as a client sees it, by the kernel's name.
Device described(const std::string& name, Access access);

// Another node of a block device, at any path. Throws std::system_error.
void make_node(const std::string& path, const Device& device);

// A file system or a bind mount that lasts as long as the object.
class Mount {
 public:
  Mount(const std::string& what, const std::string& where, const char* type, unsigned long flags = 0);
  ~Mount();
  Mount(const Mount&) = delete;
  Mount& operator=(const Mount&) = delete;

 private:
  std::string where_;
};

// The mount id of the topmost mount on a path.
uint64_t mount_id(const std::string& path);
// True while a mount has this id.
bool is_mounted(uint64_t id);

// Runs a command of the shell and gives its exit code.
int shell(const std::string& command);

// Forks, becomes this user, and gives the result of `body` (0 to 255).
int as_user(uid_t uid, const std::function<int()>& body);

// A process of its own that calls `ready` and then stays as long as the object lives. Throws when `ready` throws.
class Bystander {
 public:
  explicit Bystander(const std::function<void()>& ready);
  ~Bystander();
  Bystander(const Bystander&) = delete;
  Bystander& operator=(const Bystander&) = delete;

 private:
  pid_t pid_ = -1;
};

// The reply to a client.
struct Answer {
  bool closed = false;  // the session is over
  Status status = Status::kOk;
  Verb verb{};
  int error = 0;
  std::string detail;
  std::vector<Descriptor> descriptors;
};

// The client's end of a session.
class Client {
 public:
  explicit Client(Descriptor socket) : socket_(std::move(socket)) {}
  Answer name(const std::vector<Device>& devices);
  Answer open(uint32_t device, Access access) { return ask(request(Verb::kOpen, device, access)); }
  Answer reread(uint32_t device, int claim = -1);
  Answer unmount(uint32_t device, uint64_t id) { return ask(request(Verb::kUnmount, device, Access::kRead, id)); }
  Answer power_off(uint32_t device) { return ask(request(Verb::kPowerOff, device)); }

  static NameRequest name_request(const std::vector<Device>& devices);
  static Request request(Verb verb, uint32_t device, Access access = Access::kRead, uint64_t mount = 0);
  template <typename Message>
  Answer ask(const Message& message, std::initializer_list<int> descriptors = {}) {
    return ask_bytes(std::as_bytes(std::span(&message, 1)), descriptors);
  }
  Answer ask_bytes(std::span<const std::byte> bytes, std::initializer_list<int> descriptors = {});
  void close() { socket_.reset(); }
  int fd() const { return socket_.get(); }

 private:
  Descriptor socket_;
};

// Sends a packet with descriptors. False when it could not be sent.
bool send_packet(int socket, std::span<const std::byte> bytes, std::span<const int> descriptors);

// A pair of connected SOCK_SEQPACKET sockets made by this user.
std::pair<Descriptor, Descriptor> socket_pair(uid_t uid);

using Environment = std::map<std::string, std::string>;

// A running broker.
class Broker {
 public:
  // `input` becomes standard input.
  Broker(const std::vector<std::string>& arguments, const Environment& environment, int input = -1);
  ~Broker();
  Broker(const Broker&) = delete;
  Broker& operator=(const Broker&) = delete;
  // Waits for its end. Gives its exit code, or 128 and the number of a signal.
  int wait();
  pid_t pid() const { return pid_; }
  // All of its standard error. Call this after wait().
  std::string said();

 private:
  pid_t pid_ = -1;
  Descriptor errors_;
};

// A broker as pkexec starts it for kUser, and the client of its session.
class Session {
 public:
  explicit Session(const std::vector<std::string>& arguments,
                   const Environment& environment = {{"PKEXEC_UID", std::to_string(kUser)}});
  // Names these devices for writing.
  explicit Session(std::initializer_list<const Loop*> loops);
  Client& client() { return client_; }
  Broker& broker() { return broker_; }

 private:
  Session(std::pair<Descriptor, Descriptor> ends, const std::vector<std::string>& arguments,
          const Environment& environment);

  Client client_;
  Broker broker_;
};

// The argument with which this program is the command of terminal_test.cc.
constexpr const char* kAtTerminal = "--at-terminal";

// Attacks its terminal, then says which signals and keys arrive. Gives its exit code.
int at_terminal();

// The path of the broker under test.
std::string broker_path();

}  // namespace test

#include "support.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/statfs.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <stdexcept>
#include <system_error>

namespace test {
namespace {

void check(long result, const std::string& what) {
  if (result < 0) throw std::system_error(errno, std::generic_category(), what);
}

// Seconds a client waits for an answer before the test fails.
constexpr time_t kPatience = 60;

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> list;
  for (std::string& text : texts) list.push_back(text.data());
  list.push_back(nullptr);
  return list;
}

}  // namespace

int shell(const std::string& command) {
  const int status = std::system(command.c_str());
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

int as_user(uid_t uid, const std::function<int()>& body) {
  const pid_t pid = fork();
  check(pid, "fork");
  if (pid == 0) {
    if (setresgid(uid, uid, uid) != 0 || setresuid(uid, uid, uid) != 0) _exit(255);
    _exit(body());
  }
  int status = 0;
  check(waitpid(pid, &status, 0), "waitpid");
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

Bystander::Bystander(const std::function<void()>& ready) {
  int ends[2];
  check(pipe2(ends, O_CLOEXEC), "pipe2");
  Descriptor from(ends[0]);
  Descriptor to(ends[1]);
  pid_ = fork();
  check(pid_, "fork");
  if (pid_ == 0) {
    try {
      ready();
      if (write(to.get(), "x", 1) == 1) pause();
    } catch (const std::exception& error) {
      dprintf(2, "%s\n", error.what());
    }
    _exit(1);
  }
  to.reset();
  char byte = 0;
  if (read(from.get(), &byte, 1) != 1) throw std::runtime_error("the bystander has failed");
}

Bystander::~Bystander() {
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
}

NameRequest Client::name_request(const std::vector<Device>& devices) {
  NameRequest request{};
  request.header = {platter::broker::kMagic, platter::broker::kVersion, Verb::kName};
  request.count = static_cast<uint32_t>(devices.size());
  for (size_t i = 0; i < devices.size(); ++i) request.devices.at(i) = devices[i];
  return request;
}

Request Client::request(Verb verb, uint32_t device, Access access, uint64_t mount) {
  Request request{};
  request.header = {platter::broker::kMagic, platter::broker::kVersion, verb};
  request.device = device;
  request.access = access;
  request.mount = mount;
  return request;
}

Answer Client::name(const std::vector<Device>& devices) { return ask(name_request(devices)); }

Answer Client::reread(uint32_t device, int claim) {
  const Request message = request(Verb::kReread, device);
  return claim < 0 ? ask(message) : ask(message, {claim});
}

bool send_packet(int socket, std::span<const std::byte> bytes, std::span<const int> descriptors) {
  std::vector<char> control(CMSG_SPACE(descriptors.size() * sizeof(int)));
  iovec data = {.iov_base = const_cast<std::byte*>(bytes.data()), .iov_len = bytes.size()};
  struct msghdr message {};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  if (!descriptors.empty()) {
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    struct cmsghdr* part = CMSG_FIRSTHDR(&message);
    part->cmsg_level = SOL_SOCKET;
    part->cmsg_type = SCM_RIGHTS;
    part->cmsg_len = CMSG_LEN(descriptors.size() * sizeof(int));
    std::memcpy(CMSG_DATA(part), descriptors.data(), descriptors.size() * sizeof(int));
  }
  return sendmsg(socket, &message, MSG_NOSIGNAL) == static_cast<ssize_t>(bytes.size());
}

Answer Client::ask_bytes(std::span<const std::byte> bytes, std::initializer_list<int> descriptors) {
  if (!send_packet(socket_.get(), bytes, std::span(descriptors.begin(), descriptors.size()))) return {.closed = true};
  platter::broker::Reply reply{};
  alignas(struct cmsghdr) char control[CMSG_SPACE(8 * sizeof(int))];
  iovec data = {.iov_base = &reply, .iov_len = sizeof reply};
  struct msghdr message {};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  const ssize_t length = recvmsg(socket_.get(), &message, MSG_CMSG_CLOEXEC);
  if (length < 0 && errno != ECONNRESET) throw std::system_error(errno, std::generic_category(), "no answer");
  if (length <= 0) return {.closed = true};
  if (length != sizeof reply || reply.header.magic != platter::broker::kMagic)
    throw std::runtime_error("no reply of the protocol");
  Answer answer{.status = reply.status, .verb = reply.header.verb, .error = reply.error, .detail = reply.detail.data()};
  for (struct cmsghdr* part = CMSG_FIRSTHDR(&message); part != nullptr; part = CMSG_NXTHDR(&message, part)) {
    for (size_t i = 0; i < (part->cmsg_len - CMSG_LEN(0)) / sizeof(int); ++i) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(part) + i * sizeof fd, sizeof fd);
      answer.descriptors.emplace_back(fd);
    }
  }
  return answer;
}

std::pair<Descriptor, Descriptor> socket_pair(uid_t uid) {
  int way[2];
  check(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, way), "socketpair");
  const Descriptor here(way[0]);
  const Descriptor there(way[1]);
  const int code = as_user(uid, [&] {
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) return 1;
    for (const int& end : pair) {
      const std::byte byte{};
      if (!send_packet(there.get(), std::span(&byte, 1), std::span(&end, 1))) return 1;
    }
    return 0;
  });
  if (code != 0) throw std::runtime_error("no socket pair");
  std::optional<platter::broker::Packet> first = platter::broker::receive(here.get());
  std::optional<platter::broker::Packet> second = platter::broker::receive(here.get());
  const timeval patience = {.tv_sec = kPatience, .tv_usec = 0};
  check(setsockopt(first->descriptors.at(0).get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience), "SO_RCVTIMEO");
  return {std::move(first->descriptors.at(0)), std::move(second->descriptors.at(0))};
}

std::string broker_path() {
  const char* path = std::getenv("PLATTER_BROKER");
  if (path == nullptr) throw std::runtime_error("PLATTER_BROKER is not set: run npm test -- broker");
  return path;
}

Broker::Broker(const std::vector<std::string>& arguments, const Environment& environment, int input) {
  int ends[2];
  check(pipe2(ends, O_CLOEXEC), "pipe2");
  errors_ = Descriptor(ends[0]);
  const Descriptor to(ends[1]);
  std::vector<std::string> argv = {broker_path()};
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  // LeakSanitizer traces the process, which the broker forbids.
  std::vector<std::string> envp = {"ASAN_OPTIONS=detect_leaks=0"};
  for (const auto& [name, value] : environment) envp.push_back(name + "=" + value);
  std::vector<char*> argv_pointers = pointers(argv);
  std::vector<char*> envp_pointers = pointers(envp);
  pid_ = fork();
  check(pid_, "fork");
  if (pid_ == 0) {
    signal(SIGPIPE, SIG_DFL);
    const int null = open("/dev/null", O_RDWR);
    dup2(input < 0 ? null : input, 0);
    dup2(to.get(), 2);
    execve(argv_pointers[0], argv_pointers.data(), envp_pointers.data());
    _exit(126);
  }
}

Broker::~Broker() {
  if (pid_ <= 0) return;
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
}

int Broker::wait() {
  int status = 0;
  check(waitpid(pid_, &status, 0), "waitpid");
  pid_ = -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

std::string Broker::said() {
  std::string text;
  char buffer[4096];
  for (ssize_t length; (length = read(errors_.get(), buffer, sizeof buffer)) > 0;)
    text.append(buffer, static_cast<size_t>(length));
  return text;
}

Session::Session(std::pair<Descriptor, Descriptor> ends, const std::vector<std::string>& arguments,
                 const Environment& environment)
    : client_(std::move(ends.first)), broker_(arguments, environment, ends.second.get()) {}

Session::Session(const std::vector<std::string>& arguments, const Environment& environment)
    : Session(socket_pair(kUser), arguments, environment) {}

namespace {

std::vector<std::string> writing(std::initializer_list<const Loop*> loops) {
  std::vector<std::string> arguments;
  for (const Loop* loop : loops) arguments.insert(arguments.end(), {"--write", loop->name()});
  return arguments;
}

}  // namespace

Session::Session(std::initializer_list<const Loop*> loops)
    : Session(writing(loops), {{"PKEXEC_UID", std::to_string(kUser)}}) {
  std::vector<Device> devices;
  for (const Loop* loop : loops) devices.push_back(loop->device(Access::kWrite));
  if (client_.name(devices).status != Status::kOk) throw std::runtime_error("NAME was refused");
}

}  // namespace test

#include "uevents.h"

#include <linux/netlink.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <optional>
#include <string_view>

#include "engine_error.h"

namespace platter {
namespace {

// Groups of NETLINK_KOBJECT_UEVENT: the kernel's own, and udevd's, which sends a message when it has looked at a
// device.
constexpr uint32_t kKernel = 1;
constexpr uint32_t kUdev = 2;
constexpr size_t kLongest = 8192;            // the kernel's limit is 2 KiB of text; udevd's properties are longer
constexpr int kReceiveBuffer = 1024 * 1024;  // a hub of 32 sticks sends some hundred messages at once
constexpr std::string_view kUdevPrefix("libudev\0", 8);
constexpr size_t kUdevOffsetAt = 16;  // offset in udevd's header of where its properties begin (libudev-monitor.c)

kcopyd::Descriptor open_socket(Napi::Env env) {
  const auto fail = [&] { return engine_error(env, errno, "watch", ""); };
  kcopyd::Descriptor fd(socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_KOBJECT_UEVENT));
  if (!fd) throw fail();
  const int on = 1;
  if (setsockopt(fd.get(), SOL_SOCKET, SO_PASSCRED, &on, sizeof on) != 0) throw fail();
  // Only root may exceed the system's limit. What does not fit is reported as missed.
  if (setsockopt(fd.get(), SOL_SOCKET, SO_RCVBUFFORCE, &kReceiveBuffer, sizeof kReceiveBuffer) != 0) {
    setsockopt(fd.get(), SOL_SOCKET, SO_RCVBUF, &kReceiveBuffer, sizeof kReceiveBuffer);
  }
  sockaddr_nl address{};
  address.nl_family = AF_NETLINK;
  address.nl_groups = kKernel | kUdev;
  if (bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) throw fail();
  return fd;
}

// The text of a trusted message. Anybody may send to a socket, but only root and the kernel to these groups. Empty for
// a message from another sender, at the end (errno is EAGAIN) and after an overflow (ENOBUFS).
struct Message {
  ssize_t length;
  std::string_view properties;
};

Message receive(int fd, std::array<char, kLongest>& buffer) {
  sockaddr_nl from{};
  iovec part{buffer.data(), buffer.size()};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(ucred))];
  msghdr message{};
  message.msg_name = &from;
  message.msg_namelen = sizeof from;
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  const ssize_t length = recvmsg(fd, &message, 0);
  if (length <= 0) return {length, {}};
  ucred sender{};
  sender.uid = static_cast<uid_t>(-1);
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr; header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_CREDENTIALS)
      std::memcpy(&sender, CMSG_DATA(header), sizeof sender);
  }
  if (sender.uid != 0 || from.nl_groups == 0 || (message.msg_flags & MSG_TRUNC)) return {length, {}};
  const std::string_view text(buffer.data(), static_cast<size_t>(length));
  if (!text.starts_with(kUdevPrefix)) return {length, text};
  uint32_t offset = 0;
  if (text.size() < kUdevOffsetAt + sizeof offset) return {length, {}};
  std::memcpy(&offset, text.data() + kUdevOffsetAt, sizeof offset);
  return {length, text.substr(std::min<size_t>(offset, text.size()))};
}

// Properties are KEY=value, each ended by a NUL; text without "=" is the kernel's headline. Null when it is no block
// device.
std::optional<Uevents::News> parse(std::string_view properties) {
  Uevents::News news;
  std::string major;
  std::string minor;
  bool block = false;
  while (!properties.empty()) {
    const std::string_view line = properties.substr(0, properties.find('\0'));
    properties.remove_prefix(std::min(line.size() + 1, properties.size()));
    const size_t sign = line.find('=');
    if (sign == std::string_view::npos) continue;
    const std::string_view key = line.substr(0, sign);
    const std::string value(line.substr(sign + 1));
    if (key == "SUBSYSTEM") block = value == "block";
    if (key == "ACTION") news.action = value;
    if (key == "DEVNAME") news.name = value.starts_with("/dev/") ? value.substr(5) : value;
    if (key == "MAJOR") major = value;
    if (key == "MINOR") minor = value;
  }
  news.number = major + ":" + minor;
  if (!block || news.action.empty()) return std::nullopt;
  return news;
}

}  // namespace

Napi::FunctionReference Uevents::define(Napi::Env env) {
  return Napi::Persistent(DefineClass(env, "Uevents", {InstanceMethod<&Uevents::close>("close")}));
}

Uevents::Uevents(const Napi::CallbackInfo& info) : ObjectWrap(info) {
  const Napi::Env env = info.Env();
  if (!info[0].IsFunction()) throw invalid_argument(env, "watchUevents: the listener is no function");
  socket_ = open_socket(env);
  wake_ = kcopyd::Descriptor(eventfd(0, EFD_CLOEXEC));
  if (!wake_) throw engine_error(env, errno, "watch", "");
  // Listening for disks does not keep the process alive.
  delivery_ = Delivery::open(env, "platter:uevents", nullptr, info[0].As<Napi::Function>(), true);
  thread_ = std::thread([this] { listen(); });
}

void Uevents::listen() {
  std::array<char, kLongest> buffer;
  std::array<pollfd, 2> waiting{{{socket_.get(), POLLIN, 0}, {wake_.get(), POLLIN, 0}}};
  for (;;) {
    if (poll(waiting.data(), waiting.size(), -1) < 0 && errno != EINTR) break;
    if (waiting[1].revents != 0) break;
    for (;;) {
      const Message message = receive(socket_.get(), buffer);
      if (message.length < 0 && errno == EINTR) continue;
      if (message.length < 0 && errno == ENOBUFS) {
        tell({});
        continue;
      }
      if (message.length <= 0) break;
      if (std::optional<News> news = parse(message.properties)) tell(std::move(*news));
    }
  }
}

void Uevents::tell(News news) { delivery_->send(std::make_unique<News>(std::move(news))); }

// JavaScript thread. env is null when the environment ends before the delivery.
void Uevents::deliver(Napi::Env env, Napi::Function listener, std::nullptr_t*, News* raw) {
  const std::unique_ptr<News> news(raw);
  if (env == nullptr || listener.IsEmpty()) return;
  Napi::Object told = Napi::Object::New(env);
  told.Set("action", Napi::String::New(env, news->action));
  told.Set("name", Napi::String::New(env, news->name));
  told.Set("number", Napi::String::New(env, news->number));
  listener.Call({told});
}

void Uevents::close(const Napi::CallbackInfo&) { stop(); }

void Uevents::stop() {
  if (!thread_.joinable()) return;
  const uint64_t one = 1;
  // An eventfd that was never read accepts this.
  [[maybe_unused]] const ssize_t written = write(wake_.get(), &one, sizeof one);
  thread_.join();
  delivery_->close();
  socket_.reset();
  wake_.reset();
}

}  // namespace platter

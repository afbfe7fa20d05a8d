#include "channel.h"

#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <system_error>

namespace platter::broker {
namespace {

// REREAD takes one descriptor, OPEN gives three.
constexpr size_t kMostReceived = 1;
constexpr size_t kMostSent = 3;

int option(int fd, int name) {
  int value = -1;
  socklen_t length = sizeof value;
  return getsockopt(fd, SOL_SOCKET, name, &value, &length) == 0 ? value : -1;
}

}  // namespace

bool is_packet_socket(int fd) {
  struct sockaddr_storage peer {};
  socklen_t length = sizeof peer;
  return option(fd, SO_DOMAIN) == AF_UNIX && option(fd, SO_TYPE) == SOCK_SEQPACKET &&
         getpeername(fd, reinterpret_cast<struct sockaddr*>(&peer), &length) == 0;
}

uid_t peer_uid(int fd) {
  struct ucred peer {};
  socklen_t length = sizeof peer;
  if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) != 0) {
    throw std::system_error(errno, std::generic_category(), "SO_PEERCRED");
  }
  return peer.uid;
}

std::optional<Packet> receive(int fd) {
  Packet packet;
  alignas(struct cmsghdr) std::array<char, CMSG_SPACE(kMostReceived * sizeof(int))> control{};
  iovec data = {.iov_base = packet.bytes.data(), .iov_len = packet.bytes.size()};
  struct msghdr message {};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  const ssize_t length = recvmsg(fd, &message, MSG_CMSG_CLOEXEC);
  if (length >= 0) {
    for (struct cmsghdr* part = CMSG_FIRSTHDR(&message); part != nullptr; part = CMSG_NXTHDR(&message, part)) {
      if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) continue;
      const size_t count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
      for (size_t i = 0; i < count; ++i) {
        int received = -1;
        std::memcpy(&received, CMSG_DATA(part) + i * sizeof(int), sizeof received);
        packet.descriptors.emplace_back(received);
      }
    }
  }
  if (length <= 0) return std::nullopt;
  packet.length = static_cast<size_t>(length);
  packet.too_long = (message.msg_flags & MSG_TRUNC) != 0;
  packet.too_many_descriptors = (message.msg_flags & MSG_CTRUNC) != 0 || packet.descriptors.size() > kMostReceived;
  return packet;
}

bool send(int fd, const Reply& reply, std::span<const Descriptor> descriptors) {
  alignas(struct cmsghdr) std::array<char, CMSG_SPACE(kMostSent * sizeof(int))> control{};
  Reply copy = reply;
  iovec data = {.iov_base = &copy, .iov_len = sizeof copy};
  struct msghdr message {};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  if (!descriptors.empty()) {
    message.msg_control = control.data();
    message.msg_controllen = CMSG_SPACE(descriptors.size() * sizeof(int));
    struct cmsghdr* part = CMSG_FIRSTHDR(&message);
    part->cmsg_level = SOL_SOCKET;
    part->cmsg_type = SCM_RIGHTS;
    part->cmsg_len = CMSG_LEN(descriptors.size() * sizeof(int));
    for (size_t i = 0; i < descriptors.size(); ++i) {
      const int sent = descriptors[i].get();
      std::memcpy(CMSG_DATA(part) + i * sizeof(int), &sent, sizeof sent);
    }
  }
  return sendmsg(fd, &message, MSG_NOSIGNAL) == static_cast<ssize_t>(sizeof copy);
}

}  // namespace platter::broker

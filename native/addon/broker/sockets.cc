#include "sockets.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <system_error>

namespace platter {
namespace {

using kcopyd::Descriptor;

constexpr int kKind = SOCK_SEQPACKET | SOCK_CLOEXEC;

[[noreturn]] void fail(int error) { throw std::system_error(error, std::generic_category()); }

}  // namespace

std::pair<Descriptor, Descriptor> broker_pair() {
  std::array<int, 2> ends{};
  if (socketpair(AF_UNIX, kKind, 0, ends.data()) != 0) fail(errno);
  return {Descriptor(ends[0]), Descriptor(ends[1])};
}

int send_message(int socket, iovec packet, int attached, int flags) {
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof attached)> space{};
  msghdr message{};
  message.msg_iov = &packet;
  message.msg_iovlen = 1;
  if (attached >= 0) {
    message.msg_control = space.data();
    message.msg_controllen = space.size();
    cmsghdr* rights = CMSG_FIRSTHDR(&message);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(sizeof attached);
    std::memcpy(CMSG_DATA(rights), &attached, sizeof attached);
  }
  for (;;) {
    const ssize_t sent = sendmsg(socket, &message, flags | MSG_NOSIGNAL);
    if (sent >= 0) return static_cast<size_t>(sent) == packet.iov_len ? 0 : EMSGSIZE;
    if (errno != EINTR) return errno;
  }
}

Descriptor session_over(int control) {
  auto [ours, theirs] = broker_pair();
  char byte = 0;
  // The server takes it at once. A full queue means that the server does not answer, and waiting here is not allowed.
  const int error = send_message(control, {&byte, 1}, theirs.get(), MSG_DONTWAIT);
  if (error != 0) fail(error);
  return std::move(ours);
}

Descriptor listen_at(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) fail(ENAMETOOLONG);
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  Descriptor socket(::socket(AF_UNIX, kKind, 0));
  if (!socket || bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) fail(errno);
  if (listen(socket.get(), 1) != 0) fail(errno);
  return socket;
}

Descriptor accept_root(int listening) {
  for (;;) {
    Descriptor peer(accept4(listening, nullptr, nullptr, SOCK_CLOEXEC));
    if (!peer) {
      if (errno == EINTR || errno == ECONNABORTED) continue;
      fail(errno);
    }
    ucred who{};
    socklen_t length = sizeof who;
    if (getsockopt(peer.get(), SOL_SOCKET, SO_PEERCRED, &who, &length) != 0) fail(errno);
    if (who.uid == 0) return peer;
  }
}

}  // namespace platter

#include "session.h"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "sockets.h"

namespace platter {
namespace {

using kcopyd::Descriptor;

// More than any reply carries, so that a surplus arrives and can be closed and refused.
constexpr size_t kMostDescriptors = 8;

size_t expected_descriptors(broker::Verb verb, broker::Access access, broker::Status status) {
  if (verb != broker::Verb::kOpen || status != broker::Status::kOk) return 0;
  return access == broker::Access::kWrite ? 3 : 2;
}

// Takes every descriptor out of a message, valid or not. One that is not taken would stay open.
std::vector<Descriptor> take_descriptors(msghdr& message) {
  std::vector<Descriptor> taken;
  for (cmsghdr* part = CMSG_FIRSTHDR(&message); part != nullptr; part = CMSG_NXTHDR(&message, part)) {
    if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) continue;
    const size_t count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (size_t i = 0; i < count; ++i) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(part) + i * sizeof(int), sizeof fd);
      taken.emplace_back(fd);
    }
  }
  return taken;
}

bool is_known(broker::Status status) {
  return static_cast<uint32_t>(status) <= static_cast<uint32_t>(broker::Status::kFailed);
}

BrokerReply failed(int error) {
  BrokerReply reply;
  reply.error = error;
  return reply;
}

}  // namespace

BrokerReply BrokerSession::name(const broker::NameRequest& request) {
  broker::NameRequest copy = request;
  return exchange({&copy, sizeof copy}, request.header, broker::Access::kRead, -1);
}

BrokerReply BrokerSession::ask(const broker::Request& request, int attached) {
  broker::Request copy = request;
  return exchange({&copy, sizeof copy}, request.header, request.access, attached);
}

void BrokerSession::close() {
  // The descriptor stays valid for a thread that waits on it; only the socket behind it ends.
  shutdown(socket_.get(), SHUT_RDWR);
}

BrokerReply BrokerSession::exchange(iovec request, const broker::Header& header, broker::Access access, int attached) {
  const std::lock_guard turn(turn_);
  const int error = send_message(socket_.get(), request, attached, 0);
  if (error != 0) return failed(error == EPIPE ? ECONNRESET : error);
  BrokerReply reply = receive(header, access);
  if (reply.error != 0) close();
  return reply;
}

BrokerReply BrokerSession::receive(const broker::Header& header, broker::Access access) {
  broker::Reply reply{};
  iovec part{.iov_base = &reply, .iov_len = sizeof reply};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(kMostDescriptors * sizeof(int))> control{};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  ssize_t got = -1;
  do {
    got = recvmsg(socket_.get(), &message, MSG_CMSG_CLOEXEC);
  } while (got < 0 && errno == EINTR);
  if (got < 0) return failed(errno);
  std::vector<Descriptor> descriptors = take_descriptors(message);
  if (got == 0) return failed(ECONNRESET);
  const bool whole = got == sizeof reply && (message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) == 0;
  const bool answers =
      reply.header.magic == header.magic && reply.header.version == header.version && reply.header.verb == header.verb;
  if (!whole || !answers || !is_known(reply.status) || reply.error < 0) return failed(EPROTO);
  if (descriptors.size() != expected_descriptors(header.verb, access, reply.status)) return failed(EPROTO);
  const auto end = std::find(reply.detail.begin(), reply.detail.end(), '\0');
  if (end == reply.detail.end()) return failed(EPROTO);
  BrokerReply checked;
  checked.status = reply.status;
  checked.device_error = reply.error;
  checked.detail.assign(reply.detail.begin(), end);
  checked.descriptors = std::move(descriptors);
  return checked;
}

}  // namespace platter

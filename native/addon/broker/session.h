// The host's end of a conversation with platter-broker: one request, one reply, and the descriptors that come with it.
// No JavaScript below this header.
#pragma once

#include <sys/uio.h>

#include <mutex>
#include <string>
#include <vector>

#include "../../broker/protocol.h"
#include "../../kcopyd/device.h"

namespace platter {

// A checked reply.
struct BrokerReply {
  // Positive errno when the conversation failed; then no other field counts. ECONNRESET: the broker has ended. EPROTO:
  // it broke the protocol.
  int error = 0;
  broker::Status status = broker::Status::kOk;
  int device_error = 0;  // positive errno that came with the status, or 0
  std::string detail;
  std::vector<kcopyd::Descriptor> descriptors;
};

// A connected SOCK_SEQPACKET socket. Any thread; requests take turns.
class BrokerSession {
 public:
  explicit BrokerSession(kcopyd::Descriptor socket) : socket_(std::move(socket)) {}

  // Both block until the broker answers, or until close(). A reply of the wrong length, magic, version or verb, or with
  // an unexpected number of descriptors, ends the session and its descriptors are closed.
  BrokerReply name(const broker::NameRequest& request);
  // `attached`, if it is a descriptor, goes with the request. It stays the caller's.
  BrokerReply ask(const broker::Request& request, int attached = -1);

  // Ends the conversation, and with it the broker. Wakes a waiting request.
  void close();

 private:
  BrokerReply exchange(iovec request, const broker::Header& header, broker::Access access, int attached);
  BrokerReply receive(const broker::Header& header, broker::Access access);

  std::mutex turn_;
  kcopyd::Descriptor socket_;
};

// The header of every request.
constexpr broker::Header broker_header(broker::Verb verb) {
  return {.magic = broker::kMagic, .version = broker::kVersion, .verb = verb};
}

}  // namespace platter

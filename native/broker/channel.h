// Packets with descriptors over a SOCK_SEQPACKET socket.
#pragma once

#include <sys/types.h>

#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "descriptor.h"
#include "protocol.h"

namespace platter::broker {

// A packet from the other end. One longer than any message is marked `too_long`.
struct Packet {
  std::array<std::byte, sizeof(NameRequest)> bytes;
  size_t length = 0;
  bool too_long = false;
  std::vector<Descriptor> descriptors;  // closed with the packet
  bool too_many_descriptors = false;
};

// True when `fd` is a connected SOCK_SEQPACKET socket of this machine (AF_UNIX).
bool is_packet_socket(int fd);

// The user at the other end of a socket: the one who made the pair, or who listens. Throws std::system_error.
uid_t peer_uid(int fd);

// Waits for a packet. Nothing when the other end is closed or broken; an empty packet counts as closing.
std::optional<Packet> receive(int fd);

// Sends an answer with copies of `descriptors`. False when the other end is gone.
bool send(int fd, const Reply& reply, std::span<const Descriptor> descriptors);

}  // namespace platter::broker

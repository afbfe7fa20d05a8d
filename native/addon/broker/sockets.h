// The three ways to a connected socket with platter-broker at its other end. They throw std::system_error.
#pragma once

#include <sys/uio.h>

#include <string>
#include <utility>

#include "../../kcopyd/device.h"

namespace platter {

// Sends one packet, with a descriptor unless `attached` is -1. 0 or a positive errno.
int send_message(int socket, iovec packet, int attached, int flags);

// Two connected SOCK_SEQPACKET sockets: ours, and the one for a broker that is started with it as its input.
std::pair<kcopyd::Descriptor, kcopyd::Descriptor> broker_pair();

// Asks the server behind `control` for a session: sends it one end of a new pair and keeps the other.
kcopyd::Descriptor session_over(int control);

// A listening socket at `path`, in a folder that only its owner may enter. The caller removes the path.
kcopyd::Descriptor listen_at(const std::string& path);

// Waits for a connection from a root process and refuses all others. Blocks until there is one, or until the listening
// socket is shut down (EINVAL).
kcopyd::Descriptor accept_root(int listening);

}  // namespace platter

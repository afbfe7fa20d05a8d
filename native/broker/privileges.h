// Gives up what root has and the broker does not need.
#pragma once

#include <sys/types.h>

#include <initializer_list>

namespace platter::broker {

// Makes descriptors 0 to 2 open, closes all others, and allows neither a core file nor tracing. Throws std::system_error.
void shut_out();

// Keeps these capabilities for good and no others, also across exec. Throws std::system_error.
void keep_capabilities(std::initializer_list<int> capabilities);

// What a session needs: to read the folders on the way to a mount point and to open nodes of another owner, to unmount
// and to read partition tables. Throws std::system_error.
void keep_session_capabilities();

// Leaves this process without any capability. Throws std::system_error.
void drop_capabilities();

// Ignores what a terminal sends, SIGPIPE and SIGUSR1/2: a session ends with its socket. Throws std::system_error.
void ignore_signals();

}  // namespace platter::broker

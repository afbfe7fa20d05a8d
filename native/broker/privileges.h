// Drops the rights of root that the broker does not need.
#pragma once

#include <sys/types.h>

#include <initializer_list>

namespace platter::broker {

// Makes descriptors 0 to 2 open, closes all others, and allows neither a core file nor tracing. Throws
// std::system_error.
void shut_out();

// Keeps these capabilities for good and no others, also across exec. Throws std::system_error.
void keep_capabilities(std::initializer_list<int> capabilities);

// Keeps CAP_DAC_READ_SEARCH and CAP_DAC_OVERRIDE (private mount points, device nodes with other owners) and
// CAP_SYS_ADMIN (umount, BLKRRPART). Throws std::system_error.
void keep_session_capabilities();

// Drops every capability of this process. Throws std::system_error.
void drop_capabilities();

// Ignores the terminal's signals, SIGPIPE, SIGUSR1 and SIGUSR2: a session ends with its socket. Throws
// std::system_error.
void ignore_signals();

}  // namespace platter::broker

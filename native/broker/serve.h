// `platter-broker --as`: root starts a user's program, which then gets sessions without authentication.
#pragma once

#include <sys/types.h>

#include <string>

namespace platter::broker {

// The program to start, and its user.
struct Command {
  uid_t uid = 0;
  gid_t gid = 0;
  std::string home;            // for a user without an account
  char** arguments = nullptr;  // ended by null; the first one is looked for in PATH
};

// Runs the command with the user's rights and a control socket as descriptor 3 (PLATTER_BROKER_FD=3). A packet of one
// byte with one end of a SOCK_SEQPACKET pair that the user has made starts a session on that. Returns the command's
// exit code, or 128 and the number of the signal that ended it, when the command and all sessions have ended. Throws
// std::system_error.
//
// The command is in a session of its own, so that it can neither type into the caller's terminal (TIOCSTI) nor take it
// over. It reads and writes the terminal by the descriptors that it inherits; the signals of the terminal come to the
// broker, which passes them on.
int serve(const Command& command);

}  // namespace platter::broker

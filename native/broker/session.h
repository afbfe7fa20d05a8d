// One session: the devices of one job.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "channel.h"
#include "files.h"
#include "protocol.h"

namespace platter::broker {

// A device that the user approved on the command line. The user means the disk that has the name at the time of the
// answer, not one that gets it later.
struct Approved {
  std::string name;  // the kernel's
  Access access;
  std::optional<Identity> disk;  // the disk that had the name then; nothing when none had
};

// The devices that NAME must list, in this order. Without a list NAME may list any.
using Approval = std::optional<std::vector<Approved>>;

// Answers one client, one request at a time. Keeps no descriptor of a device between requests.
class Session {
 public:
  // `socket` belongs to the caller.
  Session(int socket, Approval approval, Roots roots = {})
      : socket_(socket), approval_(std::move(approval)), roots_(std::move(roots)) {}

  // Waits for a request and answers it. False when the session is over.
  bool answer_one();

  // Answers until the session is over.
  void run() {
    while (answer_one()) {
    }
  }

 private:
  std::vector<Descriptor> obey(const Packet& packet);
  std::vector<Descriptor> obey(const Request& request, const Packet& packet);
  void name(const NameRequest& request);
  const Device& named(const Request& request) const;

  int socket_;
  Approval approval_;
  Roots roots_;
  std::vector<Device> devices_;
};

}  // namespace platter::broker

// A capability that the process keeps but has laid aside: taken up by one thread, for as long as this lives.
#pragma once

#include <cstdint>

namespace kcopyd {

// The thread that makes it is the thread that ends it: Linux has capabilities by thread (capabilities(7)). Nothing
// happens where the process may not have the capability, and where it has it in effect already, as root has.
class Capability {
 public:
  explicit Capability(unsigned number);
  ~Capability();
  Capability(const Capability&) = delete;
  Capability& operator=(const Capability&) = delete;

 private:
  bool set(bool effective) const;

  unsigned number_;
  bool raised_ = false;
};

}  // namespace kcopyd

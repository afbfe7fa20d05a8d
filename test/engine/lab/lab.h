// The lab from C++: a virtual disk with commanded faults that lives as long as an object. See test/lab/README.md.
//
//   lab::Disk disk({.size = 64 << 20});
//   disk.rule("eio w 1M 512");
//   ... write to disk.device() ...
//
// Errors throw std::runtime_error or std::system_error.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

namespace lab {

struct Options {
  uint64_t size = 0;      // bytes
  unsigned sector = 512;  // logical sector, bytes: 512 or 4096
  bool read_only = false;
  bool plain = false;     // no faults: the loop device lies on the backing file itself
  bool loop = true;       // false: device() is a regular file with faults, which grows and can be truncated
  bool buffered = false;  // through the page cache; a file then refuses O_DIRECT
  std::string file = {};  // backing file to use and keep
  std::string dir = {};   // where the temporary directory is made
};

// What the disk has seen since it was made or got `reset`. Bytes and numbers of I/O.
struct Counters {
  uint64_t reads, writes, flushes, zeroes, bytes_read, bytes_written, bytes_zeroed, errors;
  uint64_t in_flight;  // arrived and not ended: held by a delay or a stall, or being done
  uint64_t stalled;    // of those, held by a stall
  uint64_t rules;
  uint64_t size;  // visible, bytes
};

// One I/O of the log. begin and end come from one clock: a < b means a happened first.
struct Entry {
  std::string op;  // "read", "write", "flush", "zero"
  uint64_t offset, length, begin, end;
  std::string error;  // "EIO", empty when it succeeded
};

// Why the lab cannot run here; nothing when it can.
std::optional<std::string> cannot_run();

// A virtual disk. It ends with the object, and at the latest with this process, however that ends.
class Disk {
 public:
  explicit Disk(const Options& options);
  ~Disk();
  Disk(Disk&& other) noexcept;
  Disk(const Disk&) = delete;
  Disk& operator=(const Disk&) = delete;
  Disk& operator=(Disk&&) = delete;

  // What a test opens: /dev/loopN, or the file when there is no loop.
  const std::string& device() const { return device_; }
  // The file behind it: what is on the medium. Reads of it are right once the writer is done.
  const std::string& backing() const { return backing_; }

  // Obeys one rule (or several lines).
  void rule(const std::string& line);
  Counters counters() const;
  // What `log on` recorded, in the order of beginning. Empty `op`: everything.
  std::vector<Entry> log(const std::string& op = "") const;
  // Waits until the counters satisfy `condition`; throws after `milliseconds`.
  void wait_for(const std::function<bool(const Counters&)>& condition, int milliseconds = 10000) const;

  // On the backing file, without the rules.
  void fill(uint64_t seed) { fill(seed, 0, size_); }
  void fill(uint64_t seed, uint64_t offset, uint64_t length);
  std::vector<std::byte> read(uint64_t offset, uint64_t length) const;
  // Removes the disk and everything that belongs to it now.
  void close();

 private:
  pid_t pid_ = -1;
  int input_ = -1;
  uint64_t size_ = 0;
  std::string device_, ctl_, backing_;
};

// Bytes that depend only on the seed and their offset.
std::vector<std::byte> seeded(uint64_t seed, uint64_t offset, uint64_t length);
// The first byte in which the two files differ within [offset, offset + length); nothing when they are equal.
std::optional<uint64_t> first_difference(const std::string& a, const std::string& b, uint64_t offset, uint64_t length);

}  // namespace lab

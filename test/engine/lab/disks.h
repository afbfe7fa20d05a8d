// Where the tests copy from and to: plain files and the lab's disks, as files and as loop devices with sectors of 512
// and 4096 bytes. The lab's disks fail, stall, lie and die on request.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "engine.h"

namespace test {

enum class Medium {
  file,      // a regular file in memory; it cannot be told to fail
  lab_file,  // a regular file of the lab
  loop512,
  loop4096,
};
const char* name(Medium medium);

// A request as the lab's disk saw it. begin and end are its places in the order of all events.
struct Event {
  std::string op;  // "read", "write", "flush" or "zero"
  uint64_t offset, length, begin, end;
  bool failed;
};

struct Body;

// A disk with content of the test's. Lab disks are kept on a shelf and used again.
class Disk {
 public:
  Disk(Medium medium, uint64_t size);
  Disk(Disk&&) noexcept;
  Disk(const Disk&) = delete;
  Disk& operator=(const Disk&) = delete;
  Disk& operator=(Disk&&) = delete;
  ~Disk();

  const std::string& path() const;
  uint64_t size() const;

  // What is on the medium, past every cache.
  Bytes bytes() const { return bytes(0, size()); }
  Bytes bytes(uint64_t offset, uint64_t length) const;
  // Puts content on the medium.
  void fill(const Bytes& content, uint64_t offset = 0);

  // Obeys one of labdisk's rules: "eio w 4096 512", "stall w", "go", "rate w 8M" (test/lab/README.md).
  void rule(const std::string& line);
  // Removes every rule.
  void forgive();
  // Requests since the disk was filled.
  uint64_t reads() const;
  uint64_t writes() const;
  uint64_t flushes() const;
  // Requests that a stall holds now.
  uint64_t stalled() const;
  // What was logged since rule("log on rwf").
  std::vector<Event> log() const;
  // Ends the server behind it: the device is gone for good.
  void kill();

 private:
  std::unique_ptr<Body> body_;
};

// Releases everything that waits for a lab disk, and ends the disks.
void release_all_disks();

// A directory for files, removed with the object. `parent` is in memory by default.
class Directory {
 public:
  explicit Directory(const std::string& parent = "");
  ~Directory();
  Directory(const Directory&) = delete;
  Directory& operator=(const Directory&) = delete;
  std::string path(const std::string& name = "") const { return name.empty() ? path_ : path_ + "/" + name; }

 private:
  std::string path_;
};

// A file system that is mounted while the object lives. False when mounting failed.
class Mount {
 public:
  Mount(const std::string& what, const std::string& where, const char* type, const char* options = "");
  ~Mount();
  Mount(const Mount&) = delete;
  Mount& operator=(const Mount&) = delete;
  explicit operator bool() const { return mounted_; }

 private:
  std::string where_;
  bool mounted_;
};

Bytes read_file(const std::string& path);
void write_file(const std::string& path, const Bytes& content);

// Name of the running test, for the line that says why it was skipped.
inline std::string current_test;
// True where the lab cannot run. Says so once for each test.
bool lab_missing();

// What a test is run on.
struct Combo {
  kcopyd_backend backend;
  Medium medium;
};

// Runs body as a subcase on every backend and each of the media; under a sanitizer only on the last of them.
void on_each(const std::vector<Medium>& media, const std::function<void(const Combo&)>& body);
void on_each_backend(const std::function<void(kcopyd_backend)>& body);

inline const std::vector<Medium> kMedia = {Medium::file, Medium::loop512, Medium::loop4096};
// The media that can fail.
inline const std::vector<Medium> kFaulty = {Medium::lab_file, Medium::loop512, Medium::loop4096};

// A source, a bay of destinations, and a client. All disks have one size and are open.
class Bay {
 public:
  // `fills`: every disk gets its pattern. Without it they keep what they hold, for a test that fills what it needs.
  Bay(const Combo& combo, unsigned destinations, uint64_t size, ClientOptions options = {}, bool fills = true);
  ~Bay();

  // Regions in bytes.
  io_region from(uint64_t offset, uint64_t length) const { return source_device.at(offset, length); }
  io_region to(unsigned i, uint64_t offset, uint64_t length) const { return devices.at(i).at(offset, length); }
  std::vector<io_region> all(uint64_t offset, uint64_t length) const;

  // The smallest unit the devices are read and written in, bytes.
  uint64_t block() const { return block_; }
  // What destination i held before any job.
  const Bytes& old(unsigned i) const;
  // The same after `length` bytes of the source at `from` were copied to `to`.
  Bytes copied(unsigned i, uint64_t from, uint64_t to, uint64_t length) const;
  // Where destination i differs from that, in words; empty when it does not.
  std::string wrong(unsigned i, const Bytes& want) const { return difference(dests.at(i).bytes(), want); }

  Disk source;
  std::vector<Disk> dests;
  Bytes content;  // of the source
  Device source_device;
  std::vector<Device> devices;
  Client client;

 private:
  uint64_t size_, block_;
};

}  // namespace test

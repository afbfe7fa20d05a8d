#include "disks.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <list>
#include <mutex>
#include <optional>
#include <set>
#include <span>
#include <system_error>

#include "lab.h"

namespace test {

namespace {

[[noreturn]] void fail(const std::string& what) { throw std::system_error(errno, std::generic_category(), what); }

class File {
 public:
  File(const std::string& path, int flags) : fd_(open(path.c_str(), flags | O_CLOEXEC, 0600)) {
    if (fd_ < 0) fail(path);
  }
  ~File() { close(fd_); }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

Bytes read_range(const std::string& path, uint64_t offset, uint64_t length) {
  const Unwatched unwatched;
  const File file(path, O_RDONLY);
  Bytes bytes(length);
  for (uint64_t done = 0; done < length;) {
    const ssize_t n = pread(file.get(), &bytes[done], length - done, static_cast<off_t>(offset + done));
    if (n < 0) fail(path);
    if (n == 0) throw std::runtime_error(path + " is shorter than it should be");
    done += static_cast<uint64_t>(n);
  }
  return bytes;
}

void write_range(const std::string& path, int flags, uint64_t offset, const Bytes& content) {
  const Unwatched unwatched;
  const File file(path, O_WRONLY | flags);
  for (uint64_t done = 0; done < content.size();) {
    const ssize_t n = pwrite(file.get(), &content[done], content.size() - done, static_cast<off_t>(offset + done));
    if (n < 0) fail(path);
    done += static_cast<uint64_t>(n);
  }
}

// Child processes of "self" or of a process.
std::vector<pid_t> children(const std::string& process) {
  std::vector<pid_t> all;
  for (const auto& task : std::filesystem::directory_iterator("/proc/" + process + "/task")) {
    std::ifstream list(task.path() / "children");
    for (pid_t child; list >> child;) all.push_back(child);
  }
  return all;
}

bool on_loop(Medium medium) { return medium == Medium::loop512 || medium == Medium::loop4096; }

}  // namespace

const char* name(Medium medium) {
  switch (medium) {
    case Medium::file:
      return "file";
    case Medium::lab_file:
      return "faulty file";
    case Medium::loop512:
      return "loop 512";
    case Medium::loop4096:
      return "loop 4096";
  }
  return "?";
}

Bytes read_file(const std::string& path) { return read_range(path, 0, std::filesystem::file_size(path)); }
void write_file(const std::string& path, const Bytes& content) { write_range(path, O_CREAT | O_TRUNC, 0, content); }

// Existing directories, for a test that hangs and unwinds nothing.
static std::mutex directories_mutex;
static std::set<std::string> directories;

static void remove_directory(const std::string& path) {
  std::error_code ignored;  // a left-over directory is no reason to end a test run
  std::filesystem::remove_all(path, ignored);
}

Directory::Directory(const std::string& parent) {
  const std::string in_memory = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
  path_ = (parent.empty() ? in_memory : parent) + "/platter-test-XXXXXX";
  if (!mkdtemp(path_.data())) fail(path_);
  std::lock_guard lock(directories_mutex);
  directories.insert(path_);
}

Directory::~Directory() {
  remove_directory(path_);
  std::lock_guard lock(directories_mutex);
  directories.erase(path_);
}

Mount::Mount(const std::string& what, const std::string& where, const char* type, const char* options)
    : where_(where), mounted_(mount(what.c_str(), where.c_str(), type, 0, options) == 0) {}

Mount::~Mount() {
  if (mounted_) umount2(where_.c_str(), MNT_DETACH);
}

// What is behind a disk: a directory of its own, or a lab disk.
struct Body {
  Body(Medium medium, uint64_t size) : medium(medium), size(size) {
    if (medium == Medium::file) {
      directory.emplace();
      path = backing = directory->path("disk");
      write_file(path, {});
      if (truncate(path.c_str(), static_cast<off_t>(size)) != 0) fail(path);
    } else {
      const auto before = children("self");
      lab.emplace(
          lab::Options{.size = size, .sector = medium == Medium::loop4096 ? 4096u : 512u, .loop = on_loop(medium)});
      for (const pid_t child : children("self"))
        if (std::find(before.begin(), before.end(), child) == before.end()) keeper = child;
      path = lab->device();
      backing = lab->backing();
    }
  }

  // Drops everything of the device from the page cache, both written and read.
  void drop_cache() const {
    if (!on_loop(medium)) return;
    const File device(path, O_RDONLY);
    if (ioctl(device.get(), BLKFLSBUF, 0) != 0) fail(path);
  }

  Medium medium;
  uint64_t size;
  std::optional<Directory> directory;
  std::optional<lab::Disk> lab;
  std::string path, backing;
  pid_t keeper = -1;     // the lab's process that holds the disk; the process that serves it is its only child
  bool spoiled = false;  // not as it was when new
  bool killed = false;
};

// Lab disks that wait to be used again, and all that exist.
class Shelf {
 public:
  std::unique_ptr<Body> take(Medium medium, uint64_t size) {
    std::lock_guard lock(mutex_);
    const auto found =
        std::find_if(free_.begin(), free_.end(), [&](const auto& b) { return b->medium == medium && b->size == size; });
    if (found != free_.end()) return taken(found);
    auto body = std::make_unique<Body>(medium, size);
    if (body->lab) in_use_.push_back(body.get());
    return body;
  }

  void give_back(std::unique_ptr<Body> body) {
    if (!body->lab) return;
    std::lock_guard lock(mutex_);
    if (body->spoiled) return end(std::move(body));
    body->lab->rule("clear\nlog off\nlog clear\nreset");
    // What was given up while it stalled comes through now. It must not reach the next user.
    body->lab->wait_for([](const lab::Counters& counters) { return counters.in_flight == 0; });
    free_bytes_ += body->size;
    free_.push_back(std::move(body));
    while (free_.size() > kMost || free_bytes_ > kMostBytes) end(taken(free_.begin()));
  }

  void end_all() {
    std::lock_guard lock(mutex_);
    for (Body* body : in_use_) body->lab->close();
    in_use_.clear();
    free_.clear();
    free_bytes_ = 0;
  }

 private:
  // Limits of the shelf: a disk's content is in memory.
  static constexpr size_t kMost = 24;
  static constexpr uint64_t kMostBytes = 128 * MiB;

  std::unique_ptr<Body> taken(std::list<std::unique_ptr<Body>>::iterator from) {
    auto body = std::move(*from);
    free_.erase(from);
    free_bytes_ -= body->size;
    return body;
  }

  void end(std::unique_ptr<Body> body) { in_use_.remove(body.get()); }

  std::mutex mutex_;
  std::list<std::unique_ptr<Body>> free_;
  uint64_t free_bytes_ = 0;
  std::list<Body*> in_use_;  // including those on the shelf
};

static Shelf& shelf() {
  static Shelf shelf;
  return shelf;
}

void release_all_disks() {
  shelf().end_all();
  std::lock_guard lock(directories_mutex);
  for (const std::string& path : directories) remove_directory(path);
}

// ---- Disk

Disk::Disk(Medium medium, uint64_t size) : body_(shelf().take(medium, size)) {}
Disk::Disk(Disk&&) noexcept = default;
Disk::~Disk() {
  if (body_) shelf().give_back(std::move(body_));
}

const std::string& Disk::path() const { return body_->path; }
uint64_t Disk::size() const { return body_->size; }
Bytes Disk::bytes(uint64_t offset, uint64_t length) const { return read_range(body_->backing, offset, length); }

void Disk::fill(const Bytes& content, uint64_t offset) {
  body_->drop_cache();
  write_range(body_->backing, 0, offset, content);
  body_->drop_cache();
  if (body_->lab) body_->lab->rule("reset");
}

void Disk::rule(const std::string& line) {
  // The kernel remembers that a device refused to zero.
  body_->spoiled |= line.starts_with("resize") || line.starts_with("volatile") || line.starts_with("powercut") ||
                    line.starts_with("eio z");
  body_->lab->rule(line);
}

uint64_t Disk::reads() const { return body_->lab->counters().reads; }
uint64_t Disk::writes() const { return body_->lab->counters().writes; }
uint64_t Disk::flushes() const { return body_->lab->counters().flushes; }
uint64_t Disk::stalled() const { return body_->lab->counters().stalled; }

std::vector<Event> Disk::log() const {
  std::vector<Event> events;
  for (const auto& entry : body_->lab->log())
    events.push_back({entry.op, entry.offset, entry.length, entry.begin, entry.end, !entry.error.empty()});
  return events;
}

void Disk::forgive() {
  if (body_->lab && !body_->killed) body_->lab->rule("clear");
}

void Disk::kill() {
  body_->spoiled = body_->killed = true;
  for (const pid_t server : children(std::to_string(body_->keeper))) ::kill(server, SIGKILL);
  body_->lab->close();
}

// ---- Bay

bool lab_missing() {
  static const std::optional<std::string> why = lab::cannot_run();
  static std::string said;
  if (why && said != current_test)
    std::printf("SKIP: %s, on disks of the lab: %s\n", current_test.c_str(), why->c_str());
  said = current_test;
  return why.has_value();
}

// A sanitizer checks code, which hardly differs between media, so one medium stands for all. The build without a
// sanitizer runs on each.
static std::span<const Medium> media_here(const std::vector<Medium>& media) {
  return kSlow > 1 ? std::span(media).last(1) : std::span(media);
}

void on_each(const std::vector<Medium>& media, const std::function<void(const Combo&)>& body) {
  for (const kcopyd_backend backend : backends()) {
    for (const Medium medium : media_here(media)) {
      const std::string combination = std::string(name(backend)) + ", " + name(medium);
      DOCTEST_SUBCASE(combination.c_str()) {
        if (medium == Medium::file || !lab_missing()) body({backend, medium});
      }
    }
  }
}

void on_each_backend(const std::function<void(kcopyd_backend)>& body) {
  for (const kcopyd_backend backend : backends()) {
    DOCTEST_SUBCASE(name(backend)) { body(backend); }
  }
}

static std::vector<Disk> disks(Medium medium, unsigned n, uint64_t size) {
  std::vector<Disk> all;
  for (unsigned i = 0; i < n; i++) all.emplace_back(medium, size);
  return all;
}

static std::vector<Device> open_all(const std::vector<Disk>& disks) {
  std::vector<Device> devices;
  for (const Disk& disk : disks) devices.emplace_back(disk.path(), KCOPYD_OPEN_WRITE);
  return devices;
}

Bay::Bay(const Combo& combo, unsigned destinations, uint64_t size, ClientOptions options, bool fills)
    : source(combo.medium, size),
      dests(disks(combo.medium, destinations, size)),
      content(pattern(size, 1)),
      source_device(source.path(), KCOPYD_OPEN_READ),
      devices(open_all(dests)),
      client([&] { return options.backend = combo.backend, options; }()),
      size_(size),
      block_(source_device.info().logical_block) {
  if (!fills) return;
  source.fill(content);
  for (unsigned i = 0; i < destinations; i++) dests[i].fill(old(i));
}

Bay::~Bay() {
  // A failed test may have left a stall, and the client waits for its jobs.
  source.forgive();
  for (Disk& disk : dests) disk.forgive();
}

std::vector<io_region> Bay::all(uint64_t offset, uint64_t length) const {
  std::vector<io_region> regions;
  for (const Device& device : devices) regions.push_back(device.at(offset, length));
  return regions;
}

const Bytes& Bay::old(unsigned i) const { return pattern(size_, 100 + i); }

Bytes Bay::copied(unsigned i, uint64_t from, uint64_t to, uint64_t length) const {
  const Unwatched unwatched;
  Bytes bytes = old(i);
  std::copy_n(content.begin() + static_cast<ptrdiff_t>(from), length, bytes.begin() + static_cast<ptrdiff_t>(to));
  return bytes;
}

}  // namespace test

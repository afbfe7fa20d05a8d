// Loop devices, mounts and folders of the tests.
#include <dirent.h>
#include <fcntl.h>
#include <linux/blkpg.h>
#include <linux/loop.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <system_error>

#include "support.h"

namespace test {
namespace {

void check(long result, const std::string& what) {
  if (result < 0) throw std::system_error(errno, std::generic_category(), what);
}

std::string first_line(const std::string& path) {
  std::ifstream file(path);
  std::string text;
  std::getline(file, text);
  return text;
}

void change_partition(const std::string& path, int op, int number, uint64_t start, uint64_t length) {
  const Descriptor disk(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  struct blkpg_partition partition {};
  partition.start = static_cast<long long>(start);
  partition.length = static_cast<long long>(length);
  partition.pno = number;
  blkpg_ioctl_arg argument = {.op = op, .flags = 0, .datalen = sizeof partition, .data = &partition};
  check(ioctl(disk.get(), BLKPG, &argument), "BLKPG");
}

}  // namespace

bool cannot_run() {
  if (geteuid() != 0) skip_reason = "needs root";
  if (access("/dev/loop-control", R_OK | W_OK) != 0) skip_reason = "needs loop devices";
  return !skip_reason.empty();
}

Folder::Folder() {
  std::string pattern =
      std::filesystem::canonical(std::filesystem::temp_directory_path()).string() + "/platter-broker-test-XXXXXX";
  if (mkdtemp(pattern.data()) == nullptr) throw std::system_error(errno, std::generic_category(), pattern);
  path_ = pattern;
}

Folder::~Folder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

Loop::Loop(const std::string& over, uint64_t size, uint32_t flags) : file_(over) {
  if (over.empty()) make_file(size);
  // High numbers mostly stay ours: LOOP_CTL_GET_FREE gives the lowest free number. When no other one is free, another
  // program can be given this one before it is configured.
  static int next = 1000 + getpid() % 1000 * 40;
  const Descriptor control(open("/dev/loop-control", O_RDWR | O_CLOEXEC));
  do {
    while (ioctl(control.get(), LOOP_CTL_ADD, next) < 0) {
      if (errno != EEXIST) check(-1, "LOOP_CTL_ADD");
      ++next;
    }
    number_ = next++;
    path_ = "/dev/loop" + std::to_string(number_);
  } while (!configure(flags));
}

void Loop::make_file(uint64_t size) {
  file_ = folder_.path("image" + std::to_string(size));
  const Descriptor file(open(file_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  check(ftruncate(file.get(), static_cast<off_t>(size)), file_);
}

bool Loop::configure(uint32_t flags) {
  const Descriptor loop(open(path_.c_str(), O_RDWR | O_CLOEXEC));
  const Descriptor file(open(file_.c_str(), ((flags & LO_FLAGS_READ_ONLY) != 0 ? O_RDONLY : O_RDWR) | O_CLOEXEC));
  struct loop_config config {};
  config.fd = static_cast<uint32_t>(file.get());
  config.info.lo_flags = flags;
  const int result = ioctl(loop.get(), LOOP_CONFIGURE, &config);
  if (result < 0 && errno == EBUSY) return false;
  check(result, "LOOP_CONFIGURE");
  return true;
}

Loop::~Loop() {
  try {
    for (const int number : partitions_) change_partition(path_, BLKPG_DEL_PARTITION, number, 0, 0);
  } catch (const std::system_error& error) {
    std::fprintf(stderr, "%s: %s\n", path_.c_str(), error.what());
  }
  {
    const Descriptor loop(open(path_.c_str(), O_RDWR | O_CLOEXEC));
    ioctl(loop.get(), LOOP_CLR_FD);
  }
  const Descriptor control(open("/dev/loop-control", O_RDWR | O_CLOEXEC));
  // udev or an ending broker can have the device open for a moment.
  for (int i = 0; i < 100 && ioctl(control.get(), LOOP_CTL_REMOVE, number_) < 0 && errno == EBUSY; ++i) usleep(10000);
}

void Loop::exchange(uint64_t size) {
  {
    const Descriptor loop(open(path_.c_str(), O_RDWR | O_CLOEXEC));
    check(ioctl(loop.get(), LOOP_CLR_FD), "LOOP_CLR_FD");
  }
  make_file(size);
  if (!configure(0)) throw std::system_error(EBUSY, std::generic_category(), path_);
}

std::string Loop::add_partition(int number, uint64_t start, uint64_t length) {
  change_partition(path_, BLKPG_ADD_PARTITION, number, start, length);
  partitions_.push_back(number);
  return path_ + "p" + std::to_string(number);
}

Device Loop::device(Access access) const { return described(name(), access); }

Device described(const std::string& name, Access access) {
  const std::string folder = "/sys/class/block/" + name;
  const std::string number = first_line(folder + "/dev");
  Device device{};
  device.major_number = static_cast<uint32_t>(std::stoul(number));
  device.minor_number = static_cast<uint32_t>(std::stoul(number.substr(number.find(':') + 1)));
  device.size = std::stoull(first_line(folder + "/size")) * 512;
  const bool partition = std::filesystem::exists(folder + "/partition");
  const std::string sequence =
      first_line(std::filesystem::canonical(folder).string() + (partition ? "/.." : "") + "/diskseq");
  device.disk_sequence = sequence.empty() ? 0 : std::stoull(sequence);
  device.access = access;
  return device;
}

void make_node(const std::string& path, const Device& device) {
  check(mknod(path.c_str(), S_IFBLK | 0600, makedev(device.major_number, device.minor_number)), path);
}

Mount::Mount(const std::string& what, const std::string& where, const char* type, unsigned long flags) : where_(where) {
  check(mount(what.c_str(), where.c_str(), type, flags, nullptr), "mount " + what);
}

Mount::~Mount() { umount2(where_.c_str(), UMOUNT_NOFOLLOW); }

uint64_t mount_id(const std::string& path) {
  struct statx found {};
  check(statx(AT_FDCWD, path.c_str(), AT_SYMLINK_NOFOLLOW, STATX_MNT_ID, &found), path);
  return found.stx_mnt_id;
}

bool is_mounted(uint64_t id) {
  std::ifstream file("/proc/self/mountinfo");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with(std::to_string(id) + " ")) return true;
  }
  return false;
}

}  // namespace test

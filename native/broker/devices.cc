#include "devices.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <linux/openat2.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <cerrno>
#include <string>

namespace platter::broker {
namespace {

// Throws unless the open descriptor is the named device.
void check_identity(int file, const Device& device) {
  struct statx found {};
  // The client may have sent a file of a FUSE file system. DONT_SYNC avoids asking its server.
  if (statx(file, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_TYPE, &found) != 0) fail("statx");
  if (!S_ISBLK(found.stx_mode)) throw Refused(Status::kNotBlock);
  if (found.stx_rdev_major != device.major_number || found.stx_rdev_minor != device.minor_number)
    throw Refused(Status::kChanged);
  uint64_t size = 0;
  if (ioctl(file, BLKGETSIZE64, &size) != 0) fail("BLKGETSIZE64");
  uint64_t sequence = 0;
  if (ioctl(file, BLKGETDISKSEQ, &sequence) != 0) {
    if (errno != ENOTTY && errno != EINVAL) fail("BLKGETDISKSEQ");
    sequence = 0;  // before Linux 5.15
  }
  if (size != device.size || sequence != device.disk_sequence) throw Refused(Status::kChanged);
}

// Opens the kernel's node of the named device.
Descriptor open_node(const Roots& roots, const Device& device, int flags) {
  std::string name = kernel_name(roots, number_of(device));
  if (name.empty()) throw Refused(Status::kNotBlock);
  std::replace(name.begin(), name.end(), '!', '/');
  const std::string path = roots.dev + "/" + name;
  struct open_how how {};
  how.flags = static_cast<uint64_t>(flags | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY);
  how.resolve = RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  Descriptor file(static_cast<int>(syscall(SYS_openat2, AT_FDCWD, path.c_str(), &how, sizeof how)));
  if (!file) fail("open");
  check_identity(file.get(), device);
  return file;
}

// Opens the same device again, not its path.
Descriptor reopen(const Descriptor& file, int flags) {
  Descriptor again(open(("/proc/self/fd/" + std::to_string(file.get())).c_str(), flags | O_CLOEXEC | O_NOCTTY));
  if (!again) fail("open");
  return again;
}

// While the claim is open, nobody can mount the device or add it to a RAID.
Descriptor claim_for_writing(const Roots& roots, const Device& device) {
  Machine(roots).refuse_writing(number_of(device));
  return open_node(roots, device, O_RDONLY | O_EXCL);
}

}  // namespace

dev_t number_of(const Device& device) { return makedev(device.major_number, device.minor_number); }

std::vector<Descriptor> open_for_reading(const Roots& roots, const Device& device) {
  std::vector<Descriptor> opened;
  opened.push_back(open_node(roots, device, O_RDONLY | O_DIRECT));
  opened.push_back(reopen(opened.front(), O_RDONLY));
  return opened;
}

std::vector<Descriptor> open_for_writing(const Roots& roots, const Device& device) {
  std::vector<Descriptor> opened;
  opened.push_back(claim_for_writing(roots, device));
  int read_only = 0;
  if (ioctl(opened.front().get(), BLKROGET, &read_only) != 0) fail("BLKROGET");
  if (read_only != 0) throw Refused(Status::kReadOnly);
  opened.push_back(reopen(opened.front(), O_RDWR | O_DIRECT));
  opened.push_back(reopen(opened.front(), O_RDWR));
  return opened;
}

void reread_partitions(const Roots& roots, const Device& device, int claim) {
  Descriptor own;
  if (claim < 0) {
    own = claim_for_writing(roots, device);
  } else {
    check_identity(claim, device);
  }
  if (ioctl(own ? own.get() : claim, BLKRRPART) == 0) return;
  // The device is a partition or cannot have partitions.
  if (errno != EINVAL && errno != ENOTTY) fail("BLKRRPART");
}

void power_off(const Roots& roots, const Device& device) {
  const std::string number = std::to_string(device.major_number) + ":" + std::to_string(device.minor_number);
  const std::string place = roots.sys + "/dev/block/" + number;
  const Descriptor claim = claim_for_writing(roots, device);
  if (fsync(claim.get()) != 0) fail("fsync");
  const Descriptor control(open((place + "/device/delete").c_str(), O_WRONLY | O_CLOEXEC));
  if (!control && (errno == ENOENT || errno == ENOTDIR)) throw Refused(Status::kUnsupported);
  if (!control) fail("open");
  // The kernel flushes and stops the disk before this returns (drivers/scsi: sd_shutdown).
  if (write(control.get(), "1", 1) != 1) fail("device/delete");
  struct stat left {};
  if (lstat(place.c_str(), &left) == 0) throw Refused(Status::kFailed, "device/delete", EBUSY);
}

}  // namespace platter::broker

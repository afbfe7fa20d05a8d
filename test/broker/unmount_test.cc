// UNMOUNT and POWER_OFF.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <string>

#include "broker/devices.h"
#include "broker/refused.h"
#include "support.h"

using namespace test;

namespace {

bool make_ext4(const std::string& path) { return shell("mkfs.ext4 -q -F " + path + " >/dev/null 2>&1") == 0; }

// A loop device with a file system, mounted.
struct MountedDisk {
  MountedDisk() : loop(16 << 20) { REQUIRE(make_ext4(loop.path())); }
  Loop loop;
  Folder folder;
};

}  // namespace

TEST_CASE("UNMOUNT takes off the mount of a named device, and nothing of it stays mounted") {
  if (cannot_run()) return;
  const MountedDisk disk;
  const Mount mount(disk.loop.path(), disk.folder.path(), "ext4");
  const uint64_t id = mount_id(disk.folder.path());
  Session session({&disk.loop});
  CHECK(session.client().unmount(0, id).status == Status::kOk);
  CHECK(!is_mounted(id));
  CHECK(session.client().open(0, Access::kWrite).status == Status::kOk);
  CHECK(session.client().unmount(0, id).status == Status::kNotMounted);
}

TEST_CASE("UNMOUNT takes off the mount of a partition of a named disk, below a folder that only its user may enter") {
  if (cannot_run()) return;
  Loop disk(32 << 20);
  const std::string partition = disk.add_partition(1, 1 << 20, 16 << 20);
  REQUIRE(make_ext4(partition));
  const Folder folder;
  const std::string target = folder.path("my stick\n\\040");
  REQUIRE(mkdir(target.c_str(), 0700) == 0);
  REQUIRE(chown(folder.path().c_str(), kUser, kUser) == 0);
  const Mount mount(partition, target, "ext4");
  const uint64_t id = mount_id(target);
  Session session({&disk});
  CHECK(session.client().unmount(0, id).status == Status::kOk);
  CHECK(!is_mounted(id));
}

TEST_CASE("UNMOUNT takes off a btrfs by the node it was mounted from") {
  if (cannot_run()) return;
  const Loop disk(256 << 20);
  if (shell("mkfs.btrfs -q -f " + disk.path() + " >/dev/null 2>&1") != 0) {
    skip_reason = "mkfs.btrfs does not run here";
    return;
  }
  const Folder folder;
  const Mount mount(disk.path(), folder.path(), "btrfs");
  const uint64_t id = mount_id(folder.path());
  Session session({&disk});
  CHECK(session.client().unmount(0, id).status == Status::kOk);
  CHECK(!is_mounted(id));
}

TEST_CASE("UNMOUNT refuses a mount of another device, and one that does not exist") {
  if (cannot_run()) return;
  const MountedDisk disk;
  const MountedDisk other;
  const Mount mount(other.loop.path(), other.folder.path(), "ext4");
  const uint64_t id = mount_id(other.folder.path());
  Session session({&disk.loop});
  CHECK(session.client().unmount(0, id).status == Status::kNotMounted);
  CHECK(session.client().unmount(0, UINT64_MAX).status == Status::kNotMounted);
  CHECK(session.client().unmount(0, mount_id("/proc")).status == Status::kNotMounted);
  CHECK(session.client().unmount(0, mount_id("/")).status == Status::kNotMounted);
  CHECK(is_mounted(id));
}

TEST_CASE("UNMOUNT refuses a mount with another one on it or below it, and names that") {
  if (cannot_run()) return;
  const MountedDisk disk;
  const Mount mount(disk.loop.path(), disk.folder.path(), "ext4");
  const uint64_t id = mount_id(disk.folder.path());
  Session session({&disk.loop});
  {
    const Mount above("platter-test", disk.folder.path(), "tmpfs");
    const Answer answer = session.client().unmount(0, id);
    CHECK(answer.status == Status::kMounted);
    CHECK(answer.detail == disk.folder.path());
  }
  const std::string below = disk.folder.path("lost+found");
  {
    const Mount inside("platter-test", below, "tmpfs");
    const Answer answer = session.client().unmount(0, id);
    CHECK(answer.status == Status::kMounted);
    CHECK(answer.detail == below);
  }
  CHECK(is_mounted(id));
  CHECK(session.client().unmount(0, id).status == Status::kOk);
}

TEST_CASE("UNMOUNT refuses a mount that its path does not lead to") {
  if (cannot_run()) return;
  const MountedDisk disk;
  const std::string target = disk.folder.path("stick");
  REQUIRE(mkdir(target.c_str(), 0700) == 0);
  const Mount mount(disk.loop.path(), target, "ext4");
  const uint64_t id = mount_id(target);
  const Mount above("platter-test", disk.folder.path(), "tmpfs");  // hides the mount point
  REQUIRE(mkdir(target.c_str(), 0700) == 0);
  const Mount hiding("platter-test", target, "tmpfs");
  const uint64_t hider = mount_id(target);
  Session session({&disk.loop});
  CHECK(session.client().unmount(0, id).status == Status::kMounted);
  CHECK(is_mounted(id));
  CHECK(is_mounted(hider));
  REQUIRE(umount2(target.c_str(), 0) == 0);
  REQUIRE(umount2(disk.folder.path().c_str(), 0) == 0);
}

TEST_CASE("UNMOUNT does not follow a link that hides the mount point") {
  if (cannot_run()) return;
  const MountedDisk disk;
  const std::string target = disk.folder.path("stick");
  REQUIRE(mkdir(target.c_str(), 0700) == 0);
  const Mount mount(disk.loop.path(), target, "ext4");
  const uint64_t id = mount_id(target);
  const Mount above("platter-test", disk.folder.path(), "tmpfs");
  const Folder elsewhere;
  const Mount victim("platter-test", elsewhere.path(), "tmpfs");
  const uint64_t victim_id = mount_id(elsewhere.path());
  REQUIRE(symlink(elsewhere.path().c_str(), target.c_str()) == 0);
  Session session({&disk.loop});
  CHECK(session.client().unmount(0, id).status != Status::kOk);
  CHECK(is_mounted(id));
  CHECK(is_mounted(victim_id));
  REQUIRE(umount2(disk.folder.path().c_str(), 0) == 0);
}

TEST_CASE("UNMOUNT says kBusy while a file is open, and the mount stays") {
  if (cannot_run()) return;
  const MountedDisk disk;
  const Mount mount(disk.loop.path(), disk.folder.path(), "ext4");
  const uint64_t id = mount_id(disk.folder.path());
  const Descriptor file(open(disk.folder.path("file").c_str(), O_RDWR | O_CREAT, 0600));
  Session session({&disk.loop});
  const Answer answer = session.client().unmount(0, id);
  CHECK(answer.status == Status::kBusy);
  CHECK(answer.error == EBUSY);
  CHECK(is_mounted(id));
}

TEST_CASE("UNMOUNT refuses what the system needs") {
  if (cannot_run()) return;
  std::ifstream mountinfo("/proc/self/mountinfo");
  for (std::string id, parent, number, root, target; mountinfo >> id >> parent >> number >> root >> target;
       mountinfo.ignore(65536, '\n')) {
    const std::filesystem::path link = "/sys/dev/block/" + number;
    if (target != "/" || !std::filesystem::exists(link)) continue;
    const std::string name = std::filesystem::canonical(link).filename().string();
    Session session({"--write", name});
    REQUIRE(session.client().name({described(name, Access::kWrite)}).status == Status::kOk);
    const Answer answer = session.client().unmount(0, std::stoull(id));
    CHECK(answer.status == Status::kSystem);
    return;
  }
  skip_reason = "no block device is mounted at /";
}

TEST_CASE("UNMOUNT refuses a device whose number has gone to another disk") {
  if (cannot_run()) return;
  Loop disk(16 << 20);
  Session session({&disk});
  disk.exchange(24 << 20);
  REQUIRE(make_ext4(disk.path()));
  const Folder folder;
  const Mount mount(disk.path(), folder.path(), "ext4");
  const uint64_t id = mount_id(folder.path());
  CHECK(session.client().unmount(0, id).status == Status::kChanged);
  CHECK(is_mounted(id));
}

TEST_CASE("POWER_OFF of a loop device or a partition is unsupported") {
  if (cannot_run()) return;
  Loop disk;
  {
    Session session({&disk});
    CHECK(session.client().power_off(0).status == Status::kUnsupported);
  }
  const std::string partition = disk.add_partition(1, 1 << 20, 1 << 20).substr(5);
  Session session({"--write", partition});
  REQUIRE(session.client().name({described(partition, Access::kWrite)}).status == Status::kOk);
  CHECK(session.client().power_off(0).status == Status::kUnsupported);
}

TEST_CASE("POWER_OFF says kBusy while the client holds its claim") {
  if (cannot_run()) return;
  const Loop disk;
  Session session({&disk});
  const Answer opened = session.client().open(0, Access::kWrite);
  REQUIRE(opened.status == Status::kOk);
  CHECK(session.client().power_off(0).status == Status::kBusy);
}

TEST_CASE("POWER_OFF writes to the disk's switch in sysfs, and says when the disk has stayed") {
  if (cannot_run()) return;
  const Loop disk;
  const Folder sys;
  const Device device = disk.device(Access::kWrite);
  const std::string number = std::to_string(device.major_number) + ":" + std::to_string(device.minor_number);
  const std::string block = sys.path("devices/" + disk.name());
  std::filesystem::create_directories(block + "/device");
  std::filesystem::create_directories(sys.path("dev/block"));
  std::filesystem::create_directories(sys.path("class/block"));
  std::filesystem::create_directory_symlink(block, sys.path("dev/block/" + number));
  std::filesystem::create_directory_symlink(block, sys.path("class/block/" + disk.name()));
  std::ofstream(block + "/dev") << number << "\n";
  std::ofstream(block + "/removable") << "1\n";
  std::ofstream(block + "/device/delete") << "";
  try {
    platter::broker::power_off({.sys = sys.path(), .proc = "/proc", .dev = "/dev"}, device);
    FAIL("the disk is still there");
  } catch (const platter::broker::Refused& refused) {
    CHECK(refused.status == Status::kFailed);
  }
  std::string written;
  std::ifstream(block + "/device/delete") >> written;
  CHECK(written == "1");
}

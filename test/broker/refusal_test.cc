// Reasons not to open a device for writing.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <linux/loop.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/swap.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>
#include <stdexcept>

#include "broker/system_disks.h"
#include "support.h"

using namespace test;

namespace {

// The answer to OPEN for writing a loop device.
Answer opening(const Loop& disk) {
  Session session({&disk});
  return session.client().open(0, Access::kWrite);
}

// The same for any block device, by the kernel's name.
Answer opening(const std::string& name) {
  Session session({"--write", name});
  const Answer named = session.client().name({described(name, Access::kWrite)});
  return named.status == Status::kOk ? session.client().open(0, Access::kWrite) : Answer{.status = named.status};
}

bool make_ext4(const std::string& path) { return shell("mkfs.ext4 -q -F " + path + " >/dev/null 2>&1") == 0; }

// True when the broker takes the disk /dev/NAME for a disk of the running system.
bool holds_system(const platter::broker::Machine& machine, const std::string& name) {
  const Device device = described(name, Access::kWrite);
  return device.size > 0 && machine.is_system(makedev(device.major_number, device.minor_number));
}

}  // namespace

TEST_CASE("a device whose number has gone to another disk is refused as changed") {
  if (cannot_run()) return;
  for (const uint64_t size : {uint64_t{8 << 20}, uint64_t{9 << 20}}) {
    Loop disk;
    Session session({&disk});
    disk.exchange(size);  // the same size, but another disk sequence number
    CHECK(session.client().open(0, Access::kRead).status == Status::kChanged);
    CHECK(session.client().open(0, Access::kWrite).status == Status::kChanged);
    CHECK(session.client().reread(0).status == Status::kChanged);
    CHECK(session.client().power_off(0).status == Status::kChanged);
  }
}

TEST_CASE("a device is refused as changed when the client gives another size or disk sequence number") {
  if (cannot_run()) return;
  const Loop disk;
  for (int which = 0; which < 3; ++which) {
    Device device = disk.device(Access::kWrite);
    if (which == 0) device.size += 512;
    if (which == 1) device.disk_sequence += 1;
    if (which == 2 && device.disk_sequence == 0) continue;
    if (which == 2) device.disk_sequence = 0;
    Session session({"--write", disk.name()});
    CHECK(session.client().name({device}).status == Status::kChanged);
    CHECK(session.client().open(0, Access::kRead).status == Status::kNotNamed);
    CHECK(session.client().open(0, Access::kWrite).status == Status::kNotNamed);
  }
}

TEST_CASE("a loop device that has lost its file is refused as changed") {
  if (cannot_run()) return;
  Loop disk;
  Session session({&disk});
  {
    const Descriptor loop(open(disk.path().c_str(), O_RDWR));
    REQUIRE(ioctl(loop.get(), LOOP_CLR_FD) == 0);
  }
  CHECK(session.client().open(0, Access::kWrite).status == Status::kChanged);
}

TEST_CASE("a write-protected device can be read and is refused for writing") {
  if (cannot_run()) return;
  const Loop disk(8 << 20, LO_FLAGS_READ_ONLY);
  Session session({&disk});
  CHECK(session.client().open(0, Access::kRead).status == Status::kOk);
  CHECK(session.client().open(0, Access::kWrite).status == Status::kReadOnly);
}

TEST_CASE("a mounted device can be read and is refused for writing, with the place") {
  if (cannot_run()) return;
  const Loop disk(16 << 20);
  REQUIRE(make_ext4(disk.path()));
  const Folder folder;
  const Mount mount(disk.path(), folder.path(), "ext4");
  Session session({&disk});
  CHECK(session.client().open(0, Access::kRead).status == Status::kOk);
  for (const Answer& answer :
       {session.client().open(0, Access::kWrite), session.client().reread(0), session.client().power_off(0)}) {
    CHECK(answer.status == Status::kMounted);
    CHECK(answer.detail == folder.path());
  }
}

TEST_CASE("a disk with a mounted partition is refused, and so is that partition") {
  if (cannot_run()) return;
  Loop disk(32 << 20);
  const std::string partition = disk.add_partition(1, 1 << 20, 16 << 20);
  REQUIRE(make_ext4(partition));
  const Folder folder;
  const Mount mount(partition, folder.path(), "ext4");
  CHECK(opening(disk).status == Status::kMounted);
  CHECK(opening(partition.substr(5)).status == Status::kMounted);
}

TEST_CASE("a disk that is mounted in another mount namespace only is refused as mounted") {
  if (cannot_run()) return;
  const Loop disk(16 << 20);
  REQUIRE(make_ext4(disk.path()));
  const Folder folder;
  const Bystander other([&] {
    if (unshare(CLONE_NEWNS) != 0 || mount(nullptr, "/", nullptr, MS_REC | MS_SLAVE, nullptr) != 0)
      throw std::runtime_error("unshare");
    if (mount(disk.path().c_str(), folder.path().c_str(), "ext4", 0, nullptr) != 0) throw std::runtime_error("mount");
  });
  const Answer answer = opening(disk);
  CHECK(answer.status == Status::kMounted);
  CHECK(answer.detail == folder.path());
}

TEST_CASE("every member of a mounted btrfs is refused as mounted") {
  if (cannot_run()) return;
  const Loop one(256 << 20);
  const Loop two(256 << 20);
  if (shell("mkfs.btrfs -q -f -d raid1 -m raid1 " + one.path() + " " + two.path() + " >/dev/null 2>&1") != 0) {
    skip_reason = "mkfs.btrfs does not run here";
    return;
  }
  const Folder folder;
  REQUIRE(shell("mount -o device=" + two.path() + " " + one.path() + " " + folder.path()) == 0);
  CHECK(opening(one).status == Status::kMounted);
  CHECK(opening(two).status == Status::kMounted);
  CHECK(umount2(folder.path().c_str(), 0) == 0);
  // The kernel remembers the members of every btrfs that it has scanned.
  static_cast<void>(shell("btrfs device scan --forget " + one.path() + " " + two.path() + " >/dev/null 2>&1"));
}

TEST_CASE("a device that is used as swap is refused, and so is its disk") {
  if (cannot_run()) return;
  Loop disk(32 << 20);
  const std::string partition = disk.add_partition(1, 1 << 20, 16 << 20);
  if (shell("mkswap -q " + partition + " >/dev/null 2>&1") != 0 || swapon(partition.c_str(), 0) != 0) {
    skip_reason = "this machine does not swap";
    return;
  }
  const Answer whole = opening(disk);
  const Answer part = opening(partition.substr(5));
  CHECK(swapoff(partition.c_str()) == 0);
  CHECK(whole.status == Status::kSwap);
  CHECK(part.status == Status::kSwap);
  CHECK(part.detail == partition.substr(5));
}

TEST_CASE("a disk that a device-mapper device lies on is refused as held") {
  if (cannot_run()) return;
  if (shell("grep -q device-mapper /proc/misc") != 0) {
    skip_reason = "this kernel has no device-mapper";
    return;
  }
  const Loop disk;
  const std::string name = "platter-test-" + std::to_string(getpid());
  REQUIRE(shell("dmsetup create " + name + " --table '0 2048 linear " + disk.path() + " 0'") == 0);
  const Answer answer = opening(disk);
  CHECK(shell("dmsetup remove " + name) == 0);
  CHECK(answer.status == Status::kHeld);
  CHECK(answer.detail.starts_with("dm-"));
}

TEST_CASE("a disk that a loop device lies on is refused as held, and so is its partition") {
  if (cannot_run()) return;
  Loop disk(32 << 20);
  const std::string partition = disk.add_partition(1, 1 << 20, 16 << 20);
  const Loop above(partition);
  const Answer whole = opening(disk);
  CHECK(whole.status == Status::kHeld);
  CHECK(whole.detail == above.name());
  CHECK(opening(partition.substr(5)).status == Status::kHeld);
  CHECK(opening(above).status == Status::kOk);
}

TEST_CASE("a disk is refused as mounted when a loop device over it is mounted") {
  if (cannot_run()) return;
  const Loop disk(32 << 20);
  const Loop above(disk.path());
  REQUIRE(make_ext4(above.path()));
  const Folder folder;
  const Mount mount(above.path(), folder.path(), "ext4");
  CHECK(opening(disk).status == Status::kMounted);
}

TEST_CASE("S18 a disk is refused while a loop device is mounted over it by a node outside /dev") {
  if (cannot_run()) return;
  for (const bool removed : {false, true}) {
    CAPTURE(removed);
    const Folder nodes;
    const Loop disk(32 << 20);
    make_node(nodes.path("node"), disk.device(Access::kRead));
    const Loop above(nodes.path("node"));
    if (removed) REQUIRE(unlink(nodes.path("node").c_str()) == 0);
    CHECK(opening(disk).status == Status::kHeld);
    REQUIRE(make_ext4(above.path()));
    const Folder folder;
    const Mount mount(above.path(), folder.path(), "ext4");
    CHECK(opening(disk).status == Status::kMounted);
    CHECK(opening(above).status == Status::kMounted);
  }
}

TEST_CASE("a file in /dev/shm that is called as a disk makes its loop device no name of that disk") {
  if (cannot_run()) return;
  const Loop disk;
  const std::string path = "/dev/shm/" + disk.name();
  REQUIRE(shell("truncate -s 8M " + path) == 0);
  {
    const Loop above(path);
    CHECK(opening(disk).status == Status::kOk);
  }
  REQUIRE(unlink(path.c_str()) == 0);
}

TEST_CASE("S18 a loop device is refused while another one is mounted over the same file under another name") {
  if (cannot_run()) return;
  const Folder names;
  const Loop disk(16 << 20);
  const std::string other_name = names.path("other");
  REQUIRE(link(disk.file().c_str(), other_name.c_str()) == 0);
  const Loop twin(other_name);
  REQUIRE(make_ext4(twin.path()));
  const Folder folder;
  const Mount mount(twin.path(), folder.path(), "ext4");
  CHECK(opening(disk).status == Status::kMounted);
}

TEST_CASE("S18 a loop device over a deleted file is refused while another one over it is mounted") {
  if (cannot_run()) return;
  const Loop disk(16 << 20);
  const Loop twin(disk.file());
  REQUIRE(make_ext4(disk.path()));
  REQUIRE(unlink(disk.file().c_str()) == 0);
  const Folder folder;
  const Mount mount(disk.path(), folder.path(), "ext4");
  CHECK(opening(twin).status == Status::kMounted);
}

TEST_CASE("a device that another program has claimed is refused as busy") {
  if (cannot_run()) return;
  Loop disk;
  const std::string partition = disk.add_partition(1, 1 << 20, 1 << 20);
  for (const std::string& path : {disk.path(), partition}) {
    const Descriptor claim(open(path.c_str(), O_RDONLY | O_EXCL));
    REQUIRE(claim.get() >= 0);
    const Answer answer = opening(disk);
    CHECK(answer.status == Status::kBusy);
    CHECK(answer.error == EBUSY);
    CHECK(answer.descriptors.empty());
  }
}

TEST_CASE("the free partition of a disk in use can be written") {
  if (cannot_run()) return;
  Loop disk(64 << 20);
  const std::string used = disk.add_partition(1, 1 << 20, 16 << 20);
  const std::string unused = disk.add_partition(2, 32 << 20, 16 << 20);
  REQUIRE(make_ext4(used));
  const Folder folder;
  const Mount mount(used, folder.path(), "ext4");
  CHECK(opening(unused.substr(5)).status == Status::kOk);
  CHECK(opening(disk).status == Status::kMounted);
}

TEST_CASE("S15 this machine's system disk, what it lies on and all its partitions are refused") {
  if (cannot_run()) return;
  const platter::broker::Machine machine({});
  std::vector<std::string> system;
  for (const auto& entry : std::filesystem::directory_iterator("/sys/class/block")) {
    const std::string name = entry.path().filename().string();
    if (!std::filesystem::exists(entry.path() / "dev")) continue;
    if (holds_system(machine, name)) system.push_back(name);
  }
  if (system.empty()) {
    skip_reason = "this machine shows no disk that could hold its system";
    return;
  }
  // A block device mounted at "/" is among them.
  std::ifstream mountinfo("/proc/self/mountinfo");
  for (std::string id, parent, number, root, target; mountinfo >> id >> parent >> number >> root >> target;
       mountinfo.ignore(65536, '\n')) {
    const std::filesystem::path link = "/sys/dev/block/" + number;
    if (target != "/" || !std::filesystem::exists(link)) continue;
    const std::string name = std::filesystem::canonical(link).filename().string();
    CHECK(std::find(system.begin(), system.end(), name) != system.end());
  }
  for (const std::string& name : system) {
    CAPTURE(name);
    const Answer answer = opening(name);
    const bool refused = answer.status == Status::kSystem || answer.status == Status::kSwap;
    // Another program's mount namespace can have had its root on a disk and be gone by now.
    if (!refused && !holds_system(platter::broker::Machine({}), name)) continue;
    CHECK(refused);
    CHECK(answer.descriptors.empty());
  }
}

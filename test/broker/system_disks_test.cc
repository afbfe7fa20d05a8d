// Decisions on described machines. Each is a tree of sysfs and proc.
#include "broker/system_disks.h"

#include <doctest/doctest.h>
#include <sys/sysmacros.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <vector>

#include "broker/refused.h"
#include "support.h"

using namespace test;
using platter::broker::Machine;
using platter::broker::Refused;
using platter::broker::Roots;

namespace {

namespace fs = std::filesystem;

class Described {
 public:
  Described() {
    for (const char* name : {"sys/class/block", "sys/dev/block", "sys/fs/btrfs", "proc/self", "proc/1", "dev"})
      fs::create_directories(folder_.path(name));
    mounts("self", "");
    mounts("1", "");
  }

  // A drive; `place` is its folder below devices/.
  void drive(const std::string& name, const std::string& number, const std::string& place = "pci0000:00/0000:00:1f.2",
             bool removable = false) {
    const std::string path = add(name, number, "sys/devices/" + place + "/block/" + name);
    fs::create_directories(path + "/device");
    write(path + "/removable", removable ? "1" : "0");
  }
  void partition(const std::string& disk, const std::string& name, const std::string& number) {
    write(add(name, number,
              fs::relative(fs::canonical(at("sys/class/block/" + disk)), folder_.path()).string() + "/" + name) +
              "/partition",
          "1");
  }
  // A RAID, LVM or encrypted device.
  void virtual_disk(const std::string& name, const std::string& number, const std::vector<std::string>& slaves,
                    const std::string& uuid = "") {
    const std::string path = add(name, number, "sys/devices/virtual/block/" + name);
    for (const std::string& slave : slaves) {
      const fs::path below = fs::canonical(at("sys/class/block/" + slave));
      fs::create_directory_symlink(below, path + "/slaves/" + slave);
      fs::create_directory_symlink(path, below.string() + "/holders/" + name);
    }
    if (!uuid.empty()) fs::create_directories(path + "/dm");
    if (!uuid.empty()) write(path + "/dm/uuid", uuid);
  }
  void loop(const std::string& name, const std::string& number, const std::string& file, bool read_only = false) {
    const std::string path = add(name, number, "sys/devices/virtual/block/" + name);
    write(path + "/ro", read_only ? "1" : "0");
    fs::create_directories(path + "/loop");
    write(path + "/loop/backing_file", file);
  }
  // "/dev/mapper/root" and the like.
  void link(const std::string& path, const std::string& name) {
    fs::create_directories(fs::path(at(path.substr(1))).parent_path());
    write(at("dev/" + name), "");
    fs::create_symlink(fs::relative(at("dev/" + name), fs::path(at(path.substr(1))).parent_path()), at(path.substr(1)));
  }
  void btrfs(const std::string& id, const std::vector<std::string>& members) {
    for (const std::string& name : members) fs::create_directories(at("sys/fs/btrfs/" + id + "/devices/" + name));
  }
  void mounts(const std::string& process, const std::string& mountinfo) {
    fs::create_directories(at("proc/" + process));
    write(at("proc/" + process + "/mountinfo"), mountinfo);
  }
  // The same for this process and process 1.
  void mounts(const std::string& mountinfo) {
    mounts("self", mountinfo);
    mounts("1", mountinfo);
  }
  // A file that exists and cannot be read.
  void unreadable(const std::string& path) {
    fs::remove_all(at(path));
    fs::create_directories(at(path));
  }
  // A folder that exists and cannot be read.
  void no_folder(const std::string& path) {
    fs::remove_all(at(path));
    write(at(path), "");
  }
  void swaps(const std::string& path) {
    write(at("proc/swaps"), "Filename\tType\tSize\tUsed\tPriority\n" + path + " partition 1 0 -2");
  }

  // The status of writing the device: kOk when nothing forbids it.
  Status verdict(const std::string& name) const {
    std::ifstream file(at("sys/class/block/" + name + "/dev"));
    unsigned major_number = 0;
    unsigned minor_number = 0;
    char colon = 0;
    file >> major_number >> colon >> minor_number;
    try {
      Machine({.sys = at("sys"), .proc = at("proc"), .dev = at("dev")})
          .refuse_writing(makedev(major_number, minor_number));
      return Status::kOk;
    } catch (const Refused& refused) {
      return refused.status;
    }
  }
  void expect(Status status, const std::vector<std::string>& names) const {
    for (const std::string& name : names) {
      CAPTURE(name);
      CHECK(verdict(name) == status);
    }
  }

 private:
  std::string at(const std::string& name) const { return folder_.path(name); }
  static void write(const std::string& path, const std::string& text) { std::ofstream(path) << text << "\n"; }
  std::string add(const std::string& name, const std::string& number, const std::string& place) {
    const std::string path = at(place);
    fs::create_directories(path + "/slaves");
    fs::create_directories(path + "/holders");
    write(path + "/dev", number);
    fs::create_directory_symlink(path, at("sys/class/block/" + name));
    fs::create_directory_symlink(path, at("sys/dev/block/" + number));
    return path;
  }

  Folder folder_;
};

// What the broker should refuse as the system of a machine of test/machines, and what it should let be written.
struct Expected {
  std::vector<std::string> system;
  std::vector<std::string> free;
};

// Describes a machine of test/machines. test/app/devices/described.ts reads the same files.
Expected describe(Described& machine, const fs::path& file) {
  Expected expected;
  std::string mountinfo;
  std::ifstream lines(file);
  for (std::string text; std::getline(lines, text);) {
    std::istringstream words(text);
    std::string verb;
    words >> verb;
    const std::vector<std::string> rest{std::istream_iterator<std::string>(words), {}};
    if (verb == "disk")
      machine.drive(rest[0], rest[1], rest[2] == "usb" ? "pci0000:00/0000:00:14.0/usb2/2-1/2-1:1.0/host9" : "pci0");
    if (verb == "part") machine.partition(rest[0], rest[1], rest[2]);
    if (verb == "loop") machine.loop(rest[0], rest[1], rest[3], rest[2] == "ro");
    if (verb == "mount") mountinfo += text.substr(verb.size() + 1) + "\n";
    if (verb == "system") expected.system = rest;
    if (verb == "free") expected.free = rest;
  }
  machine.mounts(mountinfo);
  return expected;
}

void add_stick(Described& machine) {
  machine.drive("sdz", "65:144", "pci0000:00/0000:00:14.0/usb2/2-1/2-1:1.0/host9");
  machine.partition("sdz", "sdz1", "65:145");
}

}  // namespace

TEST_CASE("S15 on a machine with NVMe the system's disk and all its partitions are refused, a stick is not") {
  Described machine;
  machine.drive("nvme0n1", "259:0");
  for (int i = 1; i <= 4; ++i) machine.partition("nvme0n1", "nvme0n1p" + std::to_string(i), "259:" + std::to_string(i));
  machine.drive("sda", "8:0");
  add_stick(machine);
  // The ESP (p1) and Windows (p3) are not mounted.
  machine.mounts("26 1 259:2 / / rw - ext4 /dev/nvme0n1p2 rw\n27 26 259:4 / /home rw - ext4 /dev/nvme0n1p4 rw\n");
  machine.expect(Status::kSystem, {"nvme0n1", "nvme0n1p1", "nvme0n1p2", "nvme0n1p3", "nvme0n1p4"});
  machine.expect(Status::kOk, {"sda", "sdz", "sdz1"});
}

TEST_CASE("S15 with LVM on an encrypted partition everything below the root is refused, and so is the boot partition") {
  Described machine;
  machine.drive("sda", "8:0");
  for (int i = 1; i <= 3; ++i) machine.partition("sda", "sda" + std::to_string(i), "8:" + std::to_string(i));
  machine.virtual_disk("dm-0", "253:0", {"sda3"}, "CRYPT-LUKS2-x");
  machine.virtual_disk("dm-1", "253:1", {"dm-0"}, "LVM-root");
  machine.virtual_disk("dm-2", "253:2", {"dm-0"}, "LVM-swap");
  machine.link("/dev/mapper/vg-root", "dm-1");
  machine.link("/dev/mapper/vg-swap", "dm-2");
  machine.mounts("26 1 253:1 / / rw - ext4 /dev/mapper/vg-root rw\n");
  machine.swaps("/dev/mapper/vg-swap");
  add_stick(machine);
  machine.expect(Status::kSystem, {"sda1", "sda2", "dm-1"});
  machine.expect(Status::kSwap, {"sda", "sda3", "dm-0", "dm-2"});
  machine.expect(Status::kOk, {"sdz"});
}

TEST_CASE("S15 both disks of a btrfs RAID1 below the root are refused") {
  Described machine;
  for (const char* disk : {"sda", "sdb", "sdc"}) {
    const std::string number = std::to_string(16 * (disk[2] - 'a'));
    machine.drive(disk, "8:" + number);
    machine.partition(disk, std::string(disk) + "1", "8:" + std::to_string(16 * (disk[2] - 'a') + 1));
    machine.partition(disk, std::string(disk) + "2", "8:" + std::to_string(16 * (disk[2] - 'a') + 2));
  }
  machine.btrfs("d0d0", {"sda2", "sdb2"});
  machine.mounts("26 1 0:24 /@ / rw - btrfs /dev/sda2 rw\n");
  machine.expect(Status::kSystem, {"sda", "sda1", "sda2", "sdb", "sdb1", "sdb2"});
  machine.expect(Status::kOk, {"sdc", "sdc1"});
}

TEST_CASE("S15 every member of a RAID below the root is refused, with its disk and that disk's other partitions") {
  Described machine;
  machine.drive("sda", "8:0");
  machine.drive("sdb", "8:16");
  machine.drive("sdc", "8:32");
  machine.drive("sdd", "8:48");
  for (const char* disk : {"sda", "sdb"}) {
    machine.partition(disk, std::string(disk) + "1", "8:" + std::to_string(16 * (disk[2] - 'a') + 1));
    machine.partition(disk, std::string(disk) + "2", "8:" + std::to_string(16 * (disk[2] - 'a') + 2));
  }
  machine.virtual_disk("md0", "9:0", {"sda2", "sdb2"});
  machine.virtual_disk("md1", "9:1", {"sdc", "sdd"});
  machine.partition("md1", "md1p1", "259:7");
  machine.mounts("26 1 9:0 / / rw - ext4 /dev/md0 rw\n");
  machine.expect(Status::kSystem, {"md0", "sda", "sda1", "sda2", "sdb", "sdb1", "sdb2"});
  machine.expect(Status::kHeld, {"sdc", "sdd"});
  machine.expect(Status::kOk, {"md1", "md1p1"});
}

TEST_CASE("S23 partitions that device-mapper makes of a multipath disk count as its partitions") {
  Described machine;
  machine.drive("sda", "8:0");
  machine.drive("sdb", "8:16");
  machine.virtual_disk("dm-0", "253:0", {"sda", "sdb"}, "mpath-3600");
  machine.virtual_disk("dm-1", "253:1", {"dm-0"}, "part1-mpath-3600");
  machine.virtual_disk("dm-2", "253:2", {"dm-0"}, "part2-mpath-3600");
  machine.mounts("26 1 253:2 / / rw - ext4 /dev/dm-2 rw\n");
  machine.expect(Status::kSystem, {"sda", "sdb", "dm-0", "dm-1", "dm-2"});
}

TEST_CASE("a live system's stick is refused, and the disks of the machine are not") {
  Described machine;
  machine.drive("sda", "8:0");
  machine.partition("sda", "sda1", "8:1");
  add_stick(machine);
  machine.loop("loop0", "7:0", "/run/live/medium/live/filesystem.squashfs");
  machine.mounts(
      "20 1 0:30 / / rw - overlay overlay "
      "rw,lowerdir=/run/live/rootfs/filesystem.squashfs/,upperdir=/run/live/overlay/rw,workdir=/w\n"
      "21 20 0:31 / /run rw - tmpfs tmpfs rw\n"
      "22 21 65:145 / /run/live/medium ro - iso9660 /dev/sdz1 ro\n"
      "23 21 7:0 / /run/live/rootfs/filesystem.squashfs ro - squashfs /dev/loop0 ro\n"
      "24 21 0:32 / /run/live/overlay rw - tmpfs tmpfs rw\n");
  machine.expect(Status::kSystem, {"sdz", "sdz1", "loop0"});
  machine.expect(Status::kOk, {"sda", "sda1"});
}

TEST_CASE("F14 F15 machines that the host knows too: the same disks are the system's, and the same are free") {
  const fs::path folder = fs::path(__FILE__).parent_path().parent_path() / "machines";
  for (const std::string name :
       {"ubuntu-live", "ubuntu-live-from-disk", "debian-live-new-mounts", "container", "emmc", "emmc-beside"}) {
    CAPTURE(name);
    Described machine;
    const Expected expected = describe(machine, folder / (name + ".machine"));
    REQUIRE(!expected.system.empty());
    machine.expect(Status::kSystem, expected.system);
    machine.expect(Status::kOk, expected.free);
  }
}

TEST_CASE(
    "S15 where the root is an overlay of folders out of sight, fixed disks and all that lies on them are refused") {
  Described machine;
  machine.drive("sda", "8:0");
  machine.partition("sda", "sda1", "8:1");
  machine.virtual_disk("dm-0", "253:0", {"sda1"}, "CRYPT-x");
  add_stick(machine);
  machine.drive("sdc", "8:32", "pci0000:00/0000:00:17.0", true);
  for (const char* layers : {"lowerdir=/var/lib/docker/overlay2/l/A:/var/lib/docker/overlay2/l/B,upperdir=/u",
                             "lowerdir=l/A,upperdir=/u", ""}) {
    machine.mounts(std::string("20 1 0:30 / / rw - overlay overlay rw,") + layers + "\n");
    machine.expect(Status::kSystem, {"sda", "sda1", "dm-0"});
    machine.expect(Status::kOk, {"sdz", "sdz1", "sdc"});
  }
}

TEST_CASE("S15 where the root is ZFS or unknown, fixed disks and their partitions are refused") {
  for (const char* mountinfo : {"26 1 0:24 / / rw - zfs rpool/ROOT/debian rw\n",
                                "26 1 0:24 / / rw - nfs4 server:/root rw\n", "nothing of that form\n", ""}) {
    Described machine;
    machine.drive("sda", "8:0");
    machine.partition("sda", "sda1", "8:1");
    machine.partition("sda", "sda2", "8:2");
    add_stick(machine);
    machine.mounts(mountinfo);
    machine.expect(Status::kSystem, {"sda", "sda1", "sda2"});
    machine.expect(Status::kOk, {"sdz", "sdz1"});
  }
}

TEST_CASE(
    "in a folder that is no root of its own, fixed disks are refused, and so is what process 1 has as its system") {
  Described machine;
  machine.drive("sda", "8:0");
  machine.drive("sdb", "8:16");
  add_stick(machine);
  machine.mounts("self", "40 1 8:16 / / rw - ext4 /dev/sdb rw\n");
  machine.mounts("1", "26 1 65:145 / / rw - ext4 /dev/sdz1 rw\n");
  machine.expect(Status::kSystem, {"sdb", "sdz", "sdz1"});
  machine.expect(Status::kOk, {"sda"});
  machine.mounts("self", "41 1 0:5 / /proc rw - proc proc rw\n");
  machine.expect(Status::kSystem, {"sda", "sdz", "sdz1"});
}

TEST_CASE("what any process has mounted is refused as mounted") {
  Described machine;
  machine.drive("sda", "8:0");
  machine.drive("sdb", "8:16");
  add_stick(machine);
  machine.mounts("26 1 8:0 / / rw - ext4 /dev/sda rw\n");
  machine.mounts("4711", "99 98 65:145 / / rw - vfat /dev/sdz1 rw\n");
  machine.expect(Status::kMounted, {"sdz", "sdz1"});
  machine.expect(Status::kOk, {"sdb"});
}

TEST_CASE("S16 every member of a mounted btrfs is refused, also where the source of its mount leads nowhere") {
  Described machine;
  machine.drive("sda", "8:0");
  machine.drive("sdb", "8:16");
  machine.drive("sdc", "8:32");
  machine.btrfs("d0d0", {"sdb"});
  machine.mounts("26 1 8:0 / / rw - ext4 /dev/sda rw\n27 26 0:24 / /a rw - btrfs /nodes/disk rw\n");
  machine.expect(Status::kMounted, {"sdb"});
  machine.expect(Status::kOk, {"sdc"});
}

TEST_CASE("swap makes its disk's other partitions part of the system") {
  Described machine;
  machine.drive("sda", "8:0");
  machine.drive("sdb", "8:16");
  machine.partition("sdb", "sdb1", "8:17");
  machine.partition("sdb", "sdb2", "8:18");
  machine.mounts("26 1 8:0 / / rw - ext4 /dev/sda rw\n");
  machine.swaps("/dev/sdb1");
  machine.expect(Status::kSwap, {"sdb", "sdb1"});
  machine.expect(Status::kSystem, {"sdb2"});
}

TEST_CASE("S16 no device is written while swap is on an unknown device") {
  Described machine;
  machine.drive("sda", "8:0");
  machine.drive("sdb", "8:16");
  machine.mounts("26 1 8:0 / / rw - ext4 /dev/sda rw\n");
  machine.swaps("/nodes/swap");
  machine.expect(Status::kHeld, {"sdb"});
  machine.swaps("/dev/sdb\\040(deleted)");
  machine.expect(Status::kSwap, {"sdb"});
}

TEST_CASE("S18 no device is written while a loop device is over an unknown device") {
  Described machine;
  machine.drive("sda", "8:0");
  machine.drive("sdb", "8:16");
  machine.loop("loop0", "7:0", "/dev/shm/image");
  machine.mounts("26 1 8:0 / / rw - ext4 /dev/sda rw\n");
  machine.expect(Status::kOk, {"sdb"});
  machine.loop("loop1", "7:1", "/dev/disk of another namespace");
  machine.expect(Status::kHeld, {"sdb"});
}

TEST_CASE("S16 nothing is written where mounts, swap or the block devices cannot be read") {
  for (const char* file : {"proc/self/mountinfo", "proc/1/mountinfo", "proc/4711/mountinfo", "proc/swaps"}) {
    CAPTURE(file);
    Described machine;
    machine.drive("sda", "8:0");
    add_stick(machine);
    machine.mounts("26 1 8:0 / / rw - ext4 /dev/sda rw\n");
    machine.expect(Status::kOk, {"sdz"});
    machine.unreadable(file);
    machine.expect(Status::kFailed, {"sdz"});
  }
  Described machine;
  add_stick(machine);
  machine.no_folder("sys/class/block");
  machine.expect(Status::kFailed, {"sdz"});
}

TEST_CASE("a loop device over a partition of the system's disk is refused, one over a file there is not") {
  Described machine;
  machine.drive("sda", "8:0");
  machine.partition("sda", "sda1", "8:1");
  machine.partition("sda", "sda2", "8:2");
  machine.loop("loop0", "7:0", "/dev/sda2");
  machine.loop("loop1", "7:1", "/home/x/image");
  machine.mounts("26 1 8:1 / / rw - ext4 /dev/sda1 rw\n");
  machine.expect(Status::kSystem, {"sda2", "loop0"});
  machine.expect(Status::kOk, {"loop1"});
}

TEST_CASE(
    "S18 a partition is refused while its disk is mounted under another name, and free beside a mounted sibling") {
  Described machine;
  machine.drive("sda", "8:0");
  machine.drive("sdb", "8:16");
  machine.partition("sdb", "sdb1", "8:17");
  machine.partition("sdb", "sdb2", "8:18");
  machine.loop("loop0", "7:0", "/home/x/image");
  machine.loop("loop1", "7:1", "/home/x/image");
  machine.partition("loop1", "loop1p1", "259:0");
  machine.loop("loop2", "7:2", "/home/x/other");
  machine.loop("loop3", "7:3", "/dev/loop2");
  machine.partition("loop2", "loop2p1", "259:1");
  machine.mounts(
      "26 1 8:0 / / rw - ext4 /dev/sda rw\n"
      "27 26 7:0 / /a rw - ext4 /dev/loop0 rw\n"
      "28 26 7:3 / /b rw - ext4 /dev/loop3 rw\n"
      "29 26 8:17 / /c rw - ext4 /dev/sdb1 rw\n");
  machine.expect(Status::kMounted, {"loop0", "loop1", "loop1p1", "loop2", "loop3", "loop2p1", "sdb", "sdb1"});
  machine.expect(Status::kOk, {"sdb2"});
}

TEST_CASE("lines of mountinfo that are odd are passed over, and escaped names are read") {
  const std::vector<platter::broker::Mount> mounts = platter::broker::parse_mounts(
      "1 2 3:4 / /a\\040b\\134 rw shared:1 master:2 - ext4 /dev/x\\011y rw\n"
      "\n - \n1 2 3:4 / /x rw\n1 2 3:4 / /x rw -\n1 2 3:4 / /x rw - ext4\n1 2 x / /x rw - ext4 y\n"
      "5 6 7:8 / /\\04 rw - t s\n");
  REQUIRE(mounts.size() == 2);
  CHECK(mounts[0].target == "/a b\\");
  CHECK(mounts[0].source == "/dev/x\ty");
  CHECK(mounts[0].number == makedev(3, 4));
  CHECK(mounts[1].target == "/\\04");
  CHECK(mounts[1].options.empty());
}

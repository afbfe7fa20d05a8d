#include "system_disks.h"

#include <fcntl.h>
#include <linux/loop.h>
#include <linux/openat2.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <string_view>

#include "descriptor.h"

namespace platter::broker {
namespace {

// The running system needs what is mounted here. A doubtful place is on this list. app/engine/devices/block-devices.ts
// has the same list.
const std::set<std::string> kSystemMounts = {
    "/",     "/boot",      "/boot/efi", "/boot/firmware", "/efi",     "/etc",     "/gnu",
    "/home", "/nix",       "/opt",      "/root",          "/srv",     "/sysroot", "/tmp",
    "/usr",  "/usr/local", "/var",      "/var/home",      "/var/lib", "/var/log", "/var/tmp"};

// Overlays are followed this deep.
constexpr int kMostLayers = 8;

bool exists(const std::string& path) {
  struct stat found {};
  return lstat(path.c_str(), &found) == 0;
}

std::string folder_of(const std::string& path) { return path.substr(0, path.find_last_of('/')); }

// "/sys/devices/pci0000:00/0000:00:14.0/usb2/2-1/..."
bool is_usb(const std::string& path) {
  const size_t at = path.find("/usb");
  return at != std::string::npos && at + 4 < path.size() && path[at + 4] >= '0' && path[at + 4] <= '9';
}

// The kernel shows the areas of an eMMC as separate disks: mmcblk0 and, beside it, mmcblk0boot0, mmcblk0boot1,
// mmcblk0rpmb and mmcblk0gp0 to gp3. app/engine/devices/block-devices.ts knows the same.
struct EmmcArea {
  std::string main;  // the name of the main one; empty when this is no such area
  bool firmware;     // it holds firmware or keys
};

EmmcArea emmc_area(const std::string& name) {
  constexpr std::string_view prefix = "mmcblk";
  if (!name.starts_with(prefix)) return {};
  const size_t end = name.find_first_not_of("0123456789", prefix.size());
  const std::string area = end == std::string::npos ? "" : name.substr(end);
  const bool firmware = area.starts_with("boot") || area == "rpmb";
  return firmware || area.starts_with("gp") ? EmmcArea{name.substr(0, end), firmware} : EmmcArea{};
}

}  // namespace

Machine::Machine(const Roots& roots) : roots_(roots) {
  read_blocks();
  read_btrfs();
  namespaces_ = mounts_of_all_namespaces(roots_);
  for (const std::vector<Mount>& mounts : namespaces_) {
    for (const Mount& mount : mounts) {
      for (const dev_t number : devices_of(mount, mounts)) mounted_.try_emplace(number, mount.target);
    }
  }
  // sysfs lists the members of a mounted btrfs. The source of its mount can be a node that leads nowhere here.
  for (const std::set<dev_t>& members : btrfs_) {
    for (const dev_t number : members) mounted_.try_emplace(number, name_of(number));
  }
  find_system();
}

void Machine::read_blocks() {
  const std::string folder = roots_.sys + "/class/block";
  for (const std::string& name : needed_names(folder)) {
    const std::string path = real_path(folder + "/" + name);
    if (path.empty()) continue;  // it has just gone
    // A path of a multipath NVMe disk has no number and cannot be opened.
    if (const std::optional<dev_t> number = parse_number(line(path + "/dev")))
      blocks_.emplace(*number, read_block(name, path));
  }
}

Block Machine::read_block(const std::string& name, const std::string& path) {
  Block block;
  block.name = name;
  const bool is_partition = exists(path + "/partition");
  const std::string disk = is_partition ? folder_of(path) : path;
  if (is_partition) block.disk = parse_number(line(disk + "/dev"));
  for (const std::string& slave : listed(path + "/slaves")) {
    if (const std::optional<dev_t> number = parse_number(line(path + "/slaves/" + slave + "/dev")))
      block.slaves.push_back(*number);
  }
  // A partition of a multipath or RAID set that device-mapper made, as kpartx names it: "part1-mpath-...".
  if (block.slaves.size() == 1 && line(path + "/dm/uuid").starts_with("part")) block.disk = block.slaves.front();
  block.holders = listed(path + "/holders");
  block.fixed = exists(disk + "/device") && line(disk + "/removable") != "1" && !is_usb(disk);
  block.read_only = line(path + "/ro") == "1";
  const EmmcArea area = emmc_area(name);
  block.firmware = area.firmware;
  if (!area.main.empty()) block.beside = parse_number(line(roots_.sys + "/class/block/" + area.main + "/dev"));
  block.backing_file = line(path + "/loop/backing_file");
  if (!block.backing_file.empty()) read_loop(block);
  return block;
}

// The kernel knows what lies behind a loop device. The path in sysfs is a hint only: two names can lead to one file, a
// block device can have a node anywhere, and the path can belong to another mount namespace.
void Machine::read_loop(Block& block) {
  const std::string path = roots_.dev + "/" + block.name;
  const Descriptor node(open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (!node && !is_absence(errno)) fail("open");
  struct loop_info64 info {};
  if (node && ioctl(node.get(), LOOP_GET_STATUS64, &info) == 0) {
    block.file = FileId(info.lo_device, info.lo_inode);
    // A number in the kernel's huge_encode_dev has the bits where glibc has them. It is 0 for a regular file.
    if (info.lo_rdevice != 0) block.backing = static_cast<dev_t>(info.lo_rdevice);
    return;
  }
  // The kernel asks the file's file system, which can be dead. A file system with nodes of block devices is not.
  block.backing = number_at(block.backing_file);
  const bool like_device = block.backing_file.starts_with("/dev/") && !block.backing_file.starts_with("/dev/shm/");
  if (!block.backing && like_device) on_unknown_.push_back(block.name);
}

void Machine::read_btrfs() {
  const std::string folder = roots_.sys + "/fs/btrfs";
  for (const std::string& id : listed(folder)) {
    std::set<dev_t> members;
    for (const std::string& name : listed(folder + "/" + id + "/devices")) {
      if (const std::optional<dev_t> number = parse_number(line(roots_.sys + "/class/block/" + name + "/dev")))
        members.insert(*number);
    }
    btrfs_.push_back(members);
  }
}

// The block device of a path below /dev. Other paths stay unresolved: a user's FUSE file system could block the lookup
// forever.
std::optional<dev_t> Machine::number_at(const std::string& path) const {
  constexpr std::string_view dev = "/dev/";
  if (!path.starts_with(dev)) return std::nullopt;
  const Descriptor folder(open(roots_.dev.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  struct open_how how {};
  how.flags = O_PATH | O_CLOEXEC;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_XDEV | RESOLVE_NO_MAGICLINKS;
  const Descriptor node(
      static_cast<int>(syscall(SYS_openat2, folder.get(), path.substr(dev.size()).c_str(), &how, sizeof how)));
  struct stat found {};
  if (!folder || (!node && !is_absence(errno))) fail("openat2");
  if (node && fstat(node.get(), &found) == 0 && S_ISBLK(found.st_mode)) return found.st_rdev;
  // Without a node here, use the kernel's name.
  std::string real = node ? link_of("/proc/self/fd/" + std::to_string(node.get())) : path;
  constexpr std::string_view deleted = " (deleted)";
  if (real.ends_with(deleted)) real.resize(real.size() - deleted.size());
  return parse_number(line(roots_.sys + "/class/block/" + last_component(real) + "/dev"));
}

std::set<dev_t> Machine::devices_of(const Mount& mount, const std::vector<Mount>& mounts, int depth) const {
  std::set<dev_t> devices;
  if (blocks_.contains(mount.number)) {
    devices.insert(mount.number);
  } else {
    // bcachefs lists its members with colons between them.
    for (const std::string& source : split(mount.source, ':')) {
      const std::optional<dev_t> number = number_at(source);
      if (number && blocks_.contains(*number)) devices.insert(*number);
    }
  }
  for (const std::set<dev_t>& members : btrfs_) {
    const bool member =
        std::any_of(members.begin(), members.end(), [&](dev_t number) { return devices.contains(number); });
    if (member) devices.insert(members.begin(), members.end());
  }
  if (!devices.empty() || depth == kMostLayers) return devices;
  for (const Layer& layer : layers_of(mount)) {
    const std::set<dev_t> below = devices_of_layer(layer.path, mount, mounts, depth + 1);
    if (below.empty() && !layer.upper) return {};
    devices.insert(below.begin(), below.end());
  }
  return devices;
}

std::set<dev_t> Machine::devices_under(const std::string& path, const std::vector<Mount>& mounts, int depth) const {
  const Mount* mount = mount_of(path, mounts);
  return mount == nullptr ? std::set<dev_t>{} : devices_of(*mount, mounts, depth);
}

std::set<dev_t> Machine::devices_of_layer(const std::string& path, const Mount& overlay,
                                          const std::vector<Mount>& mounts, int depth) const {
  if (path.empty()) return {};
  const Mount* below = mount_of(path, mounts);
  if (below != nullptr && below != &overlay) return devices_of(*below, mounts, depth);
  return live_images(path, overlay, mounts, depth);
}

// The loop device over the image of a layer that was mounted in the initramfs. The layer's path leads nowhere now:
// "/filesystem.squashfs" of Ubuntu's live system is /cdrom/casper/filesystem.squashfs. The image must lie on a mount of
// its own. app/engine/devices/block-devices.ts decides the same.
std::set<dev_t> Machine::live_images(const std::string& path, const Mount& overlay, const std::vector<Mount>& mounts,
                                     int depth) const {
  const std::string image = last_component(path.substr(0, path.find_last_not_of('/') + 1));
  std::set<dev_t> found;
  for (const auto& [number, block] : blocks_) {
    const std::string& file = block.backing_file;
    if (!block.read_only || image.empty() || file.empty() || last_component(file) != image) continue;
    const Mount* mount = mount_of(file, mounts);
    if (mount != nullptr && mount != &overlay && !devices_of(*mount, mounts, depth).empty()) found.insert(number);
  }
  return found;
}

void Machine::find_system() {
  for (const std::string& text : split(needed_content(roots_.proc + "/swaps"), '\n')) {
    if (!text.starts_with('/')) continue;
    const size_t end = text.find_first_of(" \t");
    const std::string path = unescape(text.substr(0, end));
    const std::optional<dev_t> number = number_at(path);
    if (number) swaps_.insert(*number);
    // The kernel calls every block device a partition here.
    const size_t type = text.find_first_not_of(" \t", end);
    if (!number && type != std::string::npos && text.substr(type).starts_with("partition")) {
      on_unknown_.push_back(path);
      continue;
    }
    const std::set<dev_t> devices = number ? std::set<dev_t>{*number} : devices_under(path, mounts());
    for (const dev_t device : devices) add_foundation(device);
  }
  // Other namespaces do not count: a container has its image mounted at "/".
  for (size_t i = 0; i < namespaces_.size() && i < 2; ++i) {
    for (const Mount& mount : namespaces_[i]) {
      if (!is_system_place(mount.target)) continue;
      for (const dev_t device : devices_of(mount, namespaces_[i])) add_foundation(device);
    }
    if (devices_under("/", namespaces_[i]).empty()) system_unknown_ = true;
  }
}

// Adds the device and everything below it, also through the files of loop devices.
void Machine::add_foundation(dev_t number) {
  if (!system_.insert(number).second) return;
  const Block* block = find(number);
  if (block == nullptr) return;
  if (block->disk) add_foundation(*block->disk);
  if (block->backing) add_foundation(*block->backing);
  for (const dev_t slave : block->slaves) add_foundation(slave);
  if (block->backing_file.empty() || block->backing) return;
  for (const dev_t device : devices_under(block->backing_file, mounts())) add_foundation(device);
}

bool Machine::is_system_place(const std::string& target) { return kSystemMounts.contains(target); }

bool Machine::is_system(dev_t number) const {
  const Block* block = find(number);
  if (system_.contains(number) || block == nullptr || block->firmware) return true;
  if (block->beside && is_system(*block->beside)) return true;
  if (system_unknown_) {
    if (block->fixed) return true;
    if (std::any_of(block->slaves.begin(), block->slaves.end(), [&](dev_t slave) { return is_system(slave); }))
      return true;
  }
  // A partition of the system's disk, or a loop device over one.
  return (block->disk && is_system(*block->disk)) || (block->backing && is_system(*block->backing));
}

std::set<dev_t> Machine::with_partitions(dev_t number) const {
  std::set<dev_t> found = {number};
  for (const auto& [other, block] : blocks_) {
    if (block.disk == number) found.insert(other);
  }
  return found;
}

// The devices directly on this one: partitions, holders, loop devices, and loop devices over the same file.
std::set<dev_t> Machine::lying_on(dev_t number) const {
  std::set<dev_t> found = other_names(number);
  for (const auto& [other, candidate] : blocks_) {
    const bool holds = std::count(candidate.slaves.begin(), candidate.slaves.end(), number) > 0;
    if (other != number && (candidate.disk == number || holds)) found.insert(other);
  }
  return found;
}

// Loop devices that are this one under another name: over the device itself, or over the same file.
std::set<dev_t> Machine::other_names(dev_t number) const {
  std::set<dev_t> found;
  const Block* block = find(number);
  for (const auto& [other, candidate] : blocks_) {
    const bool twin = block != nullptr && !block->backing_file.empty() &&
                      (candidate.backing_file == block->backing_file || (block->file && candidate.file == block->file));
    if (other != number && (twin || candidate.backing == number)) found.insert(other);
  }
  return found;
}

// The device and everything that lies on it. For a partition also what lies on another name of its disk, which covers
// it too.
std::set<dev_t> Machine::also_on(dev_t number) const {
  std::set<dev_t> found = {number};
  const Block* block = find(number);
  if (block != nullptr && block->disk) found.merge(other_names(*block->disk));
  std::vector<dev_t> left(found.begin(), found.end());
  while (!left.empty()) {
    const dev_t next = left.back();
    left.pop_back();
    for (const dev_t other : lying_on(next)) {
      if (found.insert(other).second) left.push_back(other);
    }
  }
  return found;
}

void Machine::refuse_writing(dev_t number) const {
  if (find(number) == nullptr) throw Refused(Status::kNotBlock);
  const std::set<dev_t> family = also_on(number);
  for (const dev_t other : family) {
    if (swaps_.contains(other)) throw Refused(Status::kSwap, name_of(other));
  }
  if (is_system(number)) throw Refused(Status::kSystem);
  for (const dev_t other : family) {
    const auto mounted = mounted_.find(other);
    if (mounted != mounted_.end()) throw Refused(Status::kMounted, mounted->second);
  }
  for (const dev_t part : with_partitions(number)) {
    const Block* block = find(part);
    if (block != nullptr && !block->holders.empty()) throw Refused(Status::kHeld, block->holders.front());
  }
  for (const dev_t other : family) {
    if (other != number && find(other)->disk != number) throw Refused(Status::kHeld, name_of(other));
  }
  if (!on_unknown_.empty()) throw Refused(Status::kHeld, on_unknown_.front());
}

const Block* Machine::find(dev_t number) const {
  const auto found = blocks_.find(number);
  return found == blocks_.end() ? nullptr : &found->second;
}

const std::string& Machine::name_of(dev_t number) const {
  static const std::string none;
  const Block* block = find(number);
  return block == nullptr ? none : block->name;
}

}  // namespace platter::broker

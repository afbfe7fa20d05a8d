#include "machine.h"

#include <fcntl.h>
#include <linux/loop.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <sstream>

#include "descriptor.h"

namespace platter::broker {
namespace {

// The running system needs what is mounted here. A doubtful place is on this list. app/engine/blocks.ts has the same.
const std::set<std::string> kSystemMounts = {
    "/",    "/boot", "/boot/efi", "/boot/firmware", "/efi", "/etc",       "/gnu", "/home",     "/nix",     "/opt",     "/root",
    "/srv", "/sysroot", "/tmp",   "/usr",           "/usr/local", "/var", "/var/home", "/var/lib", "/var/log", "/var/tmp"};

// An overlay over overlays ends somewhere.
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
  find_system();
}

void Machine::read_blocks() {
  const std::string folder = roots_.sys + "/class/block";
  for (const std::string& name : listed(folder)) {
    const std::string path = real_path(folder + "/" + name);
    // A path of a multipath NVMe disk has no number and cannot be opened.
    if (const std::optional<dev_t> number = parse_number(line(path + "/dev"))) blocks_.emplace(*number, read_block(name, path));
  }
}

Block Machine::read_block(const std::string& name, const std::string& path) const {
  Block block;
  block.name = name;
  const bool is_partition = exists(path + "/partition");
  const std::string disk = is_partition ? folder_of(path) : path;
  if (is_partition) block.disk = parse_number(line(disk + "/dev"));
  for (const std::string& slave : listed(path + "/slaves")) {
    if (const std::optional<dev_t> number = parse_number(line(path + "/slaves/" + slave + "/dev"))) block.slaves.push_back(*number);
  }
  // A partition of a multipath or RAID set that device-mapper made, as kpartx names it: "part1-mpath-...".
  if (block.slaves.size() == 1 && line(path + "/dm/uuid").starts_with("part")) block.disk = block.slaves.front();
  block.holders = listed(path + "/holders");
  block.fixed = exists(disk + "/device") && line(disk + "/removable") != "1" && !is_usb(disk);
  block.backing_file = line(path + "/loop/backing_file");
  if (block.backing_file.empty()) return block;
  block.backing = number_at(block.backing_file);
  block.backing_id = block.backing_file;
  const Descriptor loop(open((roots_.dev + "/" + name).c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  struct loop_info64 info {};
  if (!loop || ioctl(loop.get(), LOOP_GET_STATUS64, &info) != 0) return block;
  // The path is the one by which the file was opened: it can be deleted, or be another file in this namespace.
  block.backing = info.lo_rdevice == 0 ? std::nullopt : std::optional<dev_t>(static_cast<dev_t>(info.lo_rdevice));
  block.backing_id = std::to_string(info.lo_device) + ":" + std::to_string(info.lo_inode);
  return block;
}

void Machine::read_btrfs() {
  const std::string folder = roots_.sys + "/fs/btrfs";
  for (const std::string& id : listed(folder)) {
    std::set<dev_t> members;
    for (const std::string& name : listed(folder + "/" + id + "/devices")) {
      if (const std::optional<dev_t> number = parse_number(line(roots_.sys + "/class/block/" + name + "/dev"))) members.insert(*number);
    }
    btrfs_.push_back(members);
  }
}

std::optional<dev_t> Machine::number_at(const std::string& path) const {
  const std::string place = path.starts_with("/dev/") ? roots_.dev + path.substr(4) : path;
  struct stat found {};
  if (stat(place.c_str(), &found) == 0 && S_ISBLK(found.st_mode)) return found.st_rdev;
  if (!path.starts_with("/dev/")) return std::nullopt;
  // The node can be missing here, or have another name: then the kernel's name tells.
  const std::string real = real_path(place);
  return parse_number(line(roots_.sys + "/class/block/" + last_component(real.empty() ? path : real) + "/dev"));
}

std::set<dev_t> Machine::devices_of(const Mount& mount, const std::vector<Mount>& mounts, int depth) const {
  std::set<dev_t> devices;
  if (blocks_.contains(mount.number)) {
    devices.insert(mount.number);
  } else {
    std::istringstream sources(mount.source);  // bcachefs lists its members with colons between them
    for (std::string source; std::getline(sources, source, ':');) {
      const std::optional<dev_t> number = source.starts_with('/') ? number_at(source) : std::nullopt;
      if (number && blocks_.contains(*number)) devices.insert(*number);
    }
  }
  for (const std::set<dev_t>& members : btrfs_) {
    const bool member = std::any_of(members.begin(), members.end(), [&](dev_t number) { return devices.contains(number); });
    if (member) devices.insert(members.begin(), members.end());
  }
  if (!devices.empty() || depth == kMostLayers) return devices;
  for (const std::string& layer : layers_of(mount)) {
    if (layer.empty() || mount_of(layer, mounts) == &mount) return {};
    const std::set<dev_t> below = devices_under(layer, mounts, depth + 1);
    devices.insert(below.begin(), below.end());
  }
  return devices;
}

std::set<dev_t> Machine::devices_under(const std::string& path, const std::vector<Mount>& mounts, int depth) const {
  const Mount* mount = mount_of(path, mounts);
  return mount == nullptr ? std::set<dev_t>{} : devices_of(*mount, mounts, depth);
}

void Machine::find_system() {
  std::istringstream swaps(content(roots_.proc + "/swaps"));
  for (std::string text; std::getline(swaps, text);) {
    if (!text.starts_with('/')) continue;
    const std::string path = unescape(text.substr(0, text.find_first_of(" \t")));
    const std::optional<dev_t> number = number_at(path);
    if (number) swaps_.insert(*number);
    const std::set<dev_t> devices = number ? std::set<dev_t>{*number} : devices_under(path, mounts());
    for (const dev_t device : devices) add_foundation(device);
  }
  // Another namespace may have anything mounted at "/": a container's image, for one.
  for (size_t i = 0; i < namespaces_.size() && i < 2; ++i) {
    for (const Mount& mount : namespaces_[i]) {
      if (!is_system_place(mount.target)) continue;
      for (const dev_t device : devices_of(mount, namespaces_[i])) add_foundation(device);
    }
    if (devices_under("/", namespaces_[i]).empty()) system_unknown_ = true;
  }
}

// Adds the device and everything it lies on, also through the files of loop devices.
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
  if (system_.contains(number) || block == nullptr) return true;
  if (system_unknown_) {
    if (block->fixed) return true;
    if (std::any_of(block->slaves.begin(), block->slaves.end(), [&](dev_t slave) { return is_system(slave); })) return true;
  }
  // A partition of the system's disk, or another name of one.
  return (block->disk && is_system(*block->disk)) || (block->backing && is_system(*block->backing));
}

std::set<dev_t> Machine::with_partitions(dev_t number) const {
  std::set<dev_t> found = {number};
  for (const auto& [other, block] : blocks_) {
    if (block.disk == number) found.insert(other);
  }
  return found;
}

// What lies on the device directly: partitions, holders, loop devices, and loop devices over the same file.
std::set<dev_t> Machine::lying_on(dev_t number) const {
  std::set<dev_t> found;
  const Block* block = find(number);
  for (const auto& [other, candidate] : blocks_) {
    const bool on = candidate.disk == number || candidate.backing == number || std::count(candidate.slaves.begin(), candidate.slaves.end(), number) > 0;
    const bool twin = block != nullptr && !block->backing_id.empty() && candidate.backing_id == block->backing_id;
    if (other != number && (on || twin)) found.insert(other);
  }
  return found;
}

// The device and everything that lies on it.
std::set<dev_t> Machine::also_on(dev_t number) const {
  std::set<dev_t> found = {number};
  std::vector<dev_t> left = {number};
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

// A snapshot of the block devices: how they are stacked, where they are mounted, and which of them the running system
// needs.
#pragma once

#include <sys/types.h>

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "files.h"
#include "mounts.h"
#include "refused.h"

namespace platter::broker {

// The device and the inode of a file, as the kernel keeps them for a loop device.
using FileId = std::pair<uint64_t, uint64_t>;

// One block device.
struct Block {
  std::string name;           // the kernel's
  std::optional<dev_t> disk;  // for a partition: its disk
  std::vector<dev_t> slaves;  // what a RAID, LVM or encrypted device lies on
  std::vector<std::string> holders;
  bool fixed = false;            // a drive, or a partition of one, that is neither removable nor on USB
  bool read_only = false;        // write-protected
  bool firmware = false;         // an area of an eMMC that holds firmware or keys
  std::optional<dev_t> beside;   // for an area of an eMMC beside the main one: the main one
  std::string backing_file;      // for a loop device; as sysfs writes it
  std::optional<dev_t> backing;  // for a loop device over a block device
  std::optional<FileId> file;    // for a loop device: its file, under any name
};

// A snapshot of the machine. Its methods read nothing more.
class Machine {
 public:
  // Throws Refused when something cannot be read that a decision to write depends on.
  explicit Machine(const Roots& roots);

  // Throws Refused when the device must not be written: kSystem, kSwap, kMounted or kHeld.
  void refuse_writing(dev_t number) const;

  // True when the device holds the running system, may hold it, or is a partition of a disk that does.
  bool is_system(dev_t number) const;

  // True when the running system needs what is mounted at this path.
  static bool is_system_place(const std::string& target);

  // The device and its partitions.
  std::set<dev_t> with_partitions(dev_t number) const;

  // The block devices of a mounted file system of this process's mount namespace.
  std::set<dev_t> devices_of(const Mount& mount) const { return devices_of(mount, namespaces_.front()); }

  // The mounts of this process's mount namespace.
  const std::vector<Mount>& mounts() const { return namespaces_.front(); }

 private:
  void read_blocks();
  void read_btrfs();
  void find_system();
  void add_foundation(dev_t number);
  Block read_block(const std::string& name, const std::string& path);
  std::optional<dev_t> number_at(const std::string& path) const;
  void read_loop(Block& block);
  std::set<dev_t> devices_of(const Mount& mount, const std::vector<Mount>& mounts, int depth = 0) const;
  std::set<dev_t> devices_under(const std::string& path, const std::vector<Mount>& mounts, int depth = 0) const;
  std::set<dev_t> devices_of_layer(const std::string& path, const Mount& overlay, const std::vector<Mount>& mounts,
                                   int depth) const;
  std::set<dev_t> live_images(const std::string& path, const Mount& overlay, const std::vector<Mount>& mounts,
                              int depth) const;
  std::set<dev_t> other_names(dev_t number) const;
  std::set<dev_t> lying_on(dev_t number) const;
  std::set<dev_t> also_on(dev_t number) const;
  const Block* find(dev_t number) const;
  const std::string& name_of(dev_t number) const;

  Roots roots_;
  std::map<dev_t, Block> blocks_;
  std::vector<std::set<dev_t>> btrfs_;  // the members of each mounted btrfs
  std::vector<std::vector<Mount>> namespaces_;
  std::map<dev_t, std::string> mounted_;  // where each mounted device is mounted
  std::set<dev_t> swaps_;
  // Loop devices and swap on block devices that nobody can name. Any device may be meant.
  std::vector<std::string> on_unknown_;
  std::set<dev_t> system_;  // the foundation of the running system
  bool system_unknown_ = false;
};

}  // namespace platter::broker

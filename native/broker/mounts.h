// Mounted file systems, as /proc/PID/mountinfo lists them (proc_pid_mountinfo(5)).
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "files.h"

namespace platter::broker {

// A line of mountinfo.
struct Mount {
  uint64_t id = 0;
  uint64_t parent = 0;
  dev_t number = 0;    // major 0 for a file system without a block device of its own, or with several (btrfs)
  std::string target;
  std::string type;
  std::string source;   // as the mounter wrote it: a device or only a name
  std::string options;  // of the superblock
};

// Lines of another form are left out.
std::vector<Mount> parse_mounts(const std::string& mountinfo);

// The mounts of every mount namespace that a process is in, each namespace once: this process's first, then that of process 1.
std::vector<std::vector<Mount>> mounts_of_all_namespaces(const Roots& roots);

// The mount that `path` (absolute, without links) lies on: the last one with the longest target above it. Null when none.
const Mount* mount_of(const std::string& path, const std::vector<Mount>& mounts);

// The folders below an overlay; "" for one that cannot be found by its path.
std::vector<std::string> layers_of(const Mount& mount);

// The kernel writes blanks and backslashes as "\040".
std::string unescape(const std::string& text);

}  // namespace platter::broker

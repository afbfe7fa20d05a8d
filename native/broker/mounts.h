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
  dev_t number = 0;  // major 0 for a file system without a block device of its own, or with several (btrfs)
  std::string target;
  std::string type;
  std::string source;   // as the mounter wrote it: a device or only a name
  std::string options;  // of the superblock
};

// Parses mountinfo. Skips malformed lines.
std::vector<Mount> parse_mounts(const std::string& mountinfo);

// The mounts of the mount namespaces of all processes: first this process's, then process 1's, then the others'. Throws
// Refused when one cannot be read, unless its process has ended or is out of this process's reach.
std::vector<std::vector<Mount>> mounts_of_all_namespaces(const Roots& roots);

// The mount that holds `path` (absolute, without links): the last one with the longest matching target. Null when none.
const Mount* mount_of(const std::string& path, const std::vector<Mount>& mounts);

// A folder below an overlay.
struct Layer {
  std::string path;  // "" when the mount options do not give an absolute path
  bool upper;        // the writable layer, which can be in memory
};

// The layers of an overlay; none for another file system.
std::vector<Layer> layers_of(const Mount& mount);

// Decodes the kernel's octal escapes ("\040").
std::string unescape(const std::string& text);

}  // namespace platter::broker

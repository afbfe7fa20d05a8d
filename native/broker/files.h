// Small files and links of /sys and /proc.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace platter::broker {

// Where sysfs, procfs and device nodes are. Tests give other places.
struct Roots {
  std::string sys = "/sys";
  std::string proc = "/proc";
  std::string dev = "/dev";
};

// The content of a file. Empty when there is none, or when this process may not read it. Throws Refused for any other
// failure: unread content must not count as "nothing there".
std::string content(const std::string& path);

// The same for a file that a decision to write depends on: empty only when there is none.
std::string needed_content(const std::string& path);

// The first line of a file, without its end.
std::string line(const std::string& path);

// The names in a folder, without "." and "..". None when there is no folder, or when this process may not read it.
// Throws Refused for any other failure.
std::vector<std::string> listed(const std::string& path);

// The same for a folder that a decision to write depends on: none only when there is no folder.
std::vector<std::string> needed_names(const std::string& path);

// True when this errno says that something is not there or is out of reach. False when it says that the kernel or this
// process lacks what it takes to look.
bool is_absence(int error);

// The path without links; empty when there is none. Throws Refused when it cannot be followed for another reason.
std::string real_path(const std::string& path);

// The target of a symbolic link; empty when the path is no link.
std::string link_of(const std::string& path);

// The parts between separators.
std::vector<std::string> split(const std::string& text, char separator);

// The number of a text like "8:16".
std::optional<dev_t> parse_number(const std::string& text);

// The last component of a path.
std::string last_component(const std::string& path);

// Tells a disk from the next one that gets its name and number.
struct Identity {
  dev_t number = 0;
  uint64_t size = 0;           // bytes
  uint64_t disk_sequence = 0;  // for a partition, its disk's; 0 where the kernel has none
  bool operator==(const Identity&) const = default;
};

// The identity of the block device with this kernel name; nothing when there is none. Does not open the device.
std::optional<Identity> identity_of(const Roots& roots, const std::string& name);

// The kernel's name ("sda1", "cciss!c0d0") of the block device with this number; empty when there is none.
std::string kernel_name(const Roots& roots, dev_t number);

}  // namespace platter::broker

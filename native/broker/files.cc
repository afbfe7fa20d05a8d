#include "files.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <memory>

#include "descriptor.h"
#include "refused.h"

namespace platter::broker {
namespace {

// ESRCH: the process has ended.
bool is_missing(int error) { return error == ENOENT || error == ESRCH; }

using Tolerated = bool (*)(int error);

// Throws for the errno that a call has just left, unless it is tolerated.
void tolerate(Tolerated tolerated, const std::string& path) {
  const int error = errno;
  if (!tolerated(error)) throw Refused(Status::kFailed, path, error);
}

std::string read_file(const std::string& path, Tolerated tolerated) {
  const Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) tolerate(tolerated, path);
  std::string text;
  std::array<char, 16384> buffer;
  while (file) {
    const ssize_t length = read(file.get(), buffer.data(), buffer.size());
    if (length < 0) tolerate(tolerated, path);
    if (length <= 0) break;
    text.append(buffer.data(), static_cast<size_t>(length));
  }
  return text;
}

std::vector<std::string> read_folder(const std::string& path, Tolerated tolerated) {
  const std::unique_ptr<DIR, int (*)(DIR*)> folder(opendir(path.c_str()), closedir);
  if (!folder) tolerate(tolerated, path);
  std::vector<std::string> names;
  while (folder) {
    errno = 0;
    const struct dirent* entry = readdir(folder.get());
    if (entry == nullptr && errno != 0) tolerate(tolerated, path);
    if (entry == nullptr) break;
    const std::string name = entry->d_name;
    if (name != "." && name != "..") names.push_back(name);
  }
  return names;
}

}  // namespace

bool is_absence(int error) {
  switch (error) {
    case ENOENT:
    case ENOTDIR:
    case ESRCH:
    case ENODEV:
    case ENXIO:
    case EINVAL:  // sysfs and procfs answer this for a device or process that has just gone
    case EACCES:
    case EPERM:
    case ELOOP:
    case EXDEV:
    case EAGAIN:  // somebody renames folders of the path
    case ENAMETOOLONG:
      return true;
    default:
      return false;
  }
}

std::string content(const std::string& path) { return read_file(path, is_absence); }

std::string needed_content(const std::string& path) { return read_file(path, is_missing); }

std::string line(const std::string& path) {
  const std::string text = content(path);
  return text.substr(0, text.find('\n'));
}

std::vector<std::string> listed(const std::string& path) { return read_folder(path, is_absence); }

std::vector<std::string> needed_names(const std::string& path) { return read_folder(path, is_missing); }

std::string real_path(const std::string& path) {
  const std::unique_ptr<char, void (*)(void*)> found(realpath(path.c_str(), nullptr), std::free);
  if (!found) tolerate(is_absence, path);
  return found ? found.get() : "";
}

std::string link_of(const std::string& path) {
  std::array<char, PATH_MAX> buffer;
  const ssize_t length = readlink(path.c_str(), buffer.data(), buffer.size());
  return length <= 0 ? "" : std::string(buffer.data(), static_cast<size_t>(length));
}

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts;
  for (size_t start = 0; start < text.size();) {
    const size_t end = std::min(text.find(separator, start), text.size());
    parts.push_back(text.substr(start, end - start));
    start = end + 1;
  }
  return parts;
}

std::optional<dev_t> parse_number(const std::string& text) {
  unsigned major_number = 0;
  unsigned minor_number = 0;
  if (std::sscanf(text.c_str(), "%u:%u", &major_number, &minor_number) != 2) return std::nullopt;
  return makedev(major_number, minor_number);
}

std::string last_component(const std::string& path) { return path.substr(path.find_last_of('/') + 1); }

std::optional<Identity> identity_of(const Roots& roots, const std::string& name) {
  const std::string path = real_path(roots.sys + "/class/block/" + name);
  const std::optional<dev_t> number = path.empty() ? std::nullopt : parse_number(line(path + "/dev"));
  if (!number) return std::nullopt;
  constexpr uint64_t sector = 512;  // sysfs counts in these, for every device
  const std::string disk = line(path + "/partition").empty() ? path : path.substr(0, path.find_last_of('/'));
  return Identity{.number = *number,
                  .size = std::strtoull(line(path + "/size").c_str(), nullptr, 10) * sector,
                  .disk_sequence = std::strtoull(line(disk + "/diskseq").c_str(), nullptr, 10)};
}

std::string kernel_name(const Roots& roots, dev_t number) {
  return last_component(
      link_of(roots.sys + "/dev/block/" + std::to_string(major(number)) + ":" + std::to_string(minor(number))));
}

}  // namespace platter::broker

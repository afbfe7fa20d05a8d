#include "mounts.h"

#include <algorithm>
#include <cstdlib>
#include <set>

namespace platter::broker {
namespace {

bool is_process(const std::string& name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) { return c >= '0' && c <= '9'; });
}

bool is_octal(char c) { return c >= '0' && c <= '7'; }

}  // namespace

std::string unescape(const std::string& text) {
  std::string plain;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 3 < text.size() && is_octal(text[i + 1]) && is_octal(text[i + 2]) &&
        is_octal(text[i + 3])) {
      plain += static_cast<char>((text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 + (text[i + 3] - '0'));
      i += 3;
    } else {
      plain += text[i];
    }
  }
  return plain;
}

std::vector<Mount> parse_mounts(const std::string& mountinfo) {
  std::vector<Mount> mounts;
  for (const std::string& text : split(mountinfo, '\n')) {
    const std::vector<std::string> fields = split(text, ' ');
    size_t separator = 6;
    while (separator < fields.size() && fields[separator] != "-") ++separator;
    if (separator + 2 >= fields.size()) continue;
    const std::optional<dev_t> number = parse_number(fields[2]);
    if (!number) continue;
    mounts.push_back({
        .id = std::strtoull(fields[0].c_str(), nullptr, 10),
        .parent = std::strtoull(fields[1].c_str(), nullptr, 10),
        .number = *number,
        .target = unescape(fields[4]),
        .type = fields[separator + 1],
        .source = unescape(fields[separator + 2]),
        .options = separator + 3 < fields.size() ? unescape(fields[separator + 3]) : "",
    });
  }
  return mounts;
}

std::vector<std::vector<Mount>> mounts_of_all_namespaces(const Roots& roots) {
  std::vector<std::string> processes = {"self", "1"};
  for (const std::string& name : needed_names(roots.proc)) {
    if (name != "1" && is_process(name)) processes.push_back(name);
  }
  std::vector<std::vector<Mount>> namespaces;
  std::set<std::string> seen;
  for (const std::string& process : processes) {
    // Few of these links are readable. Processes with the same namespace and root have the same mountinfo.
    const std::string name = link_of(roots.proc + "/" + process + "/ns/mnt");
    if (!name.empty() && !seen.insert(name).second) continue;
    const std::string path = roots.proc + "/" + process + "/mountinfo";
    const bool is_own = process == "self";
    // With hidepid procfs hides other users' processes, so process 1 is out of reach and its root unknown.
    const std::string mountinfo = is_own ? needed_content(path) : content(path);
    if (is_own || process == "1" || seen.insert(mountinfo).second) namespaces.push_back(parse_mounts(mountinfo));
  }
  return namespaces;
}

const Mount* mount_of(const std::string& path, const std::vector<Mount>& mounts) {
  const Mount* found = nullptr;
  for (const Mount& mount : mounts) {
    const bool above = mount.target == "/" || path == mount.target || path.starts_with(mount.target + "/");
    if (above && (found == nullptr || mount.target.size() >= found->target.size())) found = &mount;
  }
  return found;
}

std::vector<Layer> layers_of(const Mount& mount) {
  std::vector<Layer> layers;
  if (mount.type != "overlay") return layers;
  for (const std::string& option : split(mount.options, ',')) {
    const size_t equals = option.find('=');
    const std::string name = option.substr(0, equals);
    if (name != "lowerdir" && name != "lowerdir+" && name != "datadir+" && name != "upperdir") continue;
    for (const std::string& path : split(option.substr(equals + 1), ':'))
      layers.push_back({path.starts_with('/') ? path : "", name == "upperdir"});
  }
  return layers;
}

}  // namespace platter::broker

#include "unmount.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string>

#include "descriptor.h"
#include "devices.h"
#include "refused.h"
#include "system_disks.h"

namespace platter::broker {
namespace {

Descriptor open_without_links(int folder, const std::string& path, uint64_t flags) {
  struct open_how how {};
  how.flags = flags | O_PATH | O_NOFOLLOW | O_CLOEXEC;
  how.resolve = RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  Descriptor opened(static_cast<int>(syscall(SYS_openat2, folder, path.c_str(), &how, sizeof how)));
  if (!opened) fail("openat2");
  return opened;
}

const Mount* with_id(uint64_t id, const std::vector<Mount>& mounts) {
  const auto found = std::find_if(mounts.begin(), mounts.end(), [&](const Mount& mount) { return mount.id == id; });
  return found == mounts.end() ? nullptr : &*found;
}

bool any_of(const std::set<dev_t>& numbers, const std::set<dev_t>& wanted) {
  return std::any_of(numbers.begin(), numbers.end(), [&](dev_t number) { return wanted.contains(number); });
}

// Finds the mount. Throws when it must stay.
const Mount& checked(const Machine& machine, const Device& device, uint64_t id) {
  const Mount* mount = with_id(id, machine.mounts());
  if (mount == nullptr) throw Refused(Status::kNotMounted);
  const std::set<dev_t> devices = machine.devices_of(*mount);
  if (!any_of(devices, machine.with_partitions(number_of(device)))) throw Refused(Status::kNotMounted);
  const bool system =
      machine.is_system_place(mount->target) ||
      std::any_of(devices.begin(), devices.end(), [&](dev_t number) { return machine.is_system(number); });
  if (system) throw Refused(Status::kSystem, mount->target);
  for (const Mount& other : machine.mounts()) {
    if (other.parent == id && other.id != id) throw Refused(Status::kMounted, other.target);
  }
  return *mount;
}

// Throws unless the path still leads to this mount.
void check_top(const Descriptor& parent, const std::string& name, const Mount& mount) {
  const Descriptor top = open_without_links(parent.get(), name, 0);
  struct statx found {};
  if (statx(top.get(), "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_MNT_ID, &found) != 0) fail("statx");
  if ((found.stx_mask & STATX_MNT_ID) == 0) throw Refused(Status::kUnsupported);  // before Linux 5.8
  if (found.stx_mnt_id != mount.id) throw Refused(Status::kMounted, mount.target);
}

}  // namespace

void unmount(const Roots& roots, const Device& device, uint64_t id) {
  const Machine machine(roots);
  const Mount& mount = checked(machine, device, id);
  // Opening checks that this is still the named device.
  static_cast<void>(open_for_reading(roots, device));
  const size_t slash = mount.target.find_last_of('/');
  const std::string name = mount.target.substr(slash + 1);
  const Descriptor parent = open_without_links(AT_FDCWD, slash == 0 ? "/" : mount.target.substr(0, slash), O_DIRECTORY);
  check_top(parent, name, mount);
  const std::string path = "/proc/self/fd/" + std::to_string(parent.get()) + "/" + name;
  if (umount2(path.c_str(), UMOUNT_NOFOLLOW) != 0) fail("umount2");
  if (with_id(id, parse_mounts(content(roots.proc + "/self/mountinfo"))) != nullptr)
    throw Refused(Status::kFailed, "umount2", EBUSY);
}

}  // namespace platter::broker

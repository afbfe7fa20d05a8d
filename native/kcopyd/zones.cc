// Zones of a zoned disk. A zone must be reset before it can be written again (linux/blkzoned.h).
#include <linux/blkzoned.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <memory>
#include <new>
#include <span>

#include "device.h"

namespace {

constexpr unsigned kZonesAtOnce = 256;

// A zone report and the room for its zones, which follow it in memory.
class Report {
 public:
  // Asks the kernel for the zones from `sector` on. 0 or a positive errno.
  int ask(int fd, uint64_t sector) {
    *header() = {};
    header()->sector = sector;
    header()->nr_zones = kZonesAtOnce;
    return ioctl(fd, BLKREPORTZONE, header()) == 0 ? 0 : errno;
  }
  std::span<const blk_zone> zones() { return {header()->zones, header()->nr_zones}; }

 private:
  blk_zone_report* header() { return reinterpret_cast<blk_zone_report*>(room_.get()); }

  std::unique_ptr<std::byte[]> room_ =
      std::make_unique<std::byte[]>(sizeof(blk_zone_report) + kZonesAtOnce * sizeof(blk_zone));
};

bool needs_reset(const blk_zone& zone) {
  return zone.type != BLK_ZONE_TYPE_CONVENTIONAL && zone.cond != BLK_ZONE_COND_EMPTY;
}

}  // namespace

int block_device::reset_zones(uint64_t bytes) const {
  if (!is_block) return EOPNOTSUPP;
  const int fd = claim ? claim.get() : buffered.get();
  const uint64_t end = (std::min(bytes, size) + KCOPYD_SECTOR_SIZE - 1) / KCOPYD_SECTOR_SIZE;
  Report report;
  for (uint64_t sector = 0; sector < end;) {
    if (const int error = report.ask(fd, sector)) {
      // Only a device without zones refuses to report the first ones.
      return sector == 0 && (error == ENOTTY || error == EINVAL || error == EOPNOTSUPP) ? EOPNOTSUPP : error;
    }
    if (report.zones().empty()) return 0;
    for (const blk_zone& zone : report.zones()) {
      if (zone.start >= end) return 0;
      blk_zone_range range{.sector = zone.start, .nr_sectors = zone.len};
      if (needs_reset(zone) && ioctl(fd, BLKRESETZONE, &range) != 0) return errno;
      sector = zone.start + zone.len;
    }
  }
  return 0;
}

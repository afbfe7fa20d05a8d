// Opening devices. The type is checked on an O_PATH descriptor, which is then reopened through /proc. So what is opened
// is what was checked, and opening a FIFO by mistake cannot block.
#include "device.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <fstream>
#include <memory>
#include <string>
#include <system_error>
#include <utility>

#include "errors.h"

namespace kcopyd {

namespace {

constexpr uint64_t kLargestFolio = 2 << 20;  // of the page cache: PMD_SIZE, where pages have 4 KiB
constexpr uint32_t kFileBlock = 4096;        // for a file system that does not tell (statx, Linux 6.1)

Descriptor open_or_fail(const char* path, int flags) {
  for (;;) {
    const int fd = open(path, flags | O_CLOEXEC, 0644);
    if (fd >= 0) return Descriptor(fd);
    if (errno != EINTR) fail(errno);
  }
}

Descriptor reopen(const Descriptor& known, int flags) {
  return open_or_fail(("/proc/self/fd/" + std::to_string(known.get())).c_str(), flags);
}

struct stat status_of(const Descriptor& fd) {
  struct stat status {};
  if (fstat(fd.get(), &status) != 0) fail(errno);
  return status;
}

// Finds the file, and makes it when asked to. The result is good for fstat and reopen only.
Descriptor find(const char* path, unsigned flags) {
  try {
    return open_or_fail(path, O_PATH);
  } catch (const std::system_error& error) {
    if (!(flags & KCOPYD_OPEN_CREATE) || error.code().value() != ENOENT) throw;
  }
  // What somebody else puts there in between is opened without waiting, and its type is checked as always.
  return open_or_fail(path, O_WRONLY | O_CREAT | O_NONBLOCK | O_NOCTTY);
}

void read_block_geometry(block_device& device) {
  const int fd = device.buffered.get();
  uint64_t bytes = 0;
  int logical = 0;
  unsigned physical = 0;
  int read_only = 0;
  if (ioctl(fd, BLKGETSIZE64, &bytes) != 0 || ioctl(fd, BLKSSZGET, &logical) != 0) fail(errno);
  if (ioctl(fd, BLKPBSZGET, &physical) != 0) physical = static_cast<unsigned>(logical);
  if (ioctl(fd, BLKROGET, &read_only) != 0) fail(errno);
  device.size = bytes;
  device.logical_block = static_cast<uint32_t>(logical);
  device.physical_block = std::max(physical, static_cast<unsigned>(logical));
  device.read_only = read_only != 0;
#ifdef BLKGETDISKSEQ  // Linux 5.15
  uint64_t sequence = 0;
  if (ioctl(fd, BLKGETDISKSEQ, &sequence) == 0) device.disk_sequence = sequence;
#endif
}

void read_file_geometry(block_device& device, const struct stat& status) {
  device.size = static_cast<uint64_t>(status.st_size);
  device.logical_block = kFileBlock;
  struct statfs system {};
  device.fuse = fstatfs(device.buffered.get(), &system) == 0 && system.f_type == FUSE_SUPER_MAGIC;
#ifdef STATX_DIOALIGN
  struct statx more {};
  if (statx(device.buffered.get(), "", AT_EMPTY_PATH, STATX_DIOALIGN, &more) == 0 && (more.stx_mask & STATX_DIOALIGN) &&
      more.stx_dio_offset_align > 0) {
    device.logical_block = std::max<uint32_t>(KCOPYD_SECTOR_SIZE, more.stx_dio_offset_align);
  }
#endif
  device.physical_block = std::max(device.logical_block, kFileBlock);
}

// An attribute of a disk's queue as sysfs has it; empty when there is none. A partition has no queue: its disk's is one
// level above (Documentation/ABI/stable/sysfs-block). A file system that lies on no single disk has none.
std::string queue_attribute(dev_t number, const std::string& name) {
  const std::string node = "/sys/dev/block/" + std::to_string(major(number)) + ":" + std::to_string(minor(number));
  std::string value;
  for (const char* queue : {"/queue/", "/../queue/"}) {
    std::ifstream file(node + queue + name);
    if (file >> value) break;
  }
  return value;
}

// 0 for text that is no number, and for more than a uint32_t holds: no request is that long.
uint32_t queue_bytes(dev_t number, const std::string& name, uint64_t unit) {
  const std::string text = queue_attribute(number, name);
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || value > UINT32_MAX / unit) return 0;
  return static_cast<uint32_t>(value * unit);
}

// Unknown attributes keep their defaults: no seeks, writes in any order, no preferred size.
void read_queue(block_device& device) {
  const auto number = static_cast<dev_t>(device.device);
  device.rotational = queue_attribute(number, "rotational") == "1";
  const std::string zoned = device.is_block ? queue_attribute(number, "zoned") : "";
  device.zoned = zoned == "host-managed" || zoned == "host-aware";
  // Linux 5.12. A zoned device on an older kernel is a disk, and takes whole physical blocks.
  const uint32_t granularity = device.zoned ? queue_bytes(number, "zone_write_granularity", 1) : 0;
  device.zone_block = granularity > 0 || !device.zoned ? granularity : device.physical_block;
  device.optimal_io = queue_bytes(number, "optimal_io_size", 1);
  device.max_request = queue_bytes(number, "max_sectors_kb", 1024);
}

// O_EXCL on a block device (without O_CREAT) claims it: EBUSY when it is mounted or claimed (open(2)).
Descriptor claim(const Descriptor& known, int mode, bool is_block) {
  Descriptor claimed = reopen(known, mode | (is_block ? O_EXCL : 0));
  if (!is_block && flock(claimed.get(), LOCK_EX | LOCK_NB) != 0) fail(errno == EWOULDBLOCK ? EBUSY : errno);
  return claimed;
}

std::shared_ptr<block_device> open_device(const char* path, unsigned flags) {
  constexpr unsigned known = KCOPYD_OPEN_WRITE | KCOPYD_OPEN_EXCL | KCOPYD_OPEN_CREATE | KCOPYD_OPEN_GROW;
  const bool write = flags & KCOPYD_OPEN_WRITE;
  if ((flags & ~known) || (!write && (flags & (KCOPYD_OPEN_CREATE | KCOPYD_OPEN_GROW)))) fail(EINVAL);

  const Descriptor found = find(path, flags);
  const struct stat status = status_of(found);
  auto device = std::make_shared<block_device>();
  device->is_block = S_ISBLK(status.st_mode);
  if (!device->is_block && !S_ISREG(status.st_mode)) fail(ENOTBLK);
  if (device->is_block && (flags & (KCOPYD_OPEN_CREATE | KCOPYD_OPEN_GROW))) fail(ENOTBLK);
  device->device = device->is_block ? status.st_rdev : status.st_dev;
  device->inode = device->is_block ? 0 : status.st_ino;
  read_queue(*device);
  device->writable = write;
  device->grows = flags & KCOPYD_OPEN_GROW;

  const int mode = write ? O_RDWR : O_RDONLY;
  if (flags & KCOPYD_OPEN_EXCL) device->claim = claim(found, mode, device->is_block);
  device->buffered = reopen(found, mode);
  if (device->is_block) {
    read_block_geometry(*device);
    // Root can open a read-only disk for writing. Only the writes would then fail, with EPERM.
    if (write && device->read_only) fail(EROFS);
  } else {
    if ((flags & KCOPYD_OPEN_CREATE) && ftruncate(device->buffered.get(), 0) != 0) fail(errno);
    read_file_geometry(*device, status_of(device->buffered));
  }
  try {
    device->direct = reopen(found, mode | O_DIRECT);
    device->use_direct = true;
  } catch (const std::system_error& error) {
    if (error.code().value() != EINVAL) throw;  // EINVAL: this file system has no direct I/O (open(2))
  }
  return device;
}

// Throws unless `fd` is the block device `number`.
void check_handed(const Descriptor& fd, dev_t number) {
  const struct stat status = status_of(fd);
  if (!S_ISBLK(status.st_mode)) fail(ENOTBLK);
  if (status.st_rdev != number) fail(ESTALE);
}

// As above, and throws unless it is open in the given way.
void check_handed(const Descriptor& fd, dev_t number, int mode, bool direct) {
  check_handed(fd, number);
  const int flags = fcntl(fd.get(), F_GETFL);
  if (flags < 0) fail(errno);
  if ((flags & O_ACCMODE) != mode || ((flags & O_DIRECT) != 0) != direct) fail(EINVAL);
}

std::shared_ptr<block_device> adopt(Descriptor claim, Descriptor direct, Descriptor buffered, dev_t number) {
  const bool write = static_cast<bool>(claim);
  const int mode = write ? O_RDWR : O_RDONLY;
  if (write) check_handed(claim, number);
  check_handed(direct, number, mode, true);
  check_handed(buffered, number, mode, false);
  auto device = std::make_shared<block_device>();
  device->is_block = true;
  device->device = number;
  device->writable = write;
  device->claim = std::move(claim);
  device->direct = std::move(direct);
  device->buffered = std::move(buffered);
  device->use_direct = true;
  read_queue(*device);
  read_block_geometry(*device);
  if (write && device->read_only) fail(EROFS);
  return device;
}

std::shared_ptr<block_device> unpacked(const block_device& file, uint64_t length, std::shared_ptr<Streams> streams) {
  auto device = std::make_shared<block_device>();
  device->device = file.device;
  device->inode = file.inode;
  device->rotational = file.rotational;
  device->buffered = reopen(file.buffered, O_RDONLY);
  device->size = length;
  device->streams = std::move(streams);
  return device;
}

Descriptor duplicate(const Descriptor& known) {
  const int fd = fcntl(known.get(), F_DUPFD_CLOEXEC, 0);
  if (fd < 0) fail(errno);
  return Descriptor(fd);
}

std::shared_ptr<FrameFile> frame_file(const block_device& file, Split split) {
  Descriptor direct = file.use_direct ? duplicate(file.direct) : Descriptor();
  return std::make_shared<FrameFile>(duplicate(file.buffered), std::move(direct), file.logical_block, std::move(split));
}

// Throws unless the first piece in the folder is `file`.
Split split_of(const block_device& file, const char* folder, const char* name, uint64_t size) {
  Split split{.folder = open_or_fail(folder, O_RDONLY | O_DIRECTORY), .name = name, .size = size};
  struct stat status {};
  const std::string first = piece_name(split.name, 0);
  if (fstatat(split.folder.get(), first.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) fail(errno);
  if (status.st_dev != file.device || status.st_ino != file.inode) fail(ESTALE);
  return split;
}

std::shared_ptr<block_device> packed(const block_device& file, uint64_t length, size_t chunk, kcopyd_frame_order order,
                                     std::unique_ptr<Codec> codec, std::span<const uint32_t> sizes, Bitmap written) {
  auto device = std::make_shared<block_device>();
  device->device = file.device;
  device->inode = file.inode;
  device->rotational = file.rotational;
  device->buffered = duplicate(file.buffered);
  device->size = length;
  device->writable = true;
  device->frames = std::make_shared<Frames>(file.pieces ? file.pieces : frame_file(file, {}), length, chunk, order,
                                            std::move(codec), sizes, std::move(written));
  return device;
}

// Hands a device to the C API's caller: 0, or the negative errno of what `make` threw.
template <typename Make>
int hand_out(struct block_device** result, Make make) {
  return errno_of([&] {
    const std::shared_ptr<block_device> device = make();
    device->handle = device;
    *result = device.get();
  });
}

}  // namespace
}  // namespace kcopyd

bool block_device::still_there() const {
  if (!is_block) return true;
  uint64_t bytes = 0;
  return ioctl(buffered.get(), BLKGETSIZE64, &bytes) == 0 && bytes > 0;
}

uint64_t block_device::size_now() const {
  struct stat status {};
  return grows && fstat(buffered.get(), &status) == 0 ? static_cast<uint64_t>(status.st_size) : size;
}

uint64_t block_device::next_data(uint64_t offset) const {
  if (is_block || streams || offset >= size) return offset;
  const off_t found = lseek(buffered.get(), static_cast<off_t>(offset), SEEK_DATA);
  if (found >= 0) return std::clamp(static_cast<uint64_t>(found), offset, size);
  if (errno != ENXIO) return offset;
  // There is no data up to the end that the file has now. Ask for that after the search, so that a file that was cut is
  // not taken for a hole.
  struct stat status {};
  if (fstat(buffered.get(), &status) != 0) return offset;
  return std::clamp(static_cast<uint64_t>(status.st_size), offset, size);
}

int block_device::extend(uint64_t bytes) const {
  struct stat status {};
  if (fstat(buffered.get(), &status) != 0) return errno;
  if (static_cast<uint64_t>(status.st_size) >= bytes) return 0;
  while (ftruncate(buffered.get(), static_cast<off_t>(bytes)) != 0) {
    if (errno != EINTR) return errno;
  }
  return 0;
}

int block_device::clone_from(const block_device& source) const {
  if (is_block || source.is_block || source.streams || frames) return EOPNOTSUPP;
  struct stat status {};
  if (fstat(buffered.get(), &status) != 0) return errno;
  if (status.st_size != 0) return EOPNOTSUPP;
  if (ioctl(buffered.get(), FICLONE, source.buffered.get()) != 0) {
    switch (errno) {
      case EBADF:  // also when the source's file system shares no blocks (ioctl_ficlone(2))
      case EINVAL:
      case ENOSYS:
      case ENOTTY:
      case EOPNOTSUPP:
      case ETXTBSY:  // a swap file
      case EXDEV:
        return EOPNOTSUPP;
      default:
        return errno;
    }
  }
  if (fdatasync(buffered.get()) != 0 || fstat(buffered.get(), &status) != 0) return errno;
  if (static_cast<uint64_t>(status.st_size) == source.size) return 0;
  return ftruncate(buffered.get(), 0) == 0 ? EOPNOTSUPP : errno;
}

int64_t block_device::peek(void* to, size_t length, uint64_t offset) const {
  if (frames) return offset >= size ? 0 : frames->look(to, std::min<uint64_t>(length, size - offset), offset);
  if (streams) return offset >= size ? 0 : streams->look(to, std::min<uint64_t>(length, size - offset), offset);
  if (pieces) return pieces->look({static_cast<std::byte*>(to), length}, offset);
  // Pages that anyone has read before say nothing about the medium now. The cache drops whole folios only.
  const uint64_t first = offset / kcopyd::kLargestFolio * kcopyd::kLargestFolio;
  const uint64_t end = (offset + length + kcopyd::kLargestFolio - 1) / kcopyd::kLargestFolio * kcopyd::kLargestFolio;
  posix_fadvise(buffered.get(), static_cast<off_t>(first), static_cast<off_t>(end - first), POSIX_FADV_DONTNEED);
  for (;;) {
    const ssize_t got = pread(buffered.get(), to, length, static_cast<off_t>(offset));
    if (got >= 0) return got;
    if (errno != EINTR) return -errno;
  }
}

int block_device::reread_partitions() const {
  // Use the descriptor with the claim: while it reads the table the kernel wants the claim free or with the caller.
  if (!is_block || ioctl(claim ? claim.get() : buffered.get(), BLKRRPART) == 0 || errno == EINVAL) return 0;
  return errno;
}

void block_device::drop_cache() const {
  // This is advice. Nothing is lost when it is not taken, because the blocks were flushed before.
  posix_fadvise(buffered.get(), 0, 0, POSIX_FADV_DONTNEED);
}

int kcopyd_device_open(const char* path, unsigned int flags, struct block_device** result) {
  if (path == nullptr || result == nullptr) return -EINVAL;
  return kcopyd::hand_out(result, [&] { return kcopyd::open_device(path, flags); });
}

int kcopyd_device_adopt(const struct kcopyd_descriptors* descriptors, uint32_t major, uint32_t minor,
                        struct block_device** result) {
  if (descriptors == nullptr || result == nullptr) return -EINVAL;
  using kcopyd::Descriptor;
  Descriptor claim(descriptors->claim);
  Descriptor direct(descriptors->direct);
  Descriptor buffered(descriptors->buffered);
  return kcopyd::hand_out(result, [&] {
    return kcopyd::adopt(std::move(claim), std::move(direct), std::move(buffered), makedev(major, minor));
  });
}

int kcopyd_device_unpack(const struct block_device* file, uint64_t length, uint64_t reach,
                         const struct kcopyd_unpacking* by, struct block_device** result) {
  if (by == nullptr) return -EINVAL;
  return kcopyd::hand_out(result, [&] {
    const std::shared_ptr<void> context(
        by->context, by->gone != nullptr ? by->gone : [](void*) {});
    if (file == nullptr || file->is_block || by->ask == nullptr) kcopyd::fail(EINVAL);
    auto ask = [ask = by->ask, context](uint64_t at, unsigned number, bool seals) {
      ask(at, number, seals ? 1 : 0, context.get());
    };
    return kcopyd::unpacked(*file, length, std::make_shared<kcopyd::Streams>(std::move(ask), reach));
  });
}

void kcopyd_device_provide(struct block_device* bdev, unsigned int stream, int descriptor) {
  if (bdev->streams) bdev->streams->provide(stream, descriptor);
}

int kcopyd_device_pack(const struct block_device* file, uint64_t length, size_t chunk, enum kcopyd_frame_order order,
                       const struct kcopyd_codec* codec, const uint32_t* sizes, size_t count, const uint8_t* written,
                       struct block_device** result) {
  if (codec == nullptr) return -EINVAL;
  return kcopyd::hand_out(result, [&] {
    auto owned = std::make_unique<kcopyd::Codec>(*codec);
    const bool complete = codec->pack != nullptr && codec->unpack != nullptr && codec->workers > 0;
    if (file == nullptr || file->is_block || !file->writable || !complete || chunk == 0) kcopyd::fail(EINVAL);
    kcopyd::Bitmap chunks(written, length / chunk + (length % chunk != 0));
    return kcopyd::packed(*file, length, chunk, order, std::move(owned), {sizes, count}, std::move(chunks));
  });
}

int kcopyd_device_split(struct block_device* file, const char* folder, const char* name, uint64_t size) {
  if (file == nullptr || folder == nullptr || name == nullptr) return -EINVAL;
  if (!file->grows || size == 0 || size % KCOPYD_PIECE_UNIT != 0) return -EINVAL;
  return kcopyd::errno_of(
      [&] { file->pieces = kcopyd::frame_file(*file, kcopyd::split_of(*file, folder, name, size)); });
}

size_t kcopyd_device_frames(const struct block_device* bdev, size_t first, size_t max, uint32_t* sizes) {
  if (!bdev->frames) return 0;
  const std::vector<kcopyd::FramePlace> all = bdev->frames->places();
  if (first >= all.size()) return 0;
  const std::span some = std::span(all).subspan(first, std::min(max, all.size() - first));
  std::ranges::transform(some, sizes, &kcopyd::FramePlace::size);
  return some.size();
}

int kcopyd_device_finish_frames(struct block_device* bdev, const void* bytes, size_t length, const void* start,
                                size_t start_length) {
  if (!bdev->frames) return EINVAL;
  return bdev->frames->finish({static_cast<const std::byte*>(bytes), length},
                              {static_cast<const std::byte*>(start), start_length});
}

void kcopyd_device_info(const struct block_device* bdev, struct kcopyd_device_info* info) {
  const struct kcopyd_device_info facts {
    .size = bdev->size_now(), .logical_block = bdev->logical_block, .physical_block = bdev->physical_block,
    .is_block = bdev->is_block, .read_only = bdev->read_only, .direct = bdev->use_direct,
    .rotational = bdev->rotational, .zoned = bdev->zoned, .optimal_io = bdev->optimal_io,
    .max_request = bdev->max_request, .major = major(bdev->device), .minor = minor(bdev->device), .inode = bdev->inode,
    .disk_sequence = bdev->disk_sequence,
  };
  *info = facts;
}

void kcopyd_device_unclaim(struct block_device* bdev) {
  if (bdev == nullptr || !bdev->is_block) return;
  const int locked = bdev->claim ? bdev->claim.get() : bdev->buffered.get();
  flock(locked, LOCK_UN);  // without a lock, nothing is to be done
  bdev->claim.reset();
}

void kcopyd_device_close(struct block_device* bdev) {
  if (bdev != nullptr) const std::shared_ptr<block_device> closing = std::move(bdev->handle);
}

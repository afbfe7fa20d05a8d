// An open block device or regular file: the two descriptors it is used through, and its geometry.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <memory>

#include "descriptor.h"
#include "frames.h"
#include "kcopyd.h"
#include "streams.h"

namespace kcopyd {

// The flushes of one open device. The kernel reports a lost write once, to the next flush (fsync(2)), which can be
// another job's. So there is one flush at a time, and its result holds for everyone who wrote before it. A flush that
// was given up is in flight until the kernel gives it back. Any worker.
class Flushes {
 public:
  // False while another flush is in flight.
  bool begin() { return !busy_.exchange(true); }
  // The flush has ended: 0 or a positive errno.
  void end(int error) {
    if (error != 0) {
      error_ = error;
      ++failed_;
    }
    ++ended_;
    busy_ = false;
  }
  // How many flushes have ended. While this grows, the device answers those who wait.
  unsigned ended() const { return ended_; }
  // How many have failed, and the errno of the last one.
  unsigned failed() const { return failed_; }
  int error() const { return error_; }

 private:
  std::atomic<bool> busy_ = false;
  std::atomic<int> error_ = 0;
  std::atomic<unsigned> failed_ = 0;
  std::atomic<unsigned> ended_ = 0;
};

}  // namespace kcopyd

// The C API's block_device. Immutable after open, except for the atomics.
struct block_device : std::enable_shared_from_this<block_device> {
  // The reference of whoever opened it. A job has its own, also for I/O that the kernel never gave back.
  std::shared_ptr<block_device> handle;
  // Holds the claim or the lock of an exclusive open, and sees no I/O. io_uring lets go of a file a little after the
  // last request on it, but closing this one must free the device at once.
  kcopyd::Descriptor claim;
  kcopyd::Descriptor direct;    // O_DIRECT; invalid when the file system refuses it
  kcopyd::Descriptor buffered;  // for the parts of a range that direct I/O cannot address
  uint64_t device = 0;          // identity: the block device's number, or a file's (device, inode)
  uint64_t inode = 0;
  uint64_t disk_sequence = 0;  // BLKGETDISKSEQ; 0 for a file, and where the kernel has none
  uint64_t size = 0;           // bytes when it was opened
  uint32_t logical_block = 512;
  uint32_t physical_block = 512;
  bool is_block = false;
  bool fuse = false;         // a file whose file system is a program (FUSE)
  bool rotational = false;   // seeks cost time (queue/rotational), of the disk or the one a file lies on
  bool zoned = false;        // writes must ascend (queue/zoned); block devices only
  uint32_t zone_block = 0;   // bytes: a zoned disk takes multiples of this (queue/zone_write_granularity); else 0
  uint32_t optimal_io = 0;   // bytes (queue/optimal_io_size), 0 when unknown; of the disk a file lies on too
  uint32_t max_request = 0;  // bytes (queue/max_sectors_kb), 0 when unknown; likewise
  bool read_only = false;
  bool writable = false;  // opened for writing
  bool grows = false;
  // Cleared when only the first read or write refuses direct I/O.
  std::atomic<bool> use_direct = false;
  // Cleared when zeroing is refused for good, so that it is asked for only once.
  std::atomic<bool> can_zero = true;
  kcopyd::Flushes flushes;
  // Cleared when its file system refuses for good to copy from another file (copy_file_range).
  std::atomic<bool> can_copy = true;

  // A packed file: its bytes come from programs that unpack it. `size` is that of what is in it.
  std::shared_ptr<kcopyd::Streams> streams;
  // A packed image that is written. `size` is that of what is in it.
  std::shared_ptr<kcopyd::Frames> frames;

  // Of a growing file that is split: all of its pieces, of which this is the first.
  std::shared_ptr<kcopyd::FrameFile> pieces;

  // Serves flushes of a device that lies in several files; else nullptr.
  kcopyd::RequestHandler* flush_handler() const { return frames && frames->flushes() ? frames.get() : nullptr; }
  // Serves reads and writes of a device that is packed; else nullptr.
  kcopyd::RequestHandler* handler() const {
    if (frames) return frames.get();
    return streams.get();
  }

  // Bytes. The smallest unit that direct I/O writes.
  uint32_t write_block() const { return std::max(logical_block, zone_block); }
  // True for the same device or file, under any name.
  bool same_as(const block_device& other) const {
    return is_block == other.is_block && device == other.device && inode == other.inode;
  }
  // True for another regular file of the same file system.
  bool beside(const block_device& other) const {
    return !is_block && !other.is_block && !frames && !other.streams && device == other.device && inode != other.inode;
  }
  // Bytes; differs from size when it grows.
  uint64_t size_now() const;
  // The byte, not before `offset`, where the next data is; `size` when only a hole is left. A part of the file that was
  // cut off after opening counts as data, so that reading finds it missing. `offset` itself on a block device, and
  // where the file system cannot tell. One lseek; worker thread.
  uint64_t next_data(uint64_t offset) const;
  // Makes a regular file at least `bytes` long by adding a hole. 0 or a positive errno. Worker thread.
  int extend(uint64_t bytes) const;
  // Makes this empty regular file share the blocks of `source`, as it was opened, and flushes it. Gives 0, EOPNOTSUPP
  // or another positive errno. EOPNOTSUPP: not both regular files, not on one file system, the file system shares no
  // blocks, this file is not empty, or the source has another size by now. This file is empty then and can be copied
  // to. Blocks.
  int clone_from(const block_device& source) const;
  // Reads from the medium, at any place, to look at it before a job. Gives the bytes read, 0 at the end, or a negative
  // errno. Blocks.
  int64_t peek(void* to, size_t length, uint64_t offset) const;
  // True when it is still what was opened. A disk that was pulled out has no size any more. Makes one ioctl.
  bool still_there() const;
  // Has the kernel reread the partition table (BLKRRPART). Gives 0, also where there can be none: a file, a partition,
  // a device without partitions. EBUSY when a partition is in use; else a positive errno. Blocks.
  int reread_partitions() const;
  // Resets the zones that hold the first `bytes`, so that they can be written from their start. Other data in the last
  // of them is lost. Gives 0, EOPNOTSUPP where there are no zones, else a positive errno. Blocks.
  int reset_zones(uint64_t bytes) const;
  // Drops what the buffered descriptor left in the page cache, so that the next read comes from the medium.
  void drop_cache() const;
};

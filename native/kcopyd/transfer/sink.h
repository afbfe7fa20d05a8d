// Where a destination's bytes go: a range of a device or file, and the cheapest way to write there.
#pragma once

#include <cstdint>
#include <memory>
#include <utility>

#include "../block_io.h"
#include "../control/faster_way.h"
#include "../device.h"
#include "slot.h"
#include "source.h"

namespace kcopyd {

// Positions are bytes from the start of what the job copies. Worker thread.
class Sink {
 public:
  Sink(std::shared_ptr<block_device> device, uint64_t offset, uint64_t length)
      : device_(std::move(device)), offset_(offset), length_(length) {}

  // Called before and after the job's I/O. flags: the job's. close() lets go of the device; nothing of it may be in
  // flight.
  void open(BlockIo& io, unsigned flags, const Source& source);
  void close(BlockIo& io);

  block_device& device() const { return *device_; }
  uint64_t length() const { return length_; }
  uint64_t on_device(uint64_t at) const { return offset_ + at; }
  // True when writes stay in the page cache until they are flushed.
  bool cached() const { return beside_ || !device_->use_direct; }
  // True when everything from there on is zeros already.
  bool is_blank(uint64_t at) const { return offset_ + at >= blank_from_; }

  // Starts writing `length` bytes of the slot: zeroed by the device, copied by the file system, or from the buffer.
  void write(BlockIo& io, Slot& slot, SlotTransfer& write, uint64_t at, uint64_t length, const Source& source,
             OnError on_error);
  // A write that write() started has ended.
  void written(const Slot& slot, const SlotTransfer& write);
  // Starts reading `slot.length` bytes back.
  void read_back(BlockIo& io, Slot& slot, uint64_t at, OnError on_error);
  void flush(BlockIo& io, Transfer& flush) { flush.flush(io, *device_, offset_, length_); }
  bool is_packed() const { return device_->frames != nullptr; }
  // The next write of the first sub-job is of these bytes, not of the zeros that disks get in their place
  // (KCOPYD_HEAD_LAST): frames have their final place from the start.
  void use_head(std::span<const std::byte> bytes) const {
    if (device_->frames) device_->frames->use_head(bytes);
  }
  // Sub-jobs in flight without which it cannot go at its full speed; 1 for anything that is not packed.
  unsigned busy() const { return device_->frames ? device_->frames->busy() : 1; }
  // No more sub-jobs are begun: what waits in a packed image for those before it ends.
  void abandon() const {
    if (device_->frames) device_->frames->abandon();
  }
  // Makes a new image as long as what was copied to it, because zeros at its end were not written. 0 or a positive
  // errno.
  int extend() const { return device_->grows ? device_->extend(offset_ + length_) : 0; }

 private:
  std::shared_ptr<block_device> device_;  // keeps the device open while the kernel holds I/O on it
  const uint64_t offset_;                 // bytes
  const uint64_t length_;                 // bytes
  int attached_ = -1;
  uint64_t blank_from_ = UINT64_MAX;  // the device is zeros from this byte on
  bool beside_ = false;               // its file system can copy from the source (KCOPYD_COPY_RANGE)
  FasterWay faster_;                  // used when beside_ is set
};

}  // namespace kcopyd

#include "source.h"

#include "../zeros.h"

namespace kcopyd {

void DeviceSource::open(BlockIo& io) {
  attached_ = (device_->use_direct ? device_->direct : device_->buffered).get();
  io.attach(attached_);
  if (options_.from_medium) device_->drop_cache();
}

void DeviceSource::close(BlockIo& io) {
  io.detach(attached_);
  if (options_.leaves_cache || !device_->use_direct) device_->drop_cache();
  device_.reset();
}

bool DeviceSource::is_hole(uint64_t at, uint64_t length) {
  if (!options_.finds_holes || device_->is_block) return false;
  const uint64_t from = offset_ + at;
  if (from < hole_from_ || from >= hole_to_) {
    hole_from_ = from;
    hole_to_ = device_->next_data(from);
  }
  return from + length <= hole_to_;
}

void DeviceSource::read(BlockIo& io, Slot& slot, uint64_t at, OnError on_error) {
  slot.read.read(io, *device_, slot.buffer.data(), slot.buffer.size(), offset_ + at, slot.length, on_error);
}

bool ZeroSource::matches(std::span<const std::byte> data, const ChunkHashes::Hash& /*hash*/) const {
  return all_zero(data);
}

}  // namespace kcopyd

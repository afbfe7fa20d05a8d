#include "sink.h"

#include "../control/lagging.h"

namespace kcopyd {

void Sink::open(BlockIo& io, unsigned flags, const Source& source) {
  attached_ = (device_->use_direct ? device_->direct : device_->buffered).get();
  io.attach(attached_);
  if (device_->frames) device_->frames->begin();
  beside_ = (flags & KCOPYD_COPY_RANGE) && device_->beside(*source.device());
  if ((flags & KCOPYD_SPARSE) && device_->grows) blank_from_ = device_->size_now();
  if ((flags & KCOPYD_ASSUME_BLANK) && device_->is_block) blank_from_ = 0;
}

void Sink::close(BlockIo& io) {
  if (!device_) return;
  io.detach(attached_);
  device_.reset();
}

void Sink::write(BlockIo& io, Slot& slot, SlotTransfer& write, uint64_t at, uint64_t length, const Source& source,
                 OnError on_error) {
  const uint64_t offset = offset_ + at;
  if (slot.zero) {
    write.zero(io, *device_, slot.buffer.data(), slot.buffer.size(), offset, length, on_error);
  } else if (beside_ && !slot.blank && !slot.holes && faster_.next_is_copied()) {
    write.copy(io, *device_, *source.device(), source.on_device(at), slot.buffer.data(), offset, length, on_error);
  } else {
    write.write(io, *device_, slot.buffer.data(), slot.buffer.size(), offset, length, on_error);
  }
}

void Sink::written(const Slot& slot, const SlotTransfer& write) {
  if (!beside_ || slot.zero || !write.bad().empty() || write.cut_short()) return;
  faster_.took(write.op() == IoOp::copy, slot.length, Clock::now() - write.began);
}

void Sink::read_back(BlockIo& io, Slot& slot, uint64_t at, OnError on_error) {
  slot.read.read(io, *device_, slot.buffer.data(), slot.buffer.size(), offset_ + at, slot.length, on_error);
}

}  // namespace kcopyd

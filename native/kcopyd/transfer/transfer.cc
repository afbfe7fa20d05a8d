#include "transfer.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "../error_list.h"
#include "../zeros.h"

namespace kcopyd {
namespace {

// True for an error that no other range and no other try could change.
bool is_refused_for_good(int64_t result) {
  return result == -EOPNOTSUPP || result == -ENOSYS || result == -EINVAL || result == -EPERM || result == -EXDEV ||
         result == -ETXTBSY;
}

}  // namespace

void Transfer::read(BlockIo& io, block_device& device, std::byte* buffer, size_t capacity, uint64_t offset,
                    size_t length, OnError on_error) {
  start(io, device, IoOp::read, buffer, capacity, offset, length, on_error);
}

void Transfer::write(BlockIo& io, block_device& device, std::byte* buffer, size_t capacity, uint64_t offset,
                     size_t length, OnError on_error) {
  start(io, device, IoOp::write, buffer, capacity, offset, length, on_error);
}

void Transfer::zero(BlockIo& io, block_device& device, std::byte* buffer, size_t capacity, uint64_t offset,
                    size_t length, OnError on_error) {
  start(io, device, IoOp::zero, buffer, capacity, offset, length, on_error);
}

void Transfer::copy(BlockIo& io, block_device& device, block_device& source, uint64_t from, std::byte* buffer,
                    uint64_t offset, size_t length, OnError on_error) {
  source_ = &source;
  source_start_ = from;
  start(io, device, IoOp::copy, buffer, length, offset, length, on_error);
}

void Transfer::flush(BlockIo& io, block_device& device, uint64_t offset, uint64_t length) {
  start(io, device, IoOp::flush, nullptr, 0, offset, length, OnError::stop);
}

void Transfer::start(BlockIo& io, block_device& device, IoOp op, std::byte* buffer, size_t capacity, uint64_t offset,
                     uint64_t length, OnError on_error) {
  request_.transfer = this;
  op_ = op;
  device_ = &device;
  buffer_ = buffer;
  capacity_ = capacity;
  start_ = offset;
  done_ = 0;
  length_ = length;
  limit_ = length;
  cut_short_ = false;
  refused_direct_ = false;
  bad_run_ = 0;
  tries_ = 0;
  again_ = 0;
  on_error_ = on_error;
  good_ = 0;
  zeroed_ = 0;
  ask_device_ = (op == IoOp::zero && device.can_zero) || (op == IoOp::copy && device.can_copy);
  buffer_clear_ = op != IoOp::zero;
  bad_.clear();
  issue(io);
}

void Transfer::issue(BlockIo& io) {
  request_.op = op_ == IoOp::zero || op_ == IoOp::copy ? IoOp::write : op_;
  // The kernel gives a FUSE program a dozen requests; submitting one more blocks (max_background of fusectl).
  request_.waits = device_->fuse;
  request_.handler = op_ == IoOp::flush ? device_->flush_handler() : device_->handler();
  if (op_ == IoOp::flush) {
    request_.fd = device_->buffered.get();
    io.submit(request_);
    return;
  }
  const uint64_t block = this->block();
  const uint64_t at = start_ + done_;
  uint64_t left = std::min(length_ - done_, limit_);
  if (ask_device_ && at % block == 0 && left >= block) {
    wanted_ = device_->handler() != nullptr ? left : left - left % block;
    request_.op = op_;
    request_.fd = device_->buffered.get();
    if (op_ == IoOp::copy) {
      request_.from = source_->buffered.get();
      request_.from_offset = source_start_ + done_;
    }
    request_.offset = at;
    request_.length = static_cast<uint32_t>(wanted_);
    io.submit(request_);
    return;
  }
  // Streams and frames get whole sub-jobs: requests of several that take turns would be out of order.
  if (on_error_ != OnError::stop_at_once && device_->handler() == nullptr) left = std::min(left, longest_);
  if (ask_device_ && at % block != 0) left = std::min(left, block - at % block);
  wanted_ = left;
  uint64_t length = left;
  if (!buffer_clear_) make_zeros(buffer_, length_);
  buffer_clear_ = true;
  through_cache_ = refused_direct_ || !device_->use_direct;
  if (!through_cache_) {
    if (at % block != 0) {
      // The rest of a block that starts before this range: only the page cache can address it.
      wanted_ = length = std::min(left, block - at % block);
      through_cache_ = true;
    } else if (left >= block) {
      wanted_ = length = left - left % block;
    } else if (request_.op == IoOp::read && done_ + block <= capacity_) {
      length = block;
    } else if (device_->zone_block > 0 && request_.op == IoOp::write && done_ + block <= capacity_) {
      // The page cache writes whole pages, from before what is already there. What lay behind this in the block was
      // lost when its zone was reset.
      std::memset(buffer_ + done_ + left, 0, block - left);
      length = block;
    } else {
      through_cache_ = true;
    }
  }
  request_.fd = (through_cache_ ? device_->buffered : device_->direct).get();
  request_.buffer = buffer_ + done_;
  request_.offset = at;
  request_.length = static_cast<uint32_t>(length);
  io.submit(request_);
}

bool Transfer::advance() {
  const int64_t result = request_.result;
  if (result == -EINTR || (result == -EAGAIN && ++again_ < kMaxAgain)) {
    return false;
  }
  if (result == -ECANCELED && device_->frames) {
    cut_short_ = true;  // the sub-jobs before it will not be written
    return true;
  }
  if (request_.op == IoOp::zero || request_.op == IoOp::copy) return asked_device(result);
  if (request_.op == IoOp::flush) {
    if (result < 0) return give_up(length_, static_cast<int>(-result));
    return true;
  }
  if (result == -EINVAL && !through_cache_) {
    // Some file systems accept O_DIRECT at open and refuse it here. On a block device only this request is refused.
    if (!device_->is_block) device_->use_direct = false;
    refused_direct_ = true;
    return false;
  }
  if (result > 0) return succeed(std::min(static_cast<uint64_t>(result), wanted_));
  return fail(static_cast<int>(-result));
}

bool Transfer::asked_device(int64_t result) {
  const bool copies = request_.op == IoOp::copy;
  // A copy of 0 bytes: the source is now shorter than what was read of it.
  if (copies ? result > 0 : result == 0) {
    const uint64_t bytes = copies ? std::min(static_cast<uint64_t>(result), wanted_) : wanted_;
    if (!copies) zeroed_ += bytes;
    through_cache_ = true;
    return succeed(bytes);
  }
  if (is_refused_for_good(result)) (copies ? device_->can_copy : device_->can_zero) = false;
  // Write it instead: that finds out which block it is, or that the device is gone.
  ask_device_ = false;
  again_ = 0;
  return false;
}

bool Transfer::succeed(uint64_t bytes) {
  if (bytes < wanted_ && !through_cache_) {
    // A short direct transfer must go on at a whole block. Less than one counts as nothing: use the page cache.
    bytes -= bytes % block();
    if (bytes == 0) {
      refused_direct_ = true;
      return false;
    }
  }
  done_ += bytes;
  good_ += bytes;
  if (done_ == length_) return true;
  if (bytes == wanted_) limit_ = std::min(limit_ * 2, length_);
  bad_run_ = 0;
  refused_direct_ = false;
  tries_ = 0;
  again_ = 0;
  return false;
}

bool Transfer::fail(int err) {
  const kcopyd_side side = request_.op == IoOp::read ? KCOPYD_SIDE_READ : KCOPYD_SIDE_WRITE;
  const kcopyd_cause cause = classify(side, err, *device_);
  const bool place_matters =
      cause == KCOPYD_CAUSE_MEDIUM || cause == KCOPYD_CAUSE_IO || cause == KCOPYD_CAUSE_TIMED_OUT;
  if (!place_matters || device_->handler() != nullptr || on_error_ == OnError::stop_at_once)
    return give_up(length_ - done_, err);

  const uint64_t block = this->block();
  const bool dead = bad_run_ >= kDeadAfter && request_.op == IoOp::write;
  if (dead) {
    limit_ = std::min(limit_ * 2, length_);
  } else if (wanted_ > block) {
    limit_ = std::max(block, wanted_ / 2 / block * block);
    return false;
  }
  if (bad_run_ < kTiredAfter && ++tries_ < kTries) {
    return false;
  }
  if (on_error_ == OnError::stop) return give_up(wanted_, err);
  bad_run_ += (wanted_ + block - 1) / block;
  give_up(wanted_, err);
  if (done_ == length_) return true;
  refused_direct_ = false;
  tries_ = 0;
  again_ = 0;
  return false;
}

bool Transfer::give_up(uint64_t length, int err) {
  const uint64_t at = start_ + done_;
  if (op_ == IoOp::read) std::memset(buffer_ + done_, 0, length);
  if (!bad_.empty() && bad_.back().err == err && bad_.back().offset + bad_.back().length == at) {
    bad_.back().length += length;
  } else {
    bad_.push_back({at, length, err});
  }
  done_ += length;
  return true;
}

}  // namespace kcopyd

// One range between a buffer and a device, from the first request to the last: alignment, short results,
// interrupted calls, and, when something cannot be read or written, exactly where.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "../block_io.h"
#include "../device.h"

namespace kcopyd {

// A part of a transfer that could not be done.
struct BadRange {
  uint64_t offset;  // bytes on the device
  uint64_t length;  // bytes
  int err;          // errno, 0 for a transfer of 0 bytes before the end
};

// What a transfer does when a block cannot be read or written.
enum class OnError : uint8_t {
  stop,          // find the first block that fails, and end there
  stop_at_once,  // end at the first request that fails, as the kernel does: all the rest is bad
  go_on,         // find every block that fails; unreadable ones become zeros in the buffer
};

/*
 * State machine over one IoRequest, with one request in flight at a time. Worker thread.
 *
 * After an error the request is made half as long, down to one logical block, and doubles again with each success. A
 * block that fails is tried kTries times. So one bad block costs about log2(length) requests and is named exactly, and
 * everything around it is read or written. In a long run of bad blocks each is tried once. When that many cannot be
 * written, the device counts as dead and is given up in ever larger pieces. Reading never gives up a block that was not
 * tried.
 */
class Transfer {
 public:
  Transfer() = default;
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;

  // Starts reading into or writing from buffer. To end on a whole block both may use all of buffer's `capacity` bytes
  // beyond length: a read always, a write only to a zoned disk, which then has zeros there.
  void read(BlockIo& io, block_device& device, std::byte* buffer, size_t capacity, uint64_t offset, size_t length,
            OnError on_error);
  void write(BlockIo& io, block_device& device, std::byte* buffer, size_t capacity, uint64_t offset, size_t length,
             OnError on_error);
  // Starts zeroing. The device is asked to do it. What it refuses or fails, and parts of a block, are written from
  // `buffer` (only its bytes that are not zero are changed) as write() does it, so errors are named as a write names
  // them. A device that refuses for good is not asked again. A file that ends before the range does not grow by it.
  void zero(BlockIo& io, block_device& device, std::byte* buffer, size_t capacity, uint64_t offset, size_t length,
            OnError on_error);
  // Starts writing what buffer holds, which `source` has at `from`. The file system of both files is asked to copy it.
  // What it refuses or fails, and parts of a block, are written from the buffer.
  void copy(BlockIo& io, block_device& device, block_device& source, uint64_t from, std::byte* buffer, uint64_t offset,
            size_t length, OnError on_error);
  // Starts a flush of the device. When it fails, bad() holds the range given here.
  void flush(BlockIo& io, block_device& device, uint64_t offset, uint64_t length);

  // The next read is of the head of destinations that have all the rest (KCOPYD_HEAD_LAST).
  void seal(bool seals) { request_.seals = seals; }

  // Takes the answer to the request. True when the transfer has ended, false when it is to go on.
  bool advance();
  // Issues the next request; after advance() returned false.
  void go_on(BlockIo& io) { issue(io); }
  // The longest request that may carry bytes from now on, in bytes; a multiple of the device's block. Not used with
  // stop_at_once, where a range is one request.
  void limit_requests(uint64_t longest) { longest_ = longest; }
  // Ends it instead of going on. What was not tried by then is neither good nor bad.
  void cut() { cut_short_ = true; }

  IoOp op() const { return op_; }
  // True when the last answered request carried bytes, rather than asking the device to zero or to copy.
  bool carried() const { return request_.op == IoOp::read || request_.op == IoOp::write; }
  // What failed, in ascending order; empty when all went well.
  std::span<const BadRange> bad() const { return bad_; }
  // True when it was ended before everything was tried.
  bool cut_short() const { return cut_short_; }
  // Bytes that went through.
  uint64_t good_bytes() const { return good_; }
  // Of those, bytes that the device zeroed, so that nothing had to be written.
  uint64_t zeroed_bytes() const { return zeroed_; }

  // The transfer that a request belongs to.
  static Transfer& of(IoRequest& request) { return *static_cast<Holder&>(request).transfer; }

 private:
  struct Holder : IoRequest {
    Transfer* transfer = nullptr;
  };

  static constexpr int kTries = 3;
  static constexpr int kMaxAgain = 1000;
  static constexpr uint64_t kTiredAfter = 8;  // bad blocks in a row
  static constexpr uint64_t kDeadAfter = 64;

  void start(BlockIo& io, block_device& device, IoOp op, std::byte* buffer, size_t capacity, uint64_t offset,
             uint64_t length, OnError on_error);
  void issue(BlockIo& io);
  // Bytes. A direct request is a multiple of this.
  uint64_t block() const { return op_ == IoOp::read ? device_->logical_block : device_->write_block(); }
  bool asked_device(int64_t result);
  bool succeed(uint64_t bytes);
  bool fail(int err);
  bool give_up(uint64_t length, int err);

  Holder request_;
  IoOp op_ = IoOp::read;  // the operation that was started; request_ may be another one on the way there
  block_device* device_ = nullptr;
  block_device* source_ = nullptr;  // copy
  uint64_t source_start_ = 0;       // copy: the place on the source that matches start_
  std::byte* buffer_ = nullptr;
  size_t capacity_ = 0;
  uint64_t start_ = 0;  // on the device
  uint64_t done_ = 0;   // bytes from start_ that are done or bad
  uint64_t length_ = 0;
  uint64_t limit_ = 0;             // longest request after an error
  uint64_t longest_ = UINT64_MAX;  // longest request at all
  bool cut_short_ = false;
  uint64_t wanted_ = 0;          // bytes of the request in flight that count
  bool through_cache_ = false;   // the request in flight is buffered
  bool refused_direct_ = false;  // direct I/O was refused at done_
  uint64_t bad_run_ = 0;         // bad blocks in a row
  int tries_ = 0;
  int again_ = 0;
  OnError on_error_ = OnError::stop;
  uint64_t good_ = 0;
  uint64_t zeroed_ = 0;
  bool ask_device_ = false;   // zero, copy: ask the device, which has not failed here yet
  bool buffer_clear_ = true;  // zero: the buffer holds only zeros
  std::vector<BadRange> bad_;
};

}  // namespace kcopyd

// Where the bytes of a job come from: a device or file, zeros, or only hashes to compare with.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <utility>

#include "../block_io.h"
#include "../chunk_hashes.h"
#include "slot.h"

namespace kcopyd {

// Positions are bytes from the start of what the job copies. Worker thread.
class Source {
 public:
  Source() = default;
  Source(const Source&) = delete;
  Source& operator=(const Source&) = delete;
  virtual ~Source() = default;

  // Called before and after the job's I/O. close() lets go of the device; nothing of it may be in flight.
  virtual void open(BlockIo& /*io*/) {}
  virtual void close(BlockIo& /*io*/) {}

  // Bytes, as far as is known by now.
  virtual uint64_t length() const = 0;
  // False when only its hashes are known.
  virtual bool has_bytes() const { return true; }
  // True when a lagging destination can read it a second time. If not, nobody is left behind.
  virtual bool can_read_again() const { return true; }
  // True when reads are answered one after the other, in the order in which they began.
  virtual bool in_order() const { return false; }
  // True when seeks cost time.
  virtual bool rotates() const { return false; }
  // The device that is read; nullptr for none.
  virtual block_device* device() const { return nullptr; }
  // The position on that device, in bytes.
  virtual uint64_t on_device(uint64_t at) const { return at; }
  // True when this range is known to be zeros without being read.
  virtual bool is_hole(uint64_t at, uint64_t length) = 0;
  // Starts reading a range into the slot. The range must not be a hole.
  virtual void read(BlockIo& io, Slot& slot, uint64_t at, OnError on_error) = 0;
  // True when what was read back matches the source, which has this hash there.
  virtual bool matches(std::span<const std::byte> data, const ChunkHashes::Hash& hash) const {
    return ChunkHashes::equal(ChunkHashes::of(data), hash);
  }
};

class DeviceSource final : public Source {
 public:
  struct Options {
    bool finds_holes = false;   // KCOPYD_SPARSE
    bool read_once = false;     // its own copy overwrites it, or it is being rescued
    bool from_medium = false;   // not from the page cache, because it is compared
    bool leaves_cache = false;  // what is copied goes through the page cache (KCOPYD_COPY_RANGE)
  };

  DeviceSource(std::shared_ptr<block_device> device, uint64_t offset, uint64_t length, const Options& options)
      : device_(std::move(device)), offset_(offset), length_(length), options_(options) {}

  void open(BlockIo& io) override;
  void close(BlockIo& io) override;
  uint64_t length() const override { return length_; }
  bool can_read_again() const override { return !options_.read_once; }
  bool in_order() const override { return device_->streams != nullptr; }
  bool rotates() const override { return device_->rotational; }
  block_device* device() const override { return device_.get(); }
  uint64_t on_device(uint64_t at) const override { return offset_ + at; }
  bool is_hole(uint64_t at, uint64_t length) override;
  void read(BlockIo& io, Slot& slot, uint64_t at, OnError on_error) override;

 private:
  std::shared_ptr<block_device> device_;  // keeps the device open while the kernel holds I/O on it
  const uint64_t offset_;                 // bytes
  const uint64_t length_;                 // bytes
  const Options options_;
  int attached_ = -1;
  // The device has no data from hole_from_ to hole_to_.
  uint64_t hole_from_ = 0;
  uint64_t hole_to_ = 0;
};

class ZeroSource final : public Source {
 public:
  explicit ZeroSource(uint64_t length) : length_(length) {}

  uint64_t length() const override { return length_; }
  bool is_hole(uint64_t /*at*/, uint64_t /*length*/) override { return true; }
  void read(BlockIo& /*io*/, Slot& /*slot*/, uint64_t /*at*/, OnError /*on_error*/) override {}
  // Compares the bytes: the last chunk of a destination can be shorter than the one that the hash was made of.
  bool matches(std::span<const std::byte> data, const ChunkHashes::Hash& hash) const override;

 private:
  const uint64_t length_;  // bytes, of the longest destination
};

// Hashes known from before, to compare the destinations with.
class HashSource final : public Source {
 public:
  explicit HashSource(uint64_t length) : length_(length) {}

  uint64_t length() const override { return length_; }
  bool has_bytes() const override { return false; }
  bool is_hole(uint64_t /*at*/, uint64_t /*length*/) override { return false; }
  void read(BlockIo& /*io*/, Slot& /*slot*/, uint64_t /*at*/, OnError /*on_error*/) override {}

 private:
  const uint64_t length_;  // bytes
};

}  // namespace kcopyd

// How long one request to a device is. A fast device gets a whole sub-job at once. A slow or unknown one gets it in
// pieces, so that what it is busy with ends soon: cancelling, the watchdog and what is shown depend on that.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "../device.h"

namespace kcopyd {

// One for each device and direction. Worker thread.
class RequestSize {
 public:
  // A device that writes 512 KiB/s needs half a second for this first request. Never less: what takes long at any
  // length (a card that tidies up) should not be paid too often.
  static constexpr uint64_t kLeast = uint64_t{256} << 10;

  // Bytes of the next request. sub_job: bytes.
  uint64_t of(const block_device& device, uint64_t sub_job) const {
    if (size_ >= sub_job) return sub_job;
    const uint64_t unit = preferred(device, sub_job);
    return std::min(std::max(size_ - size_ % unit, unit), sub_job);
  }

  // A request of this many bytes was answered. A device that answers at once needs no pieces.
  void answered(uint64_t bytes, std::chrono::steady_clock::duration took) {
    using std::chrono::milliseconds;
    if (took > milliseconds(500)) {
      size_ = std::max(std::min(size_, bytes) / 2, kLeast);
    } else if (bytes < size_ / 2) {
      return;  // the rest of a sub-job says little
    } else if (took < milliseconds(50)) {
      size_ = UINT64_MAX;
    } else if (took < milliseconds(250)) {
      size_ *= 2;
    }
  }

 private:
  // Bytes that requests should be multiples of: what the device likes best (queue/optimal_io_size), else what the
  // kernel cuts requests into (queue/max_sectors_kb; 120 KiB on many USB sticks), else the device's block.
  static uint64_t preferred(const block_device& device, uint64_t sub_job) {
    const uint64_t block = std::max(device.physical_block, device.logical_block);
    for (const uint64_t said : {device.optimal_io, device.max_request}) {
      const uint64_t unit = said - said % block;
      if (unit > 0 && unit < sub_job) return unit;
    }
    return block;
  }

  uint64_t size_ = kLeast;
};

}  // namespace kcopyd

// What the tests of packed images share: the image, and a job of some of its sub-jobs.
#pragma once

#include <kcopyd/device.h>

#include <string>
#include <utility>
#include <vector>

#include "../lab/disks.h"

namespace test {

// A file that grows, and the packed image of `length` bytes in it, in sub-jobs of a mebibyte. A class that inherits
// this and is the context of the codec calls close() while its own members still live.
class FrameImage {
 public:
  FrameImage(std::string path, uint64_t length, unsigned create = KCOPYD_OPEN_CREATE)
      : path_(std::move(path)), length_(length) {
    REQUIRE(kcopyd_device_open(path_.c_str(), KCOPYD_OPEN_WRITE | KCOPYD_OPEN_GROW | create, &file_) == 0);
  }
  ~FrameImage() { close(); }
  FrameImage(const FrameImage&) = delete;
  FrameImage& operator=(const FrameImage&) = delete;

  void pack_as(kcopyd_frame_order order, const kcopyd_codec& codec, const std::vector<uint32_t>& there = {},
               const uint8_t* written = nullptr) {
    REQUIRE(kcopyd_device_pack(file_, length_, MiB, order, &codec, there.data(), there.size(), written, &device_) == 0);
  }
  void close() {
    kcopyd_device_close(std::exchange(device_, nullptr));
    kcopyd_device_close(std::exchange(file_, nullptr));
  }

  io_region region() const { return {device_, 0, length_ / KCOPYD_SECTOR_SIZE}; }
  block_device* file() const { return file_; }
  block_device* device() const { return device_; }
  const std::string& path() const { return path_; }
  uint64_t length() const { return length_; }

 private:
  const std::string path_;
  const uint64_t length_;
  block_device* file_ = nullptr;
  block_device* device_ = nullptr;
};

// A job that writes the sub-jobs in `todo` and reads back those in `check`; nullptr for all.
inline Job& copy_some(Client& client, const io_region& from, const io_region& to, const uint8_t* todo,
                      const uint8_t* check) {
  const kcopyd_dest_options options{.todo = todo, .check = check, .bytes_per_second = 0};
  kcopyd_request request{};
  request.from = &from;
  request.num_dests = 1;
  request.dests = &to;
  request.dest_options = &options;
  request.flags = KCOPYD_VERIFY;
  return client.submit(request);
}

}  // namespace test

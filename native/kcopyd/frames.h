// A file that is written as frames, like a seekable zstd: every sub-job is packed by itself, and the frames get their
// places in the order of the sub-jobs (frame_places.h).
//
// Sub-jobs are packed at the same time and may end in any order. A frame has its place when all frames before it have
// theirs; until then it waits in memory. Frames are read back from the medium and unpacked.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <span>
#include <thread>
#include <vector>

#include "bitmap.h"
#include "frame_file.h"
#include "frame_places.h"
#include "kcopyd.h"
#include "request_handler.h"

namespace kcopyd {

// The functions of kcopyd_codec. Owns its context.
class Codec {
 public:
  explicit Codec(const kcopyd_codec& codec) : codec_(codec) {}
  Codec(const Codec&) = delete;
  Codec& operator=(const Codec&) = delete;
  ~Codec() {
    if (codec_.gone != nullptr) codec_.gone(codec_.context);
  }
  unsigned workers() const { return codec_.workers; }
  // The frame of `bytes`, good until the worker's next call; its size is a negative errno when there is none.
  std::pair<const std::byte*, int64_t> pack(unsigned worker, std::span<const std::byte> bytes) const {
    const void* frame = nullptr;
    const int64_t size = codec_.pack(worker, bytes.data(), bytes.size(), &frame, codec_.context);
    return {static_cast<const std::byte*>(frame), size};
  }
  // 0, or a negative errno: EBADMSG when `frame` does not hold `to.size()` bytes.
  int unpack(unsigned worker, std::span<const std::byte> frame, std::span<std::byte> to) const {
    return codec_.unpack(worker, frame.data(), frame.size(), to.data(), to.size(), codec_.context);
  }

 private:
  kcopyd_codec codec_;
};

class Frames final : public RequestHandler {
 public:
  // `length`: bytes of the image; `chunk`: of a sub-job. `sizes`: bytes of the frames that are in the file already.
  // `written`: the sub-jobs that will be written; the others are zeros.
  Frames(std::shared_ptr<FrameFile> file, uint64_t length, size_t chunk, kcopyd_frame_order order,
         std::unique_ptr<Codec> codec, std::span<const uint32_t> sizes, Bitmap written);
  Frames(const Frames&) = delete;
  Frames& operator=(const Frames&) = delete;
  // No request may be in flight.
  ~Frames() override;

  // True when the kernel's flush of one descriptor does not flush the whole file.
  bool flushes() const { return file_->is_split(); }
  // Reads, writes or zeroes one whole sub-job, or flushes the file. A frame that has its place can be written again
  // only with the same size: else ESTALE, because the source has changed since.
  void handle(IoRequest& request, Done done) override;
  // A job begins.
  void begin();
  // The next write of the first sub-job is of `bytes`, whatever its request says.
  void use_head(std::span<const std::byte> bytes);
  // The sub-job that comes next in the file may never be written. Writes that wait for it end with ECANCELED.
  void abandon();

  // Sub-jobs that have to be in flight to keep all workers busy.
  unsigned busy() const { return codec_->workers() + 2; }
  // The places of the frames that have one.
  std::vector<FramePlace> places() const;
  // The files that the frames are in. Throws std::system_error.
  std::vector<FileIdentity> files() const { return file_->identities(); }
  // Byte of the file at which `finish` writes.
  uint64_t end() const;
  // Writes `bytes` behind the frames, ends the file there, and flushes it. Then writes `start` at byte 0 of the file
  // and flushes that. 0 or a positive errno: EINVAL when frames are missing, or `start` would overwrite one. Blocks.
  int finish(std::span<const std::byte> bytes, std::span<const std::byte> start);
  // Reads from the image for a look at it: the bytes read, or a negative errno. Blocks.
  int64_t look(void* to, size_t length, uint64_t offset);

 private:
  struct Task {
    IoRequest* request;
    Done done;
  };
  struct Waiting {
    Task task;
    std::vector<std::byte> frame;
  };
  class Buffer;

  void serve(unsigned worker);
  uint64_t length_of(uint64_t chunk) const;
  uint64_t chunks() const { return length_ / chunk_ + (length_ % chunk_ != 0); }
  std::optional<int32_t> run(unsigned worker, Task& task, Buffer& buffer);
  std::optional<int32_t> write(unsigned worker, Task& task, Buffer& buffer);
  int32_t read(unsigned worker, const IoRequest& request, Buffer& buffer);
  std::pair<std::span<const std::byte>, int32_t> pack(unsigned worker, const IoRequest& request, Buffer& buffer);
  void place_waiting(unsigned worker, Buffer& buffer);
  bool fill_gap(unsigned worker, Buffer& buffer);
  void fail_gaps(int error);
  static void end_all(const std::map<uint64_t, Waiting>& left, int32_t result);
  std::pair<std::span<const std::byte>, int32_t> zeros(unsigned worker, size_t length, Buffer& buffer);

  const std::shared_ptr<FrameFile> file_;
  const uint64_t length_;
  const size_t chunk_;
  const size_t start_;  // bytes of the file that no frame takes
  const std::unique_ptr<Codec> codec_;
  const Bitmap written_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Task> queue_;
  FramePlaces places_;                           // of the sub-jobs from the first on
  std::map<uint64_t, Waiting> waiting_;          // by sub-job
  std::optional<std::vector<std::byte>> zeros_;  // the frame of a whole sub-job of zeros, once there was one
  std::vector<std::byte> head_;                  // empty: write what the request says
  int gap_error_ = 0;                            // why a gap could not be filled, a positive errno
  bool abandoned_ = false;
  bool ended_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace kcopyd

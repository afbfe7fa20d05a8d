// A BlockIo that does what the test says: a disk in memory, and a script that decides the result of each request.
// Nothing here touches a device or a thread.
#pragma once

#include <kcopyd/block_io.h>
#include <kcopyd/device.h>
#include <kcopyd/transfer/transfer.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <functional>
#include <vector>

#include "engine.h"

namespace test {

// Answers requests with what `script` says: a negative errno, or the most bytes to do.
class ScriptedIo final : public kcopyd::BlockIo {
 public:
  using Script = std::function<int64_t(const kcopyd::IoRequest& request)>;
  static constexpr int64_t kAll = INT64_MAX;

  explicit ScriptedIo(Bytes content) : disk(std::move(content)) {}

  kcopyd_backend kind() const override { return KCOPYD_IO_THREADS; }
  void attach(int) override {}
  void detach(int) override {}
  void submit(kcopyd::IoRequest& request) override { queue_.push_back(&request); }
  void kick() override {}
  void wake() noexcept override {}

  void wait(std::vector<kcopyd::IoRequest*>& done, std::optional<std::chrono::steady_clock::time_point>) override {
    for (auto* request : queue_) {
      log.push_back(*request);
      request->result = answer(*request);
      done.push_back(request);
    }
    queue_.clear();
  }

  Bytes disk;
  // The file that is copied from.
  Bytes source;
  Script script = [](const kcopyd::IoRequest&) { return kAll; };
  std::vector<kcopyd::IoRequest> log;

 private:
  int32_t answer(const kcopyd::IoRequest& request) {
    const int64_t allowed = script(request);
    if (allowed < 0) return static_cast<int32_t>(allowed);
    if (request.op == kcopyd::IoOp::flush) return 0;
    if (request.op == kcopyd::IoOp::zero) {
      // Writes behind the end have no effect: the file keeps its size.
      const uint64_t end = std::min<uint64_t>(request.offset + request.length, disk.size());
      if (request.offset < end) std::memset(disk.data() + request.offset, 0, end - request.offset);
      return 0;
    }
    const bool reading = request.op == kcopyd::IoOp::read;
    const bool copying = request.op == kcopyd::IoOp::copy;
    if (!reading && request.offset + request.length > disk.size()) disk.resize(request.offset + request.length);
    const uint64_t there = request.offset < disk.size() ? disk.size() - request.offset : 0;
    const uint64_t n = std::min<uint64_t>({static_cast<uint64_t>(allowed), request.length, there});
    unsigned char* at = disk.data() + request.offset;
    if (reading)
      std::memcpy(request.buffer, at, n);
    else if (copying)
      std::memcpy(at, source.data() + request.from_offset, n);
    else
      std::memcpy(at, request.buffer, n);
    return static_cast<int32_t>(n);
  }

  std::vector<kcopyd::IoRequest*> queue_;
};

// Never used as descriptors: the script answers.
constexpr int kFrom = 900, kDirect = 1000, kBuffered = 1001;

// A device for the script.
struct ScriptedDevice {
  explicit ScriptedDevice(uint32_t block, bool direct = true, int buffered = kBuffered) {
    if (direct) device.direct = kcopyd::Descriptor(kDirect);
    device.buffered = kcopyd::Descriptor(buffered);
    device.use_direct = direct;
    device.writable = true;
    device.logical_block = device.physical_block = block;
  }
  ~ScriptedDevice() {
    device.direct.release();
    device.buffered.release();
  }
  block_device device;
};

// "4096+512 errno 5"
inline std::string range(uint64_t offset, uint64_t length, int err) {
  return std::to_string(offset) + "+" + std::to_string(length) + " errno " + std::to_string(err);
}

// The ranges of a transfer that failed.
inline Lines bad(const kcopyd::Transfer& transfer) {
  Lines lines;
  for (const auto& part : transfer.bad()) lines.push_back(range(part.offset, part.length, part.err));
  return lines;
}

// Runs the started transfer to its end.
inline void finish(ScriptedIo& io) {
  std::vector<kcopyd::IoRequest*> done;
  for (;;) {
    done.clear();
    io.wait(done, std::nullopt);
    kcopyd::Transfer& transfer = kcopyd::Transfer::of(*done.at(0));
    if (transfer.advance()) return;
    transfer.go_on(io);
  }
}

}  // namespace test

#include "frames.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <future>
#include <new>
#include <utility>

namespace kcopyd {

// Memory that direct I/O accepts. Of one thread.
class Frames::Buffer {
 public:
  // At least `size` bytes. What was in it is lost when it has to grow.
  std::span<std::byte> get(size_t size) {
    if (size > size_) {
      const size_t pages = (size + kAlignment - 1) / kAlignment * kAlignment;
      memory_.reset(static_cast<std::byte*>(std::aligned_alloc(kAlignment, pages)));
      size_ = memory_ ? pages : 0;
      if (!memory_) throw std::bad_alloc();
    }
    return {memory_.get(), size};
  }

 private:
  static constexpr size_t kAlignment = 4096;
  struct Free {
    void operator()(std::byte* memory) const { std::free(memory); }  // NOLINT: of aligned_alloc
  };
  std::unique_ptr<std::byte, Free> memory_;
  size_t size_ = 0;
};

namespace {

// Bytes of zeros' frames that are written at once.
constexpr size_t kBatch = size_t{256} << 10;

// The result of a write or a zeroing whose frame was put, or failed to be.
int32_t result_of(const IoRequest& request, int32_t failed) {
  if (failed != 0) return failed;
  return request.op == IoOp::zero ? 0 : static_cast<int32_t>(request.length);
}

}  // namespace

Frames::Frames(std::shared_ptr<FrameFile> file, uint64_t length, size_t chunk, kcopyd_frame_order order,
               std::unique_ptr<Codec> codec, std::span<const uint32_t> sizes, Bitmap written)
    : file_(std::move(file)),
      length_(length),
      chunk_(chunk),
      start_(order == KCOPYD_FRAMES_IN_CLUSTERS ? chunk : 0),
      codec_(std::move(codec)),
      written_(std::move(written)),
      places_(start_) {
  for (const uint32_t size : sizes) places_.add(size);
  for (unsigned worker = 0; worker < codec_->workers(); ++worker)
    threads_.emplace_back([this, worker] { serve(worker); });
}

Frames::~Frames() {
  {
    const std::lock_guard lock(mutex_);
    ended_ = true;
  }
  changed_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

uint64_t Frames::length_of(uint64_t chunk) const { return std::min<uint64_t>(chunk_, length_ - chunk * chunk_); }

void Frames::handle(IoRequest& request, Done done) {
  {
    const std::lock_guard lock(mutex_);
    queue_.push_back({&request, std::move(done)});
  }
  changed_.notify_one();
}

void Frames::begin() {
  const std::lock_guard lock(mutex_);
  abandoned_ = false;
}

void Frames::use_head(std::span<const std::byte> bytes) {
  const std::lock_guard lock(mutex_);
  head_.assign(bytes.begin(), bytes.end());
}

void Frames::abandon() {
  std::map<uint64_t, Waiting> left;
  {
    const std::lock_guard lock(mutex_);
    abandoned_ = true;
    left.swap(waiting_);
  }
  end_all(left, -ECANCELED);
}

void Frames::end_all(const std::map<uint64_t, Waiting>& left, int32_t result) {
  for (const auto& [chunk, waiting] : left) {
    waiting.task.request->result = result;
    waiting.task.done(*waiting.task.request);
  }
}

std::vector<FramePlace> Frames::places() const {
  const std::lock_guard lock(mutex_);
  return places_.all();
}

uint64_t Frames::end() const {
  const std::lock_guard lock(mutex_);
  return places_.end();
}

// ---- The threads

void Frames::serve(unsigned worker) {
  Buffer buffer;
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return ended_ || !queue_.empty(); });
    if (queue_.empty()) return;
    Task task = std::move(queue_.front());
    queue_.pop_front();
    lock.unlock();
    std::optional<int32_t> result;
    try {
      result = run(worker, task, buffer);
    } catch (const std::bad_alloc&) {
      result = -ENOMEM;
    }
    if (result) {
      task.request->result = *result;
      task.done(*task.request);  // the request is gone after this
    }
    place_waiting(worker, buffer);
    lock.lock();
  }
}

// The result, or nothing while the frame waits for its place.
std::optional<int32_t> Frames::run(unsigned worker, Task& task, Buffer& buffer) {
  const IoRequest& request = *task.request;
  if (request.op == IoOp::flush) return -file_->sync();
  const uint64_t chunk = request.offset / chunk_;
  if (request.offset % chunk_ != 0 || request.offset >= length_ || request.length != length_of(chunk)) return -EINVAL;
  return request.op == IoOp::read ? read(worker, request, buffer) : write(worker, task, buffer);
}

std::optional<int32_t> Frames::write(unsigned worker, Task& task, Buffer& buffer) {
  const IoRequest& request = *task.request;
  const uint64_t chunk = request.offset / chunk_;
  const auto [frame, failed] = pack(worker, request, buffer);
  if (failed != 0) return failed;
  uint64_t offset = 0;
  {
    const std::lock_guard lock(mutex_);
    if (chunk > places_.count()) {
      if (gap_error_ != 0) return -gap_error_;
      if (abandoned_) return -ECANCELED;
      waiting_.emplace(chunk, Waiting{std::move(task), {frame.begin(), frame.end()}});
      return std::nullopt;
    }
    if (chunk < places_.count() && places_[chunk].size != frame.size()) return -ESTALE;
    offset = chunk < places_.count() ? places_[chunk].offset : places_.add(frame.size()).offset;
  }
  const int32_t put_failed = file_->put(frame, offset);
  return result_of(request, put_failed);
}

// The frame of a write or a zeroing, or a negative errno.
std::pair<std::span<const std::byte>, int32_t> Frames::pack(unsigned worker, const IoRequest& request, Buffer& buffer) {
  if (request.op == IoOp::zero) return zeros(worker, request.length, buffer);
  std::span<const std::byte> bytes(request.buffer, request.length);
  if (request.offset == 0) {
    const std::lock_guard lock(mutex_);
    if (head_.size() == request.length) {
      const std::span<std::byte> head = buffer.get(request.length);
      std::ranges::copy(head_, head.begin());
      bytes = head;
    }
    head_.clear();
  }
  const auto [frame, size] = codec_->pack(worker, bytes);
  if (size < 0) return {{}, static_cast<int32_t>(size)};
  return {{frame, static_cast<size_t>(size)}, 0};
}

// The frame of `length` zeros, or a negative errno. That of a whole sub-job is made once.
std::pair<std::span<const std::byte>, int32_t> Frames::zeros(unsigned worker, size_t length, Buffer& buffer) {
  if (length == chunk_) {
    const std::lock_guard lock(mutex_);
    if (zeros_) return {*zeros_, 0};
  }
  const std::span<std::byte> cleared = buffer.get(length);
  std::ranges::fill(cleared, std::byte{0});
  const auto [frame, size] = codec_->pack(worker, cleared);
  if (size < 0) return {{}, static_cast<int32_t>(size)};
  const std::span<const std::byte> packed(frame, static_cast<size_t>(size));
  if (length != chunk_) return {packed, 0};
  const std::lock_guard lock(mutex_);
  if (!zeros_) zeros_.emplace(packed.begin(), packed.end());
  return {*zeros_, 0};
}

// Writes the frames that have waited for those before them.
void Frames::place_waiting(unsigned worker, Buffer& buffer) {
  for (;;) {
    if (fill_gap(worker, buffer)) continue;
    std::unique_lock lock(mutex_);
    const auto next = waiting_.find(places_.count());
    if (next == waiting_.end()) return;
    const Waiting waiting = std::move(next->second);
    waiting_.erase(next);
    const uint64_t offset = places_.add(waiting.frame.size()).offset;
    lock.unlock();
    IoRequest& request = *waiting.task.request;
    const int32_t failed = file_->put(waiting.frame, offset);
    request.result = result_of(request, failed);
    waiting.task.done(request);
  }
}

// Writes the sub-jobs that come next when nobody writes them: some of a long gap. False when there are none.
bool Frames::fill_gap(unsigned worker, Buffer& buffer) {
  const auto is_gap = [this] {
    return gap_error_ == 0 && places_.count() < chunks() && !written_.has(places_.count());
  };
  std::unique_lock lock(mutex_);
  if (!is_gap()) return false;
  const uint64_t length = length_of(places_.count());
  lock.unlock();
  std::vector<std::byte> batch;
  try {
    const auto [frame, failed] = zeros(worker, length, buffer);
    if (failed != 0) return fail_gaps(-failed), false;
    lock.lock();
    const uint64_t offset = places_.next(frame.size());
    while (is_gap() && length_of(places_.count()) == length && batch.size() < kBatch &&
           places_.next(frame.size()) == offset + batch.size()) {
      batch.insert(batch.end(), frame.begin(), frame.end());
      places_.add(frame.size());
    }
    lock.unlock();
    if (const int32_t put_failed = file_->put(batch, offset); put_failed != 0) fail_gaps(-put_failed);
    return true;
  } catch (const std::bad_alloc&) {
    if (lock.owns_lock()) lock.unlock();
    return fail_gaps(ENOMEM), false;
  }
}

// Nothing can be placed behind a gap that was not filled.
void Frames::fail_gaps(int error) {
  std::map<uint64_t, Waiting> left;
  {
    const std::lock_guard lock(mutex_);
    gap_error_ = error;
    left.swap(waiting_);
  }
  end_all(left, -error);
}

int32_t Frames::read(unsigned worker, const IoRequest& request, Buffer& buffer) {
  FramePlace place{};
  {
    const std::lock_guard lock(mutex_);
    const uint64_t chunk = request.offset / chunk_;
    if (chunk >= places_.count()) return -ENODATA;
    place = places_[chunk];
  }
  const std::span<std::byte> to(request.buffer, request.length);
  const auto unpacked = [&](std::span<const std::byte> frame) {
    const int failed = codec_->unpack(worker, frame, to);
    return failed != 0 ? failed : static_cast<int32_t>(request.length);
  };
  if (place.size == 0) return unpacked({});
  // Direct I/O reads whole blocks, and past the page cache.
  const uint64_t block = file_->block();
  const uint64_t first = place.offset / block * block;
  const uint64_t end = (place.offset + place.size + block - 1) / block * block;
  const std::span<std::byte> read = buffer.get(end - first);
  const int64_t got = file_->read(read, first);
  if (got < 0) return static_cast<int32_t>(got);
  if (static_cast<uint64_t>(got) < place.offset + place.size - first) return 0;  // the file was cut
  return unpacked(read.subspan(place.offset - first, place.size));
}

// ---- Outside of a job

int Frames::finish(std::span<const std::byte> bytes, std::span<const std::byte> start) {
  uint64_t end = 0;
  {
    const std::lock_guard lock(mutex_);
    if (gap_error_ != 0) return gap_error_;
    if (places_.count() != chunks() || start.size() > start_) return EINVAL;
    end = places_.end();
  }
  if (const int32_t failed = file_->put(bytes, end); failed != 0) return -failed;
  if (const int failed = file_->end_at(end + bytes.size()); failed != 0) return failed;
  if (const int failed = file_->sync(); failed != 0 || start.empty()) return failed;
  // Last: without it the file is not one of its format.
  if (const int32_t failed = file_->put(start, 0); failed != 0) return -failed;
  return file_->sync();
}

int64_t Frames::look(void* to, size_t length, uint64_t offset) {
  Buffer buffer;
  size_t got = 0;
  while (got < length) {
    const uint64_t at = offset + got;
    const uint64_t chunk = at / chunk_;
    const std::span<std::byte> whole = buffer.get(length_of(chunk));
    IoRequest request{.op = IoOp::read,
                      .buffer = whole.data(),
                      .offset = chunk * chunk_,
                      .length = static_cast<uint32_t>(whole.size())};
    std::promise<int32_t> ended;
    handle(request, [&ended](const IoRequest& answered) { ended.set_value(answered.result); });
    const int32_t result = ended.get_future().get();
    if (result < 0) return result;
    if (result == 0) break;
    const std::span<std::byte> wanted = whole.subspan(at - chunk * chunk_);
    const size_t some = std::min(wanted.size(), length - got);
    std::memcpy(static_cast<std::byte*>(to) + got, wanted.data(), some);
    got += some;
  }
  return static_cast<int64_t>(got);
}

}  // namespace kcopyd

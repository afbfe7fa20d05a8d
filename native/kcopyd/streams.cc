#include "streams.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <condition_variable>
#include <deque>
#include <future>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "device.h"

namespace kcopyd {
namespace {

constexpr size_t kDropped = size_t{256} << 10;  // bytes of a gap that are read at once
constexpr int kPipe = 1 << 20;                  // bytes: what an ordinary user may have (/proc/sys/fs/pipe-max-size)

}  // namespace

// One stream and the thread that reads it, request by request.
class Stream {
 public:
  Stream(unsigned number, uint64_t at)
      : number_(number), tail_(at), position_(at), stop_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    if (!stop_) throw std::system_error(errno, std::generic_category(), "eventfd");
    thread_ = std::thread([this] { serve(); });
  }
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  ~Stream() {
    end();
    thread_.join();
  }

  unsigned number() const { return number_; }

  void provide(int descriptor) {
    const std::lock_guard lock(mutex_);
    if (descriptor < 0) {
      error_ = descriptor;
    } else {
      pipe_ = Descriptor(descriptor);
      // A longer pipe saves switches between the two programs. Where the user has too many, it stays as it is.
      fcntl(pipe_.get(), F_SETPIPE_SZ, kPipe);
    }
    provided_ = true;
    changed_.notify_all();
  }

  void read(IoRequest& request, Streams::Done done) {
    const std::lock_guard lock(mutex_);
    queue_.push_back({&request, std::move(done)});
    tail_ = request.offset + request.length;
    changed_.notify_all();
  }

  // The place where its next read continues; nothing when it cannot continue.
  std::optional<uint64_t> tail() {
    const std::lock_guard lock(mutex_);
    return error_ != 0 || ended_ ? std::nullopt : std::optional(tail_);
  }
  bool idle() {
    const std::lock_guard lock(mutex_);
    return queue_.empty() && !busy_;
  }

  // Reads that wait end with ECANCELED.
  void end() {
    const std::lock_guard lock(mutex_);
    ended_ = true;
    const uint64_t one = 1;
    [[maybe_unused]] const ssize_t written = write(stop_.get(), &one, sizeof one);
    changed_.notify_all();
  }

 private:
  struct Read {
    IoRequest* request;
    Streams::Done done;
  };

  void serve() {
    std::unique_lock lock(mutex_);
    for (;;) {
      changed_.wait(lock, [this] { return ended_ || (provided_ && !queue_.empty()); });
      if (queue_.empty()) return;
      Read next = std::move(queue_.front());
      queue_.pop_front();
      busy_ = true;
      int32_t result = ended_ ? -ECANCELED : error_;
      lock.unlock();
      if (result == 0) result = fill(*next.request);
      next.request->result = result;
      lock.lock();
      busy_ = false;
      // What comes behind a failed read is not where the next one expects it.
      if (result < 0 && error_ == 0) error_ = result;
      lock.unlock();
      next.done(*next.request);  // the request is gone after this
      lock.lock();
    }
  }

  int32_t fill(const IoRequest& request) {
    if (request.offset < position_) return -EINVAL;
    if (request.offset > position_) {
      if (const int32_t failed = drop(request.offset - position_); failed < 0) return failed;
    }
    uint32_t got = 0;
    while (got < request.length) {
      const int32_t bytes = take(request.buffer + got, request.length - got);
      if (bytes <= 0) return bytes < 0 ? bytes : -EBADMSG;
      got += static_cast<uint32_t>(bytes);
    }
    return static_cast<int32_t>(got);
  }

  int32_t drop(uint64_t bytes) {
    if (dropped_.empty()) dropped_.resize(kDropped);
    while (bytes > 0) {
      const int32_t got = take(dropped_.data(), std::min<uint64_t>(bytes, dropped_.size()));
      if (got <= 0) return got < 0 ? got : -EBADMSG;
      bytes -= static_cast<uint32_t>(got);
    }
    return 0;
  }

  // Bytes that come next, 0 at the end, or a negative errno. Waits for the program, and for end().
  int32_t take(std::byte* to, size_t length) {
    for (;;) {
      pollfd both[2] = {{pipe_.get(), POLLIN, 0}, {stop_.get(), POLLIN, 0}};
      if (poll(both, 2, -1) < 0) {
        if (errno == EINTR) continue;
        return -errno;
      }
      if (both[1].revents != 0) return -ECANCELED;
      const ssize_t got = ::read(pipe_.get(), to, length);
      if (got < 0 && (errno == EINTR || errno == EAGAIN)) continue;
      if (got < 0) return -errno;
      position_ += static_cast<uint64_t>(got);
      return static_cast<int32_t>(got);
    }
  }

  const unsigned number_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Read> queue_;
  uint64_t tail_;      // bytes: the end of the last read in the queue
  uint64_t position_;  // bytes: of the next byte in the pipe; the thread's
  Descriptor pipe_;
  Descriptor stop_;
  int32_t error_ = 0;  // a negative errno
  bool provided_ = false;
  bool ended_ = false;
  bool busy_ = false;
  std::vector<std::byte> dropped_;  // the thread's
  std::thread thread_;
};

Streams::Streams(Ask ask, uint64_t reach) : ask_(std::move(ask)), reach_(reach) {}

Streams::~Streams() = default;

void Streams::provide(unsigned number, int descriptor) {
  const std::lock_guard lock(mutex_);
  for (const auto& stream : streams_) {
    if (stream->number() == number) return stream->provide(descriptor);
  }
  Descriptor unwanted(descriptor);  // its stream was ended before the answer
}

// The stream that goes on with a read at `at`: the one that has the least to drop for it, or a new one. It becomes the
// first of the list.
std::shared_ptr<Stream> Streams::stream_for(uint64_t at) {
  auto best = streams_.end();
  uint64_t least = reach_;
  for (auto it = streams_.begin(); it != streams_.end(); ++it) {
    const std::optional<uint64_t> tail = (*it)->tail();
    if (!tail || *tail > at || at - *tail > least) continue;
    if (best != streams_.end() && at - *tail == least) continue;
    best = it;
    least = at - *tail;
  }
  if (best == streams_.end()) return begin(at, false);
  streams_.splice(streams_.begin(), streams_, best);
  return streams_.front();
}

std::shared_ptr<Stream> Streams::begin(uint64_t at, bool seals) {
  end_one_too_many();
  streams_.push_front(std::make_shared<Stream>(next_number_, at));
  ask_(at, next_number_++, seals);
  return streams_.front();
}

// Ends the stream that was used the longest time ago, when there is one too many. One that is read from is kept.
void Streams::end_one_too_many() {
  if (streams_.size() < kMost) return;
  for (auto it = streams_.rbegin(); it != streams_.rend(); ++it) {
    if (!(*it)->idle()) continue;
    streams_.erase(std::next(it).base());
    return;
  }
}

void Streams::handle(IoRequest& request, Done done) {
  const std::lock_guard lock(mutex_);
  try {
    // The answer to ask() says whether a head may be written, so each head asks.
    const auto stream = request.seals ? begin(request.offset, true) : stream_for(request.offset);
    stream->read(request, std::move(done));
  } catch (const std::system_error& error) {  // no thread, or no descriptor for it
    request.result = -error.code().value();
    done(request);
  }
}

int64_t Streams::look(void* to, size_t length, uint64_t offset) {
  IoRequest request{.buffer = static_cast<std::byte*>(to), .offset = offset, .length = static_cast<uint32_t>(length)};
  std::promise<int32_t> ended;
  std::shared_ptr<Stream> stream;
  try {
    const std::lock_guard lock(mutex_);
    stream = begin(offset, false);
  } catch (const std::system_error& error) {
    return -error.code().value();
  }
  stream->read(request, [&ended](const IoRequest& answered) { ended.set_value(answered.result); });
  const int32_t result = ended.get_future().get();
  const std::lock_guard lock(mutex_);
  streams_.remove(stream);
  return result;
}

}  // namespace kcopyd

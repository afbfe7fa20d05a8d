#include "input.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "error.h"

namespace unpack {
namespace {

std::optional<uint64_t> size_of(int fd) {
  const off_t end = lseek(fd, 0, SEEK_END);
  if (end < 0 || lseek(fd, 0, SEEK_SET) != 0) return std::nullopt;
  return static_cast<uint64_t>(end);
}

// Bytes that are brought for one read of a partial file.
constexpr size_t least_brought = size_t{128} << 10;

}  // namespace

Input::Input(int fd, Digests digests) : fd_(fd), digests_(std::move(digests)), size_(size_of(fd)) {
  buffer_.resize(2 * buffer_length);
}

std::span<const std::byte> Input::peek(size_t wanted) {
  if (end_ - begin_ < wanted && !ended_) fill(wanted);
  return std::span(buffer_).subspan(begin_, end_ - begin_);
}

void Input::fill(size_t wanted) {
  std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
  end_ -= begin_;
  begin_ = 0;
  if (buffer_.size() < wanted + buffer_length) buffer_.resize(wanted + buffer_length);
  while (end_ < wanted && !ended_) {
    const uint64_t allowed = read_until_ - std::min(read_until_, position_ + end_);
    if (allowed == 0) break;
    uint64_t length = std::min<uint64_t>(buffer_.size() - end_, allowed);
    if (is_partial()) {
      length = std::min<uint64_t>(length, std::max(wanted - end_, least_brought));
      need(position_ + end_, length);
    }
    const auto to = buffer_.data() + end_;
    const ssize_t got = size_ ? pread(fd_, to, length, static_cast<off_t>(position_ + end_)) : read(fd_, to, length);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw Error(Fault::read, position_ + end_, std::strerror(errno));
    ended_ = got == 0;
    end_ += static_cast<size_t>(got);
  }
  if (on_progress) on_progress(consumed_);
}

void Input::need(uint64_t offset, uint64_t length) const {
  if (!reaches(offset, length)) throw Error(Fault::unreached, offset, "this part of the file is not there");
}

void Input::consume(size_t count) {
  digests_.update(std::span(buffer_).subspan(begin_, count));
  begin_ += count;
  position_ += count;
  consumed_ += count;
}

Bytes Input::take(size_t count) {
  const auto bytes = peek(count).first(count);
  Bytes taken(bytes.begin(), bytes.end());
  consume(count);
  return taken;
}

void Input::skip_to(uint64_t offset) {
  if (is_partial() && offset > position_ + (end_ - begin_) && offset <= size_.value_or(0)) return skip_over(offset);
  while (position_ < offset) {
    const size_t there = peek().size();
    if (there == 0) throw Error(Fault::truncated, position_, "the file ends before the place that its index names");
    consume(std::min<uint64_t>(there, offset - position_));
  }
}

void Input::skip_to_end() {
  while (!peek().empty()) consume(peek().size());
}

void Input::seek(uint64_t offset) {
  position_ = offset;
  begin_ = end_ = 0;
  ended_ = false;
}

void Input::skip_over(uint64_t offset) {
  consumed_ += offset - position_;
  seek(offset);
}

void Input::restart() {
  seek(0);
  consumed_ = 0;
}

size_t Input::read_at(uint64_t offset, std::span<std::byte> to) const {
  need(offset, to.size());
  size_t done = 0;
  while (done < to.size()) {
    const ssize_t got = pread(fd_, to.data() + done, to.size() - done, static_cast<off_t>(offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw Error(Fault::read, offset + done, std::strerror(errno));
    if (got == 0) break;
    done += static_cast<size_t>(got);
  }
  return done;
}

}  // namespace unpack

#include "input.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <iterator>

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

Input::Input(const std::vector<int>& pieces, Digests digests) : digests_(std::move(digests)) {
  uint64_t end = 0;
  for (const int fd : pieces) {
    const auto size = size_of(fd);
    if (!size && pieces.size() > 1) throw Error(Fault::usage, 0, "a piece has to be a file, not a pipe");
    end += size.value_or(0);
    pieces_.push_back({fd, end});
    if (size) size_ = end;
  }
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
    const size_t got = read_some(position_ + end_, std::span(buffer_).subspan(end_, length));
    ended_ = got == 0;
    end_ += got;
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
    const size_t got = read_some(offset + done, to.subspan(done));
    if (got == 0) break;
    done += got;
  }
  return done;
}

// One read, of the piece that has the place. 0 at the end of the file.
size_t Input::read_some(uint64_t offset, std::span<std::byte> to) const {
  auto piece = std::ranges::upper_bound(pieces_, offset, {}, &Piece::end);
  const bool is_last = pieces_.end() - piece <= 1;
  // Behind the end, the last piece says whether it has grown.
  if (piece == pieces_.end()) --piece;
  const uint64_t begin = piece == pieces_.begin() ? 0 : std::prev(piece)->end;
  const size_t length = is_last ? to.size() : static_cast<size_t>(std::min<uint64_t>(to.size(), piece->end - offset));
  ssize_t got = 0;
  do {
    got = size_ ? pread(piece->fd, to.data(), length, static_cast<off_t>(offset - begin))
                : read(piece->fd, to.data(), length);
  } while (got < 0 && errno == EINTR);
  if (got < 0) throw Error(Fault::read, offset, std::strerror(errno));
  if (got == 0 && !is_last) throw Error(Fault::truncated, offset, "a piece of the file is shorter than it was");
  return static_cast<size_t>(got);
}

}  // namespace unpack

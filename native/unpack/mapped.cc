#include "mapped.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <string_view>

#include "error.h"

namespace unpack {
namespace {

// The longest map that is read has 8 MiB. In this form it is shorter.
constexpr size_t most_text = size_t{16} << 20;

[[noreturn]] void refuse() { throw Error(Fault::usage, 0, "not a map"); }

std::string read_all(int fd) {
  std::string text;
  std::array<char, 1 << 16> part;
  for (;;) {
    const ssize_t got = read(fd, part.data(), part.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw Error(Fault::usage, 0, std::strerror(errno));
    if (got == 0) return text;
    text.append(part.data(), static_cast<size_t>(got));
    if (text.size() > most_text) refuse();
  }
}

// The word up to the next `end`, which is passed too.
std::string_view take(std::string_view& text, char end) {
  const size_t length = text.find(end);
  if (length == std::string_view::npos) refuse();
  const std::string_view word = text.substr(0, length);
  text.remove_prefix(length + 1);
  return word;
}

uint64_t number(std::string_view word) {
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
  if (error != std::errc() || end != word.data() + word.size() || value > INT64_MAX) refuse();
  return value;
}

}  // namespace

Map read_map(int fd) {
  const std::string text = read_all(fd);
  std::string_view rest = text;
  Map map;
  uint64_t end = 0;
  while (!rest.empty()) {
    MappedRange range;
    range.at = number(take(rest, ' '));
    range.size = number(take(rest, ' '));
    const std::string_view checksum = take(rest, '\n');
    if (checksum != "-") range.checksum = checksum;
    if (range.at < end || range.size == 0) refuse();
    end = range.at + range.size;
    map.push_back(std::move(range));
  }
  return map;
}

Mapped::Mapped(Output& output, const Map& map, uint64_t from, std::string hash, uint64_t until)
    : output_(output), map_(map), hash_(std::move(hash)), until_(until), at_(from) {
  while (range_ < map_.size() && map_[range_].at + map_[range_].size <= at_) ++range_;
}

uint64_t Mapped::gap() const {
  if (range_ == map_.size()) return UINT64_MAX;
  return map_[range_].at - std::min(map_[range_].at, at_);
}

uint64_t Mapped::left() const { return map_[range_].at + map_[range_].size - at_; }

void Mapped::skip(uint64_t count) {
  pass_zeros(count);
  skipped_ += count;
}

void Mapped::write(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const uint64_t zeros = gap();
    const uint64_t wanted = zeros > 0 ? zeros : left();
    const auto part = bytes.first(static_cast<size_t>(std::min<uint64_t>(bytes.size(), wanted)));
    bytes = bytes.subspan(part.size());
    if (zeros > 0) {
      pass_zeros(part.size());
      continue;
    }
    const MappedRange& range = map_[range_];
    if (at_ == range.at && !range.checksum.empty()) digests_ = Digests::of(hash_);
    digests_.update(part);
    pass(part);
    if (at_ == range.at + range.size) end_range();
  }
}

// The next bytes of the image.
void Mapped::pass(std::span<const std::byte> bytes) {
  const uint64_t wanted = until_ - std::min(until_, at_);
  at_ += bytes.size();
  if (wanted > 0) output_.write(bytes.first(static_cast<size_t>(std::min<uint64_t>(bytes.size(), wanted))));
}

void Mapped::pass_zeros(uint64_t count) {
  // Skip zeros that nobody reads.
  if (at_ >= until_) {
    at_ += count;
    return;
  }
  for (const uint64_t end = at_ + count; at_ < end;) pass(some_zeros(end - at_));
}

void Mapped::end_range() {
  const MappedRange& range = map_[range_++];
  for (const auto& [name, hex] : digests_.finish())
    if (hex != range.checksum)
      throw Error(Fault::mapped, range.at, "its " + name + " is " + hex + ", not " + range.checksum, range.size);
  digests_ = Digests();
}

}  // namespace unpack

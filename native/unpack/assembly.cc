#include "assembly.h"

#include <algorithm>
#include <charconv>
#include <string>

#include "error.h"
#include "range.h"

namespace unpack {
namespace {

[[noreturn]] void refuse() { throw Error(Fault::usage, 0, "not a part of a disk"); }

std::string_view word_of(std::string_view& text) {
  const size_t length = std::min(text.find(' '), text.size());
  const std::string_view word = text.substr(0, length);
  text.remove_prefix(std::min(length + 1, text.size()));
  return word;
}

uint64_t number_in(std::string_view word, int base = 10) {
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value, base);
  if (error != std::errc() || end != word.data() + word.size() || value > INT64_MAX) refuse();
  return value;
}

// Counts what passes to the disk, and writes zeros where nothing is.
class Disk final : public Output {
 public:
  Disk(Output& output, uint64_t at) : output_(output), at_(at) {}
  uint64_t at() const { return at_; }
  void write(std::span<const std::byte> bytes) override {
    at_ += bytes.size();
    output_.write(bytes);
  }
  void write_zeros_to(uint64_t end) {
    while (at_ < end) write(some_zeros(end - at_));
  }

 private:
  Output& output_;
  uint64_t at_;
};

// Takes an image that must not be longer than its part of the disk.
class Place final : public Output {
 public:
  Place(Disk& disk, const Part& part, const Input& input) : disk_(disk), end_(part.at + part.size), input_(input) {}
  void write(std::span<const std::byte> bytes) override {
    if (bytes.size() > end_ - disk_.at())
      throw Error(Fault::damaged, input_.position(), "the image is larger than its partition");
    disk_.write(bytes);
  }

 private:
  Disk& disk_;
  uint64_t end_;
  const Input& input_;
};

Found copy_part(const Part& part, Input& input, Disk& disk) {
  input.seek(part.from);
  if (copy_bytes(input, disk, part.size) < part.size)
    throw Error(Fault::truncated, input.position(), "the file ends before its content");
  return {};
}

Found decode_image(const Part& part, Input& input, Disk& disk, const Limits& limits) {
  Place place(disk, part, input);
  const Format format = format_of(input);
  if (format != Format::none) return decode_whole(format, input, place, "", limits);
  // The bytes of a partition as they are.
  copy_bytes(input, place);
  return {.checked = false};
}

}  // namespace

Part part_of(std::string_view text) {
  Part part;
  part.at = number_in(word_of(text));
  part.size = number_in(word_of(text));
  const std::string_view files = word_of(text);
  if (files == "=") {
    if (text.size() != part.size * 2) refuse();
    for (size_t i = 0; i < text.size(); i += 2)
      part.literal.push_back(static_cast<std::byte>(number_in(text.substr(i, 2), 16)));
    return part;
  }
  part.files = static_cast<unsigned>(std::min<uint64_t>(number_in(files), UINT32_MAX));
  part.packed = text == "image";
  if (!part.packed) part.from = number_in(text);
  if (part.files == 0) refuse();
  return part;
}

void Assembly::check(size_t files) const {
  uint64_t end = 0;
  size_t used = 0;
  for (const Part& part : parts) {
    if (part.at < end || part.size > size || part.at > size - part.size) refuse();
    end = part.at + part.size;
    used += part.files;
  }
  if (used != files) refuse();
}

Found decode_assembly(Assembly& assembly, const std::vector<int>& files, Output& output, uint64_t from, uint64_t until,
                      const Limits& limits, const std::function<void(uint64_t)>& progress) {
  Found found;
  uint64_t read = 0;
  size_t first = 0;
  uint64_t begin = 0;
  // Parts before the range are not decoded.
  for (const Part& part : assembly.parts)
    if (part.at + part.size <= from) begin = part.at + part.size;
  Slice slice(output, begin, from, std::min(until, assembly.size));
  Disk disk(slice, begin);
  try {
    for (assembly.current = 0; assembly.current < assembly.parts.size(); ++assembly.current) {
      const Part& part = assembly.parts[assembly.current];
      const auto own = std::vector<int>(files.begin() + static_cast<ptrdiff_t>(first),
                                        files.begin() + static_cast<ptrdiff_t>(first + part.files));
      first += part.files;
      if (part.at + part.size <= begin) continue;
      disk.write_zeros_to(part.at);
      if (own.empty()) {
        disk.write(part.literal);
        continue;
      }
      Input input(own, Digests());
      input.on_progress = [&](uint64_t consumed) { progress(read + consumed); };
      const Found here = part.packed ? decode_image(part, input, disk, limits) : copy_part(part, input, disk);
      found.checked = found.checked && here.checked;
      found.zeros += here.zeros;
      disk.write_zeros_to(part.at + part.size);
      read += input.consumed();
    }
    disk.write_zeros_to(assembly.size);
  } catch (const Enough&) {
    // Slice has passed on the last byte that is wanted. At the end of the disk, all of it was decoded.
  }
  return found;
}

}  // namespace unpack

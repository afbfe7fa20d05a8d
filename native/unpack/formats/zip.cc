// ZIP (PKWARE's APPNOTE.TXT, sections 4.3 and 4.5.3): entries with a directory of them at the end.
#include <zlib.h>

#include <algorithm>
#include <array>

#include "../decoder.h"
#include "../error.h"
#include "../inflate.h"
#include "../little_endian.h"

namespace unpack {
namespace {

constexpr uint32_t local_magic = 0x04034b50;
constexpr uint32_t directory_magic = 0x02014b50;
constexpr uint32_t signature_magic = 0x05054b50;
constexpr uint32_t end_magic = 0x06054b50;
constexpr uint32_t end64_magic = 0x06064b50;
constexpr uint32_t locator_magic = 0x07064b50;
constexpr size_t end_length = 22;
constexpr size_t local_length = 30;           // of an entry's own header, without name and extra field
constexpr size_t searched = size_t{1} << 20;  // bytes at the end: a comment, and what may follow the archive
constexpr uint64_t largest_directory = uint64_t{64} << 20;
constexpr uint16_t stored = 0;
constexpr uint16_t deflated = 8;

[[noreturn]] void damaged(uint64_t at) { throw Error(Fault::damaged, at, "zip: the directory is damaged"); }

// place: of the bytes, in the file.
template <unsigned count>
uint64_t number(std::span<const std::byte> bytes, size_t at, uint64_t place) {
  if (at + count > bytes.size()) damaged(place + at);
  return little_endian(bytes, at, count);
}

struct Directory {
  uint64_t offset = 0;
  uint64_t length = 0;
  uint64_t end = 0;  // of the archive, in the file
};

Directory find_directory(const Input& input) {
  const uint64_t size = input.size().value_or(0);
  Bytes tail(static_cast<size_t>(std::min<uint64_t>(size, searched)));
  const uint64_t place = size - tail.size();
  input.read_at(place, tail);
  for (size_t at = tail.size() < end_length ? 0 : tail.size() - end_length + 1; at-- > 0;) {
    if (number<4>(tail, at, place) != end_magic || at + end_length + number<2>(tail, at + 20, place) > tail.size())
      continue;
    Directory found{.offset = number<4>(tail, at + 16, place),
                    .length = number<4>(tail, at + 12, place),
                    .end = place + at + end_length + number<2>(tail, at + 20, place)};
    const bool may_be_64 =
        found.offset == UINT32_MAX || found.length == UINT32_MAX || number<2>(tail, at + 10, place) == 0xffff;
    constexpr size_t locator_length = 20;
    if (may_be_64 && at >= locator_length && number<4>(tail, at - locator_length, place) == locator_magic) {
      const uint64_t place64 = number<8>(tail, at - locator_length + 8, place);
      std::array<std::byte, 56> end64;
      if (input.read_at(place64, end64) < end64.size() || number<4>(end64, 0, place64) != end64_magic) damaged(place64);
      found.offset = number<8>(end64, 48, place64);
      found.length = number<8>(end64, 40, place64);
    }
    if (found.length > largest_directory || found.offset > size || found.length > size - found.offset)
      damaged(place + at);
    return found;
  }
  throw Error(Fault::truncated, size, "zip: the directory at the end is not there");
}

// The sizes that do not fit into 32 bits stand in an extra field, in this order, each only where it is needed. place:
// of the extra fields, in the file.
void take_zip64(std::span<const std::byte> extra, uint64_t place, Entry& entry) {
  constexpr uint16_t zip64 = 1;
  while (extra.size() >= 4) {
    const size_t length = std::min<size_t>(number<2>(extra, 2, place), extra.size() - 4);
    if (number<2>(extra, 0, place) == zip64) {
      size_t at = 4;
      for (uint64_t* field : {&entry.size, &entry.packed, &entry.offset}) {
        if (*field != UINT32_MAX) continue;
        *field = number<8>(extra, at, place);
        at += 8;
      }
      return;
    }
    extra = extra.subspan(4 + length);
    place += 4 + length;
  }
}

// The name as it is reported: each byte is a character, and the caller turns it back into UTF-8.
std::string told_name(const std::string& name) {
  std::string text;
  for (const char letter : name) {
    const auto byte = static_cast<unsigned char>(letter);
    if (byte < 0x80) {
      text += letter;
    } else {
      text += static_cast<char>(0xc0 | byte >> 6);
      text += static_cast<char>(0x80 | (byte & 0x3f));
    }
  }
  return text;
}

const Entry& choose(const std::vector<Entry>& entries, const std::string& name) {
  if (name.empty()) {
    if (entries.size() == 1) return entries.front();
    throw Error(Fault::usage, 0,
                entries.empty() ? "zip: there is no file in it" : "zip: there are several files in it");
  }
  const auto is_it = [&](const Entry& entry) { return entry.name == name || told_name(entry.name) == name; };
  const auto found = std::ranges::find_if(entries, is_it);
  if (found == entries.end()) throw Error(Fault::usage, 0, "zip: there is no file of that name in it");
  if (std::find_if(found + 1, entries.end(), is_it) != entries.end())
    throw Error(Fault::usage, 0, "zip: there are several files of that name in it");
  return *found;
}

// Checks the content's checksum and length as it passes.
class Checked final : public Output {
 public:
  // input: where the content comes from, at its first byte.
  Checked(Output& output, const Entry& entry, const Input& input)
      : output_(output), entry_(entry), input_(input), begin_(input.position()) {}
  void write(std::span<const std::byte> bytes) override {
    crc_ = static_cast<uint32_t>(crc32_z(crc_, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
    size_ += bytes.size();
    output_.write(bytes);
  }
  void finish() override {
    if (crc_ != entry_.crc || size_ != entry_.size)
      throw Error(Fault::damaged, input_.position(),
                  "zip: the content, from byte " + std::to_string(begin_) + " on, does not match its checksum");
  }

 private:
  Output& output_;
  const Entry& entry_;
  const Input& input_;
  uint64_t begin_;  // bytes, in the file
  uint32_t crc_ = 0;
  uint64_t size_ = 0;  // bytes
};

// Where the content begins. head: the entry's local header, which can have an extra field of its own.
uint64_t content_of(const Entry& entry, std::span<const std::byte> head) {
  const uint64_t place = entry.offset;
  if (head.size() < local_length || number<4>(head, 0, place) != local_magic) damaged(place);
  return place + local_length + number<2>(head, 26, place) + number<2>(head, 28, place);
}

}  // namespace

void copy_stored(Input& input, Output& output, uint64_t left) {
  if (copy_bytes(input, output, left) < left)
    throw Error(Fault::truncated, input.position(), "zip: the file ends before its content");
}

Archive archive_of(const Input& input) {
  const Directory directory = find_directory(input);
  Bytes bytes(static_cast<size_t>(directory.length));
  if (input.read_at(directory.offset, bytes) < bytes.size()) damaged(directory.offset);
  std::vector<Entry> entries;
  constexpr size_t fixed = 46;
  const uint64_t place = directory.offset;
  size_t at = 0;
  while (at + fixed <= bytes.size() && number<4>(bytes, at, place) == directory_magic) {
    const size_t name = number<2>(bytes, at + 28, place);
    const size_t extra = number<2>(bytes, at + 30, place);
    const size_t comment = number<2>(bytes, at + 32, place);
    if (at + fixed + name + extra + comment > bytes.size()) damaged(place + at);
    Entry entry{.name = std::string(reinterpret_cast<const char*>(bytes.data()) + at + fixed, name),
                .size = number<4>(bytes, at + 24, place),
                .packed = number<4>(bytes, at + 20, place),
                .offset = number<4>(bytes, at + 42, place),
                .crc = static_cast<uint32_t>(number<4>(bytes, at + 16, place)),
                .method = static_cast<uint16_t>(number<2>(bytes, at + 10, place)),
                .encrypted = (number<2>(bytes, at + 8, place) & 1) != 0};
    const size_t extra_at = at + fixed + name;
    take_zip64(std::span(bytes).subspan(extra_at, extra), place + extra_at, entry);
    if (!entry.name.ends_with('/')) entries.push_back(std::move(entry));
    at += fixed + name + extra + comment;
  }
  // Only a signature may follow the entries.
  if (at < bytes.size() && number<4>(bytes, at, place) != signature_magic) damaged(place + at);
  return {.entries = std::move(entries), .end = directory.end};
}

Entry entry_of(const Input& input, const std::string& name) { return choose(archive_of(input).entries, name); }

std::optional<Unit> stored_in_zip(const Input& input, const Entry& entry) {
  if (entry.encrypted || entry.method != stored) return std::nullopt;
  std::array<std::byte, local_length> head;
  const size_t got = input.read_at(entry.offset, head);
  const uint64_t at = content_of(entry, std::span(head).first(got));
  const uint64_t end = input.size().value_or(0);
  if (entry.packed != entry.size || at > end || entry.size > end - at) damaged(entry.offset);
  return Unit{.packed_at = at, .packed = entry.size, .at = 0, .size = entry.size};
}

void decode_zip(Input& input, Output& output, const std::string& name, Found& found) {
  if (!input.size()) throw Error(Fault::unsupported, 0, "zip: needs a file, not a pipe: its directory is at its end");
  const Archive archive = archive_of(input);
  const Entry& entry = choose(archive.entries, name);
  if (entry.encrypted) throw Error(Fault::unsupported, entry.offset, "zip: the file in it is encrypted");
  if (entry.method != stored && entry.method != deflated)
    throw Error(Fault::unsupported, entry.offset, "zip: packed by method " + std::to_string(entry.method));
  if (entry.offset < input.position()) damaged(entry.offset);
  input.skip_to(entry.offset);
  input.skip_to(content_of(entry, input.peek(local_length)));
  Checked checked(output, entry, input);
  if (entry.method == stored) {
    if (entry.packed != entry.size) damaged(entry.offset);
    copy_stored(input, checked, entry.size);
  } else {
    Inflater inflater(Inflater::Wrapping::raw);
    inflater.stream(input, checked, "zip", entry.packed);
  }
  checked.finish();
  input.skip_to(archive.end);
  const uint64_t end = input.position();
  found.zeros = skip_zeros(input);
  if (!input.peek().empty()) throw Error(Fault::trailing, found.zeros == 0 ? end : input.position(), "zip");
}

}  // namespace unpack

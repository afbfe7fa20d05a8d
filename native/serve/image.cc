#include "image.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <new>
#include <semaphore>
#include <utility>
#include <vector>

#include "cache.h"
#include "unpack/disks/disk.h"
#include "unpack/error.h"
#include "unpack/range.h"

namespace serve {
namespace {

using unpack::Bytes;
using unpack::Error;
using unpack::Fault;
using unpack::Format;
using unpack::Input;

constexpr uint64_t mib = uint64_t{1} << 20;
constexpr uint64_t kept = 64 * mib;           // decoded bytes
constexpr uint64_t largest_unit = 256 * mib;  // `xz -9 -T0` makes blocks of 192 MiB
constexpr uint64_t in_flight = 512 * mib;     // bytes of decoded blocks that are made at the same time
constexpr uint64_t least_block = 64 << 10;    // bytes of a block, where the format has smaller ones

// Memory, places and lengths that O_DIRECT takes from every device. Bytes.
constexpr size_t alignment = 4096;

struct Free {
  void operator()(std::byte* memory) const { std::free(memory); }
};

// A range of the file is the image.
class Plain final : public Image {
 public:
  Plain(const std::vector<int>& pieces, uint64_t from, uint64_t size) : input_(pieces, unpack::Digests()), from_(from) {
    size_ = size;
  }

  void read(uint64_t at, std::span<std::byte> to) override {
    const uint64_t place = from_ + at;
    if (const size_t got = input_.read_at(place, to); got < to.size())
      throw Error(Fault::truncated, place + got, "the file is shorter than it was");
  }

 private:
  const Input input_;
  uint64_t from_;
};

// As Plain, for a descriptor with O_DIRECT.
class Aligned final : public Image {
 public:
  Aligned(int fd, uint64_t from, uint64_t size) : fd_(fd), from_(from) { size_ = size; }

  void read(uint64_t at, std::span<std::byte> to) override {
    const uint64_t place = from_ + at;
    const uint64_t begin = place - place % alignment;
    const auto before = static_cast<size_t>(place - begin);
    const size_t length = (before + to.size() + alignment - 1) / alignment * alignment;
    const std::unique_ptr<std::byte, Free> memory(static_cast<std::byte*>(std::aligned_alloc(alignment, length)));
    if (!memory) throw std::bad_alloc();
    ssize_t got = 0;
    do {
      got = pread(fd_, memory.get(), length, static_cast<off_t>(begin));
    } while (got < 0 && errno == EINTR);
    if (got < 0) throw Error(Fault::read, begin, std::strerror(errno));
    // Less only before a place that cannot be read, and at the end.
    if (static_cast<size_t>(got) < before + to.size()) throw Error(Fault::read, begin, "the device gave less");
    std::copy_n(memory.get() + before, to.size(), to.begin());
  }

 private:
  int fd_;
  uint64_t from_;
};

class Collector final : public unpack::Output {
 public:
  explicit Collector(uint64_t size) { bytes_.reserve(size); }
  void write(std::span<const std::byte> bytes) override { bytes_.insert(bytes_.end(), bytes.begin(), bytes.end()); }
  Bytes take() { return std::move(bytes_); }

 private:
  Bytes bytes_;
};

// Where a packed file is read from. Each is used by one thread at a time and kept for the next one.
class Inputs {
 public:
  explicit Inputs(const std::vector<int>& pieces) : pieces_(pieces) {}
  std::unique_ptr<Input> take() {
    {
      const std::scoped_lock lock(mutex_);
      if (!free_.empty()) {
        auto input = std::move(free_.back());
        free_.pop_back();
        return input;
      }
    }
    return std::make_unique<Input>(pieces_, unpack::Digests());
  }
  void give_back(std::unique_ptr<Input> input) {
    const std::scoped_lock lock(mutex_);
    free_.push_back(std::move(input));
  }

 private:
  std::vector<int> pieces_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<Input>> free_;
};

// A part of the image that is decoded at once. Bytes.
struct Block {
  uint64_t number;
  uint64_t at;
  uint64_t size;
};

// Decodes one block at a time and keeps some of them.
class Packed final : public Image {
 public:
  Packed(const std::vector<int>& pieces, Format format, std::string entry, unpack::Workers& workers)
      : format_(format),
        entry_(std::move(entry)),
        workers_(workers),
        first_(pieces, unpack::Digests()),
        inputs_(pieces),
        access_(unpack::access_of(format, first_, entry_, limits())),
        cache_(std::max(kept, 2 * block_size())) {
    check();
    const uint64_t piece = std::max<uint64_t>({access_.facts.piece, block_size(), 1});
    at_once_ = std::make_unique<std::counting_semaphore<>>(
        static_cast<std::ptrdiff_t>(std::clamp<uint64_t>(in_flight / piece, 1, workers.threads())));
  }

  // The range of the file that is the image, of a file that is stored in a zip.
  const std::optional<unpack::Unit>& stored() const { return access_.stored; }

  void read(uint64_t at, std::span<std::byte> to) override {
    while (!to.empty()) {
      const Block block = block_at(at);
      const auto bytes = cache_.get(block.number, [&] { return decoded(block); });
      const auto begin = static_cast<size_t>(at - block.at);
      const size_t some = std::min(to.size(), bytes->size() - begin);
      std::copy_n(bytes->begin() + static_cast<std::ptrdiff_t>(begin), some, to.begin());
      to = to.subspan(some);
      at += some;
    }
  }

 private:
  unpack::Limits limits() const { return {.workers = workers_, .memory = 256 * mib}; }
  bool has_units() const { return access_.facts.units && !access_.sparse && !access_.stored && !access_.disk; }

  // Bytes of the largest block.
  uint64_t block_size() const {
    if (has_units()) return access_.facts.largest_unit();
    const uint64_t unit = std::max<uint64_t>(access_.unit(), 1);
    return (least_block + unit - 1) / unit * unit;
  }

  void check() {
    const auto size = access_.sparse ? std::optional(access_.sparse->size()) : access_.facts.size;
    if (!size || access_.displaced || (!has_units() && access_.unit() == 0))
      throw Unservable("noIndex", unpack::name_of(format_));
    if (block_size() > largest_unit) throw Unservable("largeBlocks", unpack::in_words(block_size()));
    size_ = *size;
  }

  Block block_at(uint64_t at) const {
    if (has_units()) {
      const unpack::Unit& unit = access_.facts.units_of(at, at + 1).front();
      return {.number = unit.at, .at = unit.at, .size = unit.size};
    }
    const uint64_t begin = at - at % block_size();
    return {.number = begin, .at = begin, .size = std::min(block_size(), size_ - begin)};
  }

  Bytes decoded(const Block& block) {
    at_once_->acquire();
    const Release release{*at_once_};
    Collector collector(block.size);
    unpack::Found found;
    const uint64_t until = block.at + block.size;
    if (access_.disk) {
      // It reads its tables from its own input, and keeps some of them.
      const std::scoped_lock lock(disk_);
      unpack::decode_part(access_, format_, first_, collector, block.at, until, limits(), found);
    } else {
      auto input = inputs_.take();
      // The next blocks are not read ahead: another one may be wanted next.
      if (has_units()) {
        const unpack::Unit& unit = access_.facts.units_of(block.at, until).front();
        input->read_until(unit.packed_at + unit.packed);
      }
      decode_with(*input, collector, block, found);
      inputs_.give_back(std::move(input));
    }
    Bytes bytes = collector.take();
    if (bytes.size() != block.size) throw Error(Fault::truncated, 0, "the image ends before its size");
    return bytes;
  }

  void decode_with(Input& input, Collector& collector, const Block& block, unpack::Found& found) {
    unpack::decode_part(access_, format_, input, collector, block.at, block.at + block.size, limits(), found);
  }

  struct Release {
    std::counting_semaphore<>& semaphore;
    ~Release() { semaphore.release(); }
  };

  Format format_;
  std::string entry_;
  unpack::Workers& workers_;
  Input first_;
  std::mutex disk_;
  Inputs inputs_;
  unpack::Access access_;
  BlockCache cache_;
  std::unique_ptr<std::counting_semaphore<>> at_once_;
};

}  // namespace

Opened open_image(const std::vector<int>& pieces, bool direct, bool raw, const std::string& entry,
                  unpack::Workers& workers) {
  Input input(pieces, unpack::Digests());
  if (!input.size()) throw Error(Fault::read, 0, "it cannot be read at any place");
  const Format format = raw ? Format::none : unpack::format_of(input);
  const auto range = [&](uint64_t from, uint64_t size) -> std::unique_ptr<Image> {
    if (direct) return std::make_unique<Aligned>(pieces.front(), from, size);
    return std::make_unique<Plain>(pieces, from, size);
  };
  if (format == Format::none) return {.format = format, .image = range(0, *input.size())};
  auto packed = std::make_unique<Packed>(pieces, format, entry, workers);
  if (const auto stored = packed->stored()) return {.format = format, .image = range(stored->packed_at, stored->size)};
  return {.format = format, .image = std::move(packed)};
}

}  // namespace serve

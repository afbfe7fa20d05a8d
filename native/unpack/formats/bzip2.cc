// bzip2: a stream is a header, blocks and an end, packed bit by bit. A block begins with a magic of 48 bits at any bit,
// so that blocks can be found, wrapped as streams of their own and decoded at the same time; bzip2recover does the
// same.
#include <bzlib.h>

#include <algorithm>
#include <array>
#include <condition_variable>
#include <mutex>

#include "../decoder.h"
#include "../error.h"

namespace unpack {
namespace {

constexpr uint64_t block_magic = 0x314159265359;
constexpr uint64_t end_magic = 0x177245385090;
constexpr unsigned magic_bits = 48;
// A block of 900 kB that does not compress is not this long.
constexpr size_t longest_block = size_t{4} << 20;

// Reads bits of a buffer, most significant first.
class BitReader {
 public:
  explicit BitReader(std::span<const std::byte> bytes, uint64_t at = 0) : bytes_(bytes), at_(at) {}
  // count: at most 56. The bits must be there.
  uint64_t take(unsigned count) {
    uint64_t value = 0;
    for (unsigned i = 0; i < count; ++i, ++at_)
      value = value << 1 | (std::to_integer<unsigned>(bytes_[at_ / 8]) >> (7 - at_ % 8) & 1);
    return value;
  }

 private:
  std::span<const std::byte> bytes_;
  uint64_t at_;
};

class BitWriter {
 public:
  void put(uint64_t value, unsigned count) {
    for (unsigned i = count; i-- > 0;) {
      if (used_ % 8 == 0) bytes_.push_back(std::byte{0});
      bytes_.back() |= std::byte(static_cast<unsigned char>((value >> i & 1) << (7 - used_ % 8)));
      ++used_;
    }
  }
  // The bits [from, to) of other bytes.
  void put(std::span<const std::byte> bytes, uint64_t from, uint64_t to) {
    while (from < to && used_ % 8 != 0) put(BitReader(bytes, from++).take(1), 1);
    const unsigned shift = from % 8;
    for (; to - from >= 8; from += 8, used_ += 8) {
      const auto high = std::to_integer<unsigned>(bytes[from / 8]) << shift;
      const auto low = shift == 0 ? 0u : std::to_integer<unsigned>(bytes[from / 8 + 1]) >> (8 - shift);
      bytes_.push_back(std::byte(static_cast<unsigned char>(high | low)));
    }
    while (from < to) put(BitReader(bytes, from++).take(1), 1);
  }
  Bytes take() { return std::move(bytes_); }

 private:
  Bytes bytes_;
  uint64_t used_ = 0;  // bits
};

// The bits of one block with its magic, from bit `from` to bit `to` of `bytes`.
struct Block {
  Bytes bytes;
  uint64_t from = 0;
  uint64_t to = 0;
  uint64_t at = 0;  // bytes, in the file

  uint32_t crc() const { return static_cast<uint32_t>(BitReader(bytes, from + magic_bits).take(32)); }
};

Block joined(const Block& first, const Block& second) {
  BitWriter bits;
  bits.put(first.bytes, first.from, first.to);
  bits.put(second.bytes, second.from, second.to);
  return {.bytes = bits.take(), .from = 0, .to = first.to - first.from + second.to - second.from, .at = first.at};
}

struct Decoded {
  Bytes bytes;
  bool damaged = false;
  uint64_t room = 0;  // bytes that were taken for it
};

class Decompressor {
 public:
  Decompressor() {
    if (BZ2_bzDecompressInit(&stream_, 0, 0) != BZ_OK) throw Error(Fault::resources, 0, "bzip2: not enough memory");
  }
  ~Decompressor() { BZ2_bzDecompressEnd(&stream_); }
  Decompressor(const Decompressor&) = delete;
  Decompressor& operator=(const Decompressor&) = delete;
  bz_stream* operator->() { return &stream_; }
  bz_stream* get() { return &stream_; }

 private:
  bz_stream stream_{};
};

// Room in memory for decoded blocks. A block of zeros decodes to 50 times its level, which nothing says beforehand. The
// block that is written next gets room in any case, so that the others cannot hold it up.
class Room {
 public:
  explicit Room(uint64_t bytes) : left_(static_cast<int64_t>(bytes)) {}

  // Waits for room. False: no more blocks are wanted.
  bool take(uint64_t bytes, uint64_t block) {
    std::unique_lock lock(mutex_);
    freed_.wait(lock, [&] { return closed_ || block == next_ || left_ >= static_cast<int64_t>(bytes); });
    if (closed_) return false;
    left_ -= static_cast<int64_t>(bytes);
    return true;
  }

  // A block was written, or failed: its bytes are free, and the one behind it is next.
  void leave(uint64_t bytes) {
    const std::lock_guard lock(mutex_);
    left_ += static_cast<int64_t>(bytes);
    ++next_;
    freed_.notify_all();
  }

  void close() {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    freed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable freed_;
  int64_t left_;  // bytes; below 0 when the block that is next took more
  uint64_t next_ = 0;
  bool closed_ = false;
};

// grow: asked before each growth by so many bytes. Its false ends the decoding.
Decoded decode_block(const Block& block, char level, const std::function<bool(uint64_t)>& grow) {
  if (block.to - block.from < magic_bits + 32) return {.bytes = {}, .damaged = true};
  BitWriter bits;
  for (const char letter : {'B', 'Z', 'h', level}) bits.put(static_cast<unsigned char>(letter), 8);
  bits.put(block.bytes, block.from, block.to);
  bits.put(end_magic, magic_bits);
  bits.put(block.crc(), 32);  // the checksum of a stream of one block is that block's
  Bytes packed = bits.take();

  Decompressor decompressor;
  decompressor->next_in = reinterpret_cast<char*>(packed.data());
  decompressor->avail_in = static_cast<unsigned>(packed.size());
  Bytes decoded;
  for (;;) {
    const size_t before = decoded.size();
    if (!grow(buffer_length)) return {.bytes = {}, .damaged = true};
    decoded.resize(before + buffer_length);
    decompressor->next_out = reinterpret_cast<char*>(decoded.data() + before);
    decompressor->avail_out = static_cast<unsigned>(decoded.size() - before);
    const int result = BZ2_bzDecompress(decompressor.get());
    decoded.resize(decoded.size() - decompressor->avail_out);
    if (result == BZ_STREAM_END) return {.bytes = std::move(decoded), .damaged = false};
    if (result != BZ_OK || decoded.size() == before) return {.bytes = {}, .damaged = true};
  }
}

// Decoded bytes of a block of this level, when its bytes do not repeat.
uint64_t block_bytes(char level) { return uint64_t(level - '0') * 100'000; }

// Blocks in flight, in order.
class Blocks {
 public:
  Blocks(const Limits& limits, Output& output, char level) : limits_(limits), output_(output), level_(level) {}
  ~Blocks() { room_->close(); }
  Blocks(const Blocks&) = delete;
  Blocks& operator=(const Blocks&) = delete;

  void add(Block block) {
    const uint64_t cost = 2 * block.bytes.size();
    while (!pending_.empty() &&
           (cost_ + cost > limits_.memory / 2 || pending_.size() >= InOrder::depth(limits_.workers.threads())))
      write_first();
    auto shared = std::make_shared<const Block>(std::move(block));
    pending_.push_back({shared, limits_.workers.run<Decoded>([shared, level = level_, room = room_, number = added_] {
                          uint64_t taken = 0;
                          Decoded decoded = decode_block(*shared, level, [&](uint64_t bytes) {
                            const bool granted = room->take(bytes, number);
                            taken += granted ? bytes : 0;
                            return granted;
                          });
                          decoded.room = taken;
                          return decoded;
                        }),
                        cost});
    ++added_;
    cost_ += cost;
  }

  void finish() {
    while (!pending_.empty()) write_first();
  }

  // The checksum of the stream so far.
  uint32_t combined() const { return combined_; }

 private:
  struct Pending {
    std::shared_ptr<const Block> block;
    std::future<Decoded> decoded;
    uint64_t cost;
  };

  Pending take() {
    Pending first = std::move(pending_.front());
    pending_.pop_front();
    cost_ -= first.cost;
    return first;
  }

  // The room of the block that was first is free already while it is written: the next one can take more than there is.
  Decoded waited(Pending& first) {
    Decoded decoded = first.decoded.get();
    room_->leave(decoded.room);
    return decoded;
  }

  // Data can hold the magic of a block by chance (once in 2^48 bits). Then the two parts are one block.
  void write_first() {
    Pending first = take();
    Decoded decoded = waited(first);
    if (decoded.damaged && !pending_.empty()) {
      Pending second = take();
      waited(second);
      decoded = decode_block(joined(*first.block, *second.block), level_, [](uint64_t) { return true; });
    }
    if (decoded.damaged) throw Error(Fault::damaged, first.block->at, "bzip2: a block is damaged");
    combined_ = (combined_ << 1 | combined_ >> 31) ^ first.block->crc();
    output_.write(decoded.bytes);
  }

  const Limits& limits_;
  Output& output_;
  char level_;
  std::deque<Pending> pending_;
  uint64_t cost_ = 0;   // bytes, packed
  uint64_t added_ = 0;  // blocks
  std::shared_ptr<Room> room_ = std::make_shared<Room>(limits_.memory / 2);
  uint32_t combined_ = 0;
};

// The bytes that can lie second to last in a window which ends with a magic and at most seven bits more. One look at it
// passes over most of a file.
constexpr std::array<bool, 256> near_end = [] {
  std::array<bool, 256> bytes{};
  for (const uint64_t magic : {block_magic, end_magic})
    for (unsigned shift = 0; shift < 8; ++shift) bytes[magic << shift >> 8 & 0xff] = true;
  return bytes;
}();

// Where the next magic begins at or behind bit `from`, in bits; nothing when there is none in these bytes.
std::optional<uint64_t> find_magic(std::span<const std::byte> bytes, uint64_t from) {
  constexpr uint64_t mask = (uint64_t{1} << magic_bits) - 1;
  uint64_t window = 0;
  for (uint64_t index = from / 8; index < bytes.size(); ++index) {
    window = window << 8 | std::to_integer<uint64_t>(bytes[index]);
    if (index < from / 8 + 6 || !near_end[window >> 8 & 0xff]) continue;
    for (unsigned shift = 8; shift-- > 0;) {
      const uint64_t candidate = window >> shift & mask;
      if (candidate != block_magic && candidate != end_magic) continue;
      const uint64_t at = (index + 1) * 8 - shift - magic_bits;
      if (at >= from) return at;
    }
  }
  return std::nullopt;
}

// The bits from `from` to the next magic. Reads more of the file into the buffer when needed.
uint64_t next_magic(Input& input, uint64_t from) {
  uint64_t searched = from;
  for (size_t wanted = size_t{256} << 10;; wanted += size_t{256} << 10) {
    const auto bytes = input.peek(wanted);
    if (const auto found = find_magic(bytes, searched)) return *found;
    // The magic's last byte has not been seen: go on where the first one can lie.
    searched = std::max(from, bytes.size() < 7 ? 0 : (bytes.size() - 7) * 8);
    if (bytes.size() < wanted)
      throw Error(Fault::truncated, input.position() + bytes.size(), "bzip2: the file ends before its content");
    if (bytes.size() > longest_block)
      throw Error(Fault::damaged, input.position(), "bzip2: no block begins where one has to");
  }
}

}  // namespace

Facts facts_of_bzip2(Input& input) {
  // Blocks have no directory, so decoding shows how many there are.
  Facts facts;
  facts.piece = 3 * block_bytes(static_cast<char>(input.peek(10)[3]));
  return facts;
}

void decode_bzip2(Input& input, Output& output, const Limits& limits) {
  const char level = static_cast<char>(input.peek(10)[3]);
  input.consume(4);
  Blocks blocks(limits, output, level);
  uint64_t bit = 0;  // of the current block, in what input.peek() gives
  for (;;) {
    constexpr unsigned end_bits = magic_bits + 32;
    const auto head = input.peek(size_t{(7 + end_bits) / 8 + 1});
    if (head.size() * 8 < bit + end_bits)
      throw Error(Fault::truncated, input.position() + head.size(), "bzip2: the file ends before its content");
    BitReader bits(head, bit);
    const uint64_t magic = bits.take(magic_bits);
    if (magic == end_magic) {
      blocks.finish();
      if (bits.take(32) != blocks.combined())
        throw Error(Fault::damaged, input.position(), "bzip2: the checksum of the stream is wrong");
      input.consume((bit + end_bits + 7) / 8);
      return;
    }
    if (magic != block_magic) throw Error(Fault::damaged, input.position(), "bzip2: no block begins where one has to");
    const uint64_t end = next_magic(input, bit + magic_bits);
    const auto bytes = input.peek((end + 7) / 8);
    blocks.add({.bytes = Bytes(bytes.begin(), bytes.begin() + static_cast<ptrdiff_t>((end + 7) / 8)),
                .from = bit,
                .to = end,
                .at = input.position()});
    input.consume(end / 8);
    bit = end % 8;
  }
}

}  // namespace unpack

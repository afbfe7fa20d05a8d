#include "frame_coder.h"

#include <lzma.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <new>
#include <string>
#include <vector>

#include "error.h"

namespace unpack {
namespace {

const uint8_t* octets(std::span<const std::byte> bytes) { return reinterpret_cast<const uint8_t*>(bytes.data()); }
uint8_t* octets(std::span<std::byte> bytes) { return reinterpret_cast<uint8_t*>(bytes.data()); }

[[noreturn]] void refuse(const std::string& said) { throw Error(Fault::resources, 0, said); }

void check_level(std::string_view format, int level, int least, int most) {
  if (level >= least && level <= most) return;
  throw Error(Fault::usage, 0,
              std::string(format) + " has levels " + std::to_string(least) + " to " + std::to_string(most));
}

class ZstdCoder final : public FrameCoder {
 public:
  explicit ZstdCoder(int level) {
    check_level("zstd", level, 1, ZSTD_maxCLevel());
    if (!packing_ || !unpacking_) throw std::bad_alloc();
    // The size of the bytes and their checksum are in each frame, for readers that have no seek table.
    set(ZSTD_c_compressionLevel, level);
    set(ZSTD_c_contentSizeFlag, 1);
    set(ZSTD_c_checksumFlag, 1);
  }
  size_t longest(size_t length) const override { return ZSTD_compressBound(length); }
  size_t pack(std::span<const std::byte> bytes, std::span<std::byte> frame) override {
    const size_t size = ZSTD_compress2(packing_.get(), frame.data(), frame.size(), bytes.data(), bytes.size());
    if (ZSTD_isError(size)) refuse(ZSTD_getErrorName(size));
    return size;
  }
  bool unpack(std::span<const std::byte> frame, std::span<std::byte> bytes) override {
    const size_t size = ZSTD_decompressDCtx(unpacking_.get(), bytes.data(), bytes.size(), frame.data(), frame.size());
    return size == bytes.size();
  }

 private:
  void set(ZSTD_cParameter parameter, int value) {
    const size_t result = ZSTD_CCtx_setParameter(packing_.get(), parameter, value);
    if (ZSTD_isError(result)) refuse(ZSTD_getErrorName(result));
  }
  struct Free {
    void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
    void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
  };
  std::unique_ptr<ZSTD_CCtx, Free> packing_{ZSTD_createCCtx()};
  std::unique_ptr<ZSTD_DCtx, Free> unpacking_{ZSTD_createDCtx()};
};

// Each frame is a stream of its own. Streams one after the other are a whole .xz file.
class XzCoder final : public FrameCoder {
 public:
  explicit XzCoder(int level) : preset_(static_cast<uint32_t>(level)) { check_level("xz", level, 0, 9); }
  size_t longest(size_t length) const override { return lzma_stream_buffer_bound(length); }
  size_t pack(std::span<const std::byte> bytes, std::span<std::byte> frame) override {
    size_t size = 0;
    const lzma_ret result = lzma_easy_buffer_encode(preset_, LZMA_CHECK_CRC64, nullptr, octets(bytes), bytes.size(),
                                                    octets(frame), &size, frame.size());
    if (result == LZMA_MEM_ERROR) throw std::bad_alloc();
    if (result != LZMA_OK) refuse("liblzma: " + std::to_string(result));
    return size;
  }
  bool unpack(std::span<const std::byte> frame, std::span<std::byte> bytes) override {
    uint64_t memory = UINT64_MAX;
    size_t read = 0;
    size_t written = 0;
    const lzma_ret result = lzma_stream_buffer_decode(&memory, 0, nullptr, octets(frame), &read, frame.size(),
                                                      octets(bytes), &written, bytes.size());
    if (result == LZMA_MEM_ERROR) throw std::bad_alloc();
    return result == LZMA_OK && read == frame.size() && written == bytes.size();
  }

 private:
  const uint32_t preset_;
};

// Each frame is a member of its own. Members one after the other are a whole .gz file.
class GzipCoder final : public FrameCoder {
 public:
  explicit GzipCoder(int level) {
    check_level("gzip", level, 1, 9);
    constexpr int gzip_header = 15 + 16;
    constexpr int usual_memory = 8;
    if (deflateInit2(&packing_, level, Z_DEFLATED, gzip_header, usual_memory, Z_DEFAULT_STRATEGY) != Z_OK)
      throw std::bad_alloc();
    if (inflateInit2(&unpacking_, gzip_header) != Z_OK) {
      deflateEnd(&packing_);
      throw std::bad_alloc();
    }
  }
  ~GzipCoder() override {
    deflateEnd(&packing_);
    inflateEnd(&unpacking_);
  }
  size_t longest(size_t length) const override { return compressBound(length) + header_and_end; }
  size_t pack(std::span<const std::byte> bytes, std::span<std::byte> frame) override {
    deflateReset(&packing_);
    aim(packing_, bytes, frame);
    if (deflate(&packing_, Z_FINISH) != Z_STREAM_END) refuse("zlib: deflate");
    return frame.size() - packing_.avail_out;
  }
  bool unpack(std::span<const std::byte> frame, std::span<std::byte> bytes) override {
    inflateReset(&unpacking_);
    aim(unpacking_, frame, bytes);
    const int result = inflate(&unpacking_, Z_FINISH);
    if (result == Z_MEM_ERROR) throw std::bad_alloc();
    return result == Z_STREAM_END && unpacking_.avail_in == 0 && unpacking_.avail_out == 0;
  }

 private:
  static constexpr size_t header_and_end = 18;
  static void aim(z_stream& stream, std::span<const std::byte> from, std::span<std::byte> to) {
    stream.next_in = const_cast<Bytef*>(octets(from));  // zlib does not write there
    stream.avail_in = static_cast<uInt>(from.size());
    stream.next_out = octets(to);
    stream.avail_out = static_cast<uInt>(to.size());
  }
  z_stream packing_{};
  z_stream unpacking_{};
};

// A frame is a cluster of a qcow2 image: a zstd frame of a whole cluster, the cluster itself when it does not get
// shorter, or nothing when it is zeros. The disk can end inside of its last cluster, whose rest is zeros then.
class Qcow2Coder final : public FrameCoder {
 public:
  Qcow2Coder(int level, size_t cluster) : zstd_(level), cluster_(cluster) {}
  size_t longest(size_t length) const override { return zstd_.longest(length); }
  size_t pack(std::span<const std::byte> bytes, std::span<std::byte> frame) override {
    if (std::ranges::all_of(bytes, is_zero)) return 0;
    const std::span<const std::byte> whole = bytes.size() == cluster_.size() ? bytes : padded(bytes);
    const size_t size = zstd_.pack(whole, frame);
    if (size <= cluster_.size() - cluster_.size() / worth) return size;
    std::ranges::copy(whole, frame.begin());
    return whole.size();
  }
  bool unpack(std::span<const std::byte> frame, std::span<std::byte> bytes) override {
    if (bytes.size() > cluster_.size()) return false;
    if (frame.empty()) {
      std::ranges::fill(bytes, std::byte{0});
      return true;
    }
    if (bytes.size() == cluster_.size()) return unpack_whole(frame, bytes);
    if (!unpack_whole(frame, cluster_)) return false;
    const std::span<const std::byte> whole = cluster_;
    std::ranges::copy(whole.first(bytes.size()), bytes.begin());
    return std::ranges::all_of(whole.subspan(bytes.size()), is_zero);
  }

 private:
  // A virtual machine reads a cluster that is not packed without decoding it, and writes to it in its place. Packing
  // has to save this part of it at least.
  static constexpr size_t worth = 32;
  static bool is_zero(std::byte byte) { return byte == std::byte{0}; }
  std::span<const std::byte> padded(std::span<const std::byte> bytes) {
    const auto end = std::ranges::copy(bytes, cluster_.begin()).out;
    std::fill(end, cluster_.end(), std::byte{0});
    return cluster_;
  }
  bool unpack_whole(std::span<const std::byte> frame, std::span<std::byte> bytes) {
    if (frame.size() != bytes.size()) return zstd_.unpack(frame, bytes);
    std::ranges::copy(frame, bytes.begin());
    return true;
  }

  ZstdCoder zstd_;
  std::vector<std::byte> cluster_;
};

}  // namespace

std::unique_ptr<FrameCoder> frame_coder(std::string_view format, int level, size_t size) {
  if (format == "zstd") return std::make_unique<ZstdCoder>(level);
  if (format == "xz") return std::make_unique<XzCoder>(level);
  if (format == "gzip") return std::make_unique<GzipCoder>(level);
  if (format == "qcow2") return std::make_unique<Qcow2Coder>(level, size);
  throw Error(Fault::usage, 0, "no such format: " + std::string(format));
}

}  // namespace unpack

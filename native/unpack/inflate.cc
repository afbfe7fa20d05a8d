#include "inflate.h"

#include <dlfcn.h>
#include <zlib.h>

#include <algorithm>
#include <string>

#include "error.h"
#if __has_include(<isa-l/igzip_lib.h>)
#include <isa-l/igzip_lib.h>
#define UNPACK_HAVE_ISAL
#endif

namespace unpack {

class Inflater::Implementation {
 public:
  virtual ~Implementation() = default;
  virtual Step step(std::span<const std::byte> in, std::span<std::byte> out) = 0;
};

class Inflater::Zlib final : public Implementation {
 public:
  explicit Zlib(Wrapping wrapping) {
    if (inflateInit2(&stream_, wrapping == Wrapping::gzip ? 15 + 16 : -15) != Z_OK)
      throw Error(Fault::resources, 0, "deflate: not enough memory");
  }
  ~Zlib() override { inflateEnd(&stream_); }

  Step step(std::span<const std::byte> in, std::span<std::byte> out) override {
    // zlib's interface takes input that it does not write to as writable.
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(in.data()));
    stream_.avail_in = static_cast<uInt>(in.size());
    stream_.next_out = reinterpret_cast<Bytef*>(out.data());
    stream_.avail_out = static_cast<uInt>(out.size());
    const int result = inflate(&stream_, Z_NO_FLUSH);
    return {.consumed = in.size() - stream_.avail_in,
            .produced = out.size() - stream_.avail_out,
            .ended = result == Z_STREAM_END,
            .damaged = result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR};
  }

 private:
  z_stream stream_{};
};

#ifdef UNPACK_HAVE_ISAL

namespace {

struct IsalLibrary {
  void (*init)(inflate_state*) = nullptr;
  int (*inflate)(inflate_state*) = nullptr;
  // Packages have the library beside the program. It stays loaded until the process ends.
  void load() {
    void* library = dlopen("$ORIGIN/libisal.so.2", RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) library = dlopen("libisal.so.2", RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) return;
    init = reinterpret_cast<decltype(init)>(dlsym(library, "isal_inflate_init"));
    inflate = reinterpret_cast<decltype(inflate)>(dlsym(library, "isal_inflate"));
  }
  bool there() const { return init != nullptr && inflate != nullptr; }
};

IsalLibrary isal;

}  // namespace

class Inflater::Isal final : public Implementation {
 public:
  explicit Isal(Wrapping wrapping) : state_(std::make_unique<inflate_state>()) {
    isal.init(state_.get());
    state_->crc_flag = wrapping == Wrapping::gzip ? ISAL_GZIP : ISAL_DEFLATE;
  }

  Step step(std::span<const std::byte> in, std::span<std::byte> out) override {
    if (has_reserved_flags(in)) return {.consumed = 0, .produced = 0, .ended = false, .damaged = true};
    state_->next_in = reinterpret_cast<uint8_t*>(const_cast<std::byte*>(in.data()));
    state_->avail_in = static_cast<uint32_t>(in.size());
    state_->next_out = reinterpret_cast<uint8_t*>(out.data());
    state_->avail_out = static_cast<uint32_t>(out.size());
    const int result = isal.inflate(state_.get());
    done_ += in.size() - state_->avail_in;
    return {.consumed = in.size() - state_->avail_in,
            .produced = out.size() - state_->avail_out,
            .ended = result == ISAL_DECOMP_OK && state_->block_state == ISAL_BLOCK_FINISH,
            .damaged = result != ISAL_DECOMP_OK && result != ISAL_END_INPUT};
  }

 private:
  // ISA-L ignores flags that it does not know. RFC 1952 wants an error: fields may follow that would be taken for data.
  bool has_reserved_flags(std::span<const std::byte> in) const {
    constexpr size_t flags_at = 3;
    constexpr std::byte reserved{0xe0};
    if (state_->crc_flag != ISAL_GZIP || done_ > flags_at || in.size() <= flags_at - done_) return false;
    return (in[flags_at - done_] & reserved) != std::byte{0};
  }

  std::unique_ptr<inflate_state> state_;
  uint64_t done_ = 0;  // bytes consumed
};

void Inflater::load() { isal.load(); }
bool Inflater::fast() { return isal.there(); }

#else

void Inflater::load() {}
bool Inflater::fast() { return false; }

#endif

Inflater::Inflater(Wrapping wrapping) {
#ifdef UNPACK_HAVE_ISAL
  if (fast()) {
    implementation_ = std::make_unique<Isal>(wrapping);
    return;
  }
#endif
  implementation_ = std::make_unique<Zlib>(wrapping);
}

Inflater::~Inflater() = default;

Inflater::Step Inflater::step(std::span<const std::byte> in, std::span<std::byte> out) {
  return implementation_->step(in, out);
}

Inflater::Step Inflater::all(std::span<const std::byte> in, Bytes& out, size_t most) {
  Step sum;
  for (;;) {
    const size_t before = out.size();
    out.resize(before + buffer_length / 16);
    const Step one = step(in.subspan(sum.consumed), std::span(out).subspan(before));
    out.resize(before + one.produced);
    sum.consumed += one.consumed;
    sum.produced += one.produced;
    sum.ended = one.ended;
    sum.damaged = one.damaged || sum.produced > most;
    if (sum.produced > most) sum.ended = false;
    if (one.ended || sum.damaged || (one.consumed == 0 && one.produced == 0)) return sum;
  }
}

void Inflater::stream(Input& input, Output& output, const char* format, std::optional<uint64_t> packed) {
  Bytes buffer(buffer_length);
  uint64_t left = packed.value_or(UINT64_MAX);
  for (;;) {
    auto bytes = input.peek();
    bytes = bytes.first(static_cast<size_t>(std::min<uint64_t>({bytes.size(), left, 1u << 30})));
    const Step done = step(bytes, buffer);
    input.consume(done.consumed);
    left -= done.consumed;
    output.write(std::span(buffer).first(done.produced));
    if (done.ended) return;
    const std::string said = std::string(format) + ": ";
    if (done.damaged) throw Error(Fault::damaged, input.position(), said + "the data is damaged");
    if (done.consumed > 0 || done.produced > 0) continue;
    if (left == 0) throw Error(Fault::damaged, input.position(), said + "the data is longer than its directory says");
    throw Error(Fault::truncated, input.position(), said + "the file ends before its content");
  }
}

}  // namespace unpack

#include "frame_workers.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <system_error>
#include <utility>

namespace platter {
namespace {

using frame_protocol::move_all;
using frame_protocol::Request;

// Memory that is mapped until this is destroyed.
class Mapping {
 public:
  Mapping(int fd, size_t size) : size_(size), memory_(mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0)) {
    if (memory_ == MAP_FAILED) throw std::system_error(errno, std::generic_category(), "mmap");
  }
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;
  ~Mapping() { munmap(memory_, size_); }
  std::span<std::byte> all() const { return {static_cast<std::byte*>(memory_), size_}; }

 private:
  const size_t size_;
  void* const memory_;
};

// One program, asked by one thread at a time.
class Program {
 public:
  Program(FrameWorker worker, size_t chunk)
      : chunk_(chunk),
        memory_(worker.memory.get(), frame_memory(chunk)),
        requests_(std::move(worker.requests)),
        answers_(std::move(worker.answers)) {}

  std::span<std::byte> image() const { return memory_.all().first(chunk_); }
  std::span<std::byte> frame() const { return memory_.all().subspan(chunk_); }
  // Its answer, or a negative errno: EPIPE when it has ended. Node ignores SIGPIPE.
  int64_t ask(const Request& request) const {
    int64_t answer = 0;
    if (!move_all(write, requests_.get(), std::as_bytes(std::span(&request, 1))) ||
        !move_all(read, answers_.get(), std::as_writable_bytes(std::span(&answer, 1))))
      return -EPIPE;
    return answer;
  }

 private:
  const size_t chunk_;
  const Mapping memory_;
  const kcopyd::Descriptor requests_;
  const kcopyd::Descriptor answers_;
};

using Programs = std::vector<std::unique_ptr<Program>>;

const Program& program(void* context, unsigned worker) { return *(*static_cast<Programs*>(context))[worker]; }

int64_t pack(unsigned worker, const void* bytes, size_t length, const void** frame, void* context) {
  const Program& to = program(context, worker);
  if (length > to.image().size()) return -EINVAL;
  std::memcpy(to.image().data(), bytes, length);
  const int64_t size = to.ask({.act = 'p', .bytes = static_cast<uint32_t>(length), .frame = 0, .unused = 0});
  // The size comes from another process.
  if (size > static_cast<int64_t>(to.frame().size())) return -EPROTO;
  *frame = to.frame().data();
  return size;
}

int unpack(unsigned worker, const void* frame, size_t size, void* bytes, size_t length, void* context) {
  const Program& by = program(context, worker);
  if (size > by.frame().size() || length > by.image().size()) return -EBADMSG;
  if (size > 0) std::memcpy(by.frame().data(), frame, size);  // else `frame` is NULL
  const int64_t answer =
      by.ask({.act = 'u', .bytes = static_cast<uint32_t>(length), .frame = static_cast<uint32_t>(size), .unused = 0});
  if (answer != 0) return answer < 0 ? static_cast<int>(answer) : -EPROTO;
  std::memcpy(bytes, by.image().data(), length);
  return 0;
}

// Raw frames: the bytes themselves.
constexpr unsigned raw_workers = 2;

int64_t keep(unsigned, const void* bytes, size_t length, const void** frame, void*) {
  *frame = bytes;
  return static_cast<int64_t>(length);
}

int give(unsigned, const void* frame, size_t size, void* bytes, size_t length, void*) {
  if (size != length) return -EBADMSG;
  std::memcpy(bytes, frame, length);
  return 0;
}

void gone(void* context) { const std::unique_ptr<Programs> ended(static_cast<Programs*>(context)); }

}  // namespace

kcopyd_codec codec_of(std::vector<FrameWorker> workers, size_t chunk) {
  if (workers.empty())
    return {.workers = raw_workers, .pack = &keep, .unpack = &give, .gone = nullptr, .context = nullptr};
  auto programs = std::make_unique<Programs>();
  for (FrameWorker& worker : workers) programs->push_back(std::make_unique<Program>(std::move(worker), chunk));
  return {.workers = static_cast<unsigned>(programs->size()),
          .pack = &pack,
          .unpack = &unpack,
          .gone = &gone,
          .context = programs.release()};
}

}  // namespace platter

#include "frames_main.h"

#include <malloc.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <memory>
#include <new>
#include <span>
#include <string>
#include <string_view>
#include <system_error>

#include "decoder.h"
#include "error.h"
#include "frame_coder.h"
#include "frame_protocol.h"
#include "process.h"
#include "sandbox/sandbox.h"

namespace unpack {
namespace {

using frame_protocol::move_all;
using frame_protocol::Request;

constexpr int shared = 4;
constexpr uint64_t most_size = 16 << 20;
// Code, tables, stack, and what the highest levels of zstd and xz take for such short frames.
constexpr uint64_t own_memory = uint64_t{2} << 30;

struct Options {
  std::string_view format;
  int level = 0;
  uint64_t size = 0;  // bytes
  uint64_t parent = 0;
};

Options options_of(std::span<char*> words) {
  Options options;
  for (size_t i = 2; i < words.size(); i += 2) {
    const std::string_view word = words[i];
    if (i + 1 == words.size()) throw Error(Fault::usage, 0, "its value is missing: " + std::string(word));
    const std::string_view value = words[i + 1];
    if (word == "--format")
      options.format = value;
    else if (word == "--level")
      options.level = static_cast<int>(whole_number(value));
    else if (word == "--size")
      options.size = whole_number(value);
    else if (word == "--parent")
      options.parent = whole_number(value);
    else
      throw Error(Fault::usage, 0, "no such option: " + std::string(word));
  }
  return options;
}

int64_t serve_one(FrameCoder& coder, const Request& request, std::span<std::byte> image, std::span<std::byte> frame) {
  if (request.bytes > image.size() || request.frame > frame.size()) return -EINVAL;
  const std::span<std::byte> bytes = image.first(request.bytes);
  try {
    if (request.act == 'p') return static_cast<int64_t>(coder.pack(bytes, frame));
    if (request.act == 'u') return coder.unpack(frame.first(request.frame), bytes) ? 0 : -EBADMSG;
    return -EINVAL;
  } catch (const std::bad_alloc&) {
    return -ENOMEM;
  } catch (const Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return -EIO;
  }
}

void serve(FrameCoder& coder, uint64_t size) {
  const size_t room = frame_protocol::room(size);
  if (coder.longest(size) > room) throw Error(Fault::usage, 0, "a frame can be longer than its memory");
  void* const memory = mmap(nullptr, size + room, PROT_READ | PROT_WRITE, MAP_SHARED, shared, 0);
  if (memory == MAP_FAILED) throw std::system_error(errno, std::generic_category(), "mmap");
  const std::span<std::byte> all(static_cast<std::byte*>(memory), size + room);
  Request request{};
  while (move_all(read, STDIN_FILENO, std::as_writable_bytes(std::span(&request, 1)))) {
    const int64_t answer = serve_one(coder, request, all.first(size), all.subspan(size));
    if (!move_all(write, STDOUT_FILENO, std::as_bytes(std::span(&answer, 1)))) return;
  }
}

// Calls `act` in the sandbox. Gives the exit code.
int sandboxed(int count, char** words, int descriptors, const std::function<void(const Options&)>& act) {
  try {
    const Options options = options_of({words, static_cast<size_t>(count)});
    if (!end_with(options.parent)) return 1;
    close_range(static_cast<unsigned>(descriptors), ~0u, 0);
    mallopt(M_MMAP_THRESHOLD, 32 << 20);
    mallopt(M_TRIM_THRESHOLD, 1 << 30);
    sandbox::enter(own_memory);
    act(options);
    return 0;
  } catch (const Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return error.fault() == Fault::usage ? 2 : 1;
  } catch (const std::bad_alloc&) {
    std::fprintf(stderr, "not enough memory\n");
  } catch (const std::system_error& error) {
    std::fprintf(stderr, "%s\n", error.what());
  }
  return 1;
}

void list_frames() {
  Input input(STDIN_FILENO, Digests::of(""));
  if (!input.size()) throw Error(Fault::usage, 0, "standard input is not a file");
  std::string lines;
  for (const Unit& frame : whole_zstd_frames(input))
    lines += std::to_string(frame.packed) + " " + std::to_string(frame.size) + "\n";
  if (!move_all(write, STDOUT_FILENO, std::as_bytes(std::span(lines))))
    throw std::system_error(EPIPE, std::generic_category(), "write");
}

}  // namespace

int run_frames(int count, char** words) {
  return sandboxed(count, words, shared + 1, [](const Options& options) {
    if (options.size == 0 || options.size > most_size) throw Error(Fault::usage, 0, "--size is not 1 byte to 16 MiB");
    serve(*frame_coder(options.format, options.level, options.size), options.size);
  });
}

int run_frame_sizes(int count, char** words) {
  return sandboxed(count, words, STDERR_FILENO + 1, [](const Options&) { list_frames(); });
}

}  // namespace unpack

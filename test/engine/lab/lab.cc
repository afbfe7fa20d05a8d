#include "lab.h"

#include <algorithm>
#include <array>
#include <bit>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <stdexcept>
#include <system_error>
#include <thread>
#include <utility>

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

namespace lab {
namespace {

constexpr size_t kChunk = 1 << 20;

// Where `make -C test/lab` puts it; tests run from the top of the tree.
std::string program() {
  const char* path = std::getenv("PLATTER_LABDISK");
  return path ? path : "out/lab/labdisk";
}

[[noreturn]] void fail(const std::string& what) { throw std::system_error(errno, std::generic_category(), what); }

struct Fd {
  explicit Fd(const std::string& path, int flags) : fd(::open(path.c_str(), flags | O_CLOEXEC)) {
    if (fd < 0) fail(path);
  }
  ~Fd() { ::close(fd); }
  Fd(const Fd&) = delete;
  Fd& operator=(const Fd&) = delete;
  int fd;
};

std::vector<std::string> arguments(const Options& options) {
  std::vector<std::string> args{program()};
  auto add = [&](std::string name, std::string value) { args.insert(args.end(), {std::move(name), std::move(value)}); };
  if (options.size) add("--size", std::to_string(options.size));
  add("--sector", std::to_string(options.sector));
  if (options.read_only) args.emplace_back("--read-only");
  if (options.plain) args.emplace_back("--plain");
  if (!options.loop) args.emplace_back("--no-loop");
  if (options.buffered) args.emplace_back("--buffered");
  if (!options.file.empty()) add("--file", options.file);
  if (!options.dir.empty()) add("--dir", options.dir);
  return args;
}

struct Pipe {
  int read = -1, write = -1;
  Pipe() {
    std::array<int, 2> ends{};
    if (pipe2(ends.data(), O_CLOEXEC) < 0) fail("pipe2");
    read = ends[0];
    write = ends[1];
  }
};

pid_t start(const std::vector<std::string>& args, int input, int output) {
  std::vector<char*> argv;
  for (const std::string& arg : args) argv.push_back(const_cast<char*>(arg.c_str()));
  argv.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
  pid_t pid = -1;
  errno = posix_spawn(&pid, argv[0], &actions, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (errno != 0) fail(args[0] + " (built by `make -C test/lab`)");
  return pid;
}

std::string read_line(int fd) {
  std::string line;
  for (char c; ::read(fd, &c, 1) == 1 && c != '\n';) line += c;
  return line;
}

std::string read_text(const std::string& path) {
  Fd file(path, O_RDONLY);
  std::string text;
  std::array<char, 4096> buffer{};
  ssize_t n;
  while ((n = ::read(file.fd, buffer.data(), buffer.size())) > 0) text.append(buffer.data(), static_cast<size_t>(n));
  if (n < 0) fail(path);
  return text;
}

// labdisk's JSON is flat and its order does not matter: take the text after "name": up to the next comma or brace.
std::string field(const std::string& json, const std::string& name) {
  const std::string key = "\"" + name + "\":";
  const size_t found = json.find(key);
  if (found == std::string::npos) throw std::runtime_error("labdisk did not say " + name + ": " + json);
  const size_t at = found + key.size();
  if (json[at] == '"') return json.substr(at + 1, json.find('"', at + 1) - at - 1);
  const std::string value = json.substr(at, json.find_first_of(",}", at) - at);
  return value == "null" ? "" : value;
}

uint64_t number(const std::string& json, const std::string& name) { return std::stoull(field(json, name)); }

// splitmix64 of word `index`.
uint64_t word(uint64_t seed, uint64_t index) {
  uint64_t z = (seed + 1) * 0x9e3779b97f4a7c15u + index * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

std::vector<std::byte> read_range(const std::string& path, uint64_t offset, uint64_t length) {
  Fd file(path, O_RDONLY);
  std::vector<std::byte> data(length);
  for (uint64_t done = 0; done < length;) {
    const ssize_t n = pread(file.fd, data.data() + done, length - done, static_cast<off_t>(offset + done));
    if (n < 0) fail(path);
    if (n == 0) throw std::runtime_error(path + " ends at byte " + std::to_string(offset + done));
    done += static_cast<uint64_t>(n);
  }
  return data;
}

}  // namespace

std::optional<std::string> cannot_run() {
  if (geteuid() != 0) return "the lab needs root";
  for (const char* device : {"/dev/fuse", "/dev/loop-control"})
    if (access(device, R_OK | W_OK) != 0) return std::string("the lab needs ") + device;
  if (access(program().c_str(), X_OK) != 0) return "no " + program() + ": make -C test/lab (needs libfuse3-dev)";
  return std::nullopt;
}

Disk::Disk(const Options& options) {
  const Pipe input, output;
  pid_ = start(arguments(options), input.read, output.write);
  ::close(input.read);
  ::close(output.write);
  input_ = input.write;
  const std::string line = read_line(output.read);
  ::close(output.read);
  if (line.empty()) {
    close();
    throw std::runtime_error("labdisk ended before its disk was ready; its stderr says why");
  }
  device_ = options.loop ? field(line, "device") : field(line, "disk");
  ctl_ = field(line, "ctl");
  backing_ = field(line, "backing");
  size_ = number(line, "size");
}

Disk::Disk(Disk&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      input_(std::exchange(other.input_, -1)),
      size_(other.size_),
      device_(std::move(other.device_)),
      ctl_(std::move(other.ctl_)),
      backing_(std::move(other.backing_)) {}

Disk::~Disk() { close(); }

void Disk::close() {
  if (input_ >= 0) ::close(std::exchange(input_, -1));
  if (pid_ > 0) waitpid(std::exchange(pid_, -1), nullptr, 0);
}

void Disk::rule(const std::string& line) {
  Fd ctl(ctl_, O_WRONLY);
  if (::write(ctl.fd, line.data(), line.size()) < 0) fail("rule " + line);
}

Counters Disk::counters() const {
  const std::string json = read_text(ctl_);
  return {.reads = number(json, "reads"),
          .writes = number(json, "writes"),
          .flushes = number(json, "flushes"),
          .zeroes = number(json, "zeroes"),
          .bytes_read = number(json, "bytesRead"),
          .bytes_written = number(json, "bytesWritten"),
          .bytes_zeroed = number(json, "bytesZeroed"),
          .errors = number(json, "errors"),
          .in_flight = number(json, "inFlight"),
          .stalled = number(json, "stalled"),
          .rules = number(json, "rules"),
          .size = number(json, "size")};
}

std::vector<Entry> Disk::log(const std::string& op) const {
  const std::string text = read_text(std::filesystem::path(ctl_).replace_filename("log"));
  std::vector<Entry> entries;
  for (size_t at = 0, end; (end = text.find('\n', at)) != std::string::npos; at = end + 1) {
    const std::string json = text.substr(at, end - at);
    if (!op.empty() && field(json, "op") != op) continue;
    entries.push_back({field(json, "op"), number(json, "offset"), number(json, "length"), number(json, "begin"),
                       number(json, "end"), field(json, "error")});
  }
  std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) { return a.begin < b.begin; });
  return entries;
}

void Disk::wait_for(const std::function<bool(const Counters&)>& condition, int milliseconds) const {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(milliseconds);
  while (!condition(counters())) {
    if (std::chrono::steady_clock::now() > deadline) throw std::runtime_error(device_ + " still at " + read_text(ctl_));
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
}

void Disk::fill(uint64_t seed, uint64_t offset, uint64_t length) {
  Fd file(backing_, O_WRONLY);
  for (uint64_t done = 0; done < length;) {
    const std::vector<std::byte> data = seeded(seed, offset + done, std::min<uint64_t>(kChunk, length - done));
    const ssize_t n = pwrite(file.fd, data.data(), data.size(), static_cast<off_t>(offset + done));
    if (n < 0) fail(backing_);
    done += static_cast<uint64_t>(n);
  }
}

std::vector<std::byte> Disk::read(uint64_t offset, uint64_t length) const {
  return read_range(backing_, offset, length);
}

std::vector<std::byte> seeded(uint64_t seed, uint64_t offset, uint64_t length) {
  std::vector<std::byte> data(length);
  for (uint64_t i = 0; i < length;) {
    const uint64_t at = offset + i;
    const auto bytes = std::bit_cast<std::array<std::byte, 8>>(word(seed, at / 8));
    const uint64_t n = std::min<uint64_t>(8 - at % 8, length - i);
    std::memcpy(data.data() + i, bytes.data() + at % 8, n);
    i += n;
  }
  return data;
}

std::optional<uint64_t> first_difference(const std::string& a, const std::string& b, uint64_t offset, uint64_t length) {
  for (uint64_t done = 0; done < length; done += kChunk) {
    const uint64_t n = std::min<uint64_t>(kChunk, length - done);
    const auto left = read_range(a, offset + done, n), right = read_range(b, offset + done, n);
    const auto [at, unused] = std::mismatch(left.begin(), left.end(), right.begin());
    if (at != left.end()) return offset + done + static_cast<uint64_t>(at - left.begin());
  }
  return std::nullopt;
}

}  // namespace lab

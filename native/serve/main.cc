// platter-serve: shows parts of an image as files, for reading only (FUSE).
//
//   platter-serve DIR       mounts itself on the folder DIR. Standard input is the image, or its first piece: a file
//                           or a device that can be seeked, opened for reading only
//     --pieces N            descriptors 5 and up are N further pieces of it, in order
//     --raw                 standard input is the image itself, whatever it looks like
//     --entry NAME          the file to take of a zip that has several
//     --source NAME         the source that the kernel lists for the mount; by default "platter"
//
// Reports are lines of JSON on descriptor 3: {"event":"ready","format":F,"size":N} once the image is open, or
// {"event":"error","fault":F,"offset":N,"said":S} (unpack/error.h), or {"event":"refused","why":W,"said":S}, where W is
// "noIndex", "largeBlocks" (image.h) or "mount"; then the program ends.
//
// Commands are lines on descriptor 4, and each is answered by {"event":"done"} or {"event":"no"}:
//   file NAME OFFSET LENGTH   shows this range of the image under this name
//   stay                      goes on after descriptor 4 is closed, until DIR is unmounted
// Without "stay", the end of descriptor 4 ends the program, and DIR is unmounted. Exit code 0 when it ended so, 1 after
// an error, 2 when the call is wrong.
//
// Two processes: one serves, in a sandbox, and the other waits until it ends or stays, and unmounts DIR.
#include <fcntl.h>
#include <malloc.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <vector>

#include "files.h"
#include "folder.h"
#include "image.h"
#include "sandbox/sandbox.h"
#include "unpack/error.h"
#include "unpack/inflate.h"
#include "unpack/report.h"

namespace serve {
namespace {

using unpack::field;
using unpack::quoted;
using unpack::say;

constexpr int report = 3;
constexpr int commands = 4;
constexpr int further = 5;  // the first of further pieces
constexpr unsigned most_pieces = 1 << 20;

struct Options {
  std::string folder;
  std::string entry;
  std::string source = "platter";
  bool raw = false;
  unsigned pieces = 0;  // behind the first one
};

// 0 for anything but a number of pieces.
unsigned pieces_of(std::string_view text) {
  unsigned count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  return error == std::errc() && end == text.data() + text.size() && count <= most_pieces ? count : 0;
}

std::optional<Options> options_of(int count, char** words) {
  Options options;
  for (int i = 1; i < count; ++i) {
    const std::string_view word = words[i];
    if (word == "--raw")
      options.raw = true;
    else if (word == "--entry" && i + 1 < count)
      options.entry = words[++i];
    else if (word == "--source" && i + 1 < count)
      options.source = words[++i];
    else if (word == "--pieces" && i + 1 < count)
      options.pieces = pieces_of(words[++i]);
    else if (options.folder.empty() && word.starts_with('/'))
      options.folder = word;
    else
      return std::nullopt;
  }
  if (options.folder.empty() || options.source.find(',') != std::string::npos) return std::nullopt;
  return options;
}

unsigned cores() {
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) != 0) return 1;
  return static_cast<unsigned>(CPU_COUNT(&set));
}

// The threads wait for the disk as often as they decode.
unsigned threads() { return std::clamp(cores() * 2, 4u, 16u); }

// What libfuse does beside what decoding does.
constexpr int served_calls[] = {SYS_writev, SYS_getuid, SYS_getgid, SYS_geteuid};
// Decoded blocks and their decoders (image.cc), and the stacks of the threads.
constexpr uint64_t most_memory = uint64_t{4} << 30;  // bytes

// Carries out the commands until there are no more.
class Commands {
 public:
  Commands(Files& files, uint64_t size, int keeper) : files_(files), size_(size), keeper_(keeper) {}

  void run() {
    std::string text;
    std::array<char, 4096> part;
    for (;;) {
      const ssize_t got = read(commands, part.data(), part.size());
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0) break;
      text.append(part.data(), static_cast<size_t>(got));
      for (size_t end = text.find('\n'); end != std::string::npos; end = text.find('\n')) {
        say(report, carry_out(text.substr(0, end)) ? R"({"event":"done"})" : R"({"event":"no"})");
        text.erase(0, end + 1);
      }
    }
    if (!stays_) _exit(0);
  }

 private:
  bool carry_out(const std::string& line) {
    std::istringstream words(line);
    std::string word;
    words >> word;
    if (word == "stay") return stay();
    File file{};
    if (word != "file" || !(words >> file.name >> file.offset >> file.length)) return false;
    return file.offset <= size_ && file.length <= size_ - file.offset && files_.add(file);
  }

  bool stay() {
    // The other process ends without unmounting.
    if (!stays_) say(keeper_, "stay");
    return stays_ = true;
  }

  Files& files_;
  uint64_t size_;
  int keeper_;
  bool stays_ = false;
};

void tell(const unpack::Error& error) {
  say(report, std::string(R"({"event":"error","fault":)") + quoted(unpack::name_of(error.fault())) +
                  field("offset", error.offset()) + ",\"said\":" + quoted(error.what()) + "}");
}

void refuse(const char* why, const std::string& said) {
  say(report, std::string(R"({"event":"refused","why":)") + quoted(why) + ",\"said\":" + quoted(said) + "}");
}

// Serves until the folder is unmounted or nobody wants it any more. Returns the exit code.
int serve(const Options& options, const std::vector<int>& image, bool direct, Folder& folder, int keeper) {
  try {
    unpack::Workers workers(cores());
    const Opened opened = open_image(image, direct, options.raw, options.entry, workers);
    Files files;
    Commands taken(files, opened.image->size(), keeper);
    std::thread([&taken] { taken.run(); }).detach();
    say(report, std::string(R"({"event":"ready","format":)") + quoted(unpack::name_of(opened.format)) +
                    field("size", opened.image->size()) + "}");
    folder.serve(*opened.image, files, threads());
    // Threads may still decode for readers that are gone.
    _exit(0);
  } catch (const unpack::Error& error) {
    tell(error);
  } catch (const Unservable& unservable) {
    refuse(unservable.why(), unservable.what());
  } catch (const std::bad_alloc&) {
    tell(unpack::Error(unpack::Fault::resources, 0, "not enough memory"));
  } catch (const std::system_error& error) {  // no thread
    tell(unpack::Error(unpack::Fault::resources, 0, error.what()));
  }
  return 1;
}

// Unmounts the folder, even while it is in use: nobody answers for it any more.
void unmount(const std::string& folder) {
  if (umount2(folder.c_str(), MNT_DETACH | UMOUNT_NOFOLLOW) == 0 || errno != EPERM) return;
  const pid_t child = fork();
  if (child == 0) {
    execlp("fusermount3", "fusermount3", "-u", "-z", "-q", "--", folder.c_str(), nullptr);
    _exit(1);
  }
  if (child > 0) waitpid(child, nullptr, 0);
}

// Waits for the process that serves. Returns its exit code, or 0 when it stays.
int keep(const std::string& folder, pid_t server, int told) {
  char stays = 0;
  ssize_t got = 0;
  do {
    got = read(told, &stays, 1);
  } while (got < 0 && errno == EINTR);
  if (got == 1) return 0;
  int status = 0;
  while (waitpid(server, &status, 0) < 0 && errno == EINTR) {
  }
  unmount(folder);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

bool is_read_only(int fd) {
  const int flags = fcntl(fd, F_GETFL);
  return flags >= 0 && (flags & O_ACCMODE) == O_RDONLY;
}

int run(int count, char** words) {
  const auto options = options_of(count, words);
  if (!options) {
    std::fputs("usage: platter-serve [--pieces N] [--raw] [--entry NAME] [--source NAME] DIR\n", stderr);
    return 2;
  }
  // What the sandbox keeps is what it may do.
  std::vector<int> image{STDIN_FILENO};
  for (unsigned i = 0; i < options->pieces; ++i) image.push_back(further + static_cast<int>(i));
  if (!std::ranges::all_of(image, is_read_only)) {
    std::fputs("platter-serve: the image has to be open for reading only\n", stderr);
    return 2;
  }
  const bool direct = image.size() == 1 && (fcntl(STDIN_FILENO, F_GETFL) & O_DIRECT) != 0;
  std::signal(SIGPIPE, SIG_IGN);
  unpack::Inflater::load();
  // Closes descriptors that the caller left open by mistake. Kernels before 5.9 cannot do this.
  close_range(further + options->pieces, ~0u, 0);
  mallopt(M_ARENA_MAX, 1);
  try {
    Folder folder(options->folder, options->source);
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) throw std::system_error(errno, std::generic_category(), "pipe2");
    const pid_t server = fork();
    if (server < 0) throw std::system_error(errno, std::generic_category(), "fork");
    if (server > 0) {
      // Nothing of the image, and nothing that keeps a reader of the reports waiting.
      image.insert(image.end(), {report, commands, ends[1]});
      for (const int fd : image) close(fd);
      folder.leave();
      _exit(keep(options->folder, server, ends[0]));
    }
    close(ends[0]);
    sandbox::enter(most_memory, served_calls);
    _exit(serve(*options, image, direct, folder, ends[1]));
  } catch (const std::system_error& error) {  // no sandbox, or no process
    tell(unpack::Error(unpack::Fault::resources, 0, error.what()));
    unmount(options->folder);
  } catch (const std::runtime_error& error) {
    refuse("mount", error.what());
  }
  return 1;
}

}  // namespace
}  // namespace serve

int main(int count, char** words) { return serve::run(count, words); }

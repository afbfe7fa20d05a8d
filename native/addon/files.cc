#include "files.h"

#include <fcntl.h>
#include <linux/loop.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <memory>
#include <string>

#include "../kcopyd/device.h"
#include "device.h"
#include "engine_error.h"
#include "waiting.h"

// linux/fs.h has these too, but cannot always be included together with glibc's stdio.h.
#ifndef RENAME_NOREPLACE
#define RENAME_NOREPLACE (1 << 0)
#endif
#ifndef RENAME_EXCHANGE
#define RENAME_EXCHANGE (1 << 1)
#endif

namespace platter {
namespace {

std::string text(const Napi::Value& value, const char* what) {
  if (!value.IsString()) throw invalid_argument(value.Env(), what);
  std::string result = value.As<Napi::String>().Utf8Value();
  // A NUL inside a path would name another file than the caller means.
  if (result.empty() || result.find('\0') != std::string::npos) throw invalid_argument(value.Env(), what);
  return result;
}

// renameFile(from, to, how): renameat2 with RENAME_NOREPLACE ("noReplace") or RENAME_EXCHANGE ("exchange"). Throws
// EINVAL where the file system has no such rename.
Napi::Value rename_file(const Napi::CallbackInfo& info) {
  const std::string from = text(info[0], "renameFile: the first path is empty, holds a NUL or is no string");
  const std::string to = text(info[1], "renameFile: the second path is empty, holds a NUL or is no string");
  const std::string how = text(info[2], "renameFile: how is no string");
  if (how != "noReplace" && how != "exchange") throw invalid_argument(info.Env(), "renameFile: how is unknown");
  const unsigned flags = how == "exchange" ? RENAME_EXCHANGE : RENAME_NOREPLACE;
  if (renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), flags) != 0) {
    throw engine_error(info.Env(), errno, "rename", to);
  }
  return info.Env().Undefined();
}

// makePipe(): the two ends of a pipe, [read, write]. They are closed on exec.
Napi::Value make_pipe(const Napi::CallbackInfo& info) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) throw engine_error(info.Env(), errno, "pipe", "");
  Napi::Array result = Napi::Array::New(info.Env(), 2);
  for (uint32_t i = 0; i < 2; ++i) result.Set(i, Napi::Number::New(info.Env(), ends[i]));
  return result;
}

// makeMemory(bytes): a descriptor of memory that programs can share. It is closed on exec.
Napi::Value make_memory(const Napi::CallbackInfo& info) {
  const int64_t bytes = info[0].IsNumber() ? info[0].As<Napi::Number>().Int64Value() : -1;
  if (bytes < 0) throw invalid_argument(info.Env(), "makeMemory: not a number of bytes");
  kcopyd::Descriptor memory(memfd_create("platter", MFD_CLOEXEC));
  if (!memory || ftruncate(memory.get(), bytes) != 0) throw engine_error(info.Env(), errno, "memory", "");
  return Napi::Number::New(info.Env(), memory.release());
}

// resizeFile(device, bytes): ftruncate on the held descriptor of a regular file that is open for writing.
Napi::Value resize_file(const Napi::CallbackInfo& info) {
  const Device& device = Device::of(info[0]);
  const int64_t bytes = info[1].IsNumber() ? info[1].As<Napi::Number>().Int64Value() : -1;
  if (bytes < 0) throw invalid_argument(info.Env(), "resizeFile: the size is no number of bytes");
  while (ftruncate(device.get()->buffered.get(), bytes) != 0) {
    if (errno != EINTR) throw engine_error(info.Env(), errno, "resize", device.path());
  }
  return info.Env().Undefined();
}

// The lock belongs to the open file description. The claim's description sees no I/O, so closing it frees the lock at
// once.
int lock_descriptor_of(const block_device& device) { return device.claim ? device.claim.get() : device.buffered.get(); }

// flock without waiting. False when another lock excludes this one.
bool lock(Napi::Env env, int fd, bool exclusive, const std::string& path) {
  while (flock(fd, (exclusive ? LOCK_EX : LOCK_SH) | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK) return false;
    if (errno != EINTR) throw engine_error(env, errno, "lock", path);
  }
  return true;
}

// lockDevice(device, exclusive): true when the lock is now held.
Napi::Value lock_device(const Napi::CallbackInfo& info) {
  const Device& device = Device::of(info[0]);
  const bool held = lock(info.Env(), lock_descriptor_of(*device.get()), info[1].ToBoolean(), device.path());
  return Napi::Boolean::New(info.Env(), held);
}

// unlockDevice(device): unlocks explicitly, because a descriptor that io_uring still knows keeps its lock for a moment
// after close.
Napi::Value unlock_device(const Napi::CallbackInfo& info) {
  const Device& device = Device::of(info[0]);
  const int fd = lock_descriptor_of(*device.get());
  if (flock(fd, LOCK_UN) != 0) throw engine_error(info.Env(), errno, "lock", device.path());
  return info.Env().Undefined();
}

// lockDescriptor(fd, exclusive): the same for a descriptor that the caller has opened and closes.
Napi::Value lock_descriptor(const Napi::CallbackInfo& info) {
  if (!info[0].IsNumber()) throw invalid_argument(info.Env(), "lockDescriptor: no descriptor");
  const bool held = lock(info.Env(), info[0].As<Napi::Number>().Int32Value(), info[1].ToBoolean(), "");
  return Napi::Boolean::New(info.Env(), held);
}

// A copy of the descriptor for another thread. It stays open while that thread uses it, whatever happens to the device.
std::shared_ptr<kcopyd::Descriptor> held_copy(Napi::Env env, const Device& device) {
  const int copy = fcntl(device.get()->buffered.get(), F_DUPFD_CLOEXEC, 0);
  if (copy < 0) throw engine_error(env, errno, "check", device.path());
  return std::make_shared<kcopyd::Descriptor>(copy);
}

// "8:16" for a number in the kernel's huge_encode_dev, which spreads it over 64 bits as glibc does.
std::string text_of(uint64_t encoded) {
  const auto number = static_cast<dev_t>(encoded);
  return std::to_string(major(number)) + ":" + std::to_string(minor(number));
}

// What lies behind a loop device: "file:MAJOR:MINOR:INODE", or "block:MAJOR:MINOR" for a block device, whatever its
// node is called. Empty for every other device.
std::string loop_file_of(int fd) {
  struct loop_info64 status {};
  if (ioctl(fd, LOOP_GET_STATUS64, &status) != 0) return "";
  if (status.lo_rdevice != 0) return "block:" + text_of(status.lo_rdevice);
  return "file:" + text_of(status.lo_device) + ":" + std::to_string(status.lo_inode);
}

Napi::Value text_or_null(Napi::Env env, std::string& text) {
  return text.empty() ? env.Null() : Napi::String::New(env, text);
}

// loopFile(device): resolves to the identity of what lies behind a loop device, even if that has no name any more; to
// null for every other device. The kernel asks the file's file system, which can hang, so another thread waits for it.
Napi::Value loop_file(const Napi::CallbackInfo& info) {
  const Device& device = Device::of(info[0]);
  const auto held = held_copy(info.Env(), device);
  return Waiting<std::string>::begin(
      info.Env(), "check", [held] { return loop_file_of(held->get()); }, &text_or_null);
}

// loopFileAt(path): the same for the loop device at a path. Also null when this user may not open it.
Napi::Value loop_file_at(const Napi::CallbackInfo& info) {
  const std::string path = text(info[0], "loopFileAt: the path is empty, holds a NUL or is no string");
  return Waiting<std::string>::begin(
      info.Env(), "check",
      [path] {
        const kcopyd::Descriptor node(open(path.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
        return node ? loop_file_of(node.get()) : "";
      },
      &text_or_null);
}

// Bytes of data in a file, or an errno.
struct Counted {
  std::string path;
  int64_t bytes;
  int error;
};

Counted count_data(const std::string& path, int fd) {
  int64_t bytes = 0;
  for (off_t at = 0;;) {
    const off_t data = lseek(fd, at, SEEK_DATA);
    // ENXIO: only a hole follows.
    if (data < 0) return Counted{path, bytes, errno == ENXIO ? 0 : errno};
    const off_t hole = lseek(fd, data, SEEK_HOLE);
    if (hole < 0) return Counted{path, bytes, errno};
    bytes += hole - data;
    at = hole;
  }
}

Napi::Value number_of_bytes(Napi::Env env, Counted& counted) {
  if (counted.error != 0) throw engine_error(env, counted.error, "check", counted.path);
  return Napi::Number::New(env, static_cast<double>(counted.bytes));
}

// dataBytes(device): resolves to the bytes of a file that are not holes. Its file system may take its time.
Napi::Value data_bytes(const Napi::CallbackInfo& info) {
  const Device& device = Device::of(info[0]);
  const auto held = held_copy(info.Env(), device);
  return Waiting<Counted>::begin(
      info.Env(), "check", [held, path = device.path()] { return count_data(path, held->get()); }, &number_of_bytes);
}

// What statx says of an open file, whatever its name, or an errno.
struct FileState {
  std::string path;
  struct statx found;
  int error;
};

FileState state_of(const std::string& path, int fd) {
  FileState state{path, {}, 0};
  constexpr unsigned wanted = STATX_SIZE | STATX_MTIME | STATX_CTIME | STATX_BTIME;
  if (statx(fd, "", AT_EMPTY_PATH, wanted, &state.found) != 0) state.error = errno;
  return state;
}

// Nanoseconds since the epoch. 64 bits only hold the years 1677 to 2262, and a file can have any time.
Napi::BigInt nanoseconds(Napi::Env env, const struct statx_timestamp& time) {
  const __int128 signed_value = static_cast<__int128>(time.tv_sec) * 1'000'000'000 + time.tv_nsec;
  const auto value = static_cast<unsigned __int128>(signed_value < 0 ? -signed_value : signed_value);
  const std::array<uint64_t, 2> words = {static_cast<uint64_t>(value), static_cast<uint64_t>(value >> 64)};
  return Napi::BigInt::New(env, signed_value < 0 ? 1 : 0, words.size(), words.data());
}

Napi::Value file_facts(Napi::Env env, FileState& state) {
  if (state.error != 0) throw engine_error(env, state.error, "check", state.path);
  Napi::Object result = Napi::Object::New(env);
  const struct statx& found = state.found;
  const bool has_birth =
      (found.stx_mask & STATX_BTIME) != 0 && (found.stx_btime.tv_sec != 0 || found.stx_btime.tv_nsec != 0);
  result.Set("size", Napi::Number::New(env, static_cast<double>(found.stx_size)));
  result.Set("modified", nanoseconds(env, found.stx_mtime));
  result.Set("changed", nanoseconds(env, found.stx_ctime));
  result.Set("born", has_birth ? nanoseconds(env, found.stx_btime) : env.Null());
  return result;
}

// fileState(device): resolves to the state of the open file, not of what has its name now. Its file system may take its
// time.
Napi::Value file_state(const Napi::CallbackInfo& info) {
  const Device& device = Device::of(info[0]);
  const auto held = held_copy(info.Env(), device);
  return Waiting<FileState>::begin(
      info.Env(), "check", [held, path = device.path()] { return state_of(path, held->get()); }, &file_facts);
}

}  // namespace

void define_files(Napi::Env env, Napi::Object exports) {
  exports.Set("renameFile", Napi::Function::New<rename_file>(env, "renameFile"));
  exports.Set("makePipe", Napi::Function::New<make_pipe>(env, "makePipe"));
  exports.Set("makeMemory", Napi::Function::New<make_memory>(env, "makeMemory"));
  exports.Set("resizeFile", Napi::Function::New<resize_file>(env, "resizeFile"));
  exports.Set("lockDevice", Napi::Function::New<lock_device>(env, "lockDevice"));
  exports.Set("unlockDevice", Napi::Function::New<unlock_device>(env, "unlockDevice"));
  exports.Set("lockDescriptor", Napi::Function::New<lock_descriptor>(env, "lockDescriptor"));
  exports.Set("dataBytes", Napi::Function::New<data_bytes>(env, "dataBytes"));
  exports.Set("fileState", Napi::Function::New<file_state>(env, "fileState"));
  exports.Set("loopFile", Napi::Function::New<loop_file>(env, "loopFile"));
  exports.Set("loopFileAt", Napi::Function::New<loop_file_at>(env, "loopFileAt"));
}

}  // namespace platter

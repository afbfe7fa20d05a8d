#include "frame_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "errors.h"

namespace kcopyd {

namespace {

int64_t read_piece(int fd, std::span<std::byte> to, uint64_t offset) {
  size_t got = 0;
  while (got < to.size()) {
    const ssize_t bytes = pread(fd, to.data() + got, to.size() - got, static_cast<off_t>(offset + got));
    if (bytes < 0 && errno == EINTR) continue;
    if (bytes < 0) return -errno;
    if (bytes == 0) break;
    got += static_cast<size_t>(bytes);
  }
  return static_cast<int64_t>(got);
}

}  // namespace

std::string piece_name(const std::string& whole, uint64_t index) {
  std::string digits = std::to_string(index);
  if (digits.size() < 3) digits.insert(0, 3 - digits.size(), '0');
  return whole + "." + digits + ".part";
}

FrameFile::FrameFile(Descriptor buffered, Descriptor direct, uint32_t block, Split split)
    : split_(std::move(split)), block_(direct ? block : 1) {
  pieces_.push_back(std::make_unique<FramePiece>());
  pieces_.front()->buffered = std::move(buffered);
  pieces_.front()->direct = std::move(direct);
}

int32_t FrameFile::put(std::span<const std::byte> bytes, uint64_t offset) {
  while (!bytes.empty()) {
    FramePiece* to = nullptr;
    if (const int failed = errno_of([&] { to = piece(offset / split_.size); }); failed != 0) return failed;
    const uint64_t at = offset % split_.size;
    const size_t some = std::min<uint64_t>(bytes.size(), split_.size - at);
    const ssize_t put = pwrite(to->buffered.get(), bytes.data(), some, static_cast<off_t>(at));
    if (put < 0 && errno == EINTR) continue;
    if (put <= 0) return put < 0 ? -errno : -EIO;
    to->dirty = true;
    bytes = bytes.subspan(static_cast<size_t>(put));
    offset += static_cast<uint64_t>(put);
  }
  return 0;
}

int64_t FrameFile::read(std::span<std::byte> to, uint64_t offset) { return read_by(Way::direct, to, offset); }

int64_t FrameFile::look(std::span<std::byte> to, uint64_t offset) { return read_by(Way::buffered, to, offset); }

int64_t FrameFile::read_by(Way way, std::span<std::byte> to, uint64_t offset) {
  size_t got = 0;
  while (got < to.size()) {
    const uint64_t index = (offset + got) / split_.size;
    const FramePiece* from = nullptr;
    {
      const std::lock_guard lock(mutex_);
      if (index >= pieces_.size()) break;
      from = pieces_[index].get();
    }
    const uint64_t at = (offset + got) % split_.size;
    const size_t some = std::min<uint64_t>(to.size() - got, split_.size - at);
    const bool direct = way == Way::direct && from->direct;
    // What anyone has read before says nothing about the medium now.
    if (way == Way::buffered) posix_fadvise(from->buffered.get(), 0, 0, POSIX_FADV_DONTNEED);
    const int64_t bytes = read_piece((direct ? from->direct : from->buffered).get(), to.subspan(got, some), at);
    if (bytes < 0) return bytes;
    got += static_cast<size_t>(bytes);
    if (static_cast<size_t>(bytes) < some) break;
  }
  return static_cast<int64_t>(got);
}

int FrameFile::end_at(uint64_t end) {
  const std::lock_guard lock(mutex_);
  const uint64_t before = (pieces_.size() - 1) * split_.size;
  if (pieces_.size() > 1 && end < before) return EINVAL;
  while (ftruncate(pieces_.back()->buffered.get(), static_cast<off_t>(end - before)) != 0) {
    if (errno != EINTR) return errno;
  }
  pieces_.back()->dirty = true;
  return 0;
}

int FrameFile::sync() {
  std::vector<FramePiece*> written;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& one : pieces_) {
      if (one->dirty.exchange(false)) written.push_back(one.get());
    }
  }
  int failed = 0;
  for (FramePiece* one : written) {
    if (failed == 0 && fdatasync(one->buffered.get()) == 0) {
      // Without direct I/O it is read back from the medium only when the page cache has let go of it.
      if (!one->direct) posix_fadvise(one->buffered.get(), 0, 0, POSIX_FADV_DONTNEED);
      continue;
    }
    if (failed == 0) failed = errno;
    one->dirty = true;
  }
  return failed;
}

std::vector<FileIdentity> FrameFile::identities() {
  const std::lock_guard lock(mutex_);
  std::vector<FileIdentity> all;
  for (const auto& one : pieces_) {
    struct stat status {};
    if (fstat(one->buffered.get(), &status) != 0) fail(errno);
    all.push_back({.device = status.st_dev, .inode = status.st_ino});
  }
  return all;
}

// Makes it, and those before it, where they are missing. Throws std::system_error and std::bad_alloc.
FramePiece* FrameFile::piece(uint64_t index) {
  const std::lock_guard lock(mutex_);
  while (pieces_.size() <= index) pieces_.push_back(made(pieces_.size()));
  return pieces_[index].get();
}

std::unique_ptr<FramePiece> FrameFile::made(uint64_t index) const {
  const std::string name = piece_name(split_.name, index);
  constexpr int flags = O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
  auto piece = std::make_unique<FramePiece>();
  piece->buffered = Descriptor(openat(split_.folder.get(), name.c_str(), flags, 0600));
  if (!piece->buffered) fail(errno);
  struct stat first {};
  if (fstat(pieces_.front()->buffered.get(), &first) != 0) fail(errno);
  // As for the first piece: where the system or the file system refuses an owner, a mode or direct I/O, go on without.
  const int fd = piece->buffered.get();
  const bool is_owned = fchown(fd, first.st_uid, first.st_gid) == 0;
  static_cast<void>(fchmod(fd, first.st_mode & (is_owned ? 0777 : 0707)));
  if (pieces_.front()->direct) {
    const std::string self = "/proc/self/fd/" + std::to_string(fd);
    piece->direct = Descriptor(open(self.c_str(), O_RDWR | O_DIRECT | O_CLOEXEC));
  }
  return piece;
}

}  // namespace kcopyd

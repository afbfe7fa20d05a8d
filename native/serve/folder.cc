#include "folder.h"

#define FUSE_USE_VERSION 34
#include <fuse3/fuse_lowlevel.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <new>
#include <stdexcept>
#include <thread>
#include <vector>

#include "unpack/error.h"

namespace serve {

struct Served {
  Image* image = nullptr;
  const Files* files = nullptr;
};

namespace {

// What does not change need not be asked again.
constexpr double forever = 86400.0;  // seconds
constexpr mode_t file_mode = S_IFREG | 0400;
constexpr mode_t folder_mode = S_IFDIR | 0500;
constexpr fuse_ino_t first_file = FUSE_ROOT_ID + 1;

const Served& served_by(fuse_req_t request) { return *static_cast<const Served*>(fuse_req_userdata(request)); }

const File* file_at(fuse_req_t request, fuse_ino_t inode) {
  return inode < first_file ? nullptr : served_by(request).files->at(inode - first_file);
}

struct stat attributes_of(fuse_ino_t inode, const File* file) {
  struct stat found {};
  found.st_ino = inode;
  found.st_mode = file != nullptr ? file_mode : folder_mode;
  found.st_nlink = file != nullptr ? 1 : 2;
  found.st_uid = getuid();
  found.st_gid = getgid();
  found.st_size = file != nullptr ? static_cast<off_t>(file->length) : 0;
  found.st_blocks = (found.st_size + 511) / 512;
  found.st_blksize = 4096;
  return found;
}

void begin(void*, fuse_conn_info* connection) {
  // The sandbox allows no pipes. What is kept of a file stays right.
  connection->want &= ~static_cast<unsigned>(FUSE_CAP_SPLICE_READ | FUSE_CAP_SPLICE_WRITE | FUSE_CAP_SPLICE_MOVE |
                                             FUSE_CAP_AUTO_INVAL_DATA);
}

void look_up(fuse_req_t request, fuse_ino_t parent, const char* name) {
  const int64_t number = parent == FUSE_ROOT_ID ? served_by(request).files->find(name) : -1;
  if (number < 0) {
    // It may be added.
    fuse_reply_err(request, ENOENT);
    return;
  }
  const fuse_ino_t inode = first_file + static_cast<fuse_ino_t>(number);
  fuse_entry_param entry{};
  entry.ino = inode;
  entry.attr = attributes_of(inode, file_at(request, inode));
  entry.attr_timeout = entry.entry_timeout = forever;
  fuse_reply_entry(request, &entry);
}

void tell_attributes(fuse_req_t request, fuse_ino_t inode, fuse_file_info*) {
  const File* file = file_at(request, inode);
  if (file == nullptr && inode != FUSE_ROOT_ID) {
    fuse_reply_err(request, ENOENT);
    return;
  }
  const struct stat found = attributes_of(inode, file);
  fuse_reply_attr(request, &found, forever);
}

void open_file(fuse_req_t request, fuse_ino_t inode, fuse_file_info* info) {
  if (file_at(request, inode) == nullptr) {
    fuse_reply_err(request, EISDIR);
  } else if ((info->flags & O_ACCMODE) != O_RDONLY) {
    fuse_reply_err(request, EROFS);
  } else {
    info->keep_cache = 1;
    fuse_reply_open(request, info);
  }
}

// Bytes that a block cannot give are an error for the reader of that block, never the end of the server.
void read_file(fuse_req_t request, fuse_ino_t inode, size_t size, off_t offset, fuse_file_info*) {
  const File* file = file_at(request, inode);
  if (file == nullptr) {
    fuse_reply_err(request, EISDIR);
    return;
  }
  const auto at = static_cast<uint64_t>(offset);
  const uint64_t left = at < file->length ? file->length - at : 0;
  thread_local std::vector<char> buffer;
  try {
    buffer.resize(static_cast<size_t>(std::min<uint64_t>(size, left)));
    if (!buffer.empty()) served_by(request).image->read(file->offset + at, std::as_writable_bytes(std::span(buffer)));
    fuse_reply_buf(request, buffer.data(), buffer.size());
  } catch (const std::bad_alloc&) {
    fuse_reply_err(request, ENOMEM);
  } catch (const std::exception&) {
    fuse_reply_err(request, EIO);
  }
}

void read_folder(fuse_req_t request, fuse_ino_t inode, size_t size, off_t offset, fuse_file_info*) {
  if (inode != FUSE_ROOT_ID) {
    fuse_reply_err(request, ENOTDIR);
    return;
  }
  std::vector<char> buffer(size);
  size_t used = 0;
  for (off_t next = offset;; ++next) {
    const bool is_dots = next < 2;
    const fuse_ino_t entry = is_dots ? FUSE_ROOT_ID : first_file + static_cast<fuse_ino_t>(next - 2);
    const File* file = file_at(request, entry);
    if (!is_dots && file == nullptr) break;
    const struct stat found = attributes_of(entry, file);
    const char* name = next == 0 ? "." : next == 1 ? ".." : file->name.c_str();
    const size_t length = fuse_add_direntry(request, buffer.data() + used, size - used, name, &found, next + 1);
    if (length > size - used) break;
    used += length;
  }
  fuse_reply_buf(request, buffer.data(), used);
}

fuse_lowlevel_ops operations() {
  fuse_lowlevel_ops operations{};
  operations.init = begin;
  operations.lookup = look_up;
  operations.getattr = tell_attributes;
  operations.open = open_file;
  operations.read = read_file;
  operations.readdir = read_folder;
  return operations;
}

void answer(fuse_session* session) {
  fuse_buf request{};
  while (fuse_session_exited(session) == 0) {
    const int got = fuse_session_receive_buf(session, &request);
    if (got == -EINTR) continue;
    if (got <= 0) break;
    fuse_session_process_buf(session, &request);
  }
  std::free(request.mem);
}

}  // namespace

Folder::Folder(const std::string& path, const std::string& source) : served_(std::make_unique<Served>()) {
  static const fuse_lowlevel_ops calls = operations();
  std::string name = "platter-serve";
  std::string flag = "-o";
  std::string options = "ro,nosuid,nodev,noexec,default_permissions,subtype=platter,fsname=" + source;
  char* words[] = {name.data(), flag.data(), options.data(), nullptr};
  fuse_args arguments{.argc = 3, .argv = words, .allocated = 0};
  session_ = fuse_session_new(&arguments, &calls, sizeof calls, served_.get());
  fuse_opt_free_args(&arguments);
  if (session_ == nullptr) throw std::runtime_error("libfuse refuses its options");
  if (fuse_session_mount(session_, path.c_str()) == 0) return;
  fuse_session_destroy(session_);
  throw std::runtime_error("the folder cannot be mounted");
}

Folder::~Folder() { fuse_session_destroy(session_); }

void Folder::leave() { close(fuse_session_fd(session_)); }

void Folder::serve(Image& image, const Files& files, unsigned threads) {
  *served_ = {.image = &image, .files = &files};
  std::vector<std::jthread> others;
  for (unsigned i = 1; i < threads; ++i) others.emplace_back(answer, session_);
  answer(session_);
}

}  // namespace serve

// The FUSE files: `disk`, the bytes under the rules; `ctl`, rules in and counters out; `log`, the order of I/O;
// `map`, which sectors cannot be read.
#define FUSE_USE_VERSION 312
#include <errno.h>
#include <fuse3/fuse.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "labdisk.h"

// A stalled request keeps its thread, and one must always be left for ctl.
#define MAX_BACKGROUND 256
#define MAX_THREADS 512

static const struct options* options;
static const struct paths* paths;
static struct fuse* fuse;
static const char* device;

static bool is_disk(const char* path) { return !strcmp(path, "/disk"); }
static bool is_ctl(const char* path) { return !strcmp(path, "/ctl"); }
static bool is_log(const char* path) { return !strcmp(path, "/log"); }
static bool is_map(const char* path) { return !strcmp(path, "/map"); }

int diskfs_resize(uint64_t size) {
  int error = store_resize(size);
  if (error || !*device) return error;
  // A stat tells the kernel the file's new size. Only then does the loop device see it.
  struct stat s;
  if (stat(paths->disk, &s) < 0) return -errno;
  return loop_resize(device);
}

int diskfs_unplug(void) {
  faults_set_dead(ENODEV);
  int error = diskfs_resize(0);
  labdisk_let_go();
  return error;
}

// ---- disk

// Falsifies `data`, the bytes [offset, offset + length). -errno when the old bytes cannot be read.
static int falsify(const struct io* io, char* data, uint64_t length) {
  for (unsigned i = 0; i < io->edits; i++) {
    uint64_t end = io->offset + length;
    uint64_t from = io->edit[i].from > io->offset ? io->edit[i].from : io->offset;
    uint64_t to = io->edit[i].to < end ? io->edit[i].to : end;
    if (from >= to) continue;
    char* at = data + (from - io->offset);
    if (io->edit[i].drop) {
      ssize_t n = store_read(at, to - from, from);
      if (n < 0) return (int)n;
      memset(at + n, 0, to - from - (uint64_t)n);
    } else {
      for (uint64_t k = 0; k < to - from; k++) at[k] ^= 1;
    }
  }
  return 0;
}

// Writes `data`, or zeros when it is NULL, as the verdict says.
static ssize_t put(const struct io* io, const char* data) {
  if (io->transfer == 0) return 0;
  if (io->edits == 0) return data ? store_write(data, io->transfer, io->offset) : store_zero(io->transfer, io->offset);
  char* copy = calloc(1, io->transfer);
  if (!copy) return -ENOMEM;
  if (data) memcpy(copy, data, io->transfer);
  ssize_t result = falsify(io, copy, io->transfer);
  if (result == 0) result = store_write(copy, io->transfer, io->offset);
  free(copy);
  return result;
}

static int disk_read(char* data, size_t length, off_t offset) {
  struct io io;
  faults_begin(&io, OP_READ, (uint64_t)offset, length);
  ssize_t result = io.error ? 0 : store_read(data, io.transfer, io.offset);
  if (result > 0) falsify(&io, data, (uint64_t)result);
  return (int)faults_end(&io, result);
}

static int disk_write(const char* data, size_t length, off_t offset) {
  struct io io;
  faults_begin(&io, OP_WRITE, (uint64_t)offset, length);
  return (int)faults_end(&io, put(&io, data));
}

static int disk_flush(void) {
  struct io io;
  faults_begin(&io, OP_FLUSH, 0, 0);
  return (int)faults_end(&io, io.error ? 0 : store_flush());
}

// Discard and zero-out, in pieces: one request can be the whole disk, and a piece may be held in memory.
static int disk_zero(off_t offset, off_t length) {
  struct io io;
  faults_begin(&io, OP_ZERO, (uint64_t)offset, (uint64_t)length);
  struct io piece = io;
  ssize_t result = 0;
  for (uint64_t done = 0; result >= 0 && done < io.transfer; done += piece.transfer) {
    uint64_t left = io.transfer - done;
    piece.offset = io.offset + done;
    piece.transfer = io.edits && left > MAX_REQUEST ? MAX_REQUEST : left;
    result = put(&piece, NULL);
  }
  result = faults_end(&io, result);
  return result < 0 ? (int)result : 0;
}

// ---- ctl, log and map: a snapshot made at open, so that it is consistent

static int open_text(char* text, struct fuse_file_info* file) {
  file->fh = (uint64_t)(uintptr_t)text;
  file->direct_io = 1;
  return 0;
}

static int read_text(const struct fuse_file_info* file, char* data, size_t length, off_t offset) {
  const char* text = (const char*)(uintptr_t)file->fh;
  size_t size = text ? strlen(text) : 0;
  if ((size_t)offset >= size) return 0;
  if (length > size - (size_t)offset) length = size - (size_t)offset;
  memcpy(data, text + offset, length);
  return (int)length;
}

// A line is a command. The first bad one fails the write; those before it are in force.
static int write_ctl(const char* data, size_t length) {
  char *text = strndup(data, length), *rest = NULL;
  if (!text) return -ENOMEM;
  int error = 0;
  for (char* line = strtok_r(text, "\n", &rest); line && !error; line = strtok_r(NULL, "\n", &rest))
    error = rules_command(line);
  free(text);
  return error ? error : (int)length;
}

// ---- FUSE's calls

static int on_getattr(const char* path, struct stat* s, struct fuse_file_info* file) {
  (void)file;
  memset(s, 0, sizeof *s);
  s->st_nlink = 1;
  if (!strcmp(path, "/")) {
    s->st_mode = S_IFDIR | 0755;
    s->st_nlink = 2;
  } else if (is_disk(path)) {
    s->st_mode = S_IFREG | (options->read_only ? 0444 : 0644);
    s->st_size = (off_t)store_size();
    s->st_blksize = 4096;
    s->st_blocks = (s->st_size + 511) / 512;
  } else if (is_ctl(path)) {
    s->st_mode = S_IFREG | 0644;
  } else if (is_log(path) || is_map(path)) {
    s->st_mode = S_IFREG | 0444;
  } else {
    return -ENOENT;
  }
  return 0;
}

static int on_open(const char* path, struct fuse_file_info* file) {
  if (is_ctl(path)) return open_text(faults_counters(), file);
  if (is_log(path)) return open_text(faults_log(), file);
  if (is_map(path)) return open_text(sectors_map(), file);
  if (!is_disk(path)) return -ENOENT;
  if (options->read_only && (file->flags & O_ACCMODE) != O_RDONLY) return -EROFS;
  if (options->buffered && (file->flags & O_DIRECT)) return -EINVAL;
  // Without the page cache each I/O arrives as it was issued, and no cached page hides a fault.
  file->direct_io = !options->buffered;
  file->noflush = 1;
  return 0;
}

static int on_release(const char* path, struct fuse_file_info* file) {
  if (!is_disk(path)) free((void*)(uintptr_t)file->fh);
  return 0;
}

static int on_read(const char* path, char* data, size_t length, off_t offset, struct fuse_file_info* file) {
  return is_disk(path) ? disk_read(data, length, offset) : read_text(file, data, length, offset);
}

static int on_write(const char* path, const char* data, size_t length, off_t offset, struct fuse_file_info* file) {
  (void)file;
  return is_disk(path) ? disk_write(data, length, offset) : is_ctl(path) ? write_ctl(data, length) : -EPERM;
}

static int on_fsync(const char* path, int data_only, struct fuse_file_info* file) {
  (void)data_only, (void)file;
  return is_disk(path) ? disk_flush() : 0;
}

static int on_fallocate(const char* path, int mode, off_t offset, off_t length, struct fuse_file_info* file) {
  (void)file;
  // Punches a hole or zeroes a range. A disk does nothing else.
  const int zeroing = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_ZERO_RANGE;
  if (!is_disk(path) || !(mode & zeroing) || (mode & ~(zeroing | FALLOC_FL_KEEP_SIZE))) return -EOPNOTSUPP;
  return disk_zero(offset, length);
}

static int on_truncate(const char* path, off_t size, struct fuse_file_info* file) {
  (void)file;
  return is_disk(path) ? store_truncate((uint64_t)size) : 0;  // a shell's `>` truncates ctl
}

static int on_utimens(const char* path, const struct timespec times[2], struct fuse_file_info* file) {
  (void)path, (void)times, (void)file;
  return 0;
}

static int on_readdir(const char* path, void* buffer, fuse_fill_dir_t fill, off_t offset, struct fuse_file_info* file,
                      enum fuse_readdir_flags flags) {
  (void)path, (void)offset, (void)file, (void)flags;
  static const char* const names[] = {".", "..", "disk", "ctl", "log", "map"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) fill(buffer, names[i], NULL, 0, 0);
  return 0;
}

static void* on_init(struct fuse_conn_info* connection, struct fuse_config* config) {
  connection->max_write = connection->max_read = MAX_REQUEST;
  connection->max_readahead = options->buffered ? MAX_REQUEST : 0;
  connection->max_background = MAX_BACKGROUND;
  connection->congestion_threshold = MAX_BACKGROUND;
  // Buffered writes then succeed at once and fail at fsync, as on a real file system.
  if (options->buffered && (connection->capable & FUSE_CAP_WRITEBACK_CACHE))
    connection->want |= FUSE_CAP_WRITEBACK_CACHE;
  config->attr_timeout = config->entry_timeout = 0;
  return NULL;
}

static const struct fuse_operations operations = {
    .init = on_init,
    .getattr = on_getattr,
    .open = on_open,
    .release = on_release,
    .read = on_read,
    .write = on_write,
    .fsync = on_fsync,
    .fallocate = on_fallocate,
    .readdir = on_readdir,
    .truncate = on_truncate,
    .utimens = on_utimens,
};

int diskfs_mount(const struct paths* where, const struct options* opts, const char* loop_device) {
  paths = where, options = opts, device = loop_device;
  char max_read[32], *argv[] = {"labdisk", "-o", "fsname=labdisk,subtype=platter-lab,allow_other", "-o", max_read};
  snprintf(max_read, sizeof max_read, "max_read=%u", MAX_REQUEST);
  struct fuse_args args = FUSE_ARGS_INIT(5, argv);
  faults_init();
  int error = store_open(paths->backing, options->size, options->loop);
  if (!error) error = sectors_init(options->size, options->sector);
  if (error) return error;
  fuse = fuse_new(&args, &operations, sizeof operations, NULL);
  if (!fuse) return -EINVAL;
  return fuse_mount(fuse, paths->mount) ? -EIO : 0;
}

void diskfs_serve(void) {
  struct fuse_loop_config* config = fuse_loop_cfg_create();
  fuse_loop_cfg_set_max_threads(config, MAX_THREADS);
  fuse_loop_mt(fuse, config);
  fuse_loop_cfg_destroy(config);
}

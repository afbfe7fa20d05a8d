// The bytes of the disk: a backing file, a visible size, and a write cache that can be lost.
//
// The cache is a sparse memory file laid over the backing file. A page that exists there is newer than the backing file
// and not flushed yet. A hole means that the backing file is right.
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "labdisk.h"

#define PAGE 4096u
#define PUNCH (FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE)

// Plain I/O shares the lock. Changes of size or cache hold it alone.
static pthread_rwlock_t lock = PTHREAD_RWLOCK_INITIALIZER;
static int backing = -1;
static int cache = -1;
static uint64_t size;
static bool fixed;
static bool is_volatile;

static uint64_t min(uint64_t a, uint64_t b) { return a < b ? a : b; }

// All of it or an error. Behind the end of the file a read gets zeros.
static int read_all(int file, char* data, size_t length, uint64_t offset) {
  while (length > 0) {
    ssize_t n = pread(file, data, length, (off_t)offset);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return -errno;
    if (n == 0) {
      memset(data, 0, length);
      return 0;
    }
    data += n, offset += (uint64_t)n, length -= (size_t)n;
  }
  return 0;
}

static int write_all(int file, const char* data, size_t length, uint64_t offset) {
  while (length > 0) {
    ssize_t n = pwrite(file, data, length, (off_t)offset);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return -errno;
    data += n, offset += (uint64_t)n, length -= (size_t)n;
  }
  return 0;
}

// The next stretch of cached pages at or after `from`; false when there is none.
static bool next_cached(uint64_t from, uint64_t* start, uint64_t* end) {
  off_t data = lseek(cache, (off_t)from, SEEK_DATA);
  if (data < 0) return false;
  off_t hole = lseek(cache, data, SEEK_HOLE);
  *start = (uint64_t)data;
  *end = hole < 0 ? *start : (uint64_t)hole;
  return hole > data;
}

int store_open(const char* path, uint64_t bytes, bool is_fixed) {
  backing = open(path, O_RDWR | O_CLOEXEC);
  if (backing < 0) return -errno;
  cache = memfd_create("labdisk-cache", MFD_CLOEXEC);
  if (cache < 0) return -errno;
  size = bytes;
  fixed = is_fixed;
  return 0;
}

uint64_t store_size(void) {
  pthread_rwlock_rdlock(&lock);
  uint64_t bytes = size;
  pthread_rwlock_unlock(&lock);
  return bytes;
}

static int read_through(char* data, size_t length, uint64_t offset) {
  int error = read_all(backing, data, length, offset);
  uint64_t end = offset + length, start, stop;
  for (uint64_t at = offset; !error && at < end && next_cached(at, &start, &stop) && start < end; at = stop) {
    if (start < at) start = at;
    error = read_all(cache, data + (start - offset), min(stop, end) - start, start);
  }
  return error;
}

ssize_t store_read(void* data, size_t length, uint64_t offset) {
  // lseek on the shared cache descriptor only looks, so readers may share it.
  pthread_rwlock_rdlock(&lock);
  size_t n = offset >= size ? 0 : (size_t)min(length, size - offset);
  int error = is_volatile ? read_through(data, n, offset) : read_all(backing, data, n, offset);
  pthread_rwlock_unlock(&lock);
  return error ? error : (ssize_t)n;
}

// Writes into the cache in whole pages. A page written in part is completed from the backing file first.
static int write_cached(const char* data, size_t length, uint64_t offset) {
  char page[PAGE];
  int error = 0;
  while (!error && length > 0) {
    uint64_t at = offset % PAGE;
    size_t n = (size_t)min(PAGE - at, length);
    if (n < PAGE) error = read_through(page, PAGE, offset - at);
    memcpy(page + at, data, n);
    if (!error) error = write_all(cache, page, PAGE, offset - at);
    data += n, offset += n, length -= n;
  }
  return error;
}

// How many of `length` bytes may be written, after growing a store that may grow. -errno when none.
static ssize_t room(size_t length, uint64_t offset) {
  if (offset + length <= size) return (ssize_t)length;
  if (!fixed) {
    size = offset + length;
    return (ssize_t)length;
  }
  return offset >= size ? -ENOSPC : (ssize_t)(size - offset);
}

ssize_t store_write(const void* data, size_t length, uint64_t offset) {
  pthread_rwlock_rdlock(&lock);
  bool shared = !is_volatile && offset + length <= size;
  if (shared) {
    int error = write_all(backing, data, length, offset);
    pthread_rwlock_unlock(&lock);
    return error ? error : (ssize_t)length;
  }
  pthread_rwlock_unlock(&lock);

  pthread_rwlock_wrlock(&lock);
  ssize_t n = room(length, offset);
  if (n > 0) {
    int error = is_volatile ? write_cached(data, (size_t)n, offset) : write_all(backing, data, (size_t)n, offset);
    if (error) n = error;
  }
  pthread_rwlock_unlock(&lock);
  return n;
}

ssize_t store_zero(uint64_t length, uint64_t offset) {
  pthread_rwlock_wrlock(&lock);
  ssize_t n = room(length, offset);
  int error = n < 0 ? (int)n : 0;
  if (n > 0 && is_volatile) {
    static const char zeros[MAX_REQUEST];
    for (uint64_t done = 0; !error && done < (uint64_t)n; done += MAX_REQUEST)
      error = write_cached(zeros, (size_t)min(MAX_REQUEST, (uint64_t)n - done), offset + done);
  } else if (n > 0 && fallocate(backing, PUNCH, (off_t)offset, n) < 0) {
    error = -errno;
  }
  pthread_rwlock_unlock(&lock);
  return error ? error : n;
}

// Copies pages [start, end) of the cache to the backing file.
static int settle(uint64_t start, uint64_t end) {
  static char buffer[MAX_REQUEST];  // only under the exclusive lock
  int error = 0;
  for (uint64_t at = start; !error && at < min(end, size); at += MAX_REQUEST) {
    size_t n = (size_t)min(MAX_REQUEST, min(end, size) - at);
    error = read_all(cache, buffer, n, at);
    if (!error) error = write_all(backing, buffer, n, at);
  }
  return error;
}

static int flush_locked(void) {
  uint64_t start, end;
  for (uint64_t at = 0; next_cached(at, &start, &end); at = end) {
    int error = settle(start, end);
    if (error) return error;
  }
  return ftruncate(cache, 0) < 0 ? -errno : 0;
}

int store_flush(void) {
  pthread_rwlock_wrlock(&lock);
  int error = is_volatile ? flush_locked() : 0;
  pthread_rwlock_unlock(&lock);
  return error;
}

int store_set_volatile(bool on) {
  pthread_rwlock_wrlock(&lock);
  int error = is_volatile && !on ? flush_locked() : 0;
  if (!error) is_volatile = on;
  pthread_rwlock_unlock(&lock);
  return error;
}

// xorshift64*: small, and the same everywhere for the same seed.
static bool coin(uint64_t* state) {
  *state ^= *state >> 12, *state ^= *state << 25, *state ^= *state >> 27;
  return (*state * 0x2545f4914f6cdd1dULL) >> 63;
}

int store_powercut(const uint64_t* seed) {
  uint64_t start, end, state = seed ? *seed * 2 + 1 : 0;
  int error = 0;
  pthread_rwlock_wrlock(&lock);
  for (uint64_t at = 0; seed && !error && next_cached(at, &start, &end); at = end)
    for (uint64_t page = start; !error && page < end; page += PAGE)
      if (coin(&state)) error = settle(page, page + PAGE);
  if (!error && ftruncate(cache, 0) < 0) error = -errno;
  pthread_rwlock_unlock(&lock);
  return error;
}

int store_resize(uint64_t bytes) {
  pthread_rwlock_wrlock(&lock);
  size = bytes;
  pthread_rwlock_unlock(&lock);
  return 0;
}

int store_truncate(uint64_t bytes) {
  if (fixed) return -EPERM;
  pthread_rwlock_wrlock(&lock);
  int error = is_volatile ? flush_locked() : 0;
  if (!error && ftruncate(backing, (off_t)bytes) < 0) error = -errno;
  if (!error) size = bytes;
  pthread_rwlock_unlock(&lock);
  return error;
}

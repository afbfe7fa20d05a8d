// What the parts of labdisk say to each other. See README.md for the program and its rules.
//
//   labdisk.c  the program: options, the two processes, clean-up
//   loop.c     the loop device
//   diskfs.c   the FUSE files: disk, ctl, log
//   rules.c    the language of ctl
//   faults.c   what each I/O meets under the rules; counters and log
//   store.c    the bytes: backing file, volatile write cache, visible size
#ifndef LABDISK_H
#define LABDISK_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

// Most bytes in one request, so that what a program issues arrives here in one piece.
#define MAX_REQUEST (1u << 20)

// Bytes for "/dev/loopN".
#define DEVICE_NAME 32

struct options {
  uint64_t size;       // bytes
  unsigned sector;     // logical block size, bytes
  bool read_only;
  bool plain;          // no FUSE: the loop device sits on the backing file
  bool loop;           // attach a loop device
  bool buffered;       // no direct I/O
  const char *file;    // backing file of the caller's, or NULL for one of our own
  const char *parent;  // where the temporary directory goes
};

struct paths {
  char dir[PATH_MAX];      // temporary directory, removed at the end
  char mount[PATH_MAX];
  char disk[PATH_MAX];
  char ctl[PATH_MAX];
  char backing[PATH_MAX];
};

// ---- labdisk.c

// "8M", "0x200", "34s" (sectors of 512 bytes), "end" (UINT64_MAX). False when it is no such thing.
bool parse_size(const char *text, uint64_t *bytes);

// ---- loop.c

// Attaches a free loop device to `file` (an open descriptor) and leaves its name in `device`.
// Returns a descriptor of the device or -errno. It detaches when its last descriptor is closed.
int loop_attach(int file, const char *file_path, const struct options *options, char device[DEVICE_NAME]);
// Makes the device take its file's size again. 0 or -errno.
int loop_resize(const char *device);

// ---- diskfs.c

// Mounts the FUSE files on paths->mount. `device` will name the loop device over the disk file, for `resize`.
// 0 or -errno.
int diskfs_mount(const struct paths *paths, const struct options *options, const char *device);
// Serves them until they are unmounted.
void diskfs_serve(void);
// Changes the visible size, of the file and of the loop device. 0 or -errno.
int diskfs_resize(uint64_t size);

// ---- faults.c

enum op { OP_READ = 1, OP_WRITE = 2, OP_FLUSH = 4, OP_ZERO = 8 };

#define MAX_RULES 256

// A part of an I/O that a rule falsifies: bytes [from, to) of the disk.
struct edit {
  bool drop;  // keep the old bytes; else flip the lowest bit of each
  uint64_t from, to;
};

// One I/O on its way through the rules.
struct io {
  enum op op;
  uint64_t offset, length;  // as asked for, bytes
  int error;                // errno it must fail with, or 0
  uint64_t transfer;        // bytes to carry out, also before an error
  unsigned edits;
  struct edit edit[MAX_RULES];
  uint64_t begin;           // its place in the order of events
};

void faults_init(void);
// Counts the I/O, waits as long as the rules say, and fills in the verdict.
void faults_begin(struct io *io, enum op op, uint64_t offset, uint64_t length);
// Counts and logs its end; `result` is bytes done or -errno. Returns what the caller of the I/O is to see.
int64_t faults_end(struct io *io, int64_t result);
// Counters as one line of JSON; the log as a JSON object a line. To be freed.
char *faults_counters(void);
char *faults_log(void);

enum kind { FAIL, SHORT, FLIP, DROP, DELAY, STALL, PARTIAL };

struct rule {
  enum kind kind;
  unsigned ops;       // of enum op
  uint64_t from, to;  // bytes [from, to)
  int error;          // FAIL, SHORT: errno
  uint64_t amount;    // DELAY: microseconds; PARTIAL: bytes
  long count;         // times it may still act; < 0 for ever
};

// The commands of README.md. 0 or -errno.
int faults_add(const struct rule *rule);
int faults_after(unsigned ops, uint64_t bytes, const char *command);
void faults_set_rate(unsigned ops, uint64_t bytes_per_second);
void faults_set_dead(int error);
void faults_go(void);
void faults_clear(void);
void faults_reset(void);
void faults_set_log(unsigned ops);
void faults_clear_log(void);
// Drops all rules; whoever waits in a stall or a delay gets EIO.
void faults_release(void);

// ---- rules.c

// Obeys one line written to ctl. 0 or -errno; what is wrong goes to stderr.
int rules_command(const char *line);

// ---- store.c

// Takes the backing file over. `fixed`: the size does not follow writes, as on a disk.
int store_open(const char *backing, uint64_t size, bool fixed);
uint64_t store_size(void);
// Bytes done or -errno. A read stops at the end; a write past the end of a fixed store gives ENOSPC.
ssize_t store_read(void *data, size_t length, uint64_t offset);
ssize_t store_write(const void *data, size_t length, uint64_t offset);
ssize_t store_zero(uint64_t length, uint64_t offset);
// Moves the volatile cache to the backing file. 0 or -errno.
int store_flush(void);
// Turns the volatile write cache on or off (off flushes first).
int store_set_volatile(bool on);
// Forgets what was not flushed; with a seed, a random half of it survives.
int store_powercut(const uint64_t *seed);
// Changes the visible size; what is cut off comes back when it grows again.
int store_resize(uint64_t size);
// As ftruncate: what is cut off is gone. EPERM when the store is fixed.
int store_truncate(uint64_t size);

#endif

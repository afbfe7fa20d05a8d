// The interfaces between the parts of labdisk. See README.md for the program and its rules.
//
//   labdisk.c  the program: the two processes and their end
//   options.c  the command line and its presets
//   place.c    directory, backing file, mounts, and their removal
//   loop.c     the loop device
//   diskfs.c   the FUSE files: disk, ctl, log, map
//   rules.c    the language of ctl
//   faults.c   what happens to each I/O under the rules; counters and log
//   sectors.c  which sectors are bad, and luck
//   store.c    the bytes: backing file, volatile write cache, visible size
#ifndef LABDISK_H
#define LABDISK_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

// Most bytes in one request, so that what a program issues arrives in one piece.
#define MAX_REQUEST (1u << 20)

// Bytes for "/dev/loopN".
#define DEVICE_NAME 32

// Most rules on the command line.
#define MAX_START_RULES 64

struct options {
  uint64_t size;    // bytes
  unsigned sector;  // logical block size, bytes
  bool read_only;
  bool plain;           // no FUSE: the loop device lies on the backing file
  bool loop;            // attach a loop device
  bool buffered;        // no direct I/O
  bool rotational;      // the loop device's queue/rotational
  uint64_t write_rate;  // bytes a second that the kernel lets be written to the loop device; 0 for no limit
  const char* room;     // size of the backing file's own file system, as text, or NULL
  const char* mkfs;     // type of a file system to make and mount, or NULL
  const char* says;     // the preset in words, or NULL
  const char* rules[MAX_START_RULES];
  unsigned rule_count;
  const char* file;    // the caller's backing file, or NULL for one of our own
  const char* parent;  // where the temporary directory is made
};

struct paths {
  char dir[PATH_MAX];  // temporary directory, removed at the end
  char mount[PATH_MAX];
  char disk[PATH_MAX];
  char ctl[PATH_MAX];
  char backing[PATH_MAX];
  char room[PATH_MAX];  // the backing file's own file system, when that is to be small
  char tree[PATH_MAX];  // where a file system on the disk is mounted
  char lock[PATH_MAX];
};

// ---- labdisk.c

// Says what failed, with strerror unless `error` is 0, and ends this process.
void fail(const char* what, int error) __attribute__((noreturn));
// Called by the server: the disk was unplugged, so the keeper must let go of its device.
void labdisk_let_go(void);

// ---- options.c

// Fills in `options`; ends the process when they make no sense or help was asked for.
void parse_options(int argc, char** argv, struct options* options);
// "8M", "0x200", "34s" (sectors of 512 bytes), "50%" (of the disk, a multiple of 4096), "end" (UINT64_MAX). False for
// anything else.
bool parse_size(const char* text, uint64_t* bytes);
// The bytes that percentages refer to.
void sizes_are_of(uint64_t bytes);

// ---- place.c

// Removes what dead labdisks left, makes the directory and the backing file, and fills in `paths` and options->size.
// `at_exit` is registered as soon as there is something to remove. Ends the process when it fails.
void place_prepare(struct paths* paths, struct options* options, void (*at_exit)(void));
// Makes a file system on `device` and mounts it on paths->tree. Ends the process when it fails.
void place_mount_tree(const struct paths* paths, const char* type, const char* device);
void place_unmount_tree(const struct paths* paths);
// Removes everything, in either process. `serving`: in the one that serves the disk's I/O.
void place_remove(const struct paths* paths, const struct options* options, bool serving);

// ---- loop.c

// Attaches a free loop device to `file` (an open descriptor) and writes its name to `device`. Returns a descriptor of
// the device or -errno. The device detaches when its last descriptor is closed.
int loop_attach(int file, const char* file_path, const struct options* options, char device[DEVICE_NAME]);
// Removes free loop devices, but not the first 32. The kernel keeps each one that it ever made, and lsblk takes a
// millisecond for each.
void loop_tidy(void);
// The kernel lets the programs of this process's control group write at most this many bytes a second to the device; 0
// for no limit. Outlives the device's file. 0 or -errno; -ENOENT where the kernel has no such limit (cgroup v1's
// blkio).
int loop_limit_writes(const char* device, uint64_t bytes_per_second);
// Makes the device take its file's new size. 0 or -errno.
int loop_resize(const char* device);

// ---- diskfs.c

// Mounts the FUSE files on paths->mount. `device` will name the loop device over the disk file, for `resize`. 0 or
// -errno.
int diskfs_mount(const struct paths* paths, const struct options* options, const char* device);
// Serves them until they are unmounted.
void diskfs_serve(void);
// Changes the visible size, of the file and of the loop device. 0 or -errno.
int diskfs_resize(uint64_t size);
// Unplugs the disk: all I/O fails with ENODEV, the size becomes 0, and the device goes with its last user. 0 or -errno.
int diskfs_unplug(void);

// ---- faults.c

enum op { OP_READ = 1, OP_WRITE = 2, OP_FLUSH = 4, OP_ZERO = 8 };

#define MAX_RULES 256

// A part of an I/O that a rule falsifies: bytes [from, to) of the disk.
struct edit {
  bool drop;  // keep the old bytes; else flip the lowest bit of each
  uint64_t from, to;
};

// One I/O under the rules.
struct io {
  enum op op;
  uint64_t offset, length;  // bytes, as requested
  int error;                // errno that it must fail with, or 0
  uint64_t transfer;        // bytes to transfer, also before an error
  unsigned edits;
  struct edit edit[MAX_RULES];
  uint64_t begin;  // its place in the order of events
  uint64_t delay;  // microseconds asked for by `delay` and `hiccup`
};

void faults_init(void);
// Counts the I/O, waits as long as the rules say, and fills in the verdict.
void faults_begin(struct io* io, enum op op, uint64_t offset, uint64_t length);
// Counts and logs its end. `result` is bytes done or -errno. Returns what the caller of the I/O must see.
int64_t faults_end(struct io* io, int64_t result);
// Counters as one line of JSON; the log as one JSON object a line. The caller frees it.
char* faults_counters(void);
char* faults_log(void);

enum kind { FAIL, SHORT, FLIP, DROP, DELAY, STALL, PARTIAL };

struct rule {
  enum kind kind;
  unsigned ops;       // of enum op
  uint64_t from, to;  // bytes [from, to)
  int error;          // FAIL, SHORT: errno
  uint64_t amount;    // DELAY: microseconds; PARTIAL: bytes
  double percent;     // percentage of the I/O that it acts on; 100 for all
  uint64_t seed;      // chooses that I/O
  long count;         // how many times it may still act; < 0: for ever
};

// The commands of README.md. 0 or -errno.
int faults_add(const struct rule* rule);
int faults_after(unsigned ops, uint64_t bytes, const char* command);
void faults_set_rate(unsigned ops, uint64_t bytes_per_second);
// Time that the heads need for each move; 0 for none.
void faults_set_seek(unsigned ops, uint64_t microseconds);
void faults_set_dead(int error);
void faults_go(void);
void faults_clear(void);
void faults_reset(void);
void faults_set_log(unsigned ops);
void faults_clear_log(void);
// Drops all rules. I/O that waits in a stall or a delay gets EIO.
void faults_release(void);

// ---- sectors.c

// A number that depends only on its arguments, evenly distributed.
uint64_t mixed(uint64_t seed, uint64_t value);
// The same as a truth value, true in `percent` of the cases.
bool lucky(double percent, uint64_t seed, uint64_t value);

// The disk has `size` bytes; sectors go bad in blocks of `sector` bytes. 0 or -errno.
int sectors_init(uint64_t size, unsigned sector);
// Marks sectors that cannot be read and/or written (`ops`), from now on with `error`. 0 or -errno.
int sectors_spoil(unsigned ops, uint64_t from, uint64_t to, int error);
int sectors_spoil_percent(unsigned ops, double percent, uint64_t seed, int error);
// Marks everything that a ddrescue mapfile does not call finished. EINVAL when it is no mapfile.
int sectors_spoil_map(unsigned ops, const char* mapfile, int error);
// Where the first bad sector begins that a read or write touches, and its errno; UINT64_MAX when there is none.
uint64_t sectors_first_bad(enum op op, uint64_t offset, uint64_t length, int* error);
// Written sectors can be read again, as on a disk with spare sectors.
void sectors_written(uint64_t offset, uint64_t length);
void sectors_clear(void);
// How many sectors of 512 bytes cannot be read or cannot be written.
uint64_t sectors_count(void);
// What cannot be read, as a ddrescue mapfile. The caller frees it.
char* sectors_map(void);

// ---- rules.c

// Obeys one line written to ctl. 0 or -errno; what is wrong goes to stderr.
int rules_command(const char* line);

// ---- store.c

// Takes over the backing file. `fixed`: the size does not follow writes, as on a disk.
int store_open(const char* backing, uint64_t size, bool fixed);
uint64_t store_size(void);
// Bytes done or -errno. A read stops at the end; a write past the end of a fixed store gives ENOSPC.
ssize_t store_read(void* data, size_t length, uint64_t offset);
ssize_t store_write(const void* data, size_t length, uint64_t offset);
ssize_t store_zero(uint64_t length, uint64_t offset);
// Moves the volatile cache to the backing file. 0 or -errno.
int store_flush(void);
// Turns the volatile write cache on or off (off flushes first).
int store_set_volatile(bool on);
// Forgets what was not flushed. With a seed, a random half of it survives.
int store_powercut(const uint64_t* seed);
// Changes the visible size. What is cut off comes back when it grows again.
int store_resize(uint64_t size);
// As ftruncate: what is cut off is lost. EPERM when the store is fixed.
int store_truncate(uint64_t size);

#endif

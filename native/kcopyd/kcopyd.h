/*
 * kcopyd for user space: copy a range of sectors from one block device (or regular file) to one or more
 * others, asynchronously, with a callback that says whether the read failed and which destinations failed.
 *
 * The five calls, their names and their types are those of Linux's <linux/dm-kcopyd.h>; what departs from the
 * kernel is marked P. Usable from C11 and C++; no JavaScript anywhere below this header.
 *
 * Threads: every function may be called from any thread. Callbacks run on the client's worker thread, one at
 * a time. A callback may submit jobs; it must not destroy its client.
 * Errors: functions return 0 or a negative errno. An error of the devices never comes back this way, it
 * reaches the callback.
 */
#ifndef KCOPYD_H
#define KCOPYD_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Bytes in a sector, whatever the device's own block size. */
#define KCOPYD_SECTOR_SIZE 512u
/* Bytes in a page of the pool. */
#define KCOPYD_PAGE_SIZE 4096u
/* P: the width of write_err; the kernel stops at 8. */
#define KCOPYD_MAX_DESTS 32u
/* Sub-jobs of one job in flight (SPLIT_COUNT in dm-kcopyd.c). */
#define KCOPYD_MAX_SUBJOBS 8u
/* P: largest sub-job in bytes; the kernel's is 512 KiB. Smaller when the pool is smaller. */
#define KCOPYD_SUBJOB_SIZE (1024u * 1024u)

typedef uint64_t sector_t;

struct block_device;
struct kcopyd_client;
struct kcopyd_job;

/* A range of sectors. The last sector of a regular file may be partial: only the bytes there are count. */
struct io_region {
  struct block_device *bdev;
  sector_t sector;
  sector_t count;
};

/*
 * Completion of a job. read_err is a boolean; bit i of write_err is dests[i] (write, flush or, P, verify).
 * Runs on the worker thread, exactly once per accepted job, in completion order.
 */
typedef void (*kcopyd_notify_fn)(int read_err, unsigned int write_err, void *context);

/* ---- Devices ------------------------------------------------------------------------------------------ */

enum kcopyd_open_flags {
  KCOPYD_OPEN_READ = 0,        /* O_RDONLY: the only way a source is opened */
  KCOPYD_OPEN_WRITE = 1 << 0,  /* O_RDWR: written, and read back to verify */
  KCOPYD_OPEN_EXCL = 1 << 1,   /* block device: O_EXCL, -EBUSY if mounted or held; file: flock, -EBUSY if locked */
  KCOPYD_OPEN_CREATE = 1 << 2, /* regular file: create it if absent, empty it if present (after the lock is held) */
  KCOPYD_OPEN_GROW = 1 << 3,   /* regular file: writes past its end extend it (a new image) */
};

struct kcopyd_device_info {
  uint64_t size;           /* bytes; of a growing file, what it has now */
  uint32_t logical_block;  /* bytes: smallest unit the device takes */
  uint32_t physical_block; /* bytes */
  int is_block;            /* 1 block device, 0 regular file */
  int read_only;           /* 1 when the device says so (BLKROGET) */
  int direct;              /* 1 O_DIRECT, 0 the file system refused it: buffered, cache dropped afterwards */
  uint32_t major, minor;   /* of the block device; of the file system's device for a regular file */
  uint64_t inode;          /* of a regular file; 0 for a block device */
};

/* Opens path. Errors: any of open(2); -ENOTBLK when it is neither block device nor regular file. */
int kcopyd_device_open(const char *path, unsigned int flags, struct block_device **result);
/* Facts about an open device, taken from the descriptor, not the path. */
void kcopyd_device_info(const struct block_device *bdev, struct kcopyd_device_info *info);
/* Closes it. No job may still use it. NULL is allowed. */
void kcopyd_device_close(struct block_device *bdev);

/* ---- Clients ------------------------------------------------------------------------------------------ */

/*
 * Reserves num_pages pages of 4 KiB for this client's jobs and starts its worker.
 * The backend is probed: io_uring, else threads. The environment's PLATTER_IO=uring|threads forces one.
 * Errors: -EINVAL num_pages is 0 or PLATTER_IO is neither; -ENOMEM; -ENOSYS or -EPERM: the forced backend is
 * refused here.
 */
int kcopyd_client_create(unsigned int num_pages, struct kcopyd_client **result);

enum kcopyd_backend { KCOPYD_IO_AUTO = 0, KCOPYD_IO_URING = 1, KCOPYD_IO_THREADS = 2 };

struct kcopyd_client_options {
  unsigned int num_pages;
  enum kcopyd_backend backend; /* AUTO: PLATTER_IO, else probe */
  int strict;                  /* K: any error without IGNORE_ERROR stops new sub-jobs for every destination */
  uint64_t bytes_per_second;   /* throttle, 0 for none */
};

/* P: as kcopyd_client_create, with options. */
int kcopyd_client_create_with(const struct kcopyd_client_options *options, struct kcopyd_client **result);
/* P: the backend in use. */
enum kcopyd_backend kcopyd_client_backend(const struct kcopyd_client *client);
/* P: bytes of the source read per second from now on, 0 for no limit. Applied at issue, never delays a callback. */
void kcopyd_client_throttle(struct kcopyd_client *client, uint64_t bytes_per_second);

struct kcopyd_pool_stats {
  size_t bytes;     /* the whole pool, allocated once */
  size_t slot_size; /* bytes of one sub-job's buffer */
  unsigned int slots;
  unsigned int peak; /* most slots ever in use at once */
};
/* P: how the page pool was cut and used. */
void kcopyd_client_pool(const struct kcopyd_client *client, struct kcopyd_pool_stats *stats);

/* Waits until every job's callback has returned, cancels none, then releases the pages. NULL is allowed. */
void kcopyd_client_destroy(struct kcopyd_client *client);

/* ---- Jobs --------------------------------------------------------------------------------------------- */

enum kcopyd_flags {
  KCOPYD_IGNORE_ERROR = 1 << 0, /* go on past errors; what failed is in the masks and the list all the same */
  KCOPYD_WRITE_SEQ = 1 << 1,    /* writes ascend at every destination, one at a time */
  KCOPYD_VERIFY = 1 << 2,       /* P: after its flush each destination is read back and compared with the hashes */
  /*
   * P, copy only: the first sub-job of every destination is zeros until all the rest is flushed, and is written
   * last. So what was interrupted, by whatever, has no partition table and no boot sector to be mistaken for a
   * finished copy. Ignored when the job is a single sub-job or overlaps its source; -EINVAL with WRITE_SEQ.
   */
  KCOPYD_HEAD_LAST = 1 << 3,
};

/*
 * Copies from to every dests[i]. Never blocks on I/O.
 * Errors, fn is then never called: -EINVAL no destination, more than 32, dests[i].count != from->count,
 * destinations that overlap each other, or that overlap the source on both of its sides, unknown flag, NULL; -EBADF a destination not opened for writing;
 * -ENOSPC a destination too short; -ENXIO the source too short.
 */
int kcopyd_copy(struct kcopyd_client *client, const struct io_region *from, unsigned int num_dests,
                const struct io_region *dests, unsigned int flags, kcopyd_notify_fn fn, void *context);

/* The same with zeros as the source; P: every destination has a count of its own. */
int kcopyd_zero(struct kcopyd_client *client, unsigned int num_dests, const struct io_region *dests,
                unsigned int flags, kcopyd_notify_fn fn, void *context);

/* P: reads from and every dests[i] past the cache and compares them chunk by chunk; writes nothing. */
int kcopyd_compare(struct kcopyd_client *client, const struct io_region *from, unsigned int num_dests,
                   const struct io_region *dests, unsigned int flags, kcopyd_notify_fn fn, void *context);

/* A job that does no I/O: counts as a job from here; NULL when out of memory. */
void *kcopyd_prepare_callback(struct kcopyd_client *client, kcopyd_notify_fn fn, void *context);
/* Fires it: fn runs once on the worker. */
void kcopyd_do_callback(void *handle, int read_err, unsigned int write_err);

/* ---- P: a job one can look at --------------------------------------------------------------------------- */

enum kcopyd_op { KCOPYD_COPY = 0, KCOPYD_ZERO = 1, KCOPYD_COMPARE = 2 };

struct kcopyd_request {
  enum kcopyd_op op;
  const struct io_region *from; /* NULL for KCOPYD_ZERO */
  unsigned int num_dests;
  const struct io_region *dests;
  unsigned int flags;
  kcopyd_notify_fn fn;
  void *context;
};

/* As the calls above; *job (when job is not NULL) is to be given back with kcopyd_job_put. */
int kcopyd_submit(struct kcopyd_client *client, const struct kcopyd_request *request, struct kcopyd_job **job);

enum kcopyd_state {
  KCOPYD_WAITING = 0,
  KCOPYD_COPYING = 1,
  KCOPYD_FLUSHING = 2,
  KCOPYD_VERIFYING = 3,
  KCOPYD_DONE = 4,
  KCOPYD_FAILED = 5,
  KCOPYD_CANCELLED = 6,
};

struct kcopyd_dest_progress {
  enum kcopyd_state state;
  uint64_t written;  /* bytes */
  uint64_t verified; /* bytes */
};

struct kcopyd_progress {
  uint64_t bytes_read;  /* of the source */
  uint64_t bytes_total; /* of the source */
  size_t errors;        /* entries in the error list */
  unsigned int num_dests;
  struct kcopyd_dest_progress dests[KCOPYD_MAX_DESTS];
};

/* A sample, taken without locks; exact once the callback has run. */
void kcopyd_job_progress(const struct kcopyd_job *job, struct kcopyd_progress *progress);

enum kcopyd_side { KCOPYD_SIDE_READ = 0, KCOPYD_SIDE_WRITE = 1, KCOPYD_SIDE_VERIFY = 2 };

/* What an error means, by the errno and the place it came from; never a guess beyond that. */
enum kcopyd_cause {
  KCOPYD_CAUSE_IO = 0,        /* an errno with no special meaning here */
  KCOPYD_CAUSE_MEDIUM = 1,    /* EIO, ENODATA, EILSEQ, EREMOTEIO */
  KCOPYD_CAUSE_GONE = 2,      /* ENODEV, ENXIO, ENOMEDIUM; 0 bytes or ENOSPC before the end of a block device */
  KCOPYD_CAUSE_NO_SPACE = 3,  /* ENOSPC, EDQUOT, EFBIG on a regular file */
  KCOPYD_CAUSE_READ_ONLY = 4, /* EROFS, EPERM, EBADF on a write */
  KCOPYD_CAUSE_TIMED_OUT = 5, /* ETIMEDOUT */
  KCOPYD_CAUSE_MISMATCH = 6,  /* read back, and not what was written; no errno */
  KCOPYD_CAUSE_CANCELLED = 7, /* ECANCELED */
};

struct kcopyd_error {
  enum kcopyd_side side;
  int destination; /* index into dests, -1 for the source */
  enum kcopyd_cause cause;
  int err;         /* errno as the kernel gave it, 0 when it gave none (a mismatch, a read of 0 bytes) */
  int flush;       /* 1 when it was the flush that failed */
  uint64_t offset; /* bytes from the start of that device */
  uint64_t length; /* bytes */
};

/*
 * Copies entries [first, first + max) of the job's error list and returns how many it copied. An entry that
 * was returned can still grow in length while the job runs: neighbours of one kind are merged.
 */
size_t kcopyd_job_errors(const struct kcopyd_job *job, size_t first, size_t max, struct kcopyd_error *errors);
/* P: no new sub-jobs; what is in flight ends, destinations are flushed, the callback fires with ECANCELED listed. */
void kcopyd_job_cancel(struct kcopyd_job *job);
/* Gives the handle back. It may outlive its client. NULL is allowed. */
void kcopyd_job_put(struct kcopyd_job *job);

#ifdef __cplusplus
}
#endif

#endif

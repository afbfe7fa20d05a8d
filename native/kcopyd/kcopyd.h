/*
 * kcopyd for user space: copies a range of sectors from one block device (or regular file) to one or more others,
 * asynchronously. A callback says whether the read failed and which destinations failed.
 *
 * The five calls, their names and their types are those of Linux's <linux/dm-kcopyd.h>. P marks what departs from the
 * kernel. Usable from C11 and C++; no JavaScript anywhere below this header.
 *
 * Threads: every function may be called from any thread. Callbacks run on the client's worker thread, one at a time.
 * A callback may submit jobs; it must not destroy its client.
 * Errors: functions return 0 or a negative errno. An error of a device is never returned; it reaches the callback.
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
/* Most sub-jobs of one job in flight. P: the kernel's SPLIT_COUNT is 8; ours adapts to the devices. */
#define KCOPYD_MAX_SUBJOBS 32u
/* P: default bytes of a sub-job; the kernel's is 512 KiB. Smaller when the pool is smaller. */
#define KCOPYD_SUBJOB_SIZE (1024u * 1024u)

typedef uint64_t sector_t;

struct block_device;
struct kcopyd_client;
struct kcopyd_job;

/* A range of sectors. The last sector of a regular file may be partial: only the bytes that exist count. */
struct io_region {
  struct block_device* bdev;
  sector_t sector;
  sector_t count;
};

/*
 * Completion of a job. read_err is a boolean; bit i of write_err is dests[i] (write, flush or, P, verify).
 * Runs on the worker thread, exactly once per accepted job, in completion order.
 */
typedef void (*kcopyd_notify_fn)(int read_err, unsigned int write_err, void* context);

/* ---- Devices ------------------------------------------------------------------------------------------ */

enum kcopyd_open_flags {
  KCOPYD_OPEN_READ = 0,        /* O_RDONLY: the only way a source is opened */
  KCOPYD_OPEN_WRITE = 1 << 0,  /* O_RDWR: written, and read back to verify */
  KCOPYD_OPEN_EXCL = 1 << 1,   /* block device: O_EXCL, -EBUSY if mounted or held; file: flock, -EBUSY if locked */
  KCOPYD_OPEN_CREATE = 1 << 2, /* regular file: create it if absent, empty it if present (after the lock is held) */
  KCOPYD_OPEN_GROW = 1 << 3,   /* regular file: writes past its end extend it (a new image) */
};

struct kcopyd_device_info {
  uint64_t size;           /* bytes; of a growing file, its current size */
  uint32_t logical_block;  /* bytes: the smallest unit of the device */
  uint32_t physical_block; /* bytes */
  int is_block;            /* 1 block device, 0 regular file */
  int read_only;           /* 1 when the device says so (BLKROGET) */
  int direct;              /* 1 O_DIRECT, 0 the file system refused it: buffered, cache dropped afterwards */
  int rotational;          /* 1 when seeks cost time (queue/rotational) on the disk, or the disk a file lies on */
  int zoned;               /* 1 when writes must ascend (queue/zoned is host-managed or host-aware) */
  uint32_t optimal_io;     /* bytes (queue/optimal_io_size), 0 when the device does not say */
  uint32_t max_request;    /* bytes of the longest request to the device (queue/max_sectors_kb), 0 when unknown */
  uint32_t major, minor;   /* of the block device; for a regular file, of its file system's device */
  uint64_t inode;          /* of a regular file; 0 for a block device */
  uint64_t disk_sequence;  /* differs for every disk or medium (BLKGETDISKSEQ); 0 for a file, or unknown */
};

/* Opens path. Errors: any of open(2); -ENOTBLK when it is neither block device nor regular file. */
int kcopyd_device_open(const char* path, unsigned int flags, struct block_device** result);
/* Descriptors of one block device that another process opened and handed over. */
struct kcopyd_descriptors {
  int claim;    /* O_EXCL, used for no I/O; -1 for a device that is only read */
  int direct;   /* O_DIRECT */
  int buffered; /* without O_DIRECT */
};
/*
 * P: makes a device of open descriptors, and closes them when it fails. The device is writable when there is a claim.
 * Errors: -ENOTBLK one of them is no block device; -ESTALE one of them is not the device major:minor; -EINVAL wrong
 * access mode or O_DIRECT for their purpose; -EROFS; -ENOMEM; any of ioctl(2).
 */
int kcopyd_device_adopt(const struct kcopyd_descriptors* descriptors, uint32_t major, uint32_t minor,
                        struct block_device** result);
/* Provides the bytes of a packed file. */
struct kcopyd_unpacking {
  /*
   * Asks for a stream of the unpacked bytes that begins at byte `at`. Every call is answered once, later, by
   * kcopyd_device_provide with the same number. seals: 1 when it is for the head of destinations that have all the rest
   * (KCOPYD_HEAD_LAST), so that a negative answer leaves their heads blank. From any thread; must not wait.
   */
  void (*ask)(uint64_t at, unsigned int stream, int seals, void* context);
  /* Nothing will be asked any more, or there is no device. From any thread. NULL is allowed. */
  void (*gone)(void* context);
  void* context;
};
/*
 * P: makes a source of a packed file: `length` bytes that other programs unpack and write into pipes. It is read like a
 * file. A destination that was left behind gets a stream of its own. reach: a gap of up to so many bytes is read and
 * dropped; beyond it a new stream is asked for. A stream that ends too early is a read error, EBADMSG.
 * Errors: -EINVAL file is a block device, or NULL; -ENOMEM.
 */
int kcopyd_device_unpack(const struct block_device* file, uint64_t length, uint64_t reach,
                         const struct kcopyd_unpacking* by, struct block_device** result);
/* The answer to ask: a descriptor, which belongs to the device now, or a negative errno. Any thread, before close. */
void kcopyd_device_provide(struct block_device* bdev, unsigned int stream, int descriptor);
/* Packs sub-jobs into frames, and unpacks them. Every function but gone may run on `workers` threads at once. */
struct kcopyd_codec {
  unsigned int workers; /* threads, at least 1; a worker's number is below that and has one call at a time */
  /* Sets *frame to the packed bytes, which stay good until the worker's next call. Their number, or a negative errno.
   */
  int64_t (*pack)(unsigned int worker, const void* bytes, size_t length, const void** frame, void* context);
  /* Unpacks a frame of exactly `length` bytes; it is NULL when it has no bytes. 0, or a negative errno: -EBADMSG when
   * it does not hold them. */
  int (*unpack)(unsigned int worker, const void* frame, size_t size, void* bytes, size_t length, void* context);
  /* Nothing will be called any more, or there is no device. NULL is allowed. */
  void (*gone)(void* context);
  void* context;
};
/* Where the frames of an image lie in its file. */
enum kcopyd_frame_order {
  KCOPYD_FRAMES_IN_A_ROW, /* one after the other, from the start of the file */
  /*
   * The file consists of clusters as long as a sub-job. The first one is left free. A frame as long as a cluster gets
   * one of its own. Shorter frames lie in a row and share clusters; a row does not run into a cluster that is taken.
   */
  KCOPYD_FRAMES_IN_CLUSTERS,
};
/*
 * P: makes a destination of a growing file: an image of `length` bytes that is written as frames, one for each sub-job
 * of `chunk` bytes, in the order of the sub-jobs. Sub-jobs must be written from the first one on, in a job whose
 * sub-jobs have that length. A frame can be written again when it has the same size. sizes: bytes of `count` frames
 * that are in the file already. written: a bitmap of the sub-jobs that will be written, NULL for all; the others are
 * zeros. The file must stay open.
 *
 * Errors: -EINVAL file is NULL, a block device, or not writable; -ENOMEM; any of fcntl(2).
 */
int kcopyd_device_pack(const struct block_device* file, uint64_t length, size_t chunk, enum kcopyd_frame_order order,
                       const struct kcopyd_codec* codec, const uint32_t* sizes, size_t count, const uint8_t* written,
                       struct block_device** result);
/* Bytes: pieces have a multiple of this. */
#define KCOPYD_PIECE_UNIT (1024u * 1024u)
/*
 * P: splits a new, growing file that is packed next (kcopyd_device_pack): behind each `size` bytes it goes on in
 * another file of `folder`, NAME.001.part and so on, which are made as they are needed, with the owner and the mode of
 * this one, NAME.000.part. No file that exists is opened: -EEXIST ends the write that needs its name. Errors: -EINVAL
 * it does not grow, or size is no multiple of KCOPYD_PIECE_UNIT; -ESTALE another file has its name; -ENOMEM; any of
 * open(2).
 */
int kcopyd_device_split(struct block_device* file, const char* folder, const char* name, uint64_t size);
/* Copies the sizes of frames [first, first + max), in bytes, and returns how many it copied. */
size_t kcopyd_device_frames(const struct block_device* bdev, size_t first, size_t max, uint32_t* sizes);
/*
 * Writes `length` bytes behind the frames, ends the file there, and flushes it. Then writes `start_length` bytes at the
 * start of the file and flushes them; with 0 it writes none. 0 or a positive errno: EINVAL when frames are missing, or
 * one is where the start would be. Blocks.
 */
int kcopyd_device_finish_frames(struct block_device* bdev, const void* bytes, size_t length, const void* start,
                                size_t start_length);
/* What is known of an open device, from its descriptor, not its path. */
void kcopyd_device_info(const struct block_device* bdev, struct kcopyd_device_info* info);
/*
 * P: gives up the claim (KCOPYD_OPEN_EXCL) of a block device and the lock on it; it stays open. For a destination that
 * has ended in a job that goes on for others: nothing is written to it any more, and others can claim it. A file keeps
 * its lock.
 */
void kcopyd_device_unclaim(struct block_device* bdev);
/*
 * Closes it. No running job may use it. I/O that an ended job left with the kernel (stalled) keeps it open. NULL is
 * allowed.
 */
void kcopyd_device_close(struct block_device* bdev);

/* ---- Clients ------------------------------------------------------------------------------------------ */

/*
 * Reserves num_pages pages of 4 KiB for this client's jobs and starts its worker.
 * The backend is probed: io_uring, else threads. PLATTER_IO=uring|threads in the environment forces one.
 * Errors: -EINVAL num_pages is 0 or PLATTER_IO is neither; -ENOMEM; -ENOSYS or -EPERM: the forced backend is
 * refused here.
 */
int kcopyd_client_create(unsigned int num_pages, struct kcopyd_client** result);

enum kcopyd_backend { KCOPYD_IO_AUTO = 0, KCOPYD_IO_URING = 1, KCOPYD_IO_THREADS = 2 };

struct kcopyd_client_options {
  unsigned int num_pages;
  enum kcopyd_backend backend; /* AUTO: PLATTER_IO, else probe */
  int strict;                  /* K: any error without IGNORE_ERROR stops new sub-jobs for every destination */
  uint64_t bytes_per_second;   /* throttle of reading sources, for all jobs together; 0 for none */
  size_t subjob_size; /* bytes, a power of two from 64 KiB to 16 MiB; 0: KCOPYD_SUBJOB_SIZE, or less in a small pool */
};

/* P: as kcopyd_client_create, with options. */
int kcopyd_client_create_with(const struct kcopyd_client_options* options, struct kcopyd_client** result);
/* P: the backend in use. */
enum kcopyd_backend kcopyd_client_backend(const struct kcopyd_client* client);
/* P: bytes per second read of the source from now on; 0: no limit. Applied at issue; never delays a callback. */
void kcopyd_client_throttle(struct kcopyd_client* client, uint64_t bytes_per_second);

struct kcopyd_pool_stats {
  size_t bytes;     /* the whole pool, allocated once */
  size_t slot_size; /* bytes of one sub-job's buffer */
  unsigned int slots;
  unsigned int peak; /* most slots ever in use at once */
};
/* P: how the page pool is cut, and how much of it was used. */
void kcopyd_client_pool(const struct kcopyd_client* client, struct kcopyd_pool_stats* stats);

/*
 * Waits until every job's callback has returned, then releases the pages. Cancels no job. NULL is allowed.
 * P: does not wait for I/O that was given up (stall_timeout) and that the kernel still holds: its pages are released
 * when it comes back.
 */
void kcopyd_client_destroy(struct kcopyd_client* client);

/* ---- Jobs --------------------------------------------------------------------------------------------- */

enum kcopyd_flags {
  KCOPYD_IGNORE_ERROR = 1 << 0, /* IGNORE_READ and IGNORE_WRITE. Failures are still in the masks and the list */
  KCOPYD_WRITE_SEQ = 1 << 1,    /* writes ascend at every destination, one at a time */
  KCOPYD_VERIFY = 1 << 2,       /* P: each destination is read back after its flush and compared with the hashes */
  /*
   * P, copy only: the first sub-job of every destination is zeros until all the rest is flushed, and is written
   * last. So an interrupted copy, whatever the cause, has no partition table or boot sector and cannot be mistaken for
   * a finished one. Ignored when the job is a single sub-job or overlaps its source; -EINVAL with WRITE_SEQ.
   */
  KCOPYD_HEAD_LAST = 1 << 3,
  KCOPYD_IGNORE_READ = 1 << 4,  /* P: unreadable blocks become zeros on every destination and are listed */
  KCOPYD_IGNORE_WRITE = 1 << 5, /* P: a destination gets everything that it accepts; its bad blocks are listed */
  /*
   * P, copy only: a sub-job whose first request fails is not examined, is written nowhere and is listed whole; the job
   * continues. For the first pass of a rescue, which takes what comes easily from a failing drive.
   */
  KCOPYD_SKIP_BAD = 1 << 6,
  /*
   * P: does not write sub-jobs of zeros (nor holes of a source file, which are not read either): a file gets a hole, a
   * block device BLKZEROOUT (fallocate(2), FALLOC_FL_PUNCH_HOLE). Where that is refused, zeros are written.
   */
  KCOPYD_SPARSE = 1 << 7,
  /* P, with SPARSE: block devices are all zeros before the job, so nothing is done for zeros there. */
  KCOPYD_ASSUME_BLANK = 1 << 8,
  KCOPYD_HASH = 1 << 9, /* P, COPY: makes hashes even when nothing is verified, for kcopyd_job_hashes */
  /*
   * P, copy only: when source and destination are files of one file system, asks it to copy what was read
   * (copy_file_range(2)) if that is faster than writing. What it refuses is written. For file systems whose server
   * copies, so that the bytes do not cross the network again. The source is still read, for the hashes. Only
   * KCOPYD_VERIFY finds out that a source changed between being read and being copied.
   */
  KCOPYD_COPY_RANGE = 1 << 10,
  /*
   * P, copy only: sub-jobs that are only read back are also read from the source when their hash is known. That hash
   * says what the source had then; with this flag, SOURCE_CHANGED says whether it still has it.
   */
  KCOPYD_READ_KNOWN = 1 << 11,
};

/*
 * Copies `from` to every dests[i]. Never blocks on I/O.
 * Errors (fn is then never called): -EINVAL no destination, more than 32, dests[i].count != from->count, destinations
 * that overlap each other, or that overlap the source on both of its sides, unknown or contradicting flags, NULL;
 * -EBADF a destination not opened for writing; -ENOSPC a destination too short; -ENXIO the source too short.
 */
int kcopyd_copy(struct kcopyd_client* client, const struct io_region* from, unsigned int num_dests,
                const struct io_region* dests, unsigned int flags, kcopyd_notify_fn fn, void* context);

/* The same with zeros as the source. P: every destination has its own count. */
int kcopyd_zero(struct kcopyd_client* client, unsigned int num_dests, const struct io_region* dests, unsigned int flags,
                kcopyd_notify_fn fn, void* context);

/* P: reads `from` and every dests[i] past the cache and compares them chunk by chunk. Writes nothing. */
int kcopyd_compare(struct kcopyd_client* client, const struct io_region* from, unsigned int num_dests,
                   const struct io_region* dests, unsigned int flags, kcopyd_notify_fn fn, void* context);

/* Makes a job that does no I/O. It counts as a job from now on. NULL when out of memory. */
void* kcopyd_prepare_callback(struct kcopyd_client* client, kcopyd_notify_fn fn, void* context);
/* Fires it: fn runs once, on the worker. */
void kcopyd_do_callback(void* handle, int read_err, unsigned int write_err);

/* ---- P: a job with a handle ----------------------------------------------------------------------------- */

enum kcopyd_op { KCOPYD_COPY = 0, KCOPYD_ZERO = 1, KCOPYD_COMPARE = 2 };

/* XXH3-128 of one sub-job's bytes. */
struct kcopyd_hash {
  uint64_t low, high;
};

/*
 * Options of one destination. A bitmap has a bit per sub-job (bit i % 8 of byte i / 8 for sub-job i) and is copied.
 */
struct kcopyd_dest_options {
  const uint8_t* todo;       /* COPY: sub-jobs to write, NULL for all. The rest stays as it is */
  const uint8_t* check;      /* VERIFY, COMPARE: sub-jobs to read back, NULL for all */
  uint64_t bytes_per_second; /* throttle of its writing and reading back, 0 for none */
};

/* Set unused fields to zero; fields may be added at the end. */
struct kcopyd_request {
  enum kcopyd_op op;
  /* NULL for KCOPYD_ZERO, and for KCOPYD_COMPARE with hashes: then each dests[i].count must be the same. */
  const struct io_region* from;
  unsigned int num_dests;
  const struct io_region* dests;
  unsigned int flags;
  kcopyd_notify_fn fn;
  void* context;
  const struct kcopyd_dest_options* dest_options; /* num_dests of them, or NULL */
  /*
   * Hashes of the source that are known from before, by sub-job, and a bitmap of which are known. A COPY whose source
   * does not match them ends with SOURCE_CHANGED (KCOPYD_CAUSE_MISMATCH on the read side). What cannot be read is no
   * change: it is listed as unreadable, and with IGNORE_READ it is a hole that is not read back.
   */
  const struct kcopyd_hash* hashes;
  const uint8_t* known;
  uint64_t compare_bytes;    /* COMPARE without from: bytes of the region that count, because its last sector may be
                                partial; 0 for all */
  uint64_t bytes_per_second; /* throttle of reading the source, and of each destination's reading back; 0 for none */
  /*
   * ms without an answer after which an I/O counts as lost; 0 for never. An open device has one flush at a time. For a
   * flush that waits for another, the same time counts from when it began to wait or when another last ended.
   */
  unsigned int stall_timeout;
  unsigned int flush_interval; /* ms between flushes of a destination while it is written; 0: only at the end */
};

/* As the calls above. When job is not NULL, give *job back with kcopyd_job_put. */
int kcopyd_submit(struct kcopyd_client* client, const struct kcopyd_request* request, struct kcopyd_job** job);

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
  int paused;         /* 1: paused, alone or with the job */
  int stalled;        /* 1: one of its I/Os has had no answer for a quarter of stall_timeout, 5 s at most */
  uint64_t written;   /* bytes, including those zeroed or left as holes */
  uint64_t zeroed;    /* of those, bytes that needed no writing (KCOPYD_SPARSE) */
  uint64_t verified;  /* bytes */
  uint64_t to_write;  /* bytes to write in all */
  uint64_t to_verify; /* bytes to verify in all */
};

struct kcopyd_progress {
  uint64_t bytes_read;  /* of the source */
  uint64_t bytes_total; /* of the source */
  size_t errors;        /* entries in the error list */
  unsigned int num_dests;
  struct kcopyd_dest_progress dests[KCOPYD_MAX_DESTS];
};

/* Takes a sample without locks. It is exact once the callback has run. */
void kcopyd_job_progress(const struct kcopyd_job* job, struct kcopyd_progress* progress);

enum kcopyd_side { KCOPYD_SIDE_READ = 0, KCOPYD_SIDE_WRITE = 1, KCOPYD_SIDE_VERIFY = 2 };

/* What an error means, from its errno and its origin alone; never a guess. */
enum kcopyd_cause {
  KCOPYD_CAUSE_IO = 0,     /* an errno with no special meaning here */
  KCOPYD_CAUSE_MEDIUM = 1, /* EIO, ENODATA, EILSEQ of a device that is still there */
  KCOPYD_CAUSE_GONE =
      2, /* ENODEV, ENXIO, ENOMEDIUM; EIO, ENOSPC or 0 bytes of a block device without a size; 0 bytes of a file */
  KCOPYD_CAUSE_NO_SPACE =
      3, /* ENOSPC, EDQUOT, EFBIG; of a block device that is still there: its backing store is full */
  KCOPYD_CAUSE_READ_ONLY = 4, /* EROFS, EPERM, EBADF on a write */
  KCOPYD_CAUSE_TIMED_OUT = 5, /* ETIMEDOUT */
  KCOPYD_CAUSE_MISMATCH = 6,  /* what was read back is not what was written; no errno */
  KCOPYD_CAUSE_CANCELLED = 7, /* ECANCELED */
  KCOPYD_CAUSE_STALLED =
      8, /* no answer within the job's stall_timeout; the kernel may still hold the I/O (ETIMEDOUT) */
};

struct kcopyd_error {
  enum kcopyd_side side;
  int destination; /* index into dests, -1 for the source */
  enum kcopyd_cause cause;
  int err;         /* errno from the kernel, 0 when it gave none (a mismatch, a read of 0 bytes) */
  int flush;       /* 1 when the flush failed */
  uint64_t offset; /* bytes from the start of that device */
  uint64_t length; /* bytes */
};

/*
 * Copies entries [first, first + max) of the job's error list and returns how many it copied. While the job runs, an
 * entry that was returned can still grow in length: neighbours of one kind are merged.
 */
size_t kcopyd_job_errors(const struct kcopyd_job* job, size_t first, size_t max, struct kcopyd_error* errors);
/*
 * P: starts no new sub-jobs. What is in flight ends, destinations are flushed, and the callback comes with ECANCELED
 * listed.
 */
void kcopyd_job_cancel(struct kcopyd_job* job);
/* The same for one destination; the others continue. -EINVAL: there is no such destination. */
int kcopyd_job_cancel_dest(struct kcopyd_job* job, unsigned int dest);
/*
 * P: paused not 0: starts no new sub-jobs for one destination, or for the job (dest -1); what is in flight ends. A
 * destination continues when neither it nor the job is paused. -EINVAL: there is no such destination.
 */
int kcopyd_job_pause(struct kcopyd_job* job, int dest, int paused);
/* P: changes a throttle of the job (dest -1) or of one destination, bytes per second, 0 for none. -EINVAL as above. */
int kcopyd_job_throttle(struct kcopyd_job* job, int dest, uint64_t bytes_per_second);

/* Sub-jobs [first, first + count). */
struct kcopyd_range {
  uint64_t first, count;
};
/*
 * Copies entries [first, first + max) of the list of durable ranges of dests[dest]: written, and flushed after that.
 * Returns how many it copied. The list grows with every flush; entries do not change. The head of KCOPYD_HEAD_LAST is
 * in it once the real head is flushed. What could not be read or written never is.
 */
size_t kcopyd_job_durable(const struct kcopyd_job* job, unsigned int dest, size_t first, size_t max,
                          struct kcopyd_range* ranges);
/*
 * Copies the hashes of sub-jobs [first, first + max), and one byte each that says whether it is known. Returns how many
 * it copied; 0 behind the last sub-job, and for a job without hashes.
 */
size_t kcopyd_job_hashes(const struct kcopyd_job* job, uint64_t first, size_t max, struct kcopyd_hash* hashes,
                         uint8_t* known);
/* Bytes of a sub-job; the last one can be shorter. */
size_t kcopyd_job_chunk(const struct kcopyd_job* job);
/* Gives the handle back. It may outlive its client. NULL is allowed. */
void kcopyd_job_put(struct kcopyd_job* job);

#ifdef __cplusplus
}
#endif

#endif

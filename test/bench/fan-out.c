// The least that a copy to many can do, as a limit to set others against: each MiB is read once and written to every
// destination while it is in the cache, and each destination is flushed. No hashes, no errors, no slow ones, no way
// back.
//   fan-out BYTES SOURCE DESTINATION...     prints {"seconds": S} from the first request to the last flush
#include <errno.h>
#include <fcntl.h>
#include <liburing.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

// In flight at most; more gained nothing.
enum { SLOTS = 16, MIB = 1 << 20, DEVICES = 33, WRITE = 1 << 8 };

struct slot {
  struct iovec memory;
  off_t offset;
  int left;  // destinations that still have to write it
};

static struct io_uring ring;
static struct slot slots[SLOTS];
static int devices;
static off_t bytes, next;
static int in_flight;

static void give_up(const char* what, int err) {
  fprintf(stderr, "fan-out: %s: %s\n", what, strerror(err));
  exit(1);
}

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void issue(int slot, int device) {
  struct io_uring_sqe* request = io_uring_get_sqe(&ring);
  if (request == NULL) give_up("the ring is full", EAGAIN);
  const struct slot* s = &slots[slot];
  if (device == 0)
    io_uring_prep_read_fixed(request, 0, s->memory.iov_base, MIB, (unsigned long long)s->offset, slot);
  else
    io_uring_prep_write_fixed(request, device, s->memory.iov_base, MIB, (unsigned long long)s->offset, slot);
  request->flags |= IOSQE_FIXED_FILE;
  request->user_data = (unsigned long long)slot | (device == 0 ? 0 : WRITE);
  in_flight++;
}

static void read_next(int slot) {
  if (next >= bytes) return;
  slots[slot].offset = next;
  next += MIB;
  issue(slot, 0);
}

static void ended(const struct io_uring_cqe* answer) {
  const int slot = (int)(answer->user_data & (WRITE - 1));
  if (answer->res != MIB) give_up("a request was not done whole", answer->res < 0 ? -answer->res : EIO);
  in_flight--;
  if (!(answer->user_data & WRITE)) {
    slots[slot].left = devices - 1;
    for (int i = 1; i < devices; i++) issue(slot, i);
  } else if (--slots[slot].left == 0) {
    read_next(slot);
  }
}

int main(int argc, char** argv) {
  if (argc < 4 || argc - 2 > DEVICES) give_up("fan-out BYTES SOURCE DESTINATION...", EINVAL);
  bytes = atoll(argv[1]);
  devices = argc - 2;
  int files[DEVICES];
  for (int i = 0; i < devices; i++) {
    files[i] = open(argv[i + 2], (i == 0 ? O_RDONLY : O_WRONLY) | O_DIRECT | O_CLOEXEC);
    if (files[i] < 0) give_up(argv[i + 2], errno);
  }
  char* memory =
      mmap(NULL, (SLOTS + 2) * MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
  if (memory == MAP_FAILED) give_up("memory", errno);
  struct iovec vectors[SLOTS];
  for (int i = 0; i < SLOTS; i++) vectors[i] = slots[i].memory = (struct iovec){memory + (size_t)i * MIB, MIB};
  int err = io_uring_queue_init(SLOTS * DEVICES, &ring, IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN);
  if (err == 0) err = io_uring_register_buffers(&ring, vectors, SLOTS);
  if (err == 0) err = io_uring_register_files(&ring, files, (unsigned)devices);
  if (err != 0) give_up("io_uring", -err);

  const double start = now();
  for (int i = 0; i < SLOTS; i++) read_next(i);
  while (in_flight > 0) {
    struct io_uring_cqe* answer;
    unsigned head, count = 0;
    err = io_uring_submit_and_wait(&ring, 1);
    if (err < 0) give_up("io_uring", -err);
    io_uring_for_each_cqe(&ring, head, answer) {
      ended(answer);
      count++;
    }
    io_uring_cq_advance(&ring, count);
  }
  for (int i = 1; i < devices; i++)
    if (fsync(files[i]) != 0) give_up(argv[i + 2], errno);
  const double seconds = now() - start;
  struct rusage used;
  getrusage(RUSAGE_SELF, &used);
  const double cpu = (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
                     (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
  printf("{\"seconds\": %.4f, \"cpu\": %.4f}\n", seconds, cpu);
  return 0;
}

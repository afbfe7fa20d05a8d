// Attaching a loop device, among many others who do the same at the same time.
#include <errno.h>
#include <fcntl.h>
#include <linux/loop.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "labdisk.h"

#define LOOP_MAJOR 7
#define ATTEMPTS 500

// Opens /dev/loopN; makes the node where no devtmpfs does it (containers).
static int open_loop(int number, char device[DEVICE_NAME], int flags) {
  snprintf(device, DEVICE_NAME, "/dev/loop%d", number);
  int loop = open(device, flags | O_CLOEXEC);
  if (loop < 0 && errno == ENOENT && mknod(device, S_IFBLK | 0660, makedev(LOOP_MAJOR, (unsigned)number)) == 0)
    loop = open(device, flags | O_CLOEXEC);
  return loop < 0 ? -errno : loop;
}

int loop_attach(int file, const char *file_path, const struct options *options, char device[DEVICE_NAME]) {
  int control = open("/dev/loop-control", O_RDWR | O_CLOEXEC);
  if (control < 0) return -errno;
  struct loop_config config = {.fd = (unsigned)file, .block_size = options->sector};
  config.info.lo_flags = LO_FLAGS_AUTOCLEAR;
  if (!options->buffered) config.info.lo_flags |= LO_FLAGS_DIRECT_IO;
  if (options->read_only) config.info.lo_flags |= LO_FLAGS_READ_ONLY;
  snprintf((char *)config.info.lo_file_name, LO_NAME_SIZE, "%s", file_path);

  int result = -EBUSY;
  for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
    int number = ioctl(control, LOOP_CTL_GET_FREE);
    result = number < 0 ? -errno : open_loop(number, device, options->read_only ? O_RDONLY : O_RDWR);
    if (result >= 0) {
      int loop = result;
      if (ioctl(loop, LOOP_CONFIGURE, &config) == 0) break;
      result = -errno;
      close(loop);
    }
    // Somebody else was quicker with this number, or it is being removed: take another.
    if (result != -EBUSY && result != -ENXIO && result != -ENOENT && result != -EAGAIN && result != -ENODEV) break;
    usleep(1000u + (unsigned)(getpid() * 7919 + attempt * 104729) % 10000u);
  }
  close(control);
  return result;
}

int loop_resize(const char *device) {
  int loop = open(device, O_RDONLY | O_CLOEXEC);
  if (loop < 0) return -errno;
  int error = ioctl(loop, LOOP_SET_CAPACITY) < 0 ? -errno : 0;
  close(loop);
  return error;
}

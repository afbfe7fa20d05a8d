// Attaches a loop device while many others do the same.
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/blkpg.h>
#include <linux/loop.h>
#include <stdbool.h>
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
#define PARTITIONS 15
#define KEPT 32

// Opens /dev/loopN. Makes the node where no devtmpfs does (containers).
static int open_loop(int number, char device[DEVICE_NAME], int flags) {
  snprintf(device, DEVICE_NAME, "/dev/loop%d", number);
  int loop = open(device, flags | O_CLOEXEC);
  if (loop < 0 && errno == ENOENT && mknod(device, S_IFBLK | 0660, makedev(LOOP_MAJOR, (unsigned)number)) == 0)
    loop = open(device, flags | O_CLOEXEC);
  return loop < 0 ? -errno : loop;
}

// Partitions that a killed process added with addpart outlive the disk. They do not belong to this one.
static void forget_partitions(int loop) {
  for (int number = 1; number <= PARTITIONS; number++) {
    struct blkpg_partition partition = {.pno = number};
    struct blkpg_ioctl_arg delete = {.op = BLKPG_DEL_PARTITION, .datalen = sizeof partition, .data = &partition};
    ioctl(loop, BLKPG, &delete);  // ENXIO when there is none; a mounted one stays
  }
}

int loop_attach(int file, const char* file_path, const struct options* options, char device[DEVICE_NAME]) {
  int control = open("/dev/loop-control", O_RDWR | O_CLOEXEC);
  if (control < 0) return -errno;
  struct loop_config config = {.fd = (unsigned)file, .block_size = options->sector};
  config.info.lo_flags = LO_FLAGS_AUTOCLEAR;
  if (!options->buffered) config.info.lo_flags |= LO_FLAGS_DIRECT_IO;
  if (options->read_only) config.info.lo_flags |= LO_FLAGS_READ_ONLY;
  snprintf((char*)config.info.lo_file_name, LO_NAME_SIZE, "%s", file_path);

  int result = -EBUSY;
  for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
    int number = ioctl(control, LOOP_CTL_GET_FREE);
    result = number < 0 ? -errno : open_loop(number, device, options->read_only ? O_RDONLY : O_RDWR);
    if (result >= 0) {
      int loop = result;
      if (ioctl(loop, LOOP_CONFIGURE, &config) == 0) {
        forget_partitions(loop);
        break;
      }
      result = -errno;
      close(loop);
    }
    // Another process took this number first, or it is being removed: take another.
    if (result != -EBUSY && result != -ENXIO && result != -ENOENT && result != -EAGAIN && result != -ENODEV) break;
    usleep(1000u + (unsigned)(getpid() * 7919 + attempt * 104729) % 10000u);
  }
  close(control);
  return result;
}

void loop_tidy(void) {
  int control = open("/dev/loop-control", O_RDWR | O_CLOEXEC);
  DIR* blocks = control < 0 ? NULL : opendir("/sys/block");
  for (struct dirent* entry; blocks && (entry = readdir(blocks));) {
    int number = -1;
    // Numbers from 1000 belong to the broker's tests, which add their own.
    if (sscanf(entry->d_name, "loop%d", &number) == 1 && number >= KEPT && number < 1000)
      ioctl(control, LOOP_CTL_REMOVE, number);  // EBUSY when it is attached or open
  }
  if (blocks) closedir(blocks);
  if (control >= 0) close(control);
}

// The folder of this process's block I/O control group. False where there is none.
static bool blkio_group(char path[PATH_MAX]) {
  FILE* groups = fopen("/proc/self/cgroup", "re");
  if (!groups) return false;
  char line[PATH_MAX], name[PATH_MAX];
  bool found = false;
  while (!found && fgets(line, sizeof line, groups)) found = sscanf(line, "%*d:blkio:%[^\n]", name) == 1;
  fclose(groups);
  return found && snprintf(path, PATH_MAX, "/sys/fs/cgroup/blkio%s", name) < PATH_MAX;
}

int loop_limit_writes(const char* device, uint64_t bytes_per_second) {
  char group[PATH_MAX], path[PATH_MAX + 64], rule[64];
  struct stat node;
  if (!blkio_group(group)) return -ENOENT;
  if (stat(device, &node) < 0) return -errno;
  snprintf(path, sizeof path, "%s/blkio.throttle.write_bps_device", group);
  int file = open(path, O_WRONLY | O_CLOEXEC);
  if (file < 0) return -errno;
  int length = snprintf(rule, sizeof rule, "%u:%u %llu", major(node.st_rdev), minor(node.st_rdev),
                        (unsigned long long)bytes_per_second);
  int error = write(file, rule, (size_t)length) < 0 ? -errno : 0;
  close(file);
  return error;
}

int loop_resize(const char* device) {
  int loop = open(device, O_RDONLY | O_CLOEXEC);
  if (loop < 0) return -errno;
  int error = ioctl(loop, LOOP_SET_CAPACITY) < 0 ? -errno : 0;
  close(loop);
  return error;
}

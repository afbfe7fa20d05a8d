// Where a disk lives: its directory, backing file and mounts, and how all of them are removed, whichever process is
// left.
//
// A directory holds a file `lock`, which both processes of its labdisk lock. When both are killed at once, the lock is
// free, and the next labdisk with the same parent directory removes the remains.
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "labdisk.h"

// Marks our directories. Test code refuses to write to a loop device without it.
#define PREFIX "platter-lab-"
#define DIRECTORY PREFIX "XXXXXX"

// Detach even if somebody still uses it, and do not follow a link that somebody put there.
#define UNMOUNT (MNT_DETACH | UMOUNT_NOFOLLOW)

extern char** environ;

static void join(char* to, const char* directory, const char* name) {
  if (snprintf(to, PATH_MAX, "%s/%s", directory, name) >= PATH_MAX) fail(name, ENAMETOOLONG);
}

static void name_parts(struct paths* paths) {
  join(paths->mount, paths->dir, "mnt");
  join(paths->disk, paths->mount, "disk");
  join(paths->ctl, paths->mount, "ctl");
  join(paths->room, paths->dir, "room");
  join(paths->tree, paths->dir, "tree");
  join(paths->lock, paths->dir, "lock");
}

// Removes what is left of a disk's directory. Parts may be gone already: two processes may clean up, in any order.
static void remove_parts(const struct paths* paths) {
  umount2(paths->tree, UNMOUNT);
  rmdir(paths->tree);
  umount2(paths->mount, UNMOUNT);
  rmdir(paths->mount);
  if (*paths->backing) unlink(paths->backing);
  umount2(paths->room, UNMOUNT);
  rmdir(paths->room);
  unlink(paths->lock);
  rmdir(paths->dir);
}

// ---- What a labdisk left when both its processes were killed

static void remove_if_dead(const char* dir) {
  struct paths paths = {0};
  struct stat s;
  if (lstat(dir, &s) < 0 || !S_ISDIR(s.st_mode) || s.st_uid != geteuid()) return;
  if (snprintf(paths.dir, sizeof paths.dir, "%s", dir) >= PATH_MAX) return;
  name_parts(&paths);
  int lock = open(paths.lock, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
  if (lock < 0) return;  // not complete yet, or being removed
  if (flock(lock, LOCK_EX | LOCK_NB) == 0) {
    join(paths.backing, paths.dir, "backing");  // in the room it goes with its mount
    remove_parts(&paths);
  }
  close(lock);
}

static void sweep(const char* parent) {
  DIR* directory = opendir(parent);
  if (!directory) return;
  for (struct dirent* entry; (entry = readdir(directory));) {
    char dir[PATH_MAX];
    if (strncmp(entry->d_name, PREFIX, strlen(PREFIX)) != 0 || strlen(entry->d_name) != strlen(DIRECTORY)) continue;
    join(dir, parent, entry->d_name);
    remove_if_dead(dir);
  }
  closedir(directory);
}

// ---- Making it

// Makes the directory and takes its lock, which is free again when no process has it open any more.
static void make_directory(struct paths* paths, const char* parent) {
  for (;;) {
    join(paths->dir, parent, DIRECTORY);
    if (!mkdtemp(paths->dir)) fail(paths->dir, errno);
    name_parts(paths);
    int lock = open(paths->lock, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (lock < 0) fail(paths->lock, errno);
    if (flock(lock, LOCK_SH) < 0) fail(paths->lock, errno);
    struct stat s;
    if (fstat(lock, &s) == 0 && s.st_nlink > 0) return;
    close(lock);  // taken for a dead one between open and flock
  }
}

static void make_room(const struct paths* paths, uint64_t bytes) {
  char size[64];
  snprintf(size, sizeof size, "size=%lu", bytes);
  if (mkdir(paths->room, 0755) < 0 || mount("labdisk", paths->room, "tmpfs", 0, size) < 0) fail(paths->room, errno);
}

static void prepare_backing(const struct paths* paths, struct options* options) {
  int file = open(paths->backing, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  struct stat s;
  if (file < 0 || fstat(file, &s) < 0) fail(paths->backing, errno);
  if (!S_ISREG(s.st_mode)) fail("--file must be a regular file", 0);
  if (options->size == 0) options->size = (uint64_t)s.st_size;
  if (options->loop && (options->size == 0 || options->size % options->sector != 0))
    fail("--size must be a positive multiple of the sector", 0);
  bool grow = (uint64_t)s.st_size < options->size;
  if ((grow || options->plain) && ftruncate(file, (off_t)options->size) < 0) fail(paths->backing, errno);
  close(file);
}

void place_prepare(struct paths* paths, struct options* options, void (*at_exit)(void)) {
  char parent[PATH_MAX];
  if (!realpath(options->parent, parent)) fail(options->parent, errno);
  sweep(parent);
  make_directory(paths, parent);
  atexit(at_exit);
  sizes_are_of(options->size);
  uint64_t room;
  if (options->room && (!parse_size(options->room, &room) || room == 0)) fail("--room must be a positive size", 0);
  if (options->room) make_room(paths, room);
  join(paths->backing, options->room ? paths->room : paths->dir, "backing");
  if (options->file) {
    int file = open(options->file, O_RDWR | O_CREAT | O_CLOEXEC, 0600);  // realpath needs an existing file
    if (file < 0 || !realpath(options->file, paths->backing)) fail(options->file, errno);
    close(file);
  }
  prepare_backing(paths, options);
  sizes_are_of(options->size);
  if (!options->plain && mkdir(paths->mount, 0755) < 0) fail(paths->mount, errno);
}

// Runs a program to its end and shows only its errors. False when it failed.
static bool ran(char* const argv[]) {
  pid_t child;
  int status;
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  // labdisk blocks the signals that end it; a child must not.
  posix_spawnattr_t attributes;
  sigset_t none;
  sigemptyset(&none);
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
  int error = posix_spawnp(&child, argv[0], &actions, &attributes, argv, environ);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  if (error) fail(argv[0], error);
  return waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

void place_mount_tree(const struct paths* paths, const char* type, const char* device) {
  char program[32], *disk = (char*)device;
  snprintf(program, sizeof program, "mkfs.%s", type);
  // Leave nothing for the kernel to initialise later: what the disk sees after this comes from its user.
  char* ext4[] = {program, "-q", "-F", "-E", "lazy_itable_init=0,lazy_journal_init=0", disk, NULL};
  char* other[] = {program, "-q", "-f", disk, NULL};
  if (!ran(!strcmp(type, "ext4") ? ext4 : other)) fail(program, 0);
  if (mkdir(paths->tree, 0755) < 0 || mount(device, paths->tree, type, 0, NULL) < 0) fail(paths->tree, errno);
}

void place_unmount_tree(const struct paths* paths) { umount2(paths->tree, UNMOUNT); }

void place_remove(const struct paths* paths, const struct options* options, bool serving) {
  if (options->mkfs && serving) {
    // Unmounting writes to the disk that this process serves. If it were killed during that, it would wait for itself.
    // A child that holds nothing of FUSE would not.
    pid_t child = fork();
    if (child == 0) {
      close_range(0, ~0u, 0);
      place_unmount_tree(paths);
      _exit(0);
    }
    if (child > 0) waitpid(child, NULL, 0);
  }
  struct paths parts = *paths;
  if (options->file) *parts.backing = 0;
  remove_parts(&parts);
}

// labdisk: one process, one virtual disk: a loop device over a file whose faults you command. See README.md.
//
// Two processes, because a process that serves a FUSE file must not be the one that closes what lies on it: killed,
// it would wait for itself. The keeper (the one that was started) holds the loop device and waits for the end; the
// server answers FUSE and cleans up when the keeper is gone, however it went. If the server goes first, the keeper
// does.
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "labdisk.h"

// What a file or directory of ours is known by; test code refuses to write to a loop device without it.
#define DIRECTORY "platter-lab-XXXXXX"

static struct options options = {.sector = 512, .loop = true};
static struct paths paths;

// What both processes see.
static struct {
  pthread_mutex_t keeper_lives;  // robust, held by the keeper
  char device[DEVICE_NAME];      // empty while there is none
} *shared;

static const char usage[] =
    "usage: labdisk --size BYTES [options]\n"
    "  --size BYTES      size of the disk: 1048576, 64M, 2G (may be left out with an existing --file)\n"
    "  --sector BYTES    logical sector, 512 (default) or 4096\n"
    "  --read-only       the device refuses writes\n"
    "  --plain           no faults: the loop device lies on the backing file itself (fast)\n"
    "  --no-loop         no loop device, only the file DIR/mnt/disk\n"
    "  --buffered        through the page cache; the file then refuses O_DIRECT\n"
    "  --file PATH       backing file to use and keep, made if absent\n"
    "  --dir DIR         where the temporary directory goes (/dev/shm, else /tmp)\n";

static void fail(const char *what, int error) {
  fprintf(stderr, "labdisk: %s%s%s\n", what, error ? ": " : "", error ? strerror(error) : "");
  exit(1);
}

bool parse_size(const char *text, uint64_t *bytes) {
  if (!text || *text == '-') return false;
  if (!strcmp(text, "end")) {
    *bytes = UINT64_MAX;
    return true;
  }
  char *unit;
  errno = 0;
  *bytes = strtoull(text, &unit, 0);
  if (errno || unit == text) return false;
  uint64_t factor = 1;
  switch (*unit) {
    case 's': factor = 512; break;
    case 'K': factor = 1u << 10; break;
    case 'M': factor = 1u << 20; break;
    case 'G': factor = 1u << 30; break;
    case 'T': factor = 1ull << 40; break;
  }
  if (*unit && (factor == 1 || unit[1])) return false;
  if (*bytes > UINT64_MAX / factor) return false;
  *bytes *= factor;
  return true;
}

static void parse_options(int argc, char **argv) {
  enum { SIZE, SECTOR, READ_ONLY, PLAIN, NO_LOOP, BUFFERED, FILE_, DIR_, HELP };
  static const struct option known[] = {
      {"size", required_argument, NULL, SIZE}, {"sector", required_argument, NULL, SECTOR},
      {"read-only", no_argument, NULL, READ_ONLY}, {"plain", no_argument, NULL, PLAIN},
      {"no-loop", no_argument, NULL, NO_LOOP}, {"buffered", no_argument, NULL, BUFFERED},
      {"file", required_argument, NULL, FILE_}, {"dir", required_argument, NULL, DIR_},
      {"help", no_argument, NULL, HELP}, {0}};
  uint64_t sector = 512;
  options.parent = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
  for (int c; (c = getopt_long(argc, argv, "", known, NULL)) != -1;) {
    bool ok = true;
    switch (c) {
      case SIZE: ok = parse_size(optarg, &options.size) && options.size <= INT64_MAX; break;
      case SECTOR: ok = parse_size(optarg, &sector) && (sector == 512 || sector == 4096); break;
      case READ_ONLY: options.read_only = true; break;
      case PLAIN: options.plain = true; break;
      case NO_LOOP: options.loop = false; break;
      case BUFFERED: options.buffered = true; break;
      case FILE_: options.file = optarg; break;
      case DIR_: options.parent = optarg; break;
      case HELP: fputs(usage, stdout); exit(0);
      default: ok = false;
    }
    if (!ok) fputs(usage, stderr), exit(2);
  }
  options.sector = (unsigned)sector;
  if (optind < argc || (options.plain && !options.loop)) fputs(usage, stderr), exit(2);
}

// ---- The directory and the backing file

static void join(char *to, const char *directory, const char *name) {
  if (snprintf(to, PATH_MAX, "%s/%s", directory, name) >= PATH_MAX) fail(name, ENAMETOOLONG);
}

static void prepare_backing(void) {
  int file = open(paths.backing, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  struct stat s;
  if (file < 0 || fstat(file, &s) < 0) fail(paths.backing, errno);
  if (!S_ISREG(s.st_mode)) fail("--file must be a regular file", 0);
  if (options.size == 0) options.size = (uint64_t)s.st_size;
  if (options.loop && (options.size == 0 || options.size % options.sector != 0))
    fail("--size must be a positive multiple of the sector", 0);
  bool grow = (uint64_t)s.st_size < options.size;
  if ((grow || options.plain) && ftruncate(file, (off_t)options.size) < 0) fail(paths.backing, errno);
  close(file);
}

static void remove_directory(void) {
  // Gone already when the other process was quicker: both may clean up, in any order.
  umount2(paths.mount, MNT_DETACH);
  rmdir(paths.mount);
  if (!options.file) unlink(paths.backing);
  rmdir(paths.dir);
}

static void prepare_paths(void) {
  char parent[PATH_MAX];
  if (!realpath(options.parent, parent)) fail(options.parent, errno);
  join(paths.dir, parent, DIRECTORY);
  if (!mkdtemp(paths.dir)) fail(paths.dir, errno);
  atexit(remove_directory);
  join(paths.mount, paths.dir, "mnt");
  join(paths.disk, paths.mount, "disk");
  join(paths.ctl, paths.mount, "ctl");
  join(paths.backing, paths.dir, "backing");
  if (options.file) {
    int file = open(options.file, O_RDWR | O_CREAT | O_CLOEXEC, 0600);  // realpath wants it to exist
    if (file < 0 || !realpath(options.file, paths.backing)) fail(options.file, errno);
    close(file);
  }
  prepare_backing();
  if (!options.plain && mkdir(paths.mount, 0755) < 0) fail(paths.mount, errno);
}

// ---- The server

// Waits for the keeper to end and clears up after it.
static void *watch_keeper(void *argument) {
  // First its mutex comes free, in a kill before its descriptors are closed: closing the loop device waits for I/O
  // that a stall may hold. When the socket reports the end too, the device is closed.
  pthread_mutex_lock(&shared->keeper_lives);
  faults_release();
  char byte;
  while (recv(*(int *)argument, &byte, 1, 0) > 0) continue;
  remove_directory();
  _exit(0);
}

static void serve(int keeper) {
  setsid();  // a ^C at the terminal is for the keeper
  signal(SIGPIPE, SIG_IGN);
  close(STDIN_FILENO);
  close(STDOUT_FILENO);
  if (open("/dev/null", O_RDWR) != 0 || dup(0) != 1) _exit(1);
  if (options.plain) {
    send(keeper, "", 1, MSG_NOSIGNAL);
    watch_keeper(&keeper);
  }
  int error = diskfs_mount(&paths, &options, shared->device);
  if (error) {
    fprintf(stderr, "labdisk: FUSE mount on %s: %s\n", paths.mount, strerror(-error));
    _exit(1);
  }
  pthread_t watcher;
  if (pthread_create(&watcher, NULL, watch_keeper, &keeper) != 0) _exit(1);
  send(keeper, "", 1, MSG_NOSIGNAL);
  diskfs_serve();
  pthread_join(watcher, NULL);  // unmounted: the watcher ends the process when the keeper hangs up
}

// ---- The keeper

static void prepare_shared(void) {
  shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (shared == MAP_FAILED) fail("mmap", errno);
  pthread_mutexattr_t attributes;
  pthread_mutexattr_init(&attributes);
  pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
  pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
  pthread_mutex_init(&shared->keeper_lives, &attributes);
  pthread_mutex_lock(&shared->keeper_lives);
}

// Attaches the loop device and gives its descriptor.
static int attach(void) {
  const char *path = options.plain ? paths.backing : paths.disk;
  int flags = (options.read_only ? O_RDONLY : O_RDWR) | (options.buffered ? 0 : O_DIRECT) | O_CLOEXEC;
  int file = open(path, flags);
  if (file < 0) fail(path, errno);
  int loop = loop_attach(file, path, &options, shared->device);
  if (loop < 0) fail("no loop device", -loop);
  close(file);
  return loop;
}

static void print_json_string(const char *text) {
  putchar('"');
  for (; *text; text++) {
    if (*text == '"' || *text == '\\') putchar('\\');
    if ((unsigned char)*text < 0x20) printf("\\u%04x", *text);
    else putchar(*text);
  }
  putchar('"');
}

static void announce(void) {
  printf("{\"device\":");
  options.loop ? print_json_string(shared->device) : (void)printf("null");
  printf(",\"disk\":");
  options.plain ? (void)printf("null") : print_json_string(paths.disk);
  printf(",\"ctl\":");
  options.plain ? (void)printf("null") : print_json_string(paths.ctl);
  printf(",\"backing\":");
  print_json_string(paths.backing);
  printf(",\"size\":%lu,\"sector\":%u}\n", options.size, options.sector);
  if (fflush(stdout) == EOF) fail("stdout", errno);
}

// Returns at end of input or a signal; false when the server died first.
static bool wait_for_end(int signals, int server) {
  struct pollfd fds[] = {{.fd = STDIN_FILENO, .events = POLLIN}, {.fd = signals, .events = POLLIN}, {.fd = server, .events = POLLIN}};
  for (;;) {
    if (poll(fds, 3, -1) < 0) continue;
    if (fds[2].revents) return false;
    if (fds[1].revents) return true;
    char ignored[256];
    if (fds[0].revents && read(STDIN_FILENO, ignored, sizeof ignored) <= 0) return true;
  }
}

int main(int argc, char **argv) {
  parse_options(argc, argv);
  sigset_t ends;
  sigemptyset(&ends);
  sigaddset(&ends, SIGTERM);
  sigaddset(&ends, SIGINT);
  sigaddset(&ends, SIGHUP);
  sigprocmask(SIG_BLOCK, &ends, NULL);
  signal(SIGPIPE, SIG_IGN);
  prepare_shared();
  prepare_paths();

  int link[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, link) < 0) fail("socketpair", errno);
  pid_t server = fork();
  if (server < 0) fail("fork", errno);
  if (server == 0) {
    close(link[0]);
    serve(link[1]);
    _exit(0);
  }
  close(link[1]);
  char mounted;
  if (recv(link[0], &mounted, 1, 0) != 1) fail("the server did not start", 0);

  int loop = options.loop ? attach() : -1;
  announce();
  bool orderly = wait_for_end(signalfd(-1, &ends, SFD_CLOEXEC), link[0]);
  if (!orderly) fprintf(stderr, "labdisk: the server died\n");

  // In the order of watch_keeper: nothing stalls any more, the server still answers while the device closes.
  pthread_mutex_unlock(&shared->keeper_lives);
  if (loop >= 0) close(loop);
  close(link[0]);
  waitpid(server, NULL, 0);
  return orderly ? 0 : 1;  // atexit: remove_directory
}

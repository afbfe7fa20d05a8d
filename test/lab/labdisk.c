// labdisk: one process that is one virtual disk: a loop device over a file whose faults you command. See README.md.
//
// There are two processes, because the process that serves a FUSE file must not be the one that closes what lies on it:
// killed, it would wait for itself. The keeper (the one that was started) holds the loop device and waits for the end.
// The server answers FUSE and cleans up when the keeper is gone, however it ended. If the server goes first, the keeper
// cleans up.
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "labdisk.h"

static struct options options;
static struct paths paths;

// What both processes see.
static struct {
  pthread_mutex_t keeper_lives;  // robust, held by the keeper
  char device[DEVICE_NAME];      // empty while there is none
} * shared;

void fail(const char* what, int error) {
  fprintf(stderr, "labdisk: %s%s%s\n", what, error ? ": " : "", error ? strerror(error) : "");
  exit(1);
}

// A limit of the kernel's stays with the device's number, whoever uses it next.
static void lift_limit(void) {
  if (options.write_rate && shared && *shared->device) loop_limit_writes(shared->device, 0);
}

static void remove_place(void) {
  lift_limit();
  place_remove(&paths, &options, false);
}

// ---- The server

// Waits for the keeper to end and cleans up after it.
static void* watch_keeper(void* argument) {
  // Its mutex comes free first; in a kill that is before its descriptors are closed. Closing the loop device waits for
  // I/O that a stall may hold. When the socket reports the end too, the device is closed.
  pthread_mutex_lock(&shared->keeper_lives);
  faults_release();
  char byte;
  while (recv(*(int*)argument, &byte, 1, 0) > 0) continue;
  lift_limit();
  place_remove(&paths, &options, true);
  _exit(0);
}

// The server's end of the link to the keeper. Its first byte says that the files are there, the next that the disk is
// gone.
static int to_keeper = -1;

void labdisk_let_go(void) { send(to_keeper, "", 1, MSG_NOSIGNAL); }

static void serve(int keeper) {
  to_keeper = keeper;
  setsid();  // ^C at the terminal is for the keeper
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

// Attaching copies this from the backing file, so it lasts as long as this disk.
static void set_rotational(void) {
  char path[PATH_MAX];
  snprintf(path, sizeof path, "/sys/block/%s/queue/rotational", strrchr(shared->device, '/') + 1);
  int file = open(path, O_WRONLY | O_CLOEXEC);
  if (file < 0 || write(file, "1", 1) != 1) fail(path, errno);
  close(file);
}

// Attaches the loop device and gives its descriptor.
static int attach(void) {
  const char* path = options.plain ? paths.backing : paths.disk;
  int flags = (options.read_only ? O_RDONLY : O_RDWR) | (options.buffered ? 0 : O_DIRECT) | O_CLOEXEC;
  int file = open(path, flags);
  if (file < 0) fail(path, errno);
  int loop = loop_attach(file, path, &options, shared->device);
  if (loop < 0) fail("no loop device", -loop);
  close(file);
  if (options.rotational) set_rotational();
  // Also for no limit: a disk that was killed may have left one.
  int error = loop_limit_writes(shared->device, options.write_rate);
  if (error && options.write_rate) fail("--write-rate", -error);
  return loop;
}

// Gives a rule to the server, as by writing to ctl. The server says what is wrong with it. 0 or -errno.
static int command(const char* line) {
  if (options.plain) return -ENOTSUP;
  int ctl = open(paths.ctl, O_WRONLY | O_CLOEXEC);
  if (ctl < 0) return -errno;
  int error = write(ctl, line, strlen(line)) < 0 ? -errno : 0;
  close(ctl);
  return error;
}

static void print_json_string(const char* text) {
  putchar('"');
  for (; *text; text++) {
    if (*text == '"' || *text == '\\') putchar('\\');
    if ((unsigned char)*text < 0x20)
      printf("\\u%04x", *text);
    else
      putchar(*text);
  }
  putchar('"');
}

static void announce_to_programs(void) {
  printf("{\"device\":");
  options.loop ? print_json_string(shared->device) : (void)printf("null");
  printf(",\"disk\":");
  options.plain ? (void)printf("null") : print_json_string(paths.disk);
  printf(",\"ctl\":");
  options.plain ? (void)printf("null") : print_json_string(paths.ctl);
  printf(",\"backing\":");
  print_json_string(paths.backing);
  printf(",\"tree\":");
  options.mkfs ? print_json_string(paths.tree) : (void)printf("null");
  printf(",\"size\":%lu,\"sector\":%u}\n", options.size, options.sector);
}

static void announce_to_people(void) {
  printf("%s  %lu bytes, sectors of %u", options.loop ? shared->device : paths.disk, options.size, options.sector);
  printf(options.says ? ": %s\n" : "\n", options.says);
  if (options.mkfs) printf("  mounted: %s\n", paths.tree);
  printf("  on the medium: %s\n", paths.backing);
  if (!options.plain) printf("  rules and counters: %s\n", paths.ctl);
  for (unsigned i = 0; i < options.rule_count; i++) printf("  in force: %s\n", options.rules[i]);
  if (!options.plain) printf("Type a rule (`clear` heals the disk), nothing for the counters. ");
  printf("^D removes the disk.\n");
}

static void announce(void) {
  isatty(STDOUT_FILENO) ? announce_to_people() : announce_to_programs();
  if (fflush(stdout) == EOF) fail("stdout", errno);
}

static void print_counters(void) {
  char text[1024];
  int ctl = open(paths.ctl, O_RDONLY | O_CLOEXEC);
  ssize_t n = ctl < 0 ? -1 : read(ctl, text, sizeof text);
  if (ctl >= 0) close(ctl);
  if (n > 0) printf("%.*s", (int)n, text), fflush(stdout);
}

// Obeys the complete lines of standard input. False at its end.
static bool obey_input(void) {
  static char line[512];
  static size_t length;
  ssize_t n = read(STDIN_FILENO, line + length, sizeof line - length);
  if (n <= 0) return false;
  length += (size_t)n;
  for (char* end; (end = memchr(line, '\n', length));) {
    *end = 0;
    if (options.plain)
      fprintf(stderr, "labdisk: a plain disk has no rules\n");
    else if (end == line)
      print_counters();
    else
      command(line);
    length -= (size_t)(end + 1 - line);
    memmove(line, end + 1, length);
  }
  if (length == sizeof line) length = 0;  // no rule is that long
  return true;
}

// The disk is gone. Its device is detached as soon as nobody else has it open.
static void let_go(int* loop) {
  shared->device[0] = 0;
  if (*loop >= 0) close(*loop);
  *loop = -1;
}

// Returns at the end of input or a signal; false when the server died first.
static bool wait_for_end(int signals, int server, int* loop) {
  struct pollfd fds[] = {
      {.fd = STDIN_FILENO, .events = POLLIN}, {.fd = signals, .events = POLLIN}, {.fd = server, .events = POLLIN}};
  for (;;) {
    if (poll(fds, 3, -1) < 0) continue;
    char byte;
    if (fds[2].revents && recv(server, &byte, 1, 0) <= 0) return false;
    if (fds[2].revents) let_go(loop);
    if (fds[1].revents) return true;
    if (fds[0].revents && !obey_input()) return true;
  }
}

int main(int argc, char** argv) {
  parse_options(argc, argv, &options);
  sigset_t ends;
  sigemptyset(&ends);
  sigaddset(&ends, SIGTERM);
  sigaddset(&ends, SIGINT);
  sigaddset(&ends, SIGHUP);
  sigprocmask(SIG_BLOCK, &ends, NULL);
  signal(SIGPIPE, SIG_IGN);
  // A pipe ends with the process at its other end. A terminal does not, so there the parent's end counts.
  if (isatty(STDIN_FILENO)) prctl(PR_SET_PDEATHSIG, SIGTERM);
  prepare_shared();
  place_prepare(&paths, &options, remove_place);

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
  if (options.mkfs) place_mount_tree(&paths, options.mkfs, shared->device);
  for (unsigned i = 0; i < options.rule_count; i++)
    if (command(options.rules[i]) != 0) fail(options.rules[i], EINVAL);
  announce();
  bool orderly = wait_for_end(signalfd(-1, &ends, SFD_CLOEXEC), link[0], &loop);
  if (!orderly) fprintf(stderr, "labdisk: the server died\n");

  // In the order of watch_keeper: nothing stalls any more, and the server still answers while the device closes.
  pthread_mutex_unlock(&shared->keeper_lives);
  if (options.mkfs) place_unmount_tree(&paths);
  lift_limit();  // while this process still has the device
  let_go(&loop);
  close(link[0]);
  waitpid(server, NULL, 0);
  return orderly ? 0 : 1;  // atexit: remove_place
}

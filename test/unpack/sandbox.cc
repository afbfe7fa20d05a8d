// Enters the decoder's sandbox and tries to get out of it. Prints one object: for each attempt the number of its error,
// or 0 where it succeeded; and under "status" what the kernel says of the process.
#include <fcntl.h>
#include <linux/io_uring.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <string>
#include <thread>

#include "sandbox/sandbox.h"

namespace {

constexpr uint64_t memory = uint64_t{512} << 20;
constexpr long x32 = 0x40000000;  // system calls of another ABI

const char* comma = "";

void tell(const char* name, long result) {
  const int said = result == -1 ? errno : 0;
  std::printf("%s\"%s\":%d", comma, name, said);
  comma = ",";
}

// A child that could be made ends at once.
void tell_of_child(const char* name, long child) {
  if (child == 0) _exit(0);
  tell(name, child);
}

void try_files() {
  tell("open", syscall(SYS_open, "/etc/passwd", O_RDONLY));
  tell("openat", syscall(SYS_openat, AT_FDCWD, "/etc/passwd", O_RDONLY));
  tell("openat2", syscall(SYS_openat2, AT_FDCWD, "/etc/passwd", nullptr, 0));
  tell("open by another ABI", syscall(x32 | SYS_open, "/etc/passwd", O_RDONLY));
  tell("creat", syscall(SYS_creat, "/tmp/platter-sandbox", 0600));
  tell("memfd_create", syscall(SYS_memfd_create, "memory", 0));
  tell("unlink", syscall(SYS_unlink, "/tmp/platter-sandbox"));
  tell("rename", syscall(SYS_rename, "/tmp/platter-sandbox", "/tmp/platter-other"));
  tell("chmod", syscall(SYS_chmod, "/tmp", 01777));
  tell("ftruncate", syscall(SYS_ftruncate, STDIN_FILENO, 0));
  tell("pwrite64", syscall(SYS_pwrite64, STDOUT_FILENO, "", 0, 0));
  tell("stat", syscall(SYS_stat, "/", nullptr));
  tell("chdir", syscall(SYS_chdir, "/"));
  tell("mount", syscall(SYS_mount, "none", "/mnt", "tmpfs", 0, nullptr));
  tell("ioctl", syscall(SYS_ioctl, STDOUT_FILENO, 0, nullptr));
  tell("fcntl", syscall(SYS_fcntl, STDOUT_FILENO, F_GETFD));
  tell("io_uring_setup", syscall(SYS_io_uring_setup, 1, nullptr));
}

void try_sockets() {
  tell("socket", syscall(SYS_socket, AF_INET, SOCK_STREAM, 0));
  tell("socket of this machine", syscall(SYS_socket, AF_UNIX, SOCK_STREAM, 0));
  std::array<int, 2> ends{};
  tell("socketpair", syscall(SYS_socketpair, AF_UNIX, SOCK_STREAM, 0, ends.data()));
  tell("sendmsg", syscall(SYS_sendmsg, STDOUT_FILENO, nullptr, 0));
  tell("connect", syscall(SYS_connect, STDOUT_FILENO, nullptr, 0));
}

void try_processes() {
  tell_of_child("fork", syscall(SYS_fork));
  tell_of_child("clone", syscall(SYS_clone, SIGCHLD, nullptr, nullptr, nullptr, nullptr));
  tell_of_child("clone of a namespace",
                syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, nullptr, nullptr, nullptr, nullptr));
  tell("clone3", syscall(SYS_clone3, nullptr, 0));
  std::array<char*, 1> none{};
  tell("execve", syscall(SYS_execve, "/bin/true", none.data(), none.data()));
  tell("execveat", syscall(SYS_execveat, AT_FDCWD, "/bin/true", none.data(), none.data(), 0));
  tell("ptrace", syscall(SYS_ptrace, PTRACE_TRACEME, 0, nullptr, nullptr));
  tell("kill", syscall(SYS_kill, getppid(), 0));
  tell("process_vm_readv", syscall(SYS_process_vm_readv, getppid(), nullptr, 0, nullptr, 0, 0));
  tell("pidfd_open", syscall(SYS_pidfd_open, 1, 0));
}

void try_privileges() {
  tell("unshare", syscall(SYS_unshare, CLONE_NEWUSER));
  tell("setuid", syscall(SYS_setuid, 0));
  tell("capset", syscall(SYS_capset, nullptr, nullptr));
  tell("prctl", syscall(SYS_prctl, PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0));
  tell("seccomp", syscall(SYS_seccomp, 0, 0, nullptr));
  tell("setrlimit", syscall(SYS_setrlimit, RLIMIT_AS, nullptr));
  tell("prlimit64", syscall(SYS_prlimit64, 0, RLIMIT_AS, nullptr, nullptr));
  tell("bpf", syscall(SYS_bpf, 0, nullptr, 0));
  tell("keyctl", syscall(SYS_keyctl, 0, 0, 0, 0, 0));
  tell("perf_event_open", syscall(SYS_perf_event_open, nullptr, 0, -1, -1, 0));
}

void try_memory() {
  const auto map = [](size_t bytes, int rights) {
    return mmap(nullptr, bytes, rights, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? -1L : 0L;
  };
  tell("memory above the limit", map(memory, PROT_READ | PROT_WRITE));
  tell("memory that runs", map(4096, PROT_READ | PROT_EXEC));
  void* const page = mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  tell("making memory run", page == MAP_FAILED ? 0 : mprotect(page, 4096, PROT_READ | PROT_EXEC));
}

// Decoding needs these.
void try_what_is_allowed() {
  int ran = -1;
  std::thread([&ran] { ran = 0; }).join();
  tell("a thread", ran);
  tell("some memory",
       mmap(nullptr, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? -1 : 0);
}

// Lines of /proc/self/status that begin with one of these.
void print_status(int fd) {
  std::string text(16384, '\0');
  const ssize_t length = pread(fd, text.data(), text.size(), 0);
  text.resize(length < 0 ? 0 : static_cast<size_t>(length));
  std::printf(",\"status\":{");
  comma = "";
  for (const char* name : {"CapEff", "CapPrm", "CapBnd", "NoNewPrivs", "Seccomp"}) {
    const size_t at = text.find(std::string("\n") + name + ":\t");
    if (at == std::string::npos) continue;
    const size_t begin = text.find('\t', at) + 1;
    std::printf("%s\"%s\":\"%s\"", comma, name, text.substr(begin, text.find('\n', begin) - begin).c_str());
    comma = ",";
  }
  std::printf("}");
}

}  // namespace

int main() {
  const int status = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
  std::printf("{");
  std::fflush(stdout);
  sandbox::enter(memory);
  try_files();
  try_sockets();
  try_processes();
  try_privileges();
  try_memory();
  try_what_is_allowed();
  print_status(status);
  std::printf("}\n");
  return 0;
}

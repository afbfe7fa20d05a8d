#include "sandbox.h"

#include <fcntl.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <system_error>
#include <vector>

namespace sandbox {
namespace {

[[noreturn]] void fail(const char* what) { throw std::system_error(errno, std::generic_category(), what); }

void drop_capabilities() {
  for (int capability = 0; capability <= CAP_LAST_CAP; ++capability)
    if (prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) != 0 && errno != EINVAL && errno != EPERM) fail("PR_CAPBSET_DROP");
  __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3]{};
  if (syscall(SYS_capset, &header, none) != 0) fail("capset");
}

// A ruleset that handles everything and allows nothing. Kernels before 5.13 have no Landlock: seccomp alone closes the
// file system then, since no call that opens is allowed.
void forbid_files() {
  const long version = syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
  if (version < 1) return;
  landlock_ruleset_attr attributes{};
  attributes.handled_access_fs = (1ull << 13) - 1;  // the thirteen rights of version 1, which every later one has
  const long ruleset = syscall(SYS_landlock_create_ruleset, &attributes, sizeof attributes.handled_access_fs, 0);
  if (ruleset < 0) fail("landlock_create_ruleset");
  const long restricted = syscall(SYS_landlock_restrict_self, ruleset, 0);
  close(static_cast<int>(ruleset));
  if (restricted != 0) fail("landlock_restrict_self");
}

constexpr int allowed[] = {
    SYS_read,
    SYS_pread64,
    SYS_write,
    SYS_lseek,
    SYS_munmap,
    SYS_mremap,
    SYS_madvise,
    SYS_brk,
    SYS_futex,
    SYS_rseq,
    SYS_set_robust_list,
    SYS_exit,
    SYS_exit_group,
    SYS_rt_sigprocmask,
    SYS_rt_sigreturn,
    SYS_clock_gettime,
    SYS_clock_nanosleep,
    SYS_sched_yield,
    SYS_sched_getaffinity,
    SYS_gettid,
    SYS_getpid,
    SYS_close,
    SYS_restart_syscall,
};

#if defined(__x86_64__)
constexpr uint32_t architecture = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr uint32_t architecture = AUDIT_ARCH_AARCH64;
#else
#error "no seccomp filter for this architecture"
#endif

// The rules of the kernel's filter, in the order in which it tries them.
class Filter {
 public:
  Filter() {
    load(offsetof(seccomp_data, arch));
    filter_.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, architecture, 1, 0));
    answer(SECCOMP_RET_KILL_PROCESS);
    load(offsetof(seccomp_data, nr));
  }
  void answer_to(int call, uint32_t with) {
    unless_call_skip(call, 1);
    answer(with);
  }
  // Allows the call when `bits` of its argument are all as they are in `wanted`.
  void allow_when(int call, unsigned argument, uint32_t bits, uint32_t wanted) {
    unless_call_skip(call, 5);
    load(offsetof(seccomp_data, args) + 8 * argument);  // the lower half
    filter_.push_back(BPF_STMT(BPF_ALU | BPF_AND | BPF_K, bits));
    filter_.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, wanted, 0, 1));
    answer(SECCOMP_RET_ALLOW);
    refuse();
  }
  void refuse() { answer(SECCOMP_RET_ERRNO | EPERM); }
  // No rule can be added to or taken from it later.
  void begin() {
    sock_fprog program{.len = static_cast<unsigned short>(filter_.size()), .filter = filter_.data()};
    if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) != 0) fail("PR_SET_SECCOMP");
  }

 private:
  void load(size_t offset) { filter_.push_back(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, static_cast<uint32_t>(offset))); }
  void unless_call_skip(int call, uint8_t count) {
    filter_.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<uint32_t>(call), 0, count));
  }
  void answer(uint32_t with) { filter_.push_back(BPF_STMT(BPF_RET | BPF_K, with)); }

  std::vector<sock_filter> filter_;
};

// A call that is not allowed fails with EPERM. clone() can only make threads. A filter cannot see the flags of
// clone3(), so that fails as if it did not exist, and libc uses clone(). No memory becomes code.
void allow_only_decoding(std::span<const int> calls) {
  Filter filter;
  for (const int call : allowed) filter.answer_to(call, SECCOMP_RET_ALLOW);
  for (const int call : calls) filter.answer_to(call, SECCOMP_RET_ALLOW);
  filter.answer_to(SYS_clone3, SECCOMP_RET_ERRNO | ENOSYS);
  filter.allow_when(SYS_clone, 0, CLONE_THREAD, CLONE_THREAD);
  filter.allow_when(SYS_mmap, 2, PROT_EXEC, 0);
  filter.allow_when(SYS_mprotect, 2, PROT_EXEC, 0);
  filter.refuse();
  filter.begin();
}

}  // namespace

void enter(uint64_t memory, std::span<const int> calls) {
  const rlimit space{.rlim_cur = memory, .rlim_max = memory};
  if (setrlimit(RLIMIT_AS, &space) != 0) fail("RLIMIT_AS");
  const rlimit none{.rlim_cur = 0, .rlim_max = 0};
  if (setrlimit(RLIMIT_CORE, &none) != 0) fail("RLIMIT_CORE");
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) fail("PR_SET_NO_NEW_PRIVS");
  drop_capabilities();
  forbid_files();
  allow_only_decoding(calls);
}

}  // namespace sandbox

#include "harden.h"

#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <string>
#include <system_error>
#include <vector>

#include "engine_error.h"

namespace platter {
namespace {

constexpr mode_t kUmask = 022;

void check(int result) {
  if (result != 0) throw std::system_error(errno, std::generic_category());
}

// What this process and what it starts can ever have again.
void bound_capabilities() {
  for (unsigned long number = 0; prctl(PR_CAPBSET_READ, number, 0, 0, 0) >= 0; ++number) {
    if (number != CAP_DAC_OVERRIDE) check(prctl(PR_CAPBSET_DROP, number, 0, 0, 0));
  }
  check(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0));
}

void keep_capability() {
  __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3> words{};
  words[CAP_TO_INDEX(CAP_DAC_OVERRIDE)].permitted = CAP_TO_MASK(CAP_DAC_OVERRIDE);
  check(static_cast<int>(syscall(SYS_capset, &header, words.data())));
}

// glibc has every thread do this. Those that did not ask for PR_SET_KEEPCAPS, which goes by thread, lose all capabilities.
void become(uid_t uid, gid_t gid) {
  std::vector<char> buffer(16384);
  struct passwd account {};
  struct passwd* found = nullptr;
  const int error = getpwuid_r(uid, &account, buffer.data(), buffer.size(), &found);
  if (error != 0) throw std::system_error(error, std::generic_category());
  if (found != nullptr) gid = found->pw_gid;
  check(found != nullptr ? initgroups(found->pw_name, gid) : setgroups(1, &gid));
  check(setresgid(gid, gid, gid));
  check(setresuid(uid, uid, uid));
}

int limit(__rlimit_resource resource, rlim_t most) {
  const struct rlimit limits {.rlim_cur = most, .rlim_max = most};
  return setrlimit(resource, &limits);
}

void harden_for(uid_t uid, gid_t gid) {
  check(limit(RLIMIT_CORE, 0));
  // The pages that are registered with io_uring count as locked; root had no limit, an ordinary user's is small. Where it
  // cannot be raised (a container without CAP_SYS_RESOURCE) the engine does without registering them.
  static_cast<void>(limit(RLIMIT_MEMLOCK, RLIM_INFINITY));
  umask(kUmask);
  bound_capabilities();
  check(prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0));
  become(uid, gid);
  keep_capability();
  check(prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0));
  check(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
  // Other processes of the user may not look into this one, or change it, though it is theirs now (ptrace(2)).
  check(prctl(PR_SET_DUMPABLE, 0, 0, 0, 0));
  // After the change of user, which takes it back. The signal is one that the host stops safely on.
  check(prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0));
}

}  // namespace

Napi::Value harden(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (!info[0].IsNumber() || !info[1].IsNumber()) throw invalid_argument(env, "harden: uid and gid are no numbers");
  const auto uid = info[0].As<Napi::Number>().Int64Value();
  const auto gid = info[1].As<Napi::Number>().Int64Value();
  if (uid <= 0 || uid >= UINT32_MAX || gid <= 0 || gid >= UINT32_MAX) throw invalid_argument(env, "harden: no ordinary user");
  try {
    harden_for(static_cast<uid_t>(uid), static_cast<gid_t>(gid));
  } catch (const std::system_error& error) {
    throw engine_error(env, error.code().value(), "harden", "");
  }
  return env.Undefined();
}

}  // namespace platter

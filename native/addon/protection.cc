#include "protection.h"

#include <sys/prctl.h>
#include <sys/resource.h>

#include <cerrno>

#include "engine_error.h"

namespace platter {

Napi::Value protect_process(const Napi::CallbackInfo& info) {
  const rlimit none{.rlim_cur = 0, .rlim_max = 0};
  if (prctl(PR_SET_DUMPABLE, 0) != 0 || setrlimit(RLIMIT_CORE, &none) != 0)
    throw engine_error(info.Env(), errno, "protect", "");
  return info.Env().Undefined();
}

}  // namespace platter

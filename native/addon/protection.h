// Keeps the user's other processes out of this one.
#pragma once

#include <napi.h>

namespace platter {

// protectProcess(): makes the process not dumpable (prctl(2)). Then no other process of the same user can trace it or
// take its descriptors (ptrace(2), pidfd_getfd(2)), and there is no core dump. The process may hold disks that its user
// may not open. JavaScript thread; throws an EngineError.
Napi::Value protect_process(const Napi::CallbackInfo& info);

}  // namespace platter

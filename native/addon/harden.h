// Gives up what root has and the asking user's host does not need.
#pragma once

#include <napi.h>

namespace platter {

// harden(uid, gid): JavaScript thread, before anything else is done as root. Afterwards every thread is the user `uid` with
// its groups, and has no capability in effect. This thread, and those it starts, keep one aside: CAP_DAC_OVERRIDE, which
// kcopyd takes up to open block devices and for nothing else. `gid` is for a user without an account. Throws with an errno.
Napi::Value harden(const Napi::CallbackInfo& info);

}  // namespace platter

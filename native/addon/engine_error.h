// The one class of error that leaves the addon.
#pragma once

#include <napi.h>

#include <string>

namespace platter {

// Builds an EngineError. `code` is the errno's name; `errno`, `op`, `device`, `offset` and `length` are its other
// fields. err is positive; device may be empty. JavaScript thread.
Napi::Error engine_error(Napi::Env env, int err, const std::string& op, const std::string& device);

// Builds a TypeError for a call with wrong arguments. `code` is ERR_INVALID_ARG.
Napi::Error invalid_argument(Napi::Env env, const std::string& what);

// "EIO" for EIO; "E123" for an errno that has no name here.
std::string errno_name(int err);

}  // namespace platter

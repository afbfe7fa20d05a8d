#include "engine_error.h"

#include <cstring>

namespace platter {

std::string errno_name(int err) {
  const char* name = strerrorname_np(err);
  return name != nullptr ? name : "E" + std::to_string(err);
}

Napi::Error engine_error(Napi::Env env, int err, const std::string& op, const std::string& device) {
  std::string message = op;
  if (!device.empty()) message += " " + device;
  message += std::string(": ") + strerrordesc_np(err) + " (" + errno_name(err) + ")";
  Napi::Error error = Napi::Error::New(env, message);
  error.Set("name", Napi::String::New(env, "EngineError"));
  error.Set("code", Napi::String::New(env, errno_name(err)));
  error.Set("errno", Napi::Number::New(env, err));
  error.Set("op", Napi::String::New(env, op));
  error.Set("device", device.empty() ? env.Null() : Napi::String::New(env, device).As<Napi::Value>());
  error.Set("offset", env.Null());
  error.Set("length", env.Null());
  return error;
}

Napi::Error invalid_argument(Napi::Env env, const std::string& what) {
  Napi::Error error = Napi::TypeError::New(env, what);
  error.Set("name", Napi::String::New(env, "EngineError"));
  error.Set("code", Napi::String::New(env, "ERR_INVALID_ARG"));
  error.Set("errno", Napi::Number::New(env, 0));
  error.Set("op", Napi::String::New(env, "submit"));
  error.Set("device", env.Null());
  error.Set("offset", env.Null());
  error.Set("length", env.Null());
  return error;
}

}  // namespace platter

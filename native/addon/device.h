// A block_device in JavaScript's hands.
#pragma once

#include <napi.h>

#include <memory>
#include <string>

#include "../kcopyd/kcopyd.h"

namespace platter {

struct CloseDevice {
  void operator()(block_device* device) const { kcopyd_device_close(device); }
};
using DevicePtr = std::unique_ptr<block_device, CloseDevice>;

// JavaScript thread.
class Device : public Napi::ObjectWrap<Device> {
 public:
  static Napi::FunctionReference define(Napi::Env env);
  // openDevice(path, options): the promise of a device. Opening can take any length of time.
  static Napi::Value open(const Napi::CallbackInfo& info);
  // Makes the JavaScript object of a device that is already open. Messages call it `path`.
  static Napi::Object wrap(Napi::Env env, std::string path, DevicePtr device);
  explicit Device(const Napi::CallbackInfo& info);

  // The device of a JavaScript value. Throws ERR_INVALID_ARG when it is no device, EBADF when it was closed.
  static Device& of(const Napi::Value& value);
  block_device* get() const { return device_.get(); }
  const std::string& path() const { return path_; }

  // A job, a clone or a look holds the device from retain() to release(). It cannot be closed in between.
  void retain();
  void release();

 private:
  // What wrap() hands to the constructor.
  struct Given {
    std::string path;
    DevicePtr device;
  };
  Napi::Value facts(const Napi::CallbackInfo& info);
  Napi::Value size_now(const Napi::CallbackInfo& info);
  Napi::Value clone_from(const Napi::CallbackInfo& info);
  Napi::Value peek(const Napi::CallbackInfo& info);
  Napi::Value unpack(const Napi::CallbackInfo& info);
  void provide(const Napi::CallbackInfo& info);
  Napi::Value split(const Napi::CallbackInfo& info);
  Napi::Value pack(const Napi::CallbackInfo& info);
  Napi::Value frames(const Napi::CallbackInfo& info);
  Napi::Value frame_files(const Napi::CallbackInfo& info);
  Napi::Value finish_frames(const Napi::CallbackInfo& info);
  Napi::Value reread_partitions(const Napi::CallbackInfo& info);
  Napi::Value reset_zones(const Napi::CallbackInfo& info);
  void unclaim(const Napi::CallbackInfo& info);
  void close(const Napi::CallbackInfo& info);

  std::string path_;
  DevicePtr device_;
  unsigned jobs_ = 0;
};

}  // namespace platter

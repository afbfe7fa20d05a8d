#include "device.h"

#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <cerrno>
#include <functional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "../kcopyd/device.h"
#include "addon_data.h"
#include "channel.h"
#include "engine_error.h"
#include "frame_workers.h"
#include "waiting.h"

namespace platter {
namespace {

unsigned open_flags(const Napi::Value& value) {
  if (value.IsUndefined()) return KCOPYD_OPEN_READ;
  if (!value.IsObject()) throw invalid_argument(value.Env(), "openDevice: the options are no object");
  const auto options = value.As<Napi::Object>();
  unsigned flags = KCOPYD_OPEN_READ;
  const auto add = [&](const char* name, unsigned flag) {
    if (options.Get(name).ToBoolean()) flags |= flag;
  };
  add("write", KCOPYD_OPEN_WRITE);
  add("exclusive", KCOPYD_OPEN_EXCL);
  add("create", KCOPYD_OPEN_CREATE);
  add("grow", KCOPYD_OPEN_GROW);
  return flags;
}

// The result of opening a device: `error` is a positive errno, or 0 with a device.
struct Opened {
  std::string path;
  DevicePtr device;
  int error;
};

Napi::Value wrap_opened(Napi::Env env, Opened& opened) {
  if (opened.error != 0) throw engine_error(env, opened.error, "open", opened.path);
  return Device::wrap(env, opened.path, std::move(opened.device));
}

// Runs what can wait for a device off the JavaScript thread. Resolves to true, to false for EOPNOTSUPP, and rejects
// with an EngineError for any other positive errno.
class DeviceWork : public Napi::AsyncWorker {
 public:
  DeviceWork(Napi::Env env, const char* op, std::vector<Device*> devices, std::function<int()> work)
      : AsyncWorker(env, "platter:device"),
        deferred_(env),
        op_(op),
        devices_(std::move(devices)),
        work_(std::move(work)) {
    for (Device* device : devices_) device->retain();
  }
  // Begins the work. The object deletes itself afterwards.
  Napi::Promise begin() {
    const Napi::Promise promise = deferred_.Promise();
    Queue();
    return promise;
  }

 protected:
  // A thread of libuv's pool.
  void Execute() override { error_ = work_(); }
  void OnOK() override {
    if (error_ == 0 || error_ == EOPNOTSUPP) {
      deferred_.Resolve(Napi::Boolean::New(Env(), error_ == 0));
    } else {
      deferred_.Reject(engine_error(Env(), error_, op_, devices_.front()->path()).Value());
    }
    for (Device* device : devices_) device->release();
  }

 private:
  Napi::Promise::Deferred deferred_;
  const char* op_;
  std::vector<Device*> devices_;
  std::function<int()> work_;
  int error_ = 0;
};

// Reading can wait for a device, so it does not happen on the JavaScript thread either.
class PeekWorker : public Napi::AsyncWorker {
 public:
  PeekWorker(Napi::Env env, Device& device, uint64_t offset, size_t length)
      : AsyncWorker(env, "platter:peek"), deferred_(env), device_(device), offset_(offset), bytes_(length) {
    device_.retain();
  }
  Napi::Promise promise() const { return deferred_.Promise(); }

 protected:
  // A thread of libuv's pool.
  void Execute() override { got_ = device_.get()->peek(bytes_.data(), bytes_.size(), offset_); }
  void OnOK() override {
    if (got_ >= 0) {
      deferred_.Resolve(Napi::Buffer<char>::Copy(Env(), bytes_.data(), static_cast<size_t>(got_)));
    } else {
      deferred_.Reject(engine_error(Env(), static_cast<int>(-got_), "read", device_.path()).Value());
    }
    device_.release();
  }

 private:
  Napi::Promise::Deferred deferred_;
  Device& device_;
  uint64_t offset_;
  std::vector<char> bytes_;
  int64_t got_ = 0;
};

// A stream of unpacked bytes that is asked for.
struct Asked {
  uint64_t at;  // bytes
  unsigned stream;
  bool seals;
};

void deliver_asked(Napi::Env env, Napi::Function ask, std::nullptr_t*, Asked* arrived) {
  const std::unique_ptr<Asked> asked(arrived);
  if (env == nullptr) return;
  const Napi::HandleScope scope(env);
  ask.Call({Napi::Number::New(env, static_cast<double>(asked->at)), Napi::Number::New(env, asked->stream),
            Napi::Boolean::New(env, asked->seals)});
}
using Asking = Channel<std::nullptr_t, Asked, &deliver_asked>;

}  // namespace

Napi::FunctionReference Device::define(Napi::Env env) {
  return Napi::Persistent(DefineClass(env, "Device",
                                      {
                                          InstanceMethod<&Device::facts>("info"),
                                          InstanceMethod<&Device::size_now>("sizeNow"),
                                          InstanceMethod<&Device::clone_from>("cloneFrom"),
                                          InstanceMethod<&Device::peek>("peek"),
                                          InstanceMethod<&Device::split>("split"),
                                          InstanceMethod<&Device::unpack>("unpack"),
                                          InstanceMethod<&Device::provide>("provide"),
                                          InstanceMethod<&Device::pack>("pack"),
                                          InstanceMethod<&Device::frames>("frames"),
                                          InstanceMethod<&Device::frame_files>("frameFiles"),
                                          InstanceMethod<&Device::finish_frames>("finishFrames"),
                                          InstanceMethod<&Device::reread_partitions>("rereadPartitions"),
                                          InstanceMethod<&Device::reset_zones>("resetZones"),
                                          InstanceMethod<&Device::unclaim>("unclaim"),
                                          InstanceMethod<&Device::close>("close"),
                                      }));
}

Napi::Value Device::open(const Napi::CallbackInfo& info) {
  if (!info[0].IsString()) throw invalid_argument(info.Env(), "openDevice: the path is no string");
  std::string path = info[0].As<Napi::String>().Utf8Value();
  // A path with a NUL inside would name another file than the one that was checked.
  if (path.empty() || path.find('\0') != std::string::npos) {
    throw invalid_argument(info.Env(), "openDevice: the path is empty or holds a NUL");
  }
  return Waiting<Opened>::begin(
      info.Env(), "open",
      [path = std::move(path), flags = open_flags(info[1])] {
        block_device* device = nullptr;
        const int result = kcopyd_device_open(path.c_str(), flags, &device);
        return Opened{path, DevicePtr(device), -result};
      },
      &wrap_opened);
}

Napi::Object Device::wrap(Napi::Env env, std::string path, DevicePtr device) {
  Given given{std::move(path), std::move(device)};
  return addon_data(env).device.New({Napi::External<Given>::New(env, &given)});
}

Device::Device(const Napi::CallbackInfo& info) : ObjectWrap(info) {
  // JavaScript can get at this constructor by `device.constructor`, but it cannot make an External.
  if (!info[0].IsExternal()) throw invalid_argument(info.Env(), "a device is opened by openDevice");
  Given& given = *info[0].As<Napi::External<Given>>().Data();
  path_ = std::move(given.path);
  device_ = std::move(given.device);
}

Device& Device::of(const Napi::Value& value) {
  if (!value.IsObject() || !value.As<Napi::Object>().InstanceOf(addon_data(value.Env()).device.Value())) {
    throw invalid_argument(value.Env(), "submit: not an open device");
  }
  Device& device = *Unwrap(value.As<Napi::Object>());
  if (!device.device_) throw engine_error(value.Env(), EBADF, "submit", device.path_);
  return device;
}

void Device::retain() {
  Ref();
  ++jobs_;
}

void Device::release() {
  --jobs_;
  Unref();
}

Napi::Value Device::facts(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (!device_) throw engine_error(env, EBADF, "check", path_);
  struct kcopyd_device_info facts {};
  kcopyd_device_info(device_.get(), &facts);
  Napi::Object result = Napi::Object::New(env);
  result.Set("size", Napi::Number::New(env, static_cast<double>(facts.size)));
  result.Set("logicalBlock", Napi::Number::New(env, facts.logical_block));
  result.Set("physicalBlock", Napi::Number::New(env, facts.physical_block));
  result.Set("kind", Napi::String::New(env, facts.is_block ? "block" : "file"));
  result.Set("readOnly", Napi::Boolean::New(env, facts.read_only != 0));
  result.Set("direct", Napi::Boolean::New(env, facts.direct != 0));
  result.Set("rotational", Napi::Boolean::New(env, facts.rotational != 0));
  result.Set("zoned", Napi::Boolean::New(env, facts.zoned != 0));
  result.Set("optimalIo", Napi::Number::New(env, facts.optimal_io));
  result.Set("maxRequest", Napi::Number::New(env, facts.max_request));
  result.Set("major", Napi::Number::New(env, facts.major));
  result.Set("minor", Napi::Number::New(env, facts.minor));
  result.Set("diskSequence", Napi::Number::New(env, static_cast<double>(facts.disk_sequence)));
  result.Set("inode", Napi::Number::New(env, static_cast<double>(facts.inode)));
  return result;
}

Napi::Value Device::size_now(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (!device_) throw engine_error(env, EBADF, "check", path_);
  struct stat status {};
  if (fstat(device_->buffered.get(), &status) != 0) throw engine_error(env, errno, "check", path_);
  const uint64_t size = device_->is_block ? device_->size : static_cast<uint64_t>(status.st_size);
  return Napi::Number::New(env, static_cast<double>(size));
}

Napi::Value Device::clone_from(const Napi::CallbackInfo& info) {
  if (!device_) throw engine_error(info.Env(), EBADF, "clone", path_);
  Device& from = of(info[0]);
  // Writes what the source has in memory, and flushes.
  return (new DeviceWork(info.Env(), "clone", {this, &from},
                         [to = get(), from = from.get()] { return to->clone_from(*from); }))
      ->begin();
}

// unpack(length, reach, ask): a device with the unpacked bytes of this file. `ask(at, stream)` is answered by
// provide().
Napi::Value Device::unpack(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (!device_) throw engine_error(env, EBADF, "unpack", path_);
  if (!info[0].IsNumber() || !info[1].IsNumber() || !info[2].IsFunction())
    throw invalid_argument(env, "unpack: not a length, a reach and a function");
  const int64_t length = info[0].As<Napi::Number>().Int64Value();
  const int64_t reach = info[1].As<Napi::Number>().Int64Value();
  if (length < 0 || reach < 0) throw invalid_argument(env, "unpack: not a number of bytes");
  const std::shared_ptr<Asking> asking =
      Asking::open(env, "platter:unpack", nullptr, info[2].As<Napi::Function>(), true);
  const kcopyd_unpacking by{
      .ask =
          [](uint64_t at, unsigned stream, int seals, void* context) {
            (*static_cast<std::shared_ptr<Asking>*>(context))
                ->send(std::make_unique<Asked>(Asked{at, stream, seals != 0}));
          },
      .gone =
          [](void* context) {
            const std::unique_ptr<std::shared_ptr<Asking>> held(static_cast<std::shared_ptr<Asking>*>(context));
            (*held)->close();
          },
      .context = new std::shared_ptr<Asking>(asking),  // gone() has it
  };
  block_device* unpacked = nullptr;
  const int refused =
      kcopyd_device_unpack(device_.get(), static_cast<uint64_t>(length), static_cast<uint64_t>(reach), &by, &unpacked);
  if (refused != 0) throw engine_error(env, -refused, "unpack", path_);
  return wrap(env, path_, DevicePtr(unpacked));
}

// provide(stream, descriptor): the descriptor belongs to the device now. A negative errno says that there is none.
void Device::provide(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (!info[0].IsNumber() || !info[1].IsNumber()) throw invalid_argument(env, "provide: not a stream and a descriptor");
  kcopyd::Descriptor descriptor(info[1].As<Napi::Number>().Int32Value());
  if (!device_) return;
  const int given = descriptor ? descriptor.release() : info[1].As<Napi::Number>().Int32Value();
  kcopyd_device_provide(device_.get(), info[0].As<Napi::Number>().Uint32Value(), given);
}

// split(folder, name, size): this new file, NAME.000.part, goes on in further pieces of that folder.
Napi::Value Device::split(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (!device_) throw engine_error(env, EBADF, "open", path_);
  if (!info[0].IsString() || !info[1].IsString() || !info[2].IsNumber())
    throw invalid_argument(env, "split: not a folder, a name and a size");
  const std::string folder = info[0].As<Napi::String>();
  const std::string name = info[1].As<Napi::String>();
  const auto size = static_cast<uint64_t>(std::max<int64_t>(0, info[2].As<Napi::Number>().Int64Value()));
  const int refused = kcopyd_device_split(device_.get(), folder.c_str(), name.c_str(), size);
  if (refused != 0) throw engine_error(env, -refused, "open", path_);
  return env.Undefined();
}

// pack(length, chunk, inClusters, workers, sizes, written): a device that is written as the frames of this file. A
// worker is [memory, requests, answers], descriptors that belong to the device now. sizes: bytes of the frames that are
// there already. written: a bitmap of the chunks that will be written; the others are zeros.
Napi::Value Device::pack(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (!device_) throw engine_error(env, EBADF, "pack", path_);
  if (!info[0].IsNumber() || !info[1].IsNumber() || !info[2].IsBoolean() || !info[3].IsArray() ||
      !info[4].IsTypedArray() || !info[5].IsTypedArray())
    throw invalid_argument(env, "pack: not a length, a chunk, an order, workers, sizes and a bitmap");
  const int64_t length = info[0].As<Napi::Number>().Int64Value();
  const uint32_t chunk = info[1].As<Napi::Number>().Uint32Value();
  const auto order = info[2].As<Napi::Boolean>() ? KCOPYD_FRAMES_IN_CLUSTERS : KCOPYD_FRAMES_IN_A_ROW;
  const auto given = info[3].As<Napi::Array>();
  const auto sizes = info[4].As<Napi::Uint32Array>();
  const auto written = info[5].As<Napi::Uint8Array>();
  if (length < 0 || chunk == 0) throw invalid_argument(env, "pack: not a number of bytes");
  const uint64_t chunks = (static_cast<uint64_t>(length) + chunk - 1) / chunk;
  if (written.ElementLength() != (chunks + 7) / 8) throw invalid_argument(env, "pack: a bitmap of other chunks");
  std::vector<FrameWorker> workers;
  for (uint32_t i = 0; i < given.Length(); ++i) {
    const auto ends = given.Get(i).As<Napi::Array>();
    const auto end = [&](uint32_t at) { return kcopyd::Descriptor(ends.Get(at).As<Napi::Number>().Int32Value()); };
    workers.push_back({.memory = end(0), .requests = end(1), .answers = end(2)});
  }
  try {
    const kcopyd_codec codec = codec_of(std::move(workers), chunk);
    block_device* packed = nullptr;
    const int refused = kcopyd_device_pack(device_.get(), static_cast<uint64_t>(length), chunk, order, &codec,
                                           sizes.Data(), sizes.ElementLength(), written.Data(), &packed);
    if (refused != 0) throw engine_error(env, -refused, "pack", path_);
    return wrap(env, path_, DevicePtr(packed));
  } catch (const std::system_error& error) {
    throw engine_error(env, error.code().value(), "pack", path_);
  }
}

// frames(): { sizes, offsets, end }. JavaScript's numbers are exact up to 2^53, beyond any file.
Napi::Value Device::frames(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (!device_ || !device_->frames) throw engine_error(env, EBADF, "pack", path_);
  const std::vector<kcopyd::FramePlace> places = device_->frames->places();
  Napi::Uint32Array sizes = Napi::Uint32Array::New(env, places.size());
  Napi::Float64Array offsets = Napi::Float64Array::New(env, places.size());
  for (size_t i = 0; i < places.size(); ++i) {
    sizes[i] = places[i].size;
    offsets[i] = static_cast<double>(places[i].offset);
  }
  Napi::Object result = Napi::Object::New(env);
  result["sizes"] = sizes;
  result["offsets"] = offsets;
  result["end"] = Napi::Number::New(env, static_cast<double>(device_->frames->end()));
  return result;
}

// frameFiles(): the identities of the pieces that the frames are in, "file:MAJOR:MINOR:INODE", the first one first.
Napi::Value Device::frame_files(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (!device_ || !device_->frames) throw engine_error(env, EBADF, "pack", path_);
  try {
    const std::vector<kcopyd::FileIdentity> files = device_->frames->files();
    Napi::Array result = Napi::Array::New(env, files.size());
    for (uint32_t i = 0; i < files.size(); ++i) {
      const auto [device, inode] = files[i];
      result[i] = Napi::String::New(env, "file:" + std::to_string(major(device)) + ":" + std::to_string(minor(device)) +
                                             ":" + std::to_string(inode));
    }
    return result;
  } catch (const std::system_error& error) {
    throw engine_error(env, error.code().value(), "pack", path_);
  }
}

// finishFrames(bytes, start): writes `bytes` behind the frames and ends the file there, then `start` at its start.
Napi::Value Device::finish_frames(const Napi::CallbackInfo& info) {
  if (!device_) throw engine_error(info.Env(), EBADF, "write", path_);
  if (!info[0].IsBuffer() || !info[1].IsBuffer()) throw invalid_argument(info.Env(), "finishFrames: no bytes");
  const auto copied = [](const Napi::Value& value) {
    const auto bytes = value.As<Napi::Buffer<char>>();
    return std::vector<char>(bytes.Data(), bytes.Data() + bytes.Length());
  };
  return (new DeviceWork(info.Env(), "write", {this},
                         [device = get(), bytes = copied(info[0]), start = copied(info[1])] {
                           return kcopyd_device_finish_frames(device, bytes.data(), bytes.size(), start.data(),
                                                              start.size());
                         }))
      ->begin();
}

Napi::Value Device::reread_partitions(const Napi::CallbackInfo& info) {
  if (!device_) throw engine_error(info.Env(), EBADF, "reread", path_);
  return (new DeviceWork(info.Env(), "reread", {this}, [device = get()] { return device->reread_partitions(); }))
      ->begin();
}

Napi::Value Device::reset_zones(const Napi::CallbackInfo& info) {
  if (!device_) throw engine_error(info.Env(), EBADF, "reset zones", path_);
  const int64_t bytes = info[0].IsNumber() ? info[0].As<Napi::Number>().Int64Value() : -1;
  if (bytes < 0) throw invalid_argument(info.Env(), "resetZones: not a number of bytes");
  const auto length = static_cast<uint64_t>(bytes);
  return (new DeviceWork(info.Env(), "reset zones", {this},
                         [device = get(), length] { return device->reset_zones(length); }))
      ->begin();
}

Napi::Value Device::peek(const Napi::CallbackInfo& info) {
  constexpr int64_t most = 1 << 20;
  if (!device_) throw engine_error(info.Env(), EBADF, "read", path_);
  const int64_t offset = info[0].IsNumber() ? info[0].As<Napi::Number>().Int64Value() : -1;
  const int64_t length = info[1].IsNumber() ? info[1].As<Napi::Number>().Int64Value() : -1;
  if (offset < 0 || length < 0 || length > most)
    throw invalid_argument(info.Env(), "peek: not a range of 1 MiB at the most");
  auto* worker =
      new PeekWorker(info.Env(), *this, static_cast<uint64_t>(offset), static_cast<size_t>(length));  // deletes itself
  const Napi::Promise promise = worker->promise();
  worker->Queue();
  return promise;
}

// unclaim(): gives up the claim and its lock, for a device that a job has finished with but still names.
void Device::unclaim(const Napi::CallbackInfo& info) {
  if (!device_) throw engine_error(info.Env(), EBADF, "close", path_);
  kcopyd_device_unclaim(device_.get());
}

void Device::close(const Napi::CallbackInfo& info) {
  if (jobs_ > 0) throw engine_error(info.Env(), EBUSY, "close", path_);
  device_.reset();
}

}  // namespace platter

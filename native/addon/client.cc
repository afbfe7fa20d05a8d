#include "client.h"

#include <cerrno>
#include <string>

#include "addon_data.h"
#include "engine_error.h"
#include "job.h"

namespace platter {
namespace {

// Destroying a client waits for its jobs, so it does not happen on the JavaScript thread.
class DestroyWorker : public Napi::AsyncWorker {
 public:
  DestroyWorker(Napi::Env env, ClientPtr client)
      : AsyncWorker(env, "platter:destroy"), deferred_(env), client_(std::move(client)) {}
  Napi::Promise promise() const { return deferred_.Promise(); }

 protected:
  // A thread of libuv's pool.
  void Execute() override { client_.reset(); }
  void OnOK() override { deferred_.Resolve(Env().Undefined()); }

 private:
  Napi::Promise::Deferred deferred_;
  ClientPtr client_;
};

kcopyd_backend wanted_backend(const Napi::Value& value) {
  const std::string io = value.IsUndefined() ? "auto" : value.ToString().Utf8Value();
  if (io == "auto") return KCOPYD_IO_AUTO;
  if (io == "uring") return KCOPYD_IO_URING;
  if (io == "threads") return KCOPYD_IO_THREADS;
  throw invalid_argument(value.Env(), "createClient: io is none of auto, uring and threads");
}

double number_of(const Napi::Object& options, const char* name, double absent) {
  const Napi::Value value = options.Get(name);
  if (value.IsUndefined()) return absent;
  const double number = value.IsNumber() ? value.As<Napi::Number>().DoubleValue() : -1;
  if (!(number >= 0))
    throw invalid_argument(options.Env(), std::string("createClient: ") + name + " is no number >= 0");
  return number;
}

}  // namespace

Napi::FunctionReference Client::define(Napi::Env env) {
  return Napi::Persistent(DefineClass(env, "Client",
                                      {
                                          InstanceMethod<&Client::submit>("submit"),
                                          InstanceMethod<&Client::destroy>("destroy"),
                                          InstanceAccessor<&Client::io>("io"),
                                          InstanceAccessor<&Client::memory>("memory"),
                                          InstanceAccessor<&Client::chunk_size>("chunkSize"),
                                      }));
}

Client::Client(const Napi::CallbackInfo& info) : ObjectWrap(info) {
  const Napi::Env env = info.Env();
  if (!info[0].IsObject()) throw invalid_argument(env, "createClient: the options are no object");
  const auto options = info[0].As<Napi::Object>();
  const double pages = number_of(options, "pages", 0);
  if (pages < 1 || pages > UINT32_MAX) throw invalid_argument(env, "createClient: pages is not within 1 and 2^32");
  const kcopyd_client_options wanted{
      .num_pages = static_cast<unsigned>(pages),
      .backend = wanted_backend(options.Get("io")),
      .strict = 0,
      .bytes_per_second = static_cast<uint64_t>(number_of(options, "bytesPerSecond", 0)),
      .subjob_size = static_cast<size_t>(number_of(options, "chunkSize", 0)),
  };
  kcopyd_client* client = nullptr;
  const int refused = kcopyd_client_create_with(&wanted, &client);
  if (refused != 0) throw engine_error(env, -refused, "create", "");
  client_.reset(client);
  backend_ = kcopyd_client_backend(client);
  kcopyd_pool_stats pool{};
  kcopyd_client_pool(client, &pool);
  pool_bytes_ = pool.bytes;
  slot_bytes_ = pool.slot_size;
}

Napi::Value Client::submit(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (!client_) throw engine_error(env, EBADF, "submit", "");
  if (!info[0].IsObject()) throw invalid_argument(env, "submit: the request is no object");
  const Napi::Object job = addon_data(env).job.New({});
  Job::Unwrap(job)->submit(*this, client_.get(), info[0].As<Napi::Object>());
  return job;
}

Napi::Value Client::destroy(const Napi::CallbackInfo& info) {
  auto* worker = new DestroyWorker(info.Env(), std::move(client_));  // deletes itself when it has run
  const Napi::Promise promise = worker->promise();
  worker->Queue();
  return promise;
}

Napi::Value Client::io(const Napi::CallbackInfo& info) {
  return Napi::String::New(info.Env(), backend_ == KCOPYD_IO_URING ? "uring" : "threads");
}

Napi::Value Client::memory(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), static_cast<double>(pool_bytes_));
}

Napi::Value Client::chunk_size(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), static_cast<double>(slot_bytes_));
}

}  // namespace platter

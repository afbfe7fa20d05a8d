#include "job.h"

#include <array>
#include <cerrno>

#include "addon_data.h"
#include "engine_error.h"

namespace platter {
namespace {

constexpr std::array kStates = {"waiting", "copying", "flushing", "verifying", "done", "failed", "cancelled"};
constexpr std::array kSides = {"read", "write", "verify"};
constexpr std::array kCauses = {"io",        "medium",    "gone",     "no-space",
                                "read-only", "timed-out", "mismatch", "cancelled"};

kcopyd_op operation(const Napi::Object& request) {
  const std::string op = request.Get("op").ToString();
  if (op == "copy") return KCOPYD_COPY;
  if (op == "compare") return KCOPYD_COMPARE;
  throw invalid_argument(request.Env(), "submit: op is neither copy nor compare");
}

unsigned job_flags(const Napi::Object& request) {
  unsigned flags = 0;
  if (request.Get("ignoreError").ToBoolean()) flags |= KCOPYD_IGNORE_ERROR;
  if (request.Get("sequential").ToBoolean()) flags |= KCOPYD_WRITE_SEQ;
  if (request.Get("verify").ToBoolean()) flags |= KCOPYD_VERIFY;
  if (request.Get("headLast").ToBoolean()) flags |= KCOPYD_HEAD_LAST;
  return flags;
}

Napi::Object describe(Napi::Env env, const kcopyd_error& error) {
  Napi::Object result = Napi::Object::New(env);
  result.Set("side", Napi::String::New(env, kSides.at(error.side)));
  result.Set("destination", Napi::Number::New(env, error.destination));
  result.Set("cause", Napi::String::New(env, kCauses.at(error.cause)));
  result.Set("errno", error.err == 0 ? env.Null() : Napi::String::New(env, errno_name(error.err)).As<Napi::Value>());
  result.Set("flush", Napi::Boolean::New(env, error.flush != 0));
  result.Set("offset", Napi::Number::New(env, static_cast<double>(error.offset)));
  result.Set("length", Napi::Number::New(env, static_cast<double>(error.length)));
  return result;
}

}  // namespace

Napi::FunctionReference Job::define(Napi::Env env) {
  return Napi::Persistent(DefineClass(env, "Job",
                                      {
                                          InstanceMethod<&Job::progress>("progress"),
                                          InstanceMethod<&Job::errors>("errors"),
                                          InstanceMethod<&Job::cancel>("cancel"),
                                          InstanceAccessor<&Job::done>("done"),
                                      }));
}

Job::Job(const Napi::CallbackInfo& info)
    : ObjectWrap(info), deferred_(info.Env()), promise_(Napi::Persistent(deferred_.Promise())) {}

void Job::submit(kcopyd_client* client, const Napi::Object& request) {
  const Napi::Env env = request.Env();
  const kcopyd_op op = operation(request);
  const unsigned flags = job_flags(request);
  Device& source = Device::of(request.Get("source"));
  if (!request.Get("destinations").IsArray()) throw invalid_argument(env, "submit: destinations is no array");
  const auto list = request.Get("destinations").As<Napi::Array>();

  struct kcopyd_device_info facts {};
  kcopyd_device_info(source.get(), &facts);
  const sector_t count = (facts.size + KCOPYD_SECTOR_SIZE - 1) / KCOPYD_SECTOR_SIZE;
  const io_region from{source.get(), 0, count};
  std::vector<Device*> devices{&source};
  std::vector<io_region> dests;
  for (uint32_t i = 0; i < list.Length(); ++i) {
    devices.push_back(&Device::of(list.Get(i)));
    dests.push_back({devices.back()->get(), 0, count});
  }

  delivery_ = Delivery::New(env, "platter:job", 0, 1, this);
  const kcopyd_request wanted{op, &from, static_cast<unsigned>(dests.size()), dests.data(), flags, &Job::notify, this};
  // The callback can come before this function returns; until then nothing here is touched by it but delivery_.
  Ref();
  for (Device* device : devices) device->retain();
  devices_ = std::move(devices);
  kcopyd_job* job = nullptr;
  const int refused = kcopyd_submit(client, &wanted, &job);
  if (refused != 0) {
    for (Device* device : devices_) device->release();
    devices_.clear();
    delivery_.Release();
    Unref();
    throw engine_error(env, -refused, "submit", "");
  }
  job_.reset(job);
}

// The engine's worker thread.
void Job::notify(int read_error, unsigned write_error, void* context) {
  auto* self = static_cast<Job*>(context);
  // Fails only when the environment is being torn down, and then nobody waits for it any more.
  auto completion = std::make_unique<Completion>(Completion{read_error, write_error});
  const Delivery delivery = self->delivery_;
  if (delivery.BlockingCall(completion.get()) == napi_ok) completion.release();
  Delivery(delivery).Release();
}

void Job::deliver(Napi::Env env, Napi::Function, Job* job, Completion* completion) {
  const std::unique_ptr<Completion> owned(completion);
  if (env != nullptr) job->ended(env, *owned);
}

void Job::ended(Napi::Env env, const Completion& completion) {
  const Napi::HandleScope scope(env);
  for (Device* device : devices_) device->release();
  devices_.clear();
  Napi::Object result = Napi::Object::New(env);
  result.Set("readErr", Napi::Number::New(env, completion.read_error ? 1 : 0));
  result.Set("writeErr", Napi::Number::New(env, completion.write_error));
  deferred_.Resolve(result);
  Unref();
}

Napi::Value Job::progress(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  kcopyd_progress sample{};
  kcopyd_job_progress(job_.get(), &sample);
  Napi::Array destinations = Napi::Array::New(env, sample.num_dests);
  for (uint32_t i = 0; i < sample.num_dests; ++i) {
    const kcopyd_dest_progress& d = sample.dests[i];
    Napi::Object destination = Napi::Object::New(env);
    destination.Set("state", Napi::String::New(env, kStates.at(d.state)));
    destination.Set("written", Napi::Number::New(env, static_cast<double>(d.written)));
    destination.Set("verified", Napi::Number::New(env, static_cast<double>(d.verified)));
    destinations.Set(i, destination);
  }
  Napi::Object result = Napi::Object::New(env);
  result.Set("bytesRead", Napi::Number::New(env, static_cast<double>(sample.bytes_read)));
  result.Set("bytesTotal", Napi::Number::New(env, static_cast<double>(sample.bytes_total)));
  result.Set("errors", Napi::Number::New(env, static_cast<double>(sample.errors)));
  result.Set("destinations", destinations);
  return result;
}

Napi::Value Job::errors(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (!info[0].IsNumber()) throw invalid_argument(env, "errors: the first index is no number");
  const double wanted = info[0].As<Napi::Number>().DoubleValue();
  if (!(wanted >= 0)) throw invalid_argument(env, "errors: the first index is negative");
  auto first = static_cast<size_t>(wanted);
  Napi::Array result = Napi::Array::New(env);
  std::array<kcopyd_error, 64> batch{};
  uint32_t length = 0;
  while (const size_t got = kcopyd_job_errors(job_.get(), first, batch.size(), batch.data())) {
    for (size_t i = 0; i < got; ++i) result.Set(length++, describe(env, batch.at(i)));
    first += got;
  }
  return result;
}

void Job::cancel(const Napi::CallbackInfo&) { kcopyd_job_cancel(job_.get()); }

Napi::Value Job::done(const Napi::CallbackInfo&) { return promise_.Value(); }

}  // namespace platter

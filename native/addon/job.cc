#include "job.h"

#include <algorithm>
#include <array>
#include <cerrno>

#include "addon_data.h"
#include "client.h"
#include "engine_error.h"
#include "job_request.h"

namespace platter {
namespace {

constexpr double kMaxHashes = 1 << 20;  // in one answer: 16 MiB

constexpr std::array kStates = {"waiting", "copying", "flushing", "verifying", "done", "failed", "cancelled"};
constexpr std::array kSides = {"read", "write", "verify"};
constexpr std::array kCauses = {"io",        "medium",   "gone",      "no-space", "read-only",
                                "timed-out", "mismatch", "cancelled", "stalled"};

// The index of a destination; -1 (the job) for null.
int destination_of(const Napi::CallbackInfo& info) {
  if (info[0].IsNull()) return -1;
  const double index = info[0].IsNumber() ? info[0].As<Napi::Number>().DoubleValue() : -1;
  if (!(index >= 0 && index < KCOPYD_MAX_DESTS))
    throw invalid_argument(info.Env(), "job: there is no such destination");
  return static_cast<int>(index);
}

// A whole number >= 0.
double number_at(const Napi::CallbackInfo& info, size_t index) {
  const double number = info[index].IsNumber() ? info[index].As<Napi::Number>().DoubleValue() : -1;
  if (!(number >= 0)) throw invalid_argument(info.Env(), "job: an argument is no number >= 0");
  return number;
}

void check(const Napi::CallbackInfo& info, int refused) {
  if (refused != 0) throw invalid_argument(info.Env(), "job: there is no such destination");
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
                                          InstanceMethod<&Job::pause>("pause"),
                                          InstanceMethod<&Job::throttle>("throttle"),
                                          InstanceMethod<&Job::durable>("durable"),
                                          InstanceMethod<&Job::hashes>("hashes"),
                                          InstanceAccessor<&Job::chunk_size>("chunkSize"),
                                          InstanceAccessor<&Job::done>("done"),
                                      }));
}

Job::Job(const Napi::CallbackInfo& info)
    : ObjectWrap(info), deferred_(info.Env()), promise_(Napi::Persistent(deferred_.Promise())) {}

Job::~Job() {
  // A running job is held from submit() to ended(). Only an environment that ends lets go of it; nobody would wait for
  // the job then.
  if (!devices_.empty()) kcopyd_job_cancel(job_.get());
}

void Job::submit(Client& owner, kcopyd_client* client, const Napi::Object& request) {
  const Napi::Env env = request.Env();
  kcopyd_pool_stats pool{};
  kcopyd_client_pool(client, &pool);
  JobRequest wanted(request, pool.slot_size);
  // The callback has its own: it can come before this function returns, and after the environment has ended with this
  // object.
  auto delivery =
      std::make_unique<std::shared_ptr<Delivery>>(Delivery::open(env, "platter:job", this, Napi::Function(), false));
  wanted.get().fn = &Job::notify;
  wanted.get().context = delivery.get();

  Ref();
  owner.Ref();  // a client's end waits for its jobs, and the garbage collector must not wait
  client_ = &owner;
  devices_ = wanted.devices();
  for (Device* device : devices_) device->retain();
  kcopyd_job* job = nullptr;
  const int refused = kcopyd_submit(client, &wanted.get(), &job);
  if (refused != 0) {
    (*delivery)->close();
    let_go();
    throw engine_error(env, -refused, "submit", "");
  }
  static_cast<void>(delivery.release());  // notify() owns it now
  job_.reset(job);
}

void Job::let_go() {
  for (Device* device : devices_) device->release();
  devices_.clear();
  client_->Unref();
  Unref();
}

// The engine's worker thread.
void Job::notify(int read_error, unsigned write_error, void* context) {
  const std::unique_ptr<std::shared_ptr<Delivery>> delivery(static_cast<std::shared_ptr<Delivery>*>(context));
  (*delivery)->send(std::make_unique<Completion>(Completion{read_error, write_error}));
  (*delivery)->close();
}

void Job::deliver(Napi::Env env, Napi::Function, Job* job, Completion* completion) {
  const std::unique_ptr<Completion> owned(completion);
  if (env != nullptr) job->ended(env, *owned);
}

void Job::ended(Napi::Env env, const Completion& completion) {
  const Napi::HandleScope scope(env);
  Napi::Object result = Napi::Object::New(env);
  result.Set("readErr", Napi::Number::New(env, completion.read_error ? 1 : 0));
  result.Set("writeErr", Napi::Number::New(env, completion.write_error));
  deferred_.Resolve(result);
  let_go();
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
    destination.Set("paused", Napi::Boolean::New(env, d.paused != 0));
    destination.Set("stalled", Napi::Boolean::New(env, d.stalled != 0));
    destination.Set("written", Napi::Number::New(env, static_cast<double>(d.written)));
    destination.Set("zeroed", Napi::Number::New(env, static_cast<double>(d.zeroed)));
    destination.Set("verified", Napi::Number::New(env, static_cast<double>(d.verified)));
    destination.Set("toWrite", Napi::Number::New(env, static_cast<double>(d.to_write)));
    destination.Set("toVerify", Napi::Number::New(env, static_cast<double>(d.to_verify)));
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

void Job::cancel(const Napi::CallbackInfo& info) {
  if (info[0].IsUndefined() || info[0].IsNull()) {
    kcopyd_job_cancel(job_.get());
  } else {
    check(info, kcopyd_job_cancel_dest(job_.get(), static_cast<unsigned>(destination_of(info))));
  }
}

void Job::pause(const Napi::CallbackInfo& info) {
  check(info, kcopyd_job_pause(job_.get(), destination_of(info), info[1].ToBoolean()));
}

void Job::throttle(const Napi::CallbackInfo& info) {
  check(info, kcopyd_job_throttle(job_.get(), destination_of(info), static_cast<uint64_t>(number_at(info, 1))));
}

Napi::Value Job::durable(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const auto destination = static_cast<unsigned>(destination_of(info));
  auto first = static_cast<size_t>(number_at(info, 1));
  Napi::Array result = Napi::Array::New(env);
  std::array<kcopyd_range, 64> batch{};
  uint32_t length = 0;
  while (const size_t got = kcopyd_job_durable(job_.get(), destination, first, batch.size(), batch.data())) {
    for (size_t i = 0; i < got; ++i) {
      Napi::Object range = Napi::Object::New(env);
      range.Set("first", Napi::Number::New(env, static_cast<double>(batch.at(i).first)));
      range.Set("count", Napi::Number::New(env, static_cast<double>(batch.at(i).count)));
      result.Set(length++, range);
    }
    first += got;
  }
  return result;
}

Napi::Value Job::hashes(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const auto first = static_cast<uint64_t>(number_at(info, 0));
  const auto wanted = static_cast<size_t>(std::min(number_at(info, 1), kMaxHashes));
  std::vector<kcopyd_hash> hashes(wanted);
  std::vector<uint8_t> known(wanted);
  const size_t got = kcopyd_job_hashes(job_.get(), first, wanted, hashes.data(), known.data());
  Napi::Uint8Array bytes = Napi::Uint8Array::New(env, got * sizeof(kcopyd_hash));
  Napi::Uint8Array flags = Napi::Uint8Array::New(env, got);
  for (size_t i = 0; i < got; ++i) {
    print_hash(hashes[i], bytes.Data() + i * sizeof(kcopyd_hash));
    flags[i] = known[i];
  }
  Napi::Object result = Napi::Object::New(env);
  result.Set("hashes", bytes);
  result.Set("known", flags);
  return result;
}

Napi::Value Job::chunk_size(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), static_cast<double>(kcopyd_job_chunk(job_.get())));
}

Napi::Value Job::done(const Napi::CallbackInfo&) { return promise_.Value(); }

}  // namespace platter

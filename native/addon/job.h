// A running job in JavaScript's hands: samples, errors, cancelling, and the promise of its end.
#pragma once

#include <napi.h>

#include <memory>
#include <vector>

#include "../kcopyd/kcopyd.h"
#include "channel.h"
#include "device.h"

namespace platter {

class Client;

struct PutJob {
  void operator()(kcopyd_job* job) const { kcopyd_job_put(job); }
};

// JavaScript thread, except notify().
class Job : public Napi::ObjectWrap<Job> {
 public:
  static Napi::FunctionReference define(Napi::Env env);
  explicit Job(const Napi::CallbackInfo& info);

  Job(const Job&) = delete;
  Job& operator=(const Job&) = delete;
  ~Job() override;

  // Submits the request, JavaScript's argument, to owner's client. Throws when the engine refuses it.
  void submit(Client& owner, kcopyd_client* client, const Napi::Object& request);

 private:
  struct Completion {
    int read_error;
    unsigned write_error;
  };
  static void notify(int read_error, unsigned write_error, void* context);
  static void deliver(Napi::Env env, Napi::Function, Job* job, Completion* completion);
  using Delivery = Channel<Job, Completion, &Job::deliver>;

  void ended(Napi::Env env, const Completion& completion);
  void let_go();
  Napi::Value progress(const Napi::CallbackInfo& info);
  Napi::Value errors(const Napi::CallbackInfo& info);
  void cancel(const Napi::CallbackInfo& info);
  void pause(const Napi::CallbackInfo& info);
  void throttle(const Napi::CallbackInfo& info);
  Napi::Value durable(const Napi::CallbackInfo& info);
  Napi::Value hashes(const Napi::CallbackInfo& info);
  Napi::Value chunk_size(const Napi::CallbackInfo& info);
  Napi::Value done(const Napi::CallbackInfo& info);

  std::unique_ptr<kcopyd_job, PutJob> job_;
  Client* client_ = nullptr;
  std::vector<Device*> devices_;  // held while it runs
  Napi::Promise::Deferred deferred_;
  Napi::Reference<Napi::Promise> promise_;
};

}  // namespace platter

// Work that can wait for a device or another process, and the promise of its result.
#pragma once

#include <napi.h>

#include <functional>
#include <memory>
#include <system_error>
#include <thread>
#include <utility>

#include "channel.h"
#include "engine_error.h"

namespace platter {

// Runs `work` on a thread of its own, then settles a promise with what `settle` makes of the result or throws. The
// thread is not from libuv's pool: a device that never answers would take one of the four threads that write the job
// log, and Node waits for the pool when it exits. When the environment ends, the result is dropped and destroyed on the
// working thread, so `Result` and `work` hold no JavaScript values.
template <typename Result>
class Waiting {
 public:
  using Work = std::function<Result()>;
  using Settle = Napi::Value (*)(Napi::Env, Result&);

  // JavaScript thread.
  static Napi::Promise begin(Napi::Env env, const char* name, Work work, Settle settle) {
    const Napi::Promise::Deferred deferred(env);
    const std::shared_ptr<Delivery> delivery = Delivery::open(env, name, nullptr, Napi::Function(), false);
    try {
      std::thread([delivery, deferred, settle, work = std::move(work)] {
        delivery->send(std::make_unique<Message>(Message{deferred, settle, work()}));
        delivery->close();
      }).detach();
    } catch (const std::system_error& error) {
      delivery->close();
      deferred.Reject(engine_error(env, error.code().value(), name, "").Value());
    }
    return deferred.Promise();
  }

 private:
  struct Message {
    Napi::Promise::Deferred deferred;
    Settle settle;
    Result result;
  };
  static void deliver(Napi::Env env, Napi::Function, std::nullptr_t*, Message* arrived) {
    const std::unique_ptr<Message> message(arrived);
    if (env == nullptr) return;
    const Napi::HandleScope scope(env);
    try {
      message->deferred.Resolve(message->settle(env, message->result));
    } catch (const Napi::Error& error) {
      message->deferred.Reject(error.Value());
    }
  }
  using Delivery = Channel<std::nullptr_t, Message, &Waiting::deliver>;
};

}  // namespace platter

// Sends messages from a thread of the engine into JavaScript while its environment exists. When an environment ends, so
// do its thread-safe functions, even if others still hold them (Node-API).
#pragma once

#include <napi.h>

#include <memory>
#include <mutex>

namespace platter {

// Deliver runs on the JavaScript thread for each message, with an empty env for messages that are under way when the
// environment ends.
template <typename Context, typename Message, void (*Deliver)(Napi::Env, Napi::Function, Context*, Message*)>
class Channel {
 public:
  using Function = Napi::TypedThreadSafeFunction<Context, Message, Deliver>;

  // JavaScript thread. Keeps the event loop alive until it is closed, unless `idle`. The listener may be empty.
  static std::shared_ptr<Channel> open(Napi::Env env, const char* name, Context* context,
                                       const Napi::Function& listener, bool idle) {
    const auto channel = std::make_shared<Channel>();
    auto held = std::make_unique<std::shared_ptr<Channel>>(channel);
    channel->function_ = Function::New(env, listener, Napi::Object(), name, 0, 1, context, &Channel::ended, held.get());
    static_cast<void>(held.release());  // ended() has it now
    if (idle) channel->function_.Unref(env);
    return channel;
  }

  // Any thread. Drops the message when nobody listens any more.
  void send(std::unique_ptr<Message> message) {
    const std::lock_guard lock(mutex_);
    if (!open_) return;
    // The queue has no limit, so only the end of the environment refuses. It has released the function by then.
    open_ = function_.NonBlockingCall(message.get()) == napi_ok;
    if (open_) static_cast<void>(message.release());
  }
  // Any thread. Nothing more will be sent.
  void close() {
    const std::lock_guard lock(mutex_);
    if (open_) function_.Release();
    open_ = false;
  }

 private:
  // JavaScript thread. The function is about to end.
  static void ended(Napi::Env, std::shared_ptr<Channel>* held, Context*) {
    const std::unique_ptr<std::shared_ptr<Channel>> channel(held);  // outlives the lock
    const std::lock_guard lock((*channel)->mutex_);
    (*channel)->open_ = false;
  }

  std::mutex mutex_;
  bool open_ = true;
  Function function_;
};

}  // namespace platter

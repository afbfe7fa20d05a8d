// The kernel's news of block devices that come, go and change, for JavaScript.
#pragma once

#include <napi.h>

#include <memory>
#include <string>
#include <thread>

#include "../kcopyd/device.h"
#include "channel.h"

namespace platter {

// Listens from construction to close(), on a thread of its own, because Node-API cannot wait for a descriptor.
class Uevents : public Napi::ObjectWrap<Uevents> {
 public:
  static Napi::FunctionReference define(Napi::Env env);
  // JavaScript thread. Throws an EngineError where the kernel refuses the socket (netlink(7)).
  explicit Uevents(const Napi::CallbackInfo& info);
  Uevents(const Uevents&) = delete;
  Uevents& operator=(const Uevents&) = delete;
  ~Uevents() override { stop(); }

  // The news of one device. An empty action means that some news was missed, so anything may have happened.
  struct News {
    std::string action;
    std::string name;
    std::string number;
  };

 private:
  static void deliver(Napi::Env env, Napi::Function listener, std::nullptr_t*, News* news);
  using Delivery = Channel<std::nullptr_t, News, &Uevents::deliver>;

  void close(const Napi::CallbackInfo& info);
  void stop();    // JavaScript thread
  void listen();  // the listening thread
  void tell(News news);

  kcopyd::Descriptor socket_;
  kcopyd::Descriptor wake_;  // an eventfd: readable when the thread must end
  std::shared_ptr<Delivery> delivery_;
  std::thread thread_;
};

}  // namespace platter

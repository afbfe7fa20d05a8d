// A session with platter-broker in JavaScript's hands.
#pragma once

#include <napi.h>

#include <memory>

#include "session.h"

namespace platter {

// Room for more descriptors than any reply carries, so that surplus ones arrive and can be closed and refused.
class Broker : public Napi::ObjectWrap<Broker> {
 public:
  static Napi::FunctionReference define(Napi::Env env);
  explicit Broker(const Napi::CallbackInfo& info);
  Broker(const Broker&) = delete;
  Broker& operator=(const Broker&) = delete;
  ~Broker() override;

  // brokerPair(): {broker, peer}; `peer` is a descriptor's number, which the caller hands to a program and closes.
  static Napi::Value pair(const Napi::CallbackInfo& info);
  // brokerOver(control): a session from the server behind the descriptor `control`.
  static Napi::Value over(const Napi::CallbackInfo& info);

  static Napi::Object wrap(Napi::Env env, kcopyd::Descriptor socket);

 private:
  Napi::Value name(const Napi::CallbackInfo& info);
  Napi::Value open(const Napi::CallbackInfo& info);
  Napi::Value reread(const Napi::CallbackInfo& info);
  Napi::Value unmount(const Napi::CallbackInfo& info);
  Napi::Value power_off(const Napi::CallbackInfo& info);
  void close(const Napi::CallbackInfo& info);
  Napi::Value ask(Napi::Env env, const broker::Request& request) const;

  std::shared_ptr<BrokerSession> session_;
};

// Waits for a broker that root starts and that connects by itself.
class BrokerListener : public Napi::ObjectWrap<BrokerListener> {
 public:
  static Napi::FunctionReference define(Napi::Env env);
  // new BrokerListener(path): binds and listens. Throws an EngineError.
  explicit BrokerListener(const Napi::CallbackInfo& info);
  BrokerListener(const BrokerListener&) = delete;
  BrokerListener& operator=(const BrokerListener&) = delete;
  ~BrokerListener() override;

 private:
  Napi::Value accept(const Napi::CallbackInfo& info);
  void close(const Napi::CallbackInfo& info);
  void shut() const;

  std::shared_ptr<kcopyd::Descriptor> socket_;
};

}  // namespace platter

// A kcopyd client in JavaScript's hands.
#pragma once

#include <napi.h>

#include <memory>

#include "../kcopyd/kcopyd.h"

namespace platter {

struct DestroyClient {
  void operator()(kcopyd_client* client) const { kcopyd_client_destroy(client); }
};
using ClientPtr = std::unique_ptr<kcopyd_client, DestroyClient>;

// JavaScript thread.
class Client : public Napi::ObjectWrap<Client> {
 public:
  static Napi::FunctionReference define(Napi::Env env);
  explicit Client(const Napi::CallbackInfo& info);

 private:
  Napi::Value submit(const Napi::CallbackInfo& info);
  Napi::Value destroy(const Napi::CallbackInfo& info);
  Napi::Value io(const Napi::CallbackInfo& info);
  Napi::Value memory(const Napi::CallbackInfo& info);
  Napi::Value chunk_size(const Napi::CallbackInfo& info);

  kcopyd_backend backend_ = KCOPYD_IO_AUTO;
  size_t pool_bytes_ = 0;
  size_t slot_bytes_ = 0;
  ClientPtr client_;
};

}  // namespace platter

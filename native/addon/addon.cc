// The addon's functions. Node-API only: one binary for Node and every Electron.
#include <napi.h>

#include "addon_data.h"
#include "broker/broker.h"
#include "client.h"
#include "device.h"
#include "engine_error.h"
#include "files.h"
#include "job.h"
#include "protection.h"
#include "uevents.h"

namespace platter {
namespace {

Napi::Value create_client(const Napi::CallbackInfo& info) { return addon_data(info.Env()).client.New({info[0]}); }

Napi::Value watch_uevents(const Napi::CallbackInfo& info) { return addon_data(info.Env()).uevents.New({info[0]}); }

Napi::Object init(Napi::Env env, Napi::Object exports) {
  auto data = std::make_unique<AddonData>();
  data->broker = Broker::define(env);
  data->device = Device::define(env);
  data->client = Client::define(env);
  data->job = Job::define(env);
  data->uevents = Uevents::define(env);
  env.SetInstanceData(data.release());  // deleted by the environment
  exports.Set("openDevice", Napi::Function::New<Device::open>(env, "openDevice"));
  exports.Set("createClient", Napi::Function::New<create_client>(env, "createClient"));
  exports.Set("protectProcess", Napi::Function::New<protect_process>(env, "protectProcess"));
  exports.Set("brokerPair", Napi::Function::New<Broker::pair>(env, "brokerPair"));
  exports.Set("brokerOver", Napi::Function::New<Broker::over>(env, "brokerOver"));
  exports.Set("BrokerListener", BrokerListener::define(env).Value());
  exports.Set("watchUevents", Napi::Function::New<watch_uevents>(env, "watchUevents"));
  define_files(env, exports);
  return exports;
}

}  // namespace
}  // namespace platter

namespace {
Napi::Object init(Napi::Env env, Napi::Object exports) { return platter::init(env, exports); }
}  // namespace

NODE_API_MODULE(kcopyd, init)

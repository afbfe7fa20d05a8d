// What the addon keeps for each JavaScript environment it is loaded into.
#pragma once

#include <napi.h>

namespace platter {

struct AddonData {
  Napi::FunctionReference broker;
  Napi::FunctionReference device;
  Napi::FunctionReference client;
  Napi::FunctionReference job;
  Napi::FunctionReference uevents;
};

inline AddonData& addon_data(Napi::Env env) { return *env.GetInstanceData<AddonData>(); }

}  // namespace platter

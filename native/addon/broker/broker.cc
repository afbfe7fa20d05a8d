#include "broker.h"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cmath>
#include <string>
#include <system_error>
#include <utility>

#include "../../kcopyd/device.h"
#include "../addon_data.h"
#include "../device.h"
#include "../engine_error.h"
#include "../waiting.h"
#include "sockets.h"

namespace platter {
namespace {

using kcopyd::Descriptor;

// The names of broker::Status, in its order.
constexpr std::array<const char*, 15> kStatusNames = {"ok",       "badMessage", "notNamed",   "notApproved", "changed",
                                                      "notBlock", "readOnly",   "system",     "mounted",     "swap",
                                                      "held",     "busy",       "notMounted", "unsupported", "failed"};
static_assert(kStatusNames.size() == static_cast<size_t>(broker::Status::kFailed) + 1);

// A whole number that a double holds exactly, up to `most`. Throws for anything else.
uint64_t whole(const Napi::Value& value, const char* what, double most) {
  const double number = value.IsNumber() ? value.As<Napi::Number>().DoubleValue() : -1;
  if (!(number >= 0) || number > most || std::floor(number) != number) {
    throw invalid_argument(value.Env(), std::string("broker: ") + what + " is no whole number within its bounds");
  }
  return static_cast<uint64_t>(number);
}

constexpr double kMost32 = UINT32_MAX;
constexpr double kMost53 = 9007199254740991;

broker::Access access_of(const Napi::Value& value) {
  const std::string access = value.IsString() ? value.As<Napi::String>().Utf8Value() : "";
  if (access == "read") return broker::Access::kRead;
  if (access == "write") return broker::Access::kWrite;
  throw invalid_argument(value.Env(), "broker: access is neither read nor write");
}

broker::Device device_of(const Napi::Value& value) {
  if (!value.IsObject()) throw invalid_argument(value.Env(), "broker: a device is no object");
  const auto facts = value.As<Napi::Object>();
  return {
      .major_number = static_cast<uint32_t>(whole(facts.Get("major"), "major", kMost32)),
      .minor_number = static_cast<uint32_t>(whole(facts.Get("minor"), "minor", kMost32)),
      .size = whole(facts.Get("size"), "size", kMost53),
      .disk_sequence = whole(facts.Get("diskSequence"), "diskSequence", kMost53),
      .access = access_of(facts.Get("access")),
      .reserved = 0,
  };
}

broker::Request request_of(const Napi::CallbackInfo& info, broker::Verb verb) {
  return {
      .header = broker_header(verb),
      .device = static_cast<uint32_t>(whole(info[0], "index", broker::kMaxDevices - 1)),
      .access = broker::Access::kRead,
      .reserved = 0,
      .mount = 0,
  };
}

Napi::Object told(Napi::Env env, const BrokerReply& reply) {
  if (reply.error != 0) throw engine_error(env, reply.error, "broker", "");
  Napi::Object result = Napi::Object::New(env);
  result.Set("status", Napi::String::New(env, kStatusNames.at(static_cast<size_t>(reply.status))));
  result.Set("errno", reply.device_error == 0
                          ? env.Null()
                          : Napi::String::New(env, errno_name(reply.device_error)).As<Napi::Value>());
  result.Set("detail", Napi::String::New(env, reply.detail));
  return result;
}

Napi::Value tell(Napi::Env env, BrokerReply& reply) { return told(env, reply); }

// The reply to OPEN, and the device made of its descriptors.
struct OpenedByBroker {
  BrokerReply reply;
  std::string path;
  DevicePtr device;
  int error = 0;  // positive errno: the descriptors are not those of the named device
};

Napi::Value tell_opened(Napi::Env env, OpenedByBroker& opened) {
  Napi::Object result = told(env, opened.reply);
  if (opened.error != 0) throw engine_error(env, opened.error, "open", opened.path);
  result.Set("device",
             opened.device ? Device::wrap(env, opened.path, std::move(opened.device)).As<Napi::Value>() : env.Null());
  return result;
}

// Turns what a socket call threw into JavaScript's error.
template <typename Make>
auto making(Napi::Env env, Make make) {
  try {
    return make();
  } catch (const std::system_error& error) {
    throw engine_error(env, error.code().value(), "broker", "");
  }
}

struct Accepted {
  Descriptor socket;
  int error = 0;
};

Napi::Value wrap_accepted(Napi::Env env, Accepted& accepted) {
  if (accepted.error != 0) throw engine_error(env, accepted.error, "broker", "");
  return Broker::wrap(env, std::move(accepted.socket));
}

}  // namespace

Napi::FunctionReference Broker::define(Napi::Env env) {
  return Napi::Persistent(DefineClass(env, "Broker",
                                      {
                                          InstanceMethod<&Broker::name>("name"),
                                          InstanceMethod<&Broker::open>("open"),
                                          InstanceMethod<&Broker::reread>("reread"),
                                          InstanceMethod<&Broker::unmount>("unmount"),
                                          InstanceMethod<&Broker::power_off>("powerOff"),
                                          InstanceMethod<&Broker::close>("close"),
                                      }));
}

Broker::Broker(const Napi::CallbackInfo& info) : ObjectWrap(info) {
  if (!info[0].IsExternal()) throw invalid_argument(info.Env(), "a broker is not made by new");
  session_ = std::make_shared<BrokerSession>(std::move(*info[0].As<Napi::External<Descriptor>>().Data()));
}

Broker::~Broker() {
  if (session_) session_->close();
}

Napi::Object Broker::wrap(Napi::Env env, Descriptor socket) {
  return addon_data(env).broker.New({Napi::External<Descriptor>::New(env, &socket)});
}

Napi::Value Broker::pair(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  auto [ours, theirs] = making(env, broker_pair);
  Napi::Object result = Napi::Object::New(env);
  result.Set("broker", wrap(env, std::move(ours)));
  result.Set("peer", Napi::Number::New(env, theirs.release()));
  return result;
}

Napi::Value Broker::over(const Napi::CallbackInfo& info) {
  const auto control = static_cast<int>(whole(info[0], "control", INT32_MAX));
  return wrap(info.Env(), making(info.Env(), [control] { return session_over(control); }));
}

Napi::Value Broker::name(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const uint32_t count = info[0].IsArray() ? info[0].As<Napi::Array>().Length() : 0;
  if (count == 0 || count > broker::kMaxDevices) throw invalid_argument(env, "broker: not 1 to 33 devices");
  broker::NameRequest request{};
  request.header = broker_header(broker::Verb::kName);
  request.count = count;
  for (uint32_t i = 0; i < count; ++i) request.devices.at(i) = device_of(info[0].As<Napi::Array>().Get(i));
  return Waiting<BrokerReply>::begin(
      env, "broker", [session = session_, request] { return session->name(request); }, &tell);
}

Napi::Value Broker::open(const Napi::CallbackInfo& info) {
  broker::Request request = request_of(info, broker::Verb::kOpen);
  request.access = access_of(info[1]);
  if (!info[2].IsString() || !info[3].IsObject())
    throw invalid_argument(info.Env(), "broker: open needs a path and a number");
  const auto number = info[3].As<Napi::Object>();
  const auto major = static_cast<uint32_t>(whole(number.Get("major"), "major", kMost32));
  const auto minor = static_cast<uint32_t>(whole(number.Get("minor"), "minor", kMost32));
  return Waiting<OpenedByBroker>::begin(
      info.Env(), "broker",
      [session = session_, request, path = info[2].As<Napi::String>().Utf8Value(), major, minor] {
        OpenedByBroker opened{.reply = session->ask(request), .path = path, .device = nullptr};
        std::vector<Descriptor>& fds = opened.reply.descriptors;
        if (fds.empty()) return opened;
        const bool writes = request.access == broker::Access::kWrite;
        const size_t first = writes ? 1 : 0;
        const kcopyd_descriptors handed{.claim = writes ? fds[0].release() : -1,
                                        .direct = fds[first].release(),
                                        .buffered = fds[first + 1].release()};
        block_device* device = nullptr;
        opened.error = -kcopyd_device_adopt(&handed, major, minor, &device);
        opened.device.reset(device);
        return opened;
      },
      &tell_opened);
}

Napi::Value Broker::reread(const Napi::CallbackInfo& info) {
  const broker::Request request = request_of(info, broker::Verb::kReread);
  // The kernel accepts no claim but the one that is held. It is shared, so that it stays open until the broker has it.
  const std::shared_ptr<block_device> device = Device::of(info[1]).get()->handle;
  return Waiting<BrokerReply>::begin(
      info.Env(), "broker",
      [session = session_, request, device] { return session->ask(request, device->claim.get()); }, &tell);
}

Napi::Value Broker::unmount(const Napi::CallbackInfo& info) {
  broker::Request request = request_of(info, broker::Verb::kUnmount);
  request.mount = whole(info[1], "mount", kMost53);
  return ask(info.Env(), request);
}

Napi::Value Broker::power_off(const Napi::CallbackInfo& info) {
  return ask(info.Env(), request_of(info, broker::Verb::kPowerOff));
}

Napi::Value Broker::ask(Napi::Env env, const broker::Request& request) const {
  return Waiting<BrokerReply>::begin(
      env, "broker", [session = session_, request] { return session->ask(request); }, &tell);
}

void Broker::close(const Napi::CallbackInfo&) { session_->close(); }

Napi::FunctionReference BrokerListener::define(Napi::Env env) {
  return Napi::Persistent(DefineClass(env, "BrokerListener",
                                      {
                                          InstanceMethod<&BrokerListener::accept>("accept"),
                                          InstanceMethod<&BrokerListener::close>("close"),
                                      }));
}

BrokerListener::BrokerListener(const Napi::CallbackInfo& info) : ObjectWrap(info) {
  if (!info[0].IsString()) throw invalid_argument(info.Env(), "broker: the path is no string");
  const std::string path = info[0].As<Napi::String>().Utf8Value();
  socket_ = std::make_shared<Descriptor>(making(info.Env(), [&path] { return listen_at(path); }));
}

BrokerListener::~BrokerListener() { shut(); }

Napi::Value BrokerListener::accept(const Napi::CallbackInfo& info) {
  return Waiting<Accepted>::begin(
      info.Env(), "broker",
      [socket = socket_] {
        Accepted accepted;
        try {
          accepted.socket = accept_root(socket->get());
        } catch (const std::system_error& error) {
          accepted.error = error.code().value();
        }
        return accepted;
      },
      &wrap_accepted);
}

void BrokerListener::close(const Napi::CallbackInfo&) { shut(); }

void BrokerListener::shut() const {
  // Wakes accept(). Its thread still has the descriptor.
  if (socket_) shutdown(socket_->get(), SHUT_RDWR);
}

}  // namespace platter

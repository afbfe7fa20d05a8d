#include "job_request.h"

#include <array>
#include <cmath>
#include <optional>
#include <string>
#include <utility>

#include "engine_error.h"

namespace platter {
namespace {

constexpr double kMaxSafe = 9007199254740991;  // Number.MAX_SAFE_INTEGER

constexpr std::array<std::pair<const char*, unsigned>, 11> kFlags = {{{"verify", KCOPYD_VERIFY},
                                                                      {"ignoreRead", KCOPYD_IGNORE_READ},
                                                                      {"ignoreWrite", KCOPYD_IGNORE_WRITE},
                                                                      {"skipBad", KCOPYD_SKIP_BAD},
                                                                      {"sequential", KCOPYD_WRITE_SEQ},
                                                                      {"headLast", KCOPYD_HEAD_LAST},
                                                                      {"sparse", KCOPYD_SPARSE},
                                                                      {"assumeBlank", KCOPYD_ASSUME_BLANK},
                                                                      {"hash", KCOPYD_HASH},
                                                                      {"copyRange", KCOPYD_COPY_RANGE},
                                                                      {"readKnown", KCOPYD_READ_KNOWN}}};

kcopyd_op operation(const Napi::Object& request) {
  const std::string op = request.Get("op").ToString();
  if (op == "copy") return KCOPYD_COPY;
  if (op == "compare") return KCOPYD_COMPARE;
  if (op == "zero") return KCOPYD_ZERO;
  throw invalid_argument(request.Env(), "submit: op is none of copy, compare and zero");
}

uint64_t whole_number(const Napi::Env env, const Napi::Value& value, const std::string& name) {
  const double number = value.IsNumber() ? value.As<Napi::Number>().DoubleValue() : -1;
  if (!(number >= 0) || number > kMaxSafe || number != std::floor(number)) {
    throw invalid_argument(env, "submit: " + name + " is no whole number >= 0");
  }
  return static_cast<uint64_t>(number);
}

bool absent(const Napi::Value& value) { return value.IsUndefined() || value.IsNull(); }

uint64_t number_of(const Napi::Object& request, const char* name, uint64_t otherwise) {
  const Napi::Value value = request.Get(name);
  return absent(value) ? otherwise : whole_number(request.Env(), value, name);
}

// Bytes of a Uint8Array of at least `least` bytes; NULL when there is none.
const uint8_t* bytes_of(const Napi::Env env, const Napi::Value& value, uint64_t least, const std::string& name) {
  if (absent(value)) return nullptr;
  if (!value.IsTypedArray() || value.As<Napi::TypedArray>().TypedArrayType() != napi_uint8_array ||
      value.As<Napi::Uint8Array>().ByteLength() < least) {
    throw invalid_argument(env, "submit: " + name + " is no Uint8Array of " + std::to_string(least) + " bytes");
  }
  return value.As<Napi::Uint8Array>().Data();
}

// An entry of an array with one entry per destination; undefined when there is no array.
Napi::Value entry(const Napi::Object& request, const char* name, uint32_t index, uint32_t length) {
  const Napi::Value list = request.Get(name);
  if (absent(list)) return request.Env().Undefined();
  if (!list.IsArray() || list.As<Napi::Array>().Length() != length) {
    throw invalid_argument(request.Env(), std::string("submit: ") + name + " has not one entry per destination");
  }
  return list.As<Napi::Array>().Get(index);
}

uint64_t size_of(const Device& device) {
  struct kcopyd_device_info facts {};
  kcopyd_device_info(device.get(), &facts);
  return facts.size;
}

}  // namespace

JobRequest::JobRequest(const Napi::Object& request, size_t chunk_size) {
  const Napi::Env env = request.Env();
  request_.op = operation(request);
  for (const auto& [name, flag] : kFlags) {
    if (request.Get(name).ToBoolean()) request_.flags |= flag;
  }
  if (!request.Get("destinations").IsArray()) throw invalid_argument(env, "submit: destinations is no array");
  const auto list = request.Get("destinations").As<Napi::Array>();
  if (!absent(request.Get("source"))) devices_.push_back(&Device::of(request.Get("source")));
  const bool sourceless = devices_.empty();
  for (uint32_t i = 0; i < list.Length(); ++i) devices_.push_back(&Device::of(list.Get(i)));

  const uint64_t offset = number_of(request, "offset", 0);
  if (offset % KCOPYD_SECTOR_SIZE != 0) throw invalid_argument(env, "submit: offset is no multiple of 512");
  const uint64_t size = devices_.empty() ? 0 : size_of(*devices_.front());
  const uint64_t length = number_of(request, "length", size > offset ? size - offset : 0);
  const sector_t count = (length + KCOPYD_SECTOR_SIZE - 1) / KCOPYD_SECTOR_SIZE;
  const sector_t sector = offset / KCOPYD_SECTOR_SIZE;
  if (!sourceless) from_ = {devices_.front()->get(), sector, count};
  for (size_t i = sourceless ? 0 : 1; i < devices_.size(); ++i) dests_.push_back({devices_[i]->get(), sector, count});

  const uint64_t chunks = length / chunk_size + (length % chunk_size != 0);
  read_options(request, chunks);
  read_hashes(request, chunks);
  request_.from = sourceless ? nullptr : &from_;
  request_.num_dests = static_cast<unsigned>(dests_.size());
  request_.dests = dests_.data();
  request_.dest_options = options_.data();
  request_.compare_bytes = sourceless ? length : 0;
  request_.bytes_per_second = number_of(request, "bytesPerSecond", 0);
  request_.stall_timeout = static_cast<unsigned>(number_of(request, "stallTimeout", 0));
  request_.flush_interval = static_cast<unsigned>(number_of(request, "flushInterval", 0));
}

void JobRequest::read_options(const Napi::Object& request, uint64_t chunks) {
  const Napi::Env env = request.Env();
  const auto count = static_cast<uint32_t>(dests_.size());
  const uint64_t least = (chunks + 7) / 8;
  for (uint32_t i = 0; i < count; ++i) {
    const Napi::Value limit = entry(request, "limits", i, count);
    options_.push_back({.todo = bytes_of(env, entry(request, "todo", i, count), least, "todo"),
                        .check = bytes_of(env, entry(request, "check", i, count), least, "check"),
                        .bytes_per_second = absent(limit) ? 0 : whole_number(env, limit, "limits")});
  }
}

void JobRequest::read_hashes(const Napi::Object& request, uint64_t chunks) {
  const uint8_t* bytes = bytes_of(request.Env(), request.Get("hashes"), chunks * sizeof(kcopyd_hash), "hashes");
  request_.known = bytes_of(request.Env(), request.Get("known"), (chunks + 7) / 8, "known");
  if (bytes == nullptr) return;
  hashes_.reserve(chunks + 1);
  for (uint64_t i = 0; i < chunks; ++i) hashes_.push_back(parse_hash(bytes + i * sizeof(kcopyd_hash)));
  request_.hashes = hashes_.data();
}

kcopyd_hash parse_hash(const uint8_t* bytes) {
  kcopyd_hash hash{};
  for (int i = 0; i < 8; ++i) {
    hash.high = hash.high << 8 | bytes[i];
    hash.low = hash.low << 8 | bytes[8 + i];
  }
  return hash;
}

void print_hash(const kcopyd_hash& hash, uint8_t* bytes) {
  for (int i = 0; i < 8; ++i) {
    bytes[i] = static_cast<uint8_t>(hash.high >> (56 - 8 * i));
    bytes[8 + i] = static_cast<uint8_t>(hash.low >> (56 - 8 * i));
  }
}

}  // namespace platter

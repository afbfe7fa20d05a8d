// Converts JavaScript's request for a job to the engine's.
#pragma once

#include <napi.h>

#include <vector>

#include "../kcopyd/kcopyd.h"
#include "device.h"

namespace platter {

// A request and everything that it points to. JavaScript thread.
class JobRequest {
 public:
  // Throws a JavaScript error: ERR_INVALID_ARG for a malformed request. Bitmaps and hashes must cover every chunk of
  // the region. chunk_size is in bytes.
  JobRequest(const Napi::Object& request, size_t chunk_size);
  JobRequest(const JobRequest&) = delete;
  JobRequest& operator=(const JobRequest&) = delete;

  const kcopyd_request& get() const { return request_; }
  kcopyd_request& get() { return request_; }
  // Source and destinations. They are in use until the job has ended.
  const std::vector<Device*>& devices() const { return devices_; }

 private:
  void read_options(const Napi::Object& request, uint64_t chunks);
  void read_hashes(const Napi::Object& request, uint64_t chunks);

  kcopyd_request request_{};
  io_region from_{};
  std::vector<io_region> dests_;
  std::vector<kcopyd_dest_options> options_;
  std::vector<kcopyd_hash> hashes_;
  std::vector<Device*> devices_;
};

// 16 bytes, big endian, the high half first: XXH3-128's canonical form.
kcopyd_hash parse_hash(const uint8_t* bytes);
void print_hash(const kcopyd_hash& hash, uint8_t* bytes);

}  // namespace platter

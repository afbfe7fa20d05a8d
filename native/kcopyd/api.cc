// The C interface: converts arguments and exceptions, decides nothing.
#include <cerrno>
#include <cstdlib>
#include <memory>
#include <new>
#include <string_view>
#include <system_error>

#include "client.h"
#include "kcopyd.h"

struct kcopyd_client {
  kcopyd::Client client;
};

struct kcopyd_job {
  std::shared_ptr<kcopyd::Alarm> alarm;  // the client's; a handle may outlive its client
  std::shared_ptr<kcopyd::Job> job;
};

namespace {

struct Prepared {
  kcopyd::Client& client;
  kcopyd_notify_fn fn;
  void* context;
};

// PLATTER_IO, for tests and for machines where probing is not enough. Nothing when it is set to something else.
std::optional<kcopyd_backend> from_environment() {
  const char* value = std::getenv("PLATTER_IO");
  const std::string_view wanted = value == nullptr ? "" : value;
  if (wanted.empty() || wanted == "auto") return KCOPYD_IO_AUTO;
  if (wanted == "uring") return KCOPYD_IO_URING;
  if (wanted == "threads") return KCOPYD_IO_THREADS;
  return std::nullopt;
}

}  // namespace

int kcopyd_client_create_with(const struct kcopyd_client_options* options, struct kcopyd_client** result) {
  if (options == nullptr || result == nullptr || options->num_pages == 0) return -EINVAL;
  std::optional<kcopyd_backend> backend = options->backend;
  if (backend == KCOPYD_IO_AUTO) backend = from_environment();
  if (!backend || *backend < KCOPYD_IO_AUTO || *backend > KCOPYD_IO_THREADS) return -EINVAL;
  try {
    *result = new kcopyd_client{kcopyd::Client(*options, *backend)};
    return 0;
  } catch (const std::system_error& error) {
    return -error.code().value();
  } catch (const std::bad_alloc&) {
    return -ENOMEM;
  }
}

int kcopyd_client_create(unsigned int num_pages, struct kcopyd_client** result) {
  const kcopyd_client_options options{
      .num_pages = num_pages, .backend = KCOPYD_IO_AUTO, .strict = 0, .bytes_per_second = 0};
  return kcopyd_client_create_with(&options, result);
}

enum kcopyd_backend kcopyd_client_backend(const struct kcopyd_client* client) { return client->client.backend(); }

void kcopyd_client_throttle(struct kcopyd_client* client, uint64_t bytes_per_second) {
  client->client.throttle(bytes_per_second);
}

void kcopyd_client_pool(const struct kcopyd_client* client, struct kcopyd_pool_stats* stats) {
  *stats = client->client.pool().stats();
}

void kcopyd_client_destroy(struct kcopyd_client* client) { const std::unique_ptr<kcopyd_client> destroying(client); }

int kcopyd_submit(struct kcopyd_client* client, const struct kcopyd_request* request, struct kcopyd_job** job) {
  if (client == nullptr || request == nullptr) return -EINVAL;
  try {
    std::shared_ptr<kcopyd::Job> created;
    if (const int refused = kcopyd::Job::create(*request, client->client.pool().slot_size(), created); refused != 0) return refused;
    std::unique_ptr<kcopyd_job> handle;
    if (job != nullptr) handle.reset(new kcopyd_job{client->client.alarm(), created});
    client->client.submit(std::move(created));
    if (job != nullptr) *job = handle.release();
    return 0;
  } catch (const std::bad_alloc&) {
    return -ENOMEM;
  }
}

int kcopyd_copy(struct kcopyd_client* client, const struct io_region* from, unsigned int num_dests,
                const struct io_region* dests, unsigned int flags, kcopyd_notify_fn fn, void* context) {
  const kcopyd_request request{KCOPYD_COPY, from, num_dests, dests, flags, fn, context};
  return kcopyd_submit(client, &request, nullptr);
}

int kcopyd_zero(struct kcopyd_client* client, unsigned int num_dests, const struct io_region* dests,
                unsigned int flags, kcopyd_notify_fn fn, void* context) {
  const kcopyd_request request{KCOPYD_ZERO, nullptr, num_dests, dests, flags, fn, context};
  return kcopyd_submit(client, &request, nullptr);
}

int kcopyd_compare(struct kcopyd_client* client, const struct io_region* from, unsigned int num_dests,
                   const struct io_region* dests, unsigned int flags, kcopyd_notify_fn fn, void* context) {
  const kcopyd_request request{KCOPYD_COMPARE, from, num_dests, dests, flags, fn, context};
  return kcopyd_submit(client, &request, nullptr);
}

void* kcopyd_prepare_callback(struct kcopyd_client* client, kcopyd_notify_fn fn, void* context) {
  auto* handle = new (std::nothrow) Prepared{client->client, fn, context};
  if (handle != nullptr) client->client.prepare();
  return handle;
}

void kcopyd_do_callback(void* handle, int read_err, unsigned int write_err) {
  const std::unique_ptr<Prepared> prepared(static_cast<Prepared*>(handle));
  prepared->client.fire({prepared->fn, prepared->context, read_err, write_err});
}

void kcopyd_job_progress(const struct kcopyd_job* job, struct kcopyd_progress* progress) {
  job->job->progress(*progress);
}

size_t kcopyd_job_errors(const struct kcopyd_job* job, size_t first, size_t max, struct kcopyd_error* errors) {
  return job->job->errors().copy(first, max, errors);
}

void kcopyd_job_cancel(struct kcopyd_job* job) {
  job->job->cancel();
  job->alarm->ring();
}

void kcopyd_job_put(struct kcopyd_job* job) { const std::unique_ptr<kcopyd_job> giving_back(job); }

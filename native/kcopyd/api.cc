// The C interface. It converts arguments and exceptions, and decides nothing.
#include <bit>
#include <cerrno>
#include <cstdlib>
#include <memory>
#include <new>
#include <string_view>

#include "client.h"
#include "errors.h"
#include "kcopyd.h"

struct kcopyd_client {
  std::shared_ptr<kcopyd::Client> client;
};

struct kcopyd_job {
  std::shared_ptr<kcopyd::Alarm> alarm;  // the client's; a handle may outlive its client
  std::shared_ptr<kcopyd::Job> job;
};

namespace {

constexpr size_t kMinSubjob = size_t{64} << 10;
constexpr size_t kMaxSubjob = size_t{16} << 20;

struct Prepared {
  kcopyd::Client& client;
  kcopyd_notify_fn fn;
  void* context;
};

// PLATTER_IO forces a backend, for tests and for machines where probing is not enough. Nothing when its value is
// unknown.
std::optional<kcopyd_backend> from_environment() {
  const char* value = std::getenv("PLATTER_IO");
  const std::string_view wanted = value == nullptr ? "" : value;
  if (wanted.empty() || wanted == "auto") return KCOPYD_IO_AUTO;
  if (wanted == "uring") return KCOPYD_IO_URING;
  if (wanted == "threads") return KCOPYD_IO_THREADS;
  return std::nullopt;
}

int submit(kcopyd_client* client, kcopyd_op op, const io_region* from, unsigned num_dests, const io_region* dests,
           unsigned flags, kcopyd_notify_fn fn, void* context) {
  kcopyd_request request{};
  request.op = op;
  request.from = from;
  request.num_dests = num_dests;
  request.dests = dests;
  request.flags = flags;
  request.fn = fn;
  request.context = context;
  return kcopyd_submit(client, &request, nullptr);
}

}  // namespace

int kcopyd_client_create_with(const struct kcopyd_client_options* options, struct kcopyd_client** result) {
  if (options == nullptr || result == nullptr || options->num_pages == 0) return -EINVAL;
  std::optional<kcopyd_backend> backend = options->backend;
  if (backend == KCOPYD_IO_AUTO) backend = from_environment();
  if (!backend || *backend < KCOPYD_IO_AUTO || *backend > KCOPYD_IO_THREADS) return -EINVAL;
  const size_t subjob = options->subjob_size;
  if (subjob != 0 && (!std::has_single_bit(subjob) || subjob < kMinSubjob || subjob > kMaxSubjob)) return -EINVAL;
  return kcopyd::errno_of(
      [&] { *result = std::make_unique<kcopyd_client>(kcopyd::Client::open(*options, *backend)).release(); });
}

int kcopyd_client_create(unsigned int num_pages, struct kcopyd_client** result) {
  const kcopyd_client_options options{
      .num_pages = num_pages, .backend = KCOPYD_IO_AUTO, .strict = 0, .bytes_per_second = 0, .subjob_size = 0};
  return kcopyd_client_create_with(&options, result);
}

enum kcopyd_backend kcopyd_client_backend(const struct kcopyd_client* client) { return client->client->backend(); }

void kcopyd_client_throttle(struct kcopyd_client* client, uint64_t bytes_per_second) {
  client->client->throttle(bytes_per_second);
}

void kcopyd_client_pool(const struct kcopyd_client* client, struct kcopyd_pool_stats* stats) {
  *stats = client->client->pool().stats();
}

void kcopyd_client_destroy(struct kcopyd_client* client) {
  const std::unique_ptr<kcopyd_client> destroying(client);
  if (destroying) destroying->client->close();
}

int kcopyd_submit(struct kcopyd_client* client, const struct kcopyd_request* request, struct kcopyd_job** job) {
  if (client == nullptr || request == nullptr) return -EINVAL;
  try {
    std::shared_ptr<kcopyd::Job> created;
    if (const int refused = kcopyd::Job::create(*request, client->client->pool().slot_size(), created); refused != 0)
      return refused;
    std::unique_ptr<kcopyd_job> handle;
    if (job != nullptr) handle.reset(new kcopyd_job{client->client->alarm(), created});
    client->client->submit(std::move(created));
    if (job != nullptr) *job = handle.release();
    return 0;
  } catch (const std::bad_alloc&) {
    return -ENOMEM;
  }
}

int kcopyd_copy(struct kcopyd_client* client, const struct io_region* from, unsigned int num_dests,
                const struct io_region* dests, unsigned int flags, kcopyd_notify_fn fn, void* context) {
  return submit(client, KCOPYD_COPY, from, num_dests, dests, flags, fn, context);
}

int kcopyd_zero(struct kcopyd_client* client, unsigned int num_dests, const struct io_region* dests, unsigned int flags,
                kcopyd_notify_fn fn, void* context) {
  return submit(client, KCOPYD_ZERO, nullptr, num_dests, dests, flags, fn, context);
}

int kcopyd_compare(struct kcopyd_client* client, const struct io_region* from, unsigned int num_dests,
                   const struct io_region* dests, unsigned int flags, kcopyd_notify_fn fn, void* context) {
  return submit(client, KCOPYD_COMPARE, from, num_dests, dests, flags, fn, context);
}

void* kcopyd_prepare_callback(struct kcopyd_client* client, kcopyd_notify_fn fn, void* context) {
  auto* handle = new (std::nothrow) Prepared{*client->client, fn, context};
  if (handle != nullptr) client->client->prepare();
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

int kcopyd_job_cancel_dest(struct kcopyd_job* job, unsigned int dest) {
  if (!job->job->cancel(dest)) return -EINVAL;
  job->alarm->ring();
  return 0;
}

int kcopyd_job_pause(struct kcopyd_job* job, int dest, int paused) {
  if (!job->job->pause(dest, paused != 0)) return -EINVAL;
  job->alarm->ring();
  return 0;
}

int kcopyd_job_throttle(struct kcopyd_job* job, int dest, uint64_t bytes_per_second) {
  if (!job->job->throttle(dest, bytes_per_second)) return -EINVAL;
  job->alarm->ring();
  return 0;
}

size_t kcopyd_job_durable(const struct kcopyd_job* job, unsigned int dest, size_t first, size_t max,
                          struct kcopyd_range* ranges) {
  const kcopyd::Durable* durable = job->job->durable(dest);
  return durable == nullptr ? 0 : durable->copy(first, max, ranges);
}

size_t kcopyd_job_hashes(const struct kcopyd_job* job, uint64_t first, size_t max, struct kcopyd_hash* hashes,
                         uint8_t* known) {
  return job->job->hashes().copy(first, max, hashes, known);
}

size_t kcopyd_job_chunk(const struct kcopyd_job* job) { return job->job->chunk_size(); }

void kcopyd_job_put(struct kcopyd_job* job) { const std::unique_ptr<kcopyd_job> giving_back(job); }

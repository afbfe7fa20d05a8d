#include "engine.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <map>

namespace test {

static Bytes make_pattern(uint64_t size, uint64_t seed) {
  const Unwatched unwatched;
  Bytes bytes(size + 8);
  for (uint64_t at = 0; at < size; at += 8) {
    uint64_t word = (at + 1) * 0x9e3779b97f4a7c15u + seed * 0xbf58476d1ce4e5b9u;
    word ^= word >> 29;
    std::memcpy(&bytes[at], &word, 8);
  }
  bytes.resize(size);
  return bytes;
}

// By size and seed.
static std::mutex patterns_mutex;
static std::map<std::pair<uint64_t, uint64_t>, Bytes> patterns;

const Bytes& pattern(uint64_t size, uint64_t seed) {
  std::lock_guard lock(patterns_mutex);
  auto& bytes = patterns[{size, seed}];
  if (bytes.empty()) bytes = make_pattern(size, seed);
  return bytes;
}

void forget_patterns() {
  constexpr uint64_t kKept = 64 * MiB;
  std::lock_guard lock(patterns_mutex);
  uint64_t bytes = 0;
  for (const auto& [which, made] : patterns) bytes += made.size();
  if (bytes > kKept) patterns.clear();
}

std::string difference(const Bytes& got, const Bytes& want) {
  const Unwatched unwatched;
  if (got == want) return "";
  if (got.size() != want.size())
    return "size " + std::to_string(got.size()) + " instead of " + std::to_string(want.size());
  const auto first = std::mismatch(got.begin(), got.end(), want.begin()).first - got.begin();
  const auto last = got.rend() - std::mismatch(got.rbegin(), got.rend(), want.rbegin()).first;
  const auto count = [&] {
    ptrdiff_t n = 0;
    for (size_t i = 0; i < got.size(); i++) n += got[i] != want[i];
    return n;
  }();
  char text[160];
  std::snprintf(text, sizeof text, "%td bytes differ, from %td (0x%02x instead of 0x%02x) to %td", count, first,
                got[first], want[first], last);
  return text;
}

void wait_for(const std::function<bool()>& condition) {
  while (!condition()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
}

const char* name(kcopyd_backend backend) {
  switch (backend) {
    case KCOPYD_IO_URING:
      return "uring";
    case KCOPYD_IO_THREADS:
      return "threads";
    case KCOPYD_IO_AUTO:
      break;
  }
  return "auto";
}

const std::vector<kcopyd_backend>& backends() {
  static const std::vector<kcopyd_backend> allowed = [] {
    std::vector<kcopyd_backend> found;
    for (const auto backend : {KCOPYD_IO_URING, KCOPYD_IO_THREADS}) {
      const kcopyd_client_options options{.num_pages = 16, .backend = backend, .strict = 0, .bytes_per_second = 0};
      kcopyd_client* client = nullptr;
      if (const int err = kcopyd_client_create_with(&options, &client); err == 0)
        found.push_back(backend);
      else
        std::printf("SKIP: every test on the %s backend: %s\n", name(backend), std::strerror(-err));
      kcopyd_client_destroy(client);
    }
    return found;
  }();
  return allowed;
}

// ---- Device

Device::Device(const std::string& path, unsigned flags) {
  INFO("open ", path);
  REQUIRE(kcopyd_device_open(path.c_str(), flags, &bdev_) == 0);
}

void Device::close() {
  kcopyd_device_close(bdev_);
  bdev_ = nullptr;
}

struct kcopyd_device_info Device::info() const {
  struct kcopyd_device_info info {};
  kcopyd_device_info(bdev_, &info);
  return info;
}

io_region Device::at(uint64_t offset, uint64_t length) const {
  REQUIRE(offset % KCOPYD_SECTOR_SIZE == 0);
  REQUIRE(length % KCOPYD_SECTOR_SIZE == 0);
  return {.bdev = bdev_, .sector = offset / KCOPYD_SECTOR_SIZE, .count = length / KCOPYD_SECTOR_SIZE};
}

// ---- Outcome

static std::string errno_name(int err) {
  const char* name = err ? strerrorname_np(err) : "";
  return name ? name : std::to_string(err);
}

static std::string line(const kcopyd_error& error) {
  static const char* const sides[] = {"read", "write", "verify"};
  static const char* const causes[] = {"io",        "medium",   "gone",      "no-space", "read-only",
                                       "timed-out", "mismatch", "cancelled", "stalled"};
  std::string text = error.flush ? "flush" : sides[error.side];
  if (error.destination >= 0) text += " " + std::to_string(error.destination);
  if (error.err) text += " " + errno_name(error.err);
  text += std::string(" ") + causes[error.cause];
  if (!error.flush && error.cause != KCOPYD_CAUSE_CANCELLED)
    text += " " + std::to_string(error.offset) + "+" + std::to_string(error.length);
  return text;
}

Lines Outcome::list() const {
  Lines lines;
  for (const auto& error : errors) lines.push_back(line(error));
  std::sort(lines.begin(), lines.end());
  return lines;
}

Lines Outcome::list(int destination) const {
  Outcome part;
  for (const auto& error : errors)
    if (error.destination == destination) part.errors.push_back(error);
  return part.list();
}

// ---- Job

const Outcome& Job::wait() {
  std::unique_lock lock(client_->mutex_);
  client_->fired_.wait(lock, [&] { return done(); });
  if (!gathered_) {
    gathered_ = true;
    ended_jobs++;
    outcome_.progress = progress();
    outcome_.errors = errors();
    check();
  }
  return outcome_;
}

kcopyd_progress Job::progress() const {
  kcopyd_progress progress{};
  kcopyd_job_progress(handle_, &progress);
  return progress;
}

std::vector<kcopyd_error> Job::errors() const {
  std::vector<kcopyd_error> all;
  kcopyd_error some[7];
  while (const size_t n = kcopyd_job_errors(handle_, all.size(), std::size(some), some))
    all.insert(all.end(), some, some + n);
  return all;
}

// What must hold for every finished job.
void Job::check() const {
  const Outcome& out = outcome_;
  INFO("error list: ", out.list());
  CHECK(out.errors.size() == out.progress.errors);
  CHECK(out.progress.num_dests == dests_.size());
  bool read_listed = false, cancelled = false;
  unsigned listed = 0;
  for (const auto& error : out.errors) {
    CHECK(error.destination >= -1);
    CHECK(error.destination < static_cast<int>(dests_.size()));
    cancelled |= error.cause == KCOPYD_CAUSE_CANCELLED;
    if (error.destination < 0) {
      read_listed |= error.side == KCOPYD_SIDE_READ && error.cause != KCOPYD_CAUSE_CANCELLED;
      continue;
    }
    CHECK(error.side != KCOPYD_SIDE_READ);
    listed |= 1u << error.destination;
    if (error.flush || error.cause == KCOPYD_CAUSE_CANCELLED) continue;
    const io_region& dest = dests_[error.destination];
    CHECK(error.length > 0);
    CHECK(error.offset >= dest.sector * KCOPYD_SECTOR_SIZE);
    CHECK(error.offset + error.length <= (dest.sector + dest.count) * KCOPYD_SECTOR_SIZE);
  }
  if (!cancelled) {
    CHECK(read_listed == (out.read_err != 0));
    CHECK(listed == out.write_err);
  }
  for (size_t i = 0; i < dests_.size(); i++) {
    CAPTURE(i);
    const auto& dest = out.progress.dests[i];
    if (out.write_err >> i & 1) {
      CHECK((dest.state == KCOPYD_FAILED || dest.state == KCOPYD_CANCELLED));
    } else if (!out.read_err && !cancelled && !client_->strict_) {
      CHECK(dest.state == KCOPYD_DONE);
      if (op_ != KCOPYD_COMPARE && !(flags_ & KCOPYD_IGNORE_ERROR)) CHECK(dest.written == dest.to_write);
      if (whole_)
        CHECK((dest.to_write + KCOPYD_SECTOR_SIZE - 1) / KCOPYD_SECTOR_SIZE ==
              (op_ == KCOPYD_COMPARE ? 0 : dests_[i].count));
    }
  }
}

// ---- Client

Client::Client(const ClientOptions& options) : pages_(options.pages), strict_(options.strict) {
  const kcopyd_client_options raw{.num_pages = options.pages,
                                  .backend = options.backend,
                                  .strict = options.strict,
                                  .bytes_per_second = options.bytes_per_second,
                                  .subjob_size = options.subjob_size};
  REQUIRE(kcopyd_client_create_with(&raw, &client_) == 0);
  if (options.backend != KCOPYD_IO_AUTO) CHECK(kcopyd_client_backend(client_) == options.backend);
}

Client::~Client() { destroy(); }

void Client::destroy() {
  if (!client_) return;
  // By index, because a callback may submit the next job during the loop.
  for (size_t i = 0;; i++) {
    std::unique_lock lock(mutex_);
    if (i == jobs_.size()) break;
    Job& job = *jobs_[i];
    lock.unlock();
    job.wait();
  }
  const kcopyd_pool_stats stats = pool();
  kcopyd_client_destroy(client_);
  client_ = nullptr;
  CHECK(stats.bytes == size_t{pages_} * KCOPYD_PAGE_SIZE);
  CHECK(stats.slots >= 1);
  CHECK(stats.slots * stats.slot_size <= stats.bytes);
  CHECK(stats.peak <= stats.slots);
  for (const auto& job : jobs_) {
    CHECK(job->calls_ == 1);
    kcopyd_job_put(job->handle_);
  }
  jobs_.clear();
  CHECK(overlaps_ == 0);
  CHECK(on_creator_ == 0);
}

void Client::notify(int read_err, unsigned write_err, void* context) {
  auto& job = *static_cast<Job*>(context);
  Client& client = *job.client_;
  if (client.in_callback_.exchange(true)) client.overlaps_++;
  if (std::this_thread::get_id() == client.creator_) client.on_creator_++;
  if (job.in_callback_) job.in_callback_();
  {
    std::lock_guard lock(client.mutex_);
    job.outcome_.read_err = read_err;
    job.outcome_.write_err = write_err;
    job.order_ = client.callbacks_++;
    job.calls_++;
  }
  client.in_callback_ = false;
  client.fired_.notify_all();
}

Job& Client::submit(kcopyd_request request, std::function<void()> in_callback) {
  auto owned = std::make_unique<Job>();
  Job& job = *owned;
  job.client_ = this;
  job.op_ = request.op;
  job.flags_ = request.flags;
  job.whole_ = request.dest_options == nullptr;
  job.dests_.assign(request.dests, request.dests + request.num_dests);
  job.in_callback_ = std::move(in_callback);
  kcopyd_job* handle = nullptr;
  request.fn = &Client::notify;
  request.context = &job;
  const int err = kcopyd_submit(client_, &request, &handle);
  REQUIRE(err == 0);
  std::lock_guard lock(mutex_);
  job.handle_ = handle;
  jobs_.push_back(std::move(owned));
  return job;
}

namespace {

kcopyd_request request_for(kcopyd_op op, const io_region* from, const std::vector<io_region>& dests, unsigned flags) {
  return {
      .op = op, .from = from, .num_dests = static_cast<unsigned>(dests.size()), .dests = dests.data(), .flags = flags};
}

}  // namespace

Job& Client::copy(const io_region& from, const std::vector<io_region>& dests, unsigned flags,
                  std::function<void()> in_callback) {
  return submit(request_for(KCOPYD_COPY, &from, dests, flags), std::move(in_callback));
}

Job& Client::zero(const std::vector<io_region>& dests, unsigned flags, std::function<void()> in_callback) {
  return submit(request_for(KCOPYD_ZERO, nullptr, dests, flags), std::move(in_callback));
}

Job& Client::compare(const io_region& from, const std::vector<io_region>& dests, unsigned flags) {
  return submit(request_for(KCOPYD_COMPARE, &from, dests, flags));
}

int Client::refuse(kcopyd_op op, const io_region* from, const std::vector<io_region>& dests, unsigned flags) {
  std::atomic<int> calls{0};
  const kcopyd_request request{.op = op,
                               .from = from,
                               .num_dests = static_cast<unsigned>(dests.size()),
                               .dests = dests.data(),
                               .flags = flags,
                               .fn = [](int, unsigned, void* context) { ++*static_cast<std::atomic<int>*>(context); },
                               .context = &calls};
  kcopyd_job* handle = nullptr;
  const int err = kcopyd_submit(client_, &request, &handle);
  CHECK(err != 0);
  CHECK(handle == nullptr);
  // Submit a job behind it. When its callback has run, the refused one's would have run too.
  std::atomic<bool> passed{false};
  void* marker = kcopyd_prepare_callback(
      client_, [](int, unsigned, void* context) { *static_cast<std::atomic<bool>*>(context) = true; }, &passed);
  REQUIRE(marker != nullptr);
  kcopyd_do_callback(marker, 0, 0);
  while (!passed) std::this_thread::yield();
  CHECK(calls == 0);
  return err;
}

kcopyd_pool_stats Client::pool() const {
  kcopyd_pool_stats stats{};
  kcopyd_client_pool(client_, &stats);
  return stats;
}

}  // namespace test

#include "client.h"

#include <cerrno>
#include <system_error>
#include <utility>

namespace kcopyd {

Client::Client(const kcopyd_client_options& options, kcopyd_backend backend)
    : pool_(options.num_pages, options.subjob_size), strict_(options.strict != 0), backend_(backend) {
  throttle_.set(options.bytes_per_second);
}

std::shared_ptr<Client> Client::open(const kcopyd_client_options& options, kcopyd_backend backend) {
  const std::shared_ptr<Client> client(new Client(options, backend));
  std::promise<kcopyd_backend> opened;
  std::future<kcopyd_backend> result = opened.get_future();
  // The worker keeps the client alive, because it may outlive close().
  client->worker_ = std::thread([client, promise = std::move(opened)]() mutable { client->work(std::move(promise)); });
  try {
    client->backend_ = result.get();
  } catch (const std::system_error&) {
    client->worker_.join();
    throw;
  }
  return client;
}

void Client::close() {
  std::unique_lock lock(mutex_);
  idle_.wait(lock, [this] { return live_ == 0; });
  stopping_ = true;
  lock.unlock();
  alarm_->ring();
  lock.lock();
  idle_.wait(lock, [this] { return worker_state_ != Worker::works; });
  const bool left = worker_state_ == Worker::left;
  lock.unlock();
  if (left) {
    worker_.join();
  } else {
    worker_.detach();
  }
}

void Client::throttle(uint64_t bytes_per_second) {
  throttle_.set(bytes_per_second);
  alarm_->ring();
}

void Client::submit(std::shared_ptr<Job> job) {
  // Do not touch the client after the job is in: the job can end at once, and whoever waits for that may then end the
  // client.
  const std::shared_ptr<Alarm> alarm = alarm_;
  {
    const std::lock_guard lock(mutex_);
    ++live_;
    inbox_.push_back(std::move(job));
  }
  alarm->ring();
}

void Client::prepare() {
  const std::lock_guard lock(mutex_);
  ++live_;
}

void Client::fire(const Fired& callback) {
  const std::shared_ptr<Alarm> alarm = alarm_;  // as above
  {
    const std::lock_guard lock(mutex_);
    fired_.push_back(callback);
  }
  alarm->ring();
}

// ---- Worker thread ---------------------------------------------------------------------------------------

void Client::work(std::promise<kcopyd_backend> opened) {
  std::unique_ptr<BlockIo> io;
  try {
    io = with_handlers(open_backend(backend_, pool_.memory()));
  } catch (const std::system_error&) {
    opened.set_exception(std::current_exception());
    return;
  }
  alarm_->set(io.get());
  opened.set_value(io->kind());
  Round round{.io = *io, .pool = pool_, .throttle = throttle_, .strict = strict_};
  loop(round);
  alarm_->set(nullptr);
  io.reset();  // before close() returns: an exclusive open right after it must find the devices free
  const std::lock_guard lock(mutex_);
  if (worker_state_ == Worker::works) worker_state_ = Worker::left;
  idle_.notify_all();
}

void Client::loop(Round& round) {
  std::vector<IoRequest*> done;
  while (take_inbox(round)) {
    pump(round);
    // A callback may submit: look again before going to sleep.
    if (call_back(round)) continue;
    done.clear();
    round.io.wait(done, round.deadline);
    take_results(round, done);
  }
}

void Client::take_results(Round& round, const std::vector<IoRequest*>& done) {
  for (IoRequest* request : done) {
    auto& transfer = static_cast<SlotTransfer&>(Transfer::of(*request));
    if (transfer.lost) {
      transfer.job->came_back(round, transfer);
    } else {
      transfer.job->answered(round, transfer);
    }
  }
  std::erase_if(lingering_, [&](const std::shared_ptr<Job>& job) {
    if (job->lingers()) return false;
    job->finish(round);
    return true;
  });
}

// False: the client is closed, and nothing of it is in flight.
bool Client::take_inbox(Round& round) {
  std::vector<std::shared_ptr<Job>> arrived;
  {
    const std::lock_guard lock(mutex_);
    if (stopping_ && lingering_.empty()) return false;
    if (stopping_ && worker_state_ == Worker::works) {
      worker_state_ = Worker::lingers;
      idle_.notify_all();
    }
    arrived.swap(inbox_);
  }
  for (auto& job : arrived) {
    job->start(round);
    jobs_.push_back(std::move(job));
  }
  return true;
}

void Client::pump(Round& round) {
  // All jobs release slots before any takes one: an earlier job may wait for the slot that a later one frees.
  for (const auto& job : jobs_) job->settle(round);
  round.deadline.reset();
  round.throttled = false;
  bool room = true;
  for (const auto& job : jobs_) room = job->pump(round, room);
}

bool Client::call_back(Round& round) {
  bool called = false;
  // Jobs that ended, then callbacks that were fired. One at a time, because each may change both lists.
  for (size_t i = 0; i < jobs_.size();) {
    if (!jobs_[i]->finished()) {
      ++i;
      continue;
    }
    const std::shared_ptr<Job> job = jobs_[i];
    jobs_.erase(jobs_.begin() + static_cast<ptrdiff_t>(i));
    if (job->lingers()) {
      job->linger(round);
      lingering_.push_back(job);
    } else {
      job->finish(round);
    }
    job->notify();
    leave();
    called = true;
  }
  for (;;) {
    Fired callback{};
    {
      const std::lock_guard lock(mutex_);
      if (fired_.empty()) return called;
      callback = fired_.front();
      fired_.pop_front();
    }
    callback.fn(callback.read_error, callback.write_error, callback.context);
    leave();
    called = true;
  }
}

void Client::leave() {
  const std::lock_guard lock(mutex_);
  if (--live_ == 0) idle_.notify_all();
}

}  // namespace kcopyd

#include "workers.h"

namespace unpack {

Workers::Workers(unsigned threads) {
  for (unsigned i = 0; i < threads; ++i) threads_.emplace_back([this] { loop(); });
}

Workers::~Workers() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
    queue_.clear();
  }
  something_.notify_all();
}

void Workers::add(std::function<void()> work) {
  {
    const std::lock_guard lock(mutex_);
    queue_.push_back(std::move(work));
  }
  something_.notify_one();
}

void Workers::loop() {
  for (;;) {
    std::function<void()> work;
    {
      std::unique_lock lock(mutex_);
      something_.wait(lock, [this] { return ending_ || !queue_.empty(); });
      if (ending_) return;
      work = std::move(queue_.front());
      queue_.pop_front();
    }
    work();
  }
}

void InOrder::add(uint64_t cost, std::function<Bytes()> decode, std::function<void()> before) {
  while (!pieces_.empty() && (in_flight_ + cost > memory_ || pieces_.size() >= depth(workers_.threads())))
    write_first();
  in_flight_ += cost;
  pieces_.push_back({workers_.run<Bytes>(std::move(decode)), cost, std::move(before)});
}

void InOrder::finish() {
  while (!pieces_.empty()) write_first();
}

void InOrder::write_first() {
  Piece piece = std::move(pieces_.front());
  pieces_.pop_front();
  if (piece.before) piece.before();
  output_.write(piece.bytes.get());
  in_flight_ -= piece.cost;
}

}  // namespace unpack

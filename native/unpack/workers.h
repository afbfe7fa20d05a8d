// Threads that decode pieces, and a queue that hands the pieces on in order.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <future>
#include <mutex>
#include <thread>
#include <vector>

#include "input.h"
#include "output.h"

namespace unpack {

// A fixed number of threads. The destructor drops work that has not begun and waits for the rest.
class Workers {
 public:
  explicit Workers(unsigned threads);
  ~Workers();
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;

  unsigned threads() const { return static_cast<unsigned>(threads_.size()); }

  template <typename Result>
  std::future<Result> run(std::function<Result()> work) {
    auto task = std::make_shared<std::packaged_task<Result()>>(std::move(work));
    auto result = task->get_future();
    add([task] { (*task)(); });
    return result;
  }

 private:
  void add(std::function<void()> work);
  void loop();

  std::mutex mutex_;
  std::condition_variable something_;
  std::deque<std::function<void()>> queue_;
  bool ending_ = false;
  std::vector<std::jthread> threads_;
};

// Decodes pieces at the same time and writes them one after the other. Their cost in memory stays below a limit, except
// that one piece is always let through.
class InOrder {
 public:
  InOrder(Workers& workers, uint64_t memory, Output& output) : workers_(workers), memory_(memory), output_(output) {}
  // Waits for earlier pieces while there is no room. cost: bytes, packed and decoded. `before`, if any, is called when
  // all earlier pieces are written. Throws what an earlier piece threw.
  void add(uint64_t cost, std::function<Bytes()> decode, std::function<void()> before = {});
  // Waits until all is written.
  void finish();
  // Pieces in flight, at most.
  static uint64_t depth(unsigned threads) { return uint64_t{4} * threads; }

 private:
  struct Piece {
    std::future<Bytes> bytes;
    uint64_t cost;
    std::function<void()> before;
  };
  void write_first();

  Workers& workers_;
  uint64_t memory_;
  Output& output_;
  std::deque<Piece> pieces_;
  uint64_t in_flight_ = 0;  // bytes
};

}  // namespace unpack

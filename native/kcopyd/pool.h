// The page pool of a client: allocated once, cut into buffers of one sub-job each.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "kcopyd.h"
#include "transfer/slot.h"

namespace kcopyd {

// Worker thread, except stats().
class Pool {
 public:
  // Maps num_pages pages, cut into slots of slot_size bytes. 0: KCOPYD_SUBJOB_SIZE, or less in a small pool. Throws
  // std::system_error (ENOMEM; EINVAL: not one slot fits).
  Pool(unsigned num_pages, size_t slot_size);
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;
  ~Pool();

  bool empty() const { return free_.empty(); }
  size_t free() const { return free_.size(); }
  // A free slot; there must be one.
  Slot* acquire();
  void release(Slot& slot);

  // Bytes of one slot: one sub-job, or what a smaller pool allows (a power of two of pages).
  size_t slot_size() const { return slot_size_; }
  std::span<std::byte> memory() const { return memory_; }
  // Any thread.
  kcopyd_pool_stats stats() const;

 private:
  size_t slot_size_;
  std::span<std::byte> memory_;
  std::vector<std::unique_ptr<Slot>> slots_;
  std::vector<Slot*> free_;
  std::atomic<unsigned> peak_ = 0;
};

}  // namespace kcopyd

// Decoded blocks of an image, kept for the next reader.
#pragma once

#include <cstdint>
#include <functional>
#include <future>
#include <list>
#include <memory>
#include <mutex>
#include <unordered_map>

#include "unpack/input.h"

namespace serve {

class BlockCache {
 public:
  using Block = std::shared_ptr<const unpack::Bytes>;

  // limit: bytes of blocks that are kept. One block is always kept.
  explicit BlockCache(uint64_t limit) : limit_(limit) {}

  // The block with this number, from `make` unless it is kept. Readers of one block wait for each other. Throws what
  // `make` throws; damage is kept like a block, so that it is not decoded for each reader again.
  Block get(uint64_t number, const std::function<unpack::Bytes()>& make);

 private:
  struct Kept {
    std::shared_future<Block> block;
    uint64_t cost;  // bytes; 0 while it is made
    std::list<uint64_t>::iterator place;
  };
  void settle(uint64_t number, uint64_t cost);
  void forget(uint64_t number);

  std::mutex mutex_;
  std::unordered_map<uint64_t, Kept> kept_;
  std::list<uint64_t> recent_;  // the most recently used one first
  uint64_t total_ = 0;          // bytes
  uint64_t limit_;
};

}  // namespace serve

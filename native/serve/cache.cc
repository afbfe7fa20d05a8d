#include "cache.h"

#include <exception>
#include <utility>

#include "unpack/error.h"

namespace serve {
namespace {

constexpr uint64_t cost_of_damage = 4096;  // bytes

// True for a fault of the file itself, which the next attempt would find again.
bool is_lasting(unpack::Fault fault) {
  return fault == unpack::Fault::damaged || fault == unpack::Fault::truncated || fault == unpack::Fault::unsupported;
}

}  // namespace

BlockCache::Block BlockCache::get(uint64_t number, const std::function<unpack::Bytes()>& make) {
  std::promise<Block> promise;
  std::shared_future<Block> block;
  bool is_kept = true;
  {
    const std::scoped_lock lock(mutex_);
    if (const auto found = kept_.find(number); found != kept_.end()) {
      recent_.splice(recent_.begin(), recent_, found->second.place);
      block = found->second.block;
    } else {
      is_kept = false;
      block = promise.get_future().share();
      recent_.push_front(number);
      kept_.emplace(number, Kept{.block = block, .cost = 0, .place = recent_.begin()});
    }
  }
  if (is_kept) return block.get();
  try {
    auto made = std::make_shared<const unpack::Bytes>(make());
    const uint64_t cost = made->size();
    promise.set_value(std::move(made));
    settle(number, cost);
  } catch (const unpack::Error& error) {
    promise.set_exception(std::current_exception());
    if (is_lasting(error.fault()))
      settle(number, cost_of_damage);
    else
      forget(number);
  } catch (...) {
    promise.set_exception(std::current_exception());
    forget(number);
  }
  return block.get();
}

void BlockCache::settle(uint64_t number, uint64_t cost) {
  const std::scoped_lock lock(mutex_);
  const auto made = kept_.find(number);
  if (made == kept_.end()) return;
  made->second.cost = cost;
  total_ += cost;
  while (total_ > limit_ && recent_.size() > 1 && recent_.back() != number) {
    const auto oldest = kept_.find(recent_.back());
    total_ -= oldest->second.cost;
    kept_.erase(oldest);
    recent_.pop_back();
  }
}

void BlockCache::forget(uint64_t number) {
  const std::scoped_lock lock(mutex_);
  const auto failed = kept_.find(number);
  if (failed == kept_.end()) return;
  recent_.erase(failed->second.place);
  kept_.erase(failed);
}

}  // namespace serve

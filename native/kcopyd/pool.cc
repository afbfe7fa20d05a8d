#include "pool.h"

#include <sys/mman.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <system_error>

namespace kcopyd {
namespace {

std::span<std::byte> map(size_t bytes) {
  void* memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) throw std::system_error(errno, std::generic_category(), "mmap");
  // Use huge pages where there are any: the kernel then sees a registered buffer as few pieces instead of thousands.
  madvise(memory, bytes, MADV_HUGEPAGE);
  // Get all of it now, not while a job runs. Before Linux 5.14 the pages come as they are first used.
  madvise(memory, bytes, MADV_POPULATE_WRITE);
  return {static_cast<std::byte*>(memory), bytes};
}

size_t size_of_slots(unsigned num_pages, size_t wanted) {
  const size_t bytes = size_t{num_pages} * KCOPYD_PAGE_SIZE;
  if (wanted == 0) return std::min<size_t>(KCOPYD_SUBJOB_SIZE, std::bit_floor(bytes));
  if (wanted > bytes) throw std::system_error(EINVAL, std::generic_category(), "pool");
  return wanted;
}

}  // namespace

Pool::Pool(unsigned num_pages, size_t slot_size)
    : slot_size_(size_of_slots(num_pages, slot_size)), memory_(map(size_t{num_pages} * KCOPYD_PAGE_SIZE)) {
  for (size_t at = 0; at + slot_size_ <= memory_.size(); at += slot_size_) {
    slots_.push_back(std::make_unique<Slot>(memory_.subspan(at, slot_size_)));
    free_.push_back(slots_.back().get());
  }
  // Lowest first: a job that needs few buffers uses the same few, which stay in the processor's cache.
  std::ranges::reverse(free_);
}

Pool::~Pool() { munmap(memory_.data(), memory_.size()); }

Slot* Pool::acquire() {
  Slot* slot = free_.back();
  free_.pop_back();
  const auto used = static_cast<unsigned>(slots_.size() - free_.size());
  if (used > peak_) peak_ = used;
  return slot;
}

void Pool::release(Slot& slot) { free_.push_back(&slot); }

kcopyd_pool_stats Pool::stats() const {
  return {
      .bytes = memory_.size(), .slot_size = slot_size_, .slots = static_cast<unsigned>(slots_.size()), .peak = peak_};
}

}  // namespace kcopyd

// Checking a request: everything that can be known before the first I/O is refused here.
#include <algorithm>
#include <cerrno>
#include <new>
#include <optional>
#include <span>
#include <stdexcept>
#include <utility>

#include "work.h"

namespace kcopyd {
namespace {

constexpr uint64_t kMaxSectors = UINT64_MAX / KCOPYD_SECTOR_SIZE / 4;

// A range of bytes on a device.
struct Range {
  const block_device* device;
  uint64_t offset;
  uint64_t length;
};

bool overlap(const Range& a, const Range& b) {
  return a.length > 0 && b.length > 0 && a.device->same_as(*b.device) && a.offset < b.offset + b.length &&
         b.offset < a.offset + a.length;
}

uint64_t whole_sectors(uint64_t bytes) { return (bytes + KCOPYD_SECTOR_SIZE - 1) / KCOPYD_SECTOR_SIZE; }

// Bytes that a region of an existing device or file covers. Its last sector may be partial. Nothing when the region
// ends behind the device.
std::optional<uint64_t> covered(const io_region& region) {
  if (region.sector > kMaxSectors || region.count > kMaxSectors) return std::nullopt;
  const uint64_t size = region.bdev->size_now();
  if (region.sector + region.count > whole_sectors(size)) return std::nullopt;
  if (region.count == 0) return 0;
  return std::min(region.count * KCOPYD_SECTOR_SIZE, size - region.sector * KCOPYD_SECTOR_SIZE);
}

bool fits(const io_region& region, uint64_t bytes) {
  if (region.sector > kMaxSectors || region.count > kMaxSectors) return false;
  return region.bdev->grows || region.sector * KCOPYD_SECTOR_SIZE + bytes <= region.bdev->size;
}

int check_flags(const kcopyd_request& request) {
  constexpr unsigned known = KCOPYD_IGNORE_ERROR | KCOPYD_WRITE_SEQ | KCOPYD_VERIFY | KCOPYD_HEAD_LAST |
                             KCOPYD_IGNORE_READ | KCOPYD_IGNORE_WRITE | KCOPYD_SKIP_BAD | KCOPYD_SPARSE |
                             KCOPYD_ASSUME_BLANK | KCOPYD_HASH | KCOPYD_COPY_RANGE | KCOPYD_READ_KNOWN;
  const auto has = [&](unsigned flags) { return (request.flags & flags) != 0; };
  const bool copies = request.op == KCOPYD_COPY;
  if (has(~known)) return -EINVAL;
  if (has(KCOPYD_HEAD_LAST | KCOPYD_SKIP_BAD) && (has(KCOPYD_WRITE_SEQ) || !copies)) return -EINVAL;
  if (has(KCOPYD_HEAD_LAST) && has(KCOPYD_SKIP_BAD)) return -EINVAL;
  if (has(KCOPYD_SPARSE | KCOPYD_HASH | KCOPYD_COPY_RANGE | KCOPYD_READ_KNOWN) && !copies) return -EINVAL;
  if (has(KCOPYD_ASSUME_BLANK) && !has(KCOPYD_SPARSE)) return -EINVAL;
  return 0;
}

// A comparison needs either the source or its hashes.
int check_source(const kcopyd_request& request) {
  const bool zeroes = request.op == KCOPYD_ZERO;
  if (request.known != nullptr && request.hashes == nullptr) return -EINVAL;
  const bool sourceless = zeroes || (request.op == KCOPYD_COMPARE && request.hashes != nullptr);
  if (sourceless != (request.from == nullptr) || (!sourceless && request.from->bdev == nullptr)) return -EINVAL;
  return zeroes && request.hashes != nullptr ? -EINVAL : 0;
}

int check_shape(const kcopyd_request& request) {
  if (request.op != KCOPYD_COPY && request.op != KCOPYD_ZERO && request.op != KCOPYD_COMPARE) return -EINVAL;
  if (request.num_dests == 0 || request.num_dests > KCOPYD_MAX_DESTS) return -EINVAL;
  if (request.dests == nullptr || request.fn == nullptr) return -EINVAL;
  if (const int refused = check_flags(request); refused != 0) return refused;
  if (const int refused = check_source(request); refused != 0) return refused;
  const io_region& like = request.from != nullptr ? *request.from : request.dests[0];
  for (const io_region& dest : std::span(request.dests, request.num_dests)) {
    if (dest.bdev == nullptr || (request.op != KCOPYD_ZERO && dest.count != like.count)) return -EINVAL;
    if (request.op != KCOPYD_COMPARE && !dest.bdev->writable) return -EBADF;
  }
  return 0;
}

// How the ranges of a job lie to each other. All of them exist.
struct Ranges {
  Range from{nullptr, 0, 0};
  std::vector<Range> to;
  uint64_t length = 0;    // bytes: of the source, or of the longest destination
  bool overlaps = false;  // a destination and the source
  bool ascending = false;
  bool descending = false;
};

int find_length(const kcopyd_request& request, Ranges& ranges) {
  if (request.op == KCOPYD_ZERO) return 0;
  const io_region& region = request.from != nullptr ? *request.from : request.dests[0];
  const std::optional<uint64_t> bytes = covered(region);
  if (!bytes) return -ENXIO;
  ranges.length = *bytes;
  if (request.from != nullptr) {
    ranges.from = {region.bdev, region.sector * KCOPYD_SECTOR_SIZE, *bytes};
  } else if (request.compare_bytes != 0) {
    ranges.length = std::min(*bytes, request.compare_bytes);
  }
  return 0;
}

// A destination that overlaps the source: chunks are taken in memmove's order, so that nothing is overwritten before it
// was read.
void find_overlap(const Range& range, Ranges& ranges) {
  if (ranges.from.device == nullptr || !overlap(range, ranges.from)) return;
  ranges.overlaps = true;
  if (range.offset == ranges.from.offset) return;
  (range.offset > ranges.from.offset ? ranges.descending : ranges.ascending) = true;
}

int find_ranges(const kcopyd_request& request, Ranges& ranges) {
  if (const int refused = find_length(request, ranges); refused != 0) return refused;
  const bool zeroes = request.op == KCOPYD_ZERO;
  const uint64_t copied = ranges.length;
  for (const io_region& dest : std::span(request.dests, request.num_dests)) {
    const uint64_t bytes = !zeroes            ? copied
                           : dest.bdev->grows ? dest.count * KCOPYD_SECTOR_SIZE
                                              : covered(dest).value_or(UINT64_MAX / 2);
    if (!fits(dest, bytes)) return -ENOSPC;
    const Range range{dest.bdev, dest.sector * KCOPYD_SECTOR_SIZE, bytes};
    if (request.op != KCOPYD_COMPARE) {
      if (std::ranges::any_of(ranges.to, [&](const Range& other) { return overlap(range, other); })) return -EINVAL;
      find_overlap(range, ranges);
    }
    ranges.to.push_back(range);
    ranges.length = std::max(ranges.length, bytes);
  }
  // With one destination below and one above the source, no order of chunks is right for both.
  return ranges.ascending && ranges.descending ? -EINVAL : 0;
}

Plan plan_of(const kcopyd_request& request, size_t chunk_size, const Ranges& ranges) {
  const auto has = [&](unsigned flags) { return (request.flags & flags) != 0; };
  Plan plan{.flags = request.flags, .chunk_size = chunk_size};
  plan.stall_timeout = std::chrono::milliseconds(request.stall_timeout);
  plan.flush_interval = std::chrono::milliseconds(request.flush_interval);
  plan.length = ranges.length;
  plan.chunks = plan.chunks_in(plan.length);
  plan.compares = request.op == KCOPYD_COMPARE;
  plan.verifies = plan.compares || has(KCOPYD_VERIFY);
  plan.hashes_source = plan.verifies || has(KCOPYD_HASH) || request.hashes != nullptr;
  plan.leaves_holes = request.op == KCOPYD_ZERO || has(KCOPYD_SPARSE);
  plan.head_last = has(KCOPYD_HEAD_LAST) && !ranges.overlaps && plan.chunks > 1;
  plan.one_at_a_time = ranges.ascending || ranges.descending;
  plan.descending = ranges.descending;
  plan.ragged = std::ranges::any_of(ranges.to, [](const Range& to) { return to.length % to.device->logical_block; });
  return plan;
}

std::unique_ptr<Source> source_of(const kcopyd_request& request, const Plan& plan, const Ranges& ranges) {
  if (request.op == KCOPYD_ZERO) return std::make_unique<ZeroSource>(ranges.length);
  if (request.from == nullptr) return std::make_unique<HashSource>(ranges.length);
  // Do not read twice a source that its own copy overwrites, nor one that is being rescued.
  const DeviceSource::Options options{.finds_holes = plan.flag(KCOPYD_SPARSE),
                                      .read_once = plan.one_at_a_time || plan.flag(KCOPYD_SKIP_BAD),
                                      .from_medium = plan.compares,
                                      .leaves_cache = plan.flag(KCOPYD_COPY_RANGE)};
  return std::make_unique<DeviceSource>(request.from->bdev->shared_from_this(), ranges.from.offset, ranges.length,
                                        options);
}

std::unique_ptr<Destination> destination_of(const kcopyd_request& request, unsigned i, const Plan& plan,
                                            const Range& range) {
  const std::shared_ptr<block_device> device = request.dests[i].bdev->shared_from_this();
  auto destination = std::make_unique<Destination>(Sink(device, range.offset, range.length));
  destination->chunks = plan.chunks_in(range.length);
  if (request.dest_options == nullptr) return destination;
  const kcopyd_dest_options& options = request.dest_options[i];
  destination->todo = Bitmap(options.todo, destination->chunks);
  destination->check = Bitmap(options.check, destination->chunks);
  destination->requests.limit = options.bytes_per_second;
  return destination;
}

// Counts the turns and bytes of every destination, and the bytes of the source that are read for them.
void count(Work& work) {
  const Plan& plan = work.plan;
  std::vector<bool> read(plan.chunks);
  for (const auto& d : work.destinations) {
    for (uint64_t turn = 0; turn < plan.turns_of(*d); ++turn) {
      if (!work.wants(*d, turn)) continue;
      ++d->wanted;
      read[plan.chunk_at(turn)] = true;
    }
    for (uint64_t chunk = 0; chunk < d->chunks; ++chunk) {
      const uint64_t bytes = plan.chunk_length(chunk, d->sink.length());
      if (plan.writes(*d, chunk)) d->to_write += bytes;
      if (plan.checks(*d, chunk) && (work.source->has_bytes() || work.hashes.known(chunk))) d->to_verify += bytes;
    }
  }
  for (uint64_t chunk = 0; chunk < plan.chunks; ++chunk) {
    if (read[chunk]) work.to_read += plan.chunk_length(chunk, plan.length);
  }
}

}  // namespace

int Work::create(const kcopyd_request& request, size_t chunk_size, std::unique_ptr<Work>& result) {
  if (const int refused = check_shape(request); refused != 0) return refused;
  try {
    Ranges ranges;
    if (const int refused = find_ranges(request, ranges); refused != 0) return refused;
    auto work = std::make_unique<Work>();
    work->plan = plan_of(request, chunk_size, ranges);
    work->source = source_of(request, work->plan, ranges);
    for (unsigned i = 0; i < request.num_dests; ++i) {
      work->destinations.push_back(destination_of(request, i, work->plan, ranges.to[i]));
    }
    work->requests.limit = request.bytes_per_second;
    if (work->plan.hashes_source) work->hashes.resize(work->plan.chunks);
    if (request.hashes != nullptr) work->hashes.preset(request.hashes, Bitmap(request.known, work->plan.chunks));
    count(*work);
    result = std::move(work);
    return 0;
  } catch (const std::bad_alloc&) {
    return -ENOMEM;
  } catch (const std::length_error&) {
    return -ENOMEM;
  }
}

}  // namespace kcopyd

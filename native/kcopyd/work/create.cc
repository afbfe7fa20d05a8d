// Checking a request: everything that can be known before the first I/O is refused here.
#include <algorithm>
#include <cerrno>
#include <new>
#include <stdexcept>

#include "../job/job.h"

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

// Bytes that a region of an existing device or file covers: its last sector may be partial. Nothing when the
// region ends behind the device.
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

int check_shape(const kcopyd_request& request) {
  constexpr unsigned known = KCOPYD_IGNORE_ERROR | KCOPYD_WRITE_SEQ | KCOPYD_VERIFY | KCOPYD_HEAD_LAST |
                             KCOPYD_IGNORE_READ | KCOPYD_IGNORE_WRITE | KCOPYD_SKIP_BAD | KCOPYD_SPARSE |
                             KCOPYD_ASSUME_BLANK | KCOPYD_HASH | KCOPYD_COPY_RANGE | KCOPYD_READ_KNOWN;
  const auto has = [&](unsigned flags) { return (request.flags & flags) != 0; };
  if (request.op != KCOPYD_COPY && request.op != KCOPYD_ZERO && request.op != KCOPYD_COMPARE) return -EINVAL;
  if (request.num_dests == 0 || request.num_dests > KCOPYD_MAX_DESTS || request.dests == nullptr ||
      request.fn == nullptr || (request.flags & ~known)) {
    return -EINVAL;
  }
  const bool copies = request.op == KCOPYD_COPY;
  const bool zeroes = request.op == KCOPYD_ZERO;
  if (has(KCOPYD_HEAD_LAST | KCOPYD_SKIP_BAD) && (has(KCOPYD_WRITE_SEQ) || !copies)) return -EINVAL;
  if (has(KCOPYD_HEAD_LAST) && has(KCOPYD_SKIP_BAD)) return -EINVAL;
  if (has(KCOPYD_SPARSE | KCOPYD_HASH | KCOPYD_COPY_RANGE | KCOPYD_READ_KNOWN) && !copies) return -EINVAL;
  if (has(KCOPYD_ASSUME_BLANK) && !has(KCOPYD_SPARSE)) return -EINVAL;
  if (request.known != nullptr && request.hashes == nullptr) return -EINVAL;
  // What there is to compare with is either the source or its hashes.
  const bool sourceless = zeroes || (request.op == KCOPYD_COMPARE && request.hashes != nullptr);
  if (sourceless != (request.from == nullptr) || (!sourceless && request.from->bdev == nullptr)) return -EINVAL;
  if (zeroes && request.hashes != nullptr) return -EINVAL;
  for (unsigned i = 0; i < request.num_dests; ++i) {
    const io_region& dest = request.dests[i];
    const io_region& like = request.from != nullptr ? *request.from : request.dests[0];
    if (dest.bdev == nullptr || (!zeroes && dest.count != like.count)) return -EINVAL;
    if (request.op != KCOPYD_COMPARE && !dest.bdev->writable) return -EBADF;
  }
  return 0;
}

}  // namespace

int Job::create(const kcopyd_request& request, size_t chunk_size, std::shared_ptr<Job>& result) {
  if (const int refused = check_shape(request); refused != 0) return refused;
  const bool compares = request.op == KCOPYD_COMPARE;
  try {
    std::shared_ptr<Job> job(new Job(request, chunk_size));
    Range from{nullptr, 0, 0};
    if (request.from != nullptr) {
      const std::optional<uint64_t> bytes = covered(*request.from);
      if (!bytes) return -ENXIO;
      from = {request.from->bdev, request.from->sector * KCOPYD_SECTOR_SIZE, *bytes};
      job->source_ = request.from->bdev;
      job->source_offset_ = from.offset;
      job->length_ = *bytes;
      job->devices_.push_back(request.from->bdev->shared_from_this());
    } else if (compares) {
      const std::optional<uint64_t> bytes = covered(request.dests[0]);
      if (!bytes) return -ENXIO;
      job->length_ = request.compare_bytes == 0 ? *bytes : std::min(*bytes, request.compare_bytes);
    }
    std::vector<Range> ranges;
    bool overlaps = false;
    bool ascending = false;
    for (const io_region& dest : std::span(request.dests, request.num_dests)) {
      const uint64_t bytes = request.op != KCOPYD_ZERO ? job->length_
                             : dest.bdev->grows        ? dest.count * KCOPYD_SECTOR_SIZE
                                                       : covered(dest).value_or(UINT64_MAX / 2);
      if (!fits(dest, bytes)) return -ENOSPC;
      const Range range{dest.bdev, dest.sector * KCOPYD_SECTOR_SIZE, bytes};
      if (!compares) {
        if (std::ranges::any_of(ranges, [&](const Range& other) { return overlap(range, other); })) return -EINVAL;
        // Onto itself, in part: as memmove, from the end that is not overwritten first.
        overlaps = overlaps || (request.from != nullptr && overlap(range, from));
        if (request.from != nullptr && overlap(range, from) && range.offset != from.offset) {
          (range.offset > from.offset ? job->descending_ : ascending) = true;
          job->one_at_a_time_ = true;
        }
      }
      ranges.push_back(range);
      auto destination = std::make_unique<Destination>();
      job->devices_.push_back(dest.bdev->shared_from_this());
      destination->device = dest.bdev;
      destination->offset = range.offset;
      destination->length = bytes;
      if (request.op == KCOPYD_ZERO) job->length_ = std::max(job->length_, bytes);
      job->destinations_.push_back(std::move(destination));
    }
    // One destination below and one above the source: no order of sub-jobs leaves both right.
    if (job->descending_ && ascending) return -EINVAL;
    const auto chunks_in = [&](uint64_t bytes) { return bytes / chunk_size + (bytes % chunk_size != 0); };
    job->chunks_ = chunks_in(job->length_);
    job->head_last_ = (request.flags & KCOPYD_HEAD_LAST) && !overlaps && job->chunks_ > 1;
    for (unsigned i = 0; i < request.num_dests; ++i) {
      Destination& d = *job->destinations_[i];
      d.chunks = chunks_in(d.length);
      if (request.dest_options == nullptr) continue;
      const kcopyd_dest_options& options = request.dest_options[i];
      d.todo = Bitmap(options.todo, d.chunks);
      d.check = Bitmap(options.check, d.chunks);
      d.limit = options.bytes_per_second;
    }
    job->verifies_ = compares || (request.flags & KCOPYD_VERIFY);
    job->hashes_source_ = job->verifies_ || (request.flags & KCOPYD_HASH);
    if (job->hashes_source_ || request.hashes != nullptr) job->hashes_.resize(job->chunks_);
    if (request.hashes != nullptr) {
      job->hashes_.preset(request.hashes, Bitmap(request.known, job->chunks_));
      job->hashes_source_ = true;
    }
    job->plan_turns();
    result = std::move(job);
    return 0;
  } catch (const std::bad_alloc&) {
    return -ENOMEM;
  } catch (const std::length_error&) {
    return -ENOMEM;
  }
}

// Counts what every destination will take part in. Once, before the job starts.
void Job::plan_turns() {
  taken_.resize(turns());
  std::vector<bool> read(chunks_);
  for (const auto& d : destinations_) {
    for (uint64_t turn = 0; turn < turns_of(*d); ++turn) {
      if (!wants(*d, turn)) continue;
      ++d->wanted;
      read[chunk_at(turn)] = true;
    }
    for (uint64_t chunk = 0; chunk < d->chunks; ++chunk) {
      const uint64_t bytes = chunk_length(chunk, d->length);
      if (writes(*d, chunk)) d->to_write += bytes;
      if (checks(*d, chunk) && (source_ != nullptr || op_ == KCOPYD_ZERO || hashes_.known(chunk)))
        d->to_verify += bytes;
    }
  }
  for (uint64_t chunk = 0; chunk < chunks_; ++chunk) to_read_ += read[chunk] ? chunk_length(chunk, length_) : 0;
}

}  // namespace kcopyd

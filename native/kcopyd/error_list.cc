#include "error_list.h"

#include <algorithm>
#include <cerrno>

namespace kcopyd {

kcopyd_cause classify(kcopyd_side side, int err, const block_device& device) {
  switch (err) {
    case 0:
      // A disk that was pulled out reads 0 bytes. One that still has its size did something else.
      return device.is_block && device.still_there() ? KCOPYD_CAUSE_IO : KCOPYD_CAUSE_GONE;
    case ENODEV:
    case ENXIO:
    case ENOMEDIUM:
      return KCOPYD_CAUSE_GONE;
    case EIO:
      // EIO is the errno of a bad sector, and of a disk that is just being pulled: ask the device.
      return device.still_there() ? KCOPYD_CAUSE_MEDIUM : KCOPYD_CAUSE_GONE;
    case ENODATA:
    case EILSEQ:
      return KCOPYD_CAUSE_MEDIUM;
    case ENOSPC:
      // A disk cannot run out of space, but what lies behind a thin or a loop device can.
      return device.still_there() ? KCOPYD_CAUSE_NO_SPACE : KCOPYD_CAUSE_GONE;
    case EDQUOT:
    case EFBIG:
      return KCOPYD_CAUSE_NO_SPACE;
    case EROFS:
    case EPERM:
    case EBADF:
      return side == KCOPYD_SIDE_WRITE ? KCOPYD_CAUSE_READ_ONLY : KCOPYD_CAUSE_IO;
    case ETIMEDOUT:
      return KCOPYD_CAUSE_TIMED_OUT;
    case EBADMSG:
      // A frame of a packed image that does not hold what was written.
      return side == KCOPYD_SIDE_VERIFY ? KCOPYD_CAUSE_MISMATCH : KCOPYD_CAUSE_IO;
    case ECANCELED:
      return KCOPYD_CAUSE_CANCELLED;
    default:
      return KCOPYD_CAUSE_IO;
  }
}

void ErrorList::add(const kcopyd_error& error, bool again) {
  const std::lock_guard lock(mutex_);
  const auto covers = [&](const kcopyd_error& e) {
    return e.side == error.side && e.destination == error.destination && e.cause == error.cause && e.err == error.err &&
           e.flush == error.flush && e.offset <= error.offset && error.offset + error.length <= e.offset + e.length;
  };
  if (again && std::ranges::any_of(errors_, covers)) return;
  // Chunks of several destinations end interleaved, so the entry to extend may be a few entries back.
  const auto last = std::find_if(errors_.rbegin(), errors_.rend(), [&](const kcopyd_error& e) {
    return e.side == error.side && e.destination == error.destination;
  });
  if (last != errors_.rend() && last->cause == error.cause && last->err == error.err && last->flush == error.flush &&
      last->offset + last->length == error.offset) {
    last->length += error.length;
  } else {
    errors_.push_back(error);
    size_ = errors_.size();
  }
}

size_t ErrorList::copy(size_t first, size_t max, kcopyd_error* errors) const {
  const std::lock_guard lock(mutex_);
  if (first >= errors_.size()) return 0;
  const size_t count = std::min(max, errors_.size() - first);
  std::copy_n(errors_.begin() + static_cast<ptrdiff_t>(first), count, errors);
  return count;
}

}  // namespace kcopyd

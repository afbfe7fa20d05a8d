#include "inner.h"

#include <utility>

namespace unpack {

void Inner::write(std::span<const std::byte> bytes) {
  if (target_ != nullptr) return target_->write(bytes);
  first_.insert(first_.end(), bytes.begin(), bytes.end());
  if (first_.size() >= inner_header_length) choose();
}

void Inner::choose() {
  if (sparse_header_of(first_))
    target_ = &sparse_;
  else
    target_ = begins_as_partclone(first_) ? static_cast<Output*>(&partclone_) : &output_;
  target_->write(std::exchange(first_, {}));
}

void Inner::finish() {
  if (target_ == nullptr) choose();
  target_->finish();
}

}  // namespace unpack

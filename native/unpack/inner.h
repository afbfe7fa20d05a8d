// What a packed file can hold beside a plain image: another format that is decoded too.
#pragma once

#include "output.h"
#include "partclone.h"
#include "sparse.h"

namespace unpack {

// Bytes that show what a decoded file is.
constexpr size_t inner_header_length = 128;

// Passes an image on, and unpacks it when it begins as a sparse one does, or as one of partclone.
class Inner final : public Output {
 public:
  explicit Inner(Output& output) : output_(output), sparse_(output), partclone_(output) {}
  void write(std::span<const std::byte> bytes) override;
  void finish() override;
  uint64_t zeros() const { return sparse_.zeros() + partclone_.zeros(); }

 private:
  void choose();

  Output& output_;
  SparseFilter sparse_;
  PartcloneFilter partclone_;
  Bytes first_;  // until the format is known
  Output* target_ = nullptr;
};

}  // namespace unpack

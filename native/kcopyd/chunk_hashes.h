// One 128-bit xxh3 per sub-job, made from the buffer that is about to be written; what is read back has to match.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace kcopyd {

// Worker thread.
class ChunkHashes {
 public:
  struct Hash {
    uint64_t low = 0;
    uint64_t high = 0;
    bool operator==(const Hash&) const = default;
  };
  static Hash of(std::span<const std::byte> data);

  void resize(uint64_t chunks) {
    hashes_.resize(chunks);
    known_.resize(chunks);
  }
  void set(uint64_t chunk, const Hash& hash) {
    hashes_[chunk] = hash;
    known_[chunk] = true;
  }
  // Nothing is to be compared there.
  void leave_out(uint64_t chunk) {
    left_out_.resize(known_.size());
    left_out_[chunk] = true;
    known_[chunk] = true;
  }
  bool left_out(uint64_t chunk) const { return chunk < left_out_.size() && left_out_[chunk]; }
  bool known(uint64_t chunk) const { return known_[chunk]; }
  const Hash& at(uint64_t chunk) const { return hashes_[chunk]; }

 private:
  std::vector<Hash> hashes_;  // 16 MiB for a TiB of 1 MiB sub-jobs
  std::vector<bool> known_;
  std::vector<bool> left_out_;  // empty in nearly every job
};

}  // namespace kcopyd

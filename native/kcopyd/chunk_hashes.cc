#include "chunk_hashes.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace kcopyd {

ChunkHashes::Hash ChunkHashes::of(std::span<const std::byte> data) {
  const XXH128_hash_t hash = XXH3_128bits(data.data(), data.size());
  return {hash.low64, hash.high64};
}

}  // namespace kcopyd

#include "chunk_hashes.h"

#include <array>

// xxh3 with the vector instructions of the processor it runs on. On x86-64 they are found at run time (AVX-512, AVX2,
// else SSE2: the library's xxh_x86dispatch.c); on arm64 every processor has NEON.
#ifdef __x86_64__
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"  // in gcc 12's own header (gcc bug 105593)
#include <xxh_x86dispatch.c>
#else
#define XXH_INLINE_ALL
#include <xxhash.h>
#endif

namespace kcopyd {
namespace {

XXH128_hash_t xxh3(std::span<const std::byte> data) {
#ifdef __x86_64__
  return XXH3_128bits_dispatch(data.data(), data.size());
#else
  return XXH3_128bits(data.data(), data.size());
#endif
}

}  // namespace

ChunkHashes::Hash ChunkHashes::of(std::span<const std::byte> data) {
  // The library chooses at the first long input, without a lock. Do that once here, before any thread needs it.
  static const XXH128_hash_t chosen = xxh3(std::array<std::byte, 4096>{});
  (void)chosen;
  const XXH128_hash_t hash = xxh3(data);
  return {hash.low64, hash.high64};
}

}  // namespace kcopyd

// Deflate (RFC 1951), raw or as a gzip member: by ISA-L where its library is there, else by zlib.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "input.h"
#include "output.h"
#include "workers.h"

namespace unpack {

class Inflater {
 public:
  enum class Wrapping { raw, gzip };

  // Looks for ISA-L's library. Call this once, before the sandbox, which lets no file be opened.
  static void load();
  // True when ISA-L decodes.
  static bool fast();

  explicit Inflater(Wrapping wrapping);
  ~Inflater();
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;

  struct Step {
    size_t consumed = 0;
    size_t produced = 0;
    bool ended = false;  // the member is complete and its checksum right
    bool damaged = false;
  };
  Step step(std::span<const std::byte> in, std::span<std::byte> out);

  // Decodes what lies in memory and appends it to `out`. More than `most` bytes count as damage.
  Step all(std::span<const std::byte> in, Bytes& out, size_t most);
  // Decodes one member, or at most `packed` bytes of it, and leaves the input right behind it. Throws Error.
  void stream(Input& input, Output& output, const char* format, std::optional<uint64_t> packed = std::nullopt);

 private:
  class Implementation;
  class Zlib;
  class Isal;
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace unpack

// Hashes of a stream of bytes.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace unpack {

class Hash {
 public:
  virtual ~Hash() = default;
  virtual std::string_view name() const = 0;
  virtual void update(std::span<const std::byte> bytes) = 0;
  // Lower-case hex. Called once.
  virtual std::string finish() = 0;
};

// Any number of hashes over the same bytes.
class Digests {
 public:
  // names: "sha256,sha1". Throws Error (usage) for a hash that is unknown.
  static Digests of(std::string_view names);
  bool empty() const { return hashes_.empty(); }
  void update(std::span<const std::byte> bytes);
  // Pairs of name and hexadecimal digits.
  std::vector<std::pair<std::string, std::string>> finish();

 private:
  std::vector<std::unique_ptr<Hash>> hashes_;
};

}  // namespace unpack

// Uses the low-level calls. Those of EVP read a configuration file and load providers, which the sandbox does not
// allow.
#define OPENSSL_SUPPRESS_DEPRECATED
#include "digests.h"

#include <openssl/md5.h>
#include <openssl/sha.h>

#include <array>

#include "error.h"

namespace unpack {
namespace {

std::string hex(std::span<const unsigned char> bytes) {
  static constexpr char digits[] = "0123456789abcdef";
  std::string text;
  for (const unsigned char byte : bytes) {
    text += digits[byte >> 4];
    text += digits[byte & 15];
  }
  return text;
}

template <typename Context, int (*init)(Context*), int (*add)(Context*, const void*, size_t),
          int (*final)(unsigned char*, Context*), size_t size>
class OpensslHash final : public Hash {
 public:
  explicit OpensslHash(std::string_view name) : name_(name) { init(&context_); }
  std::string_view name() const override { return name_; }
  void update(std::span<const std::byte> bytes) override { add(&context_, bytes.data(), bytes.size()); }
  std::string finish() override {
    std::array<unsigned char, size> digest{};
    final(digest.data(), &context_);
    return hex(digest);
  }

 private:
  std::string_view name_;
  Context context_{};
};

std::unique_ptr<Hash> hash_of(std::string_view name) {
  if (name == "sha256")
    return std::make_unique<OpensslHash<SHA256_CTX, SHA256_Init, SHA256_Update, SHA256_Final, SHA256_DIGEST_LENGTH>>(
        "sha256");
  if (name == "sha512")
    return std::make_unique<OpensslHash<SHA512_CTX, SHA512_Init, SHA512_Update, SHA512_Final, SHA512_DIGEST_LENGTH>>(
        "sha512");
  if (name == "sha1")
    return std::make_unique<OpensslHash<SHA_CTX, SHA1_Init, SHA1_Update, SHA1_Final, SHA_DIGEST_LENGTH>>("sha1");
  if (name == "md5")
    return std::make_unique<OpensslHash<MD5_CTX, MD5_Init, MD5_Update, MD5_Final, MD5_DIGEST_LENGTH>>("md5");
  throw Error(Fault::usage, 0, "no hash of that name: " + std::string(name));
}

}  // namespace

Digests Digests::of(std::string_view names) {
  Digests digests;
  while (!names.empty()) {
    const size_t comma = std::min(names.find(','), names.size());
    digests.hashes_.push_back(hash_of(names.substr(0, comma)));
    names.remove_prefix(std::min(comma + 1, names.size()));
  }
  return digests;
}

void Digests::update(std::span<const std::byte> bytes) {
  for (const auto& hash : hashes_) hash->update(bytes);
}

std::vector<std::pair<std::string, std::string>> Digests::finish() {
  std::vector<std::pair<std::string, std::string>> all;
  for (const auto& hash : hashes_) all.emplace_back(hash->name(), hash->finish());
  return all;
}

}  // namespace unpack

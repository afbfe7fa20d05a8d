// An image that can be read at any place.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "unpack/decoder.h"

namespace serve {

// An image that cannot be served, although it may be sound.
class Unservable : public std::runtime_error {
 public:
  // why: "noIndex" when it can only be read from its start, "largeBlocks" when too much has to be decoded for one byte.
  Unservable(const char* why, const std::string& said) : std::runtime_error(said), why_(why) {}
  const char* why() const { return why_; }

 private:
  const char* why_;
};

class Image {
 public:
  virtual ~Image() = default;
  // Reads all of `to`, which lies within the image. Any thread may call it. Throws unpack::Error.
  virtual void read(uint64_t at, std::span<std::byte> to) = 0;
  uint64_t size() const { return size_; }  // bytes

 protected:
  uint64_t size_ = 0;
};

struct Opened {
  unpack::Format format;
  std::unique_ptr<Image> image;
};

// pieces: the descriptors that hold the image, in order, at least one. They stay the caller's and have to outlive the
// image. direct: the only one was opened with O_DIRECT. raw: the bytes are the image, whatever they look like. entry:
// the file of an archive; empty for the only one. Throws unpack::Error and Unservable.
Opened open_image(const std::vector<int>& pieces, bool direct, bool raw, const std::string& entry,
                  unpack::Workers& workers);

}  // namespace serve

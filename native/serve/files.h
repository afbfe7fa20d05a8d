// The files that are served: ranges of an image, in one folder.
#pragma once

#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <string_view>

namespace serve {

struct File {
  std::string name;
  uint64_t offset;  // bytes from the start of the image
  uint64_t length;  // bytes
};

// Files are added while others are read, and stay.
class Files {
 public:
  // False when the name is taken or could be no plain name.
  bool add(const File& file);
  // Its number, from 0; -1 for none.
  int64_t find(std::string_view name) const;
  // nullptr for none.
  const File* at(uint64_t number) const;

 private:
  mutable std::mutex mutex_;
  std::deque<File> files_;  // never moves what is in it
};

}  // namespace serve

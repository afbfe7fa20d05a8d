// What can be wrong with a packed image.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>

namespace unpack {

// truncated: the file ends before its content does. damaged: a checksum or the structure is wrong. trailing: something
// other than zeros follows the content; said is the name of its format. unsupported: a variant that this program does
// not decode. memory: decoding needs more than the limit. other_file: a virtual disk needs another file; said is its
// name, empty when unknown. encrypted: a virtual disk is encrypted. unfinished: the program that wrote a virtual disk
// did not end in order. resources: the system gives no memory or no thread. read: the storage of the file fails.
// unreached: this part of a partial file could not be brought. None of these three says anything about the file.
// mapped: a range does not match its checksum in the bmap. usage: the call is wrong.
enum class Fault {
  truncated,
  damaged,
  trailing,
  unsupported,
  memory,
  other_file,
  encrypted,
  unfinished,
  resources,
  read,
  unreached,
  write,
  mapped,
  usage
};

// Names of faults in reports.
constexpr const char* name_of(Fault fault) {
  switch (fault) {
    case Fault::truncated:
      return "truncated";
    case Fault::damaged:
      return "damaged";
    case Fault::trailing:
      return "trailing";
    case Fault::unsupported:
      return "unsupported";
    case Fault::memory:
      return "memory";
    case Fault::other_file:
      return "otherFile";
    case Fault::encrypted:
      return "encrypted";
    case Fault::unfinished:
      return "unfinished";
    case Fault::resources:
      return "resources";
    case Fault::read:
      return "read";
    case Fault::unreached:
      return "unreached";
    case Fault::write:
      return "write";
    case Fault::mapped:
      return "mapped";
    case Fault::usage:
      return "usage";
  }
  return "damaged";
}

// offset: bytes from the start of the packed file. A decoder that reads ahead gives the place that it had reached. For
// `mapped`, offset and length are those of the range in the image.
class Error : public std::runtime_error {
 public:
  Error(Fault fault, uint64_t offset, const std::string& said, uint64_t length = 0)
      : std::runtime_error(said), fault_(fault), offset_(offset), length_(length) {}
  Fault fault() const { return fault_; }
  uint64_t offset() const { return offset_; }
  uint64_t length() const { return length_; }

 private:
  Fault fault_;
  uint64_t offset_;
  uint64_t length_;
};

}  // namespace unpack

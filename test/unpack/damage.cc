// Decodes a packed file after each of very many damages: `damage PACKED IMAGE CASES`. Cut off after every length, and
// with one bit turned; when that is more than CASES of either, at evenly spread places and all of those near the ends.
//
// Prints {"cut":{...},"turned":{...}}: how many runs ended with an error ("refused"), with the whole image ("same"),
// with a part of its beginning ("less"), with something else that was not called checked ("unchecked"), and the places
// of those that were called checked and are not the image ("wrong"). Of a cut file, "same" lists places too.
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "memory_file.h"
#include "unpack/error.h"
#include "unpack/inflate.h"
#include "unpack/range.h"

namespace {

using unpack::Bytes;

Bytes read_file(const char* path) {
  std::ifstream file(path, std::ios::binary);
  const std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  Bytes bytes(text.size());
  std::memcpy(bytes.data(), text.data(), text.size());
  return bytes;
}

// Compares what it gets with the image.
class Comparison final : public unpack::Output {
 public:
  explicit Comparison(const Bytes& image) : image_(image) {}
  void write(std::span<const std::byte> bytes) override {
    if (at_ + bytes.size() > image_.size() || std::memcmp(image_.data() + at_, bytes.data(), bytes.size()) != 0)
      differs_ = true;
    at_ += bytes.size();
  }
  bool is_a_beginning() const { return !differs_; }
  bool is_all() const { return !differs_ && at_ == image_.size(); }

 private:
  const Bytes& image_;
  uint64_t at_ = 0;  // bytes
  bool differs_ = false;
};

struct Counts {
  unsigned refused = 0;
  unsigned less = 0;
  unsigned unchecked = 0;
  std::vector<uint64_t> same;
  std::vector<uint64_t> wrong;

  void print(const char* name) const {
    std::printf("\"%s\":{\"refused\":%u,\"less\":%u,\"unchecked\":%u,\"same\":%zu,\"sameAt\":[", name, refused, less,
                unchecked, same.size());
    for (size_t i = 0; i < std::min<size_t>(same.size(), 20); ++i)
      std::printf("%s%llu", i == 0 ? "" : ",", static_cast<unsigned long long>(same[i]));
    std::printf("],\"wrong\":[");
    for (size_t i = 0; i < wrong.size(); ++i)
      std::printf("%s%llu", i == 0 ? "" : ",", static_cast<unsigned long long>(wrong[i]));
    std::printf("]}");
  }
};

class Trial {
 public:
  Trial(const Bytes& packed, const Bytes& image) : packed_(packed), file_(packed), image_(image) {}

  void cut(uint64_t length) {
    file_.cut(length);
    run(length, cuts_);
    file_.put(length, std::span(packed_).subspan(length));
  }

  void turn(uint64_t bit) {
    const std::byte was = packed_[bit / 8];
    const std::byte turned = was ^ std::byte(static_cast<unsigned char>(1u << bit % 8));
    file_.put(bit / 8, std::span(&turned, 1));
    run(bit, turns_);
    file_.put(bit / 8, std::span(&was, 1));
  }

  void print() const {
    std::printf("{");
    cuts_.print("cut");
    std::printf(",");
    turns_.print("turned");
    std::printf("}\n");
  }

 private:
  void run(uint64_t place, Counts& counts) {
    Comparison comparison(image_);
    try {
      unpack::Input input(file_.fd(), unpack::Digests());
      const auto found = unpack::decode_whole(unpack::format_of(input), input, comparison, "", limits_);
      if (comparison.is_all())
        counts.same.push_back(place);
      else if (comparison.is_a_beginning())
        ++counts.less;
      else if (!found.checked)
        ++counts.unchecked;
      else
        counts.wrong.push_back(place);
    } catch (const unpack::Error&) {
      ++counts.refused;
    }
  }

  const Bytes& packed_;
  test::MemoryFile file_;
  const Bytes& image_;
  unpack::Workers workers_{2};
  unpack::Limits limits_{.workers = workers_, .memory = uint64_t{64} << 20};
  Counts cuts_;
  Counts turns_;
};

// Calls each with places below `count`: about `most` of them, and `near` at either end.
template <typename Each>
void spread(uint64_t count, uint64_t most, uint64_t near, Each each) {
  const uint64_t step = std::max<uint64_t>(1, count / most);
  for (uint64_t place = 0; place < count; ++place)
    if (place < near || place + near >= count || place % step == 0) each(place);
}

}  // namespace

int main(int count, char** words) {
  if (count != 4) {
    std::fprintf(stderr, "damage PACKED IMAGE CASES\n");
    return 2;
  }
  unpack::Inflater::load();
  const Bytes packed = read_file(words[1]);
  const Bytes image = read_file(words[2]);
  const uint64_t cases = std::stoull(words[3]);
  Trial trial(packed, image);
  spread(packed.size(), cases, 100, [&](uint64_t length) { trial.cut(length); });
  spread(packed.size() * 8, cases, 800, [&](uint64_t bit) { trial.turn(bit); });
  trial.print();
  return 0;
}

// Which is faster: to have the file system copy a range, or to write it. A kernel whose server cannot copy silently
// fetches and sends the bytes itself, which takes twice as long. No I/O and no clock of its own.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>

namespace kcopyd {

// For one destination. Worker thread.
class FasterWay {
 public:
  using Duration = std::chrono::steady_clock::duration;
  static constexpr unsigned kTrials = 8;

  // True when the next range is to be copied. This many ranges must have ended one way, then the other. Side by side
  // they would wait for each other, because file systems lock the file.
  bool next_is_copied() const {
    if (ways_[1].ended < kTrials) return true;
    return ways_[0].ended >= kTrials && ways_[1].per_byte() < ways_[0].per_byte();
  }
  // A range has ended well.
  void took(bool copied, uint64_t bytes, Duration time) {
    Way& way = ways_[copied];
    ++way.ended;
    way.bytes += static_cast<double>(bytes);
    way.seconds += std::chrono::duration<double>(time).count();
  }

 private:
  struct Way {
    unsigned ended = 0;
    double bytes = 0, seconds = 0;
    double per_byte() const { return seconds / bytes; }
  };
  std::array<Way, 2> ways_{};  // writing, copying
};

}  // namespace kcopyd

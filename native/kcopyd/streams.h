// Bytes that other programs make in order, as the decoder of a packed image does, read like a file.
//
// A read goes on where a stream is. Otherwise a new stream is asked for that begins there, so a destination that was
// left behind gets a stream of its own and holds up nobody.
#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <mutex>

#include "request_handler.h"

namespace kcopyd {

class Stream;

class Streams final : public RequestHandler {
 public:
  // Asks for a stream whose first byte is the one at `at`. provide() answers, later. seals: it is for the head of a
  // destination that has all the rest. Any thread.
  using Ask = std::function<void(uint64_t at, unsigned number, bool seals)>;

  // reach: a gap of up to so many bytes is read and dropped; beyond it a new stream is begun.
  Streams(Ask ask, uint64_t reach);
  Streams(const Streams&) = delete;
  Streams& operator=(const Streams&) = delete;
  // No read may be in flight.
  ~Streams() override;

  // Answers ask(): a descriptor to read from, which belongs to the streams now, or a negative errno, with which every
  // read of this stream ends. Any thread, once for a number.
  void provide(unsigned number, int descriptor);
  // Starts a read. It ends with as many bytes as asked for, or with EBADMSG when the stream has fewer. Reads of one
  // group of destinations come in ascending order. Any thread.
  void handle(IoRequest& request, Done done) override;
  // Reads from a stream of its own, for a look before a job: the bytes read, or a negative errno. Blocks.
  int64_t look(void* to, size_t length, uint64_t offset);

 private:
  // Streams that are kept: one for each destination that can be left behind, and some that wait to be read to the end.
  static constexpr size_t kMost = KCOPYD_MAX_DESTS + 2;

  std::shared_ptr<Stream> stream_for(uint64_t at);
  std::shared_ptr<Stream> begin(uint64_t at, bool seals);
  void end_one_too_many();

  const Ask ask_;
  const uint64_t reach_;  // bytes
  std::mutex mutex_;
  unsigned next_number_ = 0;
  std::list<std::shared_ptr<Stream>> streams_;  // the one that was used last is the first
};

}  // namespace kcopyd

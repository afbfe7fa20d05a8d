// Sources whose bytes another program makes in order, as the decoder of a packed image does.
#include <fcntl.h>
#include <kcopyd/device.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "../lab/disks.h"

using namespace test;

namespace {

// Writes the bytes of `content` into pipes, as a decoder does, and keeps account of what it was asked.
class Decoder {
 public:
  explicit Decoder(const Bytes& content, uint64_t reach = 0) : content_(content), reach_(reach) {}
  ~Decoder() {
    {
      const std::lock_guard lock(providing_);
      kcopyd_device_close(device_);
    }
    for (std::thread& thread : threads_) thread.join();
  }
  Decoder(const Decoder&) = delete;
  Decoder& operator=(const Decoder&) = delete;

  // The source of a job: `length` bytes, of which the streams may have fewer.
  io_region source(uint64_t length) {
    block_device* packed = nullptr;
    write_file(folder_.path("packed"), Bytes(512));
    REQUIRE(kcopyd_device_open(folder_.path("packed").c_str(), KCOPYD_OPEN_READ, &packed) == 0);
    const kcopyd_unpacking by{.ask = &Decoder::asked, .gone = nullptr, .context = this};
    REQUIRE(kcopyd_device_unpack(packed, length, reach_, &by, &device_) == 0);
    kcopyd_device_close(packed);
    return {device_, 0, length / KCOPYD_SECTOR_SIZE};
  }
  // Every stream ends before this byte.
  void cut(uint64_t at) { end_ = at; }
  // From now on there are no streams, for this reason.
  void refuse(int error) { refusal_ = error; }
  // Where streams were asked to begin, in order.
  Lines begun() {
    const std::lock_guard lock(mutex_);
    return begun_;
  }
  block_device* device() const { return device_; }

 private:
  // A device is not closed while it is provided with a stream.
  void provide(unsigned number, int descriptor) {
    const std::lock_guard lock(providing_);
    kcopyd_device_provide(device_, number, descriptor);
  }
  static void asked(uint64_t at, unsigned number, int seals, void* context) {
    static_cast<Decoder*>(context)->answer(at, number, seals != 0);
  }

  void answer(uint64_t at, unsigned number, bool seals) {
    const std::lock_guard lock(mutex_);
    begun_.push_back((seals ? "head " : "") + std::to_string(at));
    threads_.emplace_back([this, at, number] {
      sigset_t pipe;
      sigemptyset(&pipe);
      sigaddset(&pipe, SIGPIPE);
      pthread_sigmask(SIG_BLOCK, &pipe, nullptr);
      if (refusal_ != 0) return provide(number, -refusal_);
      int ends[2];
      if (pipe2(ends, O_CLOEXEC) != 0) return provide(number, -errno);
      provide(number, ends[0]);
      const uint64_t end = std::min<uint64_t>(end_, content_.size());
      for (uint64_t done = at; done < end;) {
        const ssize_t put = write(ends[1], content_.data() + done, end - done);
        if (put < 0) break;  // nobody reads on
        done += static_cast<uint64_t>(put);
      }
      close(ends[1]);
    });
  }

  const Directory folder_;
  const Bytes& content_;
  const uint64_t reach_;
  block_device* device_ = nullptr;
  std::atomic<uint64_t> end_ = UINT64_MAX;
  std::atomic<int> refusal_ = 0;
  std::mutex mutex_;
  std::mutex providing_;
  Lines begun_;
  std::vector<std::thread> threads_;
};

}  // namespace

TEST_CASE("streams: a copy reads one stream from its start to its end, and every destination has its bytes") {
  on_each(kMedia, [](const Combo& combo) {
    Bay bay(combo, 3, 8 * MiB);
    Decoder decoder(bay.content);
    const io_region from = decoder.source(8 * MiB);
    const Outcome& out = bay.client.copy(from, bay.all(0, 8 * MiB), KCOPYD_VERIFY).wait();
    CHECK(out.read_err == 0);
    CHECK(out.write_err == 0);
    for (unsigned i = 0; i < 3; ++i) CHECK(bay.wrong(i, bay.content) == "");
    CHECK(decoder.begun().front() == "0");  // one that is left behind on a busy machine begins another
  });
}

TEST_CASE("streams: the head is read from a second stream, when the rest is flushed") {
  on_each({Medium::loop512}, [](const Combo& combo) {
    if (lab_missing()) return;
    Bay bay(combo, 2, 8 * MiB);
    Decoder decoder(bay.content);
    const io_region from = decoder.source(8 * MiB);
    CHECK(bay.client.copy(from, bay.all(0, 8 * MiB), KCOPYD_HEAD_LAST | KCOPYD_VERIFY).wait().write_err == 0);
    for (unsigned i = 0; i < 2; ++i) CHECK(bay.wrong(i, bay.content) == "");
    const Lines begun = decoder.begun();  // destinations that end at different times read it one by one
    REQUIRE(begun.size() >= 2);
    CHECK(begun.front() == "0");
    CHECK(begun.back() == "head 0");
  });
}

TEST_CASE("streams: without a second stream the head stays blank, and every destination has failed") {
  on_each({Medium::loop512}, [](const Combo& combo) {
    if (lab_missing()) return;
    Bay bay(combo, 2, 8 * MiB);
    Decoder decoder(bay.content);
    const io_region from = decoder.source(8 * MiB);
    bay.dests[0].rule("stall w 7340032 4096");
    Job& job = bay.client.copy(from, bay.all(0, 8 * MiB), KCOPYD_HEAD_LAST | KCOPYD_VERIFY);
    wait_for([&] { return bay.dests[0].stalled() > 0; });
    decoder.refuse(EBADMSG);  // the checksum was wrong
    bay.dests[0].rule("go");
    const Outcome& out = job.wait();
    CHECK(out.read_err == 1);
    for (unsigned i = 0; i < 2; ++i) CHECK(out.progress.dests[i].state == KCOPYD_FAILED);
    CHECK(out.list(-1) == Lines{"read EBADMSG io 0+1048576"});
    const Bytes blank(1 * MiB);
    for (unsigned i = 0; i < 2; ++i) CHECK(difference(bay.dests[i].bytes(0, 1 * MiB), blank) == "");
  });
}

TEST_CASE("streams: one that ends too early is a read error where it ends, and no destination is done") {
  on_each(kMedia, [](const Combo& combo) {
    Bay bay(combo, 2, 8 * MiB);
    Decoder decoder(bay.content);
    const io_region from = decoder.source(8 * MiB);
    decoder.cut(5 * MiB + 4096);
    const Outcome& out = bay.client.copy(from, bay.all(0, 8 * MiB), 0).wait();
    CHECK(out.read_err == 1);
    for (unsigned i = 0; i < 2; ++i) CHECK(out.progress.dests[i].state == KCOPYD_FAILED);
    REQUIRE(out.errors.size() >= 1);
    CHECK(out.errors[0].offset == 5 * MiB);
    CHECK(out.errors[0].err == EBADMSG);
  });
}

TEST_CASE("streams: a destination that is left behind gets a stream of its own, and the others end before it") {
  on_each({Medium::loop512}, [](const Combo& combo) {
    if (lab_missing()) return;
    Bay bay(combo, 3, 24 * MiB);
    Decoder decoder(bay.content);
    const io_region from = decoder.source(24 * MiB);
    bay.dests[2].rule("stall w");
    Job& job = bay.client.copy(from, bay.all(0, 24 * MiB), KCOPYD_VERIFY);
    wait_for(
        [&] { return job.progress().dests[0].state == KCOPYD_DONE && job.progress().dests[1].state == KCOPYD_DONE; });
    bay.dests[2].rule("go");
    CHECK(job.wait().write_err == 0);
    for (unsigned i = 0; i < 3; ++i) CHECK(bay.wrong(i, bay.content) == "");
    const Lines begun = decoder.begun();
    CAPTURE(begun);
    CHECK(begun.size() >= 2);
  });
}

TEST_CASE("streams: chunks that nobody needs are dropped within reach, and passed over by a new stream beyond it") {
  on_each({Medium::file}, [](const Combo& combo) {
    for (const bool reaches : {true, false}) {
      CAPTURE(reaches);
      Bay bay(combo, 1, 8 * MiB);
      Decoder decoder(bay.content, reaches ? 8 * MiB : 1 * MiB);
      const io_region from = decoder.source(8 * MiB);
      const std::vector<uint8_t> todo = {0b1000'0011};
      const kcopyd_dest_options options{.todo = todo.data(), .check = nullptr, .bytes_per_second = 0};
      const io_region dest = bay.to(0, 0, 8 * MiB);
      kcopyd_request request{};
      request.from = &from;
      request.num_dests = 1;
      request.dests = &dest;
      request.dest_options = &options;
      CHECK(bay.client.submit(request).wait().write_err == 0);
      Bytes want = bay.old(0);
      std::copy_n(bay.content.begin(), 2 * MiB, want.begin());
      std::copy_n(bay.content.begin() + 7 * MiB, 1 * MiB, want.begin() + 7 * MiB);
      CHECK(bay.wrong(0, want) == "");
      CHECK(decoder.begun() == (reaches ? Lines{"0"} : Lines{"0", "7340032"}));
    }
  });
}

TEST_CASE("streams: a comparison reads a stream and finds the chunk that differs") {
  on_each({Medium::file}, [](const Combo& combo) {
    Bay bay(combo, 1, 8 * MiB);
    Decoder decoder(bay.content);
    Bytes other = bay.content;
    other[3 * MiB + 5] ^= 1;
    bay.dests[0].fill(other);
    const io_region from = decoder.source(8 * MiB);
    const Outcome& out = bay.client.compare(from, bay.all(0, 8 * MiB)).wait();
    CHECK(out.list() == Lines{"verify 0 mismatch 3145728+1048576"});
  });
}

TEST_CASE("streams: a look before the job takes a stream of its own") {
  on_each({Medium::file}, [](const Combo& combo) {
    Bay bay(combo, 1, 4 * MiB);
    Decoder decoder(bay.content);
    decoder.source(4 * MiB);
    Bytes seen(512);
    CHECK(decoder.device()->peek(seen.data(), seen.size(), 1 * MiB) == 512);
    CHECK(std::equal(seen.begin(), seen.end(), bay.content.begin() + 1 * MiB));
    CHECK(decoder.device()->peek(seen.data(), seen.size(), 4 * MiB) == 0);
  });
}

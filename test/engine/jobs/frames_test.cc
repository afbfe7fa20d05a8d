// Images that are written packed: every sub-job becomes a frame, and the frames lie in the order of the sub-jobs.
#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <numeric>
#include <optional>

#include "../lab/disks.h"
#include "frame_image.h"

using namespace test;

namespace {

constexpr unsigned kWorkers = 3;
constexpr size_t kHeader = 8;

uint32_t sum_of(const unsigned char* bytes, size_t length) { return std::accumulate(bytes, bytes + length, 0u); }

// Packs into frames of different lengths that know whether they are whole.
class Packer : public FrameImage {
 public:
  explicit Packer(const Directory& folder, uint64_t length, const std::vector<uint32_t>& there = {},
                  const uint8_t* written = nullptr)
      : FrameImage(folder.path("image"), length, there.empty() ? KCOPYD_OPEN_CREATE : 0) {
    pack_as(KCOPYD_FRAMES_IN_A_ROW,
            {.workers = kWorkers, .pack = &pack, .unpack = &unpack, .gone = nullptr, .context = this}, there, written);
  }
  ~Packer() { close(); }
  Packer(const Packer&) = delete;
  Packer& operator=(const Packer&) = delete;

  std::vector<uint32_t> sizes() const {
    std::vector<uint32_t> sizes(length() / MiB + 1);
    sizes.resize(kcopyd_device_frames(device(), 0, sizes.size(), sizes.data()));
    return sizes;
  }
  // What the frames in the file hold, one after the other; fails the test where one is not whole.
  Bytes held() const {
    const Bytes file = read_file(path());
    Bytes held;
    size_t at = 0;
    for (const uint32_t size : sizes()) {
      REQUIRE(at + size <= file.size());
      uint32_t length = 0;
      std::memcpy(&length, file.data() + at, sizeof length);
      Bytes bytes(length);
      REQUIRE(unpack(0, file.data() + at, size, bytes.data(), length, nullptr) == 0);
      held.insert(held.end(), bytes.begin(), bytes.end());
      at += size;
    }
    return held;
  }
  // The sub-job that begins with these bytes takes long.
  void delay(const unsigned char* first) { slow_ = *reinterpret_cast<const uint64_t*>(first); }
  // Packing it fails.
  void refuse(const unsigned char* first) { refused_ = *reinterpret_cast<const uint64_t*>(first); }

 private:
  static int64_t pack(unsigned worker, const void* bytes, size_t length, const void** frame, void* context) {
    auto& self = *static_cast<Packer*>(context);
    uint64_t first = 0;
    std::memcpy(&first, bytes, sizeof first);
    if (self.refused_ == first) return -EIO;
    if (self.slow_ == first) std::this_thread::sleep_for(std::chrono::milliseconds(300));
    Bytes& mine = self.frames_[worker];
    const uint32_t header[2] = {static_cast<uint32_t>(length),
                                sum_of(static_cast<const unsigned char*>(bytes), length)};
    mine.assign(kHeader + length + header[1] % 5000, 0);
    std::memcpy(mine.data(), header, kHeader);
    std::memcpy(mine.data() + kHeader, bytes, length);
    *frame = mine.data();
    return static_cast<int64_t>(mine.size());
  }
  static int unpack(unsigned, const void* frame, size_t size, void* bytes, size_t length, void*) {
    uint32_t header[2];
    if (size < kHeader + length) return -EBADMSG;
    std::memcpy(header, frame, kHeader);
    std::memcpy(bytes, static_cast<const unsigned char*>(frame) + kHeader, length);
    const bool whole = header[0] == length && header[1] == sum_of(static_cast<unsigned char*>(bytes), length);
    return whole ? 0 : -EBADMSG;
  }

  std::array<Bytes, kWorkers> frames_;
  std::atomic<uint64_t> slow_ = UINT64_MAX;
  std::atomic<uint64_t> refused_ = UINT64_MAX;
};

void flip(const std::string& path, uint64_t at) {
  Bytes file = read_file(path);
  file.at(at) ^= 1;
  std::fstream(path, std::ios::in | std::ios::out | std::ios::binary)
      .write(reinterpret_cast<const char*>(file.data()), static_cast<std::streamsize>(file.size()));
}

}  // namespace

TEST_CASE("frames: a copy packs every sub-job, reads it back, and writes disks beside it from the same reading") {
  on_each(kMedia, [](const Combo& combo) {
    Bay bay(combo, 2, 8 * MiB);
    const Directory folder;
    Packer packer(folder, 8 * MiB - 3584);
    std::vector<io_region> to = bay.all(0, 8 * MiB - 3584);
    to.push_back(packer.region());

    const Outcome& out = bay.client.copy(bay.from(0, 8 * MiB - 3584), to, KCOPYD_VERIFY).wait();

    CHECK(out.write_err == 0);
    CHECK(out.progress.dests[2].verified == 8 * MiB - 3584);
    CHECK(packer.sizes().size() == 8);
    CHECK(difference(packer.held(), Bytes(bay.content.begin(), bay.content.end() - 3584)) == "");
  });
}

TEST_CASE("frames: the head of a packed image has its place from the start, although disks get theirs last") {
  on_each({Medium::loop512}, [](const Combo& combo) {
    if (lab_missing()) return;
    Bay bay(combo, 1, 8 * MiB);
    const Directory folder;
    Packer packer(folder, 8 * MiB);

    const Outcome& out =
        bay.client
            .copy(bay.from(0, 8 * MiB), {bay.to(0, 0, 8 * MiB), packer.region()}, KCOPYD_VERIFY | KCOPYD_HEAD_LAST)
            .wait();

    CHECK(out.write_err == 0);
    CHECK(bay.wrong(0, bay.content) == "");
    CHECK(difference(packer.held(), bay.content) == "");
  });
}

TEST_CASE("frames: a sub-job that takes long to pack does not change the order of the frames") {
  on_each({Medium::file}, [](const Combo& combo) {
    Bay bay(combo, 1, 16 * MiB);
    const Directory folder;
    Packer packer(folder, 16 * MiB);
    packer.delay(bay.content.data() + 2 * MiB);

    CHECK(bay.client.copy(bay.from(0, 16 * MiB), {packer.region()}, KCOPYD_VERIFY).wait().write_err == 0);

    CHECK(difference(packer.held(), bay.content) == "");
  });
}

TEST_CASE("frames: zeros are packed like any other bytes") {
  on_each({Medium::file}, [](const Combo& combo) {
    Bay bay(combo, 1, 8 * MiB);
    bay.source.fill(Bytes(4 * MiB), 2 * MiB);
    std::fill_n(bay.content.begin() + 2 * MiB, 4 * MiB, 0);
    const Directory folder;
    Packer packer(folder, 8 * MiB);

    const Outcome& out = bay.client.copy(bay.from(0, 8 * MiB), {packer.region()}, KCOPYD_VERIFY | KCOPYD_SPARSE).wait();

    CHECK(out.write_err == 0);
    CHECK(difference(packer.held(), bay.content) == "");
  });
}

TEST_CASE("frames: sub-jobs that are not written are zeros, at both ends and in between") {
  on_each({Medium::file}, [](const Combo& combo) {
    Bay bay(combo, 1, 16 * MiB);
    const Directory folder;
    const uint8_t written[2] = {0b1100'1010, 0b0001'0000};
    Packer packer(folder, 16 * MiB, {}, written);

    CHECK(copy_some(bay.client, bay.from(0, 16 * MiB), packer.region(), written, written).wait().write_err == 0);

    Bytes want(16 * MiB);
    for (uint64_t chunk = 0; chunk < 16; ++chunk) {
      if (written[chunk / 8] >> (chunk % 8) & 1)
        std::copy_n(bay.content.begin() + static_cast<ptrdiff_t>(chunk * MiB), MiB,
                    want.begin() + static_cast<ptrdiff_t>(chunk * MiB));
    }
    CHECK(difference(packer.held(), want) == "");
    CHECK(kcopyd_device_finish_frames(packer.device(), "", 0, "", 0) == 0);
  });
}

TEST_CASE("frames: a damaged frame is a mismatch, and can be written again in its place") {
  on_each({Medium::file}, [](const Combo& combo) {
    Bay bay(combo, 1, 4 * MiB);
    const Directory folder;
    Packer packer(folder, 4 * MiB);
    CHECK(bay.client.copy(bay.from(0, 4 * MiB), {packer.region()}, 0).wait().write_err == 0);
    flip(packer.path(), packer.sizes()[0] + 1000);

    const Outcome& compared = bay.client.compare(bay.from(0, 4 * MiB), {packer.region()}).wait();
    const Outcome& mended = bay.client.copy(bay.from(0, 4 * MiB), {packer.region()}, KCOPYD_VERIFY).wait();

    CHECK(compared.list() == Lines{"verify 0 EBADMSG mismatch 1048576+1048576"});
    CHECK(mended.write_err == 0);
    CHECK(difference(packer.held(), bay.content) == "");
  });
}

TEST_CASE("frames: a frame that cannot be made fails its destination, and the others are done") {
  on_each({Medium::file}, [](const Combo& combo) {
    Bay bay(combo, 1, 8 * MiB);
    const Directory folder;
    Packer packer(folder, 8 * MiB);
    packer.refuse(bay.content.data() + 3 * MiB);

    const Outcome& out =
        bay.client.copy(bay.from(0, 8 * MiB), {bay.to(0, 0, 8 * MiB), packer.region()}, KCOPYD_VERIFY).wait();

    CHECK(out.write_err == 2);
    CHECK(out.progress.dests[0].state == KCOPYD_DONE);
    CHECK(out.progress.dests[1].state == KCOPYD_FAILED);
    CHECK(packer.sizes().size() <= 3);
  });
}

TEST_CASE("frames: a cancelled destination ends with the frames that have their place, in order") {
  on_each({Medium::file}, [](const Combo& combo) {
    Bay bay(combo, 1, 24 * MiB);
    const Directory folder;
    Packer packer(folder, 24 * MiB);
    packer.delay(bay.content.data());
    Job& job = bay.client.copy(bay.from(0, 24 * MiB), {packer.region()}, KCOPYD_VERIFY);
    wait_for([&] { return job.progress().bytes_read >= 2 * MiB; });

    job.cancel();
    const Outcome& out = job.wait();

    CHECK(out.progress.dests[0].state == KCOPYD_CANCELLED);
    const Bytes held = packer.held();
    CHECK(held.size() < 24 * MiB);
    CHECK(difference(held, Bytes(bay.content.begin(), bay.content.begin() + static_cast<ptrdiff_t>(held.size()))) ==
          "");
  });
}

TEST_CASE("frames: a source that cannot be read ends the job, and nothing behind that place is packed") {
  on_each({Medium::loop512}, [](const Combo& combo) {
    if (lab_missing()) return;
    Bay bay(combo, 1, 8 * MiB);
    const Directory folder;
    Packer packer(folder, 8 * MiB);
    bay.source.rule("eio r 3145728 4096");

    const Outcome& out = bay.client.copy(bay.from(0, 8 * MiB), {packer.region()}, KCOPYD_VERIFY).wait();

    CHECK(out.read_err == 1);
    CHECK(out.progress.dests[0].state == KCOPYD_FAILED);
    CHECK(packer.sizes().size() <= 3);
  });
}

TEST_CASE("frames: a job goes on behind the frames that the file has already") {
  on_each({Medium::file}, [](const Combo& combo) {
    Bay bay(combo, 1, 8 * MiB);
    const Directory folder;
    std::optional<Packer> first(std::in_place, folder, 8 * MiB);
    CHECK(bay.client.copy(bay.from(0, 8 * MiB), {first->region()}, 0).wait().write_err == 0);
    std::vector<uint32_t> sizes = first->sizes();
    first.reset();
    sizes.resize(3);
    Packer packer(folder, 8 * MiB, sizes);
    const uint8_t todo = 0b1111'1000;

    CHECK(copy_some(bay.client, bay.from(0, 8 * MiB), packer.region(), &todo, nullptr).wait().write_err == 0);

    CHECK(difference(packer.held(), bay.content) == "");
  });
}

TEST_CASE("frames: the end of the file is written when all frames have their place, and not before") {
  on_each({Medium::file}, [](const Combo& combo) {
    Bay bay(combo, 1, 4 * MiB);
    const Directory folder;
    Packer packer(folder, 4 * MiB);
    CHECK(kcopyd_device_finish_frames(packer.device(), "end", 3, "", 0) == EINVAL);
    CHECK(bay.client.copy(bay.from(0, 4 * MiB), {packer.region()}, 0).wait().write_err == 0);

    CHECK(kcopyd_device_finish_frames(packer.device(), "end", 3, "", 0) == 0);

    const std::vector<uint32_t> sizes = packer.sizes();
    const Bytes file = read_file(packer.path());
    CHECK(file.size() == std::accumulate(sizes.begin(), sizes.end(), size_t{3}));
    CHECK(std::string(file.end() - 3, file.end()) == "end");
  });
}

TEST_CASE("frames: a look at the image reads any bytes of it") {
  on_each({Medium::file}, [](const Combo& combo) {
    Bay bay(combo, 1, 4 * MiB);
    const Directory folder;
    Packer packer(folder, 4 * MiB);
    CHECK(bay.client.copy(bay.from(0, 4 * MiB), {packer.region()}, 0).wait().write_err == 0);

    Bytes seen(4096);
    CHECK(packer.device()->peek(seen.data(), seen.size(), MiB - 100) == 4096);

    CHECK(std::equal(seen.begin(), seen.end(), bay.content.begin() + MiB - 100));
  });
}

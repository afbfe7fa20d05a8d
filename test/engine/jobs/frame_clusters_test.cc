// Images that are written packed in clusters: where frames lie, and that the start of the file comes last.
#include <kcopyd/frame_places.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "../lab/disks.h"
#include "frame_image.h"

using namespace test;

namespace {

// Zeros take nothing, sub-jobs that begin with 0xff stay as they are, and the others lose their second half.
class Packer : public FrameImage {
 public:
  explicit Packer(const Directory& folder, uint64_t length, const uint8_t* written = nullptr)
      : FrameImage(folder.path("image"), length) {
    pack_as(KCOPYD_FRAMES_IN_CLUSTERS,
            {.workers = 2, .pack = &pack, .unpack = &unpack, .gone = nullptr, .context = this}, {}, written);
  }
  ~Packer() { close(); }
  Packer(const Packer&) = delete;
  Packer& operator=(const Packer&) = delete;

  std::vector<uint64_t> offsets() const {
    std::vector<uint64_t> offsets;
    for (const kcopyd::FramePlace& place : device()->frames->places()) offsets.push_back(place.offset);
    return offsets;
  }

 private:
  static int64_t pack(unsigned worker, const void* bytes, size_t length, const void** frame, void* context) {
    auto& mine = static_cast<Packer*>(context)->frames_[worker];
    const auto* const first = static_cast<const unsigned char*>(bytes);
    mine.assign(first, first + length);
    *frame = mine.data();
    if (first[0] == 0xff) return static_cast<int64_t>(length);
    return std::all_of(mine.begin(), mine.end(), [](unsigned char byte) { return byte == 0; })
               ? 0
               : static_cast<int64_t>(length / 2);
  }
  static int unpack(unsigned, const void* frame, size_t size, void* bytes, size_t length, void*) {
    std::memset(bytes, 0, length);
    if (size > 0) std::memcpy(bytes, frame, std::min(size, length));
    return 0;
  }

  std::array<Bytes, 2> frames_;
};

enum class Chunk { zeros, half, whole };

// A source of these chunks.
void fill(Bay& bay, const std::vector<Chunk>& chunks) {
  for (size_t i = 0; i < chunks.size(); ++i) {
    Bytes bytes(MiB);
    if (chunks[i] != Chunk::zeros) std::fill_n(bytes.begin(), MiB / 2, static_cast<unsigned char>(i + 1));
    if (chunks[i] == Chunk::whole) std::fill(bytes.begin(), bytes.end(), 0xff);
    bay.source.fill(bytes, i * MiB);
  }
}

Bytes at(const std::string& path, uint64_t offset, size_t length) {
  const Bytes file = read_file(path);
  REQUIRE(offset + length <= file.size());
  const auto from = file.begin() + static_cast<ptrdiff_t>(offset);
  return {from, from + static_cast<ptrdiff_t>(length)};
}

}  // namespace

TEST_CASE("clusters: short frames share clusters, a whole one has its own, and zeros take nothing") {
  on_each({Medium::file}, [](const Combo& combo) {
    Bay bay(combo, 1, 8 * MiB);
    fill(bay,
         {Chunk::half, Chunk::whole, Chunk::half, Chunk::zeros, Chunk::half, Chunk::whole, Chunk::half, Chunk::zeros});
    const Directory folder;
    Packer packer(folder, 8 * MiB);

    const Outcome& out = bay.client.copy(bay.from(0, 8 * MiB), {packer.region()}, KCOPYD_VERIFY | KCOPYD_SPARSE).wait();

    CHECK(out.write_err == 0);
    CHECK(out.progress.dests[0].verified == 8 * MiB);
    // The third fills the cluster of the first one, which the second could not share.
    CHECK(packer.offsets() ==
          std::vector<uint64_t>{MiB, 2 * MiB, MiB + MiB / 2, 2 * MiB, 3 * MiB, 4 * MiB, 3 * MiB + MiB / 2, 4 * MiB});
    CHECK(packer.device()->frames->end() == 5 * MiB);
    CHECK(at(packer.path(), MiB + MiB / 2, MiB / 2) == Bytes(MiB / 2, 3));
    CHECK(at(packer.path(), 4 * MiB, MiB) == Bytes(MiB, 0xff));
  });
}

TEST_CASE("clusters: a row of frames runs on into the next cluster only when that is free") {
  constexpr uint64_t cluster = 100;
  kcopyd::FramePlaces places(cluster);

  std::vector<uint64_t> offsets;
  for (const size_t size : {60, 60, 100, 90, 70, 10, 0, 30}) offsets.push_back(places.add(size).offset);

  CHECK(offsets == std::vector<uint64_t>{100, 160, 300, 400, 490, 560, 570, 570});
  CHECK(places.end() == 600);
}

TEST_CASE("clusters: a row that cannot run on begins again behind the cluster that is taken") {
  kcopyd::FramePlaces places(100);

  std::vector<uint64_t> offsets;
  for (const size_t size : {60, 100, 50, 40, 10}) offsets.push_back(places.add(size).offset);

  CHECK(offsets == std::vector<uint64_t>{100, 200, 300, 350, 390});
}

TEST_CASE("clusters: the start of the file stays blank until everything else is written") {
  on_each({Medium::file}, [](const Combo& combo) {
    Bay bay(combo, 1, 4 * MiB);
    const Directory folder;
    Packer packer(folder, 4 * MiB);
    CHECK(kcopyd_device_finish_frames(packer.device(), "end", 3, "start", 5) == EINVAL);
    CHECK(bay.client.copy(bay.from(0, 4 * MiB), {packer.region()}, 0).wait().write_err == 0);
    CHECK(at(packer.path(), 0, MiB) == Bytes(MiB));
    CHECK(kcopyd_device_finish_frames(packer.device(), "", 0, Bytes(MiB + 1).data(), MiB + 1) == EINVAL);

    CHECK(kcopyd_device_finish_frames(packer.device(), "end", 3, "start", 5) == 0);

    const uint64_t end = packer.device()->frames->end();
    CHECK(read_file(packer.path()).size() == end + 3);
    CHECK(at(packer.path(), end, 3) == Bytes{'e', 'n', 'd'});
    CHECK(at(packer.path(), 0, 5) == Bytes{'s', 't', 'a', 'r', 't'});
  });
}

TEST_CASE("clusters: frames in a row leave no room for a start") {
  const Directory folder;
  FrameImage image(folder.path("image"), 0);
  image.pack_as(KCOPYD_FRAMES_IN_A_ROW,
                {.workers = 1,
                 .pack = [](unsigned, const void*, size_t, const void**, void*) -> int64_t { return -EIO; },
                 .unpack = [](unsigned, const void*, size_t, void*, size_t, void*) { return -EIO; },
                 .gone = nullptr,
                 .context = nullptr});

  CHECK(kcopyd_device_finish_frames(image.device(), "end", 3, "start", 5) == EINVAL);
}

TEST_CASE("clusters: sub-jobs that are not written take nothing, and are read as zeros") {
  on_each({Medium::file}, [](const Combo& combo) {
    Bay bay(combo, 1, 8 * MiB);
    fill(bay, std::vector<Chunk>(8, Chunk::half));
    const Directory folder;
    const uint8_t written = 0b0100'0010;
    Packer packer(folder, 8 * MiB, &written);

    CHECK(copy_some(bay.client, bay.from(0, 8 * MiB), packer.region(), &written, &written).wait().write_err == 0);

    CHECK(kcopyd_device_finish_frames(packer.device(), "", 0, "", 0) == 0);
    CHECK(read_file(packer.path()).size() == 2 * MiB);
    Bytes seen(MiB, 1);
    CHECK(packer.device()->peek(seen.data(), MiB, 4 * MiB) == MiB);
    CHECK(seen == Bytes(MiB));
    CHECK(packer.device()->peek(seen.data(), MiB, 6 * MiB) == MiB);
    CHECK(seen[0] == 7);
  });
}

TEST_CASE("clusters: a damaged frame is a mismatch, and is written again in its place") {
  on_each({Medium::file}, [](const Combo& combo) {
    Bay bay(combo, 1, 4 * MiB);
    fill(bay, {Chunk::half, Chunk::whole, Chunk::half, Chunk::zeros});
    const Directory folder;
    Packer packer(folder, 4 * MiB);
    CHECK(bay.client.copy(bay.from(0, 4 * MiB), {packer.region()}, 0).wait().write_err == 0);
    const Bytes good = read_file(packer.path());
    for (const uint64_t offset : {MiB + MiB / 2 + 7, 2 * MiB + 7}) {
      std::fstream file(packer.path(), std::ios::in | std::ios::out | std::ios::binary);
      file.seekp(static_cast<std::streamoff>(offset));
      file.put('x');
    }

    const Outcome& compared = bay.client.compare(bay.from(0, 4 * MiB), {packer.region()}).wait();
    const Outcome& mended = bay.client.copy(bay.from(0, 4 * MiB), {packer.region()}, KCOPYD_VERIFY).wait();

    CHECK(compared.progress.dests[0].state == KCOPYD_FAILED);
    CHECK(mended.write_err == 0);
    CHECK(read_file(packer.path()) == good);
  });
}

// Packed images in pieces: one logical file over several, made as they are needed.
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <string>

#include "../lab/disks.h"
#include "frame_image.h"

using namespace test;

namespace {

constexpr uint64_t kPiece = 1 * MiB;
constexpr size_t kLonger = 700;  // bytes of a frame that its sub-job has not, so that borders lie in frames

// Frames are the sub-jobs with a few bytes behind them.
int64_t pack(unsigned worker, const void* bytes, size_t length, const void** frame, void* context) {
  Bytes& mine = (*static_cast<std::array<Bytes, 2>*>(context))[worker];
  mine.assign(length + kLonger, 7);
  std::memcpy(mine.data(), bytes, length);
  *frame = mine.data();
  return static_cast<int64_t>(mine.size());
}

int unpack(unsigned, const void* frame, size_t size, void* bytes, size_t length, void*) {
  if (size != length + kLonger) return -EBADMSG;
  std::memcpy(bytes, frame, length);
  return 0;
}

// A new image of `length` bytes in pieces of a mebibyte.
class Pieces : public FrameImage {
 public:
  Pieces(const Directory& folder, uint64_t length)
      : FrameImage(folder.path("image.000.part"), length), folder_(folder.path()) {
    REQUIRE(chmod(path().c_str(), 0640) == 0);
    REQUIRE(kcopyd_device_split(file(), folder_.c_str(), "image", kPiece) == 0);
    pack_as(KCOPYD_FRAMES_IN_A_ROW,
            {.workers = 2, .pack = &pack, .unpack = &unpack, .gone = nullptr, .context = &frames_});
  }
  ~Pieces() { close(); }
  Pieces(const Pieces&) = delete;
  Pieces& operator=(const Pieces&) = delete;

  std::string piece(unsigned index) const { return folder_ + "/image.00" + std::to_string(index) + ".part"; }
  bool has(unsigned index) const { return access(piece(index).c_str(), F_OK) == 0; }
  // What the pieces hold, one after the other.
  Bytes all() const {
    Bytes all;
    for (unsigned index = 0; has(index); ++index) {
      const Bytes bytes = read_file(piece(index));
      all.insert(all.end(), bytes.begin(), bytes.end());
    }
    return all;
  }

 private:
  const std::string folder_;
  std::array<Bytes, 2> frames_;
};

// The frames of `content` and then `end`.
Bytes framed(const Bytes& content, const std::string& end) {
  Bytes all;
  for (size_t at = 0; at < content.size(); at += MiB) {
    const auto first = content.begin() + static_cast<ptrdiff_t>(at);
    all.insert(all.end(), first, first + static_cast<ptrdiff_t>(std::min<size_t>(MiB, content.size() - at)));
    all.insert(all.end(), kLonger, 7);
  }
  all.insert(all.end(), end.begin(), end.end());
  return all;
}

}  // namespace

TEST_CASE("pieces: hold consecutive bytes, with borders in frames, and are read back") {
  on_each({Medium::file}, [](const Combo& combo) {
    Bay bay(combo, 2, 8 * MiB);
    const Directory folder;
    const Pieces pieces(folder, 8 * MiB);
    const std::string end(5000, 'e');

    const Outcome& out =
        bay.client.copy(bay.from(0, 8 * MiB), {bay.to(0, 0, 8 * MiB), pieces.region()}, KCOPYD_VERIFY).wait();
    CHECK(kcopyd_device_finish_frames(pieces.device(), end.data(), end.size(), nullptr, 0) == 0);

    CHECK(out.write_err == 0);
    CHECK(out.progress.dests[1].verified == 8 * MiB);
    CHECK(bay.wrong(0, bay.content) == "");
    CHECK(difference(pieces.all(), framed(bay.content, end)) == "");
    for (unsigned index = 0; index < 8; ++index) CHECK(read_file(pieces.piece(index)).size() == kPiece);
    CHECK_FALSE(pieces.has(9));
    struct stat last {};
    REQUIRE(stat(pieces.piece(8).c_str(), &last) == 0);
    CHECK((last.st_mode & 0777) == 0640);
  });
}

TEST_CASE("pieces: what lies in any of them is seen through the file") {
  on_each({Medium::file}, [](const Combo& combo) {
    Bay bay(combo, 1, 4 * MiB);
    const Directory folder;
    const Pieces pieces(folder, 4 * MiB);
    const std::string end = "the end";
    CHECK(bay.client.copy(bay.from(0, 4 * MiB), {pieces.region()}, 0).wait().write_err == 0);
    CHECK(kcopyd_device_finish_frames(pieces.device(), end.data(), end.size(), nullptr, 0) == 0);

    const Bytes all = framed(bay.content, end);
    const uint64_t at = kPiece - 4096;
    Bytes seen(8192 + end.size());
    CHECK(pieces.file()->peek(seen.data(), 8192, at) == 8192);
    CHECK(std::equal(seen.begin(), seen.begin() + 8192, all.begin() + static_cast<ptrdiff_t>(at)));
    CHECK(pieces.device()->peek(seen.data(), 4096, 3 * MiB) == 4096);
    CHECK(std::equal(seen.begin(), seen.begin() + 4096, bay.content.begin() + 3 * MiB));
  });
}

TEST_CASE("pieces: a file that has the name of a piece is not touched, and the copy goes on when it is gone") {
  on_each({Medium::file}, [](const Combo& combo) {
    Bay bay(combo, 1, 4 * MiB);
    const Directory folder;
    const Pieces pieces(folder, 4 * MiB);
    std::ofstream(pieces.piece(2)) << "of somebody else";

    const Outcome& out = bay.client.copy(bay.from(0, 4 * MiB), {pieces.region()}, KCOPYD_VERIFY).wait();
    CHECK(out.write_err == 1);
    CHECK(read_file(pieces.piece(2)).size() == 16);
    REQUIRE(unlink(pieces.piece(2).c_str()) == 0);

    CHECK(bay.client.copy(bay.from(0, 4 * MiB), {pieces.region()}, KCOPYD_VERIFY).wait().write_err == 0);
    CHECK(difference(pieces.all(), framed(bay.content, "")) == "");
  });
}

TEST_CASE("pieces: the rest is written when the file system has room again") {
  on_each({Medium::file}, [](const Combo& combo) {
    const Directory folder;
    const Mount small("platter-test", folder.path(), "tmpfs", "size=2500k");
    if (!small) return;
    Bay bay(combo, 1, 4 * MiB);
    {
      const Pieces pieces(folder, 4 * MiB);

      CHECK(bay.client.copy(bay.from(0, 4 * MiB), {pieces.region()}, KCOPYD_VERIFY).wait().write_err == 1);
      REQUIRE(mount(nullptr, folder.path().c_str(), nullptr, MS_REMOUNT, "size=32m") == 0);

      CHECK(bay.client.copy(bay.from(0, 4 * MiB), {pieces.region()}, KCOPYD_VERIFY).wait().write_err == 0);
      CHECK(difference(pieces.all(), framed(bay.content, "")) == "");
    }
  });
}

TEST_CASE("pieces: only a new file that grows, under its own name, is split, at whole mebibytes") {
  const Directory folder;
  const std::string path = folder.path("image.000.part");
  block_device* file = nullptr;
  REQUIRE(kcopyd_device_open(path.c_str(), KCOPYD_OPEN_WRITE | KCOPYD_OPEN_GROW | KCOPYD_OPEN_CREATE, &file) == 0);
  CHECK(kcopyd_device_split(file, folder.path().c_str(), "image", kPiece + 4096) == -EINVAL);
  CHECK(kcopyd_device_split(file, folder.path().c_str(), "image", 0) == -EINVAL);
  CHECK(kcopyd_device_split(file, folder.path().c_str(), "other", kPiece) == -ENOENT);
  std::ofstream(folder.path("other.000.part")) << "another";
  CHECK(kcopyd_device_split(file, folder.path().c_str(), "other", kPiece) == -ESTALE);
  kcopyd_device_close(file);
  REQUIRE(kcopyd_device_open(path.c_str(), KCOPYD_OPEN_READ, &file) == 0);
  CHECK(kcopyd_device_split(file, folder.path().c_str(), "image", kPiece) == -EINVAL);
  kcopyd_device_close(file);
}

// Holes of files: where the data of a source is, and how a new file gets its full length.
#include <fcntl.h>
#include <kcopyd/device.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "../lab/disks.h"

using namespace test;

namespace {

// The engine's own device, for what its C interface does not show.
struct Opened {
  Opened(const std::string& path, unsigned flags) { REQUIRE(kcopyd_device_open(path.c_str(), flags, &device) == 0); }
  ~Opened() { kcopyd_device_close(device); }
  Opened(const Opened&) = delete;
  Opened& operator=(const Opened&) = delete;
  block_device* operator->() const { return device; }
  block_device* device = nullptr;
};

// A file of `size` bytes that has data only at the given places.
void sparse_file(const std::string& path, uint64_t size, const std::vector<uint64_t>& megabytes_with_data) {
  write_file(path, {});
  REQUIRE(truncate(path.c_str(), static_cast<off_t>(size)) == 0);
  const int fd = open(path.c_str(), O_WRONLY);
  REQUIRE(fd >= 0);
  for (const uint64_t at : megabytes_with_data) {
    const Bytes& data = pattern(64 * KiB, at);
    CHECK(pwrite(fd, data.data(), data.size(), static_cast<off_t>(at * MiB)) == static_cast<ssize_t>(data.size()));
  }
  REQUIRE(close(fd) == 0);
}

uint64_t blocks_of(const std::string& path) {
  struct stat status {};
  REQUIRE(stat(path.c_str(), &status) == 0);
  return static_cast<uint64_t>(status.st_blocks);
}

}  // namespace

TEST_CASE("next data: holes are passed over, data is not, and the end is the end") {
  for (const std::string parent : {"/dev/shm", "/var/tmp"}) {
    if (access(parent.c_str(), W_OK) != 0) continue;
    CAPTURE(parent);
    const Directory directory(parent);
    sparse_file(directory.path("sparse"), 16 * MiB + 123, {2, 9});
    const Opened file(directory.path("sparse"), KCOPYD_OPEN_READ);
    CHECK(file->next_data(0) == 2 * MiB);
    CHECK(file->next_data(1 * MiB + 7) == 2 * MiB);
    CHECK(file->next_data(2 * MiB) == 2 * MiB);
    CHECK(file->next_data(2 * MiB + 5) == 2 * MiB + 5);
    CHECK(file->next_data(3 * MiB) == 9 * MiB);
    CHECK(file->next_data(10 * MiB) == 16 * MiB + 123);
    CHECK(file->next_data(16 * MiB + 122) == 16 * MiB + 123);
    CHECK(file->next_data(16 * MiB + 123) == 16 * MiB + 123);
    // Written after the file was opened.
    const int fd = open(directory.path("sparse").c_str(), O_WRONLY);
    CHECK(pwrite(fd, "x", 1, 12 * MiB) == 1);
    CHECK(file->next_data(10 * MiB) <= 12 * MiB);
    CHECK(file->next_data(10 * MiB) > 11 * MiB);
    close(fd);
  }
}

TEST_CASE("next data: a file of nothing but a hole, and one without a byte") {
  const Directory directory;
  sparse_file(directory.path("hole"), 8 * MiB, {});
  write_file(directory.path("empty"), {});
  CHECK(Opened(directory.path("hole"), KCOPYD_OPEN_READ)->next_data(0) == 8 * MiB);
  CHECK(Opened(directory.path("empty"), KCOPYD_OPEN_READ)->next_data(0) == 0);
}

TEST_CASE("next data: the part that was cut off a file is not a hole") {
  const Directory directory;
  const std::string path = directory.path("cut");
  sparse_file(path, 16 * MiB, {2});
  const Opened file(path, KCOPYD_OPEN_READ);
  REQUIRE(truncate(path.c_str(), 6 * MiB) == 0);
  CHECK(file->next_data(4 * MiB) == 6 * MiB);  // a hole up to the file's present end
  CHECK(file->next_data(6 * MiB) == 6 * MiB);  // counts as data: read, and found missing
  CHECK(file->next_data(10 * MiB) == 10 * MiB);
  // A file that grew keeps the size that it was opened with.
  REQUIRE(truncate(path.c_str(), 32 * MiB) == 0);
  CHECK(file->next_data(4 * MiB) == 16 * MiB);
}

TEST_CASE("next data: a block device, and a file system that cannot tell, are all data") {
  if (lab_missing()) return;
  const Disk disk(Medium::loop512, 4 * MiB), file(Medium::lab_file, 4 * MiB);
  CHECK(Opened(disk.path(), KCOPYD_OPEN_READ)->next_data(1 * MiB) == 1 * MiB);
  CHECK(Opened(file.path(), KCOPYD_OPEN_READ)->next_data(1 * MiB) == 1 * MiB);
}

TEST_CASE("extend: a shorter file becomes as long as asked by a hole, a longer one stays what it is") {
  const Directory directory;
  const std::string path = directory.path("new");
  const Opened file(path, KCOPYD_OPEN_WRITE | KCOPYD_OPEN_CREATE | KCOPYD_OPEN_GROW);
  CHECK(file->extend(5 * MiB + 77) == 0);
  CHECK(file->size_now() == 5 * MiB + 77);
  CHECK(blocks_of(path) == 0);
  CHECK(file->extend(1 * MiB) == 0);
  CHECK(file->size_now() == 5 * MiB + 77);
  write_file(directory.path("kept"), pattern(64 * KiB, 1));
  const Opened kept(directory.path("kept"), KCOPYD_OPEN_WRITE | KCOPYD_OPEN_GROW);
  CHECK(kept->extend(1 * MiB) == 0);
  Bytes want = pattern(64 * KiB, 1);
  want.resize(1 * MiB);
  CHECK(difference(read_file(directory.path("kept")), want) == "");
}

TEST_CASE("extend returns the errno when it fails") {
  const Directory directory;
  write_file(directory.path("image"), {});
  const Opened reader(directory.path("image"), KCOPYD_OPEN_READ);
  CHECK(reader->extend(1 * MiB) == EINVAL);  // not open for writing (ftruncate(2))
  CHECK(reader->size_now() == 0);
}

// Opening and closing devices and files, their properties, and what an errno of theirs means.
#include <fcntl.h>
#include <kcopyd/error_list.h>
#include <linux/loop.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>

#include "../lab/disks.h"
#include "../lab/lab.h"

using namespace test;

namespace {

int open_error(const std::string& path, unsigned flags) {
  block_device* device = nullptr;
  const int err = kcopyd_device_open(path.c_str(), flags, &device);
  if (err) CHECK(device == nullptr);
  kcopyd_device_close(device);
  return err;
}

// read_file asks for the size first, and sysfs says one page.
Bytes read_attribute(const std::string& path) {
  std::ifstream file(path);
  return Bytes(std::istreambuf_iterator<char>(file), {});
}

// Descriptors of `path` as a broker would hand them over. `claim`: open(2)'s flags, -1 for none.
kcopyd_descriptors handed(const std::string& path, int claim, int direct, int buffered) {
  const auto opened = [&](int flags) { return open(path.c_str(), flags | O_CLOEXEC); };
  return {.claim = claim < 0 ? -1 : opened(claim), .direct = opened(direct), .buffered = opened(buffered)};
}

dev_t number_of(const std::string& path) {
  struct stat status {};
  return stat(path.c_str(), &status) == 0 ? status.st_rdev : 0;
}

int adopt_error(const kcopyd_descriptors& descriptors, dev_t number, block_device** device) {
  return kcopyd_device_adopt(&descriptors, major(number), minor(number), device);
}

bool all_closed(const kcopyd_descriptors& descriptors) {
  const auto closed = [](int fd) { return fcntl(fd, F_GETFD) < 0; };
  return closed(descriptors.claim) && closed(descriptors.direct) && closed(descriptors.buffered);
}

bool run(const std::string& command) { return std::system((command + " >/dev/null 2>&1").c_str()) == 0; }

}  // namespace

TEST_CASE("open refuses what is neither block device nor regular file") {
  const Directory directory;
  REQUIRE(mkfifo(directory.path("fifo").c_str(), 0600) == 0);
  CHECK(open_error(directory.path("fifo"), KCOPYD_OPEN_READ) == -ENOTBLK);  // and does not wait for a writer
  CHECK(open_error(directory.path("fifo"), KCOPYD_OPEN_WRITE) == -ENOTBLK);
  CHECK(open_error(directory.path(), KCOPYD_OPEN_READ) == -ENOTBLK);
  CHECK(open_error("/dev/null", KCOPYD_OPEN_WRITE) == -ENOTBLK);
  CHECK(open_error(directory.path("absent"), KCOPYD_OPEN_READ) == -ENOENT);
  CHECK(open_error(directory.path("absent"), KCOPYD_OPEN_WRITE) == -ENOENT);
  CHECK(open_error(directory.path("no/such"), KCOPYD_OPEN_WRITE | KCOPYD_OPEN_CREATE) == -ENOENT);
  CHECK(open_error("", KCOPYD_OPEN_READ) == -ENOENT);
  CHECK(open_error("/dev/null", 1u << 20) == -EINVAL);
  CHECK(open_error(directory.path("new"), KCOPYD_OPEN_CREATE) == -EINVAL);
  CHECK(access(directory.path("new").c_str(), F_OK) != 0);
  block_device* device = nullptr;
  CHECK(kcopyd_device_open(nullptr, KCOPYD_OPEN_READ, &device) == -EINVAL);
  CHECK(kcopyd_device_open("/dev/null", KCOPYD_OPEN_READ, nullptr) == -EINVAL);
}

TEST_CASE("create makes an absent file, empties a present one, and follows a link") {
  const Directory directory;
  const std::string path = directory.path("image");
  constexpr unsigned kNew = KCOPYD_OPEN_WRITE | KCOPYD_OPEN_CREATE | KCOPYD_OPEN_EXCL | KCOPYD_OPEN_GROW;
  { CHECK(Device(path, kNew).info().size == 0); }
  write_file(path, Bytes(5000));
  CHECK(Device(path, KCOPYD_OPEN_WRITE).info().size == 5000);
  { CHECK(Device(path, kNew).info().size == 0); }
  CHECK(read_file(path).empty());
  REQUIRE(symlink(path.c_str(), directory.path("link").c_str()) == 0);
  write_file(path, Bytes(5000));
  { CHECK(Device(directory.path("link"), kNew).info().size == 0); }
  CHECK(read_file(path).empty());
}

TEST_CASE("create through a link to nothing makes the file that the link names, or refuses; it does not hang") {
  const Directory directory;
  REQUIRE(symlink(directory.path("absent").c_str(), directory.path("link").c_str()) == 0);
  // In a process of its own, so that an endless search for the file can be ended.
  const std::string link = directory.path("link");
  const pid_t child = fork();
  if (child == 0) {
    block_device* device = nullptr;
    _exit(kcopyd_device_open(link.c_str(), KCOPYD_OPEN_WRITE | KCOPYD_OPEN_CREATE, &device) == 0 ? 0 : 1);
  }
  int status = 0;
  for (int waited = 0; waitpid(child, &status, WNOHANG) == 0; waited++) {
    if (waited == 30'000) kill(child, SIGKILL);
    usleep(1000);
  }
  REQUIRE(WIFEXITED(status));
  if (WEXITSTATUS(status) == 0) CHECK(access(directory.path("absent").c_str(), F_OK) == 0);
  REQUIRE(symlink("loop", directory.path("loop").c_str()) == 0);
  CHECK(open_error(directory.path("loop"), KCOPYD_OPEN_WRITE | KCOPYD_OPEN_CREATE) == -ELOOP);
}

TEST_CASE("create does not empty a file that is held") {
  const Directory directory;
  const std::string path = directory.path("image");
  write_file(path, Bytes(5000, 7));
  const Device holder(path, KCOPYD_OPEN_WRITE | KCOPYD_OPEN_EXCL);
  CHECK(open_error(path, KCOPYD_OPEN_WRITE | KCOPYD_OPEN_CREATE | KCOPYD_OPEN_EXCL) == -EBUSY);
  CHECK(read_file(path) == Bytes(5000, 7));
}

TEST_CASE("info tells what a device is") {
  if (lab_missing()) return;
  for (const Medium medium : {Medium::loop512, Medium::loop4096}) {
    const Disk disk(medium, 4 * MiB);
    const Device device(disk.path(), KCOPYD_OPEN_READ);
    const auto info = device.info();
    CHECK(info.size == 4 * MiB);
    CHECK(info.logical_block == (medium == Medium::loop512 ? 512 : 4096));
    CHECK(info.physical_block >= info.logical_block);
    CHECK(info.is_block == 1);
    CHECK(info.read_only == 0);
    CHECK(info.direct == 1);
    CHECK(info.major == 7);
    CHECK(info.inode == 0);
  }
  const Directory directory;
  write_file(directory.path("odd"), Bytes(12345));
  const auto info = Device(directory.path("odd"), KCOPYD_OPEN_READ).info();
  struct stat status {};
  REQUIRE(stat(directory.path("odd").c_str(), &status) == 0);
  CHECK(info.size == 12345);
  CHECK(info.is_block == 0);
  CHECK(info.inode == status.st_ino);
  CHECK(makedev(info.major, info.minor) == status.st_dev);
}

TEST_CASE(
    "info tells how a device likes to be used, as sysfs has it; a partition as its disk, a file by where it lies") {
  if (lab_missing()) return;
  const lab::Disk disk({.size = 16 * MiB, .plain = true});
  const std::string queue = "/sys/block/" + disk.device().substr(5) + "/queue/";
  const auto attribute = [&](const char* name) {
    const Bytes text = read_attribute(queue + name);
    return static_cast<uint32_t>(std::stoul(std::string(text.begin(), text.end())));
  };
  const auto put = [&](const char* name, const char* value) { std::ofstream(queue + name) << value; };
  const auto check = [&](const std::string& path) {
    const auto info = Device(path, KCOPYD_OPEN_READ).info();
    CHECK(info.rotational == static_cast<int>(attribute("rotational")));
    CHECK(info.optimal_io == attribute("optimal_io_size"));
    CHECK(info.max_request == attribute("max_sectors_kb") * 1024);
    CHECK(info.zoned == 0);
  };
  check(disk.device());
  const std::string before = std::to_string(attribute("max_sectors_kb"));
  put("rotational", "1");
  put("max_sectors_kb", "256");
  REQUIRE(attribute("rotational") == 1);
  REQUIRE(attribute("max_sectors_kb") == 256);
  check(disk.device());

  // Partitions have no queue of their own in sysfs.
  const int fd = open(disk.device().c_str(), O_RDONLY);
  loop_info64 info{};
  REQUIRE(ioctl(fd, LOOP_GET_STATUS64, &info) == 0);
  info.lo_flags |= LO_FLAGS_PARTSCAN;
  if (ioctl(fd, LOOP_SET_STATUS64, &info) == 0 && run("addpart " + disk.device() + " 1 2048 4096")) {
    check(disk.device() + "p1");
    CHECK(run("delpart " + disk.device() + " 1"));
  } else {
    std::printf("SKIP: info of a partition: no partition on a loop device here\n");
  }
  close(fd);

  const Directory directory;
  if (run("mkfs.ext4 -q -F " + disk.device())) {
    const Mount mounted(disk.device(), directory.path(), "ext4", "");
    REQUIRE(mounted);
    write_file(directory.path("image"), Bytes(4096));
    check(directory.path("image"));
  } else {
    std::printf("SKIP: info of a file on a disk: no mkfs.ext4\n");
  }
  put("rotational", "0");
  put("max_sectors_kb", before.c_str());
  // A file system in memory has no queue.
  const Directory memory;
  write_file(memory.path("image"), Bytes(4096));
  const auto none = Device(memory.path("image"), KCOPYD_OPEN_READ).info();
  CHECK(none.rotational == 0);
  CHECK(none.zoned == 0);
  CHECK(none.optimal_io == 0);
  CHECK(none.max_request == 0);
}

TEST_CASE("a read-only device says so, and writing to it is refused as read-only") {
  if (lab_missing()) return;
  on_each_backend([](kcopyd_backend backend) {
    const lab::Disk disk({.size = 1 * MiB, .read_only = true});
    const Device device(disk.device(), KCOPYD_OPEN_READ);
    CHECK(device.info().read_only == 1);
    // Root may still be able to open it for writing; the kernel then refuses each write.
    if (open_error(disk.device(), KCOPYD_OPEN_WRITE) != 0) return;
    const Device writable(disk.device(), KCOPYD_OPEN_WRITE);
    CHECK(writable.info().read_only == 1);
    Client client(backend);
    const Outcome& out = client.zero({writable.at(0, 8192)}).wait();
    CHECK(out.write_err == 1);
    CHECK(out.list() == Lines{"write 0 EPERM read-only 0+8192"});
  });
}

TEST_CASE("exclusive: a second holder gets EBUSY, a mounted device too, and a reader is let in") {
  if (lab_missing()) return;
  for (const Medium medium : {Medium::file, Medium::loop512}) {
    CAPTURE(name(medium));
    const Disk disk(medium, 1 * MiB);
    Device holder(disk.path(), KCOPYD_OPEN_WRITE | KCOPYD_OPEN_EXCL);
    CHECK(open_error(disk.path(), KCOPYD_OPEN_WRITE | KCOPYD_OPEN_EXCL) == -EBUSY);
    CHECK(open_error(disk.path(), KCOPYD_OPEN_READ) == 0);
    holder.close();
    CHECK(open_error(disk.path(), KCOPYD_OPEN_WRITE | KCOPYD_OPEN_EXCL) == 0);
  }
  const Directory directory;
  const Disk disk(Medium::loop512, 16 * MiB);
  if (!run("mkfs.ext4 -q -F " + disk.path())) {
    std::printf("SKIP: exclusive open of a mounted device: no mkfs.ext4\n");
    return;
  }
  const Mount mounted(disk.path(), directory.path(), "ext4", "");
  REQUIRE(mounted);
  CHECK(open_error(disk.path(), KCOPYD_OPEN_WRITE | KCOPYD_OPEN_EXCL) == -EBUSY);
}

TEST_CASE("unclaim lets others claim a block device that stays open, and a file keeps its lock") {
  if (lab_missing()) return;
  const Disk disk(Medium::loop512, 1 * MiB), file(Medium::file, 1 * MiB);
  const Device opened(disk.path(), KCOPYD_OPEN_WRITE | KCOPYD_OPEN_EXCL);
  const Device held(file.path(), KCOPYD_OPEN_WRITE | KCOPYD_OPEN_EXCL);
  block_device* adopted = nullptr;
  const Disk other(Medium::loop512, 1 * MiB);
  REQUIRE(adopt_error(handed(other.path(), O_RDONLY | O_EXCL, O_RDWR | O_DIRECT, O_RDWR), number_of(other.path()),
                      &adopted) == 0);
  for (block_device* device : {opened.at(0, 512).bdev, adopted, held.at(0, 512).bdev}) {
    kcopyd_device_unclaim(device);
    kcopyd_device_unclaim(device);
  }
  kcopyd_device_unclaim(nullptr);
  CHECK(open_error(disk.path(), KCOPYD_OPEN_WRITE | KCOPYD_OPEN_EXCL) == 0);
  CHECK(open_error(other.path(), KCOPYD_OPEN_WRITE | KCOPYD_OPEN_EXCL) == 0);
  CHECK(open_error(file.path(), KCOPYD_OPEN_WRITE | KCOPYD_OPEN_EXCL) == -EBUSY);
  CHECK(opened.info().size == 1 * MiB);
  kcopyd_device_close(adopted);
}

TEST_CASE("adopt makes a device of descriptors that another process opened, and closes them with it") {
  if (lab_missing()) return;
  on_each_backend([](kcopyd_backend backend) {
    const Disk source(Medium::loop512, 1 * MiB), dest(Medium::loop512, 1 * MiB);
    const kcopyd_descriptors reading = handed(source.path(), -1, O_RDONLY | O_DIRECT, O_RDONLY);
    const kcopyd_descriptors writing = handed(dest.path(), O_RDONLY | O_EXCL, O_RDWR | O_DIRECT, O_RDWR);
    block_device *from = nullptr, *to = nullptr;
    REQUIRE(adopt_error(reading, number_of(source.path()), &from) == 0);
    REQUIRE(adopt_error(writing, number_of(dest.path()), &to) == 0);
    CHECK(open_error(dest.path(), KCOPYD_OPEN_WRITE | KCOPYD_OPEN_EXCL) == -EBUSY);
    {
      Client client(backend);
      const io_region read{.bdev = from, .sector = 0, .count = 1 * MiB / 512};
      const io_region write{.bdev = to, .sector = 0, .count = 1 * MiB / 512};
      CHECK(client.copy(read, {write}, KCOPYD_VERIFY).wait().list() == Lines{});
    }
    CHECK(dest.bytes() == source.bytes());
    kcopyd_device_close(from);
    kcopyd_device_close(to);
    CHECK(all_closed(reading));
    CHECK(all_closed(writing));
  });
}

TEST_CASE("adopt refuses descriptors of another device, of a file or of another mode, and closes them all") {
  if (lab_missing()) return;
  const Disk disk(Medium::loop512, 1 * MiB), other(Medium::loop512, 1 * MiB);
  const Directory directory;
  const std::string file = directory.path("file");
  write_file(file, Bytes(4096));
  const auto refused = [&](const kcopyd_descriptors& descriptors) {
    block_device* device = nullptr;
    const int err = adopt_error(descriptors, number_of(disk.path()), &device);
    CHECK(device == nullptr);
    CHECK(all_closed(descriptors));
    return err;
  };
  const std::string& right = disk.path();
  CHECK(refused(handed(other.path(), O_RDONLY, O_RDWR | O_DIRECT, O_RDWR)) == -ESTALE);
  for (int kcopyd_descriptors::*wrong :
       {&kcopyd_descriptors::claim, &kcopyd_descriptors::direct, &kcopyd_descriptors::buffered}) {
    kcopyd_descriptors mixed = handed(right, O_RDONLY, O_RDWR | O_DIRECT, O_RDWR);
    close(mixed.*wrong);
    mixed.*wrong = open(other.path().c_str(), wrong == &kcopyd_descriptors::direct ? O_RDWR | O_DIRECT : O_RDWR);
    CHECK(refused(mixed) == -ESTALE);
  }
  CHECK(refused(handed(file, O_RDONLY, O_RDWR, O_RDWR)) == -ENOTBLK);
  CHECK(refused(handed("/dev/null", O_RDONLY, O_RDWR, O_RDWR)) == -ENOTBLK);
  CHECK(refused(handed(right, O_RDONLY, O_RDONLY | O_DIRECT, O_RDWR)) == -EINVAL);
  CHECK(refused(handed(right, O_RDONLY, O_RDWR | O_DIRECT, O_RDONLY)) == -EINVAL);
  CHECK(refused(handed(right, O_RDONLY, O_RDWR, O_RDWR)) == -EINVAL);
  CHECK(refused(handed(right, O_RDONLY, O_RDWR | O_DIRECT, O_RDWR | O_DIRECT)) == -EINVAL);
  CHECK(refused(handed(right, -1, O_RDWR | O_DIRECT, O_RDWR)) == -EINVAL);  // for writing, and no claim
  block_device* device = nullptr;
  CHECK(kcopyd_device_adopt(nullptr, 7, 0, &device) == -EINVAL);
}

TEST_CASE("a device is free the moment its client is destroyed and it is closed") {
  on_each({Medium::file, Medium::loop512, Medium::loop4096}, [](const Combo& combo) {
    const Disk source(combo.medium, 1 * MiB), dest(combo.medium, 1 * MiB);
    for (int round = 0; round < 25; round++) {
      CAPTURE(round);
      Device from(source.path(), KCOPYD_OPEN_READ);
      block_device* raw = nullptr;
      REQUIRE(kcopyd_device_open(dest.path().c_str(), KCOPYD_OPEN_WRITE | KCOPYD_OPEN_EXCL, &raw) == 0);
      {
        Client client(combo.backend);
        const io_region to{.bdev = raw, .sector = 0, .count = 1 * MiB / 512};
        CHECK(client.copy(from.at(0, 1 * MiB), {to}, round % 2 ? KCOPYD_VERIFY : 0).wait().list() == Lines{});
      }
      kcopyd_device_close(raw);
    }
  });
}

TEST_CASE(
    "a device may be closed and opened exclusively as soon as its job's callback has run, while the client lives on") {
  on_each({Medium::file, Medium::loop512}, [](const Combo& combo) {
    const Disk source(combo.medium, 1 * MiB), dest(combo.medium, 1 * MiB);
    Client client(combo.backend);
    for (int round = 0; round < 400 / kSlow; round++) {
      CAPTURE(round);
      const Device from(source.path(), KCOPYD_OPEN_READ);
      const Device to(dest.path(), KCOPYD_OPEN_WRITE | KCOPYD_OPEN_EXCL);
      CHECK(client.copy(from.at(0, 64 * KiB), {to.at(0, 64 * KiB)}).wait().list() == Lines{});
    }
  });
}

TEST_CASE("what an errno means depends on the side and the device") {
  if (lab_missing()) return;
  const auto cause = [](kcopyd_side side, int err, const block_device& device) {
    return kcopyd::classify(side, err, device);
  };
  block_device file;
  const Disk disk(Medium::loop512, 1 * MiB);
  block_device* loop = nullptr;
  REQUIRE(kcopyd_device_open(disk.path().c_str(), KCOPYD_OPEN_WRITE, &loop) == 0);
  for (const kcopyd_side side : {KCOPYD_SIDE_READ, KCOPYD_SIDE_WRITE, KCOPYD_SIDE_VERIFY}) {
    for (const block_device* device :
         {static_cast<const block_device*>(&file), static_cast<const block_device*>(loop)}) {
      for (const int err : {EIO, ENODATA, EILSEQ}) CHECK(cause(side, err, *device) == KCOPYD_CAUSE_MEDIUM);
      // A device that refused a command says nothing about its medium.
      for (const int err : {EREMOTEIO, EOPNOTSUPP}) CHECK(cause(side, err, *device) == KCOPYD_CAUSE_IO);
      for (const int err : {ENODEV, ENXIO, ENOMEDIUM}) CHECK(cause(side, err, *device) == KCOPYD_CAUSE_GONE);
      CHECK(cause(side, ETIMEDOUT, *device) == KCOPYD_CAUSE_TIMED_OUT);
      CHECK(cause(side, EINVAL, *device) == KCOPYD_CAUSE_IO);
      CHECK(cause(side, ECANCELED, *device) == KCOPYD_CAUSE_CANCELLED);
    }
    CHECK(cause(side, 0, *loop) == KCOPYD_CAUSE_IO);
    CHECK(cause(side, 0, file) == KCOPYD_CAUSE_GONE);
  }
  CHECK(cause(KCOPYD_SIDE_WRITE, ENOSPC, *loop) == KCOPYD_CAUSE_NO_SPACE);
  CHECK(cause(KCOPYD_SIDE_WRITE, ENOSPC, file) == KCOPYD_CAUSE_NO_SPACE);
  CHECK(cause(KCOPYD_SIDE_WRITE, EDQUOT, file) == KCOPYD_CAUSE_NO_SPACE);
  CHECK(cause(KCOPYD_SIDE_WRITE, EFBIG, file) == KCOPYD_CAUSE_NO_SPACE);
  for (const int err : {EROFS, EPERM, EBADF}) CHECK(cause(KCOPYD_SIDE_WRITE, err, *loop) == KCOPYD_CAUSE_READ_ONLY);
  kcopyd_device_close(loop);
}

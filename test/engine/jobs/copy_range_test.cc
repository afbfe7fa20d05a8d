// KCOPYD_COPY_RANGE: the file system copies what was read where it can. On a script, and on real file systems.
#include <fcntl.h>
#include <kcopyd/control/faster_way.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>

#include "../lab/disks.h"
#include "../lab/lab.h"
#include "../lab/scripted_io.h"

using kcopyd::IoOp;
using kcopyd::IoRequest;
using kcopyd::OnError;
using kcopyd::Transfer;
using namespace test;

namespace {

// "copy 4096+1048576 from 8192"
Lines requests(const ScriptedIo& io) {
  Lines lines;
  for (const auto& r : io.log) {
    const std::string range = std::to_string(r.offset) + "+" + std::to_string(r.length);
    CHECK((r.op == IoOp::copy || r.op == IoOp::write));
    if (r.op == IoOp::copy) CHECK(r.from == kFrom);
    lines.push_back(r.op == IoOp::copy ? "copy " + range + " from " + std::to_string(r.from_offset) : "write " + range);
  }
  return lines;
}

// Copies a bit more than 64 KiB to 4096, from 8192 of a source whose bytes the script has too.
struct ScriptedCopy {
  static constexpr uint64_t kLength = 64 * KiB + 100;

  ScriptedCopy() {
    io.source.resize(8192);
    io.source.insert(io.source.end(), buffer.begin(), buffer.end());
  }
  void run(OnError on_error = OnError::stop) {
    transfer.copy(io, to.device, from.device, 8192, reinterpret_cast<std::byte*>(buffer.data()), 4096, kLength,
                  on_error);
    finish(io);
  }
  // The disk holds its old content, and the copy from 4096 on.
  void check_content() const {
    Bytes want(4096);
    want.insert(want.end(), buffer.begin(), buffer.end());
    CHECK(difference(io.disk, want) == "");
  }

  Bytes buffer = pattern(kLength, 7);
  ScriptedIo io{Bytes(4096)};
  ScriptedDevice from{4096, true, kFrom}, to{4096};
  Transfer transfer;
};

// The test's own file systems, on a lab disk without faults.
bool make(const std::string& type, const lab::Disk& disk) {
  const std::string force = type == "ext4" ? " -q -F " : " -q -f ";
  return std::system(("mkfs." + type + force + disk.device() + " >/dev/null 2>&1").c_str()) == 0;
}

// True when all data of the file lies where another file's data lies (FIEMAP_EXTENT_SHARED).
bool shares_blocks(const std::string& path) {
  constexpr unsigned kExtents = 64;
  alignas(fiemap) std::array<unsigned char, sizeof(fiemap) + kExtents * sizeof(fiemap_extent)> space{};
  auto* const map = reinterpret_cast<fiemap*>(space.data());
  map->fm_length = FIEMAP_MAX_OFFSET;
  map->fm_flags = FIEMAP_FLAG_SYNC;
  map->fm_extent_count = kExtents;
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  REQUIRE(fd >= 0);
  const int result = ioctl(fd, FS_IOC_FIEMAP, map);
  close(fd);
  REQUIRE(result == 0);
  REQUIRE(map->fm_mapped_extents > 0);
  for (unsigned i = 0; i < map->fm_mapped_extents; ++i) {
    if (!(map->fm_extents[i].fe_flags & FIEMAP_EXTENT_SHARED)) return false;
  }
  return true;
}

constexpr unsigned kNew = KCOPYD_OPEN_WRITE | KCOPYD_OPEN_EXCL | KCOPYD_OPEN_CREATE | KCOPYD_OPEN_GROW;
constexpr uint64_t kBytes = 5 * MiB + 8 * KiB;

}  // namespace

TEST_CASE("copy range: whole blocks are copied, the rest of the last one is written") {
  ScriptedCopy copy;
  copy.run();
  CHECK(requests(copy.io) == Lines{"copy 4096+65536 from 8192", "write 69632+100"});
  CHECK(copy.transfer.good_bytes() == ScriptedCopy::kLength);
  CHECK(copy.transfer.zeroed_bytes() == 0);
  copy.check_content();
}

TEST_CASE("copy range: a short copy continues where it ended, also within a block") {
  ScriptedCopy copy;
  copy.io.script = [&](const IoRequest& r) {
    return r.op != IoOp::copy ? ScriptedIo::kAll : r.offset == 4096 ? 10000 : 40960;
  };
  copy.run();
  CHECK(requests(copy.io) == Lines{"copy 4096+65536 from 8192", "write 14096+2288", "copy 16384+53248 from 20480",
                                   "copy 57344+12288 from 61440", "write 69632+100"});
  copy.check_content();
}

TEST_CASE("copy range: a range that the file system refuses is written, and it is not asked again") {
  for (const int err : {EXDEV, EOPNOTSUPP, EINVAL, ENOSYS, EPERM, ETXTBSY}) {
    CAPTURE(err);
    ScriptedCopy copy;
    copy.io.script = [&](const IoRequest& r) { return r.op == IoOp::copy ? -err : ScriptedIo::kAll; };
    copy.run();
    CHECK(requests(copy.io) == Lines{"copy 4096+65536 from 8192", "write 4096+65536", "write 69632+100"});
    CHECK(bad(copy.transfer) == Lines{});
    copy.check_content();
    copy.io.log.clear();
    copy.run();
    CHECK(requests(copy.io) == Lines{"write 4096+65536", "write 69632+100"});
  }
}

TEST_CASE("copy range: a copy that fails, or finds the source shorter, is written; the next one is asked for again") {
  for (const int64_t answer : {int64_t{-EIO}, int64_t{-ENOSPC}, int64_t{0}}) {
    CAPTURE(answer);
    ScriptedCopy copy;
    copy.io.script = [&](const IoRequest& r) { return r.op == IoOp::copy ? answer : ScriptedIo::kAll; };
    copy.run();
    CHECK(bad(copy.transfer) == Lines{});
    copy.check_content();
    copy.io.log.clear();
    copy.run();
    CHECK(requests(copy.io).front() == "copy 4096+65536 from 8192");
  }
}

TEST_CASE("copy range: a permanent error is named as a write names it") {
  ScriptedCopy full;
  full.io.script = [](const IoRequest&) { return -ENOSPC; };
  full.run();
  CHECK(bad(full.transfer) == Lines{"4096+65636 errno 28"});
  ScriptedCopy hurt;
  hurt.io.script = [](const IoRequest& r) {
    return r.offset <= 20480 && r.offset + r.length > 20480 ? int64_t{-EIO} : ScriptedIo::kAll;
  };
  hurt.run(OnError::go_on);
  CHECK(bad(hurt.transfer) == Lines{"20480+4096 errno 5"});
}

TEST_CASE("copy range: one way is tried, then the other, then the faster one is taken") {
  using std::chrono::milliseconds;
  for (const bool copying_wins : {true, false}) {
    kcopyd::FasterWay way;
    for (unsigned i = 0; i < 2 * kcopyd::FasterWay::kTrials; ++i) {
      const bool copied = way.next_is_copied();
      CHECK(copied == (i < kcopyd::FasterWay::kTrials));
      way.took(copied, MiB, milliseconds(copied == copying_wins ? 10 : 15));
    }
    for (int i = 0; i < 3; ++i) CHECK(way.next_is_copied() == copying_wins);
    // The faster way is the one with less time for each byte, and it can change.
    for (int i = 0; i < 100; ++i) way.took(copying_wins, MiB, milliseconds(40));
    CHECK(way.next_is_copied() == !copying_wins);
  }
}

TEST_CASE(
    "copy range: new files on the source's file system are verified copies, with its holes; xfs and btrfs share "
    "blocks") {
  if (lab_missing()) return;
  for (const std::string type : {"ext4", "xfs", "btrfs"}) {
    CAPTURE(type);
    const lab::Disk disk({.size = 320 * MiB, .plain = true});
    const Directory directory;
    if (!make(type, disk)) {
      std::printf("SKIP: copy range on %s: no mkfs.%s\n", type.c_str(), type.c_str());
      continue;
    }
    const Mount mounted(disk.device(), directory.path(), type.c_str());
    REQUIRE(static_cast<bool>(mounted));
    Bytes content = pattern(kBytes, 3);
    std::fill_n(content.begin() + 2 * MiB, MiB, static_cast<unsigned char>(0));
    write_file(directory.path("from"), content);
    const Directory memory;
    on_each_backend([&](kcopyd_backend backend) {
      const Device from(directory.path("from"), KCOPYD_OPEN_READ);
      const Device beside(directory.path("beside"), kNew), elsewhere(memory.path("elsewhere"), kNew);
      Client client(backend);
      Job& job = client.copy(from.at(0, kBytes), {beside.at(0, kBytes), elsewhere.at(0, kBytes)},
                             KCOPYD_COPY_RANGE | KCOPYD_SPARSE | KCOPYD_VERIFY);
      const Outcome& out = job.wait();
      CHECK(out.list() == Lines{});
      for (unsigned i = 0; i < 2; ++i) {
        CHECK(out.progress.dests[i].written == kBytes);
        CHECK(out.progress.dests[i].verified == kBytes);
        CHECK(out.progress.dests[i].zeroed == MiB);
      }
      CHECK(difference(read_file(directory.path("beside")), content) == "");
      CHECK(difference(read_file(memory.path("elsewhere")), content) == "");
      CHECK(difference(read_file(directory.path("from")), content) == "");
      // This proves that the file system copied.
      if (type != "ext4") CHECK(shares_blocks(directory.path("beside")));
      REQUIRE(unlink(directory.path("beside").c_str()) == 0);
    });
  }
}

TEST_CASE("copy range: no space, and a medium that fails, are errors of the destination") {
  if (lab_missing()) return;
  on_each_backend([](kcopyd_backend backend) {
    lab::Disk disk({.size = 48 * MiB});
    const Directory directory;
    if (!make("ext4", disk)) {
      std::printf("SKIP: errors of copy range: no mkfs.ext4\n");
      return;
    }
    const Mount mounted(disk.device(), directory.path(), "ext4", "errors=continue");
    REQUIRE(static_cast<bool>(mounted));
    write_file(directory.path("from"), pattern(30 * MiB, 5));
    const Device from(directory.path("from"), KCOPYD_OPEN_READ);
    Client client(backend);
    {
      const Device to(directory.path("to"), kNew);
      const Outcome& out =
          client.copy(from.at(0, 30 * MiB), {to.at(0, 30 * MiB)}, KCOPYD_COPY_RANGE | KCOPYD_VERIFY).wait();
      CHECK(out.read_err == 0);
      CHECK(out.write_err == 1);
      REQUIRE(!out.errors.empty());
      CHECK(out.errors.front().err == ENOSPC);
      CHECK(out.errors.front().cause == KCOPYD_CAUSE_NO_SPACE);
      CHECK(out.errors.front().length > 0);
      CHECK(out.errors.front().offset + out.errors.front().length <= 30 * MiB);
    }
    {
      const Device to(directory.path("to"), kNew);
      disk.rule("eio w 0 48M");
      const Outcome& out =
          client.copy(from.at(0, 4 * MiB), {to.at(0, 4 * MiB)}, KCOPYD_COPY_RANGE | KCOPYD_VERIFY).wait();
      disk.rule("clear");
      CHECK(out.read_err == 0);
      CHECK(out.write_err == 1);
      CHECK(out.progress.dests[0].state == KCOPYD_FAILED);
      CHECK(!out.list(0).empty());
    }
    CHECK(difference(read_file(directory.path("from")), pattern(30 * MiB, 5)) == "");
  });
}

TEST_CASE("copy range: a cancelled job stops copying") {
  on_each_backend([](kcopyd_backend backend) {
    const Directory directory;
    write_file(directory.path("from"), pattern(64 * MiB, 9));
    const Device from(directory.path("from"), KCOPYD_OPEN_READ);
    const Device to(directory.path("to"), kNew);
    Client client({.backend = backend, .bytes_per_second = 4 * MiB});
    Job& job = client.copy(from.at(0, 64 * MiB), {to.at(0, 64 * MiB)}, KCOPYD_COPY_RANGE);
    while (job.progress().dests[0].written == 0) std::this_thread::yield();
    job.cancel();
    const Outcome& out = job.wait();
    CHECK(out.progress.dests[0].state == KCOPYD_CANCELLED);
    CHECK(out.progress.dests[0].written < 64 * MiB);
  });
}

TEST_CASE("copy range: the flag is refused for anything but copies") {
  const Directory directory;
  write_file(directory.path("a"), pattern(MiB, 1));
  write_file(directory.path("b"), pattern(MiB, 2));
  const Device a(directory.path("a"), KCOPYD_OPEN_READ), b(directory.path("b"), KCOPYD_OPEN_WRITE);
  Client client(KCOPYD_IO_AUTO);
  const io_region from = a.at(0, MiB);
  CHECK(client.refuse(KCOPYD_COMPARE, &from, {b.at(0, MiB)}, KCOPYD_COPY_RANGE) == -EINVAL);
  CHECK(client.refuse(KCOPYD_ZERO, nullptr, {b.at(0, MiB)}, KCOPYD_COPY_RANGE) == -EINVAL);
}

// Zeroing without writing: what the device is asked, and what is written where it refuses or fails. On a script, and on
// real devices through both backends.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>

#include "../lab/disks.h"
#include "../lab/lab.h"
#include "../lab/scripted_io.h"

using kcopyd::IoOp;
using kcopyd::IoRequest;
using kcopyd::OnError;
using kcopyd::Transfer;
using namespace test;

namespace {

// A buffer that does not hold zeros, like a slot that was used before.
struct Stale {
  explicit Stale(size_t size)
      : size(size), bytes(static_cast<std::byte*>(std::aligned_alloc(4096, (size + 4095) / 4096 * 4096))) {
    std::memset(bytes, 0xEE, size);
  }
  ~Stale() { std::free(bytes); }
  Stale(const Stale&) = delete;
  Stale& operator=(const Stale&) = delete;
  std::span<std::byte> span() const { return {bytes, size}; }
  size_t size;
  std::byte* bytes;
};

// "zero 4096+1048576"; the descriptor is named where it is the direct one.
Lines requests(const ScriptedIo& io) {
  Lines lines;
  for (const auto& r : io.log) {
    const std::string op = r.op == IoOp::zero ? "zero" : r.op == IoOp::write ? "write" : "other";
    lines.push_back(op + (r.fd == kDirect ? " direct " : " ") + std::to_string(r.offset) + "+" +
                    std::to_string(r.length));
  }
  return lines;
}

void zero(ScriptedIo& io, ScriptedDevice& disk, Transfer& transfer, uint64_t offset, uint64_t length,
          OnError on_error = OnError::stop) {
  const Stale buffer(length);
  transfer.zero(io, disk.device, buffer.bytes, buffer.size, offset, length, on_error);
  finish(io);
}

Bytes with_zeros(Bytes bytes, uint64_t offset, uint64_t length) {
  const auto at = bytes.begin() + static_cast<ptrdiff_t>(offset);
  std::fill(at, at + static_cast<ptrdiff_t>(length), static_cast<unsigned char>(0));
  return bytes;
}

// The engine's own device, and transfers on it through a real backend, on this thread.
struct Opened {
  explicit Opened(const std::string& path) {
    REQUIRE(kcopyd_device_open(path.c_str(), KCOPYD_OPEN_WRITE, &device) == 0);
  }
  ~Opened() { kcopyd_device_close(device); }
  Opened(const Opened&) = delete;
  Opened& operator=(const Opened&) = delete;
  block_device* device = nullptr;
};

void run(kcopyd::BlockIo& io) {
  std::vector<kcopyd::IoRequest*> done;
  for (;;) {
    io.kick();
    io.wait(done, std::nullopt);
    for (auto* request : done) {
      Transfer& transfer = Transfer::of(*request);
      if (transfer.advance()) return;
      transfer.go_on(io);
    }
    done.clear();
  }
}

// Zeroes a range of a real device through a backend, and flushes.
void zero(kcopyd_backend backend, const Opened& opened, Transfer& transfer, uint64_t offset, uint64_t length,
          OnError on_error = OnError::stop) {
  const Stale pool(length);
  const auto io = kcopyd::open_backend(backend, pool.span());
  transfer.zero(*io, *opened.device, pool.bytes, pool.size, offset, length, on_error);
  run(*io);
  Transfer flush;
  flush.flush(*io, *opened.device, offset, length);
  run(*io);
  CHECK(bad(flush) == Lines{});
}

uint64_t blocks_of(const std::string& path) {
  struct stat status {};
  REQUIRE(stat(path.c_str(), &status) == 0);
  return static_cast<uint64_t>(status.st_blocks);
}

}  // namespace

// ---- What is asked, on a script

TEST_CASE("zero io: the device is asked once for the whole range, and the buffer is left alone") {
  for (const bool direct : {true, false}) {
    ScriptedDevice disk(512, direct);
    ScriptedIo io(pattern(4 * MiB, 1));
    Transfer transfer;
    const Stale buffer(1 * MiB);
    transfer.zero(io, disk.device, buffer.bytes, buffer.size, 1 * MiB, 1 * MiB, OnError::stop);
    finish(io);
    CHECK(requests(io) == Lines{"zero 1048576+1048576"});
    CHECK(transfer.op() == IoOp::zero);
    CHECK(transfer.good_bytes() == 1 * MiB);
    CHECK(transfer.zeroed_bytes() == 1 * MiB);
    CHECK(bad(transfer) == Lines{});
    CHECK(buffer.bytes[0] == std::byte{0xEE});
    CHECK(difference(io.disk, with_zeros(pattern(4 * MiB, 1), 1 * MiB, 1 * MiB)) == "");
  }
}

TEST_CASE("zero io: a device that refuses gets zeros written, and is not asked again") {
  for (const int err : {EOPNOTSUPP, ENOSYS, EINVAL, EPERM}) {
    CAPTURE(err);
    ScriptedDevice disk(512), other(512);
    ScriptedIo io(pattern(4 * MiB, 1));
    io.script = [&](const IoRequest& r) -> int64_t { return r.op == IoOp::zero ? -err : ScriptedIo::kAll; };
    Transfer transfer;
    zero(io, disk, transfer, 0, 1 * MiB);
    zero(io, disk, transfer, 1 * MiB, 1 * MiB);
    CHECK(requests(io) == Lines{"zero 0+1048576", "write direct 0+1048576", "write direct 1048576+1048576"});
    CHECK(transfer.good_bytes() == 1 * MiB);
    CHECK(transfer.zeroed_bytes() == 0);
    CHECK(difference(io.disk, with_zeros(pattern(4 * MiB, 1), 0, 2 * MiB)) == "");
    io.log.clear();
    zero(io, other, transfer, 2 * MiB, 4096);
    CHECK(requests(io).front() == "zero 2097152+4096");
  }
}

TEST_CASE("zero io: after an error the range is written, and the device is asked again for the next range") {
  for (const int err : {EIO, EBUSY, ENOSPC, ENOMEM}) {
    CAPTURE(err);
    ScriptedDevice disk(4096);
    ScriptedIo io(pattern(4 * MiB, 1));
    const auto hit = [](const IoRequest& r) { return r.offset <= 512 * KiB && 512 * KiB < r.offset + r.length; };
    io.script = [&](const IoRequest& r) -> int64_t {
      return !hit(r) ? ScriptedIo::kAll : r.op == IoOp::zero ? -err : -EIO;
    };
    Transfer transfer;
    zero(io, disk, transfer, 0, 1 * MiB, OnError::go_on);
    CHECK(bad(transfer) == Lines{"524288+4096 errno 5"});
    CHECK(transfer.good_bytes() == 1 * MiB - 4096);
    Bytes want = with_zeros(pattern(4 * MiB, 1), 0, 512 * KiB);
    want = with_zeros(want, 512 * KiB + 4096, 512 * KiB - 4096);
    CHECK(difference(io.disk, want) == "");
    io.log.clear();
    zero(io, disk, transfer, 2 * MiB, 1 * MiB);
    CHECK(requests(io) == Lines{"zero 2097152+1048576"});
  }
}

TEST_CASE("zero io: parts of a block are written, whole blocks between them are zeroed") {
  for (const bool direct : {true, false}) {
    ScriptedDevice disk(4096, direct);
    ScriptedIo io(pattern(64 * KiB, 1));
    Transfer transfer;
    zero(io, disk, transfer, 1536, 16 * KiB);  // to 17920 = 4 * 4096 + 1536
    CHECK(requests(io) == Lines{"write 1536+2560", "zero 4096+12288", "write 16384+1536"});
    CHECK(transfer.good_bytes() == 16 * KiB);
    CHECK(transfer.zeroed_bytes() == 12 * KiB);
    CHECK(difference(io.disk, with_zeros(pattern(64 * KiB, 1), 1536, 16 * KiB)) == "");
    io.log.clear();
    zero(io, disk, transfer, 30000, 100);
    CHECK(requests(io) == Lines{"write 30000+100"});
    CHECK(transfer.zeroed_bytes() == 0);
  }
}

TEST_CASE("zero io: an interrupted call is repeated") {
  for (const int err : {EINTR, EAGAIN}) {
    CAPTURE(err);
    ScriptedDevice disk(512);
    ScriptedIo io(pattern(1 * MiB, 1));
    int asked = 0;
    io.script = [&](const IoRequest&) -> int64_t { return ++asked < 5 ? -err : ScriptedIo::kAll; };
    Transfer transfer;
    zero(io, disk, transfer, 0, 64 * KiB);
    CHECK(requests(io) == Lines(5, "zero 0+65536"));
    CHECK(transfer.zeroed_bytes() == 64 * KiB);
  }
}

TEST_CASE("zero io: zeros in the buffer are not touched, for other destinations may be writing them") {
  ScriptedDevice disk(512);
  ScriptedIo io(pattern(1 * MiB, 1));
  disk.device.can_zero = false;
  for (const size_t zeros : {size_t{0}, size_t{1}, size_t{4095}, size_t{4096}, size_t{5000}, size_t{64 * KiB}}) {
    CAPTURE(zeros);
    const Stale buffer(64 * KiB);
    std::memset(buffer.bytes, 0, zeros);
    const size_t pages = zeros / 4096 * 4096;
    REQUIRE(mprotect(buffer.bytes, pages, PROT_READ) == 0);  // writing there would end this program
    Transfer transfer;
    transfer.zero(io, disk.device, buffer.bytes, buffer.size, 0, 64 * KiB, OnError::stop);
    finish(io);
    REQUIRE(mprotect(buffer.bytes, pages, PROT_READ | PROT_WRITE) == 0);
    CHECK(std::ranges::all_of(buffer.span(), [](std::byte b) { return b == std::byte{0}; }));
  }
}

// ---- What comes of it, on real devices

TEST_CASE("zero io: on devices and files the range is zeros, all around it is unchanged, and nothing is written") {
  if (lab_missing()) return;
  on_each({Medium::file, Medium::lab_file, Medium::loop512, Medium::loop4096}, [](const Combo& combo) {
    Disk disk(combo.medium, 8 * MiB);
    disk.fill(pattern(8 * MiB, 1));
    const Opened opened(disk.path());
    Transfer transfer;
    if (combo.medium != Medium::file) disk.rule("log on");
    zero(combo.backend, opened, transfer, 1 * MiB, 2 * MiB);
    CHECK(bad(transfer) == Lines{});
    CHECK(transfer.zeroed_bytes() == 2 * MiB);
    CHECK(opened.device->can_zero);
    CHECK(difference(disk.bytes(), with_zeros(pattern(8 * MiB, 1), 1 * MiB, 2 * MiB)) == "");
    if (combo.medium == Medium::file) return;
    CHECK(disk.writes() == 0);
    uint64_t zeroed = 0;
    for (const Event& event : disk.log()) zeroed += event.op == "zero" ? event.length : 0;
    CHECK(zeroed == 2 * MiB);
  });
}

TEST_CASE("zero io: ranges that start and end anywhere") {
  if (lab_missing()) return;
  on_each({Medium::file, Medium::lab_file, Medium::loop512, Medium::loop4096}, [](const Combo& combo) {
    Disk disk(combo.medium, 1 * MiB);
    const Opened opened(disk.path());
    for (const auto& [offset, length] :
         {std::pair{512ull, 512ull}, {512ull, 65536ull}, {4096ull, 100ull}, {1000ull, 70000ull}}) {
      CAPTURE(offset);
      CAPTURE(length);
      disk.fill(pattern(1 * MiB, 2));
      Transfer transfer;
      zero(combo.backend, opened, transfer, offset, length);
      CHECK(bad(transfer) == Lines{});
      CHECK(transfer.good_bytes() == length);
      CHECK(difference(disk.bytes(), with_zeros(pattern(1 * MiB, 2), offset, length)) == "");
    }
  });
}

TEST_CASE("zero io: a file gets a hole, and its size stays") {
  on_each_backend([](kcopyd_backend backend) {
    for (const std::string parent : {"/dev/shm", "/var/tmp"}) {
      if (access(parent.c_str(), W_OK) != 0) continue;
      CAPTURE(parent);
      const Directory directory(parent);
      const std::string path = directory.path("image");
      write_file(path, pattern(4 * MiB, 1));
      const Opened opened(path);
      const uint64_t before = blocks_of(path);
      Transfer transfer;
      zero(backend, opened, transfer, 1 * MiB, 2 * MiB);
      CHECK(transfer.zeroed_bytes() == 2 * MiB);
      CHECK(blocks_of(path) + 2 * MiB / 512 == before);
      zero(backend, opened, transfer, 3 * MiB, 8 * MiB);  // on beyond the end
      CHECK(bad(transfer) == Lines{});
      CHECK(difference(read_file(path), with_zeros(pattern(4 * MiB, 1), 1 * MiB, 3 * MiB)) == "");
    }
  });
}

TEST_CASE("zero io: a device that refuses is asked once, and gets zeros written") {
  if (lab_missing()) return;
  on_each_backend([](kcopyd_backend backend) {
    // Its own disk, because the kernel remembers that a loop device refused.
    lab::Disk disk({.size = 8 * MiB});
    disk.fill(1);
    disk.rule("eio z 0 end EOPNOTSUPP\nlog on");
    const Opened opened(disk.device());
    Transfer transfer;
    for (const uint64_t at : {1 * MiB, 2 * MiB, 3 * MiB}) {
      zero(backend, opened, transfer, at, 1 * MiB);
      CHECK(bad(transfer) == Lines{});
      CHECK(transfer.good_bytes() == 1 * MiB);
      CHECK(transfer.zeroed_bytes() == 0);
    }
    CHECK(!opened.device->can_zero);
    CHECK(disk.log("zero").size() == 1);
    CHECK(disk.counters().bytes_written == 3 * MiB);
    const auto there = disk.read(1 * MiB, 3 * MiB);
    CHECK(std::ranges::all_of(there, [](std::byte b) { return b == std::byte{0}; }));
    CHECK(disk.read(0, 1 * MiB) == lab::seeded(1, 0, 1 * MiB));
    CHECK(disk.read(4 * MiB, 4 * MiB) == lab::seeded(1, 4 * MiB, 4 * MiB));
  });
}

TEST_CASE("zero io: a device that never could zero gets zeros written") {
  if (lab_missing()) return;
  on_each_backend([](kcopyd_backend backend) {
    // ramfs makes no holes, so a loop device on it offers no zeroing (queue/write_zeroes_max_bytes is 0).
    const Directory directory;
    const Mount ram("ramfs", directory.path(), "ramfs");
    REQUIRE(ram);
    const lab::Disk disk({.size = 4 * MiB, .plain = true, .buffered = true, .dir = directory.path()});
    const Opened opened(disk.device());
    Transfer transfer;
    zero(backend, opened, transfer, 1 * MiB, 1 * MiB);
    CHECK(bad(transfer) == Lines{});
    CHECK(transfer.zeroed_bytes() == 0);
    CHECK(!opened.device->can_zero);
  });
}

TEST_CASE("zero io: a bad block inside the range is named, and all around it is zeroed") {
  if (lab_missing()) return;
  on_each({Medium::lab_file, Medium::loop512, Medium::loop4096}, [](const Combo& combo) {
    for (const OnError on_error : {OnError::stop, OnError::go_on}) {
      CAPTURE(static_cast<int>(on_error));
      Disk disk(combo.medium, 4 * MiB);
      disk.fill(pattern(4 * MiB, 1));
      const Opened opened(disk.path());
      const uint64_t block = opened.device->logical_block;
      disk.rule("eio w 1310720 512");  // zeroing too
      Transfer transfer;
      zero(combo.backend, opened, transfer, 1 * MiB, 1 * MiB, on_error);
      CHECK(bad(transfer) == Lines{"1310720+" + std::to_string(block) + " errno 5"});
      CHECK(opened.device->can_zero);
      Bytes want = with_zeros(pattern(4 * MiB, 1), 1 * MiB, 256 * KiB);
      want = with_zeros(want, 1310720 + block, 768 * KiB - block);
      Bytes got = disk.bytes();
      // With `stop` there may be more written behind it: the kernel cuts a request into pieces that are under way at
      // once.
      if (on_error == OnError::stop) got = with_zeros(got, 1310720 + block, 768 * KiB - block);
      CHECK(difference(got, want) == "");
    }
  });
}

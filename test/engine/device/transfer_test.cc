// One transfer against a scripted BlockIo: short results, interrupted calls, 0 bytes, bad blocks, and the parts that
// direct I/O cannot address. No device can be made to do these on request.
#include <doctest/doctest.h>

#include <random>

#include "../lab/scripted_io.h"

using kcopyd::IoOp;
using kcopyd::IoRequest;
using kcopyd::OnError;
using kcopyd::Transfer;
using test::bad;
using test::Bytes;
using test::difference;
using test::kDirect;
using test::KiB;
using test::Lines;
using test::pattern;
using test::range;
using test::ScriptedDevice;
using test::ScriptedIo;

namespace {

// Reads [offset, offset + length) into a page-aligned buffer.
Bytes read(ScriptedIo& io, ScriptedDevice& file, Transfer& transfer, uint64_t offset, uint64_t length,
           OnError on_error) {
  const uint64_t capacity = (length + 4096 + 4095) / 4096 * 4096;
  auto* buffer = static_cast<std::byte*>(std::aligned_alloc(4096, capacity));
  std::memset(buffer, 0xEE, capacity);
  transfer.read(io, file.device, buffer, capacity, offset, length, on_error);
  finish(io);
  Bytes got(reinterpret_cast<unsigned char*>(buffer), reinterpret_cast<unsigned char*>(buffer) + length);
  std::free(buffer);
  return got;
}

void write(ScriptedIo& io, ScriptedDevice& file, Transfer& transfer, uint64_t offset, const Bytes& data,
           OnError on_error) {
  const uint64_t capacity = (data.size() + 4095) / 4096 * 4096;
  auto* buffer = static_cast<std::byte*>(std::aligned_alloc(4096, capacity));
  std::memset(buffer, 0xEE, capacity);
  std::memcpy(buffer, data.data(), data.size());
  transfer.write(io, file.device, buffer, capacity, offset, data.size(), on_error);
  finish(io);
  std::free(buffer);
}

bool touches(const IoRequest& request, uint64_t offset, uint64_t length) {
  return request.offset < offset + length && offset < request.offset + request.length;
}

Bytes part(const Bytes& bytes, uint64_t offset, uint64_t length) {
  const auto at = bytes.begin() + static_cast<ptrdiff_t>(offset);
  return Bytes(at, at + static_cast<ptrdiff_t>(length));
}

// Direct requests are whole blocks, as a device demands.
void check_alignment(const ScriptedIo& io, uint32_t block) {
  for (const auto& request : io.log) {
    if (request.fd != kDirect) continue;
    CHECK(request.offset % block == 0);
    CHECK(request.length % block == 0);
  }
}

}  // namespace

TEST_CASE("transfer: short reads and writes are continued") {
  for (const uint32_t block : {512u, 4096u}) {
    for (const int64_t most : {int64_t{1}, int64_t{511}, int64_t{512}, int64_t{5000}, int64_t{65536}}) {
      CAPTURE(block);
      CAPTURE(most);
      ScriptedDevice file(block);
      Transfer transfer;
      ScriptedIo io(pattern(256 * KiB, 1));
      // A device answers in whole blocks; the page cache in bytes.
      io.script = [&](const IoRequest& r) { return r.fd == kDirect && most > block ? most / block * block : most; };
      if (most == 1) io.disk.resize(8 * KiB);
      const uint64_t length = io.disk.size() - 4096;
      CHECK(difference(read(io, file, transfer, 4096, length, OnError::stop), part(io.disk, 4096, length)) == "");
      CHECK(bad(transfer).empty());
      CHECK(transfer.good_bytes() == length);
      const Bytes data = pattern(length, 2);
      write(io, file, transfer, 4096, data, OnError::stop);
      CHECK(difference(part(io.disk, 4096, length), data) == "");
      CHECK(bad(transfer).empty());
      check_alignment(io, block);
    }
  }
}

TEST_CASE("transfer: EINTR and EAGAIN are tried again") {
  for (const int err : {EINTR, EAGAIN}) {
    CAPTURE(err);
    ScriptedDevice file(512);
    Transfer transfer;
    ScriptedIo io(pattern(64 * KiB, 1));
    int asked = 0;
    io.script = [&](const IoRequest&) { return ++asked % 5 ? -err : 4096; };
    CHECK(difference(read(io, file, transfer, 0, 64 * KiB, OnError::stop), io.disk) == "");
    const Bytes data = pattern(64 * KiB, 2);
    write(io, file, transfer, 0, data, OnError::stop);
    CHECK(difference(io.disk, data) == "");
    transfer.flush(io, file.device, 0, 64 * KiB);
    finish(io);
    CHECK(bad(transfer).empty());
  }
}

TEST_CASE("transfer: EAGAIN without end becomes an error, not a hang") {
  ScriptedDevice file(512);
  Transfer transfer;
  ScriptedIo io(pattern(8 * KiB, 1));
  io.script = [](const IoRequest&) { return -EAGAIN; };
  read(io, file, transfer, 0, 8 * KiB, OnError::stop);
  CHECK(bad(transfer) == Lines{range(0, 512, EAGAIN)});
  CHECK(io.log.size() < 10'000);
}

TEST_CASE("transfer: a read of 0 bytes ends it with errno 0") {
  ScriptedDevice file(512);
  Transfer transfer;
  ScriptedIo io(pattern(64 * KiB, 1));
  io.disk.resize(40 * KiB + 100);  // the file shrank
  const Bytes got = read(io, file, transfer, 0, 64 * KiB, OnError::stop);
  CHECK(difference(part(got, 0, 40 * KiB + 100), io.disk) == "");
  CHECK(bad(transfer) == Lines{range(40 * KiB + 100, 24 * KiB - 100, 0)});
}

TEST_CASE("transfer: a write of 0 bytes is an error, not a hang") {
  ScriptedDevice file(512);
  Transfer transfer;
  ScriptedIo io(pattern(64 * KiB, 1));
  io.script = [](const IoRequest& r) { return r.offset >= 16 * KiB ? 0 : 16 * KiB; };
  write(io, file, transfer, 0, pattern(64 * KiB, 2), OnError::stop);
  CHECK(bad(transfer) == Lines{range(16 * KiB, 48 * KiB, 0)});
}

TEST_CASE("transfer: one bad block, wherever it is, is named exactly with few requests") {
  constexpr uint64_t kLength = 1024 * KiB;
  for (const uint32_t block : {512u, 4096u}) {
    for (const uint64_t at : {uint64_t{0}, uint64_t{4096}, kLength / 2 - block, kLength / 2, kLength - block}) {
      CAPTURE(block);
      CAPTURE(at);
      ScriptedDevice file(block);
      Transfer transfer;
      ScriptedIo io(pattern(kLength, 1));
      io.script = [&](const IoRequest& r) { return touches(r, at, block) ? -EIO : ScriptedIo::kAll; };
      const Lines there{range(at, block, EIO)};

      Bytes want = io.disk;
      std::fill_n(want.begin() + static_cast<ptrdiff_t>(at), block, 0);
      CHECK(difference(read(io, file, transfer, 0, kLength, OnError::go_on), want) == "");
      CHECK(bad(transfer) == there);
      CHECK(transfer.good_bytes() == kLength - block);
      CHECK(io.log.size() <= 64);

      io.log.clear();
      const Bytes got = read(io, file, transfer, 0, kLength, OnError::stop);
      CHECK(difference(part(got, 0, at), part(io.disk, 0, at)) == "");
      CHECK(bad(transfer) == there);

      const Bytes data = pattern(kLength, 2);
      want = data;
      std::copy_n(io.disk.begin() + static_cast<ptrdiff_t>(at), block, want.begin() + static_cast<ptrdiff_t>(at));
      io.log.clear();
      write(io, file, transfer, 0, data, OnError::go_on);
      CHECK(difference(io.disk, want) == "");
      CHECK(bad(transfer) == there);
      CHECK(io.log.size() <= 64);
      check_alignment(io, block);
    }
  }
}

TEST_CASE("transfer: neighbouring bad blocks are one range, others are not") {
  ScriptedDevice file(512);
  Transfer transfer;
  ScriptedIo io(pattern(64 * KiB, 1));
  io.script = [](const IoRequest& r) {
    return touches(r, 8 * KiB, 1024) || touches(r, 63 * KiB + 512, 512) ? -ENODATA : ScriptedIo::kAll;
  };
  read(io, file, transfer, 0, 64 * KiB, OnError::go_on);
  CHECK(bad(transfer) == Lines{range(8 * KiB, 1024, ENODATA), range(63 * KiB + 512, 512, ENODATA)});
}

TEST_CASE("transfer: an error that a retry clears is not listed") {
  ScriptedDevice file(512);
  Transfer transfer;
  ScriptedIo io(pattern(64 * KiB, 1));
  int left = 1;
  io.script = [&](const IoRequest&) { return left-- > 0 ? -EIO : ScriptedIo::kAll; };
  CHECK(difference(read(io, file, transfer, 0, 64 * KiB, OnError::stop), io.disk) == "");
  CHECK(bad(transfer).empty());
}

TEST_CASE("transfer: a device that is gone is not asked again and again") {
  for (const int err : {ENODEV, ENXIO, ENOMEDIUM}) {
    ScriptedDevice file(512);
    Transfer transfer;
    ScriptedIo io(pattern(1024 * KiB, 1));
    io.script = [&](const IoRequest&) { return -err; };
    read(io, file, transfer, 0, 1024 * KiB, OnError::go_on);
    CHECK(bad(transfer) == Lines{range(0, 1024 * KiB, err)});
    CHECK(io.log.size() == 1);
  }
}

TEST_CASE("transfer: direct I/O refused at the first request falls back to the cache, for good") {
  ScriptedDevice file(4096);
  Transfer transfer;
  ScriptedIo io(pattern(64 * KiB, 1));
  io.script = [](const IoRequest& r) { return r.fd == kDirect ? -EINVAL : ScriptedIo::kAll; };
  CHECK(difference(read(io, file, transfer, 0, 64 * KiB, OnError::stop), io.disk) == "");
  CHECK(bad(transfer).empty());
  CHECK_FALSE(file.device.use_direct);
}

TEST_CASE("transfer: EINVAL from the cache as well is an error, not a hang") {
  ScriptedDevice file(4096);
  Transfer transfer;
  ScriptedIo io(pattern(64 * KiB, 1));
  io.script = [](const IoRequest&) { return -EINVAL; };
  write(io, file, transfer, 0, pattern(64 * KiB, 2), OnError::stop);
  CHECK(bad(transfer) == Lines{range(0, 4096, EINVAL)});
}

TEST_CASE("transfer: heads and tails that are no whole block leave their neighbours alone") {
  for (const uint32_t block : {512u, 4096u}) {
    for (const uint64_t offset : {uint64_t{0}, uint64_t{512}, uint64_t{4096}, uint64_t{7 * 512}}) {
      for (const uint64_t length :
           {uint64_t{1}, uint64_t{511}, uint64_t{512}, uint64_t{4095}, uint64_t{4097}, uint64_t{20 * KiB + 77}}) {
        CAPTURE(block);
        CAPTURE(offset);
        CAPTURE(length);
        ScriptedDevice file(block);
        Transfer transfer;
        ScriptedIo io(pattern(64 * KiB, 1));
        CHECK(difference(read(io, file, transfer, offset, length, OnError::stop), part(io.disk, offset, length)) == "");
        Bytes want = io.disk;
        const Bytes data = pattern(length, 2);
        std::copy(data.begin(), data.end(), want.begin() + static_cast<ptrdiff_t>(offset));
        write(io, file, transfer, offset, data, OnError::stop);
        CHECK(difference(io.disk, want) == "");
        check_alignment(io, block);
      }
    }
  }
}

TEST_CASE("transfer: a zoned disk gets whole blocks in ascending order, past the cache, whatever the length") {
  for (const uint64_t length : {uint64_t{1}, uint64_t{512}, uint64_t{4096}, uint64_t{4097}, uint64_t{20 * KiB + 512},
                                uint64_t{20 * KiB + 77}}) {
    for (const bool zero : {false, true}) {
      CAPTURE(length);
      CAPTURE(zero);
      ScriptedDevice file(512);
      file.device.zoned = true;
      file.device.zone_block = 4096;
      file.device.can_zero = false;
      Transfer transfer;
      ScriptedIo io(pattern(64 * KiB, 1));
      const Bytes data = zero ? Bytes(length) : pattern(length, 2);
      Bytes want = io.disk;
      const auto end = want.begin() + static_cast<ptrdiff_t>(4096 + (length + 4095) / 4096 * 4096);
      std::fill(std::copy(data.begin(), data.end(), want.begin() + 4096), end, static_cast<unsigned char>(0));
      if (zero) {
        auto* buffer = static_cast<std::byte*>(std::aligned_alloc(4096, 24 * KiB));
        std::memset(buffer, 0xEE, 24 * KiB);
        transfer.zero(io, file.device, buffer, 24 * KiB, 4096, length, OnError::stop);
        finish(io);
        std::free(buffer);
      } else {
        write(io, file, transfer, 4096, data, OnError::stop);
      }
      CHECK(bad(transfer) == Lines{});
      CHECK(transfer.good_bytes() == length);
      CHECK(difference(io.disk, want) == "");
      uint64_t pointer = 4096;
      for (const auto& request : io.log) {
        CHECK(request.fd == kDirect);
        CHECK(request.offset == pointer);
        CHECK(request.length % 4096 == 0);
        pointer += request.length;
      }
      // It is read like any other disk.
      CHECK(difference(read(io, file, transfer, 4096, length, OnError::stop), data) == "");
    }
  }
}

TEST_CASE("transfer: a read that ends a file reads its tail and nothing more") {
  ScriptedDevice file(512);
  Transfer transfer;
  ScriptedIo io(pattern(10 * KiB + 123, 1));
  CHECK(difference(read(io, file, transfer, 0, io.disk.size(), OnError::stop), io.disk) == "");
  CHECK(bad(transfer).empty());
  CHECK(transfer.good_bytes() == io.disk.size());
}

TEST_CASE("transfer: a failing flush is one range, with its errno") {
  ScriptedDevice file(512);
  Transfer transfer;
  ScriptedIo io(pattern(4 * KiB, 1));
  io.script = [](const IoRequest&) { return -EIO; };
  transfer.flush(io, file.device, 512, 1024);
  finish(io);
  CHECK(bad(transfer) == Lines{range(512, 1024, EIO)});
}

TEST_CASE("transfer: any mixture of short results, interruptions and bad blocks keeps every byte in its place") {
  std::mt19937_64 random(20260727);
  for (int round = 0; round < 2000 / test::kSlow; round++) {
    CAPTURE(round);
    const uint32_t block = random() % 2 ? 512 : 4096;
    ScriptedDevice file(block);
    Transfer transfer;
    ScriptedIo io(pattern(128 * KiB, random() % 16));
    const uint64_t offset = random() % 64 * 512;
    const uint64_t length = 1 + random() % (96 * KiB);
    const uint64_t broken = (offset + random() % length) / block * block;
    const bool breaks = random() % 2;
    io.script = [&](const IoRequest& r) -> int64_t {
      if (random() % 8 == 0) return random() % 2 ? -EINTR : -EAGAIN;
      if (breaks && touches(r, broken, block)) return -EIO;
      if (random() % 3 == 0)
        return static_cast<int64_t>(1 + random() % (r.fd == kDirect ? r.length / block : r.length)) *
               (r.fd == kDirect ? block : 1);
      return ScriptedIo::kAll;
    };
    const uint64_t from = std::max(broken, offset);
    const uint64_t to = std::min(broken + block, offset + length);
    Lines there;
    if (breaks) there.push_back(range(from, to - from, EIO));

    Bytes want = part(io.disk, offset, length);
    if (breaks) std::fill_n(want.begin() + static_cast<ptrdiff_t>(from - offset), to - from, 0);
    CHECK(difference(read(io, file, transfer, offset, length, OnError::go_on), want) == "");
    CHECK(bad(transfer) == there);

    Bytes after = io.disk;
    const Bytes data = part(pattern(96 * KiB + 1, 16 + random() % 16), 0, length);
    for (uint64_t at = offset; at < offset + length; at++)
      if (!breaks || at < from || at >= to) after[at] = data[at - offset];
    write(io, file, transfer, offset, data, OnError::go_on);
    CHECK(difference(io.disk, after) == "");
    CHECK(bad(transfer) == there);
    check_alignment(io, block);
  }
}

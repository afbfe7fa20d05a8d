// What is on the medium when a job says so: flushes, full file systems, refused direct I/O.
#include <algorithm>
#include <cstdio>

#include "../lab/disks.h"
#include "../lab/lab.h"

using namespace test;

namespace {

uint64_t sectors_up(uint64_t bytes) { return (bytes + 511) / 512 * 512; }

}  // namespace

TEST_CASE("a flush of each destination comes after its last write and before the callback") {
  on_each(kFaulty, [](const Combo& combo) {
    Bay bay(combo, 2, 4 * MiB);
    for (auto& dest : bay.dests) dest.rule("volatile on\nlog on wf");
    // Only a flush brings what was written to the medium. These bytes are on it.
    CHECK(bay.client.copy(bay.from(0, 4 * MiB), bay.all(0, 4 * MiB)).wait().list() == Lines{});
    for (unsigned i = 0; i < 2; i++) {
      CHECK(bay.wrong(i, bay.content) == "");
      const auto log = bay.dests[i].log();
      REQUIRE(log.size() > 1);
      CHECK(log.back().op == "flush");
      for (const Event& event : log)
        if (event.op == "write") CHECK(event.end < log.back().begin);
    }
    CHECK(bay.client.zero(bay.all(0, 4 * MiB)).wait().list() == Lines{});
    for (unsigned i = 0; i < 2; i++) CHECK(bay.wrong(i, Bytes(4 * MiB)) == "");
  });
}

TEST_CASE("the callback waits for a flush that takes its time") {
  on_each(kFaulty, [](const Combo& combo) {
    Bay bay(combo, 2, 1 * MiB);
    bay.dests[1].rule("stall f");
    Job& job = bay.client.copy(bay.from(0, 1 * MiB), bay.all(0, 1 * MiB));
    while (job.progress().dests[1].state != KCOPYD_FLUSHING) usleep(1000);
    usleep(30'000);
    CHECK_FALSE(job.done());
    bay.dests[1].rule("go");
    CHECK(job.wait().list() == Lines{});
  });
}

TEST_CASE("a failing flush fails its destination, marked as a flush") {
  on_each(kFaulty, [](const Combo& combo) {
    Bay bay(combo, 3, 2 * MiB);
    bay.dests[1].rule("flush-fails EIO");
    for (const unsigned flags : {0u, unsigned{KCOPYD_VERIFY}, unsigned{KCOPYD_IGNORE_ERROR}}) {
      CAPTURE(flags);
      const Outcome& out = bay.client.copy(bay.from(0, 2 * MiB), bay.all(0, 2 * MiB), flags).wait();
      CHECK(out.read_err == 0);
      CHECK(out.write_err == 0b010);
      CHECK(out.list() == Lines{"flush 1 EIO medium"});
      CHECK(out.progress.dests[1].state == KCOPYD_FAILED);
    }
  });
}

TEST_CASE("a buffered write that fails only at fsync fails its destination") {
  if (lab_missing()) return;
  on_each_backend([](kcopyd_backend backend) {
    // Through the page cache: writing back at fsync meets the error.
    lab::Disk disk({.size = 2 * MiB, .loop = false, .buffered = true});
    Disk source(Medium::file, 2 * MiB);
    source.fill(pattern(2 * MiB, 1));
    const Device from(source.path(), KCOPYD_OPEN_READ), to(disk.device(), KCOPYD_OPEN_WRITE);
    CHECK(to.info().direct == 0);
    disk.rule("eio w 1M 4096");
    {
      Client client(backend);
      const Outcome& out = client.copy(from.at(0, 2 * MiB), {to.at(0, 2 * MiB)}).wait();
      CHECK(out.read_err == 0);
      CHECK(out.write_err == 1);
      REQUIRE(out.errors.size() == 1);
      CHECK(out.errors[0].err == EIO);
    }
    disk.rule("clear");
  });
}

TEST_CASE("an error that the kernel reports to one flush fails every job and destination that wrote to the device") {
  if (lab_missing()) return;
  on_each_backend([](kcopyd_backend backend) {
    for (const bool one_job : {true, false}) {
      CAPTURE(one_job);
      lab::Disk disk({.size = 1 * MiB, .loop = false, .buffered = true});
      Disk source(Medium::file, 512 * KiB);
      source.fill(pattern(512 * KiB, 1));
      const Device from(source.path(), KCOPYD_OPEN_READ), to(disk.device(), KCOPYD_OPEN_WRITE);
      disk.rule("eio w 0 4096");
      Disk held(Medium::lab_file, 512 * KiB);
      held.fill(pattern(512 * KiB, 1));
      const Device held_from(held.path(), KCOPYD_OPEN_READ);
      if (!one_job) held.rule("stall r 64K end");
      Client client({.backend = backend, .subjob_size = 64 * KiB});
      // The first half gets its first 64 KiB, which are lost. The second half is flushed before the first.
      const io_region half = from.at(0, 512 * KiB), first = held_from.at(0, 512 * KiB);
      const std::vector<io_region> halves = {to.at(0, 512 * KiB), to.at(512 * KiB, 512 * KiB)};
      const std::vector<kcopyd_dest_options> slow = {{.bytes_per_second = 1 * MiB}, {.bytes_per_second = 3 * MiB}};
      Job& job = client.submit({.op = KCOPYD_COPY,
                                .from = one_job ? &half : &first,
                                .num_dests = one_job ? 2u : 1u,
                                .dests = halves.data(),
                                .dest_options = slow.data()});
      if (!one_job) {
        while (job.progress().dests[0].written == 0) usleep(1000);
        CHECK(client.copy(half, {halves[1]}).wait().list() == Lines{"flush 0 EIO medium"});
        CHECK_FALSE(job.done());
        held.rule("go");
      }
      CHECK(job.wait().list() ==
            (one_job ? Lines{"flush 0 EIO medium", "flush 1 EIO medium"} : Lines{"flush 0 EIO medium"}));
      disk.rule("clear");
      // What is written from here on is not affected.
      CHECK(client.copy(half, {halves[0]}).wait().list() == Lines{});
    }
  });
}

TEST_CASE("a file on a full file system, full at once or only at fsync: no space, and the other destination is whole") {
  if (lab_missing()) return;
  on_each_backend([](kcopyd_backend backend) {
    const Directory directory;
    const Mount tiny("tmpfs", directory.path(), "tmpfs", "size=2m");
    REQUIRE(tiny);
    Disk source(Medium::file, 6 * MiB);
    source.fill(pattern(6 * MiB, 1));
    Disk good(Medium::loop512, 6 * MiB);
    const Device from(source.path(), KCOPYD_OPEN_READ), other(good.path(), KCOPYD_OPEN_WRITE);
    const Device full(directory.path("image"), KCOPYD_OPEN_WRITE | KCOPYD_OPEN_CREATE | KCOPYD_OPEN_GROW);
    Client client(backend);
    const Outcome& out = client.copy(from.at(0, 6 * MiB), {full.at(0, 6 * MiB), other.at(0, 6 * MiB)}).wait();
    CHECK(out.read_err == 0);
    CHECK(out.write_err == 0b01);
    for (const std::string& line : out.list()) CHECK(line.starts_with("write 0 ENOSPC no-space"));
    CHECK(difference(good.bytes(), source.bytes()) == "");
  });
}

TEST_CASE(
    "a loop device on a full file system: what lies behind it is full, it is not gone; and the tail that waits for "
    "fsync is seen") {
  if (lab_missing()) return;
  on_each_backend([](kcopyd_backend backend) {
    const Directory directory;
    const Mount tiny("tmpfs", directory.path(), "tmpfs", "size=2m");
    REQUIRE(tiny);
    lab::Disk disk({.size = 8 * MiB, .sector = 4096, .plain = true, .file = directory.path("backing")});
    Disk source(Medium::file, 4 * MiB);
    source.fill(pattern(4 * MiB, 1));
    const Device from(source.path(), KCOPYD_OPEN_READ), to(disk.device(), KCOPYD_OPEN_WRITE);
    Client client(backend);
    const Outcome& out = client.copy(from.at(0, 4 * MiB), {to.at(0, 4 * MiB)}).wait();
    CHECK(out.write_err == 1);
    REQUIRE(!out.errors.empty());
    for (const auto& error : out.errors) CHECK(error.cause == KCOPYD_CAUSE_NO_SPACE);
    // 512 bytes within a block go through the cache: accepted, then refused at the flush.
    const Outcome& tail = client.copy(from.at(0, 512), {to.at(7 * MiB, 512)}).wait();
    CHECK(tail.write_err == 1);
    REQUIRE(tail.errors.size() == 1);
    CHECK(tail.errors[0].flush == 1);
  });
}

TEST_CASE("direct I/O that the file system refuses: buffered, reported, and the bytes are right") {
  if (lab_missing()) return;
  on_each_backend([](kcopyd_backend backend) {
    SUBCASE("at open") {
      const Directory directory;
      const Mount ram("ramfs", directory.path(), "ramfs", "");
      if (!ram) {
        std::printf("SKIP: direct I/O refused at open: no ramfs here\n");
        return;
      }
      write_file(directory.path("source"), pattern(3 * MiB + 77, 1));
      const Device from(directory.path("source"), KCOPYD_OPEN_READ);
      const Device to(directory.path("image"), KCOPYD_OPEN_WRITE | KCOPYD_OPEN_CREATE | KCOPYD_OPEN_GROW);
      CHECK(from.info().direct == 0);
      CHECK(to.info().direct == 0);
      Client client(backend);
      const uint64_t length = sectors_up(3 * MiB + 77);
      CHECK(client.copy(from.at(0, length), {to.at(0, length)}, KCOPYD_VERIFY).wait().list() == Lines{});
      CHECK(difference(read_file(directory.path("image")), pattern(3 * MiB + 77, 1)) == "");
    }
    SUBCASE("silently: verify and compare still read the medium") {
      lab::Disk disk({.size = 2 * MiB, .loop = false, .buffered = true});
      Disk source(Medium::file, 2 * MiB);
      source.fill(pattern(2 * MiB, 1));
      const Device from(source.path(), KCOPYD_OPEN_READ), to(disk.device(), KCOPYD_OPEN_WRITE);
      disk.rule("flip w 1234567");
      {
        Client client(backend);
        const uint64_t s = client.subjob(), chunk = 1234567 / s * s;
        const std::string line = "verify 0 mismatch " + std::to_string(chunk) + "+" + std::to_string(s);
        CHECK(client.copy(from.at(0, 2 * MiB), {to.at(0, 2 * MiB)}, KCOPYD_VERIFY).wait().list() == Lines{line});
        CHECK(client.compare(from.at(0, 2 * MiB), {to.at(0, 2 * MiB)}).wait().list() == Lines{line});
        // What another program has written and not flushed goes to the medium first, or the cache would keep it.
        std::FILE* const other = std::fopen(disk.device().c_str(), "r+");
        REQUIRE(other != nullptr);
        const Bytes right = pattern(2 * MiB, 1);
        CHECK(std::fwrite(right.data(), 1, right.size(), other) == right.size());
        std::fflush(other);
        CHECK(client.compare(from.at(0, 2 * MiB), {to.at(0, 2 * MiB)}).wait().list() == Lines{line});
        std::fclose(other);
      }
    }
  });
}

TEST_CASE("compare reads a source that has no direct I/O past the cache, too") {
  if (lab_missing()) return;
  on_each_backend([](kcopyd_backend backend) {
    lab::Disk disk({.size = 2 * MiB, .loop = false, .buffered = true});
    const Disk same(Medium::file, 2 * MiB);
    const Device from(disk.device(), KCOPYD_OPEN_READ), to(same.path(), KCOPYD_OPEN_READ);
    CHECK(read_file(disk.device()) == read_file(same.path()));  // from here on it is cached
    Client client(backend);
    CHECK(client.compare(from.at(0, 2 * MiB), {to.at(0, 2 * MiB)}).wait().list() == Lines{});
    disk.rule("flip r 1234567");
    CHECK(client.compare(from.at(0, 2 * MiB), {to.at(0, 2 * MiB)}).wait().write_err == 1);
  });
}

TEST_CASE(
    "direct I/O refused only at the first write: buffered from there on, reported, the device let go at the end") {
  if (lab_missing()) return;
  on_each_backend([](kcopyd_backend backend) {
    Bay bay({backend, Medium::lab_file}, 2, 4 * MiB);
    CHECK(bay.devices[1].info().direct == 1);
    bay.dests[1].rule("eio w 0 end EINVAL 1");
    CHECK(bay.client.copy(bay.from(0, 4 * MiB), bay.all(0, 4 * MiB), KCOPYD_VERIFY).wait().list() == Lines{});
    CHECK(bay.devices[1].info().direct == 0);
    CHECK(bay.devices[0].info().direct == 1);
    for (const unsigned i : {0u, 1u}) CHECK(bay.wrong(i, bay.content) == "");
  });
}

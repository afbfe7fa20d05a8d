// Awkward sizes and places: tails of files, parts of blocks, files that grow.
#include <unistd.h>

#include <algorithm>

#include "../lab/disks.h"

using namespace test;

namespace {

uint64_t sectors_up(uint64_t bytes) { return (bytes + 511) / 512 * 512; }

// Directories on file systems that differ in the direct I/O they accept.
std::vector<std::string> parents() {
  std::vector<std::string> all{"/dev/shm"};
  if (access("/var/tmp", W_OK) == 0) all.push_back("/var/tmp");
  return all;
}

}  // namespace

TEST_CASE(
    "tails: a source that ends within a sector, to a new file, a longer file and devices; nothing beyond it changes") {
  if (lab_missing()) return;
  on_each_backend([](kcopyd_backend backend) {
    for (const std::string& parent : parents()) {
      for (const uint64_t size : {1ull, 511ull, 512ull, 513ull, 4095ull, 4097ull, 262144ull + 1, 3ull * 262144 + 123,
                                  3ull * 262144 + 2048 + 77}) {
        CAPTURE(parent);
        CAPTURE(size);
        const Directory directory(parent);
        const Bytes content = pattern(size, 3);
        write_file(directory.path("source"), content);
        write_file(directory.path("longer"), pattern(1 * MiB, 4));
        Disk small(Medium::loop512, 1 * MiB), big(Medium::loop4096, 1 * MiB);
        small.fill(pattern(1 * MiB, 5));
        big.fill(pattern(1 * MiB, 6));
        const Device from(directory.path("source"), KCOPYD_OPEN_READ);
        CHECK(from.info().size == size);
        const Device fresh(directory.path("fresh"),
                           KCOPYD_OPEN_WRITE | KCOPYD_OPEN_CREATE | KCOPYD_OPEN_GROW | KCOPYD_OPEN_EXCL);
        const Device longer(directory.path("longer"), KCOPYD_OPEN_WRITE);
        const Device loop512(small.path(), KCOPYD_OPEN_WRITE), loop4096(big.path(), KCOPYD_OPEN_WRITE);
        const uint64_t length = sectors_up(size);
        {
          Client client({.backend = backend, .pages = 128});
          const Outcome& out =
              client
                  .copy(from.at(0, length),
                        {fresh.at(0, length), longer.at(0, length), loop512.at(0, length), loop4096.at(0, length)},
                        KCOPYD_VERIFY)
                  .wait();
          CHECK(out.list() == Lines{});
          CHECK(out.progress.bytes_total == size);
          CHECK(out.progress.bytes_read == size);
          for (unsigned i = 0; i < 4; i++) {
            CHECK(out.progress.dests[i].written == size);
            CHECK(out.progress.dests[i].verified == size);
          }
          const Outcome& same =
              client.compare(from.at(0, length), {fresh.at(0, length), loop512.at(0, length), loop4096.at(0, length)})
                  .wait();
          CHECK(same.list() == Lines{});
        }
        const auto over = [&](Bytes old) {
          std::copy(content.begin(), content.end(), old.begin());
          return old;
        };
        CHECK(difference(read_file(directory.path("fresh")), content) == "");
        CHECK(difference(read_file(directory.path("longer")), over(pattern(1 * MiB, 4))) == "");
        CHECK(difference(small.bytes(), over(pattern(1 * MiB, 5))) == "");
        CHECK(difference(big.bytes(), over(pattern(1 * MiB, 6))) == "");
      }
    }
  });
}

TEST_CASE("tails: a file without grow that is exactly long enough, and one that is a byte too short") {
  on_each_backend([](kcopyd_backend backend) {
    for (const std::string& parent : parents()) {
      CAPTURE(parent);
      const Directory directory(parent);
      const uint64_t size = 1 * MiB + 77;
      write_file(directory.path("source"), pattern(size, 1));
      write_file(directory.path("exact"), pattern(size, 2));
      write_file(directory.path("short"), pattern(size - 1, 3));
      const Device from(directory.path("source"), KCOPYD_OPEN_READ);
      const Device exact(directory.path("exact"), KCOPYD_OPEN_WRITE), small(directory.path("short"), KCOPYD_OPEN_WRITE);
      const uint64_t length = sectors_up(size);
      Client client(backend);
      const io_region source = from.at(0, length);
      CHECK(client.refuse(KCOPYD_COPY, &source, {small.at(0, length)}) == -ENOSPC);
      CHECK(client.copy(source, {exact.at(0, length)}).wait().list() == Lines{});
      CHECK(difference(read_file(directory.path("exact")), pattern(size, 1)) == "");
      CHECK(difference(read_file(directory.path("short")), pattern(size - 1, 3)) == "");
    }
  });
}

TEST_CASE("regions that start and end within a 4096-byte block leave the rest of it alone") {
  on_each({Medium::file, Medium::lab_file, Medium::loop4096}, [](const Combo& combo) {
    Bay bay(combo, 2, 1 * MiB, {.pages = 64});
    for (const uint64_t from : {0ull, 512ull, 3584ull}) {
      for (const uint64_t to : {0ull, 512ull, 2048ull}) {
        for (const uint64_t length : {512ull, 1024ull, 4096ull, 7680ull, 2ull * 262144 + 1536}) {
          CAPTURE(from);
          CAPTURE(to);
          CAPTURE(length);
          for (const unsigned i : {0u, 1u}) bay.dests[i].fill(bay.old(i));
          CHECK(bay.client.copy(bay.from(from, length), bay.all(to, length), KCOPYD_VERIFY).wait().list() == Lines{});
          for (const unsigned i : {0u, 1u}) CHECK(bay.wrong(i, bay.copied(i, from, to, length)) == "");
        }
      }
    }
  });
}

TEST_CASE("a growing file: written beyond its end, in any order, with a hole before it when asked so") {
  on_each_backend([](kcopyd_backend backend) {
    const Directory directory;
    Disk source(Medium::file, 3 * MiB);
    source.fill(pattern(3 * MiB, 1));
    const Device from(source.path(), KCOPYD_OPEN_READ);
    const Device to(directory.path("new"), KCOPYD_OPEN_WRITE | KCOPYD_OPEN_CREATE | KCOPYD_OPEN_GROW);
    Client client(backend);
    CHECK(client.copy(from.at(0, 3 * MiB), {to.at(1 * MiB, 3 * MiB)}, KCOPYD_VERIFY).wait().list() == Lines{});
    CHECK(to.info().size == 4 * MiB);
    CHECK(client.zero({to.at(4 * MiB, 1 * MiB)}).wait().list() == Lines{});
    Bytes want(5 * MiB);
    std::copy_n(pattern(3 * MiB, 1).begin(), 3 * MiB, want.begin() + 1 * MiB);
    CHECK(difference(read_file(directory.path("new")), want) == "");
    // What is there now can be copied from, through the same descriptor or another.
    CHECK(to.info().size == 5 * MiB);
    CHECK(client.compare(to.at(1 * MiB, 3 * MiB), {from.at(0, 3 * MiB)}).wait().list() == Lines{});
    const Device back(directory.path("new"), KCOPYD_OPEN_READ);
    CHECK(client.compare(from.at(0, 3 * MiB), {back.at(1 * MiB, 3 * MiB)}).wait().list() == Lines{});
  });
}

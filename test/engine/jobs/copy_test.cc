// K1 to K10, K24, K25: what a copy does when nothing fails, and what is refused before any write.
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "../lab/disks.h"

using namespace test;

namespace {

// old with `piece` put at `offset`.
Bytes with(Bytes old, uint64_t offset, const Bytes& piece) {
  const Unwatched unwatched;
  std::copy(piece.begin(), piece.end(), old.begin() + static_cast<ptrdiff_t>(offset));
  return old;
}

void check_good(const Outcome& out) {
  CHECK(out.read_err == 0);
  CHECK(out.write_err == 0);
  CHECK(out.list() == Lines{});
}

struct Answer {
  std::atomic<int> calls{0};
  std::atomic<int> read_err{-1};
  std::atomic<unsigned> write_err{~0u};
};

void note(int read_err, unsigned write_err, void* context) {
  auto& answer = *static_cast<Answer*>(context);
  answer.read_err = read_err;
  answer.write_err = write_err;
  answer.calls++;
}

}  // namespace

TEST_CASE("K1 up to one sub-job: one callback, the range equals the source, nothing outside it changes") {
  on_each(kMedia, [](const Combo& combo) {
    Bay bay(combo, 1, 4 * MiB);
    const uint64_t s = bay.client.subjob();
    Bytes want = bay.old(0);
    for (const uint64_t length : {bay.block(), 64 * KiB, s - bay.block(), s}) {
      CAPTURE(length);
      const uint64_t from = 3 * bay.block(), to = 5 * bay.block();
      const Outcome& out = bay.client.copy(bay.from(from, length), {bay.to(0, to, length)}).wait();
      check_good(out);
      CHECK(out.progress.bytes_total == length);
      CHECK(out.progress.bytes_read == length);
      want = bay.copied(0, from, to, length);
      CHECK(bay.wrong(0, want) == "");
    }
  });
}

TEST_CASE("K1 the same through the seed's own calls") {
  on_each_backend([](kcopyd_backend backend) {
    Bay bay({backend, Medium::file}, 2, 2 * MiB);
    Answer copied, zeroed;
    kcopyd_client* client = nullptr;
    REQUIRE(kcopyd_client_create(256, &client) == 0);
    const io_region from = bay.from(0, 1 * MiB);
    const io_region dest = bay.to(0, 4096, 1 * MiB);
    const io_region other = bay.to(1, 4096, 1 * MiB);
    CHECK(kcopyd_copy(client, &from, 1, &dest, 0, note, &copied) == 0);
    CHECK(kcopyd_zero(client, 1, &other, 0, note, &zeroed) == 0);
    kcopyd_client_destroy(client);
    CHECK(copied.calls == 1);
    CHECK(copied.read_err == 0);
    CHECK(copied.write_err == 0);
    CHECK(zeroed.calls == 1);
    CHECK(zeroed.write_err == 0);
    CHECK(bay.wrong(0, bay.copied(0, 0, 4096, 1 * MiB)) == "");
    CHECK(bay.wrong(1, with(bay.old(1), 4096, Bytes(1 * MiB))) == "");
  });
}

TEST_CASE("K2 one sub-job and 512 bytes: two sub-jobs, one callback") {
  on_each(kMedia, [](const Combo& combo) {
    Bay bay(combo, 2, 4 * MiB);
    const uint64_t length = bay.client.subjob() + 512;
    check_good(bay.client.copy(bay.from(0, length), bay.all(8192, length)).wait());
    for (const unsigned i : {0u, 1u}) CHECK(bay.wrong(i, bay.copied(i, 0, 8192, length)) == "");
  });
}

TEST_CASE("K2 sub-jobs of a job are in flight together, never more than KCOPYD_MAX_SUBJOBS") {
  on_each({Medium::lab_file, Medium::loop512}, [](const Combo& combo) {
    Bay bay(combo, 1, 16 * MiB, {.pages = 4096});
    bay.source.rule("delay r 10000");
    check_good(bay.client.copy(bay.from(0, 16 * MiB), bay.all(0, 16 * MiB)).wait());
    CHECK(bay.client.pool().peak >= 2);
    CHECK(bay.client.pool().peak <= KCOPYD_MAX_SUBJOBS);
    CHECK(bay.wrong(0, bay.copied(0, 0, 0, 16 * MiB)) == "");
  });
}

TEST_CASE("K3 eight destinations are all identical") {
  on_each(kMedia, [](const Combo& combo) {
    Bay bay(combo, 8, 4 * MiB);
    const uint64_t length = 3 * MiB + 5 * bay.block();
    check_good(bay.client.copy(bay.from(0, length), bay.all(bay.block(), length)).wait());
    for (unsigned i = 0; i < 8; i++) CHECK(bay.wrong(i, bay.copied(i, 0, bay.block(), length)) == "");
  });
}

TEST_CASE("K3 thirty-two destinations are all identical, and each has its bit") {
  on_each({Medium::file}, [](const Combo& combo) {
    Bay bay(combo, 32, 3 * MiB);
    check_good(bay.client.copy(bay.from(0, 3 * MiB), bay.all(0, 3 * MiB)).wait());
    for (unsigned i = 0; i < 32; i++) CHECK(bay.wrong(i, bay.content) == "");
  });
}

TEST_CASE("K4 no destination, or more than 32: EINVAL, no I/O") {
  on_each({Medium::lab_file}, [](const Combo& combo) {
    Bay bay(combo, 1, 1 * MiB);
    const io_region from = bay.from(0, 4096);
    std::vector<io_region> many;
    for (uint64_t i = 0; i < 33; i++) many.push_back(bay.to(0, i * 4096, 4096));
    CHECK(bay.client.refuse(KCOPYD_COPY, &from, {}) == -EINVAL);
    CHECK(bay.client.refuse(KCOPYD_COPY, &from, many) == -EINVAL);
    CHECK(bay.client.refuse(KCOPYD_ZERO, nullptr, {}) == -EINVAL);
    CHECK(bay.client.refuse(KCOPYD_ZERO, nullptr, many) == -EINVAL);
    CHECK(bay.source.reads() == 0);
    CHECK(bay.dests[0].writes() == 0);
    many.pop_back();
    check_good(bay.client.copy(from, many).wait());
  });
}

TEST_CASE("K5 a count of 0: (0,0) from the worker, no I/O, even on dead devices") {
  on_each(kFaulty, [](const Combo& combo) {
    Bay bay(combo, 2, 1 * MiB);
    const uint64_t reads = bay.source.reads(), writes = bay.dests[0].writes();
    bay.source.rule("dead");
    bay.dests[0].rule("dead");
    check_good(bay.client.copy(bay.from(0, 0), bay.all(0, 0)).wait());
    check_good(bay.client.copy(bay.from(0, 0), bay.all(0, 0), KCOPYD_VERIFY).wait());
    check_good(bay.client.zero(bay.all(0, 0)).wait());
    // Also at the very end of the devices.
    check_good(bay.client.copy(bay.from(1 * MiB, 0), bay.all(1 * MiB, 0)).wait());
    // Programs that list this machine's disks also read from a loop device.
    if (combo.medium == Medium::lab_file) CHECK(bay.source.reads() == reads);
    CHECK(bay.dests[0].writes() == writes);
  });
}

TEST_CASE("K6 zeroing passes over an empty destination and zeroes the next") {
  on_each(kMedia, [](const Combo& combo) {
    Bay bay(combo, 2, 1 * MiB);
    check_good(bay.client.zero({bay.to(0, 8192, 0), bay.to(1, 8192, 4096)}).wait());
    CHECK(bay.wrong(0, bay.old(0)) == "");
    CHECK(bay.wrong(1, with(bay.old(1), 8192, Bytes(4096))) == "");
  });
}

TEST_CASE("K7 a destination's count that is not the source's: EINVAL") {
  on_each({Medium::file, Medium::loop512}, [](const Combo& combo) {
    Bay bay(combo, 2, 1 * MiB);
    const io_region from = bay.from(0, 8192);
    CHECK(bay.client.refuse(KCOPYD_COPY, &from, {bay.to(0, 0, 8192), bay.to(1, 0, 8704)}) == -EINVAL);
    CHECK(bay.client.refuse(KCOPYD_COPY, &from, {bay.to(0, 0, 0), bay.to(1, 0, 8192)}) == -EINVAL);
    CHECK(bay.client.refuse(KCOPYD_COMPARE, &from, {bay.to(0, 0, 4096)}) == -EINVAL);
    for (const unsigned i : {0u, 1u}) CHECK(bay.wrong(i, bay.old(i)) == "");
  });
}

TEST_CASE("K8 zeroing honours each destination's own count, at any size") {
  on_each(kMedia, [](const Combo& combo) {
    Bay bay(combo, 4, 5 * MiB);
    const uint64_t s = bay.client.subjob();
    const uint64_t lengths[] = {bay.block(), s, s + bay.block(), 3 * s + 7 * bay.block()};
    std::vector<io_region> dests;
    for (unsigned i = 0; i < 4; i++) dests.push_back(bay.to(i, (i + 1) * bay.block(), lengths[i]));
    check_good(bay.client.zero(dests).wait());
    for (unsigned i = 0; i < 4; i++)
      CHECK(bay.wrong(i, with(bay.old(i), (i + 1) * bay.block(), Bytes(lengths[i]))) == "");
  });
}

TEST_CASE("K9 a destination that is too short: ENOSPC, nothing is written anywhere") {
  on_each(kMedia, [](const Combo& combo) {
    Bay bay(combo, 2, 2 * MiB);
    Disk small(combo.medium, 1 * MiB);
    const Bytes before = small.bytes();
    const Device device(small.path(), KCOPYD_OPEN_WRITE);
    const io_region from = bay.from(0, 1 * MiB + 4096);
    CHECK(bay.client.refuse(KCOPYD_COPY, &from, {bay.to(0, 0, 1 * MiB + 4096), device.at(0, 1 * MiB + 4096)}) ==
          -ENOSPC);
    CHECK(bay.client.refuse(KCOPYD_ZERO, nullptr, {bay.to(0, 0, 4096), device.at(1 * MiB - 4096, 8192)}) == -ENOSPC);
    CHECK(bay.client.refuse(KCOPYD_ZERO, nullptr, {device.at(8 * MiB, 4096)}) == -ENOSPC);
    CHECK(bay.wrong(0, bay.old(0)) == "");
    CHECK(difference(small.bytes(), before) == "");
  });
}

TEST_CASE("K9 sector numbers that overflow are refused, not wrapped") {
  on_each({Medium::file, Medium::loop512}, [](const Combo& combo) {
    Bay bay(combo, 1, 1 * MiB);
    io_region from = bay.from(0, 4096), to = bay.to(0, 0, 4096);
    for (const sector_t sector : {~0ull, ~0ull - 7, ~0ull / 512, ~0ull / 512 - 7, 1ull << 55, 1ull << 63}) {
      CAPTURE(sector);
      to.sector = sector;
      CHECK(bay.client.refuse(KCOPYD_COPY, &from, {to}) == -ENOSPC);
      CHECK(bay.client.refuse(KCOPYD_ZERO, nullptr, {to}) == -ENOSPC);
    }
    to = bay.to(0, 0, 4096);
    from.sector = ~0ull - 7;
    CHECK(bay.client.refuse(KCOPYD_COPY, &from, {to}) == -ENXIO);
    from.sector = 1;
    from.count = to.count = ~0ull;
    CHECK(bay.client.refuse(KCOPYD_COPY, &from, {to}) != 0);
    to = bay.to(0, 0, 4096);
    to.count = 1ull << 55;
    CHECK(bay.client.refuse(KCOPYD_ZERO, nullptr, {to}) == -ENOSPC);
    CHECK(bay.wrong(0, bay.old(0)) == "");
  });
}

TEST_CASE("K10 a source that is too short: ENXIO, no I/O") {
  on_each(kMedia, [](const Combo& combo) {
    Bay bay(combo, 1, 4 * MiB);
    Disk small(combo.medium, 1 * MiB);
    const Device device(small.path(), KCOPYD_OPEN_READ);
    const io_region from = device.at(4096, 1 * MiB), beyond = device.at(8 * MiB, 4096);
    CHECK(bay.client.refuse(KCOPYD_COPY, &from, {bay.to(0, 0, 1 * MiB)}) == -ENXIO);
    CHECK(bay.client.refuse(KCOPYD_COPY, &beyond, {bay.to(0, 0, 4096)}) == -ENXIO);
    CHECK(bay.wrong(0, bay.old(0)) == "");
  });
}

TEST_CASE("K10 a source that shrinks mid-way: read_err, and the failing sub-job is not written") {
  if (lab_missing()) return;
  on_each({Medium::file, Medium::loop512, Medium::loop4096}, [](const Combo& combo) {
    // One sub-job at a time: the second is read when the first is written.
    Bay bay({combo.backend, combo.medium == Medium::file ? Medium::lab_file : combo.medium}, 1, 4 * MiB,
            {.pages = 256});
    const uint64_t s = bay.client.subjob();
    Disk source(combo.medium, 4 * MiB);
    const Device device(source.path(), KCOPYD_OPEN_READ);
    bay.dests[0].rule("stall w");
    Job& job = bay.client.copy(device.at(0, 4 * MiB), bay.all(0, 4 * MiB));
    while (job.progress().bytes_read < s) usleep(1000);
    if (combo.medium == Medium::file)
      REQUIRE(truncate(source.path().c_str(), static_cast<off_t>(s + s / 2)) == 0);
    else
      source.rule("resize " + std::to_string(s + s / 2));
    bay.dests[0].rule("go");
    const Outcome& out = job.wait();
    CHECK(out.read_err == 1);
    CHECK(out.write_err == 0);
    REQUIRE(out.errors.size() == 1);
    CHECK(out.errors[0].offset == s + s / 2);
    const Bytes got = bay.dests[0].bytes(), old = bay.old(0), content = source.bytes(0, s);
    CHECK(std::equal(content.begin(), content.end(), got.begin()));
    CHECK(difference(Bytes(got.begin() + static_cast<ptrdiff_t>(s), got.end()),
                     Bytes(old.begin() + static_cast<ptrdiff_t>(s), old.end())) == "");
  });
}

TEST_CASE("K24 source and destination that overlap on one device: as memmove, at any length") {
  on_each(kMedia, [](const Combo& combo) {
    Bay bay(combo, 1, 1 * MiB, {.pages = 16});
    const uint64_t b = bay.block(), s = bay.client.subjob(), middle = 5 * s + 3 * b;
    for (const uint64_t length : {b, 5 * b, s, s + b, 4 * s + 3 * b}) {
      for (const uint64_t shift : {b, 3 * b, s / 2, s, s + b}) {
        for (const bool up : {true, false}) {
          CAPTURE(length);
          CAPTURE(shift);
          CAPTURE(up);
          const uint64_t to = up ? middle + shift : middle - shift;
          Bytes want = bay.dests[0].bytes();
          std::memmove(&want[to], &want[middle], length);
          check_good(bay.client.copy(bay.to(0, middle, length), {bay.to(0, to, length)}).wait());
          CHECK(bay.wrong(0, want) == "");
        }
      }
    }
  });
}

TEST_CASE("K24 the same with several sub-jobs of the largest size to be had") {
  on_each(kMedia, [](const Combo& combo) {
    for (const bool up : {true, false}) {
      CAPTURE(up);
      Bay bay(combo, 1, 6 * MiB);
      const uint64_t b = bay.block(), middle = 2 * MiB, to = up ? middle + 3 * b : middle - 3 * b, length = 3 * MiB + b;
      Bytes want = bay.old(0);
      std::memmove(&want[to], &want[middle], length);
      check_good(bay.client.copy(bay.to(0, middle, length), {bay.to(0, to, length)}).wait());
      CHECK(bay.wrong(0, want) == "");
    }
  });
}

TEST_CASE("K24 the same through two descriptors of one device, beside another destination") {
  on_each(kMedia, [](const Combo& combo) {
    Bay bay(combo, 2, 6 * MiB);
    const Device reader(bay.dests[0].path(), KCOPYD_OPEN_READ);
    for (const uint64_t to : {1 * MiB + 4096, 2 * MiB + 8192}) {
      CAPTURE(to);
      const uint64_t from = 3 * MiB + 12288 - to, length = 3 * MiB + 512 * 8;
      const Bytes before = bay.dests[0].bytes();
      Bytes want = before, other = bay.old(1);
      std::memmove(&want[to], &before[from], length);
      std::memmove(&other[4096], &before[from], length);
      check_good(bay.client.copy(reader.at(from, length), {bay.to(1, 4096, length), bay.to(0, to, length)}).wait());
      CHECK(bay.wrong(0, want) == "");
      CHECK(difference(bay.dests[1].bytes(4096, length),
                       Bytes(before.begin() + static_cast<ptrdiff_t>(from),
                             before.begin() + static_cast<ptrdiff_t>(from + length))) == "");
    }
  });
}

TEST_CASE("K24 two destinations that overlap one source, one below and one above it: no order is right, refused") {
  on_each({Medium::file, Medium::loop512}, [](const Combo& combo) {
    Bay bay(combo, 1, 2 * MiB);
    const io_region from = bay.to(0, 1 * MiB, 8192);
    CHECK(bay.client.refuse(KCOPYD_COPY, &from, {bay.to(0, 1 * MiB - 4096, 8192), bay.to(0, 1 * MiB + 4096, 8192)}) ==
          -EINVAL);
    CHECK(bay.wrong(0, bay.old(0)) == "");
  });
}

TEST_CASE("K25 source equals destination: unchanged, (0,0)") {
  on_each(kMedia, [](const Combo& combo) {
    Bay bay(combo, 1, 4 * MiB);
    check_good(bay.client.copy(bay.to(0, 4096, 3 * MiB), {bay.to(0, 4096, 3 * MiB)}).wait());
    check_good(bay.client.copy(bay.to(0, 0, 4 * MiB), {bay.to(0, 0, 4 * MiB)}, KCOPYD_VERIFY).wait());
    CHECK(bay.wrong(0, bay.old(0)) == "");
  });
}

TEST_CASE("requests that no device can serve are refused, each with its errno") {
  on_each({Medium::file, Medium::loop512}, [](const Combo& combo) {
    Bay bay(combo, 2, 1 * MiB);
    const io_region from = bay.from(0, 8192);
    const io_region to = bay.to(0, 0, 8192), none{.bdev = nullptr, .sector = 0, .count = 16};
    CHECK(bay.client.refuse(KCOPYD_COPY, nullptr, {to}) == -EINVAL);
    CHECK(bay.client.refuse(KCOPYD_COPY, &none, {to}) == -EINVAL);
    CHECK(bay.client.refuse(KCOPYD_COPY, &from, {none}) == -EINVAL);
    CHECK(bay.client.refuse(KCOPYD_COPY, &from, {to}, 1u << 20) == -EINVAL);
    CHECK(bay.client.refuse(static_cast<kcopyd_op>(3), &from, {to}) == -EINVAL);
    // Two overlapping destinations.
    CHECK(bay.client.refuse(KCOPYD_COPY, &from, {to, bay.to(0, 4096, 8192)}) == -EINVAL);
    CHECK(bay.client.refuse(KCOPYD_COPY, &from, {to, to}) == -EINVAL);
    CHECK(bay.client.refuse(KCOPYD_ZERO, nullptr, {bay.to(0, 8192, 4096), bay.to(1, 0, 512), bay.to(0, 0, 16384)}) ==
          -EINVAL);
    const Device again(bay.dests[0].path(), KCOPYD_OPEN_WRITE);
    CHECK(bay.client.refuse(KCOPYD_COPY, &from, {to, again.at(4096, 8192)}) == -EINVAL);
    check_good(bay.client.copy(from, {to, again.at(8192, 8192)}).wait());
    // A descriptor that cannot be written.
    const Device read_only(bay.dests[1].path(), KCOPYD_OPEN_READ);
    CHECK(bay.client.refuse(KCOPYD_COPY, &from, {read_only.at(0, 8192)}) == -EBADF);
    CHECK(bay.client.refuse(KCOPYD_ZERO, nullptr, {read_only.at(0, 8192)}) == -EBADF);
    check_good(bay.client.compare(from, {bay.to(0, 0, 8192)}).wait());
    // Comparing needs no right to write.
    const Device reader(bay.dests[0].path(), KCOPYD_OPEN_READ);
    check_good(bay.client.compare(from, {reader.at(0, 8192)}).wait());
    CHECK(bay.wrong(1, bay.old(1)) == "");

    Answer answer;
    const kcopyd_request silent{
        .op = KCOPYD_COPY, .from = &from, .num_dests = 1, .dests = &to, .flags = 0, .fn = nullptr, .context = nullptr};
    CHECK(kcopyd_submit(bay.client.get(), &silent, nullptr) == -EINVAL);
    CHECK(kcopyd_submit(bay.client.get(), nullptr, nullptr) == -EINVAL);
    CHECK(kcopyd_copy(nullptr, &from, 1, &to, 0, note, &answer) == -EINVAL);
    CHECK(kcopyd_copy(bay.client.get(), &from, 1, nullptr, 0, note, &answer) == -EINVAL);
    CHECK(answer.calls == 0);
  });
}

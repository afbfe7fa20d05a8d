// Comparing and verifying: what a device stored is not what it reports.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>

#include "../lab/disks.h"

using namespace test;

namespace {

// "verify 1 mismatch 1048576+1048576": the chunk of `size` bytes that holds `offset`.
std::string mismatch(int destination, uint64_t chunk, uint64_t length) {
  return "verify " + std::to_string(destination) + " mismatch " + std::to_string(chunk) + "+" + std::to_string(length);
}

// Reads a whole device through the page cache, so that all of it is cached.
void warm(const std::string& path, uint64_t size) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  REQUIRE(fd >= 0);
  Bytes bytes(size);
  CHECK(pread(fd, bytes.data(), size, 0) == static_cast<ssize_t>(size));
  close(fd);
}

}  // namespace

TEST_CASE("compare finds a flipped byte, names its chunk, and writes nothing") {
  on_each(kMedia, [](const Combo& combo) {
    Bay bay(combo, 3, 4 * MiB);
    const uint64_t b = bay.block(), s = bay.client.subjob(), from = 2 * b, to = 5 * b, length = 3 * MiB + b;
    std::vector<Bytes> content;
    for (unsigned i = 0; i < 3; i++) {
      content.push_back(bay.copied(i, from, to, length));
      bay.dests[i].fill(content[i]);
    }
    for (const uint64_t where : {uint64_t{0}, s - 1, s, 2 * s + 777, length - 1}) {
      CAPTURE(where);
      const auto flip = [&] { bay.dests[1].fill({content[1][to + where] ^= 0x01}, to + where); };
      flip();
      const Outcome& out = bay.client.compare(bay.from(from, length), bay.all(to, length)).wait();
      CHECK(out.read_err == 0);
      CHECK(out.write_err == 0b010);
      const uint64_t chunk = where / s * s;
      CHECK(out.list() == Lines{mismatch(1, to + chunk, std::min(s, length - chunk))});
      CHECK(out.progress.dests[0].verified == length);
      CHECK(out.progress.dests[0].written == 0);
      flip();
    }
    for (unsigned i = 0; i < 3; i++) CHECK(bay.wrong(i, content[i]) == "");
  });
}

TEST_CASE("compare reads past the cache") {
  on_each({Medium::loop512, Medium::loop4096}, [](const Combo& combo) {
    Bay bay(combo, 1, 2 * MiB);
    // On a 4096-byte device the last sector is not a whole block, so it is read through the cache, if at all.
    const uint64_t length = 2 * MiB - 3584;
    bay.dests[0].fill(bay.content);
    warm(bay.dests[0].path(), 2 * MiB);
    const std::string where = std::to_string(length - 100);
    bay.dests[0].rule("flip r " + where);
    const Outcome& out = bay.client.compare(bay.from(0, length), bay.all(0, length)).wait();
    CHECK(out.write_err == 1);
    CHECK(out.list() == Lines{mismatch(0, 1 * MiB, length - 1 * MiB)});
  });
}

TEST_CASE("compare reports every range that differs, and read errors of either side as what they are") {
  on_each(kFaulty, [](const Combo& combo) {
    Bay bay(combo, 3, 8 * MiB);
    const uint64_t b = bay.block(), s = bay.client.subjob();
    for (unsigned i = 0; i < 3; i++) bay.dests[i].fill(bay.content);
    bay.dests[0].rule("flip r " + std::to_string(1 * s));
    bay.dests[0].rule("flip r " + std::to_string(5 * s + 1));
    bay.dests[1].rule("eio r " + std::to_string(2 * s + b) + " " + std::to_string(b));
    const Outcome& out = bay.client.compare(bay.from(0, 8 * MiB), bay.all(0, 8 * MiB), KCOPYD_IGNORE_ERROR).wait();
    CHECK(out.read_err == 0);
    CHECK(out.write_err == 0b011);
    CHECK(out.list(0) == Lines{mismatch(0, s, s), mismatch(0, 5 * s, s)});
    CHECK(out.list(1) == Lines{"verify 1 EIO medium " + std::to_string(2 * s + b) + "+" + std::to_string(b)});

    for (auto& dest : bay.dests) dest.forgive();
    bay.source.rule("eio r " + std::to_string(3 * s) + " " + std::to_string(b));
    const Outcome& torn = bay.client.compare(bay.from(0, 8 * MiB), bay.all(0, 8 * MiB)).wait();
    CHECK(torn.read_err == 1);
    CHECK(torn.write_err == 0);
    CHECK(torn.list() == Lines{"read EIO medium " + std::to_string(3 * s) + "+" + std::to_string(b)});
  });
}

TEST_CASE("verify: a good copy gives (0,0), and every byte was read back") {
  on_each(kMedia, [](const Combo& combo) {
    Bay bay(combo, 2, 6 * MiB);
    const uint64_t length = 5 * MiB + 3 * bay.block();
    const Outcome& out = bay.client.copy(bay.from(bay.block(), length), bay.all(0, length), KCOPYD_VERIFY).wait();
    CHECK(out.list() == Lines{});
    for (const unsigned i : {0u, 1u}) {
      CHECK(out.progress.dests[i].verified == length);
      CHECK(out.progress.dests[i].state == KCOPYD_DONE);
      CHECK(bay.wrong(i, bay.copied(i, bay.block(), 0, length)) == "");
    }
  });
}

TEST_CASE("verify finds bits that a device flipped and writes that it lost, and names the chunks") {
  on_each(kFaulty, [](const Combo& combo) {
    Bay bay(combo, 4, 8 * MiB);
    const uint64_t s = bay.client.subjob();
    bay.dests[1].rule("flip w " + std::to_string(3 * s + 12345));
    bay.dests[2].rule("drop w " + std::to_string(6 * s) + " 4096");
    bay.dests[3].rule("flip r " + std::to_string(7 * s + 1));
    const Outcome& out = bay.client.copy(bay.from(0, 8 * MiB), bay.all(0, 8 * MiB), KCOPYD_VERIFY).wait();
    CHECK(out.read_err == 0);
    CHECK(out.write_err == 0b1110);
    CHECK(out.list() == Lines{mismatch(1, 3 * s, s), mismatch(2, 6 * s, s), mismatch(3, 7 * s, s)});
    CHECK(out.progress.dests[1].state == KCOPYD_FAILED);
    CHECK(out.progress.dests[0].state == KCOPYD_DONE);
    CHECK(bay.wrong(0, bay.content) == "");
  });
}

TEST_CASE("without verify the corruption goes unnoticed") {
  on_each({Medium::loop512}, [](const Combo& combo) {
    Bay bay(combo, 1, 2 * MiB);
    bay.dests[0].rule("flip w 12345");
    CHECK(bay.client.copy(bay.from(0, 2 * MiB), bay.all(0, 2 * MiB)).wait().list() == Lines{});
    CHECK(bay.wrong(0, bay.content) != "");
  });
}

TEST_CASE("verify: a place that cannot be read back fails the destination, with its errno and offset") {
  on_each(kFaulty, [](const Combo& combo) {
    Bay bay(combo, 2, 4 * MiB);
    const uint64_t b = bay.block(), bad = 2 * MiB + b;
    bay.dests[0].rule("eio r " + std::to_string(bad) + " " + std::to_string(b));
    const Outcome& out = bay.client.copy(bay.from(0, 4 * MiB), bay.all(0, 4 * MiB), KCOPYD_VERIFY).wait();
    CHECK(out.read_err == 0);
    CHECK(out.write_err == 0b01);
    CHECK(out.list() == Lines{"verify 0 EIO medium " + std::to_string(bad) + "+" + std::to_string(b)});
    CHECK(out.progress.dests[1].verified == 4 * MiB);
  });
}

TEST_CASE("verify reads back no destination that failed in writing, and does not read the source again") {
  on_each({Medium::lab_file}, [](const Combo& combo) {
    Bay bay(combo, 2, 4 * MiB);
    bay.dests[0].rule("eio w 0 4096");
    const uint64_t reads = bay.dests[0].reads();
    bay.source.rule("log on r");
    const Outcome& out = bay.client.copy(bay.from(0, 4 * MiB), bay.all(0, 4 * MiB), KCOPYD_VERIFY).wait();
    CHECK(out.write_err == 0b01);
    CHECK(out.progress.dests[0].verified == 0);
    CHECK(bay.dests[0].reads() == reads);
    CHECK(out.progress.dests[1].verified == 4 * MiB);
    uint64_t read = 0;
    for (const Event& event : bay.source.log()) read += event.length;
    CHECK(read == 4 * MiB);
  });
}

TEST_CASE("verify with ignore error: a range that failed to be written is not listed twice") {
  on_each({Medium::lab_file, Medium::loop512}, [](const Combo& combo) {
    Bay bay(combo, 2, 4 * MiB);
    const uint64_t b = bay.block();
    bay.dests[0].rule("eio w " + std::to_string(1 * MiB) + " " + std::to_string(b));
    const Outcome& out =
        bay.client.copy(bay.from(0, 4 * MiB), bay.all(0, 4 * MiB), KCOPYD_VERIFY | KCOPYD_IGNORE_ERROR).wait();
    CHECK(out.write_err == 0b01);
    CHECK(out.list(1) == Lines{});
    const Lines lines = out.list(0);
    CHECK(std::count(lines.begin(), lines.end(), "write 0 EIO medium 1048576+" + std::to_string(b)) == 1);
    CHECK(bay.wrong(1, bay.content) == "");
  });
}

TEST_CASE("verify with a hole in the source compares what was written, zeros and all") {
  on_each(kFaulty, [](const Combo& combo) {
    Bay bay(combo, 2, 4 * MiB);
    const uint64_t b = bay.block();
    bay.source.rule("eio r " + std::to_string(1 * MiB + b) + " " + std::to_string(b));
    const Outcome& out =
        bay.client.copy(bay.from(0, 4 * MiB), bay.all(0, 4 * MiB), KCOPYD_VERIFY | KCOPYD_IGNORE_ERROR).wait();
    CHECK(out.read_err == 1);
    CHECK(out.write_err == 0);
  });
}

TEST_CASE("verifying zeros finds a byte that is not zero") {
  on_each(kFaulty, [](const Combo& combo) {
    Bay bay(combo, 2, 4 * MiB);
    const uint64_t s = bay.client.subjob();
    bay.dests[1].rule("flip w " + std::to_string(2 * s + 5));
    const Outcome& out = bay.client.zero(bay.all(0, 4 * MiB), KCOPYD_VERIFY).wait();
    CHECK(out.write_err == 0b10);
    CHECK(out.list() == Lines{mismatch(1, 2 * s, s)});
    CHECK(bay.wrong(0, Bytes(4 * MiB)) == "");
  });
}

TEST_CASE("a destination verifies as soon as it is written, whatever the others do") {
  on_each({Medium::lab_file, Medium::loop512}, [](const Combo& combo) {
    Bay bay(combo, 2, 4 * MiB);
    bay.dests[1].rule("stall f");
    Job& job = bay.client.copy(bay.from(0, 4 * MiB), bay.all(0, 4 * MiB), KCOPYD_VERIFY);
    while (job.progress().dests[0].state != KCOPYD_DONE) usleep(1000);
    CHECK(job.progress().dests[0].verified == 4 * MiB);
    while (job.progress().dests[1].state != KCOPYD_FLUSHING) usleep(1000);
    CHECK_FALSE(job.done());
    bay.dests[1].rule("go");
    CHECK(job.wait().list() == Lines{});
  });
}

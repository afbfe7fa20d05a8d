// KCOPYD_SPARSE: zeros are not written, but never left out where something else was.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../lab/disks.h"

using namespace test;

namespace {

constexpr uint64_t kBytes = 12 * MiB + 512;

// Data at 2 MiB and at 7.5 MiB, 1 MiB of written zeros at 4 MiB, holes elsewhere.
Bytes content() {
  Bytes bytes(kBytes);
  const Bytes& some = pattern(kBytes, 1);
  for (const uint64_t at : {2 * MiB, 7 * MiB + 512 * KiB})
    std::copy_n(some.begin(), MiB, bytes.begin() + static_cast<ptrdiff_t>(at));
  return bytes;
}

void make_sparse(const std::string& path) {
  const int fd = open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  REQUIRE(fd >= 0);
  REQUIRE(ftruncate(fd, kBytes) == 0);
  const Bytes bytes = content();
  for (const uint64_t at : {2 * MiB, 4 * MiB, 7 * MiB, 8 * MiB})
    REQUIRE(pwrite(fd, &bytes[at], MiB, static_cast<off_t>(at)) == static_cast<ssize_t>(MiB));
  close(fd);
}

uint64_t allocated(const std::string& path) {
  struct stat status {};
  REQUIRE(stat(path.c_str(), &status) == 0);
  return static_cast<uint64_t>(status.st_blocks) * 512;
}

}  // namespace

TEST_CASE("sparse: a new image has holes where the source has none or only zeros, and the right size") {
  on_each_backend([](kcopyd_backend backend) {
    const Directory directory;
    make_sparse(directory.path("from"));
    for (const unsigned extra : {0u, unsigned{KCOPYD_WRITE_SEQ}, unsigned{KCOPYD_HEAD_LAST}}) {
      CAPTURE(extra);
      const Device from(directory.path("from"), KCOPYD_OPEN_READ);
      const Device to(directory.path("to"), KCOPYD_OPEN_WRITE | KCOPYD_OPEN_CREATE | KCOPYD_OPEN_GROW);
      Client client(backend);
      Job& job = client.copy(from.at(0, kBytes), {to.at(0, kBytes)}, KCOPYD_SPARSE | KCOPYD_VERIFY | extra);
      const Outcome& out = job.wait();
      CHECK(out.list() == Lines{});
      CHECK(difference(read_file(directory.path("to")), content()) == "");
      CHECK(allocated(directory.path("to")) <= 4 * MiB);
      CHECK(out.progress.bytes_read == kBytes);
      CHECK(out.progress.dests[0].written == kBytes);
      CHECK(out.progress.dests[0].zeroed >= kBytes - 4 * MiB);
      CHECK(out.progress.dests[0].verified == kBytes);
    }
  });
}

TEST_CASE("sparse: an image that is all hole gets its size") {
  on_each_backend([](kcopyd_backend backend) {
    const Directory directory;
    write_file(directory.path("from"), {});
    REQUIRE(truncate(directory.path("from").c_str(), 5 * MiB) == 0);
    const Device from(directory.path("from"), KCOPYD_OPEN_READ);
    const Device to(directory.path("to"), KCOPYD_OPEN_WRITE | KCOPYD_OPEN_CREATE | KCOPYD_OPEN_GROW);
    Client client(backend);
    CHECK(client.copy(from.at(0, 5 * MiB), {to.at(0, 5 * MiB)}, KCOPYD_SPARSE | KCOPYD_VERIFY).wait().list() ==
          Lines{});
    CHECK(difference(read_file(directory.path("to")), Bytes(5 * MiB)) == "");
    CHECK(allocated(directory.path("to")) == 0);
  });
}

TEST_CASE("sparse: old content of a disk or file is zeroed, by the device where it can") {
  on_each(kMedia, [](const Combo& combo) {
    Bay bay(combo, 2, 12 * MiB);
    Bytes bytes = content();
    bytes.resize(12 * MiB);
    bay.source.fill(bytes);
    for (auto& dest : bay.dests)
      if (combo.medium != Medium::file) dest.rule("log on wz");
    const Outcome& out =
        bay.client.copy(bay.from(0, 12 * MiB), bay.all(0, 12 * MiB), KCOPYD_SPARSE | KCOPYD_VERIFY | KCOPYD_HEAD_LAST)
            .wait();
    CHECK(out.list() == Lines{});
    for (unsigned i = 0; i < 2; i++) {
      CHECK(bay.wrong(i, bytes) == "");
      CHECK(out.progress.dests[i].written == 12 * MiB);
      CHECK(out.progress.dests[i].zeroed >= 8 * MiB);
      if (combo.medium == Medium::file) continue;
      uint64_t written = 0;
      for (const Event& event : bay.dests[i].log())
        if (event.op == "write") written += event.length;
      CHECK(written <= 5 * MiB);
    }
  });
}

TEST_CASE("sparse: a device that cannot zero gets zeros written") {
  on_each({Medium::lab_file, Medium::loop512, Medium::loop4096}, [](const Combo& combo) {
    Bay bay(combo, 2, 12 * MiB);
    Bytes bytes = content();
    bytes.resize(12 * MiB);
    bay.source.fill(bytes);
    bay.dests[1].rule("eio z 0 end EOPNOTSUPP");
    const Outcome& out =
        bay.client.copy(bay.from(0, 12 * MiB), bay.all(0, 12 * MiB), KCOPYD_SPARSE | KCOPYD_VERIFY).wait();
    CHECK(out.list() == Lines{});
    for (unsigned i = 0; i < 2; i++) CHECK(bay.wrong(i, bytes) == "");
  });
}

TEST_CASE("assume blank: zeros are not even zeroed on a disk; files still get them") {
  on_each({Medium::loop512}, [](const Combo& combo) {
    Bay bay(combo, 1, 12 * MiB);
    Bytes bytes = content();
    bytes.resize(12 * MiB);
    bay.source.fill(bytes);
    bay.dests[0].fill(Bytes(12 * MiB));
    bay.dests[0].rule("log on wz");
    const unsigned flags = KCOPYD_SPARSE | KCOPYD_ASSUME_BLANK | KCOPYD_VERIFY;
    CHECK(bay.client.copy(bay.from(0, 12 * MiB), bay.all(0, 12 * MiB), flags).wait().list() == Lines{});
    CHECK(bay.wrong(0, bytes) == "");
    for (const Event& event : bay.dests[0].log()) CHECK(event.op == "write");
    // Reading back finds out that a disk was not blank.
    bay.dests[0].fill(bay.old(0));
    CHECK(bay.client.copy(bay.from(0, 12 * MiB), bay.all(0, 12 * MiB), flags).wait().write_err == 1);
  });
}

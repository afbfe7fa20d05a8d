// K11, K12, K14 to K20, K31: what a copy does when a device fails, and what it reports. The faults are in the device
// (or the file), at the place named. The tests check bytes, masks and the error list.
#include <unistd.h>

#include <algorithm>

#include "../lab/disks.h"

using namespace test;

namespace {

std::string eio(const char* side, uint64_t offset, uint64_t length) {
  return "eio " + std::string(side) + " " + std::to_string(offset) + " " + std::to_string(length);
}

// "write 1 EIO medium 4096+512"
std::string listed(const std::string& who, uint64_t offset, uint64_t length) {
  return who + " EIO medium " + std::to_string(offset) + "+" + std::to_string(length);
}

// got with [offset, offset + length) taken from other.
Bytes patched(Bytes got, uint64_t offset, uint64_t length, const Bytes& other) {
  const Unwatched unwatched;
  std::copy_n(other.begin() + static_cast<ptrdiff_t>(offset), length, got.begin() + static_cast<ptrdiff_t>(offset));
  return got;
}

Bytes part(const Bytes& bytes, uint64_t offset, uint64_t length) {
  const auto at = bytes.begin() + static_cast<ptrdiff_t>(offset);
  return Bytes(at, at + static_cast<ptrdiff_t>(length));
}

// Every block of a destination is either old or new. Gives the first that is neither.
int64_t torn(const Bytes& got, const Bytes& old, const Bytes& fresh, uint64_t block) {
  for (uint64_t at = 0; at < got.size(); at += block) {
    const auto same = [&](const Bytes& other) {
      return std::equal(got.begin() + static_cast<ptrdiff_t>(at), got.begin() + static_cast<ptrdiff_t>(at + block),
                        other.begin() + static_cast<ptrdiff_t>(at));
    };
    if (!same(old) && !same(fresh)) return static_cast<int64_t>(at);
  }
  return -1;
}

}  // namespace

TEST_CASE("K11 one destination of three fails at its first, middle or last sector") {
  on_each(kFaulty, [](const Combo& combo) {
    Bay bay(combo, 3, 2 * MiB);
    const uint64_t b = bay.block(), to = 4 * b, length = bay.client.subjob();
    for (const uint64_t where : {uint64_t{0}, length / 2, length - b}) {
      CAPTURE(where);
      for (auto& dest : bay.dests) dest.fill(bay.old(static_cast<unsigned>(&dest - bay.dests.data())));
      bay.dests[1].rule(eio("w", to + where, b));
      const Outcome& out = bay.client.copy(bay.from(b, length), bay.all(to, length)).wait();
      CHECK(out.read_err == 0);
      CHECK(out.write_err == 0b010);
      CHECK(out.list() == Lines{listed("write 1", to + where, b)});
      CHECK(out.progress.dests[1].state == KCOPYD_FAILED);
      for (const unsigned i : {0u, 2u}) CHECK(bay.wrong(i, bay.copied(i, b, to, length)) == "");
      CHECK(torn(bay.dests[1].bytes(), bay.old(1), bay.copied(1, b, to, length), b) == -1);
      CHECK(difference(bay.dests[1].bytes(to + where, b), part(bay.old(1), to + where, b)) == "");
      bay.dests[1].rule("clear");
    }
  });
}

TEST_CASE("K12 a destination that fails in sub-job 10 of 16 drops out, the others are written to the end") {
  on_each(kFaulty, [](const Combo& combo) {
    Bay bay(combo, 3, 16 * MiB);
    const uint64_t b = bay.block(), bad = 9 * bay.client.subjob() + 3 * b;
    bay.dests[1].rule(eio("w", bad, b));
    const Outcome& out = bay.client.copy(bay.from(0, 16 * MiB), bay.all(0, 16 * MiB)).wait();
    CHECK(out.read_err == 0);
    CHECK(out.write_err == 0b010);
    CHECK(out.list() == Lines{listed("write 1", bad, b)});
    for (const unsigned i : {0u, 2u}) CHECK(bay.wrong(i, bay.content) == "");
    CHECK(out.progress.bytes_read == 16 * MiB);
    CHECK(torn(bay.dests[1].bytes(), bay.old(1), bay.content, b) == -1);
  });
}

TEST_CASE("K14 with ignore error the failing destination too is written to the end, wrong only where it failed") {
  on_each(kFaulty, [](const Combo& combo) {
    Bay bay(combo, 3, 16 * MiB);
    const uint64_t b = bay.block(), s = bay.client.subjob(), bad = 9 * s + 3 * b, worse = 12 * s - b;
    bay.dests[1].rule(eio("w", bad, b));
    bay.dests[1].rule(eio("w", worse, b));
    const Outcome& out = bay.client.copy(bay.from(0, 16 * MiB), bay.all(0, 16 * MiB), KCOPYD_IGNORE_ERROR).wait();
    CHECK(out.read_err == 0);
    CHECK(out.write_err == 0b010);
    CHECK(out.list() == Lines{listed("write 1", worse, b), listed("write 1", bad, b)});
    for (const unsigned i : {0u, 2u}) CHECK(bay.wrong(i, bay.content) == "");
    CHECK(bay.wrong(1, patched(patched(bay.content, bad, b, bay.old(1)), worse, b, bay.old(1))) == "");
  });
}

TEST_CASE("K15 all destinations fail: every bit, no read error, and the job ends early") {
  on_each(kFaulty, [](const Combo& combo) {
    Bay bay(combo, 3, 16 * MiB, {.pages = 512});
    const uint64_t b = bay.block();
    for (auto& dest : bay.dests) dest.rule(eio("w", b, b));
    const Outcome& out = bay.client.copy(bay.from(0, 16 * MiB), bay.all(0, 16 * MiB)).wait();
    CHECK(out.read_err == 0);
    CHECK(out.write_err == 0b111);
    CHECK(out.list() == Lines{listed("write 0", b, b), listed("write 1", b, b), listed("write 2", b, b)});
    CHECK(out.progress.bytes_read < 16 * MiB);
  });
}

TEST_CASE("K16 ignore error: destination 0 fails in sub-job 3, destination 2 in 20") {
  on_each(kFaulty, [](const Combo& combo) {
    Bay bay(combo, 3, 6 * MiB, {.pages = 64});
    const uint64_t b = bay.block(), s = bay.client.subjob(), first = 2 * s, second = 20 * s - 2 * b;
    bay.dests[0].rule(eio("w", first, b));
    bay.dests[2].rule(eio("w", second, 2 * b));
    const Outcome& out = bay.client.copy(bay.from(0, 6 * MiB), bay.all(0, 6 * MiB), KCOPYD_IGNORE_ERROR).wait();
    CHECK(out.read_err == 0);
    CHECK(out.write_err == 0b101);
    CHECK(out.list() == Lines{listed("write 0", first, b), listed("write 2", second, 2 * b)});
    CHECK(bay.wrong(0, patched(bay.content, first, b, bay.old(0))) == "");
    CHECK(bay.wrong(1, bay.content) == "");
    CHECK(bay.wrong(2, patched(bay.content, second, 2 * b, bay.old(2))) == "");
  });
}

TEST_CASE("K17 a read error within one sub-job: (1,0), no byte of a destination changes") {
  on_each(kFaulty, [](const Combo& combo) {
    Bay bay(combo, 2, 2 * MiB);
    const uint64_t b = bay.block(), length = bay.client.subjob();
    for (const uint64_t where : {uint64_t{0}, length / 2 + b, length - b}) {
      CAPTURE(where);
      bay.source.rule(eio("r", b + where, b));
      const Outcome& out = bay.client.copy(bay.from(b, length), bay.all(0, length)).wait();
      CHECK(out.read_err == 1);
      CHECK(out.write_err == 0);
      CHECK(out.list() == Lines{listed("read", b + where, b)});
      for (const unsigned i : {0u, 1u}) CHECK(bay.wrong(i, bay.old(i)) == "");
      bay.source.rule("clear");
    }
  });
}

TEST_CASE(
    "K18 a read error in sub-job 10: (1,0), its range unchanged everywhere, earlier ones copied as far as each was") {
  on_each(kFaulty, [](const Combo& combo) {
    Bay bay(combo, 2, 16 * MiB);
    const uint64_t b = bay.block(), s = bay.client.subjob(), bad = 9 * s + s / 2;
    bay.source.rule(eio("r", bad, b));
    const Outcome& out = bay.client.copy(bay.from(0, 16 * MiB), bay.all(0, 16 * MiB)).wait();
    CHECK(out.read_err == 1);
    CHECK(out.write_err == 0);
    CHECK(out.list() == Lines{listed("read", bad, b)});
    // On a busy machine a destination that was left behind ends where it is when the source fails.
    const auto has_all_before = [&](unsigned i) {
      return difference(bay.dests[i].bytes(0, 9 * s), part(bay.content, 0, 9 * s)).empty();
    };
    CHECK((has_all_before(0) || has_all_before(1)));
    for (const unsigned i : {0u, 1u}) {
      CHECK(difference(bay.dests[i].bytes(9 * s, s), part(bay.old(i), 9 * s, s)) == "");
      CHECK(torn(bay.dests[i].bytes(), bay.old(i), bay.content, s) == -1);
    }
  });
}

TEST_CASE("K19 a read error with ignore error: readable sectors exact, the others zero and listed by offset") {
  on_each(kFaulty, [](const Combo& combo) {
    Bay bay(combo, 2, 6 * MiB);
    const uint64_t b = bay.block(), s = bay.client.subjob(), to = 2 * b, length = 5 * MiB;
    const std::pair<uint64_t, uint64_t> holes[] = {{b, b}, {s + 6 * b, 3 * b}, {3 * s, b}, {b + length - b, b}};
    Bytes want = bay.copied(0, b, to, length), other = bay.copied(1, b, to, length);
    Lines lines;
    for (const auto& [offset, size] : holes) {
      bay.source.rule(eio("r", offset, size));
      std::fill_n(want.begin() + static_cast<ptrdiff_t>(offset - b + to), size, 0);
      std::fill_n(other.begin() + static_cast<ptrdiff_t>(offset - b + to), size, 0);
      lines.push_back(listed("read", offset, size));
    }
    std::sort(lines.begin(), lines.end());
    const Outcome& out = bay.client.copy(bay.from(b, length), bay.all(to, length), KCOPYD_IGNORE_ERROR).wait();
    CHECK(out.read_err == 1);
    CHECK(out.write_err == 0);
    CHECK(out.list() == lines);
    CHECK(bay.wrong(0, want) == "");
    CHECK(bay.wrong(1, other) == "");
  });
}

TEST_CASE(
    "K19 a source that is gone, or shorter by now, with ignore error: zeros from there on, not what a buffer had "
    "before") {
  on_each({Medium::lab_file, Medium::loop512}, [](const Combo& combo) {
    for (const std::string rule : {"after r 1M dead ENODEV", "after r 1M dead ENXIO", "after r 1M resize 0"}) {
      CAPTURE(rule);
      Bay bay(combo, 1, 2 * MiB, {.pages = 64, .subjob_size = 64 * KiB});
      bay.source.rule(rule);
      const Outcome& out =
          bay.client.copy(bay.from(0, 2 * MiB), bay.all(0, 2 * MiB), KCOPYD_IGNORE_ERROR | KCOPYD_VERIFY).wait();
      CHECK(out.read_err == 1);
      CHECK(out.write_err == 0);
      Bytes want = bay.content;
      for (const auto& hole : out.errors)
        std::fill_n(want.begin() + static_cast<ptrdiff_t>(hole.offset), hole.length, 0);
      CHECK(bay.wrong(0, want) == "");
      bay.source.rule("resize 2M");
    }
  });
}

TEST_CASE("K20 a read error and a failing destination with ignore error: (1, 0b001)") {
  on_each(kFaulty, [](const Combo& combo) {
    Bay bay(combo, 2, 4 * MiB);
    const uint64_t b = bay.block(), s = bay.client.subjob();
    // Once the two errors are in different sub-jobs, and once in the same place.
    for (const uint64_t write_at : {2 * s + b, s}) {
      CAPTURE(write_at);
      for (const unsigned i : {0u, 1u}) bay.dests[i].fill(bay.old(i));
      bay.source.rule(eio("r", s, b));
      bay.dests[0].rule(eio("w", write_at, b));
      const Outcome& out = bay.client.copy(bay.from(0, 4 * MiB), bay.all(0, 4 * MiB), KCOPYD_IGNORE_ERROR).wait();
      CHECK(out.read_err == 1);
      CHECK(out.write_err == 0b001);
      CHECK(out.list() == Lines{listed("read", s, b), listed("write 0", write_at, b)});
      const Bytes holed = patched(bay.content, s, b, Bytes(4 * MiB));
      CHECK(bay.wrong(0, patched(holed, write_at, b, bay.old(0))) == "");
      CHECK(bay.wrong(1, holed) == "");
      bay.source.rule("clear");
      bay.dests[0].rule("clear");
    }
  });
}

TEST_CASE("K20 zeroing: one destination fails, the other is zero to the end") {
  on_each(kFaulty, [](const Combo& combo) {
    Bay bay(combo, 2, 4 * MiB);
    const uint64_t b = bay.block(), bad = 2 * MiB + b;
    bay.dests[0].rule(eio("w", bad, b));
    const Outcome& out = bay.client.zero(bay.all(0, 4 * MiB), KCOPYD_IGNORE_ERROR).wait();
    CHECK(out.read_err == 0);
    CHECK(out.write_err == 0b01);
    CHECK(out.list() == Lines{listed("write 0", bad, b)});
    CHECK(bay.wrong(0, patched(Bytes(4 * MiB), bad, b, bay.old(0))) == "");
    CHECK(bay.wrong(1, Bytes(4 * MiB)) == "");
  });
}

TEST_CASE("an error that a retry clears is not listed") {
  on_each(kFaulty, [](const Combo& combo) {
    Bay bay(combo, 2, 4 * MiB);
    bay.source.rule(eio("r", 1 * MiB, 4096) + " EIO 1");
    bay.dests[1].rule(eio("w", 2 * MiB, 4096) + " EIO 2");
    const Outcome& out = bay.client.copy(bay.from(0, 4 * MiB), bay.all(0, 4 * MiB)).wait();
    CHECK(out.read_err == 0);
    CHECK(out.write_err == 0);
    CHECK(out.list() == Lines{});
    for (const unsigned i : {0u, 1u}) CHECK(bay.wrong(i, bay.content) == "");
  });
}

TEST_CASE("short transfers of a file are continued") {
  if (lab_missing()) return;
  on_each_backend([](kcopyd_backend backend) {
    Bay bay({backend, Medium::lab_file}, 2, 4 * MiB);
    bay.source.rule("partial r 20480");
    bay.dests[1].rule("partial w 12288");
    const Outcome& out = bay.client.copy(bay.from(0, 4 * MiB), bay.all(0, 4 * MiB)).wait();
    CHECK(out.list() == Lines{});
    for (const unsigned i : {0u, 1u}) CHECK(bay.wrong(i, bay.content) == "");
  });
}

TEST_CASE("errnos of a file reach the list as they are, each with its meaning") {
  if (lab_missing()) return;
  struct Case {
    const char* err;
    const char* line;
  };
  on_each_backend([](kcopyd_backend backend) {
    Bay bay({backend, Medium::lab_file}, 2, 1 * MiB);
    const uint64_t b = bay.block(), length = 16 * b;
    const std::string place = " " + std::to_string(4 * b) + "+" + std::to_string(b);
    const std::string rest = " 0+" + std::to_string(length);
    for (const Case& c :
         {Case{"EIO", "EIO medium"}, Case{"ENODATA", "ENODATA medium"}, Case{"EILSEQ", "EILSEQ medium"},
          Case{"EREMOTEIO", "EREMOTEIO io"}, Case{"ETIMEDOUT", "ETIMEDOUT timed-out"}, Case{"EPROTO", "EPROTO io"}}) {
      CAPTURE(c.err);
      bay.dests[1].rule(eio("w", 4 * b, b) + " " + c.err);
      const Outcome& written = bay.client.copy(bay.from(0, length), bay.all(0, length)).wait();
      CHECK(written.list() == Lines{std::string("write 1 ") + c.line + place});
      bay.dests[1].rule("clear");
      bay.source.rule(eio("r", 4 * b, b) + " " + c.err);
      const Outcome& read = bay.client.copy(bay.from(0, length), bay.all(0, length)).wait();
      CHECK(read.list() == Lines{std::string("read ") + c.line + place});
      bay.source.rule("clear");
    }
    // Where the place means nothing, the whole rest is named.
    for (const Case& c :
         {Case{"ENODEV", "ENODEV gone"}, Case{"ENXIO", "ENXIO gone"}, Case{"ENOMEDIUM", "ENOMEDIUM gone"},
          Case{"ENOSPC", "ENOSPC no-space"}, Case{"EDQUOT", "EDQUOT no-space"}, Case{"EFBIG", "EFBIG no-space"},
          Case{"EROFS", "EROFS read-only"}, Case{"EPERM", "EPERM read-only"}}) {
      CAPTURE(c.err);
      bay.dests[1].rule(eio("w", 4 * b, b) + " " + c.err);
      const Outcome& written = bay.client.copy(bay.from(0, length), bay.all(0, length)).wait();
      CHECK(written.write_err == 0b10);
      REQUIRE(written.errors.size() == 1);
      CHECK(written.list()[0].starts_with(std::string("write 1 ") + c.line));
      bay.dests[1].rule("clear");
    }
  });
}

TEST_CASE("K31 a destination that dies mid-job has its bit, the others finish") {
  on_each(kFaulty, [](const Combo& combo) {
    Bay bay(combo, 3, 16 * MiB);
    bay.dests[1].rule("after w 8M stall w");
    Job& job = bay.client.copy(bay.from(0, 16 * MiB), bay.all(0, 16 * MiB));
    while (job.progress().dests[1].written < 2 * MiB) usleep(1000);
    bay.dests[1].kill();
    const Outcome& out = job.wait();
    CHECK(out.read_err == 0);
    CHECK(out.write_err == 0b010);
    REQUIRE(out.errors.size() >= 1);
    for (const auto& error : out.errors)
      CHECK((error.err == EIO || error.err == ENXIO || error.err == ENODEV || error.err == ENOTCONN ||
             error.err == ECONNABORTED));
    for (const unsigned i : {0u, 2u}) CHECK(bay.wrong(i, bay.content) == "");
  });
}

TEST_CASE("K31 a source that dies mid-job ends the job with read_err") {
  on_each(kFaulty, [](const Combo& combo) {
    Bay bay(combo, 2, 16 * MiB);
    bay.source.rule("after r 8M stall r");
    Job& job = bay.client.copy(bay.from(0, 16 * MiB), bay.all(0, 16 * MiB));
    while (job.progress().bytes_read < 2 * MiB) usleep(1000);
    bay.source.kill();
    const Outcome& out = job.wait();
    CHECK(out.read_err == 1);
    CHECK(out.write_err == 0);
    for (const unsigned i : {0u, 1u}) CHECK(torn(bay.dests[i].bytes(), bay.old(i), bay.content, 4096) == -1);
  });
}

TEST_CASE("K31 a dead destination with ignore error is not asked for every block it has") {
  on_each(kFaulty, [](const Combo& combo) {
    Bay bay(combo, 2, 16 * MiB);
    bay.dests[1].rule("after w 4M dead");
    const Outcome& out = bay.client.copy(bay.from(0, 16 * MiB), bay.all(0, 16 * MiB), KCOPYD_IGNORE_ERROR).wait();
    CHECK(out.write_err == 0b10);
    CHECK(bay.wrong(0, bay.content) == "");
    // 12 MiB are 24,576 sectors: a bounded number of retries is far less than one request for each.
    CHECK(bay.dests[1].writes() < 6000);
  });
}

TEST_CASE("a bad range of the head, which is read twice, is listed once") {
  on_each(kFaulty, [](const Combo& combo) {
    Bay bay(combo, 2, 4 * MiB);
    const uint64_t b = bay.block();
    bay.source.rule(eio("r", 2 * b, b));
    bay.dests[1].rule(eio("w", 5 * b, b));
    const unsigned flags = KCOPYD_HEAD_LAST | KCOPYD_IGNORE_ERROR;
    const Outcome& out = bay.client.copy(bay.from(0, 4 * MiB), bay.all(0, 4 * MiB), flags).wait();
    CHECK(out.read_err == 1);
    CHECK(out.write_err == 0b10);
    CHECK(out.list() == Lines{listed("read", 2 * b, b), listed("write 1", 5 * b, b)});
    const Bytes holed = patched(bay.content, 2 * b, b, Bytes(4 * MiB));
    CHECK(bay.wrong(0, holed) == "");
    CHECK(bay.wrong(1, patched(holed, 5 * b, b, bay.old(1))) == "");
  });
}

TEST_CASE("a bad range that a lagging destination reads again is listed once") {
  on_each(kFaulty, [](const Combo& combo) {
    Bay bay(combo, 2, 24 * MiB, {.pages = 4096});
    const uint64_t b = bay.block(), bad = 16 * MiB + b;
    bay.source.rule(eio("r", bad, b));
    bay.dests[1].rule("after w 2M stall w");
    Job& job = bay.client.copy(bay.from(0, 24 * MiB), bay.all(0, 24 * MiB), KCOPYD_IGNORE_ERROR);
    while (job.progress().dests[0].written < 24 * MiB) usleep(1000);
    bay.dests[1].forgive();
    const Outcome& out = job.wait();
    CHECK(out.read_err == 1);
    CHECK(out.list() == Lines{listed("read", bad, b)});
    for (const unsigned i : {0u, 1u}) CHECK(bay.wrong(i, patched(bay.content, bad, b, Bytes(24 * MiB))) == "");
  });
}

TEST_CASE("a hole that can be read the second time does not fail a lagging destination") {
  on_each({Medium::lab_file}, [](const Combo& combo) {
    Bay bay(combo, 2, 24 * MiB, {.pages = 4096});
    const uint64_t b = bay.block(), bad = 16 * MiB + b;
    bay.source.rule(eio("r", bad, b));
    bay.dests[1].rule("after w 2M stall w");
    Job& job = bay.client.copy(bay.from(0, 24 * MiB), bay.all(0, 24 * MiB), KCOPYD_IGNORE_ERROR | KCOPYD_VERIFY);
    while (job.progress().dests[0].state != KCOPYD_DONE) usleep(1000);
    bay.source.forgive();
    bay.dests[1].forgive();
    const Outcome& out = job.wait();
    CHECK(out.read_err == 1);
    CHECK(out.write_err == 0);
    CHECK(out.list() == Lines{listed("read", bad, b)});
    const Bytes holed = patched(bay.content, bad, b, Bytes(24 * MiB));
    CHECK(bay.wrong(0, holed) == "");
    const bool either = bay.wrong(1, holed).empty() || bay.wrong(1, bay.content).empty();
    CHECK(either);
  });
}

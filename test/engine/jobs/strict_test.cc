// K12 and K13 in strict mode (the kernel's own behaviour), and K21 to K23, writing in sequence.
#include <unistd.h>

#include <algorithm>

#include "../lab/disks.h"

using namespace test;

namespace {

std::string eio(const char* side, uint64_t offset, uint64_t length) {
  return "eio " + std::string(side) + " " + std::to_string(offset) + " " + std::to_string(length);
}

Bytes part(const Bytes& bytes, uint64_t offset, uint64_t length) {
  const auto at = bytes.begin() + static_cast<ptrdiff_t>(offset);
  return Bytes(at, at + static_cast<ptrdiff_t>(length));
}

// Writes come in ascending order, and none begins before the previous one has ended.
void check_ascending(const std::vector<Event>& log) {
  uint64_t end = 0, place = 0;
  for (const Event& event : log) {
    if (event.op != "write") continue;
    CHECK(event.offset >= place);
    CHECK(event.begin > end);
    place = event.offset + event.length;
    end = event.end;
  }
}

}  // namespace

TEST_CASE("K12 strict: the others hold the sub-job that failed, and nothing new starts after it") {
  on_each(kFaulty, [](const Combo& combo) {
    Bay bay(combo, 3, 4 * MiB, {.pages = 64, .strict = true});  // one sub-job at a time
    const uint64_t b = bay.block(), s = bay.client.subjob(), end = 10 * s;
    REQUIRE(bay.client.pool().slots == 1);
    bay.dests[1].rule(eio("w", 9 * s + b, b));
    const Outcome& out = bay.client.copy(bay.from(0, 4 * MiB), bay.all(0, 4 * MiB)).wait();
    CHECK(out.read_err == 0);
    CHECK(out.write_err == 0b010);
    for (const unsigned i : {0u, 2u}) CHECK(bay.wrong(i, bay.copied(i, 0, 0, end)) == "");
    CHECK(difference(bay.dests[1].bytes(end, 4 * MiB - end), part(bay.old(1), end, 4 * MiB - end)) == "");
  });
}

TEST_CASE("K13 strict: ranges never dispatched are unchanged everywhere") {
  on_each(kFaulty, [](const Combo& combo) {
    Bay bay(combo, 2, 16 * MiB, {.pages = 512, .strict = true});
    const uint64_t b = bay.block(), s = bay.client.subjob();
    bay.dests[0].rule(eio("w", 2 * s, b));
    bay.dests[1].rule("stall w " + std::to_string(2 * s) +
                      " end");  // so nothing else is dispatched before the other has failed
    Job& job = bay.client.copy(bay.from(0, 16 * MiB), bay.all(0, 16 * MiB));
    wait_for([&] { return job.progress().errors > 0; });
    bay.dests[1].rule("go");
    const Outcome& out = job.wait();
    CHECK(out.write_err == 0b01);
    // As the engine has counted from the start: programs that list this machine's disks also read from the source.
    const uint64_t dispatched = out.progress.bytes_read;
    REQUIRE(dispatched < 16 * MiB);
    for (const unsigned i : {0u, 1u}) {
      const uint64_t rest = 16 * MiB - dispatched;
      CHECK(difference(bay.dests[i].bytes(dispatched, rest), part(bay.old(i), dispatched, rest)) == "");
    }
    CHECK(difference(bay.dests[1].bytes(0, dispatched), part(bay.content, 0, dispatched)) == "");
  });
}

TEST_CASE("K14 strict with ignore error goes on to the end") {
  on_each({Medium::loop512}, [](const Combo& combo) {
    Bay bay(combo, 2, 8 * MiB, {.strict = true});
    bay.dests[0].rule(eio("w", 2 * MiB, bay.block()));
    const Outcome& out = bay.client.copy(bay.from(0, 8 * MiB), bay.all(0, 8 * MiB), KCOPYD_IGNORE_ERROR).wait();
    CHECK(out.write_err == 0b01);
    CHECK(bay.wrong(1, bay.content) == "");
  });
}

TEST_CASE("K21 sequential: writes ascend at every destination, one at a time") {
  on_each(kFaulty, [](const Combo& combo) {
    Bay bay(combo, 3, 8 * MiB);
    // Reads come back out of order, and one destination lags.
    bay.source.rule("delay r 8000 0 1M");
    bay.source.rule("delay r 4000 3M 1M");
    bay.dests[2].rule("delay w 2000");
    for (auto& dest : bay.dests) dest.rule("log on w");
    const Outcome& out = bay.client.copy(bay.from(0, 8 * MiB), bay.all(0, 8 * MiB), KCOPYD_WRITE_SEQ).wait();
    CHECK(out.list() == Lines{});
    for (unsigned i = 0; i < 3; i++) {
      CHECK(bay.wrong(i, bay.content) == "");
      if (combo.medium == Medium::lab_file) check_ascending(bay.dests[i].log());  // a loop device may split and reorder
      uint64_t place = 0;
      for (const Event& event : bay.dests[i].log()) {
        CHECK(event.offset + bay.client.subjob() > place);  // at most within one sub-job
        place = std::max(place, event.offset);
      }
    }
  });
}

TEST_CASE("K22 sequential and a write error: only the failing bits") {
  on_each(kFaulty, [](const Combo& combo) {
    for (const unsigned flags : {0u, unsigned{KCOPYD_IGNORE_ERROR}}) {
      CAPTURE(flags);
      Bay bay(combo, 3, 6 * MiB);
      const uint64_t b = bay.block(), bad = 2 * MiB + 2 * b;
      bay.dests[2].rule(eio("w", bad, b));
      const Outcome& out = bay.client.copy(bay.from(0, 6 * MiB), bay.all(0, 6 * MiB), KCOPYD_WRITE_SEQ | flags).wait();
      CHECK(out.read_err == 0);
      CHECK(out.write_err == 0b100);
      CHECK(out.list() == Lines{"write 2 EIO medium " + std::to_string(bad) + "+" + std::to_string(b)});
      for (const unsigned i : {0u, 1u}) CHECK(bay.wrong(i, bay.content) == "");
      // With WRITE_SEQ nothing is written behind the request that failed. A loop device carries out what it can of that
      // request; a file of the lab nothing, so there it is an exact prefix.
      if (flags) continue;
      const uint64_t end =
          combo.medium == Medium::lab_file ? bad : (bad / bay.client.subjob() + 1) * bay.client.subjob();
      CHECK(difference(bay.dests[2].bytes(0, bad), part(bay.content, 0, bad)) == "");
      CHECK(difference(bay.dests[2].bytes(end, 6 * MiB - end), part(bay.old(2), end, 6 * MiB - end)) == "");
    }
  });
}

TEST_CASE("K23 sequential and a read error with later reads already there: ends, and destinations are exact prefixes") {
  on_each(kFaulty, [](const Combo& combo) {
    Bay bay(combo, 2, 8 * MiB);
    const uint64_t b = bay.block(), s = bay.client.subjob();
    bay.source.rule(eio("r", 3 * s + 5 * b, b));
    bay.source.rule("delay r 20000 " + std::to_string(3 * s) + " " + std::to_string(s));  // later reads overtake it
    const Outcome& out = bay.client.copy(bay.from(0, 8 * MiB), bay.all(0, 8 * MiB), KCOPYD_WRITE_SEQ).wait();
    CHECK(out.read_err == 1);
    CHECK(out.write_err == 0);
    for (const unsigned i : {0u, 1u}) CHECK(bay.wrong(i, bay.copied(i, 0, 0, 3 * s)) == "");
  });
}

TEST_CASE("K23 sequential and an ignored read error: all there but the hole") {
  on_each({Medium::loop512}, [](const Combo& combo) {
    Bay bay(combo, 2, 8 * MiB);
    const uint64_t b = bay.block(), bad = 2 * MiB;
    bay.source.rule(eio("r", bad, b));
    const Outcome& out =
        bay.client.copy(bay.from(0, 8 * MiB), bay.all(0, 8 * MiB), KCOPYD_WRITE_SEQ | KCOPYD_IGNORE_ERROR).wait();
    CHECK(out.read_err == 1);
    Bytes want = bay.content;
    std::fill_n(want.begin() + static_cast<ptrdiff_t>(bad), b, 0);
    for (const unsigned i : {0u, 1u}) CHECK(bay.wrong(i, want) == "");
  });
}

// KCOPYD_HEAD_LAST: an interrupted copy cannot be mistaken for a finished one.
#include <algorithm>

#include "../lab/disks.h"

using namespace test;

namespace {

constexpr uint64_t kBytes = 6 * MiB + 512;

Bytes head_of(const Disk& disk) { return disk.bytes(0, MiB); }

}  // namespace

TEST_CASE("head last: the copy is whole, its head is written last and flushed on both sides") {
  on_each(kFaulty, [](const Combo& combo) {
    const uint64_t bytes = combo.medium == Medium::loop4096 ? 6 * MiB : kBytes;
    Bay bay(combo, 2, bytes);
    for (auto& dest : bay.dests) dest.rule("log on wf");
    const Outcome& out =
        bay.client.copy(bay.from(0, bytes), bay.all(0, bytes), KCOPYD_HEAD_LAST | KCOPYD_VERIFY).wait();
    CHECK(out.list() == Lines{});
    CHECK(out.progress.bytes_read == bytes);
    for (unsigned i = 0; i < 2; i++) {
      CHECK(bay.wrong(i, bay.content) == "");
      CHECK(out.progress.dests[i].written == bytes);
      CHECK(out.progress.dests[i].verified == bytes);
      const auto log = bay.dests[i].log();
      const auto head = [](const Event& e) { return e.op == "write" && e.offset < MiB; };
      // Zeros in the head's place, flushed; the rest, flushed; the head, flushed. Everything before a flush has ended
      // by then.
      const auto is_flush = [](const Event& e) { return e.op == "flush"; };
      const auto blanked = std::find_if(log.begin(), log.end(), is_flush);
      REQUIRE(blanked != log.end());
      const auto sealed = std::find_if(blanked + 1, log.end(), is_flush);
      REQUIRE(sealed != log.end());
      for (auto e = log.begin(); e != blanked; ++e) CHECK(e->end < blanked->begin);
      for (auto e = blanked; e != sealed; ++e) CHECK(e->end < sealed->begin);
      CHECK(blanked != log.begin());
      CHECK(std::all_of(log.begin(), blanked, head));
      CHECK(std::none_of(blanked, sealed, head));
      CHECK(std::all_of(sealed, log.end(), [&](const Event& e) { return is_flush(e) || head(e); }));
      CHECK(std::any_of(sealed, log.end(), head));
      CHECK(log.back().op == "flush");
    }
  });
}

TEST_CASE("head last: cancelled, failed or cut off from its source, a destination has a blank head") {
  on_each(kFaulty, [](const Combo& combo) {
    Bay bay(combo, 2, 24 * MiB);
    SUBCASE("cancelled") {
      for (auto& dest : bay.dests) dest.rule("after w 16M stall w");
      Job& job = bay.client.copy(bay.from(0, 24 * MiB), bay.all(0, 24 * MiB), KCOPYD_HEAD_LAST);
      while (job.progress().dests[0].written < 8 * MiB) usleep(1000);
      job.cancel();
      for (auto& dest : bay.dests) dest.forgive();
      CHECK(job.wait().write_err == 0b11);
      for (unsigned i = 0; i < 2; i++) CHECK(difference(head_of(bay.dests[i]), Bytes(MiB)) == "");
    }
    SUBCASE("a write fails") {
      bay.dests[1].rule("eio w 20M 4096");
      CHECK(bay.client.copy(bay.from(0, 24 * MiB), bay.all(0, 24 * MiB), KCOPYD_HEAD_LAST).wait().write_err == 0b10);
      CHECK(bay.wrong(0, bay.content) == "");
      CHECK(difference(head_of(bay.dests[1]), Bytes(MiB)) == "");
    }
    SUBCASE("the flush before the head fails") {
      bay.dests[1].rule("flush-fails EIO");
      CHECK(bay.client.copy(bay.from(0, 24 * MiB), bay.all(0, 24 * MiB), KCOPYD_HEAD_LAST).wait().write_err == 0b10);
      CHECK(difference(head_of(bay.dests[1]), Bytes(MiB)) == "");
    }
    SUBCASE("the source fails") {
      bay.source.rule("eio r 20M 4096");
      CHECK(bay.client.copy(bay.from(0, 24 * MiB), bay.all(0, 24 * MiB), KCOPYD_HEAD_LAST).wait().read_err == 1);
      for (unsigned i = 0; i < 2; i++) CHECK(difference(head_of(bay.dests[i]), Bytes(MiB)) == "");
    }
    SUBCASE("the source's head fails: nothing is written at all") {
      bay.source.rule("eio r 4096 4096");
      CHECK(bay.client.copy(bay.from(0, 2 * MiB), bay.all(0, 2 * MiB), KCOPYD_HEAD_LAST).wait().read_err == 1);
      for (unsigned i = 0; i < 2; i++)
        CHECK(difference(head_of(bay.dests[i]), Bytes(bay.old(i).begin(), bay.old(i).begin() + MiB)) == "");
    }
  });
}

TEST_CASE("head last: refused in sequence, ignored where it cannot be") {
  on_each_backend([](kcopyd_backend backend) {
    Bay bay({backend, Medium::file}, 1, 4 * MiB);
    const io_region from = bay.from(0, 4 * MiB);
    CHECK(bay.client.refuse(KCOPYD_COPY, &from, bay.all(0, 4 * MiB), KCOPYD_HEAD_LAST | KCOPYD_WRITE_SEQ) == -EINVAL);
    CHECK(bay.client.copy(bay.from(0, 4096), bay.all(0, 4096), KCOPYD_HEAD_LAST).wait().list() == Lines{});
    CHECK(bay.wrong(0, bay.copied(0, 0, 0, 4096)) == "");
    // Onto itself: blanking the head would destroy the source.
    const Bytes before = bay.dests[0].bytes();
    CHECK(bay.client.copy(bay.to(0, 0, 3 * MiB), {bay.to(0, MiB, 3 * MiB)}, KCOPYD_HEAD_LAST).wait().list() == Lines{});
    CHECK(difference(bay.dests[0].bytes(MiB, 3 * MiB), Bytes(before.begin(), before.begin() + 3 * MiB)) == "");
  });
}

// Valid and invalid messages.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/loop.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <functional>
#include <memory>

#include "support.h"

using namespace test;

namespace {

int flags_of(const Descriptor& descriptor) { return fcntl(descriptor.get(), F_GETFL); }

dev_t number_of(const Descriptor& descriptor) {
  struct stat found {};
  return fstat(descriptor.get(), &found) == 0 ? found.st_rdev : 0;
}

dev_t number_of(const std::string& path) {
  struct stat found {};
  return stat(path.c_str(), &found) == 0 ? found.st_rdev : 0;
}

// How many descriptors a process has open.
size_t open_descriptors(pid_t pid) {
  return static_cast<size_t>(shell("exit $(ls /proc/" + std::to_string(pid) + "/fd | wc -l)"));
}

// Waits until `holds` is true; false when it never is. The broker closes its own descriptors only after it has
// answered.
bool becomes_true(const std::function<bool()>& holds) {
  for (int waited = 0; waited < 30'000; ++waited) {
    if (holds()) return true;
    usleep(1000);
  }
  return false;
}

bool becomes_free(const std::string& path) {
  return becomes_true([&] { return bool{Descriptor(open(path.c_str(), O_RDONLY | O_EXCL))}; });
}

}  // namespace

TEST_CASE("OPEN for reading gives a direct and a buffered descriptor without write access") {
  if (cannot_run()) return;
  const Loop disk;
  Session session({"--read", disk.name()});
  REQUIRE(session.client().name({disk.device(Access::kRead)}).status == Status::kOk);
  const Answer answer = session.client().open(0, Access::kRead);
  CHECK(answer.status == Status::kOk);
  CHECK(answer.verb == Verb::kOpen);
  REQUIRE(answer.descriptors.size() == 2);
  CHECK((flags_of(answer.descriptors[0]) & (O_ACCMODE | O_DIRECT)) == (O_RDONLY | O_DIRECT));
  CHECK((flags_of(answer.descriptors[1]) & (O_ACCMODE | O_DIRECT)) == O_RDONLY);
  for (const Descriptor& descriptor : answer.descriptors) CHECK(number_of(descriptor) == number_of(disk.path()));
}

TEST_CASE("OPEN for writing gives a claim, a direct and a buffered descriptor") {
  if (cannot_run()) return;
  const Loop disk;
  Session session({&disk});
  Answer answer = session.client().open(0, Access::kWrite);
  CHECK(answer.status == Status::kOk);
  REQUIRE(answer.descriptors.size() == 3);
  CHECK((flags_of(answer.descriptors[1]) & (O_ACCMODE | O_DIRECT)) == (O_RDWR | O_DIRECT));
  CHECK((flags_of(answer.descriptors[2]) & (O_ACCMODE | O_DIRECT)) == O_RDWR);
  for (const Descriptor& descriptor : answer.descriptors) CHECK(number_of(descriptor) == number_of(disk.path()));
  CHECK(pwrite(answer.descriptors[2].get(), "x", 1, 0) == 1);
  CHECK(Descriptor(open(disk.path().c_str(), O_RDONLY | O_EXCL)).get() < 0);
  answer.descriptors.erase(answer.descriptors.begin());
  CHECK(becomes_free(disk.path()));
}

TEST_CASE("a device that is named for writing can be opened for reading, and is not claimed then") {
  if (cannot_run()) return;
  const Loop disk;
  Session session({&disk});
  const Answer answer = session.client().open(0, Access::kRead);
  CHECK(answer.status == Status::kOk);
  CHECK(answer.descriptors.size() == 2);
  CHECK(Descriptor(open(disk.path().c_str(), O_RDONLY | O_EXCL)).get() >= 0);
}

TEST_CASE("a device that is named for reading is not opened for writing, unmounted, reread or switched off") {
  if (cannot_run()) return;
  const Loop disk;
  Session session({"--read", disk.name()});
  REQUIRE(session.client().name({disk.device(Access::kRead)}).status == Status::kOk);
  CHECK(session.client().open(0, Access::kWrite).status == Status::kNotApproved);
  CHECK(session.client().reread(0).status == Status::kNotApproved);
  CHECK(session.client().unmount(0, 1).status == Status::kNotApproved);
  CHECK(session.client().power_off(0).status == Status::kNotApproved);
}

TEST_CASE("a session opens a device again after the client has let it go") {
  if (cannot_run()) return;
  const Loop disk;
  Session session({&disk});
  for (int i = 0; i < 3; ++i) CHECK(session.client().open(0, Access::kWrite).status == Status::kOk);
}

TEST_CASE("REREAD rereads the partition table through the client's claim, and without a claim") {
  if (cannot_run()) return;
  Loop disk(8 << 20, LO_FLAGS_PARTSCAN);
  Session session({&disk});
  const Answer opened = session.client().open(0, Access::kWrite);
  REQUIRE(opened.descriptors.size() == 3);
  CHECK(session.client().reread(0).status == Status::kBusy);
  CHECK(session.client().reread(0, opened.descriptors[0].get()).status == Status::kOk);
  session.client().close();
  Session another({&disk});
  const_cast<Answer&>(opened).descriptors.clear();
  CHECK(another.client().reread(0).status == Status::kOk);
}

TEST_CASE("S5 REREAD says kBusy while a partition is open in another program") {
  if (cannot_run()) return;
  Loop disk(8 << 20, LO_FLAGS_PARTSCAN);
  const std::string partition = disk.add_partition(1, 1 << 20, 1 << 20);
  Session session({&disk});
  const Answer opened = session.client().open(0, Access::kWrite);
  REQUIRE(opened.status == Status::kOk);
  const Descriptor reader(open(partition.c_str(), O_RDONLY));
  REQUIRE(reader.get() >= 0);
  const Answer answer = session.client().reread(0, opened.descriptors[0].get());
  CHECK(answer.status == Status::kBusy);
  CHECK(answer.error == EBUSY);
}

TEST_CASE("REREAD refuses a descriptor of something else") {
  if (cannot_run()) return;
  const Loop disk;
  const Loop other;
  const Folder folder;
  Session session({&disk});
  const Descriptor foreign(open(other.path().c_str(), O_RDONLY));
  const Descriptor null(open("/dev/null", O_RDONLY));
  const Descriptor folder_itself(open(folder.path().c_str(), O_RDONLY));
  CHECK(session.client().reread(0, foreign.get()).status == Status::kChanged);
  CHECK(session.client().reread(0, null.get()).status == Status::kNotBlock);
  CHECK(session.client().reread(0, folder_itself.get()).status == Status::kNotBlock);
}

TEST_CASE("REREAD of a partition succeeds and does nothing") {
  if (cannot_run()) return;
  Loop disk;
  const std::string partition = disk.add_partition(1, 1 << 20, 1 << 20).substr(5);
  Session session({"--write", partition});
  REQUIRE(session.client().name({described(partition, Access::kWrite)}).status == Status::kOk);
  CHECK(session.client().reread(0).status == Status::kOk);
}

TEST_CASE("a packet of a wrong length ends the session") {
  if (cannot_run()) return;
  const Loop disk;
  const Request request = Client::request(Verb::kOpen, 0);
  std::array<std::byte, 4096> bytes{};
  std::memcpy(bytes.data(), &request, sizeof request);
  for (const size_t length : {size_t{1}, size_t{11}, size_t{12}, sizeof request - 1, sizeof request + 1,
                              sizeof(NameRequest), size_t{1073}, bytes.size()}) {
    CAPTURE(length);
    Session session({&disk});
    CHECK(session.client().ask_bytes(std::span(bytes).first(length)).status == Status::kBadMessage);
    CHECK(session.client().open(0, Access::kRead).closed);
    CHECK(session.broker().wait() == 0);
  }
}

TEST_CASE("an empty packet ends the session without an answer") {
  if (cannot_run()) return;
  const Loop disk;
  Session session({&disk});
  CHECK(session.client().ask_bytes({}).closed);
  CHECK(session.broker().wait() == 0);
}

TEST_CASE("a wrong magic, version, verb, access, reserved field or mount ends the session") {
  if (cannot_run()) return;
  const Loop disk;
  std::vector<Request> wrong(14, Client::request(Verb::kOpen, 0));
  wrong[0].header.magic++;
  wrong[1].header.version = 0;
  wrong[2].header.version = 2;
  wrong[3].header.verb = Verb{0};
  wrong[4].header.verb = Verb{6};
  wrong[5].header.verb = Verb{UINT32_MAX};
  wrong[6].access = Access{0};
  wrong[7].access = Access{3};
  wrong[8].reserved = 1;
  wrong[9].mount = 1;
  wrong[10] = Client::request(Verb::kUnmount, 0);  // no mount
  wrong[11] = Client::request(Verb::kReread, 0, Access::kWrite);
  wrong[12] = Client::request(Verb::kPowerOff, 0, Access::kWrite);
  wrong[13] = Client::request(Verb::kName, 0);  // too short
  for (const Request& request : wrong) {
    Session session({&disk});
    CHECK(session.client().ask(request).status == Status::kBadMessage);
    CHECK(session.client().open(0, Access::kRead).closed);
  }
}

TEST_CASE("NAME with a wrong count, access or reserved field, or bytes after the last device, ends the session") {
  if (cannot_run()) return;
  const Loop disk;
  const NameRequest good = Client::name_request({disk.device(Access::kWrite)});
  std::vector<NameRequest> wrong(7, good);
  wrong[0].count = 0;
  wrong[1].count = platter::broker::kMaxDevices + 1;
  wrong[2].count = UINT32_MAX;
  wrong[3].devices[0].access = Access{4};
  wrong[4].devices[0].reserved = 1;
  wrong[5].devices[1].size = 1;
  wrong[6].devices[32].reserved = 1;
  for (const NameRequest& request : wrong) {
    Session session({"--write", disk.name()});
    CHECK(session.client().ask(request).status == Status::kBadMessage);
    CHECK(session.client().ask(good).closed);
  }
}

TEST_CASE("descriptors that no verb takes end the session") {
  if (cannot_run()) return;
  const Loop disk;
  {
    Session session({&disk});
    CHECK(session.client().ask(Client::request(Verb::kOpen, 0), {0}).status == Status::kBadMessage);
  }
  Session session({&disk});
  CHECK(session.client().ask(Client::request(Verb::kReread, 0), {0, 0, 0, 0, 0}).status == Status::kBadMessage);
}

TEST_CASE("a session keeps neither the descriptors that it gets nor those that it gives") {
  if (cannot_run()) return;
  const Loop disk;
  Session session({&disk});
  REQUIRE(session.client().open(0, Access::kRead).status == Status::kOk);
  const size_t before = open_descriptors(session.broker().pid());
  for (int i = 0; i < 20; ++i) {
    REQUIRE(session.client().open(0, Access::kWrite).status == Status::kOk);
    REQUIRE(session.client().reread(0, 0).status != Status::kBadMessage);
  }
  CHECK(becomes_true([&] { return open_descriptors(session.broker().pid()) == before; }));
}

TEST_CASE("a device index that is not named is refused, and the session goes on") {
  if (cannot_run()) return;
  const Loop disk;
  Session unnamed({"--write", disk.name()});
  CHECK(unnamed.client().open(0, Access::kRead).status == Status::kNotNamed);
  Session session({&disk});
  for (const uint32_t index : {1U, 32U, 33U, UINT32_MAX})
    CHECK(session.client().open(index, Access::kRead).status == Status::kNotNamed);
  CHECK(session.client().open(0, Access::kRead).status == Status::kOk);
}

TEST_CASE("a second NAME is refused, and the first one holds") {
  if (cannot_run()) return;
  const Loop disk;
  Session session({&disk});
  CHECK(session.client().name({disk.device(Access::kWrite)}).status == Status::kNotNamed);
  CHECK(session.client().open(0, Access::kWrite).status == Status::kOk);
}

TEST_CASE("S12 NAME has to name the approved devices, in their order and with their access") {
  if (cannot_run()) return;
  const Loop one;
  const Loop two;
  const Loop three;
  const std::vector<std::string> approved = {"--read", one.name(), "--write", two.name()};
  const std::vector<std::vector<Device>> wrong = {
      {two.device(Access::kWrite), one.device(Access::kRead)},
      {one.device(Access::kWrite), two.device(Access::kWrite)},
      {one.device(Access::kRead), two.device(Access::kRead)},
      {one.device(Access::kRead), three.device(Access::kWrite)},
      {one.device(Access::kRead)},
      {one.device(Access::kRead), two.device(Access::kWrite), three.device(Access::kWrite)},
      {two.device(Access::kRead), one.device(Access::kWrite)},
  };
  for (const std::vector<Device>& devices : wrong) {
    Session session(approved);
    CHECK(session.client().name(devices).status == Status::kNotNamed);
    CHECK(session.client().open(0, Access::kRead).status == Status::kNotNamed);
    CHECK(session.client().name({one.device(Access::kRead), two.device(Access::kWrite)}).status == Status::kOk);
  }
}

TEST_CASE("S12 an approval is for the disk that had the name, not for one that has it now") {
  if (cannot_run()) return;
  for (const uint64_t size : {uint64_t{8 << 20}, uint64_t{9 << 20}}) {
    CAPTURE(size);
    Loop disk;
    const Device approved = disk.device(Access::kWrite);
    Session session({"--write", disk.name()});
    // Refused for its access. The answer shows that the broker has started.
    REQUIRE(session.client().name({disk.device(Access::kRead)}).status == Status::kNotNamed);
    disk.exchange(size);  // the same size, but another disk sequence number
    CHECK(session.client().name({disk.device(Access::kWrite)}).status == Status::kChanged);
    CHECK(session.client().open(0, Access::kWrite).status == Status::kNotNamed);
    // A client that names the old disk does not get the new one.
    CHECK(session.client().name({approved}).status == Status::kOk);
    CHECK(session.client().open(0, Access::kWrite).status == Status::kChanged);
  }
}

TEST_CASE("S12 an approval of a name that no disk had gives no disk that gets the name later") {
  if (cannot_run()) return;
  const Loop one;
  // The next loop device gets the next number.
  const std::string name = "loop" + std::to_string(std::stoi(one.name().substr(4)) + 1);
  Session session({"--write", name});
  CHECK(session.client().open(0, Access::kWrite).status == Status::kNotNamed);
  const Loop disk;
  REQUIRE(disk.name() == name);
  CHECK(session.client().name({disk.device(Access::kWrite)}).status == Status::kChanged);
  CHECK(session.client().open(0, Access::kWrite).status == Status::kNotNamed);
}

TEST_CASE("an approval of a partition is for that partition of that disk") {
  if (cannot_run()) return;
  Loop disk;
  const std::string partition = disk.add_partition(1, 1 << 20, 1 << 20).substr(5);
  Session session({"--write", partition});
  CHECK(session.client().name({described(partition, Access::kWrite)}).status == Status::kOk);
  CHECK(session.client().open(0, Access::kWrite).status == Status::kOk);
}

TEST_CASE("NAME refuses a number that no block device has") {
  if (cannot_run()) return;
  const Loop disk;
  Session session({"--write", disk.name()});
  Device device = disk.device(Access::kWrite);
  device.minor_number = 0xfffff;
  CHECK(session.client().name({device}).status == Status::kNotBlock);
}

TEST_CASE("33 devices can be named and opened in one session") {
  if (cannot_run()) return;
  std::vector<std::unique_ptr<Loop>> loops;
  std::vector<std::string> arguments;
  std::vector<Device> devices;
  for (size_t i = 0; i < platter::broker::kMaxDevices; ++i) {
    loops.push_back(std::make_unique<Loop>(1 << 20));
    arguments.insert(arguments.end(), {i == 0 ? "--read" : "--write", loops.back()->name()});
    devices.push_back(loops.back()->device(i == 0 ? Access::kRead : Access::kWrite));
  }
  Session session(arguments);
  REQUIRE(session.client().name(devices).status == Status::kOk);
  for (uint32_t i = 0; i < devices.size(); ++i)
    CHECK(session.client().open(i, devices[i].access).status == Status::kOk);
}

TEST_CASE("a session without an answer from its client waits and takes no processor time") {
  if (cannot_run()) return;
  const Loop disk;
  Session session({&disk});
  const std::string process = "/proc/" + std::to_string(session.broker().pid());
  // Sends requests until the send buffer is full, and reads none of the answers.
  const Request request = Client::request(Verb::kOpen, 1);
  for (int i = 0; i < 10000; ++i) {
    if (send(session.client().fd(), &request, sizeof request, MSG_DONTWAIT | MSG_NOSIGNAL) < 0) break;
  }
  const auto ticks = [&] { return shell("set -- $(cat " + process + "/stat); exit $(( (${14} + ${15}) & 127 ))"); };
  // On a busy machine it takes a while until the broker has answered all that fits. One that spins never rests.
  bool rests = false;
  for (int i = 0; i < 100 && !rests; ++i) {
    const int before = ticks();
    usleep(500000);
    rests = ticks() == before && shell("grep -q '^State:.S' " + process + "/status") == 0;
  }
  CHECK(rests);
}

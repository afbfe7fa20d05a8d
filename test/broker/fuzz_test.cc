// A million random messages to a session in this process, on a machine with only this test's loop devices.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <random>

#include "broker/session.h"
#include "support.h"

using namespace test;

namespace {

constexpr uint64_t kMessages = 1'000'000;
constexpr uint64_t kParts = 4;  // each with a machine, a session and a time limit of its own

// How many descriptors this process has open.
size_t open_here() {
  return static_cast<size_t>(std::distance(std::filesystem::directory_iterator("/proc/self/fd"), {}));
}

// A machine with a few loop devices and nothing else.
class Machine {
 public:
  explicit Machine(const std::vector<const Loop*>& loops) {
    for (const char* name : {"sys/class/block", "sys/dev/block", "sys/fs/btrfs", "proc/self", "proc/1", "dev"})
      std::filesystem::create_directories(folder_.path(name));
    for (const Loop* loop : loops) add(*loop);
    // The system lies elsewhere, and one mount cannot be found.
    for (const char* process : {"self", "1"}) {
      std::ofstream(folder_.path(std::string("proc/") + process + "/mountinfo"))
          << "1 0 7:4000 / / rw - ext4 /dev/loop4000 rw\n9 1 " << numbers_.back()
          << " / /nonexistent/place rw - ext4 x rw\n";
    }
    const std::string root = folder_.path("sys/devices/loop4000");
    std::filesystem::create_directories(root);
    std::ofstream(root + "/dev") << "7:4000\n";
    std::filesystem::create_directory_symlink(root, folder_.path("sys/class/block/loop4000"));
  }
  platter::broker::Roots roots() const {
    return {.sys = folder_.path("sys"), .proc = folder_.path("proc"), .dev = folder_.path("dev")};
  }

 private:
  void add(const Loop& loop) {
    const Device device = loop.device(Access::kWrite);
    numbers_.push_back(std::to_string(device.major_number) + ":" + std::to_string(device.minor_number));
    const std::string path = folder_.path("sys/devices/" + loop.name());
    std::filesystem::create_directories(path);
    std::ofstream(path + "/dev") << numbers_.back() << "\n";
    std::filesystem::create_directory_symlink(path, folder_.path("sys/class/block/" + loop.name()));
    std::filesystem::create_directory_symlink(path, folder_.path("sys/dev/block/" + numbers_.back()));
    REQUIRE(mknod(folder_.path("dev/" + loop.name()).c_str(), S_IFBLK | 0600,
                  makedev(device.major_number, device.minor_number)) == 0);
  }

  Folder folder_;
  std::vector<std::string> numbers_;
};

class Fuzzer {
 public:
  Fuzzer(uint64_t seed, std::vector<Device> devices, platter::broker::Roots roots)
      : random_(seed), devices_(std::move(devices)), roots_(std::move(roots)) {
    null_ = Descriptor(open("/dev/null", O_RDONLY | O_CLOEXEC));
    begin();
  }

  // Sends one message and has it answered.
  void step() {
    make();
    std::array<int, 3> descriptors{};
    descriptors.fill(null_.get());
    const size_t attached = chance(16) ? 1 + below(descriptors.size()) : 0;
    REQUIRE(send_packet(client_.get(), std::span(bytes_).first(length_), std::span(descriptors).first(attached)));
    const bool goes_on = session_->answer_one();
    std::array<std::byte, sizeof(platter::broker::Reply) + 1> reply;
    alignas(struct cmsghdr) std::array<char, 256> control;
    iovec data = {.iov_base = reply.data(), .iov_len = reply.size()};
    struct msghdr message {};
    message.msg_iov = &data;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    const ssize_t length = recvmsg(client_.get(), &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    REQUIRE(length == (length_ == 0 ? -1 : static_cast<ssize_t>(sizeof(platter::broker::Reply))));
    if (length_ > 0) take(reply.data(), message);
    if (!goes_on) begin();
  }

  uint64_t opened = 0;
  uint64_t refused = 0;
  uint64_t ended = 0;

 private:
  uint32_t below(uint64_t bound) { return static_cast<uint32_t>(random_() % bound); }
  bool chance(uint64_t one_in) { return below(one_in) == 0; }

  void begin() {
    int ends[2];
    REQUIRE(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == 0);
    client_ = Descriptor(ends[0]);
    server_ = Descriptor(ends[1]);
    platter::broker::Approval approval;
    if (chance(4)) {
      const std::string name =
          platter::broker::kernel_name(roots_, makedev(devices_[0].major_number, devices_[0].minor_number));
      approval = {{name, devices_[0].access, platter::broker::identity_of(roots_, name)}};
    }
    session_.emplace(server_.get(), std::move(approval), roots_);
    named_ = false;
  }

  // Puts the next message into bytes_. Most of its fields are valid, so that it gets far.
  void make() {
    if (!named_ || chance(50)) {
      NameRequest name = Client::name_request({});
      name.count = static_cast<uint32_t>(chance(10) ? random_() : 1 + below(devices_.size()));
      for (uint64_t i = 0; i < name.count && i < devices_.size(); ++i)
        name.devices[i] = devices_[chance(8) ? below(devices_.size()) : i];
      put(name);
      named_ = true;
    } else {
      // Most verbs take a snapshot of the machine, which costs a hundred times as much as a refusal.
      const uint32_t verb = chance(40) ? static_cast<uint32_t>(random_()) : chance(12) ? 2 + below(4) : 2;
      const uint32_t device = chance(10) ? static_cast<uint32_t>(random_()) : below(devices_.size() + 1);
      Request request = Client::request(Verb{verb}, device);
      if (request.header.verb == Verb::kOpen && chance(8)) request.access = Access::kWrite;
      if (chance(50)) request.access = Access{static_cast<uint32_t>(random_())};
      if (request.header.verb == Verb::kUnmount) request.mount = chance(4) ? random_() : 1 + below(10);
      put(request);
    }
    if (chance(12)) length_ = below(bytes_.size() + 1);
    if (chance(6) && length_ > 0) bytes_[below(length_)] ^= std::byte{1} << below(8);
    if (chance(40)) {
      for (size_t i = 0; i < length_; ++i) bytes_[i] = static_cast<std::byte>(random_());
    }
  }

  template <typename Message>
  void put(const Message& message) {
    std::memcpy(bytes_.data(), &message, sizeof message);
    length_ = sizeof message;
  }

  void take(const std::byte* bytes, struct msghdr& message) {
    platter::broker::Reply reply;
    std::memcpy(&reply, bytes, sizeof reply);
    REQUIRE(reply.status <= Status::kFailed);
    REQUIRE(reply.detail.back() == '\0');
    size_t count = 0;
    for (struct cmsghdr* part = CMSG_FIRSTHDR(&message); part != nullptr; part = CMSG_NXTHDR(&message, part)) {
      for (size_t i = 0; i < (part->cmsg_len - CMSG_LEN(0)) / sizeof(int); ++i, ++count) {
        int fd = -1;
        std::memcpy(&fd, CMSG_DATA(part) + i * sizeof fd, sizeof fd);
        struct stat found {};
        REQUIRE(fstat(fd, &found) == 0);
        REQUIRE(S_ISBLK(found.st_mode));
        close(fd);
      }
    }
    // Descriptors come only with a successful answer to OPEN.
    REQUIRE((count == 0 ||
             (reply.status == Status::kOk && reply.header.verb == Verb::kOpen && (count == 2 || count == 3))));
    opened += count > 0 ? 1 : 0;
    refused += reply.status == Status::kOk ? 0 : 1;
    ended += reply.status == Status::kBadMessage ? 1 : 0;
  }

  std::mt19937_64 random_;
  std::vector<Device> devices_;
  platter::broker::Roots roots_;
  Descriptor null_, client_, server_;
  std::optional<platter::broker::Session> session_;
  bool named_ = false;
  std::array<std::byte, 1200> bytes_{};
  size_t length_ = 0;
};

}  // namespace

TEST_CASE("a million random messages neither break a session nor leave a descriptor open") {
  if (cannot_run()) return;
  const char* given = std::getenv("PLATTER_SEED");
  const uint64_t first = given != nullptr ? std::strtoull(given, nullptr, 10) : 20261128;
  for (uint64_t seed = first; seed < first + kParts; ++seed) {
    DOCTEST_SUBCASE(std::to_string(seed).c_str()) {
      const Loop one(1 << 20);
      const Loop two(1 << 20);
      const Loop three(1 << 20);
      const Machine machine({&one, &two, &three});
      const size_t before = open_here();
      {
        Fuzzer fuzzer(seed, {one.device(Access::kWrite), two.device(Access::kRead), three.device(Access::kWrite)},
                      machine.roots());
        for (uint64_t i = 0; i < kMessages / kParts; ++i) fuzzer.step();
        std::printf("seed %llu: %llu messages, %llu opened a device, %llu refused, %llu ended the session\n",
                    static_cast<unsigned long long>(seed), static_cast<unsigned long long>(kMessages / kParts),
                    static_cast<unsigned long long>(fuzzer.opened), static_cast<unsigned long long>(fuzzer.refused),
                    static_cast<unsigned long long>(fuzzer.ended));
        CHECK(fuzzer.opened > 0);
        CHECK(fuzzer.refused > fuzzer.ended);
      }
      CHECK(open_here() == before);
    }
  }
}

// How and by whom the broker is started.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>

#include "support.h"

using namespace test;

namespace {

constexpr int kUsage = 2;

const Environment kPkexec = {{"PKEXEC_UID", std::to_string(kUser)}};

// Starts a broker with a session's socket as standard input. Gives its exit code.
int code_of(const std::vector<std::string>& arguments, const Environment& environment) {
  std::pair<Descriptor, Descriptor> ends = socket_pair(kUser);
  Broker broker(arguments, environment, ends.second.get());
  ends = {};
  return broker.wait();
}

// A socket that a user listens on.
Descriptor listening(uid_t uid, const std::string& path) {
  int way[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, way) != 0) return {};
  const Descriptor here(way[0]);
  const Descriptor there(way[1]);
  as_user(uid, [&] {
    const int fd = socket(AF_UNIX, SOCK_SEQPACKET, 0);
    struct sockaddr_un address {};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.c_str(), path.size());
    if (bind(fd, reinterpret_cast<struct sockaddr*>(&address), sizeof address) != 0 || listen(fd, 1) != 0) return 1;
    const std::byte byte{};
    return send_packet(there.get(), std::span(&byte, 1), std::span(&fd, 1)) ? 0 : 1;
  });
  std::optional<platter::broker::Packet> packet = platter::broker::receive(here.get());
  return packet && !packet->descriptors.empty() ? std::move(packet->descriptors.front()) : Descriptor();
}

}  // namespace

TEST_CASE("without the number of an ordinary user from pkexec or sudo the broker ends with 2") {
  if (cannot_run()) return;
  const std::vector<std::string> arguments = {"--write", "sdz"};
  CHECK(code_of(arguments, {}) == kUsage);
  for (const char* uid : {"", "0", "00", "-1", "4294967295", "4294967296", "99999999999999999999", "root", "1000x",
                          " 1000", "1e3", "0x10"}) {
    CAPTURE(uid);
    CHECK(code_of(arguments, {{"PKEXEC_UID", uid}}) == kUsage);
    CHECK(code_of(arguments, {{"SUDO_UID", uid}}) == kUsage);
  }
  // PKEXEC_UID takes precedence.
  CHECK(code_of(arguments, {{"PKEXEC_UID", "x"}, {"SUDO_UID", std::to_string(kUser)}}) == kUsage);
  CHECK(code_of(arguments, kPkexec) == 0);
  CHECK(code_of(arguments, {{"SUDO_UID", std::to_string(kUser)}}) == 0);
}

TEST_CASE("wrong arguments end the broker with 2") {
  if (cannot_run()) return;
  const std::string user = std::to_string(kUser) + ":" + std::to_string(kUser);
  const std::vector<std::vector<std::string>> wrong = {
      {},
      {"--write"},
      {"--read"},
      {"sdz"},
      {"--help"},
      {"--write=sdz"},
      {"--inspect", "x"},
      {"--write", "sdz", "extra"},
      {"--write", "sdz", "--"},
      {"--write", ""},
      {"--write", "/dev/sdz"},
      {"--write", "a/b"},
      {"--write", "../sdz"},
      {"--write", "sd z"},
      {"--write", "sdz\n"},
      {"--write", "sd\u00e4"},
      {"--write", "--read"},
      {"--write", "-x"},
      {"--write", "sd*"},
      {"--write", "sdz", "--read", "sdz"},
      {"--write", "sdz", "--write", "sdz"},
      {"--socket", "/x"},
      {"--socket", "x", "--write", "sdz"},
      {"--socket", std::string("/") + std::string(200, 'x'), "--write", "sdz"},
      {"--home", "/x", "--write", "sdz"},
      {"--as"},
      {"--as", user},
      {"--as", user, "--"},
      {"--as", user, "true"},
      {"--as", user, "--write", "sdz", "--", "true"},
      {"--as", user, "--socket", "/x", "--", "true"},
      {"--as", "0:0", "--", "true"},
      {"--as", "0:5", "--", "true"},
      {"--as", "5:0", "--", "true"},
      {"--as", "5", "--", "true"},
      {"--as", "5:", "--", "true"},
      {"--as", ":5", "--", "true"},
      {"--as", "-1:5", "--", "true"},
      {"--as", "5:5:5", "--", "true"},
      {"--as", "4294967295:5", "--", "true"},
      {"--as", "root:root", "--", "true"},
      {"--", "true"},
  };
  for (const std::vector<std::string>& arguments : wrong) {
    std::string text;
    for (const std::string& argument : arguments) text += argument + " ";
    CAPTURE(text);
    CHECK(code_of(arguments, arguments.empty() || arguments[0] != "--as" ? kPkexec : Environment{}) == kUsage);
  }
}

TEST_CASE("33 devices are accepted on the command line, 34 end the broker with 2") {
  if (cannot_run()) return;
  std::vector<std::string> arguments;
  for (int i = 0; i < 33; ++i) arguments.insert(arguments.end(), {"--write", "sd" + std::to_string(i)});
  CHECK(code_of(arguments, kPkexec) == 0);
  arguments.insert(arguments.end(), {"--read", "sdx"});
  CHECK(code_of(arguments, kPkexec) == kUsage);
}

TEST_CASE("an ordinary user who starts the broker gets nothing") {
  if (cannot_run()) return;
  // A copy, because that user may have no access to the build folder.
  const Folder folder;
  REQUIRE(shell("cp " + broker_path() + " " + folder.path("broker") + " && chmod 755 " + folder.path("broker") + " " +
                folder.path()) == 0);
  const int code = as_user(kUser, [&] {
    setenv("PKEXEC_UID", std::to_string(kUser).c_str(), 1);
    setenv("ASAN_OPTIONS", "detect_leaks=0", 1);
    execl(folder.path("broker").c_str(), "broker", "--write", "sdz", nullptr);
    return 126;
  });
  CHECK(code == kUsage);
}

TEST_CASE("standard input that is no connected packet socket ends the broker with 2") {
  if (cannot_run()) return;
  int stream[2];
  int datagram[2];
  int pipe_ends[2];
  REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, stream) == 0);
  REQUIRE(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, datagram) == 0);
  REQUIRE(pipe2(pipe_ends, O_CLOEXEC) == 0);
  const Descriptor unconnected(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
  const Descriptor inet(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  for (const int input : {-1, stream[0], datagram[0], pipe_ends[0], unconnected.get(), inet.get()}) {
    Broker broker({"--write", "sdz"}, kPkexec, input);
    CHECK(broker.wait() == kUsage);
  }
  for (const int fd : {stream[0], stream[1], datagram[0], datagram[1], pipe_ends[0], pipe_ends[1]}) close(fd);
}

TEST_CASE("a socket that another user has made ends the broker with 2") {
  if (cannot_run()) return;
  for (const uid_t uid : {kStranger, uid_t{0}}) {
    const std::pair<Descriptor, Descriptor> ends = socket_pair(uid);
    Broker broker({"--write", "sdz"}, kPkexec, ends.second.get());
    CHECK(broker.wait() == kUsage);
  }
}

TEST_CASE("the broker ends when its socket closes") {
  if (cannot_run()) return;
  const Loop disk;
  Session session({&disk});
  session.client().close();
  CHECK(session.broker().wait() == 0);
}

TEST_CASE("the environment does not reach a session, and neither core files nor other descriptors do") {
  if (cannot_run()) return;
  const Loop disk;
  const Descriptor foreign(open("/dev/null", O_RDONLY));  // not closed by exec
  Session session({"--write", disk.name()},
                  {{"PKEXEC_UID", std::to_string(kUser)}, {"PLATTER_SECRET", "x"}, {"TMPDIR", "/x"}});
  REQUIRE(session.client().name({disk.device(Access::kWrite)}).status == Status::kOk);
  const std::string process = "/proc/" + std::to_string(session.broker().pid());
  CHECK(shell("grep -Eq '^Max core file size +0 +0' " + process + "/limits") == 0);
  CHECK(shell("grep -Eq '^NoNewPrivs:.1' " + process + "/status") == 0);
  CHECK(shell("grep -Eq '^Groups:.$' " + process + "/status || grep -Eq '^Groups:[[:space:]]*$' " + process +
              "/status") == 0);
  CHECK(shell("[ \"$(readlink " + process + "/cwd)\" = / ]") == 0);
  CHECK(shell("[ $(ls " + process + "/fd | wc -l) -le 4 ]") == 0);
}

TEST_CASE("a session keeps three capabilities and can never get another") {
  if (cannot_run()) return;
  const Loop disk;
  Session session({&disk});
  const std::string status = "/proc/" + std::to_string(session.broker().pid()) + "/status";
  // CAP_DAC_OVERRIDE (1), CAP_DAC_READ_SEARCH (2), CAP_SYS_ADMIN (21).
  for (const char* set : {"CapPrm", "CapEff", "CapBnd"})
    CHECK(shell(std::string("grep -Eq '^") + set + ":.0000000000200006$' " + status) == 0);
  for (const char* set : {"CapInh", "CapAmb"})
    CHECK(shell(std::string("grep -Eq '^") + set + ":.0000000000000000$' " + status) == 0);
}

TEST_CASE("--socket connects as the user, and the session goes on after the process that sudo waits for has ended") {
  if (cannot_run()) return;
  const Loop disk;
  const Folder folder;
  REQUIRE(chown(folder.path().c_str(), kUser, kUser) == 0);
  const Descriptor listener = listening(kUser, folder.path("socket"));
  REQUIRE(listener.get() >= 0);
  Broker broker({"--socket", folder.path("socket"), "--write", disk.name()}, {{"SUDO_UID", std::to_string(kUser)}});
  Client client(Descriptor(accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC)));
  REQUIRE(client.fd() >= 0);
  CHECK(platter::broker::peer_uid(client.fd()) == 0);
  CHECK(broker.wait() == 0);
  CHECK(client.name({disk.device(Access::kWrite)}).status == Status::kOk);
  CHECK(client.open(0, Access::kWrite).status == Status::kOk);
}

TEST_CASE("--socket refuses a socket of another user, a way that the user has not, and a path that is no socket") {
  if (cannot_run()) return;
  const Environment sudo = {{"SUDO_UID", std::to_string(kUser)}};
  const Folder open_to_all;
  const Folder of_root;
  REQUIRE(chmod(open_to_all.path().c_str(), 0777) == 0);
  const Descriptor stranger = listening(kStranger, open_to_all.path("stranger"));
  REQUIRE(chmod(open_to_all.path("stranger").c_str(), 0777) == 0);
  const Descriptor hidden = listening(0, of_root.path("socket"));
  REQUIRE(chmod(of_root.path("socket").c_str(), 0777) == 0);
  CHECK(Broker({"--socket", open_to_all.path("stranger"), "--write", "sdz"}, sudo).wait() == kUsage);
  CHECK(Broker({"--socket", of_root.path("socket"), "--write", "sdz"}, sudo).wait() == 1);
  CHECK(Broker({"--socket", "/dev/null", "--write", "sdz"}, sudo).wait() == 1);
  CHECK(Broker({"--socket", open_to_all.path("nothing"), "--write", "sdz"}, sudo).wait() == 1);
}

TEST_CASE("--socket is refused when pkexec has started the broker") {
  if (cannot_run()) return;
  CHECK(Broker({"--socket", "/nonexistent", "--write", "sdz"}, kPkexec).wait() == kUsage);
}

TEST_CASE("--as is refused when pkexec has started the broker") {
  if (cannot_run()) return;
  const std::string user = std::to_string(kUser) + ":" + std::to_string(kUser);
  Broker broker({"--as", user, "--", "true"}, kPkexec);
  CHECK(broker.wait() == kUsage);
  CHECK(broker.said().find("--as") != std::string::npos);
}

// Which backend a client gets, and what happens where the kernel gives less than usual.
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstddef>
#include <cstdio>
#include <cstdlib>

#include <kcopyd/block_io.h>
#include <kcopyd/device.h>

#include "../lab/disks.h"
#include "../lab/lab.h"

using namespace test;

TEST_CASE("creating a client refuses arguments out of range, and more memory than there is") {
  kcopyd_client* client = nullptr;
  CHECK(kcopyd_client_create(0, &client) == -EINVAL);
  CHECK(kcopyd_client_create(16, nullptr) == -EINVAL);
  CHECK(kcopyd_client_create_with(nullptr, &client) == -EINVAL);
  const kcopyd_client_options odd{
      .num_pages = 16, .backend = static_cast<kcopyd_backend>(3), .strict = 0, .bytes_per_second = 0};
  CHECK(kcopyd_client_create_with(&odd, &client) == -EINVAL);
  CHECK(kcopyd_client_create(~0u, &client) == -ENOMEM);  // 16 TiB
  CHECK(client == nullptr);
}

TEST_CASE("threads: all that a job can have in flight on devices that do not answer leaves room for one that does") {
  if (lab_missing()) return;
  std::vector<lab::Disk> disks;
  std::vector<kcopyd::Descriptor> files;
  while (disks.size() < 8) {
    disks.emplace_back(lab::Options{.size = 1 * MiB, .loop = false});
    disks.back().rule("stall r");
    files.emplace_back(open(disks.back().device().c_str(), O_RDONLY | O_CLOEXEC));
  }
  files.emplace_back(open("/dev/zero", O_RDONLY | O_CLOEXEC));
  std::vector<kcopyd::IoRequest> requests(KCOPYD_MAX_DESTS * KCOPYD_MAX_SUBJOBS + 1);
  std::vector<std::byte> memory(512 * requests.size());
  const auto io = kcopyd::open_backend(KCOPYD_IO_THREADS, memory);
  for (size_t i = 0; i < requests.size(); i++) {
    const kcopyd::Descriptor& file = i + 1 < requests.size() ? files[i % disks.size()] : files.back();
    requests[i] = {.op = kcopyd::IoOp::read, .fd = file.get(), .buffer = memory.data() + 512 * i, .length = 512};
    io->submit(requests[i]);
  }
  std::vector<kcopyd::IoRequest*> done;
  io->wait(done, std::chrono::steady_clock::now() + std::chrono::seconds(10));
  CHECK((done == std::vector{&requests.back()}));
  for (auto& disk : disks) disk.rule("go");
  while (done.size() < requests.size()) io->wait(done, std::nullopt);
}

TEST_CASE("where the kernel refuses io_uring: AUTO takes threads, and asking for io_uring says why not") {
  // A filter on this thread and those it starts: io_uring_setup gives EPERM, as in many containers.
  std::thread([] {
    sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_io_uring_setup, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    const sock_fprog program{.len = std::size(code), .filter = code};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0) {
      std::printf("SKIP: io_uring refused: no seccomp here\n");
      return;
    }
    kcopyd_client* client = nullptr;
    CHECK(kcopyd_client_create(16, &client) == 0);
    if (client) CHECK(kcopyd_client_backend(client) == KCOPYD_IO_THREADS);
    kcopyd_client_destroy(client);
    client = nullptr;
    const kcopyd_client_options options{
        .num_pages = 16, .backend = KCOPYD_IO_URING, .strict = 0, .bytes_per_second = 0};
    const int err = kcopyd_client_create_with(&options, &client);
    CHECK((err == -EPERM || err == -ENOSYS));
    CHECK(client == nullptr);
  }).join();
}

TEST_CASE("PLATTER_IO picks the backend, and any other value is refused") {
  const char* before = std::getenv("PLATTER_IO");
  const std::string kept = before ? before : "";
  for (const kcopyd_backend backend : backends()) {
    setenv("PLATTER_IO", name(backend), 1);
    kcopyd_client* client = nullptr;
    REQUIRE(kcopyd_client_create(16, &client) == 0);
    CHECK(kcopyd_client_backend(client) == backend);
    kcopyd_client_destroy(client);
  }
  setenv("PLATTER_IO", "floppy", 1);
  kcopyd_client* client = nullptr;
  CHECK(kcopyd_client_create(16, &client) == -EINVAL);
  // What a caller asks for takes precedence over the environment.
  setenv("PLATTER_IO", "uring", 1);
  { Client asked(KCOPYD_IO_THREADS); }
  before ? setenv("PLATTER_IO", kept.c_str(), 1) : unsetenv("PLATTER_IO");
}

TEST_CASE("io_uring works without the right to lock the pool in memory") {
  if (lab_missing()) return;
  rlimit lockable{};
  REQUIRE(getrlimit(RLIMIT_MEMLOCK, &lockable) == 0);
  if (lockable.rlim_cur > 64 * MiB || backends().front() != KCOPYD_IO_URING) {
    std::printf("SKIP: io_uring without locked memory: the limit is too high here, or there is no io_uring\n");
    return;
  }
  Disk source(Medium::file, 4 * MiB), dest(Medium::loop512, 4 * MiB);
  source.fill(pattern(4 * MiB, 1));
  const Device from(source.path(), KCOPYD_OPEN_READ), to(dest.path(), KCOPYD_OPEN_WRITE);
  // A thread and its children have capabilities of their own. This thread and the client's worker do without.
  std::thread([&] {
    __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
    __user_cap_data_struct none[2]{};
    CHECK(syscall(SYS_capset, &header, none) == 0);
    Client client({.backend = KCOPYD_IO_URING, .pages = static_cast<unsigned>(lockable.rlim_cur / 4096 + 256)});
    CHECK(client.copy(from.at(0, 4 * MiB), {to.at(0, 4 * MiB)}, KCOPYD_VERIFY).wait().list() == Lines{});
  }).join();
  CHECK(difference(dest.bytes(), pattern(4 * MiB, 1)) == "");
}

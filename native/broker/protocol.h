// The messages between an engine host and platter-broker. One SOCK_SEQPACKET packet holds one message. Both ends run on
// one machine, so integers are in its byte order. The broker refuses a packet of
// the wrong length, and descriptors with any verb but REREAD. An empty packet ends the session.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace platter::broker {

constexpr uint32_t kMagic = 0x42544c50;  // "PLTB"
constexpr uint32_t kVersion = 1;
constexpr size_t kMaxDevices = 33;  // one source and 32 destinations

enum class Verb : uint32_t {
  kName = 1,      // names the devices of the job, once (NameRequest)
  kOpen = 2,      // opens a named device; `access` says how
  kReread = 3,    // rereads the partition table of a device named for writing (BLKRRPART); kOk where there can be none.
                  // A client that holds the claim attaches it, because the kernel then accepts no other. Without a
                  // descriptor the broker claims the device itself
  kUnmount = 4,   // unmounts `mount` (a mount id), which lies on a device named for writing or a partition of it
  kPowerOff = 5,  // flushes and removes a disk named for writing; the client must not hold its claim
};

enum class Access : uint32_t { kRead = 1, kWrite = 2 };

enum class Status : uint32_t {
  kOk = 0,
  kBadMessage,   // wrong length, magic, version, verb or value; the broker ends the session
  kNotNamed,     // no such index, named twice, or other devices than were approved
  kNotApproved,  // named for reading only
  kChanged,      // another device has this number now: size or disk sequence number differ; or another one was approved
  kNotBlock,     // no block device has this number
  kReadOnly,     // write-protected
  kSystem,       // holds, or may hold, the running system
  kMounted,      // it or something on it is mounted, or another mount lies on the one to unmount; `detail` says where
  kSwap,         // it or something on it is used as swap; `detail` is its kernel name
  kHeld,        // RAID, LVM, encryption or a loop device lies on it or a partition of it, or may do so where nobody can
                // tell; `detail` is its kernel name, or the path of a swap
  kBusy,        // another program has it open exclusively, or a partition of it is open
  kNotMounted,  // no such mount on the device
  kUnsupported,  // this device or kernel has no such operation
  kFailed,       // a system call failed; `error` has its errno, `detail` names the call
};

// One device of a job, as the host saw it.
struct Device {
  uint32_t major_number;
  uint32_t minor_number;
  uint64_t size;  // bytes
  // BLKGETDISKSEQ; of a partition, its disk's (sysfs: diskseq). 0 where the kernel has none.
  uint64_t disk_sequence;
  Access access;      // the most that OPEN may ask for
  uint32_t reserved;  // 0
};

struct Header {
  uint32_t magic;
  uint32_t version;
  Verb verb;
};

struct NameRequest {
  Header header;
  uint32_t count;  // 1 to kMaxDevices; later devices are zeros
  std::array<Device, kMaxDevices> devices;
};

struct Request {
  Header header;
  uint32_t device;    // index into NameRequest::devices
  Access access;      // kOpen; kRead elsewhere
  uint32_t reserved;  // 0
  uint64_t mount;     // kUnmount: the mount id of /proc/self/mountinfo; else 0
};

// The answer to every request. OPEN attaches descriptors: {direct, buffered} for reading, {claim, direct, buffered} for
// writing. `direct` has O_DIRECT, `claim` has O_EXCL.
struct Reply {
  Header header;
  Status status;
  int32_t error;                 // positive errno with kFailed and kBusy, else 0
  std::array<char, 256> detail;  // text ended by NUL, for a person; may be empty
};

static_assert(std::is_trivially_copyable_v<NameRequest> && std::is_trivially_copyable_v<Request> &&
              std::is_trivially_copyable_v<Reply>);
static_assert(sizeof(Device) == 32 && sizeof(NameRequest) == 16 + 32 * kMaxDevices && sizeof(Request) == 32 &&
              sizeof(Reply) == 276);

}  // namespace platter::broker

// Virtual disks (qcow2, VMDK, VDI, VHD, VHDX): files with a table of where each block of a disk lies. Only disks that
// are whole in one file are read. The name of another file is reported and never followed.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "../decoder.h"
#include "../input.h"
#include "../output.h"

namespace unpack {

// Fuzzing builds ignore checksums: a fuzzer hardly ever gets past one.
#ifdef UNPACK_WITHOUT_CHECKSUMS
constexpr bool has_checksums = false;
#else
constexpr bool has_checksums = true;
#endif

// A run of bytes of the disk that are stored in the same way.
struct Piece {
  enum class Kind { zeros, stored, deflate, zlib, zstd };
  Kind kind = Kind::zeros;
  uint64_t size = 0;    // bytes of the disk
  uint64_t place = 0;   // in the file; none for zeros
  uint64_t packed = 0;  // bytes there, of a packed piece
  bool shared = false;  // another part of the file may refer to the same place
};

// Ranges of the file that must not overlap. Neighbours are joined.
class Places {
 public:
  void add(uint64_t at, uint64_t size);
  // Throws Error (damaged) where two of them overlap.
  void check();

 private:
  struct Range {
    uint64_t at;
    uint64_t end;
  };
  std::vector<Range> ranges_;
};

// True when `text` lies at byte `at`, within the bytes.
bool has(std::span<const std::byte> bytes, size_t at, std::string_view text);

class VirtualDisk {
 public:
  // The input has to outlive this.
  explicit VirtualDisk(const Input& input) : input_(input) {}
  virtual ~VirtualDisk() = default;
  VirtualDisk(const VirtualDisk&) = delete;
  VirtualDisk& operator=(const VirtualDisk&) = delete;

  // Bytes of the disk.
  uint64_t size() const { return size_; }
  // Bytes of a packed piece. Pieces begin at multiples of it.
  uint64_t unit() const { return unit_; }
  // States of the disk that the file keeps beside the current one (snapshots).
  uint64_t snapshots() const { return snapshots_; }
  // The piece at `at`, a multiple of unit() below size(). Its size is at least 1, and that of a packed piece is unit().
  // Throws Error.
  virtual Piece piece_at(uint64_t at) = 0;
  // Adds the places of the tables and headers. Throws Error when the file contradicts itself.
  virtual void check_tables(Places& places) = 0;

 protected:
  // Throws Error (truncated).
  Bytes read(uint64_t at, uint64_t count) const;
  // Throws Error (unsupported) for more bytes than any disk has.
  void set_size(uint64_t bytes);

  const Input& input_;
  uint64_t size_ = 0;
  uint64_t unit_ = 512;
  uint64_t snapshots_ = 0;
};

std::unique_ptr<VirtualDisk> open_qcow2(const Input& input);
std::unique_ptr<VirtualDisk> open_vmdk(const Input& input);
std::unique_ptr<VirtualDisk> open_vdi(const Input& input);
std::unique_ptr<VirtualDisk> open_vhd(const Input& input);
std::unique_ptr<VirtualDisk> open_vhdx(const Input& input);

bool is_virtual_disk(Format format);
// Recognises a VHD by its footer, which is the only mark of a fixed one.
bool ends_as_vhd(const Input& input);
// Throws Error, for example when the input cannot be seeked, the disk needs another file, or it is encrypted.
std::unique_ptr<VirtualDisk> open_disk(Format format, const Input& input);

// Bytes in flight for each thread.
uint64_t piece_cost(const VirtualDisk& disk);
// Decodes the bytes [from, until) of the disk.
void decode_disk_range(VirtualDisk& disk, Input& input, Output& output, uint64_t from, uint64_t until,
                       const Limits& limits);
// Checks the tables, and decodes all of it. Digests get every byte of the file.
Found decode_disk(Format format, Input& input, Output& output, const Limits& limits);

}  // namespace unpack

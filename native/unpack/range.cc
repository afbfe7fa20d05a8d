#include "range.h"

#include <algorithm>

#include "error.h"
#include "inner.h"

namespace unpack {
namespace {

constexpr size_t sparse_header_length = 28;

// Decodes a file that is not packed: its bytes pass through a filter.
Found decode_through(Filter& filter, Input& input) {
  copy_bytes(input, filter);
  filter.finish();
  return {.zeros = filter.zeros(), .checked = false};
}

class Collector final : public Output {
 public:
  void write(std::span<const std::byte> bytes) override { bytes_.insert(bytes_.end(), bytes.begin(), bytes.end()); }
  const Bytes& bytes() const { return bytes_; }

 private:
  Bytes bytes_;
};

// Decodes by the format's decoder. A sparse image is passed on as it is.
Found decode_format(Format format, Input& input, Output& output, const std::string& entry, const Limits& limits) {
  if (format == Format::zip) {
    Found found;
    decode_zip(input, output, entry, found);
    return found;
  }
  return decode_all(format, input, output, limits);
}

// The first decoded bytes, up to the first error.
Bytes first_decoded(Format format, Input& input, const std::string& entry, const Limits& limits) {
  Collector collector;
  Slice slice(collector, 0, 0, inner_header_length);
  Limits soon = limits;
  soon.as_it_comes = true;
  try {
    decode_format(format, input, slice, entry, soon);
  } catch (const Enough&) {
    // The rest is not looked at here.
  } catch (const Error&) {
    // Decoding will report what is wrong with the file.
  }
  input.restart();
  return collector.bytes();
}

void decode_units(Format format, std::span<const Unit> units, Input& input, Output& output, const Limits& limits,
                  Found& found) {
  if (format == Format::xz) return decode_xz_units(units, input, output, limits, found);
  if (format == Format::gzip) return decode_gzip_units(units, input, output, limits);
  decode_zstd_units(units, input, output, limits, found);
}

void copy_stored_range(const Unit& stored, Input& input, Output& output, uint64_t from, uint64_t until) {
  const uint64_t begin = std::min(from, stored.size);
  input.seek(stored.packed_at + begin);
  copy_stored(input, output, std::min(until, stored.size) - begin);
}

}  // namespace

void Slice::write(std::span<const std::byte> bytes) {
  const uint64_t end = at_ + bytes.size();
  const uint64_t begin = std::max(at_, from_);
  if (const uint64_t last = std::min(end, until_); begin < last)
    output_.write(bytes.subspan(static_cast<size_t>(begin - at_), static_cast<size_t>(last - begin)));
  at_ = end;
  if (at_ >= until_) throw Enough();
}

uint64_t Access::unit() const {
  if (displaced) return 0;
  if (sparse) return sparse->block_size;
  if (stored) return 1;
  if (disk) return disk->unit();
  return seekable(facts) ? facts.largest_unit() : 0;
}

Access access_of(Format format, Input& input, const std::string& entry, const Limits& limits) {
  Access access;
  if (format == Format::android_sparse) {
    access.sparse = sparse_header_of(input.peek(sparse_header_length));
    return access;
  }
  if (format == Format::partclone) {
    const auto header = partclone_header_of(input.peek(partclone_header_length));
    if (!header) throw Error(Fault::truncated, input.size().value_or(0), "partclone: the header is not there");
    access.facts.size = header->size();
    access.displaced = true;
    return access;
  }
  if (is_virtual_disk(format)) {
    access.disk = open_disk(format, input);
    access.facts.size = access.disk->size();
    access.facts.piece = piece_cost(*access.disk);
    return access;
  }
  access.facts = facts_of(format, input, limits);
  if (format == Format::zip) {
    const Entry chosen = entry_of(input, entry);
    access.facts.size = chosen.size;
    access.stored = stored_in_zip(input, chosen);
  }
  const Bytes first = first_decoded(format, input, entry, limits);
  access.sparse = sparse_header_of(first);
  const auto partclone = partclone_header_of(first);
  if (partclone) access.facts.size = partclone->size();
  access.displaced = access.sparse || partclone;
  return access;
}

Found decode_whole(Format format, Input& input, Output& output, const std::string& entry, const Limits& limits) {
  if (format == Format::android_sparse) {
    SparseFilter filter(output);
    return decode_through(filter, input);
  }
  if (format == Format::partclone) {
    PartcloneFilter filter(output);
    Found found = decode_through(filter, input);
    found.checked = filter.checked();
    return found;
  }
  if (is_virtual_disk(format)) return decode_disk(format, input, output, limits);
  // A packed image can be a sparse one, or one of partclone, which only its first decoded bytes show.
  Inner inner(output);
  Found found = decode_format(format, input, inner, entry, limits);
  inner.finish();
  found.zeros += inner.zeros();
  return found;
}

void decode_part(const Access& access, Format format, Input& input, Output& output, uint64_t from, uint64_t until,
                 const Limits& limits, Found& found) {
  if (access.stored) {
    found.checked = false;
    copy_stored_range(*access.stored, input, output, from, until);
  } else if (access.disk) {
    found.checked = false;
    decode_disk_range(*access.disk, input, output, from, until, limits);
  } else if (access.sparse) {
    found.checked = false;
    decode_sparse_range(input, output, from, until);
  } else {
    const auto units = access.facts.units_of(from, until);
    if (units.empty()) return;
    Slice slice(output, units.front().at, from, until);
    try {
      decode_units(format, units, input, slice, limits, found);
    } catch (const Enough&) {
      // Each unit was checked before it was written.
    }
  }
}

void decode_range(Format format, Input& input, Output& output, const std::string& entry, uint64_t from, uint64_t until,
                  const Limits& limits, Found& found) {
  if (from >= until) return;
  const Access access = access_of(format, input, entry, limits);
  if (access.unit() > 0) return decode_part(access, format, input, output, from, until, limits, found);
  Slice slice(output, 0, from, until);
  try {
    found = decode_whole(format, input, slice, entry, limits);
  } catch (const Enough&) {
    // A checksum of the whole has not been compared.
    found.checked = false;
  }
}

}  // namespace unpack

// platter-unpack: decodes a packed image.
//
//   platter-unpack probe                 what standard input is, as one object; with --entry, --threads and --memory as
//                                        decoding will have them
//   platter-unpack decode                decodes standard input to standard output
//     --entry NAME       the file to take of a zip that has several
//     --threads N        decoders at the same time; by default one for each core
//     --memory BYTES     packed and decoded pieces in flight; by default 256 MiB
//     --digest NAMES     hashes of the packed file, such as sha256,sha1
//     --image-digest NAMES   hashes of the decoded image
//     --discard          decodes and checks, and writes nothing
//     --raw              passes the bytes on as they are: for the hashes of a file that is not packed
//     --from BYTES       begins at this byte of the image
//     --length BYTES     writes at most so many. With either, only what is read is checked
//     --map              writes zeros for all that is in none of the ranges that descriptor 4 lists (mapped.h). With
//                        --raw and without hashes, nothing else is read
//     --map-digest NAME  compares the checksums of those ranges
//     --until BYTES      with --map: writes nothing from this byte of the image on, and decodes on
//   --ask                of both: standard input is a file with holes. Before a read, {"event":"need","offset":N,
//                        "length":N} on descriptor 3 asks for the bytes, and descriptor 4 gives a '1' when they are
//                        there, or a '0'. Reads no more than it has to
//   --pieces N         of both: N more descriptors, from 5 on, are what follows standard input in the same file
//   --disk SIZE        of decode: the files are parts of a disk of so many bytes, and --part "AT SIZE FILES image",
//                      "AT SIZE FILES FROM" or "AT SIZE = HEX" says what each is (assembly.h); in their order
//   --parent PID       of all: ends with the thread that started this, in the process PID
//
//   platter-unpack frames, frame-sizes   for images that are written: frames_main.h
//
// probe says, where it is known: "size" of the image; "blocks" that can be decoded on their own and the "largestBlock";
// or, for a file with holes, the "least" that it can be; "threads" and "memory" (bytes in flight) that decoding takes;
// "sparse" (an Android sparse image, packed or not); "snapshots" (of a virtual disk); "seekable" (--from begins near
// its place, and at most "unit" bytes are decoded for one) or not (decoding begins at the start). Reports are lines of
// JSON on descriptor 3 (probe: on standard output):
// {"event":"progress","read":N,"written":N} about once a second, then "done" with "read", "written", "zeros" (bytes
// after the last member), "checked" (the file has a checksum of every decoded byte) and the hashes, or "error" with
// "fault" (see error.h), "offset", "length" where it is a range, "part" (a number from 0) with --disk, and "said". Exit
// code 0 when done, 1 after an error, 2 when the call is wrong.
#include <malloc.h>
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <iterator>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "assembly.h"
#include "decoder.h"
#include "error.h"
#include "frames_main.h"
#include "inflate.h"
#include "mapped.h"
#include "process.h"
#include "range.h"
#include "report.h"
#include "sandbox/sandbox.h"

namespace unpack {
namespace {

struct Options {
  bool probe = false;
  bool discard = false;
  bool raw = false;
  std::string entry;
  std::string digests;
  std::string image_digests;
  unsigned threads = 0;
  uint64_t memory = uint64_t{256} << 20;  // bytes
  uint64_t from = 0;
  uint64_t length = UINT64_MAX;
  uint64_t parent = 0;  // 0: none
  bool map = false;
  bool ask = false;
  unsigned pieces = 0;  // behind the first one
  Assembly assembly;
  std::string map_digest;
  uint64_t until = UINT64_MAX;
  bool is_range() const { return from != 0 || length != UINT64_MAX; }
  // Byte of the image that ends the range.
  uint64_t end() const { return from + std::min(length, UINT64_MAX - from); }
};

// Code, tables and stacks, beside the pieces in flight.
constexpr uint64_t own_memory = uint64_t{1} << 30;
constexpr unsigned most_threads = 64;
constexpr unsigned most_pieces = 1 << 20;

unsigned cores() {
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) != 0) return 1;
  return static_cast<unsigned>(CPU_COUNT(&set));
}

Options options_of(int count, char** words) {
  Options options;
  const std::string_view command = count > 1 ? words[1] : "";
  if (command != "probe" && command != "decode") throw Error(Fault::usage, 0, "say probe or decode");
  options.probe = command == "probe";
  for (int i = 2; i < count; ++i) {
    const std::string_view word = words[i];
    const std::pair<std::string_view, bool*> flags[] = {
        {"--discard", &options.discard}, {"--raw", &options.raw}, {"--map", &options.map}, {"--ask", &options.ask}};
    const auto flag = std::ranges::find(flags, word, &std::pair<std::string_view, bool*>::first);
    if (flag != std::end(flags)) {
      *flag->second = true;
      continue;
    }
    if (i + 1 == count) throw Error(Fault::usage, 0, "no such option, or its value is missing: " + std::string(word));
    const std::string_view value = words[++i];
    if (word == "--entry")
      options.entry = value;
    else if (word == "--digest")
      options.digests = value;
    else if (word == "--image-digest")
      options.image_digests = value;
    else if (word == "--threads")
      options.threads = static_cast<unsigned>(std::min<uint64_t>(whole_number(value), most_threads));
    else if (word == "--memory")
      options.memory = whole_number(value);
    else if (word == "--from")
      options.from = whole_number(value);
    else if (word == "--length")
      options.length = whole_number(value);
    else if (word == "--map-digest")
      options.map_digest = value;
    else if (word == "--until")
      options.until = whole_number(value);
    else if (word == "--pieces")
      options.pieces = static_cast<unsigned>(std::min<uint64_t>(whole_number(value), most_pieces));
    else if (word == "--disk")
      options.assembly.size = whole_number(value);
    else if (word == "--part")
      options.assembly.parts.push_back(part_of(value));
    else if (word == "--parent")
      options.parent = whole_number(value);
    else
      throw Error(Fault::usage, 0, "no such option: " + std::string(word));
  }
  if (options.is_range() && !options.digests.empty())
    throw Error(Fault::usage, 0, "--digest is of the whole file, so it cannot go with --from or --length");
  if (options.ask && (options.map || !options.digests.empty()))
    throw Error(Fault::usage, 0, "--map and --digest are of the whole file, so they cannot go with --ask");
  if (options.threads == 0) options.threads = std::min(cores(), most_threads);
  return options;
}

std::string digests_field(const char* name, Digests& digests) {
  std::string text = ",\"" + std::string(name) + "\":{";
  const char* comma = "";
  for (const auto& [hash, hex] : digests.finish()) {
    text += comma + quoted(hash) + ":" + quoted(hex);
    comma = ",";
  }
  return text + "}";
}

// Tells the caller how far decoding is, about once a second, and what came of it.
class Reporter {
 public:
  explicit Reporter(int to) : to_(to) {}
  void progress(uint64_t read, uint64_t written) {
    const auto now = std::chrono::steady_clock::now();
    if (now - last_ < std::chrono::seconds(1)) return;
    last_ = now;
    say(to_, "{\"event\":\"progress\"" + field("read", read) + field("written", written) + "}");
  }
  void done(uint64_t read, uint64_t written, const Found& found, Digests& digests, Digests& image_digests) const {
    say(to_, "{\"event\":\"done\"" + field("read", read) + field("written", written) + field("zeros", found.zeros) +
                 ",\"checked\":" + (found.checked ? "true" : "false") + digests_field("digests", digests) +
                 digests_field("imageDigests", image_digests) + "}");
  }

 private:
  const int to_;
  std::chrono::steady_clock::time_point last_ = std::chrono::steady_clock::now();
};

// Asks the caller for the bytes of a file with holes. Threads take turns.
class Asker {
 public:
  Asker(int questions, int answers) : questions_(questions), answers_(answers) {}
  bool ask(uint64_t offset, uint64_t length) {
    const std::scoped_lock lock(mutex_);
    say(questions_, "{\"event\":\"need\"" + field("offset", offset) + field("length", length) + "}");
    char answer = 0;
    ssize_t got = 0;
    do {
      got = read(answers_, &answer, 1);
    } while (got < 0 && errno == EINTR);
    return got == 1 && answer == '1';
  }

 private:
  std::mutex mutex_;
  int questions_;
  int answers_;
};

// What decoding will use: threads, bytes in flight, and whether it can begin in the middle.
std::string access_fields(Format format, Input& input, const Options& options, const Limits& limits) {
  const Access access = access_of(format, input, options.entry, limits);
  const Facts& facts = access.facts;
  std::string text;
  if (const auto size = access.sparse ? access.sparse->size() : facts.size) text += field("size", *size);
  if (!facts.size && facts.least > 0) text += field("least", facts.least);
  text += std::string(",\"sparse\":") + (access.sparse ? "true" : "false");
  if (facts.cursory) return text;
  if (facts.units) text += field("blocks", facts.units->size()) + field("largestBlock", facts.largest_unit());
  const unsigned threads = threads_for(facts, limits);
  text += field("threads", threads);
  if (facts.piece > 0) text += field("memory", std::min(limits.memory, InOrder::depth(threads) * facts.piece));
  if (access.disk) text += field("snapshots", access.disk->snapshots());
  text += std::string(",\"seekable\":") + (access.unit() > 0 ? "true" : "false");
  if (access.unit() > 0) text += field("unit", access.unit());
  return text;
}

std::string entries_field(const Archive& archive) {
  std::string text = ",\"entries\":[";
  const char* comma = "";
  for (const Entry& entry : archive.entries) {
    text += comma + std::string("{\"name\":") + quoted(entry.name) + field("size", entry.size) +
            field("packed", entry.packed) + field("method", entry.method) +
            ",\"encrypted\":" + (entry.encrypted ? "true" : "false") + "}";
    comma = ",";
  }
  return text + "]";
}

void probe(const Options& options, Input& input) {
  const Format format = format_of(input);
  Workers workers(options.threads);
  const Limits limits{.workers = workers, .memory = options.memory, .as_it_comes = input.is_partial()};
  std::string line = std::string("{\"format\":") + quoted(name_of(format));
  if (format == Format::gzip) line += std::string(",\"isal\":") + (Inflater::fast() ? "true" : "false");
  try {
    size_t files = 1;
    if (format == Format::zip && input.size()) {
      const Archive archive = archive_of(input);
      line += entries_field(archive);
      files = options.entry.empty() ? archive.entries.size() : 1;
    }
    if (format != Format::none && files == 1 && input.size()) line += access_fields(format, input, options, limits);
  } catch (const Error& error) {
    // What was found until then is right.
    if (error.fault() != Fault::unreached) throw;
  }
  say(STDOUT_FILENO, line + "}");
}

// The bytes of a file that a map lists, and zeros for the rest, which is not read.
void pass_on_mapped(uint64_t size, Input& input, Output& output, Mapped& mapped) {
  for (uint64_t at = input.position(); at < size; at = input.position()) {
    if (const uint64_t gap = std::min(mapped.gap(), size - at); gap > 0) {
      mapped.skip(gap);
      input.skip_over(at + gap);
      continue;
    }
    input.read_until(at + mapped.left());
    const auto bytes = input.peek();
    if (bytes.empty()) return;
    output.write(bytes);
    input.consume(bytes.size());
  }
}

// The bytes as they are. Nothing in them says whether they are right.
Found pass_on(const Options& options, Input& input, Output& output, Mapped* mapped) {
  if (options.from > 0) input.seek(options.from);
  const bool hashed = !options.digests.empty() || !options.image_digests.empty();
  if (mapped != nullptr && input.size() && !hashed && options.length == UINT64_MAX) {
    pass_on_mapped(*input.size(), input, output, *mapped);
    return {.checked = false};
  }
  copy_bytes(input, output, options.length);
  return {.checked = false};
}

// Decodes a disk whose parts are in several files.
void assemble(Options& options, const std::vector<int>& files, int report) {
  options.assembly.check(files.size());
  DescriptorOutput target(options.discard ? -1 : STDOUT_FILENO);
  CountedOutput output(target, Digests::of(options.image_digests));
  Reporter reporter(report);
  uint64_t read = 0;
  const auto progress = [&](uint64_t bytes) {
    read = bytes;
    reporter.progress(read, output.written());
  };
  Workers workers(options.threads);
  const Limits limits{.workers = workers, .memory = options.memory};
  const Found found = decode_assembly(options.assembly, files, output, options.from, options.end(), limits, progress);
  Digests none;
  reporter.done(read, output.written(), found, none, output.digests());
}

void decode(const Options& options, const Map& map, Input& input, int report) {
  DescriptorOutput target(options.discard ? -1 : STDOUT_FILENO);
  std::optional<Mapped> mapped;
  if (options.map) mapped.emplace(target, map, options.from, options.map_digest, options.discard ? 0 : options.until);
  CountedOutput output(mapped ? static_cast<Output&>(*mapped) : target, Digests::of(options.image_digests));
  const auto written = [&] { return output.written() + (mapped ? mapped->skipped() : 0); };
  Reporter reporter(report);
  input.on_progress = [&](uint64_t read) { reporter.progress(read, written()); };
  Workers workers(options.threads);
  const Limits limits{.workers = workers, .memory = options.memory, .as_it_comes = input.is_partial()};
  const Format format = format_of(input);
  Found found;
  if (format == Format::none && !options.raw) throw Error(Fault::unsupported, 0, "not a packed format");
  if (options.is_range() && !input.size()) throw Error(Fault::usage, 0, "--from and --length need a file, not a pipe");
  if (options.raw) {
    found = pass_on(options, input, output, mapped ? &*mapped : nullptr);
  } else if (options.is_range()) {
    decode_range(format, input, output, options.entry, options.from, options.end(), limits, found);
  } else {
    found = decode_whole(format, input, output, options.entry, limits);
  }
  reporter.done(input.consumed(), written(), found, input.digests(), output.digests());
}

int run(int count, char** words) {
  constexpr int report = 3;
  constexpr int given = 4;    // the ranges of a map, or the answers to questions
  constexpr int further = 5;  // the first of further pieces
  Options options;
  try {
    options = options_of(count, words);
    if (!end_with(options.parent)) return 1;
    Inflater::load();
    // Closes descriptors that the caller left open by mistake. Kernels before 5.9 cannot do this.
    close_range(options.pieces > 0           ? further + options.pieces
                : options.map || options.ask ? given + 1
                                             : report + 1,
                ~0u, 0);
    // Threads share one heap: an arena of their own would take address space that the limit counts.
    mallopt(M_ARENA_MAX, 1);
    // The memory of a piece serves the next one. Getting it from the kernel again costs a page fault for every 4 KiB.
    mallopt(M_MMAP_THRESHOLD, 32 << 20);
    mallopt(M_TRIM_THRESHOLD, 1 << 30);
    sandbox::enter(options.memory * 2 + own_memory);
    const Map map = options.map ? read_map(given) : Map();
    Asker asker(report, given);
    std::vector<int> pieces{STDIN_FILENO};
    for (unsigned i = 0; i < options.pieces; ++i) pieces.push_back(further + static_cast<int>(i));
    if (options.assembly.size > 0) {
      assemble(options, pieces, report);
      return 0;
    }
    Input input(pieces, Digests::of(options.digests));
    if (options.ask) input.bring = [&asker](uint64_t offset, uint64_t length) { return asker.ask(offset, length); };
    if (options.probe)
      probe(options, input);
    else
      decode(options, map, input, report);
    return 0;
  } catch (const Error& error) {
    const bool usage = error.fault() == Fault::usage;
    say(usage ? STDERR_FILENO : report, std::string("{\"event\":\"error\",\"fault\":") +
                                            quoted(name_of(error.fault())) + field("offset", error.offset()) +
                                            (error.length() > 0 ? field("length", error.length()) : "") +
                                            (options.assembly.size > 0 ? field("part", options.assembly.current) : "") +
                                            ",\"said\":" + quoted(error.what()) + "}");
    return usage ? 2 : 1;
  } catch (const std::bad_alloc&) {
    say(report, "{\"event\":\"error\",\"fault\":\"resources\",\"offset\":0,\"said\":\"not enough memory\"}");
  } catch (const std::system_error& error) {  // no sandbox, or no thread
    say(report, std::string("{\"event\":\"error\",\"fault\":\"resources\",\"offset\":0,\"said\":") +
                    quoted(error.what()) + "}");
  }
  return 1;
}

}  // namespace
}  // namespace unpack

int main(int count, char** words) {
  const std::string_view command = count > 1 ? words[1] : "";
  if (command == "frames") return unpack::run_frames(count, words);
  if (command == "frame-sizes") return unpack::run_frame_sizes(count, words);
  return unpack::run(count, words);
}

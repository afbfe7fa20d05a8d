// The command line: options, and presets for people who want a typical bad disk at once.
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "labdisk.h"

#define PRESET_SIZE (64u << 20)
// "50%" is rounded down to a multiple of this, which suits direct I/O on every disk.
#define GRAIN 4096u

static const char usage[] =
    "usage: labdisk [PRESET] [--size BYTES] [options]\n"
    "  --size BYTES      size of the disk: 1048576, 64M, 2G (64M for a preset; an existing --file has its own)\n"
    "  --rule RULE       in force from the start; may be said several times\n"
    "  --sector BYTES    logical sector, 512 (default) or 4096\n"
    "  --read-only       the device refuses writes\n"
    "  --rotational      the kernel says that it has heads and platters\n"
    "  --write-rate BYTES  the kernel writes no more to it in a second; no program in between (cgroup v1)\n"
    "  --room BYTES      no more fits into the file system of its backing file: then ENOSPC\n"
    "  --mkfs TYPE       ext4, xfs (300M and more) or btrfs (128M and more) on it, mounted at DIR/tree\n"
    "  --plain           no faults: the loop device lies on the backing file itself (fast)\n"
    "  --no-loop         no loop device, only the file DIR/mnt/disk\n"
    "  --buffered        through the page cache; the file then refuses O_DIRECT\n"
    "  --file PATH       backing file to use and keep, made if absent\n"
    "  --dir DIR         where the temporary directory goes (/dev/shm, else /tmp)\n"
    "  --tidy            make no disk: remove free loop devices but the first 32\n"
    "Lines on standard input are rules, an empty one shows the counters; end of input (^D) removes the disk.\n"
    "Presets, to which options and rules can be added:\n";

static const struct preset {
  const char *name, *says;
  const char* rules[4];
  unsigned sector;
  bool read_only, rotational;
  const char* room;
} presets[] = {
    {.name = "healthy", .says = "nothing is wrong until you say so"},
    {.name = "bad-sectors",
     .says = "three places cannot be read until they are written to",
     .rules = {"bad r 33s 1s", "bad r 25% 64K", "bad r 75% 8s"}},
    {.name = "failing",
     .says = "one sector in a thousand cannot be read, and an eighth of the disk is slow",
     .rules = {"bad-percent r 0.1", "delay r 50000 50% 12%"}},
    {.name = "worn-out", .says = "64 KiB in the middle cannot be written", .rules = {"short w 50% 64K"}},
    {.name = "flaky",
     .says = "one read or write in a hundred fails, the next try may succeed",
     .rules = {"chance rw 1"}},
    {.name = "slow", .says = "10 MiB a second", .rules = {"rate rw 10M"}},
    {.name = "latency", .says = "each I/O takes 5 ms, many may be under way", .rules = {"delay rw 5000"}},
    {.name = "sd-card",
     .says = "writes 20 MiB/s, reads 80, and one write in a hundred takes half a second",
     .rules = {"rate w 20M", "rate r 80M", "hiccup w 1 500000"}},
    {.name = "slow-flush", .says = "fast, but a flush takes 3 s", .rules = {"delay f 3000000"}},
    {.name = "stalls", .says = "a quarter into writing it stops to answer, until `go`", .rules = {"after w 25% stall"}},
    {.name = "dies", .says = "halfway through writing everything begins to fail", .rules = {"after w 50% dead"}},
    {.name = "unplugged", .says = "halfway through writing it is gone", .rules = {"after w 50% gone"}},
    {.name = "shrinks",
     .says = "halfway through writing it has only a quarter of its size",
     .rules = {"after w 50% resize 25%"}},
    {.name = "corrupts",
     .says = "a byte is written wrong, 4 KiB are lost, and nobody says so",
     .rules = {"flip w 25% 1", "drop w 75% 4K"}},
    {.name = "fake-capacity", .says = "what is written to the second half is lost", .rules = {"drop w 50% end"}},
    {.name = "full", .says = "there is only room for a half of it", .room = "50%"},
    {.name = "flush-fails", .says = "data is taken, the flush fails", .rules = {"flush-fails"}},
    {.name = "power-cut", .says = "`powercut` loses what was not flushed", .rules = {"volatile on"}},
    {.name = "read-only", .says = "refuses writes", .read_only = true},
    {.name = "4kn", .says = "sectors of 4096 bytes", .sector = 4096},
    {.name = "rotating",
     .says = "heads and platters: 150 MiB/s, 8 ms for each move, and the kernel says so",
     .rotational = true,
     .rules = {"rate rw 150M", "seek rw 8000"}},
};

#define PRESETS (sizeof presets / sizeof *presets)

static uint64_t whole;

void sizes_are_of(uint64_t bytes) { whole = bytes; }

bool parse_size(const char* text, uint64_t* bytes) {
  if (!text || *text == '-') return false;
  if (!strcmp(text, "end")) {
    *bytes = UINT64_MAX;
    return true;
  }
  char* unit;
  errno = 0;
  *bytes = strtoull(text, &unit, 0);
  if (errno || unit == text) return false;
  if (!strcmp(unit, "%")) {
    *bytes = (uint64_t)((double)whole / 100 * (double)*bytes) / GRAIN * GRAIN;
    return true;
  }
  uint64_t factor = 1;
  switch (*unit) {
    case 's':
      factor = 512;
      break;
    case 'K':
      factor = 1u << 10;
      break;
    case 'M':
      factor = 1u << 20;
      break;
    case 'G':
      factor = 1u << 30;
      break;
    case 'T':
      factor = 1ull << 40;
      break;
  }
  if (*unit && (factor == 1 || unit[1])) return false;
  if (*bytes > UINT64_MAX / factor) return false;
  *bytes *= factor;
  return true;
}

static void help(void) {
  fputs(usage, stdout);
  for (const struct preset* p = presets; p < presets + PRESETS; p++) printf("  %-14s  %s\n", p->name, p->says);
  exit(0);
}

static void misuse(const char* why, const char* what) {
  fprintf(stderr, "labdisk: %s%s; labdisk --help lists what there is\n", why, what);
  exit(2);
}

static void add_rule(struct options* options, const char* rule) {
  if (options->rule_count == MAX_START_RULES) misuse("too many rules: ", rule);
  options->rules[options->rule_count++] = rule;
}

static void take_preset(struct options* options, const char* name) {
  for (const struct preset* p = presets; p < presets + PRESETS; p++) {
    if (strcmp(p->name, name) != 0) continue;
    options->says = p->says;
    options->sector = p->sector ? p->sector : 512;
    options->read_only = p->read_only;
    options->rotational = p->rotational;
    options->room = p->room;
    for (size_t i = 0; i < sizeof p->rules / sizeof *p->rules && p->rules[i]; i++) add_rule(options, p->rules[i]);
    return;
  }
  misuse("no such preset: ", name);
}

void parse_options(int argc, char** argv, struct options* options) {
  enum {
    SIZE,
    RULE,
    SECTOR,
    READ_ONLY,
    ROTATIONAL,
    WRITE_RATE,
    ROOM,
    MKFS,
    PLAIN,
    NO_LOOP,
    BUFFERED,
    FILE_,
    DIR_,
    TIDY,
    HELP
  };
  static const struct option known[] = {{"size", required_argument, NULL, SIZE},
                                        {"rule", required_argument, NULL, RULE},
                                        {"sector", required_argument, NULL, SECTOR},
                                        {"read-only", no_argument, NULL, READ_ONLY},
                                        {"rotational", no_argument, NULL, ROTATIONAL},
                                        {"write-rate", required_argument, NULL, WRITE_RATE},
                                        {"room", required_argument, NULL, ROOM},
                                        {"mkfs", required_argument, NULL, MKFS},
                                        {"plain", no_argument, NULL, PLAIN},
                                        {"no-loop", no_argument, NULL, NO_LOOP},
                                        {"buffered", no_argument, NULL, BUFFERED},
                                        {"file", required_argument, NULL, FILE_},
                                        {"dir", required_argument, NULL, DIR_},
                                        {"tidy", no_argument, NULL, TIDY},
                                        {"help", no_argument, NULL, HELP},
                                        {0}};
  *options = (struct options){.sector = 512, .loop = true};
  options->parent = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
  // The preset first, wherever it stands, so that options can override it.
  opterr = 0;
  while (getopt_long(argc, argv, "", known, NULL) != -1) continue;  // moves arguments that are no options to the end
  opterr = 1;
  if (optind < argc - 1) misuse("one preset at a time: ", argv[optind + 1]);
  if (optind < argc) take_preset(options, argv[optind]);
  optind = 1;
  uint64_t sector = options->sector;
  for (int c; (c = getopt_long(argc, argv, "", known, NULL)) != -1;) {
    bool ok = true;
    switch (c) {
      case SIZE:
        ok = parse_size(optarg, &options->size) && options->size <= INT64_MAX;
        break;
      case RULE:
        add_rule(options, optarg);
        break;
      case SECTOR:
        ok = parse_size(optarg, &sector) && (sector == 512 || sector == 4096);
        break;
      case READ_ONLY:
        options->read_only = true;
        break;
      case ROTATIONAL:
        options->rotational = true;
        break;
      case WRITE_RATE:
        ok = parse_size(optarg, &options->write_rate) && options->write_rate > 0;
        break;
      case ROOM:
        options->room = optarg;
        break;
      case MKFS:
        options->mkfs = optarg;
        ok = !strcmp(optarg, "ext4") || !strcmp(optarg, "xfs") || !strcmp(optarg, "btrfs");
        break;
      case PLAIN:
        options->plain = true;
        break;
      case NO_LOOP:
        options->loop = false;
        break;
      case BUFFERED:
        options->buffered = true;
        break;
      case FILE_:
        options->file = optarg;
        break;
      case DIR_:
        options->parent = optarg;
        break;
      case TIDY:
        loop_tidy();
        exit(0);
      case HELP:
        help();
        break;
      default:
        exit(2);  // getopt has said why
    }
    if (!ok) misuse("not understood: ", optarg);
  }
  options->sector = (unsigned)sector;
  if (options->says && !options->size && !options->file) options->size = PRESET_SIZE;
  if (options->plain && !options->loop) misuse("--plain and --no-loop exclude each other", "");
  if (options->plain && options->rule_count > 0) misuse("a plain disk has no rules: ", options->rules[0]);
  if (!options->loop && (options->mkfs || options->rotational || options->write_rate))
    misuse("--mkfs, --rotational and --write-rate need the loop device", "");
  if (options->mkfs && options->read_only) misuse("--mkfs needs a disk that can be written", "");
  if (options->room && options->file) misuse("--room is for a backing file of labdisk's own", "");
}

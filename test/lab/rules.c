// The language of ctl: one line, one rule.
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "labdisk.h"

#define MAX_WORDS 12

struct words {
  const char* line;
  int count;
  char* word[MAX_WORDS];
};

static const char* word(const struct words* words, int i) { return i < words->count ? words->word[i] : NULL; }

// "rw" and so on. A write rule speaks of zeroing too: to the disk that is a write.
static bool parse_ops(const char* text, unsigned* ops) {
  *ops = 0;
  for (; text && *text; text++) {
    if (*text == 'r')
      *ops |= OP_READ;
    else if (*text == 'w')
      *ops |= OP_WRITE | OP_ZERO;
    else if (*text == 'f')
      *ops |= OP_FLUSH;
    else if (*text == 'z')
      *ops |= OP_ZERO;
    else
      return false;
  }
  return *ops != 0;
}

// A name or a number; EIO when absent.
static bool parse_errno(const char* text, int* error) {
  *error = EIO;
  if (!text) return true;
  for (int e = 1; e <= EHWPOISON; e++) {
    const char* name = strerrorname_np(e);
    if (name && !strcmp(name, text)) {
      *error = e;
      return true;
    }
  }
  char* end;
  long number = strtol(text, &end, 10);
  *error = (int)number;
  return !*end && number > 0 && number <= EHWPOISON;
}

// For ever when absent.
static bool parse_count(const char* text, long* count) {
  char* end;
  *count = text ? strtol(text, &end, 10) : -1;
  return !text || (!*end && *count > 0);
}

// OFFSET [LENGTH] in words i and i + 1; one byte without a length.
static bool parse_range(const struct words* words, int i, struct rule* rule) {
  uint64_t length = 1;
  if (!parse_size(word(words, i), &rule->from)) return false;
  if (word(words, i + 1) && !parse_size(word(words, i + 1), &length)) return false;
  rule->to = length > UINT64_MAX - rule->from ? UINT64_MAX : rule->from + length;
  return length > 0;
}

// One function per command: -EINVAL when it is malformed.

// eio|short DIR OFF LEN [ERRNO [COUNT]]
static int error_rule(const struct words* words, enum kind kind) {
  struct rule rule = {.kind = kind, .percent = 100};
  bool ok = words->count <= 6 && parse_ops(word(words, 1), &rule.ops) && word(words, 3) &&
            parse_range(words, 2, &rule) && parse_errno(word(words, 4), &rule.error) &&
            parse_count(word(words, 5), &rule.count);
  return ok ? faults_add(&rule) : -EINVAL;
}

static int eio(const struct words* words) { return error_rule(words, FAIL); }

static int short_write(const struct words* words) { return error_rule(words, SHORT); }

// "1", "0.5", "2.5%": more than 0, at most 100.
static bool parse_percent(const char* text, double* percent) {
  char* end;
  if (!text) return false;
  *percent = strtod(text, &end);
  return end != text && (!*end || !strcmp(end, "%")) && *percent > 0 && *percent <= 100;
}

// 0 when absent.
static bool parse_seed(const char* text, uint64_t* seed) {
  *seed = 0;
  return !text || parse_size(text, seed);
}

// chance DIR PERCENT [ERRNO [SEED]]
static int chance(const struct words* words) {
  struct rule rule = {.kind = FAIL, .to = UINT64_MAX, .count = -1};
  bool ok = words->count <= 5 && parse_ops(word(words, 1), &rule.ops) && parse_percent(word(words, 2), &rule.percent) &&
            parse_errno(word(words, 3), &rule.error) && parse_seed(word(words, 4), &rule.seed);
  return ok ? faults_add(&rule) : -EINVAL;
}

// hiccup DIR PERCENT MICROSECONDS [SEED]
static int hiccup(const struct words* words) {
  struct rule rule = {.kind = DELAY, .to = UINT64_MAX, .count = -1};
  bool ok = words->count <= 5 && parse_ops(word(words, 1), &rule.ops) && parse_percent(word(words, 2), &rule.percent) &&
            parse_size(word(words, 3), &rule.amount) && parse_seed(word(words, 4), &rule.seed);
  return ok ? faults_add(&rule) : -EINVAL;
}

// seek DIR MICROSECONDS
static int seek(const struct words* words) {
  unsigned ops;
  uint64_t microseconds;
  if (words->count != 3 || !parse_ops(word(words, 1), &ops) || !parse_size(word(words, 2), &microseconds))
    return -EINVAL;
  faults_set_seek(ops & ~(unsigned)OP_FLUSH, microseconds);
  return 0;
}

// Only reading and writing have a place: `bad f` means nothing.
static bool parse_places(const char* text, unsigned* ops) {
  return parse_ops(text, ops) && (*ops & (OP_READ | OP_WRITE)) && !(*ops & OP_FLUSH);
}

// bad DIR OFF LEN [ERRNO]
static int bad(const struct words* words) {
  struct rule place;
  bool ok = words->count <= 5 && parse_places(word(words, 1), &place.ops) && word(words, 3) &&
            parse_range(words, 2, &place) && parse_errno(word(words, 4), &place.error);
  return ok ? sectors_spoil(place.ops, place.from, place.to, place.error) : -EINVAL;
}

// bad-percent DIR PERCENT [ERRNO [SEED]]
static int bad_percent(const struct words* words) {
  unsigned ops;
  double percent;
  int error;
  uint64_t seed;
  bool ok = words->count <= 5 && parse_places(word(words, 1), &ops) && parse_percent(word(words, 2), &percent) &&
            parse_errno(word(words, 3), &error) && parse_seed(word(words, 4), &seed);
  return ok ? sectors_spoil_percent(ops, percent, seed, error) : -EINVAL;
}

// bad-map DIR FILE [ERRNO]
static int bad_map(const struct words* words) {
  unsigned ops;
  int error;
  bool ok =
      words->count <= 4 && parse_places(word(words, 1), &ops) && word(words, 2) && parse_errno(word(words, 3), &error);
  return ok ? sectors_spoil_map(ops, word(words, 2), error) : -EINVAL;
}

// flush-fails [ERRNO [COUNT]]
static int flush_fails(const struct words* words) {
  struct rule rule = {.kind = FAIL, .percent = 100, .ops = OP_FLUSH, .to = UINT64_MAX};
  bool ok = words->count <= 3 && parse_errno(word(words, 1), &rule.error) && parse_count(word(words, 2), &rule.count);
  return ok ? faults_add(&rule) : -EINVAL;
}

// flip DIR OFF [LEN [COUNT]]
static int flip(const struct words* words) {
  struct rule rule = {.kind = FLIP, .percent = 100};
  bool ok = words->count <= 5 && parse_ops(word(words, 1), &rule.ops) && parse_range(words, 2, &rule) &&
            parse_count(word(words, 4), &rule.count);
  return ok ? faults_add(&rule) : -EINVAL;
}

// drop w OFF LEN [COUNT]
static int drop(const struct words* words) {
  struct rule rule = {.kind = DROP, .percent = 100};
  bool ok = words->count <= 5 && parse_ops(word(words, 1), &rule.ops) && !(rule.ops & OP_READ) && word(words, 3) &&
            parse_range(words, 2, &rule) && parse_count(word(words, 4), &rule.count);
  return ok ? faults_add(&rule) : -EINVAL;
}

// delay DIR MICROSECONDS [OFF LEN]
static int delay(const struct words* words) {
  struct rule rule = {.kind = DELAY, .percent = 100, .to = UINT64_MAX, .count = -1};
  bool ok = words->count <= 5 && parse_ops(word(words, 1), &rule.ops) && parse_size(word(words, 2), &rule.amount) &&
            (words->count == 3 || parse_range(words, 3, &rule));
  return ok ? faults_add(&rule) : -EINVAL;
}

// stall [DIR [OFF LEN]]
static int stall(const struct words* words) {
  struct rule rule = {.kind = STALL, .percent = 100, .to = UINT64_MAX, .count = -1};
  bool ok = words->count <= 4 && parse_ops(words->count > 1 ? word(words, 1) : "rwf", &rule.ops) &&
            (words->count <= 2 || parse_range(words, 2, &rule));
  return ok ? faults_add(&rule) : -EINVAL;
}

// partial DIR BYTES
static int partial(const struct words* words) {
  struct rule rule = {.kind = PARTIAL, .percent = 100, .to = UINT64_MAX, .count = -1};
  bool ok = words->count == 3 && parse_ops(word(words, 1), &rule.ops) && parse_size(word(words, 2), &rule.amount) &&
            rule.amount > 0;
  return ok ? faults_add(&rule) : -EINVAL;
}

// rate DIR BYTES
static int rate(const struct words* words) {
  unsigned ops;
  uint64_t bytes;
  if (words->count != 3 || !parse_ops(word(words, 1), &ops) || !parse_size(word(words, 2), &bytes)) return -EINVAL;
  faults_set_rate(ops, bytes);
  return 0;
}

// dead [ERRNO]
static int dead(const struct words* words) {
  int error;
  if (words->count > 2 || !parse_errno(word(words, 1), &error)) return -EINVAL;
  faults_set_dead(error);
  return 0;
}

// after DIR BYTES RULE
static int after(const struct words* words) {
  unsigned ops;
  uint64_t bytes;
  if (words->count < 4 || !parse_ops(word(words, 1), &ops) || !parse_size(word(words, 2), &bytes)) return -EINVAL;
  return faults_after(ops, bytes, words->line + (word(words, 3) - word(words, 0)));
}

// log on [DIR] | off | clear
static int log_command(const struct words* words) {
  unsigned ops = 0;
  const char* what = word(words, 1);
  if (!what || words->count > 3) return -EINVAL;
  if (!strcmp(what, "clear")) {
    faults_clear_log();
    return 0;
  }
  bool on = !strcmp(what, "on");
  if (on ? !parse_ops(words->count > 2 ? word(words, 2) : "wf", &ops) : strcmp(what, "off") != 0) return -EINVAL;
  faults_set_log(ops);
  return 0;
}

// volatile on|off
static int volatile_cache(const struct words* words) {
  const char* what = word(words, 1);
  if (words->count != 2 || (strcmp(what, "on") && strcmp(what, "off"))) return -EINVAL;
  return store_set_volatile(!strcmp(what, "on"));
}

// powercut [SEED]
static int powercut(const struct words* words) {
  uint64_t seed;
  if (words->count > 2 || (words->count == 2 && !parse_size(word(words, 1), &seed))) return -EINVAL;
  return store_powercut(words->count == 2 ? &seed : NULL);
}

// resize BYTES
static int resize(const struct words* words) {
  uint64_t size;
  if (words->count != 2 || !parse_size(word(words, 1), &size) || size > INT64_MAX) return -EINVAL;
  return diskfs_resize(size);
}

static int gone(const struct words* words) { return words->count == 1 ? diskfs_unplug() : -EINVAL; }

static int go(const struct words* words) {
  if (words->count != 1) return -EINVAL;
  faults_go();
  return 0;
}

static int clear(const struct words* words) {
  if (words->count != 1) return -EINVAL;
  faults_clear();
  return 0;
}

static int reset(const struct words* words) {
  if (words->count != 1) return -EINVAL;
  faults_reset();
  return 0;
}

static const struct {
  const char* name;
  int (*obey)(const struct words* words);
} commands[] = {
    {"eio", eio},
    {"short", short_write},
    {"flip", flip},
    {"drop", drop},
    {"delay", delay},
    {"rate", rate},
    {"stall", stall},
    {"go", go},
    {"dead", dead},
    {"flush-fails", flush_fails},
    {"partial", partial},
    {"volatile", volatile_cache},
    {"powercut", powercut},
    {"resize", resize},
    {"after", after},
    {"log", log_command},
    {"clear", clear},
    {"reset", reset},
    {"chance", chance},
    {"bad", bad},
    {"bad-percent", bad_percent},
    {"bad-map", bad_map},
    {"gone", gone},
    {"hiccup", hiccup},
    {"seek", seek},
};

static int obey(const struct words* words) {
  if (words->count == 0) return 0;
  for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
    if (!strcmp(commands[i].name, word(words, 0))) return commands[i].obey(words);
  return -EINVAL;
}

int rules_command(const char* line) {
  line += strspn(line, " \t");
  char *copy = strdup(line), *rest = NULL;
  if (!copy) return -ENOMEM;
  struct words words = {.line = line};
  for (char* w = strtok_r(copy, " \t", &rest); w && words.count < MAX_WORDS; w = strtok_r(NULL, " \t", &rest))
    words.word[words.count++] = w;
  int error = obey(&words);
  if (error) fprintf(stderr, "labdisk: %s: %s\n", line, strerror(-error));
  free(copy);
  return error;
}

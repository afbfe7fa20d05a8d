// The rules: what each I/O meets, how it is counted, and the order in which things happened.
#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "labdisk.h"

enum kind { FAIL, SHORT, FLIP, DROP, DELAY, STALL, PARTIAL };

struct rule {
  enum kind kind;
  unsigned ops;       // of enum op
  uint64_t from, to;  // bytes [from, to)
  int error;          // FAIL, SHORT: errno
  uint64_t amount;    // DELAY: microseconds; PARTIAL: bytes
  long count;         // times it may still act; < 0 for ever
};

// A command that waits for so many bytes to have arrived.
struct pending {
  unsigned ops;
  uint64_t at;  // value of arrived(ops)
  char *command;
};

struct entry {
  enum op op;
  uint64_t offset, length, begin, end;
  int error;
};

enum { READS, WRITES, FLUSHES, ZEROES, OPS };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed;  // rules changed: waiters look again

static struct rule rules[MAX_RULES];
static unsigned rule_count;
static struct pending pending[MAX_RULES];
static unsigned pending_count;
static int dead;                  // errno of every I/O, 0 while alive
static uint64_t rate[OPS];        // bytes a second, 0 for no limit
static uint64_t free_at[OPS];     // ns: when the throttled device has done what it took so far
static unsigned epoch, releases;  // counted up by what ends delays, and by faults_release

static uint64_t clock_of_events;
static uint64_t arrived_ios[OPS], arrived_bytes[OPS], errors, in_flight;

static struct entry *entries;
static size_t entry_count, entry_room;
static unsigned logged_ops;

static int slot(enum op op) {
  return op == OP_READ ? READS : op == OP_WRITE ? WRITES : op == OP_FLUSH ? FLUSHES : ZEROES;
}

static const char *op_name(enum op op) {
  return op == OP_READ ? "read" : op == OP_WRITE ? "write" : op == OP_FLUSH ? "flush" : "zero";
}

static uint64_t now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

void faults_init(void) {
  pthread_condattr_t monotonic;
  pthread_condattr_init(&monotonic);
  pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
  pthread_cond_init(&changed, &monotonic);
}

// ---- What an I/O meets. All with the lock held.

// A flush has no place: it meets any rule that speaks of flushes.
static bool meets(const struct rule *rule, const struct io *io) {
  if (!(rule->ops & io->op) || rule->count == 0) return false;
  return io->op == OP_FLUSH || (io->offset < rule->to && io->offset + io->length > rule->from);
}

static bool stalled(const struct io *io) {
  for (unsigned i = 0; i < rule_count; i++)
    if (rules[i].kind == STALL && meets(&rules[i], io)) return true;
  return false;
}

// When the delays and the rate let this I/O go, ns.
static uint64_t due(const struct io *io) {
  int s = slot(io->op);
  uint64_t start = now(), until = start;
  if (rate[s]) {
    if (free_at[s] < start) free_at[s] = start;
    until = free_at[s] += (uint64_t)((double)io->length * 1e9 / (double)rate[s]);
  }
  for (unsigned i = 0; i < rule_count; i++)
    if (rules[i].kind == DELAY && meets(&rules[i], io)) until += rules[i].amount * 1000u;
  return until;
}

static void hold(struct io *io) {
  unsigned held_epoch = epoch, held_releases = releases;
  uint64_t until = due(io);
  while (!dead && releases == held_releases) {
    if (stalled(io)) {
      pthread_cond_wait(&changed, &lock);
    } else if (epoch == held_epoch && now() < until) {
      struct timespec t = {.tv_sec = (time_t)(until / 1000000000u), .tv_nsec = (long)(until % 1000000000u)};
      pthread_cond_timedwait(&changed, &lock, &t);
    } else {
      return;
    }
  }
  io->error = dead ? dead : EIO;
}

static void judge(struct io *io) {
  for (unsigned i = 0; i < rule_count; i++) {
    struct rule *rule = &rules[i];
    if (rule->kind == DELAY || rule->kind == STALL || !meets(rule, io)) continue;
    if (rule->count > 0) rule->count--;
    if (rule->kind == PARTIAL) {
      if (io->transfer > rule->amount) io->transfer = rule->amount;
    } else if (rule->kind == FLIP || rule->kind == DROP) {
      io->edit[io->edits++] = (struct edit){.drop = rule->kind == DROP, .from = rule->from, .to = rule->to};
    } else {
      io->error = rule->error;
      io->transfer = 0;
      if (rule->kind == SHORT && io->op != OP_READ && rule->from > io->offset)
        io->transfer = rule->from - io->offset;
      return;  // the first error decides
    }
  }
}

static uint64_t arrived(unsigned ops) {
  uint64_t bytes = 0;
  for (enum op op = OP_READ; op <= OP_ZERO; op <<= 1)
    if (ops & op) bytes += arrived_bytes[slot(op)];
  return bytes;
}

// Takes the first command that is due; NULL when none is.
static char *take_pending(unsigned op) {
  for (unsigned i = 0; i < pending_count; i++) {
    if (!(pending[i].ops & op) || arrived(pending[i].ops) < pending[i].at) continue;
    char *command = pending[i].command;
    memmove(&pending[i], &pending[i + 1], (--pending_count - i) * sizeof pending[0]);
    return command;
  }
  return NULL;
}

void faults_begin(struct io *io, enum op op, uint64_t offset, uint64_t length) {
  io->op = op, io->offset = offset, io->length = io->transfer = length;
  io->error = 0, io->edits = 0;
  pthread_mutex_lock(&lock);
  for (char *command; (command = take_pending(op));) {
    pthread_mutex_unlock(&lock);
    faults_command(command);
    free(command);
    pthread_mutex_lock(&lock);
  }
  arrived_ios[slot(op)]++;
  arrived_bytes[slot(op)] += length;
  in_flight++;
  io->begin = ++clock_of_events;
  hold(io);
  if (io->error) io->transfer = 0;
  else judge(io);
  pthread_mutex_unlock(&lock);
}

// ---- Counters and log

static void record(const struct io *io, int error) {
  if (entry_count == entry_room) {
    entry_room = entry_room ? entry_room * 2 : 1024;
    entries = realloc(entries, entry_room * sizeof *entries);
    if (!entries) abort();  // a log with holes would prove nothing
  }
  entries[entry_count++] = (struct entry){io->op, io->offset, io->length, io->begin, clock_of_events, error};
}

int64_t faults_end(struct io *io, int64_t result) {
  if (io->error) result = -io->error;
  pthread_mutex_lock(&lock);
  clock_of_events++;
  in_flight--;
  if (result < 0) errors++;
  if (logged_ops & io->op) record(io, result < 0 ? (int)-result : 0);
  pthread_mutex_unlock(&lock);
  return result;
}

// Text that grows; what cannot be had ends the program, as nothing here can go on without it.
struct text {
  char *data;
  size_t length;
  FILE *stream;
};

static void text_open(struct text *text) {
  text->stream = open_memstream(&text->data, &text->length);
  if (!text->stream) abort();
}

char *faults_counters(void) {
  struct text text;
  text_open(&text);
  uint64_t size = store_size();
  pthread_mutex_lock(&lock);
  fprintf(text.stream,
          "{\"reads\":%lu,\"writes\":%lu,\"flushes\":%lu,\"zeroes\":%lu,\"bytesRead\":%lu,\"bytesWritten\":%lu,"
          "\"bytesZeroed\":%lu,\"errors\":%lu,\"inFlight\":%lu,\"rules\":%u,\"size\":%lu}\n",
          arrived_ios[READS], arrived_ios[WRITES], arrived_ios[FLUSHES], arrived_ios[ZEROES], arrived_bytes[READS],
          arrived_bytes[WRITES], arrived_bytes[ZEROES], errors, in_flight, rule_count + pending_count, size);
  pthread_mutex_unlock(&lock);
  fclose(text.stream);
  return text.data;
}

char *faults_log(void) {
  struct text text;
  text_open(&text);
  pthread_mutex_lock(&lock);
  for (size_t i = 0; i < entry_count; i++) {
    const struct entry *e = &entries[i];
    fprintf(text.stream, "{\"op\":\"%s\",\"offset\":%lu,\"length\":%lu,\"begin\":%lu,\"end\":%lu,\"error\":", op_name(e->op),
            e->offset, e->length, e->begin, e->end);
    if (e->error) fprintf(text.stream, "\"%s\"}\n", strerrorname_np(e->error));
    else fprintf(text.stream, "null}\n");
  }
  pthread_mutex_unlock(&lock);
  fclose(text.stream);
  return text.data;
}

// ---- Commands

#define MAX_WORDS 12

struct words {
  int count;
  char *word[MAX_WORDS];
};

static const char *word(const struct words *words, int i) { return i < words->count ? words->word[i] : NULL; }

// "rw" and so on. A write rule speaks of zeroing too: to the disk that is a write.
static bool parse_ops(const char *text, unsigned *ops) {
  *ops = 0;
  for (; text && *text; text++) {
    if (*text == 'r') *ops |= OP_READ;
    else if (*text == 'w') *ops |= OP_WRITE | OP_ZERO;
    else if (*text == 'f') *ops |= OP_FLUSH;
    else if (*text == 'z') *ops |= OP_ZERO;
    else return false;
  }
  return *ops != 0;
}

static bool parse_errno(const char *text, int *error) {
  *error = EIO;
  if (!text) return true;
  for (int e = 1; e < 134; e++) {
    const char *name = strerrorname_np(e);
    if (name && !strcmp(name, text)) {
      *error = e;
      return true;
    }
  }
  char *end;
  long number = strtol(text, &end, 10);
  *error = (int)number;
  return !*end && number > 0 && number < 4096;
}

static bool parse_count(const char *text, long *count) {
  char *end;
  *count = text ? strtol(text, &end, 10) : -1;
  return !text || (!*end && *count > 0);
}

// OFFSET LENGTH in words i and i + 1; without them `length` bytes from 0 when that may be left out.
static bool parse_range(const struct words *words, int i, struct rule *rule) {
  uint64_t length = 1;
  if (!parse_size(word(words, i), &rule->from)) return false;
  if (word(words, i + 1) && !parse_size(word(words, i + 1), &length)) return false;
  rule->to = length > UINT64_MAX - rule->from ? UINT64_MAX : rule->from + length;
  return length > 0;
}

static int add(const struct rule *rule) {
  if (rule_count == MAX_RULES) return -ENOSPC;
  rules[rule_count++] = *rule;
  return 0;
}

// The rules proper: `eio w 1M 512 ENOSPC 3`. -EINVAL when it is none or malformed.
static int add_rule(const struct words *words) {
  static const char *const names[] = {"eio", "short", "flip", "drop", "delay", "stall", "partial"};
  const char *name = word(words, 0);
  struct rule rule = {.to = UINT64_MAX, .count = -1, .error = EIO};
  int kind = 0;
  while (kind < 7 && strcmp(names[kind], name)) kind++;
  if (kind == 7) return -EINVAL;
  rule.kind = (enum kind)kind;

  bool ok = false;
  if (rule.kind == STALL) {
    ok = parse_ops(words->count > 1 ? word(words, 1) : "rwf", &rule.ops) &&
         (words->count <= 2 || parse_range(words, 2, &rule));
  } else if (parse_ops(word(words, 1), &rule.ops)) {
    if (rule.kind == FAIL || rule.kind == SHORT)
      ok = word(words, 3) && parse_range(words, 2, &rule) && parse_errno(word(words, 4), &rule.error) &&
           parse_count(word(words, 5), &rule.count);
    else if (rule.kind == FLIP || rule.kind == DROP)
      ok = parse_range(words, 2, &rule) && parse_count(word(words, 4), &rule.count) &&
           (rule.kind == FLIP || !(rule.ops & OP_READ));
    else
      ok = parse_size(word(words, 2), &rule.amount) && (rule.kind == DELAY || rule.amount > 0) &&
           (words->count <= 3 || (rule.kind == DELAY && parse_range(words, 3, &rule)));
  }
  return ok ? add(&rule) : -EINVAL;
}

static int set_rate(const struct words *words) {
  unsigned ops;
  uint64_t bytes;
  if (!parse_ops(word(words, 1), &ops) || !parse_size(word(words, 2), &bytes)) return -EINVAL;
  for (enum op op = OP_READ; op <= OP_ZERO; op <<= 1)
    if (ops & op) rate[slot(op)] = bytes;
  return 0;
}

static int set_dead(const struct words *words) {
  int error;
  if (!parse_errno(word(words, 1), &error)) return -EINVAL;
  dead = error;
  return 0;
}

static int set_log(const struct words *words) {
  const char *what = word(words, 1);
  if (!what) return -EINVAL;
  if (!strcmp(what, "clear")) entry_count = 0;
  else if (!strcmp(what, "off")) logged_ops = 0;
  else if (strcmp(what, "on") || !parse_ops(words->count > 2 ? word(words, 2) : "wf", &logged_ops)) return -EINVAL;
  return 0;
}

static int flush_fails(const struct words *words) {
  struct rule rule = {.kind = FAIL, .ops = OP_FLUSH, .to = UINT64_MAX};
  if (!parse_errno(word(words, 1), &rule.error) || !parse_count(word(words, 2), &rule.count)) return -EINVAL;
  return add(&rule);
}

// after w 8M eio r 0 end: `line` is looked at again when 8 MiB more have arrived.
static int add_pending(const struct words *words, const char *line) {
  struct pending p;
  uint64_t bytes;
  if (words->count < 4 || !parse_ops(word(words, 1), &p.ops) || !parse_size(word(words, 2), &bytes)) return -EINVAL;
  if (pending_count == MAX_RULES) return -ENOSPC;
  p.at = arrived(p.ops) + bytes;
  p.command = strdup(line + (word(words, 3) - words->word[0]));
  if (!p.command) return -ENOMEM;
  pending[pending_count++] = p;
  return 0;
}

static void clear(void) {
  while (pending_count) free(pending[--pending_count].command);
  rule_count = 0;
  dead = 0;
  memset(rate, 0, sizeof rate);
  memset(free_at, 0, sizeof free_at);
}

static void go(void) {
  unsigned kept = 0;
  for (unsigned i = 0; i < rule_count; i++)
    if (rules[i].kind != STALL) rules[kept++] = rules[i];
  rule_count = kept;
}

static void reset_counters(void) {
  for (unsigned i = 0; i < pending_count; i++) pending[i].at -= arrived(pending[i].ops);
  memset(arrived_ios, 0, sizeof arrived_ios);
  memset(arrived_bytes, 0, sizeof arrived_bytes);
  errors = 0;
}

// What concerns the bytes, not the I/O. Without the lock: it may do I/O of its own. -ENOSYS: no such command.
static int store_command(const struct words *words) {
  const char *name = word(words, 0), *argument = word(words, 1);
  uint64_t number = 0;
  if (!strcmp(name, "powercut")) {
    if (argument && !parse_size(argument, &number)) return -EINVAL;
    return store_powercut(argument ? &number : NULL);
  }
  if (!strcmp(name, "resize")) return parse_size(argument, &number) ? diskfs_resize(number) : -EINVAL;
  if (strcmp(name, "volatile")) return -ENOSYS;
  if (!argument || (strcmp(argument, "on") && strcmp(argument, "off"))) return -EINVAL;
  return store_set_volatile(!strcmp(argument, "on"));
}

static int rule_command(const struct words *words, const char *line) {
  const char *name = word(words, 0);
  int error = 0;
  pthread_mutex_lock(&lock);
  if (!strcmp(name, "clear")) clear(), epoch++;
  else if (!strcmp(name, "go")) go(), epoch++;
  else if (!strcmp(name, "dead")) error = set_dead(words);
  else if (!strcmp(name, "rate")) error = set_rate(words);
  else if (!strcmp(name, "log")) error = set_log(words);
  else if (!strcmp(name, "reset")) reset_counters();
  else if (!strcmp(name, "flush-fails")) error = flush_fails(words);
  else if (!strcmp(name, "after")) error = add_pending(words, line);
  else error = add_rule(words);
  pthread_cond_broadcast(&changed);
  pthread_mutex_unlock(&lock);
  return error;
}

int faults_command(const char *line) {
  line += strspn(line, " \t");
  char *copy = strdup(line), *rest = NULL;
  if (!copy) return -ENOMEM;
  struct words words = {0};
  for (char *w = strtok_r(copy, " \t", &rest); w && words.count < MAX_WORDS; w = strtok_r(NULL, " \t", &rest))
    words.word[words.count++] = w;
  int error = words.count ? store_command(&words) : 0;
  if (error == -ENOSYS) error = rule_command(&words, line);
  if (error) fprintf(stderr, "labdisk: %s: %s\n", line, strerror(-error));
  free(copy);
  return error;
}

void faults_release(void) {
  pthread_mutex_lock(&lock);
  clear();
  releases++;
  pthread_cond_broadcast(&changed);
  pthread_mutex_unlock(&lock);
}

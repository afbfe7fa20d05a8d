// What happens to each I/O under the rules in force, how it is counted, and the order of events.
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "labdisk.h"

// A command that waits until this many bytes have arrived.
struct pending {
  unsigned ops;
  uint64_t at;  // value of arrived(ops)
  char* command;
};

struct entry {
  enum op op;
  uint64_t offset, length, begin, end, delay;
  int error;
};

enum { READS, WRITES, FLUSHES, ZEROES, OPS };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed;  // signals that rules have changed: waiters look again

static struct rule rules[MAX_RULES];
static unsigned rule_count;
static struct pending pending[MAX_RULES];
static unsigned pending_count;
static unsigned obeying;          // commands that were taken from `pending` and are not in force yet
static __thread bool is_obeying;  // this thread obeys one
static int dead;                  // errno of every I/O; 0 while the disk is alive
static uint64_t rate[OPS];        // bytes a second, 0 for no limit
static uint64_t free_at[OPS];     // ns: when the throttled device has done what it has accepted so far
static unsigned seek_ops;         // the I/O for which the heads must move
static uint64_t seek_time;        // us for each move
static uint64_t heads, heads_at;  // bytes: where the heads are; ns: when they will be there
static unsigned epoch, releases;  // counted up by whatever ends delays, and by faults_release

static uint64_t clock_of_events;
static uint64_t arrived_ios[OPS], arrived_bytes[OPS], errors, in_flight, stalling;

static struct entry* entries;
static size_t entry_count, entry_room;
static unsigned logged_ops;

static int slot(enum op op) {
  return op == OP_READ ? READS : op == OP_WRITE ? WRITES : op == OP_FLUSH ? FLUSHES : ZEROES;
}

static const char* op_name(enum op op) {
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

// ---- What happens to an I/O. All with the lock held.

// A flush has no place. Any rule about flushes applies to it.
static bool meets(const struct rule* rule, const struct io* io) {
  if (!(rule->ops & io->op) || rule->count == 0) return false;
  return io->op == OP_FLUSH || (io->offset < rule->to && io->offset + io->length > rule->from);
}

static bool stalled(const struct io* io) {
  for (unsigned i = 0; i < rule_count; i++)
    if (rules[i].kind == STALL && meets(&rules[i], io)) return true;
  return false;
}

// How often an I/O began at a place. The n-th try at a place has the same luck in every run with the same seed, in
// whatever order the I/O of several places comes. Places 2 GiB apart share a count, which does no other harm.
#define PLACES (1u << 22)
static uint8_t tries[OPS][PLACES];
static bool luck_matters;  // counted only after a rule of chance has come

static bool struck(const struct rule* rule, const struct io* io) {
  if (rule->percent >= 100) return true;
  uint64_t place = mixed(rule->seed, io->offset / 512 * OPS + (uint64_t)slot(io->op));
  return lucky(rule->percent, place, tries[slot(io->op)][io->offset / 512 % PLACES]);
}

// When the heads are where the I/O wants them, ns. A distance over which requests overtake each other is no move.
#define NEAR (2u << 20)
static uint64_t heads_arrive(const struct io* io, uint64_t start) {
  if (heads_at < start) heads_at = start;
  if (io->offset + NEAR < heads || io->offset > heads + NEAR) heads_at += seek_time * 1000u;
  heads = io->offset + io->length;
  return heads_at;
}

// When the delays, the heads and the rate release this I/O, ns.
static uint64_t due(struct io* io) {
  int s = slot(io->op);
  uint64_t start = now(), until = start;
  if (seek_ops & io->op) until = heads_arrive(io, start);
  if (rate[s]) {
    if (free_at[s] < until) free_at[s] = until;
    until = free_at[s] += (uint64_t)((double)io->length * 1e9 / (double)rate[s]);
  }
  for (unsigned i = 0; i < rule_count; i++)
    if (rules[i].kind == DELAY && meets(&rules[i], io) && struck(&rules[i], io)) io->delay += rules[i].amount;
  return until + io->delay * 1000u;
}

static void hold(struct io* io) {
  unsigned held_epoch = epoch, held_releases = releases;
  uint64_t until = due(io);
  while (!dead && releases == held_releases) {
    if (stalled(io)) {
      stalling++;
      pthread_cond_wait(&changed, &lock);
      stalling--;
    } else if (epoch == held_epoch && now() < until) {
      struct timespec t = {.tv_sec = (time_t)(until / 1000000000u), .tv_nsec = (long)(until % 1000000000u)};
      pthread_cond_timedwait(&changed, &lock, &t);
    } else {
      return;
    }
  }
  io->error = dead ? dead : EIO;
}

static void judge(struct io* io) {
  for (unsigned i = 0; i < rule_count; i++) {
    struct rule* rule = &rules[i];
    if (rule->kind == DELAY || rule->kind == STALL || !meets(rule, io)) continue;
    if (!struck(rule, io)) continue;
    if (rule->count > 0) rule->count--;
    if (rule->kind == PARTIAL) {
      if (io->transfer > rule->amount) io->transfer = rule->amount;
    } else if (rule->kind == FLIP || rule->kind == DROP) {
      io->edit[io->edits++] = (struct edit){.drop = rule->kind == DROP, .from = rule->from, .to = rule->to};
    } else {
      io->error = rule->error;
      io->transfer = 0;
      if (rule->kind == SHORT && io->op != OP_READ && rule->from > io->offset) io->transfer = rule->from - io->offset;
      return;  // the first error decides
    }
  }
}

static void count_try(const struct io* io) {
  if (luck_matters) tries[slot(io->op)][io->offset / 512 % PLACES]++;
}

// The medium decides after the rules: a bad sector does not matter to an I/O that fails anyway.
static void judge_sectors(struct io* io) {
  if (io->error) return;
  int error;
  uint64_t bad = sectors_first_bad(io->op, io->offset, io->transfer, &error);
  if (bad == UINT64_MAX) return;
  io->error = error;
  io->transfer = io->op != OP_READ && bad > io->offset ? bad - io->offset : 0;
}

static uint64_t arrived(unsigned ops) {
  uint64_t bytes = 0;
  for (enum op op = OP_READ; op <= OP_ZERO; op <<= 1)
    if (ops & op) bytes += arrived_bytes[slot(op)];
  return bytes;
}

// Takes the first command that is due. NULL when none is.
static char* take_pending(unsigned op) {
  for (unsigned i = 0; i < pending_count; i++) {
    if (!(pending[i].ops & op) || arrived(pending[i].ops) < pending[i].at) continue;
    char* command = pending[i].command;
    memmove(&pending[i], &pending[i + 1], (--pending_count - i) * sizeof pending[0]);
    return command;
  }
  return NULL;
}

static void obey_pending(char* command) {
  obeying++;
  is_obeying = true;
  pthread_mutex_unlock(&lock);
  rules_command(command);
  free(command);
  pthread_mutex_lock(&lock);
  is_obeying = false;
  obeying--;
  pthread_cond_broadcast(&changed);
}

void faults_begin(struct io* io, enum op op, uint64_t offset, uint64_t length) {
  io->op = op, io->offset = offset, io->length = io->transfer = length;
  io->error = 0, io->edits = 0, io->delay = 0;
  pthread_mutex_lock(&lock);
  for (char* command; (command = take_pending(op));) obey_pending(command);
  arrived_ios[slot(op)]++;
  arrived_bytes[slot(op)] += length;
  in_flight++;
  io->begin = ++clock_of_events;
  hold(io);
  if (io->error)
    io->transfer = 0;
  else
    judge(io), judge_sectors(io), count_try(io);
  pthread_mutex_unlock(&lock);
}

// ---- Counters and log

static void record(const struct io* io, int error) {
  if (entry_count == entry_room) {
    entry_room = entry_room ? entry_room * 2 : 1024;
    entries = realloc(entries, entry_room * sizeof *entries);
    if (!entries) abort();  // a log with gaps would prove nothing
  }
  entries[entry_count++] = (struct entry){io->op, io->offset, io->length, io->begin, clock_of_events, io->delay, error};
}

int64_t faults_end(struct io* io, int64_t result) {
  if (io->error) result = -io->error;
  pthread_mutex_lock(&lock);
  clock_of_events++;
  in_flight--;
  if (result < 0)
    errors++;
  else if (io->op == OP_WRITE || io->op == OP_ZERO)
    sectors_written(io->offset, (uint64_t)result);
  if (logged_ops & io->op) record(io, result < 0 ? (int)-result : 0);
  pthread_mutex_unlock(&lock);
  return result;
}

// Text that grows. Without memory the program ends, because nothing here can work without it.
struct text {
  char* data;
  size_t length;
  FILE* stream;
};

static void text_open(struct text* text) {
  text->stream = open_memstream(&text->data, &text->length);
  if (!text->stream) abort();
}

char* faults_counters(void) {
  struct text text;
  text_open(&text);
  uint64_t size = store_size(), bad = sectors_count();
  pthread_mutex_lock(&lock);
  fprintf(text.stream,
          "{\"reads\":%lu,\"writes\":%lu,\"flushes\":%lu,\"zeroes\":%lu,\"bytesRead\":%lu,\"bytesWritten\":%lu,"
          "\"bytesZeroed\":%lu,\"errors\":%lu,\"inFlight\":%lu,\"stalled\":%lu,\"rules\":%u,\"badSectors\":%lu,"
          "\"size\":%lu}\n",
          arrived_ios[READS], arrived_ios[WRITES], arrived_ios[FLUSHES], arrived_ios[ZEROES], arrived_bytes[READS],
          arrived_bytes[WRITES], arrived_bytes[ZEROES], errors, in_flight, stalling, rule_count + pending_count, bad,
          size);
  pthread_mutex_unlock(&lock);
  fclose(text.stream);
  return text.data;
}

char* faults_log(void) {
  struct text text;
  text_open(&text);
  pthread_mutex_lock(&lock);
  for (size_t i = 0; i < entry_count; i++) {
    const struct entry* e = &entries[i];
    fprintf(text.stream,
            "{\"op\":\"%s\",\"offset\":%lu,\"length\":%lu,\"begin\":%lu,\"end\":%lu,\"delay\":%lu,\"error\":",
            op_name(e->op), e->offset, e->length, e->begin, e->end, e->delay);
    if (e->error)
      fprintf(text.stream, "\"%s\"}\n", strerrorname_np(e->error));
    else
      fprintf(text.stream, "null}\n");
  }
  pthread_mutex_unlock(&lock);
  fclose(text.stream);
  return text.data;
}

// ---- Changing the rules

static void lock_rules(void) { pthread_mutex_lock(&lock); }

// The same once every command that is due is in force: a stall that came after `clear` or `go` would never end.
static void lock_rules_in_force(void) {
  lock_rules();
  while (obeying > 0 && !is_obeying) pthread_cond_wait(&changed, &lock);
}

// Waiters look again.
static void unlock_rules(void) {
  pthread_cond_broadcast(&changed);
  pthread_mutex_unlock(&lock);
}

int faults_add(const struct rule* rule) {
  lock_rules();
  bool full = rule_count == MAX_RULES;
  if (!full) rules[rule_count++] = *rule;
  if (rule->percent < 100) luck_matters = true;
  unlock_rules();
  return full ? -ENOSPC : 0;
}

int faults_after(unsigned ops, uint64_t bytes, const char* command) {
  char* copy = strdup(command);
  if (!copy) return -ENOMEM;
  lock_rules();
  bool full = pending_count == MAX_RULES;
  if (!full) pending[pending_count++] = (struct pending){.ops = ops, .at = arrived(ops) + bytes, .command = copy};
  unlock_rules();
  if (full) free(copy);
  return full ? -ENOSPC : 0;
}

void faults_set_rate(unsigned ops, uint64_t bytes_per_second) {
  lock_rules();
  for (enum op op = OP_READ; op <= OP_ZERO; op <<= 1)
    if (ops & op) rate[slot(op)] = bytes_per_second;
  unlock_rules();
}

void faults_set_seek(unsigned ops, uint64_t microseconds) {
  lock_rules();
  seek_ops = microseconds ? ops : 0;
  seek_time = microseconds;
  unlock_rules();
}

void faults_set_dead(int error) {
  lock_rules();
  dead = error;
  unlock_rules();
}

void faults_go(void) {
  lock_rules_in_force();
  unsigned kept = 0;
  for (unsigned i = 0; i < rule_count; i++)
    if (rules[i].kind != STALL) rules[kept++] = rules[i];
  rule_count = kept;
  epoch++;
  unlock_rules();
}

static void clear(void) {
  while (pending_count) free(pending[--pending_count].command);
  rule_count = 0;
  sectors_clear();
  if (luck_matters) memset(tries, 0, sizeof tries);
  luck_matters = false;
  dead = 0;
  memset(rate, 0, sizeof rate);
  memset(free_at, 0, sizeof free_at);
  seek_ops = 0;
  epoch++;
}

void faults_clear(void) {
  lock_rules_in_force();
  clear();
  unlock_rules();
}

void faults_release(void) {
  lock_rules_in_force();
  clear();
  releases++;
  unlock_rules();
}

void faults_reset(void) {
  lock_rules();
  for (unsigned i = 0; i < pending_count; i++) pending[i].at -= arrived(pending[i].ops);
  memset(arrived_ios, 0, sizeof arrived_ios);
  memset(arrived_bytes, 0, sizeof arrived_bytes);
  errors = 0;
  unlock_rules();
}

void faults_set_log(unsigned ops) {
  lock_rules();
  logged_ops = ops;
  unlock_rules();
}

void faults_clear_log(void) {
  lock_rules();
  entry_count = 0;
  unlock_rules();
}

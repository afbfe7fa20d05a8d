// Which sectors of the medium are bad, and luck that is the same every time.
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "labdisk.h"

#define SECTOR 512u

// Two bits a sector. Pages of it that were never touched take no memory.
enum { UNREADABLE = 1, UNWRITABLE = 2 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static uint8_t* state;    // a byte holds 4 sectors
static uint64_t sectors;  // number of sectors
static uint64_t block;    // number of sectors that go bad together
static uint64_t bad;      // number of sectors with any bit
static int errors[3];     // errno by bit

uint64_t mixed(uint64_t seed, uint64_t value) {
  // splitmix64: small, and the same everywhere.
  uint64_t z = seed * 0x9e3779b97f4a7c15u + value + 0x9e3779b97f4a7c15u;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

bool lucky(double percent, uint64_t seed, uint64_t value) {
  return (double)(mixed(seed, value) >> 11) * 0x1p-53 * 100 < percent;
}

int sectors_init(uint64_t size, unsigned sector) {
  sectors = size / SECTOR;
  block = sector / SECTOR;
  state = calloc(sectors / 4 + 1, 1);
  return state ? 0 : -ENOMEM;
}

// ---- With the lock held

static unsigned at(uint64_t sector) { return state[sector / 4] >> (sector % 4 * 2) & 3; }

static void put(uint64_t sector, unsigned bits) {
  unsigned shift = (unsigned)(sector % 4 * 2), was = at(sector);
  state[sector / 4] = (uint8_t)((state[sector / 4] & ~(3u << shift)) | bits << shift);
  bad = bad - (was != 0) + (bits != 0);
}

static unsigned bits_of(unsigned ops) { return (ops & OP_READ ? UNREADABLE : 0) | (ops & OP_WRITE ? UNWRITABLE : 0); }

static void say_error(unsigned bits, int error) {
  if (bits & UNREADABLE) errors[UNREADABLE] = error;
  if (bits & UNWRITABLE) errors[UNWRITABLE] = error;
}

// Whole blocks: a disk with 4096-byte sectors loses 4096 bytes at once.
static void spoil(unsigned bits, uint64_t from, uint64_t to) {
  if (to > sectors * SECTOR) to = sectors * SECTOR;
  if (from >= to) return;
  uint64_t first = from / SECTOR / block * block, last = (to - 1) / SECTOR / block * block + block;
  for (uint64_t s = first; s < last && s < sectors; s++) put(s, at(s) | bits);
}

// ---- Marking

int sectors_spoil(unsigned ops, uint64_t from, uint64_t to, int error) {
  pthread_mutex_lock(&lock);
  say_error(bits_of(ops), error);
  spoil(bits_of(ops), from, to);
  pthread_mutex_unlock(&lock);
  return 0;
}

int sectors_spoil_percent(unsigned ops, double percent, uint64_t seed, int error) {
  pthread_mutex_lock(&lock);
  say_error(bits_of(ops), error);
  for (uint64_t s = 0; s < sectors; s += block)
    if (lucky(percent, seed, s)) spoil(bits_of(ops), s * SECTOR, (s + block) * SECTOR);
  pthread_mutex_unlock(&lock);
  return 0;
}

// Lines are "POSITION SIZE STATUS", after one line of the program's own state. Comments may come in between.
int sectors_spoil_map(unsigned ops, const char* mapfile, int error) {
  FILE* file = fopen(mapfile, "re");
  if (!file) return -errno;
  char line[256];
  bool state_seen = false, ok = true;
  pthread_mutex_lock(&lock);
  say_error(bits_of(ops), error);
  while (ok && fgets(line, sizeof line, file)) {
    uint64_t position, size;
    char status;
    if (line[strspn(line, " \t\r\n")] == '#' || !line[strspn(line, " \t\r\n")]) continue;
    if (!state_seen) {
      ok = sscanf(line, "%" SCNi64 " %c", (int64_t*)&position, &status) == 2;
      state_seen = true;
      continue;
    }
    ok = sscanf(line, "%" SCNi64 " %" SCNi64 " %c", (int64_t*)&position, (int64_t*)&size, &status) == 3 &&
         strchr("?*/-+", status) && size <= UINT64_MAX - position;
    if (ok && status != '+') spoil(bits_of(ops), position, position + size);
  }
  pthread_mutex_unlock(&lock);
  fclose(file);
  return ok && state_seen ? 0 : -EINVAL;
}

// ---- What happens to an I/O

uint64_t sectors_first_bad(enum op op, uint64_t offset, uint64_t length, int* error) {
  unsigned bit = op == OP_READ ? UNREADABLE : op == OP_FLUSH ? 0 : UNWRITABLE;
  uint64_t found = UINT64_MAX, end = (offset + length + SECTOR - 1) / SECTOR;
  pthread_mutex_lock(&lock);
  for (uint64_t s = offset / SECTOR; bad > 0 && bit && s < end && s < sectors && found == UINT64_MAX; s++) {
    if (!(at(s) & bit)) continue;
    found = s * SECTOR;
    *error = errors[bit];
  }
  pthread_mutex_unlock(&lock);
  return found;
}

void sectors_written(uint64_t offset, uint64_t length) {
  uint64_t end = (offset + length) / SECTOR;
  pthread_mutex_lock(&lock);
  for (uint64_t s = (offset + SECTOR - 1) / SECTOR; bad > 0 && s < end && s < sectors; s++)
    if (at(s) & UNREADABLE) put(s, at(s) & UNWRITABLE);
  pthread_mutex_unlock(&lock);
}

void sectors_clear(void) {
  pthread_mutex_lock(&lock);
  for (uint64_t s = 0; bad > 0 && s < sectors; s++)
    if (at(s)) put(s, 0);
  pthread_mutex_unlock(&lock);
}

uint64_t sectors_count(void) {
  pthread_mutex_lock(&lock);
  uint64_t count = bad;
  pthread_mutex_unlock(&lock);
  return count;
}

char* sectors_map(void) {
  char* text = NULL;
  size_t length;
  FILE* stream = open_memstream(&text, &length);
  if (!stream) abort();
  fprintf(stream,
          "# Mapfile of labdisk: - cannot be read\n# current_pos  current_status  current_pass\n0x00000000     +       "
          "        1\n"
          "#      pos        size  status\n");
  pthread_mutex_lock(&lock);
  for (uint64_t from = 0, to; from < sectors; from = to) {
    bool unreadable = at(from) & UNREADABLE;
    for (to = from + 1; to < sectors && (bool)(at(to) & UNREADABLE) == unreadable;) to++;
    fprintf(stream, "0x%08" PRIX64 "  0x%08" PRIX64 "  %c\n", from * SECTOR, (to - from) * SECTOR,
            unreadable ? '-' : '+');
  }
  pthread_mutex_unlock(&lock);
  fclose(stream);
  return text;
}

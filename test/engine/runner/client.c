/*
 * A C program with nothing but the engine's header: the five calls under their seed names clone one file to two others.
 * Prints what each callback got. Exits with 0 when all of them report success.
 */
#include <kcopyd/kcopyd.h>

#include <stdio.h>
#include <string.h>

#define PAGES 1024u

struct answer {
  const char* call;
  int read_err;
  unsigned int write_err;
  int calls;
};

static void notify(int read_err, unsigned int write_err, void* context) {
  struct answer* answer = context;

  answer->read_err = read_err;
  answer->write_err = write_err;
  answer->calls++;
  printf("%s: read_err %d, write_err 0x%x\n", answer->call, read_err, write_err);
}

static int refused(const char* what, int err) {
  fprintf(stderr, "client: %s: %s\n", what, strerror(-err));
  return 1;
}

int main(int argc, char** argv) {
  struct answer zeroed = {"kcopyd_zero", -1, ~0u, 0};
  struct answer copied = {"kcopyd_copy", -1, ~0u, 0};
  struct answer fired = {"kcopyd_do_callback", -1, ~0u, 0};
  struct kcopyd_device_info info;
  struct kcopyd_client* client;
  struct io_region from = {0}, to[2] = {{0}};
  void* handle;
  int err, i;

  if (argc != 4) {
    fprintf(stderr, "usage: client SOURCE DEST DEST\n");
    return 2;
  }
  err = kcopyd_device_open(argv[1], KCOPYD_OPEN_READ, &from.bdev);
  if (err) return refused(argv[1], err);
  kcopyd_device_info(from.bdev, &info);
  from.count = (info.size + KCOPYD_SECTOR_SIZE - 1) / KCOPYD_SECTOR_SIZE;
  for (i = 0; i < 2; i++) {
    to[i] = from;
    err = kcopyd_device_open(argv[2 + i], KCOPYD_OPEN_WRITE | KCOPYD_OPEN_EXCL | KCOPYD_OPEN_CREATE | KCOPYD_OPEN_GROW,
                             &to[i].bdev);
    if (err) return refused(argv[2 + i], err);
  }

  err = kcopyd_client_create(PAGES, &client);
  if (err) return refused("kcopyd_client_create", err);

  err = kcopyd_zero(client, 2, to, 0, notify, &zeroed);
  if (err) return refused("kcopyd_zero", err);
  /* Jobs may overlap in time, so wait for the zeros in the seed's way. */
  kcopyd_client_destroy(client);
  err = kcopyd_client_create(PAGES, &client);
  if (err) return refused("kcopyd_client_create", err);

  err = kcopyd_copy(client, &from, 2, to, 0, notify, &copied);
  if (err) return refused("kcopyd_copy", err);
  handle = kcopyd_prepare_callback(client, notify, &fired);
  if (!handle) return refused("kcopyd_prepare_callback", -12);
  kcopyd_do_callback(handle, 0, 0);
  kcopyd_client_destroy(client);

  for (i = 0; i < 2; i++) kcopyd_device_close(to[i].bdev);
  kcopyd_device_close(from.bdev);
  return zeroed.calls == 1 && copied.calls == 1 && fired.calls == 1 && !zeroed.read_err && !zeroed.write_err &&
                 !copied.read_err && !copied.write_err && !fired.read_err && !fired.write_err
             ? 0
             : 1;
}

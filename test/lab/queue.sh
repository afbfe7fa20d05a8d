#!/bin/sh
# Runs a program that sees other queue attributes of a block device than the kernel's: a zoned or a rotating disk on a
# kernel that has none. Only the program and its children see them, and they end with them. Needs root.
#   queue.sh /dev/loop0 zoned=host-managed optimal_io_size=65536 -- platter copy ...
set -eu
if [ "${1-}" != --inside ]; then
  exec unshare --mount --propagation slave "$0" --inside "$@"
fi
device=$(readlink -f "$2") && shift 2
queue=/sys/class/block/${device#/dev/}/queue
room=/sys/class/block/${device#/dev/}/power # a directory of that device that nobody misses
mount -t tmpfs labdisk "$room"
while [ $# -gt 0 ] && [ "$1" != -- ]; do
  name=${1%%=*}
  printf '%s\n' "${1#*=}" >"$room/$name"
  mount --bind "$room/$name" "$queue/$name"
  shift
done
[ $# -gt 1 ] || { echo 'usage: queue.sh DEVICE NAME=VALUE... -- PROGRAM [ARGUMENT...]' >&2 && exit 2; }
shift
exec "$@"

#!/bin/bash
# Reads images that this version writes with an earlier version's decoder, and with other people's programs:
#   test/unpack/previous-reader.sh [COMMIT]
# COMMIT is HEAD~1 if it is not given. Its platter-unpack is built in a worktree of its own, which takes a minute or two.
# The command line in out/ writes the images (`npm run build`). Prints a line for each reader; exit code 1 when one fails.
set -euo pipefail
here=$(cd "$(dirname "$0")/../.." && pwd)
commit=$(git -C "$here" rev-parse --short "${1:-HEAD~1}")
work=$(mktemp -d)
trap 'git -C "$here" worktree remove --force "$work/tree" 2>/dev/null || true; rm -rf "$work"' EXIT
export PLATTER_STATE=$work/state XDG_STATE_HOME=$work XDG_CACHE_HOME=$work

git -C "$here" worktree add --quiet --detach "$work/tree" "$commit"
(cd "$work/tree/native" && cmake --preset plain >/dev/null && cmake --build --preset plain --target platter-unpack >/dev/null)
before=$work/tree/out/native/plain/platter-unpack

# A file system of programs with free blocks, once whole and once without them.
size=$((96 * 1024 * 1024))
mkdir "$work/files"
find /usr/bin -type f -size +64k -size -2M 2>/dev/null | head -n 60 | xargs -I{} cp {} "$work/files"
truncate -s $size "$work/disk.img"
mke2fs -q -t ext4 -d "$work/files" "$work/disk.img" 90M
for ending in img.zst img.xz img.gz; do
  node "$here/out/cli/platter.js" copy "$work/disk.img" "$work/whole.$ending" --yes >/dev/null
  node "$here/out/cli/platter.js" copy "$work/disk.img" "$work/used.$ending" --used --yes >/dev/null
done

failed=0
reader() { # NAME SCRIPT: the script reads $image, whose content is $disk
  if disk=$work/disk.img image=$image before=$before range=$((size / 2 + 12345)) bash -o pipefail -ec "$2"; then
    echo "ok    ${image##*/}: $1"
  else
    echo "FAIL  ${image##*/}: $1"
    failed=1
  fi
}
for image in "$work"/*.img.*; do
  reader "platter-unpack of $commit" '"$before" decode <"$image" 3>/dev/null | cmp - "$disk"'
  reader "platter-unpack of $commit, from the middle" \
    '"$before" decode --from "$range" <"$image" 3>/dev/null | cmp - <(tail -c +$((range + 1)) "$disk")'
  case $image in
    *.zst) reader 'zstd --test' 'zstd -q --test "$image"' && reader 'zstd -d' 'zstd -dcq "$image" | cmp - "$disk"' ;;
    *.xz) reader 'xz -d' 'xz -dc "$image" | cmp - "$disk"' ;;
    *.gz) reader 'gzip -d' 'gzip -dc "$image" | cmp - "$disk"' ;;
  esac
done
if command -v qemu-img >/dev/null; then
  image=$work/used.img.zst
  zstd -dq "$image" -o "$work/unpacked.img"
  reader 'qemu-img compare, once unpacked' 'qemu-img compare -q -f raw -F raw "${image%/*}/unpacked.img" "$disk"'
fi
exit $failed

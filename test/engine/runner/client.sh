#!/bin/sh
# Clones one file to two with the C-only client and compares the bytes.
set -eu
client=$1
dir=$(mktemp -d "${TMPDIR:-/tmp}/platter-client.XXXXXX")
trap 'rm -rf "$dir"' EXIT
head -c 5243392 /dev/urandom > "$dir/source"
"$client" "$dir/source" "$dir/one" "$dir/two"
cmp "$dir/source" "$dir/one"
cmp "$dir/source" "$dir/two"
echo "ok   C11 client: one file to two"

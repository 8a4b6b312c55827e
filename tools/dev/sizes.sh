#!/usr/bin/env bash
# How big things are: lines of source by room and the longest files, and the
# stripped size of what a build made.
#   bash tools/dev/sizes.sh [BUILD FOLDER]
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/../lib/common.sh"
build=${1:-$TENON_ROOT/build}
cd "$TENON_ROOT"

sources() {
  find "$1" -name build -prune -o -type f \( -name '*.c' -o -name '*.cpp' -o \
    -name '*.h' -o -name '*.td' -o -name '*.py' -o -name '*.sh' -o \
    -name '*.mlir' -o -name '*.test' \) -print
}

printf '%-28s %6s %8s\n' room files lines
for room in dialects/* lib/* include runtime tools test; do
  [ -d "$room" ] || continue
  files=$(sources "$room")
  [ -n "$files" ] || continue
  printf '%-28s %6d %8d\n' "$room" "$(wc -l <<<"$files")" \
    "$(tr '\n' '\0' <<<"$files" | xargs -0 cat | wc -l)"
done

printf '\nlongest files of the product\n'
for room in dialects include lib runtime tools; do sources "$room"; done |
  tr '\n' '\0' | xargs -0 wc -l | grep -v ' total$' | sort -rn | sed -n 1,10p

printf '\nbuilt in %s (bytes: code and constants, data, stripped file)\n' "$build"
for file in "$build"/bin/* "$build"/lib/*.so; do
  [ -f "$file" ] || continue
  stripped=$(mktemp)
  "$LLVM_PREFIX/bin/llvm-strip" -o "$stripped" "$file" 2>/dev/null || continue
  read -r text data _ < <("$LLVM_PREFIX/bin/llvm-size" "$file" | tail -n 1)
  printf '%-28s %10d %9d %10d\n' "$(basename "$file")" "$text" "$data" \
    "$(stat -c %s "$stripped")"
  rm -f "$stripped"
done

#!/usr/bin/env bash
# Formats the C and C++ sources with the pinned clang-format of build/venv.
#   bash tools/dev/format.sh            rewrites the files that need it
#   bash tools/dev/format.sh --check    lists them and fails
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/../lib/common.sh"
format="$TENON_ROOT/build/venv/bin/clang-format"
[ -x "$format" ] ||
  die "expected build/venv/bin/clang-format; bash tools/test.sh makes it"

cd "$TENON_ROOT"
mapfile -d '' files < <(find dialects include lib runtime test tools \
  \( -name '*.c' -o -name '*.cpp' -o -name '*.h' \) -print0 | sort -z)
case ${1:-} in
  --check)
    "$format" --dry-run --Werror "${files[@]}" ||
      die "format these files with: bash tools/dev/format.sh"
    echo "${#files[@]} files are formatted"
    ;;
  "") "$format" -i "${files[@]}" ;;
  *) die "expected --check or nothing, but got '$1'" ;;
esac

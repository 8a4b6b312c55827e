#!/usr/bin/env bash
# Generates the reference pages of dialects and passes from their .td files:
# <room>/IR/<D>.md from <D>Ops.td and <folder>/Passes.md from Passes.td.
#   bash tools/dev/docs.sh            writes them
#   bash tools/dev/docs.sh --check    fails when one differs from its .td
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/../lib/common.sh"
check=
case ${1:-} in
  --check) check=yes ;;
  "") ;;
  *) die "expected --check or nothing, but got '$1'" ;;
esac

cd "$TENON_ROOT"
new=$(mktemp "${TMPDIR:-/tmp}/tenon-docs.XXXXXX")
trap 'rm -f "$new"' EXIT
pages=0 stale=0

# page FILE GENERATOR TD ARGUMENT...
page() {
  local file=$1 generator=$2 td=$3
  shift 3
  "$LLVM_PREFIX/bin/mlir-tblgen" "$generator" "$@" -I . \
    -I "$LLVM_PREFIX/include" "$td" -o "$new"
  pages=$((pages + 1))
  if [ -z "$check" ]; then
    cmp -s "$new" "$file" || { cat "$new" >"$file" && echo "wrote $file"; }
  elif ! cmp -s "$new" "$file"; then
    echo "$file differs from what $td says:" >&2
    diff -u "$file" "$new" 2>/dev/null | head -n 20 >&2 || true
    stale=1
  fi
}

for room in dialects/*/IR; do
  name=$(basename "$(dirname "$room")")
  for td in "$room/${name}Ops.td" "$room/$name.td"; do
    [ -f "$td" ] || continue
    dialect=$(sed -n 's/^ *let name = "\(.*\)";$/\1/p' "$room/$name"*.td | sed -n 1p)
    page "$room/$name.md" -gen-dialect-doc "$td" "-dialect=$dialect"
    break
  done
done
while read -r td; do
  page "$(dirname "$td")/Passes.md" -gen-pass-doc "$td"
done < <(find dialects lib -name Passes.td | sort)

if [ "$stale" -ne 0 ]; then
  die "make the pages again with: bash tools/dev/docs.sh"
fi
echo "$pages pages of generated docs"

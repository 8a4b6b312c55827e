#!/usr/bin/env bash
# Runs one libFuzzer program: first every seed, then new inputs for some time.
# New inputs go to a folder of their own, so the seed corpus stays as committed.
#   bash tools/dev/fuzz.sh [--seconds N] [--corpus DIR] [--dict FILE]
#                          [--work DIR] PROGRAM
set -euo pipefail
seconds=5 corpus= dict= work=
while [ $# -gt 1 ]; do
  case $1 in
    --seconds) seconds=$2 ;;
    --corpus) corpus=$2 ;;
    --dict) dict=$2 ;;
    --work) work=$2 ;;
    *) echo "fuzz.sh: expected --seconds, --corpus, --dict or --work, but got '$1'" >&2
       exit 2 ;;
  esac
  shift 2
done
program=${1:?fuzz.sh: expected the fuzz program as the last argument}

if [ -z "$work" ]; then
  work=$(mktemp -d "${TMPDIR:-/tmp}/tenon-fuzz.XXXXXX")
  trap 'rm -rf "$work"' EXIT
fi
mkdir -p "$work/new" "$work/crashes"

if [ -n "$corpus" ] && [ -z "$(find "$corpus" -type f | head -n 1)" ]; then
  echo "fuzz.sh: expected seeds in '$corpus', but it is empty" >&2
  exit 1
fi

export ASAN_OPTIONS="detect_container_overflow=0:allocator_may_return_null=1${ASAN_OPTIONS:+:$ASAN_OPTIONS}"
status=0
(cd "$work" && "$program" -max_total_time="$seconds" -timeout=20 \
  -rss_limit_mb=2048 -print_final_stats=1 -verbosity=1 \
  -artifact_prefix="$work/crashes/" ${dict:+-dict="$dict"} \
  "$work/new" ${corpus:+"$corpus"}) >"$work/log" 2>&1 || status=$?
tail -n 40 "$work/log"
if [ "$status" -ne 0 ]; then
  for crash in "$work"/crashes/*; do
    [ -f "$crash" ] || continue
    echo "failing input $(basename "$crash") ($(stat -c %s "$crash") bytes), base64:"
    base64 -w 76 "$crash" | sed -n 1,60p
  done
fi
exit "$status"

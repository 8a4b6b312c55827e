#!/usr/bin/env bash
# The IR examples of the docs parse and verify, and one that does not is found.
set -euo pipefail
run() {
  "$TENON_SOURCE_DIR/build/venv/bin/python" \
    "$TENON_SOURCE_DIR/tools/dev/doc-examples.py" \
    --opt "$TENON_BUILD_DIR/bin/tenon-opt" "$@"
}
run

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
printf '```mlir\n%%y = tenon.nothing %%x : tensor<?xf32>\n```\n' >"$work/README.md"
if run "$work/README.md" >"$work/out" 2>&1; then
  echo "FAIL: expected an example with an unknown op to be found"
  exit 1
fi
grep -q "README.md:2: .*tenon.nothing" "$work/out" || {
  cat "$work/out"
  exit 1
}

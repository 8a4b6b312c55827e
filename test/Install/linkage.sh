#!/usr/bin/env bash
# What our binaries link, hold and show:
#   * nothing that loads libMLIR or libLLVM holds a second copy of it;
#   * the runtime, tenon-run and the text library load neither;
#   * each library exports its own prefix only;
#   * libtenon-rt.so is small.
set -euo pipefail
cd "$TENON_BUILD_DIR"
failures=0
fail() {
  echo "FAIL: $*"
  failures=$((failures + 1))
}
loads() { readelf -d "$1" | grep "NEEDED.*$2" >/dev/null; }
# Symbols that a dynamic object shows: names without version.
exports() { nm -D --defined-only "$1" | awk '{ sub(/@.*/, "", $3); print $3 }'; }

llvm=$(dirname "$TENON_LLVM_BIN")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for lib in libMLIR.so libLLVM.so; do
  nm -D --defined-only "$llvm/lib/$lib" | awk '$2 ~ /[TDBR]/ { sub(/@.*/, "", $3); print $3 }'
done | sort -u >"$work/upstream"

checked=0
for file in bin/* lib/*.so test/bin/*; do
  [ -f "$file" ] && [ ! -L "$file" ] && readelf -h "$file" >/dev/null 2>&1 || continue
  loads "$file" 'libMLIR\|libLLVM' || continue
  checked=$((checked + 1))
  # Strong definitions that the shared libraries also have. Weak ones are
  # inline functions, which the linker merges.
  nm --defined-only "$file" | awk '$2 ~ /^[TDBR]$/ { print $3 }' | sort -u >"$work/ours"
  comm -12 "$work/ours" "$work/upstream" |
    grep -v '^_\(init\|fini\|start\|edata\|end\)$\|^__asan\|^__ubsan\|^__tsan\|^__sanitizer\|^__interceptor' >"$work/both" || true
  if [ -s "$work/both" ]; then
    fail "$file loads libMLIR and holds $(wc -l <"$work/both") of its symbols: $(head -n 3 "$work/both" | tr '\n' ' ')"
  fi
done
[ "$checked" -ge 3 ] || fail "expected at least 3 binaries over MLIR, but got $checked"

for file in lib/libtenon-rt.so lib/libtenon-text.so bin/tenon-run; do
  if [ ! -f "$file" ]; then
    fail "expected $file to be built"
  elif ldd "$file" | grep -i 'llvm\|mlir\|lld' >"$work/found"; then
    fail "$file loads $(tr -s ' \n' ' ' <"$work/found")"
  fi
done

# shows FILE PATTERN: every export matches, and there is one.
shows() {
  exports "$1" | grep -vE "$2" >"$work/other" || true
  if [ -n "$TENON_SANITIZE" ]; then
    sed -i '/san_\|sancov\|___interceptor\|^__odr/d' "$work/other"
  fi
  [ ! -s "$work/other" ] ||
    fail "$1 exports names that do not match $2: $(head -n 3 "$work/other" | tr '\n' ' ')"
  exports "$1" | grep -E "$2" >/dev/null || fail "$1 exports nothing that matches $2"
}
shows lib/libtenon-rt.so '^tenon_rt_'
shows lib/libtenon-text.so '^tenon_text_'
shows lib/libtenon.so '5tenon|^tenon_'

if [ -z "$TENON_SANITIZE" ]; then
  "$TENON_LLVM_BIN/llvm-strip" -o "$work/stripped" lib/libtenon-rt.so
  size=$(stat -c %s "$work/stripped")
  echo "libtenon-rt.so is $size bytes stripped"
  [ "$size" -lt 300000 ] ||
    fail "expected libtenon-rt.so to be below 300000 bytes stripped, but got $size"
fi
echo "$checked binaries over MLIR checked, $failures failures"
[ "$failures" -eq 0 ]

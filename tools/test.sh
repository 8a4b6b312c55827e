#!/usr/bin/env bash
# Installs what the tests need, builds everything and runs every test.
#   bash tools/test.sh [--sanitize=address|thread|undefined] [CTEST ARGUMENT...]
# With --sanitize all of Tenon's code, and the code that it generates, is
# instrumented (in a build folder of its own; this takes much longer).
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/lib/common.sh"
source "$TENON_ROOT/tools/lib/packages.sh"
source "$TENON_ROOT/tools/lib/python.sh"
source "$TENON_ROOT/tools/lib/build.sh"

preset=release
ctest_args=()
while [ $# -gt 0 ]; do
  case $1 in
    -h | --help)
      sed -n '2,5s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"
      exit 0
      ;;
    --sanitize=address) preset=asan ;;
    --sanitize=thread) preset=tsan ;;
    --sanitize=undefined) preset=ubsan ;;
    --sanitize=* | --sanitize)
      die "expected --sanitize=address, thread or undefined, but got '$1'"
      ;;
    *) ctest_args+=("$1") ;;
  esac
  shift
done

run_tests() {
  run ctest --test-dir "$(preset_folder "$preset")" --output-on-failure \
    --no-tests=error -j "$(nproc)" "${ctest_args[@]}"
}

step "Install the Debian packages of tools/packages.txt" install_packages
step "Make the Python environment build/venv" install_python
step "Configure the build (preset $preset)" configure "$preset"
step "Build everything" build "$preset"
printf '\n==> 5. Run every test (the steps before took %s)\n' \
  "$(seconds_since "$tenon_started")"
run_tests

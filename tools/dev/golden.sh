#!/usr/bin/env bash
# Records what the golden tests measure now, in test/Golden/NAME.json; look at
# the difference before you commit it. Needs a built tree.
#   bash tools/dev/golden.sh            all of them
#   bash tools/dev/golden.sh NAME...    errors, code, loops or quality
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/../lib/common.sh"
cd "$TENON_ROOT"
build=${TENON_BUILD_DIR:-build}
names=("$@")
[ $# -gt 0 ] || names=(errors code loops quality)

export TENON_GOLDEN_UPDATE=yes
for name in "${names[@]}"; do
  case $name in
    errors)
      "$build/test/bin/conformance-test" --cpu=x86-64-v3 \
        --golden=test/Golden/errors.json
      ;;
    code | loops | quality)
      TENON_SOURCE_DIR=$TENON_ROOT TENON_BUILD_DIR=$build \
        PYTHONPATH=test/lib/python PYTHONDONTWRITEBYTECODE=1 \
        build/venv/bin/python -m pytest -q -p no:cacheprovider \
        --rootdir test test/Golden -k "test_$name"
      ;;
    *) die "expected errors, code, loops or quality, but got '$name'" ;;
  esac
done
git --no-pager diff --stat -- test/Golden

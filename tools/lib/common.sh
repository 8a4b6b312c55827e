# Shell functions that the scripts of tools/ share: where the tree is, how a
# step is announced and timed, how a script ends. Sourced, not run.

# The root of the tree, from any working folder and with spaces in the path.
TENON_ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
LLVM_PREFIX=/usr/lib/llvm-22

# The same messages and the same sorting order everywhere.
export LC_ALL=C.UTF-8
export PYTHONDONTWRITEBYTECODE=1

# Tools that keep files in a home folder get one in the build folder.
if [ -z "${HOME:-}" ] || [ ! -d "${HOME:-}" ]; then
  mkdir -p "$TENON_ROOT/build/home"
  export HOME="$TENON_ROOT/build/home"
fi

die() {
  printf '%s: %s\n' "$(basename "$0")" "$*" >&2
  exit 1
}

# Milliseconds since some fixed time.
now_ms() { echo $(($(date +%s%N) / 1000000)); }

tenon_started=$(now_ms)
tenon_step_number=0

# seconds_since MS: "12.3 s".
seconds_since() {
  local ms=$(($(now_ms) - $1))
  printf '%d.%d s' $((ms / 1000)) $((ms % 1000 / 100))
}

# step TEXT COMMAND...: says what is done, does it, says how long it took. The
# command's last line of output explains a step that had nothing to do.
step() {
  local text=$1 started status=0
  shift
  tenon_step_number=$((tenon_step_number + 1))
  printf '\n==> %d. %s\n' "$tenon_step_number" "$text"
  started=$(now_ms)
  "$@" || status=$?
  if [ "$status" -ne 0 ]; then
    printf '==> %d. failed after %s\n' "$tenon_step_number" \
      "$(seconds_since "$started")" >&2
    exit "$status"
  fi
  printf '==> %d. done in %s\n' "$tenon_step_number" \
    "$(seconds_since "$started")"
}

# run COMMAND...: prints the command, then runs it.
run() {
  printf '+'
  printf ' %q' "$@"
  printf '\n'
  "$@"
}

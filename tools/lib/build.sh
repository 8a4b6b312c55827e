# Configuring and building a preset. Sourced after common.sh.

# preset_folder PRESET: where CMakePresets.json builds it.
preset_folder() {
  case $1 in
    release) echo "$TENON_ROOT/build" ;;
    debug) echo "$TENON_ROOT/build-debug" ;;
    asan) echo "$TENON_ROOT/build-address" ;;
    tsan) echo "$TENON_ROOT/build-thread" ;;
    ubsan) echo "$TENON_ROOT/build-undefined" ;;
    *) die "expected the preset release, debug, asan, tsan or ubsan, but got '$1'" ;;
  esac
}

# configure PRESET: prints what CMake says only when it fails.
configure() {
  local folder log
  folder=$(preset_folder "$1")
  mkdir -p "$folder"
  log="$folder/configure.log"
  (cd "$TENON_ROOT" && run cmake --preset "$1") >"$log" 2>&1 || {
    tail -n 60 "$log" >&2
    die "CMake failed; all it said is in $log"
  }
  echo "configured $folder"
}

# build PRESET [TARGET...]
build() {
  local folder
  folder=$(preset_folder "$1")
  shift
  run ninja -C "$folder" -j "$(nproc)" "$@"
}

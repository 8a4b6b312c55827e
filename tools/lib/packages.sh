# Debian packages: what is missing, and installing it. Sourced after common.sh.

# The names in a list file without comments and empty lines.
list_file() { sed -e 's/#.*//' -e '/^[[:space:]]*$/d' "$1"; }

# Prints the packages of tools/packages.txt that are not installed.
missing_packages() {
  local name
  while read -r name; do
    [ "$(dpkg-query -W -f='${db:Status-Status}' "$name" 2>/dev/null)" = installed ] ||
      printf '%s ' "$name"
  done < <(list_file "$TENON_ROOT/tools/packages.txt")
}

install_packages() {
  local missing
  command -v dpkg-query >/dev/null && command -v apt-get >/dev/null ||
    die "expected Debian with apt-get; install what tools/packages.txt lists by hand"
  missing=$(missing_packages)
  if [ -z "$missing" ]; then
    echo "all packages of tools/packages.txt are there"
    return
  fi
  missing=${missing% }
  if [ "$(id -u)" -ne 0 ]; then
    {
      echo "Some Debian packages are missing, and only an administrator may install them."
      echo "Ask one to run this line, then start again:"
      echo "apt-get update && apt-get install -y --no-install-recommends $missing"
    } >&2
    exit 1
  fi
  export DEBIAN_FRONTEND=noninteractive
  run apt-get update -qq -o Acquire::Retries=3 ||
    echo "apt-get update failed; going on with the lists that are there" >&2
  # shellcheck disable=SC2086 # one word a package
  run apt-get install -y -qq --no-install-recommends -o Acquire::Retries=3 \
    -o Dpkg::Use-Pty=0 $missing ||
    die "apt-get could not install: $missing"
}

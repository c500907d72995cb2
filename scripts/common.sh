# What setup.sh and fonts.sh share: where things are, how to speak, how to use apt with or without root.

ROOT=$(cd "$(dirname "$0")/.." && pwd)
DATA=${DATA:-$ROOT}
WORK=$DATA/.cache/setup
LOG=$WORK/log
mkdir -p "$WORK"

# say 中文 English: one line in the language of GONGPING_LANG (Chinese unless it is "en").
say() {
  case ${GONGPING_LANG:-zh} in en*) printf '%s\n' "$2" ;; *) printf '%s\n' "$1" ;; esac
}

has() { command -v "$1" >/dev/null 2>&1; }

# quietly COMMAND…: its output goes to the log, its exit code comes back.
quietly() {
  printf '+ %s\n' "$*" >>"$LOG"
  "$@" >>"$LOG" 2>&1 </dev/null
}

is_root() { [ "$(id -u)" = 0 ]; }

# as_root COMMAND…: as root or through a sudo that asks nothing; fails where neither is possible.
as_root() {
  if is_root; then quietly env DEBIAN_FRONTEND=noninteractive "$@"
  elif has sudo; then quietly sudo -n env DEBIAN_FRONTEND=noninteractive "$@"
  else return 1
  fi
}

APT_QUICK="-o Acquire::Retries=2 -o Acquire::http::Timeout=30 -o Acquire::https::Timeout=30 -o DPkg::Lock::Timeout=120"

# apt_install PACKAGE…: by root only; refreshes the lists when the first attempt fails.
apt_install() {
  has apt-get || return 1
  as_root apt-get install -y -q --no-install-recommends $APT_QUICK "$@" && return 0
  as_root apt-get update -q $APT_QUICK || return 1
  as_root apt-get install -y -q --no-install-recommends $APT_QUICK "$@"
}

# apt_unpack FOLDER PACKAGE…: the files of packages into FOLDER, without root and without installing them.
apt_unpack() {
  into=$1; shift
  has apt-get && has dpkg-deb || return 1
  rm -rf "$into" && mkdir -p "$into/debs" || return 1
  ( cd "$into/debs" && { quietly apt-get download $APT_QUICK "$@" || apt_refreshed_download "$@"; } ) || return 1
  for deb in "$into"/debs/*.deb; do
    quietly dpkg-deb -x "$deb" "$into" || return 1
  done
  rm -rf "$into/debs"
}

own_apt() {
  quietly apt-get -o Dir::State::Lists="$WORK/apt/lists" -o Dir::Cache="$WORK/apt/cache" \
    -o APT::Sandbox::User="$(id -un)" "$@"
}

# The lists of the machine are missing or old: refresh them as root, else in a folder of our own.
apt_refreshed_download() {
  if as_root apt-get update -q $APT_QUICK && quietly apt-get download $APT_QUICK "$@"; then return 0; fi
  mkdir -p "$WORK/apt/lists/partial" "$WORK/apt/cache/archives/partial"
  own_apt update -q $APT_QUICK
  own_apt download $APT_QUICK "$@"
}

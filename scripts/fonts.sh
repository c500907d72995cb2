#!/bin/sh
# Bring the fonts of the printed pages into .fonts/ and check them against fonts.manifest.
#   scripts/fonts.sh [FOLDER]   fetch what is missing; exit 1 when a font could not be had
# FOLDER, the project's own unless given, is the one that holds .fonts/: an installed package names another.
# Needs apt-get and dpkg-deb, no root. Fonts that the machine already has are copied, not fetched.
set -u
DATA=${1:-}
[ -z "$DATA" ] || { mkdir -p "$DATA" && DATA=$(cd "$DATA" && pwd); } || exit 1
. "$(dirname "$0")/common.sh"
MANIFEST=$ROOT/scripts/fonts.manifest
FONTS=$DATA/.fonts

rows() { grep -v '^#' "$MANIFEST"; }

missing() {
  rows | while read -r package sha path; do
    [ -s "$FONTS/${path##*/}" ] || printf '%s %s\n' "$package" "$path"
  done
}

# take FOLDER: copy every missing font that is found under FOLDER; whole files only.
take() {
  missing | while read -r package path; do
    [ -s "$1/$path" ] && cp "$1/$path" "$FONTS/.part" && mv "$FONTS/.part" "$FONTS/${path##*/}"
  done
}

# A font whose bytes differ is kept (Debian updates its packages) and named.
check() {
  rows | while read -r package sha path; do
    font=$FONTS/${path##*/}
    [ -s "$font" ] && [ "$(sha256sum <"$font")" != "$sha  -" ] &&
      say "字体 ${path##*/} 与清单的 sha256 不同（$package 有更新？），照用；版面请再核对一次。" \
          "Font ${path##*/} differs from the manifest's sha256 (a new $package?); kept, look at the pages once more."
  done
  return 0
}

# fontconfig reads this file alone, so the pages do not change with the machine; relative paths are ignored by it.
write_conf() {
  cat >"$FONTS/fonts.conf" <<CONF
<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir>$FONTS</dir>
  <cachedir>$FONTS/cache</cachedir>
</fontconfig>
CONF
}

mkdir -p "$FONTS"
[ -n "$(missing)" ] && take ""
packages=$(missing | cut -d' ' -f1 | sort -u)
if [ -n "$packages" ]; then
  say "取字体（约 160 MB，仅首次）……" "Fetching fonts (about 160 MB, the first time only) …"
  for package in $packages; do
    apt_unpack "$WORK/fonts" "$package" && take "$WORK/fonts"
    rm -rf "$WORK/fonts"
  done
fi
check
write_conf
left=$(missing | sed 's|.*/||' | tr '\n' ' ')
[ -z "$left" ] || {
  say "缺字体：${left}（无法从 Debian 软件源取得；可从别的机器拷入 .fonts/）" \
      "Fonts missing: ${left}(not to be had from the Debian mirror; copy them into .fonts/ from another machine)" >&2
  exit 1
}

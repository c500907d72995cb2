#!/bin/sh
# Everything a fresh machine needs: uv, a C compiler, the libraries for PDF, the locked packages in .venv, the fonts in .fonts.
#   scripts/setup.sh            does nothing when nothing changed since it last worked
#   scripts/setup.sh --again    looks at everything once more
# Needs git, make and a Python from 3.11 to 3.14. Uses root or a sudo that asks nothing where something must be installed,
# and goes round it where neither is there. Reaches PyPI and the Debian mirrors as this machine is configured, nothing else.
set -u
. "$(dirname "$0")/common.sh"
cd "$ROOT" || exit 1
TOOLS=$ROOT/.tools
STAMP=$ROOT/.venv/.setup
NOTES=$WORK/notes
PYTHONS='>=3.11,<3.15'

key() { { printf '%s\n' "$ROOT"; cat uv.lock pyproject.toml scripts/setup.sh scripts/common.sh scripts/fonts.sh scripts/fonts.manifest; } | sha256sum; }

# note 中文 English: what is missing but not fatal; said now and again on every later start.
note() { say "$1" "$2" | tee -a "$NOTES" >&2; }

stop() { kill ${fonts:-} 2>/dev/null; say "$1" "$2" >&2; say "详见 .cache/setup/log" "Details: .cache/setup/log" >&2; exit 1; }

# A Python that can make a virtual environment for uv; any 3.8 or later will do.
any_python() { for name in python3.11 python3.12 python3.13 python3.14 python3; do has $name && { echo $name; return 0; }; done; return 1; }

make_tools() {
  quietly "$1" -m venv "$TOOLS" && return 0
  rm -rf "$TOOLS"
  version=$("$1" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
  { apt_install "python$version-venv" || apt_install python3-venv; } && quietly "$1" -m venv "$TOOLS" && return 0
  # Neither root nor sudo: an environment without pip, and pip out of Debian's wheel.
  rm -rf "$TOOLS"
  quietly "$1" -m venv --without-pip "$TOOLS" && apt_unpack "$WORK/pip" python3-pip-whl || return 1
  for wheel in "$WORK"/pip/usr/share/python-wheels/pip-*.whl; do
    quietly "$TOOLS/bin/python" "$wheel/pip" install --no-index "$wheel" && return 0
  done
  return 1
}

# Prints the uv to use: ours, the one on PATH, else a new one of our own from PyPI; one older than pyproject.toml asks
# for answers nothing here.
find_uv() {
  if [ -x "$TOOLS/bin/uv" ] && quietly "$TOOLS/bin/uv" python dir; then echo "$TOOLS/bin/uv"; return 0; fi
  if has uv && quietly uv python dir; then command -v uv; return 0; fi
  base=$(any_python) || return 1
  [ -x "$TOOLS/bin/pip" ] || make_tools "$base" || return 1
  quietly "$TOOLS/bin/python" -m pip install -q -U --disable-pip-version-check uv && echo "$TOOLS/bin/uv"
}

# The Python that the packages will run on: one that is there, else one that uv can bring.
find_python() {
  "$UV" python find --system "$PYTHONS" 2>>"$LOG" ||
    { quietly "$UV" python install 3.13 && "$UV" python find --system 3.13 2>>"$LOG"; }
}

has_headers() { "$PYTHON" -c 'import os, sysconfig as s, sys; sys.exit(not os.path.exists(os.path.join(s.get_path("include"), "Python.h")))'; }
has_compiler() { has "${CC:-cc}" || has gcc || has clang; }
has_library() { "$PYTHON" -c 'import ctypes, sys; [ctypes.CDLL(name) for name in sys.argv[1:]]' "$@" 2>>"$LOG"; }

# durable_rules is compiled here: a compiler and the headers by apt, else a compiler from PyPI and unpacked headers.
compiler() {
  version=$("$PYTHON" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
  wanted=
  has_compiler && printf '#include <stdlib.h>\n' | ${CC:-cc} -E - >/dev/null 2>&1 || wanted="gcc libc6-dev"
  has_headers || wanted="$wanted python$version-dev"
  [ -z "$wanted" ] && return 0
  say "安装编译器……" "Installing a compiler …"
  apt_install $wanted && return 0
  has_headers || borrow_headers
  [ "${wanted#gcc}" = "$wanted" ] || borrow_compiler
}

borrow_headers() {
  apt_unpack "$WORK/headers" "libpython$version-dev" || return 1
  include=$WORK/headers/usr/include
  export CPATH="$include/python$version:$include${CPATH:+:$CPATH}"
}

borrow_compiler() {
  quietly "$UV" venv -q --clear --python "$PYTHON" "$WORK/zig" || return 1
  quietly "$UV" pip install -q --python "$WORK/zig/bin/python" ziglang || return 1
  for tool in cc c++ ar; do
    printf '#!/bin/sh\nexec "%s" -m ziglang %s "$@"\n' "$WORK/zig/bin/python" $tool >"$WORK/zig/bin/zig-$tool"
    chmod +x "$WORK/zig/bin/zig-$tool"
  done
  bin=$WORK/zig/bin
  export CC="$bin/zig-cc" CXX="$bin/zig-c++" AR="$bin/zig-ar" LDSHARED="$bin/zig-cc -shared"
  export CFLAGS="${CFLAGS:-} -fno-sanitize=undefined"
}

# What WeasyPrint opens at run time.
paper() {
  has_library libgobject-2.0.so.0 libpango-1.0.so.0 libpangoft2-1.0.so.0 libharfbuzz.so.0 libfontconfig.so.1 &&
    { has_library libharfbuzz-subset.so.0 || apt_install libharfbuzz-subset0 || return 0; } && return 0
  say "安装出 PDF 的系统库……" "Installing the libraries for PDF …"
  apt_install libpango-1.0-0 libpangoft2-1.0-0 libfontconfig1 libharfbuzz-subset0 ||
    apt_install libpango-1.0-0 libpangoft2-1.0-0 libfontconfig1 ||
    note "缺出 PDF 的系统库：评分、表格、网页照出，PDF 不出；补装：apt-get install libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0" \
         "The libraries for PDF are missing: scores, tables and HTML are made, PDF is not; mend with: apt-get install libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0"
}

# An environment that was made in another place has that place in its scripts: make it anew.
sync() {
  [ ! -x .venv/bin/gongping ] || grep -q "$ROOT/.venv" .venv/bin/gongping || rm -rf .venv
  say "安装依赖包……" "Installing the packages …"
  # Compiled once: where PYTHONDONTWRITEBYTECODE is set, every command would compile all that it imports again.
  quietly "$UV" sync --frozen --compile-bytecode --python "$PYTHON" && [ -x .venv/bin/gongping ] || return 1
  quietly .venv/bin/python -m compileall -q pipelines || :
}

ready() { [ -f "$STAMP" ] && [ "$(cat "$STAMP")" = "$(key)" ] && [ -x .venv/bin/gongping ]; }

if [ "${1:-}" != --again ] && ready; then
  [ ! -s "$NOTES" ] || cat "$NOTES" >&2
  exit 0
fi

unset VIRTUAL_ENV UV_PROJECT_ENVIRONMENT
[ -d "${HOME:-}" ] && [ -w "$HOME" ] || export HOME="$WORK/home"   # an account without a home of its own
: >"$LOG"; rm -f "$NOTES" "$STAMP"
say "安装所需（首次约一两分钟）……" "Setting up (a minute or two the first time) …"
UV=$(find_uv) ||
  stop "装不上 uv：需要 Python 3.11 到 3.14 之一和 PyPI（或请管理员装 python3-venv）。" \
       "uv could not be had: it needs a Python from 3.11 to 3.14 and PyPI (or python3-venv, installed by an administrator)."
PYTHON=$(find_python) ||
  stop "没有 Python 3.11 到 3.14，uv 也取不到；请先装其中之一（durable_rules 只支持这几版）。" \
       "No Python from 3.11 to 3.14 here and uv could not bring one; install one of them first (durable_rules runs on no other)."
compiler
paper
sh scripts/fonts.sh 2>>"$LOG" & fonts=$!
sync ||
  stop "依赖包没有装成（durable_rules 要用 C 编译器，其余来自 PyPI）。" \
       "The packages could not be installed (durable_rules needs a C compiler, the rest comes from PyPI)."
wait $fonts ||
  note "字体不全：评分、表格、网页照出，PDF 不出；补齐：make fonts" \
       "Fonts are missing: scores, tables and HTML are made, PDF is not; mend with: make fonts"
rm -rf "$WORK/zig" "$WORK/headers" "$WORK/pip" "$WORK/apt"
key >"$STAMP"
say "安装完成：.venv/bin/gongping --help" "Set-up done: .venv/bin/gongping --help"

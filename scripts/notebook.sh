#!/bin/sh
# Opens notebooks/what_if.ipynb in JupyterLab.
#   scripts/notebook.sh [options of jupyter lab]
# Without a screen it opens no browser and prints the address; as root it asks Jupyter to allow that.
set -u
. "$(dirname "$0")/common.sh"
cd "$ROOT" || exit 1
lab=.venv/bin/jupyter-lab
[ -x "$lab" ] || { say "没有 JupyterLab：先运行 make setup" "JupyterLab is missing: run make setup first" >&2; exit 1; }
[ -n "${DISPLAY:-}${WAYLAND_DISPLAY:-}" ] || [ "$(uname)" = Darwin ] || set -- --no-browser "$@"
[ "$(id -u)" != 0 ] || set -- --allow-root "$@"
exec "$lab" \
  --LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate --LabApp.news_url= \
  --LabApp.default_url=/lab/tree/what_if.ipynb "$@" notebooks/what_if.ipynb

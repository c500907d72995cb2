#!/bin/sh
# Chromium for the tests that look at pages in a browser: found, or installed once where root or a silent sudo allows it.
# Without it those tests are skipped and say so; nothing else needs a browser.
set -u
. "$(dirname "$0")/common.sh"
STAMP=$WORK/browser
for name in chromium chromium-browser google-chrome; do has $name && exit 0; done
[ ! -f "$STAMP" ] || exit 0
say "安装测试用的浏览器（一次，约一分钟）……" "Installing the browser for the tests (once, about a minute) …"
apt_install chromium && exit 0
say "没有浏览器，装不了：网页无障碍等测试跳过；补装：apt-get install chromium" \
    "No browser and none could be installed: the tests of pages in a browser are skipped; mend with: apt-get install chromium"
touch "$STAMP"

#!/bin/sh
# What the tests call beside Python: found, or installed once where root or a silent sudo allows it.
# Without it those tests are skipped and say so; nothing else needs these.
set -u
. "$(dirname "$0")/common.sh"

# need PACKAGE 中文 English COMMAND…: one of the commands is there, else the package is installed.
need() {
  package=$1; zh=$2; en=$3; shift 3
  for name in "$@"; do has "$name" && return 0; done
  [ ! -f "$WORK/without-$package" ] || return 0
  say "安装测试用的$zh……" "Installing $en for the tests …"
  apt_install "$package" && return 0
  say "没有${zh}，装不了：有关测试跳过；补装：apt-get install $package" \
      "No $en and none could be installed: its tests are skipped; mend with: apt-get install $package"
  touch "$WORK/without-$package"
}

need chromium "浏览器（约一分钟）" "a browser (about a minute)" chromium chromium-browser google-chrome
need openssh-client "签名工具 ssh-keygen" "ssh-keygen" ssh-keygen
need openssh-server "SFTP 服务器" "an SFTP server" sshd
need postgresql "PostgreSQL" "PostgreSQL" pg_ctlcluster
need mariadb-server "MariaDB" "MariaDB" mariadbd

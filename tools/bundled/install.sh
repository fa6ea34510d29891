#!/bin/sh
# 不联网安装 / installs without the internet:  sh install.sh [文件夹 / FOLDER]
# 另一个 Python / another Python:  PYTHON=python3.13 sh install.sh
here=$(cd "$(dirname "$0")" && pwd)

usable() {
  "$1" -c 'import sys, venv, ensurepip
sys.exit(".".join(map(str, sys.version_info[:2])) not in sys.argv[1:])' @PYTHONS@ 2>/dev/null
}

for python in python3 python3.14 python3.13 python3.12 python3.11; do
  python=${PYTHON:-$python}
  usable "$python" && exec "$python" "$here/install.py" "$@"
done
cat >&2 <<'END'
没有可用的 Python：需要 @PYTHONS@ 之一，带 venv（Debian、Ubuntu：python3-venv）。
装在别处时写明：PYTHON=/路径/python3 sh install.sh
No usable Python: one of @PYTHONS@ is needed, with venv (on Debian and Ubuntu: python3-venv).
If it is elsewhere, name it: PYTHON=/PATH/python3 sh install.sh
END
exit 1

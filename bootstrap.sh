#!/bin/sh
# Creates .venv from uv.lock. Needs Python 3.11 or newer, and its venv module, which Debian
# packages apart: as root it is installed, otherwise the command is printed.
set -eu

say() { printf '%s\n' "$*" >&2; }

python=${PYTHON:-python3}
if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
    say "error: the lab needs Python 3.11 or newer; '$python' is not that"
    say "  what to do: install it (Debian 12: apt-get install python3), or: make PYTHON=/path/to/python lab"
    exit 1
fi

if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        say "installing Python's venv module"
        DEBIAN_FRONTEND=noninteractive
        export DEBIAN_FRONTEND
        patient=-oDPkg::Lock::Timeout=300 # another apt may be at work, such as updates
        apt-get "$patient" install -y -qq --no-install-recommends python3-venv >/dev/null 2>&1 || {
            apt-get "$patient" update -qq >/dev/null
            apt-get "$patient" install -y -qq --no-install-recommends python3-venv >/dev/null
        }
    else
        say "error: '$python' lacks its venv module"
        say "  what to do, as root: apt-get install python3-venv"
        exit 1
    fi
fi

case $PWD in *:*)
    say "error: the lab cannot be set up in a folder with a colon in its path ($PWD)"
    say "  why: Python takes what follows it for another folder, and makes no environment there"
    say "  what to do: give the folder another name"
    exit 1 ;;
esac

say "creating the environment in .venv (under a minute)"
[ -x .venv/bin/python ] || "$python" -m venv .venv
.venv/bin/python -m pip install --quiet --disable-pip-version-check 'uv>=0.9'
# Compiled once, here: where Python may not write bytecode (PYTHONDONTWRITEBYTECODE, or a project
# that is another user's), each start of the lab would compile its libraries anew, for seconds.
.venv/bin/uv sync --quiet --locked --inexact --all-extras --compile-bytecode

#!/bin/sh
# Usage: setup.sh PYTHON VENV CONSTRAINTS
# Makes the virtual environment and installs exactly the pinned versions, checked by hash, wheels only.
set -eu
python=$1 venv=$2 constraints=$3

say() { printf '%s\n' "$*" >&2; }

"$python" - <<'P' || { say "Ringcast needs Python 3.11 or newer; '$python' is not. Try: make PYTHON=python3.12 …"; exit 1; }
import sys
sys.exit(sys.version_info < (3, 11))
P

if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    package=$("$python" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        say "Installing $package"
        export DEBIAN_FRONTEND=noninteractive
        apt-get -q -o DPkg::Lock::Timeout=300 update >/dev/null
        apt-get -q -o DPkg::Lock::Timeout=300 install -y --no-install-recommends "$package" >/dev/null
    else
        say "Python's venv module is missing. Install it first:  sudo apt-get install $package"
        exit 1
    fi
fi

[ -x "$venv/bin/python" ] || "$python" -m venv "$venv"
say "Installing what $constraints pins into $venv"
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-input \
    --require-hashes --only-binary :all: -r "$constraints"
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-input \
    --no-deps --no-build-isolation --editable .

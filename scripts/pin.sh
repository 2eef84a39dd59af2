#!/bin/sh
# Writes constraints.txt and constraints-dev.txt: versions and hashes, no addresses.
# Extras stay in the pins: without them pip looks at the newest release of such a package first, whose hash is not there.
set -eu
tool=$(mktemp -d)
trap 'rm -rf "$tool"' EXIT
python3 -m venv "$tool"
"$tool/bin/pip" install --quiet --disable-pip-version-check uv
pin() {
    "$tool/bin/uv" pip compile --quiet --universal --python-version 3.11 --generate-hashes \
        --no-strip-extras --no-emit-index-url --no-header --no-annotate --only-binary :all: "$@"
}
pin pyproject.toml --extra postgresql --group build -o constraints.txt
pin pyproject.toml --extra postgresql --group build --group dev -c constraints.txt -o constraints-dev.txt

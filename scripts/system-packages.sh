#!/bin/sh
# Installs the programs that tests and benchmarks run against: SIPp, PostgreSQL, baresip, openssl.
# As root on Debian it installs what is missing; otherwise it says what to install.
set -eu
missing=
command -v sipp >/dev/null || missing="$missing sip-tester"
command -v baresip >/dev/null || missing="$missing baresip-core"
command -v openssl >/dev/null || missing="$missing openssl"
ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1 || missing="$missing postgresql"
[ -n "$missing" ] || exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    printf 'Installing%s\n' "$missing" >&2
    export DEBIAN_FRONTEND=noninteractive
    # The tests start a PostgreSQL of their own: the package need not start one for the machine.
    mkdir -p /etc/postgresql-common
    [ -e /etc/postgresql-common/createcluster.conf ] ||
        echo 'create_main_cluster = false' >/etc/postgresql-common/createcluster.conf
    apt-get -q -o DPkg::Lock::Timeout=300 update >/dev/null
    # shellcheck disable=SC2086
    apt-get -q -o DPkg::Lock::Timeout=300 install -y --no-install-recommends $missing >/dev/null
else
    printf 'These programs are needed by the tests:  sudo apt-get install%s\n' "$missing" >&2
    [ -z "${CI:-}" ] || exit 1
fi

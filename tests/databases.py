"""Databases for tests: a SQLite file or a PostgreSQL database of its own for each.

PostgreSQL runs as a private cluster on a Unix socket, started by the tests and ended with them.
"""

from __future__ import annotations

import asyncio
import getpass
import itertools
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy.engine import make_url

from ringcast.stores.sql import SqlStore
from ringcast.stores.sql.tables import metadata

__all__ = ["PostgresqlMissing", "PostgresqlServer", "SqliteFiles", "postgresql_server"]

_START = 30.0  # seconds a new server may take
_INITDB = ("-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync")
_SETTINGS = ("-c", "listen_addresses=", "-c", "max_connections=100")


class PostgresqlMissing(Exception):
    """The programs of a PostgreSQL server are not installed."""

    def __init__(self) -> None:
        super().__init__("no PostgreSQL server here: install the Debian package postgresql")


class SqliteFiles:
    """Gives out SQLite databases in `directory`, up to date or empty."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._template = directory / "template.sqlite3"
        self._numbers = itertools.count(1)

    def empty(self) -> str:
        """Return the URL of a database without tables."""
        return f"sqlite:///{self._directory / f'{next(self._numbers)}.sqlite3'}"

    def migrated(self) -> str:
        """Return the URL of a database with its tables, and nothing in them."""
        if not self._template.exists():
            _migrate(f"sqlite:///{self._template}")
        url = self.empty()
        shutil.copyfile(self._template, url.removeprefix("sqlite:///"))
        return url

    def give_back(self, url: str) -> None:
        """Take back a database that was given out migrated."""
        Path(url.removeprefix("sqlite:///")).unlink()


class PostgresqlServer:
    """Gives out databases of a running server whose socket is in `directory`."""

    def __init__(self, directory: Path, bin_directory: Path) -> None:
        self._directory = directory
        self._bin = bin_directory
        self._numbers = itertools.count(1)
        self._template: str | None = None
        self._clean: list[str] = []

    def url(self, name: str) -> str:
        """Return the URL of the database of that name."""
        return f"postgresql://ringcast@/{name}?host={self._directory}"

    def empty(self) -> str:
        """Return the URL of a database without tables."""
        return self.url(self._created("template0"))

    def migrated(self) -> str:
        """Return the URL of a database with its tables, and nothing in them."""
        if self._clean:
            return self.url(self._clean.pop())
        if self._template is None:
            name = self._created("template0")
            _migrate(self.url(name))
            self._template = name
        return self.url(self._created(self._template))

    def give_back(self, url: str) -> None:
        """Take back a database that was given out migrated: to empty it is less than to make it."""
        name = make_url(url).database or ""
        tables = ", ".join(table.name for table in metadata.sorted_tables)
        self._run(name, f"TRUNCATE {tables}")
        self._clean.append(name)

    def _created(self, template: str) -> str:
        name = f"test{next(self._numbers)}"
        self._run("postgres", f"CREATE DATABASE {name} TEMPLATE {template}")
        return name

    def _run(self, database: str, statement: str) -> None:
        program = [f"{self._bin}/psql", "-h", f"{self._directory}", "-U", "ringcast"]
        subprocess.run(
            [*program, "-d", database, "-qXc", statement], check=True, capture_output=True
        )


def _migrate(url: str) -> None:
    async def migrate() -> None:
        store = SqlStore(url)
        await store.migrate()
        await store.close()

    with ThreadPoolExecutor(1) as thread:  # this one may have a loop running already
        thread.submit(asyncio.run, migrate()).result()


@contextmanager
def postgresql_server(*, durable: bool = False) -> Iterator[PostgresqlServer]:
    """Run a PostgreSQL server of our own, with its defaults if it is to be `durable`, else without
    waiting for the disk; raise PostgresqlMissing if none is installed.
    """
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    found = shutil.which("initdb") or (installed[-1] if installed else None)
    if found is None:
        raise PostgresqlMissing
    bin_directory = Path(found).resolve().parent
    user = _unprivileged_user()
    # Not pytest's directory: the path of a socket has at most 107 characters.
    directory = Path(tempfile.mkdtemp(prefix="ringcast-pg-"))
    try:
        if user is not None:
            shutil.chown(directory, user)
        data = f"{directory}/data"
        subprocess.run(
            [f"{bin_directory}/initdb", "-D", data, "-U", "ringcast", *_INITDB],
            check=True,
            capture_output=True,
            user=user,
            cwd=directory,
        )
        fsync = () if durable else ("-c", "fsync=off")
        with (directory / "log").open("wb") as log:
            server = subprocess.Popen(
                [f"{bin_directory}/postgres", "-D", data, "-k", f"{directory}", *_SETTINGS, *fsync],
                stdout=log,
                stderr=log,
                user=user,
                cwd=directory,
            )
        try:
            _wait_until_ready(bin_directory, directory, server)
            yield PostgresqlServer(directory, bin_directory)
        finally:
            server.send_signal(signal.SIGQUIT)  # end at once: nothing needs to be kept
            server.wait(timeout=_START)
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _unprivileged_user() -> str | None:
    """Return who shall run the server, which refuses to run as root; None for whoever we are."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    return next(name for name in ("postgres", "nobody", getpass.getuser()) if name in known)


def _wait_until_ready(
    bin_directory: Path, directory: Path, server: subprocess.Popen[bytes]
) -> None:
    until = time.monotonic() + _START
    while time.monotonic() < until and server.poll() is None:
        ready = subprocess.run(
            [f"{bin_directory}/pg_isready", "-q", "-h", f"{directory}", "-U", "ringcast"],
            check=False,
        )
        if ready.returncode == 0:
            return
        time.sleep(0.05)
    raise AssertionError(f"PostgreSQL did not start: {(directory / 'log').read_text()}")

"""The databases that figures of the store are taken on."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.databases import PostgresqlServer, SqliteFiles, postgresql_server

__all__ = ["DATABASES", "add_databases", "database"]

DATABASES = ("sqlite", "postgresql")
"""What the store works on."""


@contextmanager
def database(kind: str, directory: Path) -> Iterator[str]:
    """Give the URL of a database with our tables and nothing in them, on a disk that is waited for.

    PostgreSQL runs with its defaults, except that Debian's package would listen on the network.
    """
    if kind == "sqlite":
        yield SqliteFiles(directory).migrated()
        return
    with postgresql_server(durable=True) as server:
        yield _migrated(server)


def add_databases(parser: argparse.ArgumentParser) -> None:
    """Let the command line name databases; all of them if it names none."""
    parser.add_argument(
        "--database",
        dest="databases",
        action="append",
        choices=DATABASES,
        help="one to measure; may be given twice, and without it all are measured",
    )


def _migrated(server: PostgresqlServer) -> str:
    return server.migrated()

"""What all tests share."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.databases import PostgresqlMissing, PostgresqlServer, postgresql_server

# Tests start dozens of short programs; each would compile every module anew.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgresqlServer]:
    """A server of PostgreSQL."""
    try:
        with postgresql_server() as server:
            yield server
    except PostgresqlMissing as exc:
        if os.environ.get("CI"):
            raise  # nothing is skipped there for a missing tool
        pytest.skip(str(exc))

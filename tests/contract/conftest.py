"""Fixtures for suites that run on every database."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import TypeAlias

import pytest

from ringcast.stores.sql import SqlStore
from tests.databases import PostgresqlServer, SqliteFiles

Databases: TypeAlias = SqliteFiles | PostgresqlServer


@pytest.fixture(scope="session")
def sqlite(tmp_path_factory: pytest.TempPathFactory) -> SqliteFiles:
    """A directory of SQLite files."""
    return SqliteFiles(tmp_path_factory.mktemp("sqlite"))


@pytest.fixture(params=["sqlite", "postgresql"])
def databases(request: pytest.FixtureRequest) -> Databases:
    """Where databases of each kind come from."""
    made: Databases = request.getfixturevalue(request.param)
    return made


@pytest.fixture
def database_url(databases: Databases) -> Iterator[str]:
    """The URL of a database with its tables, and nothing in them."""
    url = databases.migrated()
    yield url
    databases.give_back(url)


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[SqlStore]:
    """A store with nothing in it."""
    made = SqlStore(database_url)
    yield made
    await made.close()

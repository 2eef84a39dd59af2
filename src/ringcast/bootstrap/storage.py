"""Opening the database."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from ringcast.config import Settings
from ringcast.ports.store import Store
from ringcast.stores.sql import SqlStore

__all__ = ["open_store"]


@asynccontextmanager
async def open_store(settings: Settings) -> AsyncIterator[Store]:
    """Open the database of the settings, its schema up to date."""
    if settings.database_url is None:
        store = SqlStore.for_directory(settings.data_dir)
    else:
        store = SqlStore(settings.database_url)
    try:
        await store.migrate()
        yield store
    finally:
        await store.close()

"""The store port over SQLAlchemy."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from ringcast.domain.errors import InvalidInput, Unavailable
from ringcast.stores.sql.accounts import AccountWork
from ringcast.stores.sql.answers import AnswerWork
from ringcast.stores.sql.applications import ApplicationWork
from ringcast.stores.sql.attempts import AttemptWork
from ringcast.stores.sql.caller_ids import CallerIdWork
from ringcast.stores.sql.calls import CallWork
from ringcast.stores.sql.campaigns import CampaignWork
from ringcast.stores.sql.conferences import ConferenceWork
from ringcast.stores.sql.connecting import Database
from ringcast.stores.sql.contact_lists import ContactListWork
from ringcast.stores.sql.deliveries import DeliveryWork
from ringcast.stores.sql.do_not_call_lists import DoNotCallListWork
from ringcast.stores.sql.events import EventWork
from ringcast.stores.sql.identifiers import Identifiers
from ringcast.stores.sql.incidents import IncidentWork
from ringcast.stores.sql.labels import LabelWork
from ringcast.stores.sql.limits import LimitWork
from ringcast.stores.sql.postgresql import PostgresqlDatabase
from ringcast.stores.sql.recordings import RecordingWork
from ringcast.stores.sql.schema import migrate
from ringcast.stores.sql.sounds import SoundWork
from ringcast.stores.sql.sqlite import SqliteDatabase

__all__ = ["SqlStore", "SqlTransaction"]

_FILE = "ringcast.sqlite3"


class SqlTransaction(
    AccountWork,
    ApplicationWork,
    SoundWork,
    CallWork,
    AttemptWork,
    EventWork,
    AnswerWork,
    CallerIdWork,
    DeliveryWork,
    ContactListWork,
    DoNotCallListWork,
    IncidentWork,
    LabelWork,
    LimitWork,
    CampaignWork,
    RecordingWork,
    ConferenceWork,
):
    """A unit of work on one of the databases (`ports.store.Transaction`)."""


class SqlStore:
    """A database (`ports.store.Store`): SQLite in a file, or PostgreSQL.

    A store belongs to one event loop. Migrate it before anything else, and close it.
    """

    def __init__(self, url: str, *, wait: timedelta = timedelta(seconds=10)) -> None:
        """Prepare the store at `url`, `sqlite:////path` or `postgresql://user:password@host/name`.

        Whoever waits for a lock or a connection longer than `wait` is told Unavailable. Raises
        InvalidInput if the URL cannot be used.
        """
        self._database = _database(url, wait)
        self._identifiers = Identifiers(self._database)
        self._busy: set[asyncio.Task[object]] = set()
        self._listeners: list[Callable[[], None]] = []

    @classmethod
    def for_directory(cls, path: Path, *, wait: timedelta = timedelta(seconds=10)) -> SqlStore:
        """Return the store in a data directory, which is made if it is not there.

        Raises Unavailable if it cannot be made.
        """
        try:
            path.mkdir(parents=True, exist_ok=True)
        except OSError as exc:
            raise Unavailable(
                f"the data directory {path} cannot be made ({exc.strerror}): make it and give it to"
                " this user, or give another with --data-dir"
            ) from exc
        return cls(f"sqlite:///{path.absolute() / _FILE}", wait=wait)

    @asynccontextmanager
    async def begin(self, *, read_only: bool = False) -> AsyncIterator[SqlTransaction]:
        """Open a transaction."""
        task = self._only_one("open a second transaction")
        self._busy.add(task)
        try:
            async with self._database.connection(read_only=read_only) as connection:
                transaction = SqlTransaction(connection, self._database, read_only=read_only)
                try:
                    yield transaction
                finally:
                    transaction.finish()
                    if transaction.has_announced:
                        for listener in self._listeners:
                            listener()
        finally:
            self._busy.discard(task)

    async def take_ids(self, count: int, now: datetime) -> Sequence[int]:
        """Return fresh identifiers, increasing, unique over all processes on this database."""
        self._only_one("take identifiers")
        return await self._identifiers.take(count, now)

    def when_announced(self, listener: Callable[[], None]) -> None:
        """Call `listener` after each commit of something that was announced."""
        self._listeners.append(listener)

    async def migrate(self) -> None:
        """Bring the schema up to date; safe when several processes start at once."""
        await migrate(self._database)

    async def close(self) -> None:
        """Release connections."""
        await self._database.close()

    def _only_one(self, what: str) -> asyncio.Task[object]:
        """Return the running task; raise RuntimeError if it has a transaction open.

        It would wait for itself, on SQLite always and on PostgreSQL when all connections are taken.
        """
        task = asyncio.current_task()
        assert task is not None, "asyncio runs this"
        if task in self._busy:
            raise RuntimeError(f"a task must not {what} inside its transaction: do so before it")
        return task


def _database(url: str, wait: timedelta) -> Database:
    """Prepare connections to `url`; nothing is opened before the first use.

    Raises InvalidInput if the URL names no database this store works with.
    """
    if url.startswith("sqlite:///"):
        path = url.removeprefix("sqlite:///")
        if path in ("", ":memory:") or path.startswith("file:"):
            raise _unusable("SQLite needs a file here, which several connections can share")
        return SqliteDatabase(Path(path).absolute(), wait=wait)
    try:
        parsed = make_url(url)
    except ArgumentError as exc:
        raise _unusable("it is no URL") from exc
    if parsed.drivername not in ("postgresql", "postgres"):
        raise _unusable(f"{parsed.drivername} with this path is not supported")
    return PostgresqlDatabase(parsed, wait=wait)


def _unusable(why: str) -> InvalidInput:
    return InvalidInput(
        f"the database URL cannot be used: {why}; give sqlite:////absolute/path.sqlite3 or"
        " postgresql://user:password@host/name",
        field="database_url",
    )

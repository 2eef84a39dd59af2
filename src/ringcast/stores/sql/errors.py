"""The databases' errors in our own words."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from enum import Enum, auto

from sqlalchemy import exc

from ringcast.domain.errors import Conflict, RingcastError, Unavailable

__all__ = ["Violation", "translated", "violation"]

_SOON = timedelta(seconds=1)


class Violation(Enum):
    """Which promise of the schema a statement would have broken."""

    EXISTS = auto()
    """A key that must be unique is there already."""
    MISSING = auto()
    """What the row refers to is not there."""
    OTHER = auto()


_VIOLATIONS = {
    sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY: Violation.EXISTS,
    sqlite3.SQLITE_CONSTRAINT_UNIQUE: Violation.EXISTS,
    sqlite3.SQLITE_CONSTRAINT_ROWID: Violation.EXISTS,
    sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY: Violation.MISSING,
    # PostgreSQL, appendix A, class 23
    "23505": Violation.EXISTS,
    "23503": Violation.MISSING,
}

_BUSY = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    "55P03",  # lock_not_available: lock_timeout has passed
    "40001",  # serialization_failure
    "40P01",  # deadlock_detected
    "53300",  # too_many_connections
}

_NOT_MIGRATED = "a table is missing: migrate the database first"

_REMEDIES = {
    sqlite3.SQLITE_CANTOPEN: "see that its directory exists and can be written by this user, or"
    " give another with --data-dir",
    sqlite3.SQLITE_READONLY: "see that the file and its directory can be written by this user, or"
    " give another with --data-dir",
    sqlite3.SQLITE_FULL: "the disk is full: make room",
    sqlite3.SQLITE_NOTADB: "the file is not a database: move it away or give another directory"
    " with --data-dir",
    sqlite3.SQLITE_CORRUPT: "the file is damaged: restore it from a backup",
    "28P01": "the password is wrong: correct --database-url",
    "28000": "the server refuses this user: correct --database-url or the server's pg_hba.conf",
    "3D000": "there is no such database: make it with createdb, or correct --database-url",
    "42P01": _NOT_MIGRATED,
}


@contextmanager
def translated(
    *, where: str, exists: str | None = None, missing: RingcastError | None = None
) -> Iterator[None]:
    """Raise the databases' errors as ours.

    `where` names the database (without password), `exists` says what a broken uniqueness means and
    `missing` is raised when what a row refers to is not there.
    """
    try:
        yield
    except exc.IntegrityError as error:
        kind = violation(error)
        if kind is Violation.EXISTS and exists is not None:
            raise Conflict(exists) from error
        if kind is Violation.MISSING and missing is not None:
            raise missing from error
        raise Conflict(f"the change does not fit what is stored: {error.orig}") from error
    except exc.DBAPIError as error:
        cause = error.orig or error
        if isinstance(error, exc.ProgrammingError | exc.DataError) and not _remedy(cause):
            raise  # our own mistake, which trying again does not mend
        raise _unavailable(where, cause) from error
    except exc.StatementError as error:  # a value its column cannot take, or an error of ours
        raise (error.orig or error) from None
    except exc.TimeoutError as error:
        raise Unavailable(f"all connections to {where} are taken", retry_after=_SOON) from error
    except (OSError, TimeoutError) as error:
        raise _unavailable(where, error) from error


def violation(error: exc.IntegrityError) -> Violation:
    """Return which kind of constraint the statement broke."""
    return _VIOLATIONS.get(_code(error.orig), Violation.OTHER)


def _unavailable(where: str, error: BaseException) -> Unavailable:
    if _primary(_code(error)) in _BUSY:
        return Unavailable(f"{where} is busy: try again", retry_after=_SOON)
    remedy = _remedy(error)
    if remedy is not None:
        return Unavailable(f"{where} cannot be used: {remedy}")
    if isinstance(error, OSError):
        return Unavailable(
            f"{where} cannot be reached ({error}): start it, or correct --database-url",
            retry_after=_SOON,
        )
    return Unavailable(f"{where} does not work at present: {error}", retry_after=_SOON)


def _remedy(error: BaseException) -> str | None:
    """Return what to do about an error that will not pass by itself."""
    if "no such table" in str(error):  # to SQLite just a wrong statement, without a code of its own
        return _NOT_MIGRATED
    return _REMEDIES.get(_primary(_code(error)))


def _primary(code: int | str) -> int | str:
    """Return SQLite's primary result code, or PostgreSQL's SQLSTATE as it is."""
    return code & 0xFF if isinstance(code, int) else code


def _code(error: BaseException | None) -> int | str:
    """Return SQLite's extended result code or PostgreSQL's SQLSTATE, "" if there is neither."""
    code = getattr(error, "sqlite_errorcode", None) or getattr(error, "sqlstate", None)
    return code if isinstance(code, int | str) else ""

"""The schema brought up to date.

Each file of `migrations/versions` is one step: `revision`, `down_revision` and `upgrade(op)`. Steps
are never changed once released, do not use `tables` (which moves on), and must let the previous
release go on working on the result: add first, remove in a later release.

The file of a step is called `v`, its revision, `_` and what it does: so the newest is known without
loading Alembic, which takes a third of a second that a start of the program mostly needs not spend.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

from sqlalchemy import Connection, inspect, text

from ringcast.domain.errors import Unavailable
from ringcast.stores.sql.connecting import Database
from ringcast.stores.sql.errors import translated

__all__ = ["migrate", "newest_revision"]

_STEPS = Path(__file__).parent / "migrations"
_FILES = _STEPS / "versions"


async def migrate(database: Database) -> None:
    """Apply the steps that are missing, all of them or none; others who come meanwhile wait.

    Raises Unavailable if the database cannot be used, or was made by a later release.
    """
    # Steps are committed together with their revision: where it is the newest, all is there.
    async with database.connection(read_only=True) as connection:
        with translated(where=database.name):
            if await connection.run(_revision) == newest_revision():
                return
    async with database.connection(read_only=False, patient=True) as connection:
        with translated(where=database.name):
            if database.migration_lock is not None:
                await connection.execute(text(database.migration_lock))
            await connection.run(partial(_upgrade, database.name))
            await connection.commit()


def newest_revision() -> str:
    """Return the revision that the steps lead to."""
    return max(file.name.removeprefix("v").partition("_")[0] for file in _FILES.glob("v*.py"))


def _revision(connection: Connection) -> str | None:
    """Return the revision of the schema, None if there is none."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def _upgrade(name: str, connection: Connection) -> None:
    from alembic.operations import Operations
    from alembic.runtime.migration import MigrationContext
    from alembic.script import ScriptDirectory
    from alembic.script.revision import RevisionError

    # Alembic's own `env.py` works through globals of the process. Two stores of one process that
    # migrate at the same time would meet there, so the steps are walked here.
    script = ScriptDirectory(_STEPS)
    context = MigrationContext.configure(connection)
    operations = Operations(context)
    current = context.get_current_revision()
    try:
        missing = list(script.iterate_revisions("head", current or "base"))
    except RevisionError as exc:
        raise Unavailable(
            f"{name} was made by a later release of Ringcast (schema {current}): install that"
            " release, or restore a backup made before it"
        ) from exc
    for step in reversed(missing):
        step.module.upgrade(operations)
        context.stamp(script, step.revision)

"""The schema is the same however it was made, and its indexes are the ones the queries use."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy
from alembic.script import ScriptDirectory
from sqlalchemy import text

from ringcast.domain.calls import CallState
from ringcast.domain.contacts import SearchKey
from ringcast.domain.errors import Unavailable
from ringcast.ports.store import Page
from ringcast.stores.sql import SqlStore, postgresql, schema
from ringcast.stores.sql.tables import metadata
from tests.contract.conftest import Databases
from tests.contract.plans import Plans
from tests.contract.store_things import NOW, PHONE, a_call, an_account, an_attempt, kept

# Not the text of CREATE TABLE: a column that a step added stands behind the constraints there.
_OF_SQLITE = (
    "SELECT name, sql FROM sqlite_master WHERE type = 'index'",
    """SELECT t.name, c.name, c.type, c."notnull", c.dflt_value, c.pk, t.wr
       FROM pragma_table_list t, pragma_table_xinfo(t.name) c WHERE t.schema = 'main'""",
    """SELECT t.name, i.name, i."unique", i.origin, group_concat(c.name)
       FROM pragma_table_list t, pragma_index_list(t.name) i, pragma_index_info(i.name) c
       WHERE t.schema = 'main' GROUP BY 1, 2""",
    """SELECT t.name, f.id, f."from", f."table", f."to", f.on_delete
       FROM pragma_table_list t, pragma_foreign_key_list(t.name) f WHERE t.schema = 'main'""",
)
_OF_POSTGRESQL = (
    """SELECT table_name, column_name, data_type, is_nullable, column_default
       FROM information_schema.columns WHERE table_schema = 'public'""",
    "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'",
    """SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid)
       FROM pg_constraint WHERE connamespace = 'public'::regnamespace""",
)


async def _on(url: str, function: Callable[[sqlalchemy.Connection], Any]) -> Any:
    """Run a function on a connection of a store, as no service could."""
    store = SqlStore(url)
    async with store._database.connection(read_only=False) as connection:
        result = await connection.run(function)
        await connection.commit()
    await store.close()
    return result


def _described(connection: sqlalchemy.Connection) -> set[tuple[str, ...]]:
    """Return all that the database says of its schema, but Alembic's own table."""
    queries = _OF_SQLITE if connection.dialect.name == "sqlite" else _OF_POSTGRESQL
    rows = [row for query in queries for row in connection.execute(text(query))]
    return {
        tuple(re.sub(r"\s+", " ", str(value)) for value in row)
        for row in rows
        if "alembic_version" not in str(row) and "sqlite_schema" not in str(row)
    }


async def test_schema_made_at_once_equals_the_schema_made_by_all_steps(
    databases: Databases,
) -> None:
    at_once, by_steps = databases.empty(), databases.empty()
    await _on(at_once, metadata.create_all)
    store = SqlStore(by_steps)
    await store.migrate()
    await store.migrate()  # finds nothing to do
    await store.close()

    described = await _on(at_once, _described)

    assert described == await _on(by_steps, _described)
    assert len(described) > 20


def test_newest_revision_is_the_head_of_the_steps() -> None:
    script = ScriptDirectory(Path(schema.__file__).parent / "migrations")

    assert [schema.newest_revision()] == script.get_heads()


async def test_schema_that_is_up_to_date_is_not_walked_again(
    databases: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = databases.migrated()

    def walk(*_: object) -> None:
        raise AssertionError("the steps were walked")

    monkeypatch.setattr(schema, "_upgrade", walk)
    store = SqlStore(url)

    await store.migrate()
    await store.close()


async def test_a_step_that_goes_through_very_much_is_let_take_its_time(
    databases: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Other statements are given a second; the step takes two."""
    monkeypatch.setattr(postgresql, "_LONGEST", 0.0)

    def slow(name: str, connection: sqlalchemy.Connection) -> None:
        if connection.dialect.name != "sqlite":  # which gives no statement a limit
            connection.execute(text("SELECT pg_sleep(2)"))
        upgrade(name, connection)

    upgrade = schema._upgrade
    monkeypatch.setattr(schema, "_upgrade", slow)
    store = SqlStore(databases.empty(), wait=timedelta(seconds=1))

    await store.migrate()

    async with store.begin(read_only=True) as tx:
        assert await tx.accounts() == []
    await store.close()


async def test_database_of_a_later_release_is_refused(databases: Databases) -> None:
    url = databases.migrated()
    set_version = text("UPDATE alembic_version SET version_num = '9999'")
    await _on(url, lambda connection: connection.execute(set_version).close())
    store = SqlStore(url)

    with pytest.raises(Unavailable, match="later release of Ringcast"):
        await store.migrate()
    await store.close()


_INDEX_OF = [
    ("calls_waiting", lambda tx: tx.due_calls(NOW, 10)),
    ("calls_waiting", lambda tx: tx.next_due_at()),
    ("contacts_by_account", lambda tx: tx.contacts(1, Page(limit=2))),
    ("contact_numbers", lambda tx: tx.contacts(1, Page(limit=2), numbers=[PHONE])),
    (
        "contacts_by_external_id",
        lambda tx: tx.contacts(1, Page(limit=2), key=SearchKey("external_id", "7")),
    ),
    ("contact_list_members", lambda tx: tx.contacts_of_list(1, 1, after=5, limit=2)),
    (
        "contact_lists_to_import",
        lambda tx: tx.claim_list_import(now=NOW, holder="server 1", until=NOW),
    ),
    (
        "do_not_call_pk|sqlite_autoindex_do_not_call_1",
        lambda tx: tx.do_not_call_among(1, [PHONE]),
    ),
    ("do_not_call_by_source", lambda tx: tx.delete_do_not_call_of(1, "test")),
    ("calls_waiting_in_campaign", lambda tx: tx.due_calls_of_campaign(1, NOW, 10)),
    ("calls_waiting_in_campaign", lambda tx: tx.next_due_of_campaign(1)),
    ("calls_waiting_in_campaign|calls_by_campaign", lambda tx: tx.make_due(1, NOW)),
    ("calls_waiting_in_campaign", lambda tx: tx.campaigns_wanting(NOW)),
    ("campaigns_at_work", lambda tx: tx.campaigns_wanting(NOW)),
    ("campaigns_at_work", lambda tx: tx.campaigns_at_work(NOW)),
    ("campaigns_by_account", lambda tx: tx.campaigns(1, Page(limit=2))),
    ("batches_by_campaign", lambda tx: tx.batches(1, 1, Page(limit=2))),
    # PostgreSQL goes by what it knows of the rows: here it has any of these for as much.
    (
        "calls_by_batch|calls_wait",
        lambda tx: tx.enable_calls(1, 1, enabled=False, now=NOW, batch_id=1),
    ),
    ("kept_counts_pk|sqlite_autoindex_kept_counts|PRIMARY KEY", lambda tx: tx.call_counts([1])),
    ("attempts_living_by_time", lambda tx: tx.orphaned_attempts(NOW, 10)),
    ("attempts_living_by_holder", lambda tx: tx.attempts_held_by("server 2")),
    ("attempts_call_id_number_key|sqlite_autoindex_attempts_1", lambda tx: tx.attempts_of([1, 2])),
    ("sounds_by_audio", lambda tx: tx.sound_of_audio(1, "abc")),
    ("sounds_by_account", lambda tx: tx.sounds(1, Page(limit=2), name=None, archived=True)),
    ("saved_answers_by_time", lambda tx: tx.forget_answers(NOW)),
    ("subscriptions_by_account", lambda tx: tx.subscriptions_listening([1])),
    ("deliveries_waiting", lambda tx: tx.due_deliveries(NOW, 10, except_receivers=["a:80"])),
    ("deliveries_in_order", lambda tx: tx.due_deliveries(NOW, 10)),
    ("deliveries_by_account", lambda tx: tx.deliveries(10, account_id=1)),
    (
        "deliveries_ended",
        lambda tx: tx.forget_deliveries(delivered_before=NOW, dead_before=NOW),
    ),
]


@pytest.mark.parametrize(("index", "query"), _INDEX_OF)
async def test_query_uses_its_index(
    databases: Databases, index: str, query: Callable[[Any], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Asked of the planner itself, with tables too small to need an index but forbidden to scan."""
    url = databases.migrated()
    store = SqlStore(url)
    account = an_account()
    in_campaign = {"campaign_id": 1, "batch_id": 1}
    calls = [a_call(account, state=CallState.ACTIVE, **in_campaign) for _ in range(3)]
    await kept(store, account, *calls, *(an_attempt(call) for call in calls))
    plans = Plans(monkeypatch)

    async with store.begin() as tx:
        await query(tx)
    await store.close()

    assert re.search(index, str(plans)), str(plans)

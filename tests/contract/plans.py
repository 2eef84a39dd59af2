"""How a database goes about what the store asks of it, as its planner tells."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy
from sqlalchemy import text

from ringcast.stores.sql.work import Work

__all__ = ["Plans"]

# The tables of a test are too small to need an index: what can be done with one shall be.
_SETTINGS = ("enable_seqscan", "enable_bitmapscan", "enable_sort", "enable_hashjoin")


class Plans:
    """The plans of all statements that run from now to the end of the test.

    `free` leaves it to the planner whether it uses an index, as it is when nobody looks: then the
    tables must be large enough to need one.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *, free: bool = False) -> None:
        self.texts: list[str] = []
        execute = Work._execute

        async def explain(work: Work, statement: Any, rows: Any, **others: Any) -> Any:
            def planned(connection: sqlalchemy.Connection) -> str:
                explain = "EXPLAIN QUERY PLAN"
                if connection.dialect.name != "sqlite":
                    for setting in () if free else _SETTINGS:
                        connection.execute(text(f"SET LOCAL {setting} = off"))
                    explain = "EXPLAIN"
                sql = statement.compile(connection, compile_kwargs={"literal_binds": True})
                return "\n".join(
                    str(row[-1]) for row in connection.exec_driver_sql(f"{explain} {sql}")
                )

            self.texts.append(await work._connection.run(planned))
            return await execute(work, statement, rows, **others)

        monkeypatch.setattr(Work, "_execute", explain)

    def __str__(self) -> str:
        return "\n\n".join(self.texts)

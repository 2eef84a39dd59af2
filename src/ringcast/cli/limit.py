"""`ringcast limit`: how fast, and how many calls at once, for accounts, campaigns and numbers."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Annotated

import typer
from rich.table import Table

from ringcast.bootstrap.storage import open_store
from ringcast.cli.options import ConfigFile, DatabaseUrl, DataDir, storage_settings
from ringcast.cli.output import CONSOLE, show_json
from ringcast.config import Settings
from ringcast.domain.limits import Lane
from ringcast.services.limit_settings import LimitOf, ListLimits, RemoveLimit, SetLimit

app = typer.Typer(
    help="Calls per second and calls at once of accounts, campaigns and numbers.",
    no_args_is_help=True,
    add_completion=False,
)

Of = Annotated[LimitOf, typer.Argument(help="Whose calls.")]
Which = Annotated[
    str, typer.Argument(help="The account's name, the campaign's id, or a number like +1…")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command("set")
def set_(
    of: Of,
    which: Which,
    cps: Annotated[float | None, typer.Option(help="The most calls per second.")] = None,
    max_calls: Annotated[int | None, typer.Option(help="The most calls at once.")] = None,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
    config: ConfigFile = None,
) -> None:
    """Limit calls on all servers of the system, from the next call on."""
    settings = storage_settings(data_dir, database_url, config)
    lane = asyncio.run(_set(settings, of, which, cps, max_calls))
    CONSOLE.print(f"{of} {which}: {_said(lane)}")


@app.command()
def remove(
    of: Of,
    which: Which,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
    config: ConfigFile = None,
) -> None:
    """Take a limit away."""
    asyncio.run(_remove(storage_settings(data_dir, database_url, config), of, which))
    CONSOLE.print(f"{of} {which}: no limit of its own")


@app.command("list")
def list_(
    json: Json = False,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
    config: ConfigFile = None,
) -> None:
    """List the limits, those of trunks as of the last call; with --json one object a line."""
    lanes = asyncio.run(_list(storage_settings(data_dir, database_url, config)))
    if json:
        for lane in lanes:
            show_json(lane)
        return
    table = Table("of", "limit", "closed until")
    for lane in lanes:
        closed = "" if lane.closed_until is None else lane.closed_until.isoformat()
        table.add_row(lane.name.replace(":", " ", 1), _said(lane), closed)
    CONSOLE.print(table)


def _said(lane: Lane) -> str:
    rate = None if lane.calls_per_second is None else f"{lane.calls_per_second:g} calls per second"
    most = None if lane.max_calls is None else f"{lane.max_calls} calls at once"
    return ", ".join(one for one in (rate, most) if one is not None)


async def _set(
    settings: Settings, of: LimitOf, which: str, cps: float | None, max_calls: int | None
) -> Lane:
    async with open_store(settings) as store:
        return await SetLimit(store=store)(of, which, calls_per_second=cps, max_calls=max_calls)


async def _remove(settings: Settings, of: LimitOf, which: str) -> None:
    async with open_store(settings) as store:
        await RemoveLimit(store=store)(of, which)


async def _list(settings: Settings) -> Sequence[Lane]:
    async with open_store(settings) as store:
        return await ListLimits(store=store)()

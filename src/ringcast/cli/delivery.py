"""`ringcast delivery`: callbacks that were sent, are on their way, or were given up."""

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
from ringcast.domain.errors import InvalidInput
from ringcast.domain.ids import DeliveryId
from ringcast.domain.subscriptions import DeliveryState
from ringcast.integrations.clock import SystemClock
from ringcast.services.delivery_care import DeliveryDetails, ListDeliveries, ResendDeliveries

app = typer.Typer(
    help="Callbacks: sent, on their way, or given up.", no_args_is_help=True, add_completion=False
)

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command("list")
def list_(
    dead: Annotated[bool, typer.Option("--dead", help="Only those that were given up.")] = False,
    pending: Annotated[bool, typer.Option("--pending", help="Only those on their way.")] = False,
    account: Annotated[
        str | None, typer.Option(help="Only those of the account of this name.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many to show.")] = 100,
    json: Json = False,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
    config: ConfigFile = None,
) -> None:
    """List deliveries, the newest first; with --json one object a line."""
    if dead and pending:
        raise InvalidInput("a delivery is dead or pending, not both: give one of the two")
    state = DeliveryState.DEAD if dead else DeliveryState.PENDING if pending else None
    settings = storage_settings(data_dir, database_url, config)
    found = asyncio.run(_list(settings, limit, state=state, account=account))
    if json:
        for one in found:
            show_json(_members(one))
        return
    if not found:
        CONSOLE.print("No such deliveries.")
        return
    table = Table("id", "state", "tries", "topic", "subject", "to", "due or ended", "problem")
    for one in found:
        delivery = one.delivery
        to = delivery.receiver if one.subscription is None else one.subscription.url
        time = delivery.ended_at or delivery.due_at
        table.add_row(
            str(delivery.id), delivery.state, str(delivery.attempts), delivery.topic,
            str(delivery.subject_id), to, f"{time:%Y-%m-%d %H:%M:%S}", delivery.problem or "",
        )  # fmt: skip
    CONSOLE.print(table)


@app.command()
def resend(
    ids: Annotated[
        list[int] | None, typer.Argument(help="Deliveries, dead or delivered.", show_default=False)
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="All that were given up, of all accounts.")
    ] = False,
    json: Json = False,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
    config: ConfigFile = None,
) -> None:
    """Send deliveries again; the server begins within a second."""
    if bool(ids) == everything:
        raise InvalidInput("give the ids of deliveries, or --all for all that were given up")
    settings = storage_settings(data_dir, database_url, config)
    count = asyncio.run(_resend(settings, ids or None))
    if json:
        show_json({"resent": count})
    else:
        CONSOLE.print(f"{count} {'delivery is' if count == 1 else 'deliveries are'} due again")


async def _list(
    settings: Settings, limit: int, *, state: DeliveryState | None, account: str | None
) -> Sequence[DeliveryDetails]:
    async with open_store(settings) as store:
        return await ListDeliveries(store=store)(limit, state=state, account=account)


async def _resend(settings: Settings, ids: Sequence[int] | None) -> int:
    async with open_store(settings) as store:
        again = ResendDeliveries(store=store, clock=SystemClock())
        if ids is None:
            return await again.all_dead()
        return await again([DeliveryId(one) for one in ids])


def _members(one: DeliveryDetails) -> dict[str, object]:
    delivery = one.delivery
    return {
        "id": delivery.id,
        "state": delivery.state,
        "attempts": delivery.attempts,
        "account_id": delivery.account_id,
        "subscription_id": delivery.subscription_id,
        "topic": delivery.topic,
        "subject_id": delivery.subject_id,
        "url": None if one.subscription is None else one.subscription.url,
        "created": delivery.created_at,
        "due": delivery.due_at if delivery.state is DeliveryState.PENDING else None,
        "ended": delivery.ended_at,
        "status": delivery.status,
        "problem": delivery.problem,
    }

"""`ringcast number`: telephone numbers of accounts."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer
from rich.table import Table

from ringcast.bootstrap.numbers import document_plan
from ringcast.bootstrap.storage import open_store
from ringcast.cli.options import ConfigFile, DatabaseUrl, DataDir, storage_settings
from ringcast.cli.output import CONSOLE, show_json
from ringcast.config import Settings
from ringcast.domain.accounts import AccountNumber
from ringcast.integrations.clock import SystemClock
from ringcast.services.numbers import AddNumber, ListNumbers, NumberPlan

app = typer.Typer(help="Telephone numbers of accounts.", no_args_is_help=True, add_completion=False)

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command()
def add(
    number: Annotated[str, typer.Argument(help="The number, like +12135550100.")],
    account: Annotated[str, typer.Option(help="Name of the account it belongs to.")],
    caller_id_only: Annotated[
        bool, typer.Option("--caller-id-only", help="Only to call from; calls to it go elsewhere.")
    ] = False,
    voice_url: Annotated[
        str | None,
        typer.Option("--voice-url", help="The LaML document that calls to the number run."),
    ] = None,
    twilio_ids: Annotated[
        bool,
        typer.Option("--twilio-ids", help="Its requests carry CA… and AC…, not UUIDs."),
    ] = False,
    json: Json = False,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
    config: ConfigFile = None,
) -> None:
    """Give an account a number to call from, and to be called at."""
    settings = storage_settings(data_dir, database_url, config)
    plan = None if voice_url is None else document_plan(voice_url, twilio=twilio_ids)
    added = asyncio.run(_add(settings, number, account, caller_id_only=caller_id_only, plan=plan))
    if json:
        show_json({"id": added.id, "number": added.number.e164})
    else:
        CONSOLE.print(f"{added.number} now belongs to {account}")


@app.command("list")
def list_(
    json: Json = False,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
    config: ConfigFile = None,
) -> None:
    """List the numbers; with --json one object a line."""
    numbers = asyncio.run(_list(storage_settings(data_dir, database_url, config)))
    if json:
        for number in numbers:
            show_json(
                {"id": number.id, "number": number.number.e164, "account_id": number.account_id}
            )
        return
    table = Table("number", "account", "use")
    for number in numbers:
        use = "caller id only" if number.caller_id_only else number.options.get("VoiceUrl", "")
        table.add_row(number.number.e164, str(number.account_id), use)
    CONSOLE.print(table)


async def _add(
    settings: Settings,
    number: str,
    account: str,
    *,
    caller_id_only: bool,
    plan: NumberPlan | None,
) -> AccountNumber:
    async with open_store(settings) as store:
        add_number = AddNumber(store=store, clock=SystemClock())
        return await add_number(
            number, account_name=account, caller_id_only=caller_id_only, plan=plan
        )


async def _list(settings: Settings) -> list[AccountNumber]:
    async with open_store(settings) as store:
        return list(await ListNumbers(store=store)())

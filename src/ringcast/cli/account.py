"""`ringcast account`: tenants and what opens them."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from typing import Annotated

import typer
from rich.table import Table

from ringcast.bootstrap.storage import open_store
from ringcast.cli.options import ConfigFile, DatabaseUrl, DataDir, storage_settings
from ringcast.cli.output import CONSOLE, show_json
from ringcast.config import Settings
from ringcast.domain.accounts import Account
from ringcast.domain.legal_hours import LegalHours
from ringcast.integrations.clock import SystemClock
from ringcast.services.accounts import (
    AccountSecrets,
    AddAccount,
    KeepLegalHours,
    ListAccounts,
    RotateCredentials,
)

app = typer.Typer(
    help="Accounts and their credentials.", no_args_is_help=True, add_completion=False
)

Name = Annotated[str, typer.Argument(help="Name of the account.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


@app.command()
def add(
    name: Name,
    json: Json = False,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
    config: ConfigFile = None,
) -> None:
    """Make an account; its secrets are shown this once.

    Works while the server runs. The password opens every dialect, together with any of the
    account's identifiers.
    """
    settings = storage_settings(data_dir, database_url, config)
    _show_secrets(*asyncio.run(_add(settings, name)), json=json)


@app.command("list")
def list_(
    json: Json = False,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
    config: ConfigFile = None,
) -> None:
    """List the accounts; with --json one object a line."""
    accounts = asyncio.run(_list(storage_settings(data_dir, database_url, config)))
    if json:
        for account in accounts:
            show_json({"id": account.id, "name": account.name, "created": account.created_at})
        return
    if not accounts:
        CONSOLE.print("No accounts yet. Make one with: ringcast account add NAME")
        return
    table = Table("id", "name", "created")
    for account in accounts:
        table.add_row(str(account.id), account.name, f"{account.created_at:%Y-%m-%d %H:%M}")
    CONSOLE.print(table)


@app.command()
def hours(
    name: Name,
    which: Annotated[
        LegalHours, typer.Argument(help="Campaigns alone, single calls too, or none of them.")
    ],
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
    config: ConfigFile = None,
) -> None:
    """Say which calls of an account keep to the hours of the law where they go.

    New accounts keep to them in campaigns. Which hours those are: docs/dialer.md.
    """
    settings = storage_settings(data_dir, database_url, config)
    account = asyncio.run(_hours(settings, name, which))
    CONSOLE.print(f"{account.name}: legal hours of {account.legal_hours}")


@app.command()
def rotate(
    name: Name,
    json: Json = False,
    signing_key: Annotated[
        bool, typer.Option(help="Renew the key that callbacks are signed with, too.")
    ] = False,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
    config: ConfigFile = None,
) -> None:
    """Give an account a new password; the old one opens nothing any more."""
    settings = storage_settings(data_dir, database_url, config)
    _show_secrets(*asyncio.run(_rotate(settings, name, signing_key=signing_key)), json=json)


async def _add(settings: Settings, name: str) -> tuple[Account, AccountSecrets]:
    async with open_store(settings) as store:
        return await AddAccount(store=store, clock=SystemClock())(name)


async def _hours(settings: Settings, name: str, which: LegalHours) -> Account:
    async with open_store(settings) as store:
        return await KeepLegalHours(store=store)(name, which)


async def _list(settings: Settings) -> list[Account]:
    async with open_store(settings) as store:
        return list(await ListAccounts(store=store)())


async def _rotate(
    settings: Settings, name: str, *, signing_key: bool
) -> tuple[Account, AccountSecrets]:
    async with open_store(settings) as store:
        rotate = RotateCredentials(store=store, clock=SystemClock())
        return await rotate(name, signing_key=signing_key)


def _show_secrets(account: Account, secrets: AccountSecrets, *, json: bool) -> None:
    members = {"id": account.id, "name": account.name, **asdict(secrets)}
    if json:
        show_json(members)
        return
    table = Table(show_header=False, title=f"Account {account.name}")
    for name, value in members.items():
        table.add_row(name, str(value))
    CONSOLE.print(table)
    CONSOLE.print("Keep these: the secrets cannot be shown again.")

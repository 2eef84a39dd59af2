"""`ringcast campaign`: what came of campaigns, as tables, JSON and CSV."""

from __future__ import annotations

import asyncio
import csv
import sys
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

import typer
from rich.table import Table

from ringcast.bootstrap.storage import open_store
from ringcast.cli.options import ConfigFile, DatabaseUrl, DataDir, storage_settings
from ringcast.cli.output import CONSOLE, show_json
from ringcast.config import Settings
from ringcast.domain.calls import Attempt, Call
from ringcast.domain.ids import CampaignId
from ringcast.domain.outcomes import Outcome
from ringcast.services.campaign_reports import CampaignReport, CampaignReports

app = typer.Typer(
    help="Campaigns: how far they are, and what came of their calls.",
    no_args_is_help=True,
    add_completion=False,
)

Which = Annotated[int, typer.Argument(help="The campaign's id.")]
OfAccount = Annotated[str | None, typer.Option("--account", help="Only those of this account.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]

_RECORD = (
    "call_id",
    "to",
    "from",
    "call_state",
    "attempt",
    "attempt_to",
    "started",
    "answered",
    "ended",
    "talk_seconds",
    "outcome",
    "sip_status",
    "q850_cause",
    "digits",
    "reason",
)


@app.command("list")
def list_(
    account: OfAccount = None,
    json: Json = False,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
    config: ConfigFile = None,
) -> None:
    """List campaigns, newest first; with --json one object a line."""
    found = asyncio.run(_all(storage_settings(data_dir, database_url, config), account))
    if json:
        for report in found:
            show_json(_facts(report))
        return
    table = Table("id", "account", "name", "status", "calls", "left", "attempts", "answered")
    for report in found:
        facts = _facts(report)
        table.add_row(*(str(facts[name]) for name in list(facts)[:8]))
    CONSOLE.print(table)


@app.command()
def show(
    campaign: Which,
    json: Json = False,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
    config: ConfigFile = None,
) -> None:
    """Show how far a campaign is, and what came of its attempts."""
    report = asyncio.run(_one(storage_settings(data_dir, database_url, config), campaign))
    facts = _facts(report)
    if json:
        show_json(facts)
        return
    table = Table("what", "how many", title=f"{facts['name']} ({facts['status']})")
    for name, value in facts.items():
        if name not in ("name", "status"):
            table.add_row(name.replace("_", " "), str(value))
    CONSOLE.print(table)


@app.command()
def report(
    account: OfAccount = None,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
    config: ConfigFile = None,
) -> None:
    """Write a line of CSV for each campaign: its calls and attempts by outcome."""
    found = asyncio.run(_all(storage_settings(data_dir, database_url, config), account))
    writer = csv.writer(sys.stdout)
    for number, one in enumerate(found):
        facts = _facts(one)
        if not number:
            writer.writerow(facts)
        writer.writerow(map(_plain, facts.values()))


@app.command()
def records(
    campaign: Which,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
    config: ConfigFile = None,
) -> None:
    """Write a line of CSV for each attempt of a campaign (call detail records)."""
    asyncio.run(_records(storage_settings(data_dir, database_url, config), campaign))


def _facts(report: CampaignReport) -> Mapping[str, Any]:
    campaign, counts = report.campaign, report.counts
    return {
        "id": campaign.id,
        "account": report.account.name,
        "name": campaign.name,
        "status": campaign.status.value,
        "calls": counts.total,
        "remaining": counts.remaining,
        "attempts": counts.attempts,
        "answered": counts.answered,
        "dialed": counts.dialed,
        "waiting_again": counts.waiting_again,
        "talk_seconds": round(counts.talk_time.total_seconds()),
        "billed_minutes": counts.billed_minutes,
    } | {outcome.value: counts.attempt_outcomes.get(outcome, 0) for outcome in Outcome}


def _record(call: Call, attempt: Attempt) -> list[str]:
    values: list[object] = [
        call.id,
        call.to_text,
        attempt.from_number,
        call.state,
        attempt.number,
        attempt.to,
        attempt.created_at,
        attempt.answered_at,
        attempt.ended_at,
        f"{attempt.talk_time.total_seconds():.3f}",
        attempt.outcome,
        attempt.sip_status,
        attempt.q850_cause,
        attempt.digits,
        attempt.reason,
    ]
    return [_plain(value) for value in values]


def _plain(value: object) -> str:
    """Return a value as a cell of CSV.

    What a spreadsheet would take for a formula has an apostrophe before it; numbers have none.
    """
    if value is None:
        return ""
    text = value.isoformat() if isinstance(value, datetime) else str(value)
    is_formula = text[:1] in ("=", "@", "\t", "\r") or (
        text[:1] in ("+", "-") and not text[1:].replace(".", "").isdigit()
    )
    return f"'{text}" if is_formula else text


async def _all(settings: Settings, account: str | None) -> list[CampaignReport]:
    async with open_store(settings) as store:
        return list(await CampaignReports(store=store).all(account))


async def _one(settings: Settings, campaign: int) -> CampaignReport:
    async with open_store(settings) as store:
        return await CampaignReports(store=store).of(CampaignId(campaign))


async def _records(settings: Settings, campaign: int) -> None:
    writer = csv.writer(sys.stdout)
    async with open_store(settings) as store:
        reports = CampaignReports(store=store)
        found = await reports.of(CampaignId(campaign))
        writer.writerow(_RECORD)
        async for call, attempts in reports.records(found.campaign):
            writer.writerows(_record(call, attempt) for attempt in attempts)

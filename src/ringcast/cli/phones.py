"""`ringcast phones`: a simulated carrier with telephones."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from ringcast.cli.output import set_up_logging
from ringcast.cli.stopping import stop_signals
from ringcast.config import ConfigError, Endpoint, parse_ports

app = typer.Typer(add_completion=False)


@app.command()
def phones(
    sip: Annotated[
        str, typer.Option(help="Address the carrier answers SIP at, UDP and TCP.")
    ] = "127.0.0.1:5090",
    record_dir: Annotated[
        Path | None,
        typer.Option(help="Keep what each phone heard (WAV) and calls.jsonl in this directory."),
    ] = None,
    plan: Annotated[
        Path | None,
        typer.Option(help="Number plan in TOML instead of the one that comes with Ringcast."),
    ] = None,
    rtp_ports: Annotated[
        str, typer.Option(help="UDP ports for the phones' audio.")
    ] = "30000-39999",
) -> None:
    """Simulate a carrier: telephones that answer, refuse, press keys, by the last digits called.

    Prints one line `ready sip=…` when it takes calls. SIGTERM ends it.
    """
    set_up_logging()
    try:
        endpoint = Endpoint.parse_address(sip)
    except ValueError as error:
        raise ConfigError(f"--sip is {sip!r}: {error}") from None
    try:
        ports = parse_ports(rtp_ports)
    except ValueError as error:
        raise ConfigError(f"--rtp-ports is {rtp_ports!r}: {error}") from None
    import uvloop

    uvloop.run(_phones(endpoint, record_dir, plan, ports))


async def _phones(
    endpoint: Endpoint, record_dir: Path | None, plan: Path | None, rtp_ports: range
) -> None:
    # Only now, so that a mistake in the flags is told at once.
    from ringcast.bootstrap.phones import running_phones

    stop = asyncio.Event()
    with stop_signals(stop.set):
        async with running_phones(
            endpoint, record_dir=record_dir, plan=plan, rtp_ports=rtp_ports
        ) as address:
            print(f"ready sip={address}", flush=True)
            await stop.wait()

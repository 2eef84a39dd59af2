"""`ringcast call`: one call from the command line, without a server."""

from __future__ import annotations

import os
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from ringcast.cli.options import (
    ConfigFile,
    RtpPorts,
    SipTlsCa,
    SipTlsCertificate,
    SipTlsKey,
    SipTlsNoVerify,
    Trunk,
    TrunkPassword,
    TrunkUser,
)
from ringcast.cli.output import set_up_logging
from ringcast.config import ConfigError, Endpoint, load_settings
from ringcast.domain.errors import InvalidInput
from ringcast.domain.numbers import PhoneNumber, parse_destination
from ringcast.ports.speech import VOICES
from ringcast.protocols.rtp import check_digits

app = typer.Typer(add_completion=False)


@app.command()
def call(
    to: Annotated[str, typer.Argument(help="Whom to call: +12135550100, or sip:user@host:port.")],
    from_: Annotated[str, typer.Option("--from", help="Caller id to show, like +12135550199.")],
    play: Annotated[
        str | None, typer.Option(help="Sound to play: a WAV or MP3 file, or its URL.")
    ] = None,
    say: Annotated[str | None, typer.Option(help="Text to speak instead.")] = None,
    voice: Annotated[
        str, typer.Option(help=f"Voice for --say: {', '.join(VOICES)}.")
    ] = "en-us-female-1",
    record: Annotated[
        Path | None, typer.Option(help="Write both sides of the call to this WAV file.")
    ] = None,
    send_digits: Annotated[
        str | None,
        typer.Option(help="DTMF sent first: 0-9*#A-D, w waits half a second, W a whole one."),
    ] = None,
    ring_timeout: Annotated[
        str | None, typer.Option(help="Seconds to let it ring. [default: 40]")
    ] = None,
    sip: Annotated[
        str | None,
        typer.Option(help="Local address for SIP. [default: the one that reaches the far end]"),
    ] = None,
    sip_tls_certificate: SipTlsCertificate = None,
    sip_tls_key: SipTlsKey = None,
    sip_tls_ca: SipTlsCa = None,
    sip_tls_no_verify: SipTlsNoVerify = False,
    rtp_ports: RtpPorts = None,
    trunk: Trunk = None,
    trunk_user: TrunkUser = None,
    trunk_password: TrunkPassword = None,
    allow_private_urls: Annotated[
        bool, typer.Option("--allow-private-urls", help="Let --play fetch from inner addresses.")
    ] = False,
    config: ConfigFile = None,
) -> None:
    """Place one call, show its progress, and print what came of it.

    The exit status is 0 only if somebody answered and the whole sound was played.

    Example: ringcast call +12135550100 --from +12135550199 --say 'Hello' --trunk sip:127.0.0.1:5090
    """
    set_up_logging(level=30)
    if (play is None) == (say is None):
        raise InvalidInput("say what the call is to play: either --play FILE_OR_URL or --say TEXT")
    settings = load_settings(
        {
            "sip": sip,
            "sip_tls_certificate": sip_tls_certificate,
            "sip_tls_key": sip_tls_key,
            "sip_tls_ca": sip_tls_ca,
            "sip_tls_verify": "false" if sip_tls_no_verify else None,
            "rtp_ports": rtp_ports,
            "trunk": trunk,
            "trunk_user": trunk_user,
            "trunk_password": trunk_password,
            "ring_timeout": ring_timeout,
            "allow_private_urls": "true" if allow_private_urls else None,
            "media_workers": "1",
        },
        file=config,
    )
    destination = parse_destination(to)
    _check(from_, play, record, send_digits)
    if isinstance(destination, PhoneNumber) and settings.trunk is None:
        raise ConfigError(
            "a telephone number needs a trunk to leave by: give --trunk sip:host:port,"
            " or call a sip: address"
        )
    if sip is None:  # a server may well run beside: take any port, and the address of the route
        settings = replace(settings, sip=Endpoint("0.0.0.0", 0))  # noqa: S104 -- see above
    with tempfile.TemporaryDirectory(prefix="ringcast-call-") as directory:
        settings = replace(settings, data_dir=Path(directory), database_url=None)
        # Only now, so that a mistake is told at once.
        from ringcast.cli.one_call import OneCall

        caller = OneCall(
            destination, from_, play=play, say=say, voice=voice, record=record, digits=send_digits
        )
        status = caller.place(settings)
    raise typer.Exit(status)


def _check(from_number: str, play: str | None, record: Path | None, digits: str | None) -> None:
    """Find what is wrong before anything has begun."""
    PhoneNumber.parse(from_number)
    if play is not None and not play.startswith(("http://", "https://")):
        try:
            Path(play).open("rb").close()
        except OSError as error:
            raise InvalidInput(f"--play {play}: {error.strerror}") from error
    if record is not None and not record.parent.is_dir():
        raise InvalidInput(f"--record {record}: there is no directory {record.parent}")
    if record is not None and (record.is_dir() or not os.access(record.parent, os.W_OK)):
        raise InvalidInput(f"--record {record}: this cannot be written")
    try:
        check_digits(digits or "", duration_ms=100, gap_ms=60)
    except ValueError as error:
        raise InvalidInput(f"--send-digits {digits}: {error}") from None

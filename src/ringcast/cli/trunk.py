"""`ringcast trunk`: finding out whether a trunk works."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import typer

from ringcast.cli.options import (
    ConfigFile,
    RtpPorts,
    SipTlsCa,
    SipTlsCertificate,
    SipTlsKey,
    SipTlsNoVerify,
    TrunkPassword,
    TrunkUser,
)
from ringcast.cli.output import set_up_logging
from ringcast.config import Endpoint, load_settings
from ringcast.domain.numbers import PhoneNumber

app = typer.Typer(
    help="Find out whether a trunk works, and if not, why.",
    no_args_is_help=True,
    add_completion=False,
)


@app.callback()
def _trunk() -> None:
    """Find out whether a trunk works, and if not, why."""


@app.command("test")
def try_out(
    address: Annotated[
        str | None,
        typer.Argument(help="The trunk, like sip:carrier.example. [default: that of the settings]"),
    ] = None,
    call: Annotated[
        str | None, typer.Option(help="A number to call, which hears a tone of two seconds.")
    ] = None,
    from_: Annotated[
        str | None, typer.Option("--from", help="The number that calls. [default: unknown]")
    ] = None,
    trunk_user: TrunkUser = None,
    trunk_password: TrunkPassword = None,
    register: Annotated[
        bool, typer.Option("--register", help="Try to register, too; it is undone at once.")
    ] = False,
    sip: Annotated[
        str | None,
        typer.Option(help="Local address for SIP. [default: the one that reaches the trunk]"),
    ] = None,
    sip_advertise: Annotated[
        str | None,
        typer.Option(help="Address that the trunk reaches us at, if it is another (NAT)."),
    ] = None,
    sip_tls_certificate: SipTlsCertificate = None,
    sip_tls_key: SipTlsKey = None,
    sip_tls_ca: SipTlsCa = None,
    sip_tls_no_verify: SipTlsNoVerify = False,
    rtp_ports: RtpPorts = None,
    config: ConfigFile = None,
) -> None:
    """Try a trunk step by step: its name, the way there, OPTIONS, login, a call, audio.

    Says in plain words what each step found and what to look at, and shows the SIP messages with
    numbers masked. The exit status is 0 only if every step was good.

    Example: ringcast trunk test sip:carrier.example --call +12135550100 --from +12135550199
    """
    set_up_logging(level=40)
    settings = load_settings(
        {
            "trunk": address,
            "trunk_user": trunk_user,
            "trunk_password": trunk_password,
            "register": "true" if register else None,
            "sip": sip,
            "sip_advertise": sip_advertise,
            "sip_tls_certificate": sip_tls_certificate,
            "sip_tls_key": sip_tls_key,
            "sip_tls_ca": sip_tls_ca,
            "sip_tls_verify": "false" if sip_tls_no_verify else None,
            "rtp_ports": rtp_ports,
        },
        file=config,
    )
    to = None if call is None else PhoneNumber.parse(call)
    caller = None if from_ is None else PhoneNumber.parse(from_)
    if sip is None:  # a server may well run beside: take any port, and the address of the route
        settings = replace(settings, sip=Endpoint("0.0.0.0", 0))  # noqa: S104 -- see above
    # Only now, so that a mistake is told at once.
    from ringcast.cli.trunk_report import report

    raise typer.Exit(0 if report(settings, call=to, from_number=caller) else 1)

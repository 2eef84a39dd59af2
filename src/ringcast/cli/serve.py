"""`ringcast serve`: the server."""

from __future__ import annotations

from typing import Annotated

import typer

from ringcast.cli.options import (
    ConfigFile,
    DatabaseUrl,
    DataDir,
    MediaWorkers,
    RtpPorts,
    Sip,
    SipTlsCa,
    SipTlsCertificate,
    SipTlsKey,
    SipTlsNoVerify,
    Trunk,
    TrunkPassword,
    TrunkUser,
)
from ringcast.cli.output import set_up_logging
from ringcast.config import load_settings

app = typer.Typer(add_completion=False)


@app.command()
def serve(
    http: Annotated[
        str | None, typer.Option(help="Address for HTTP. [default: 127.0.0.1:8080]")
    ] = None,
    sip: Sip = None,
    sip_advertise: Annotated[
        str | None,
        typer.Option(help="Address that carriers reach us at, if it is not the one above (NAT)."),
    ] = None,
    sip_tls_certificate: SipTlsCertificate = None,
    sip_tls_key: SipTlsKey = None,
    sip_tls_ca: SipTlsCa = None,
    sip_tls_client_ca: Annotated[
        str | None,
        typer.Option(help="PEM file of those who must vouch for whoever connects over TLS."),
    ] = None,
    sip_tls_port: Annotated[
        str | None, typer.Option(help="Port for SIP over TLS. [default: the one after --sip]")
    ] = None,
    sip_tls_no_verify: SipTlsNoVerify = False,
    rtp_ports: RtpPorts = None,
    trunk: Trunk = None,
    trunk_user: TrunkUser = None,
    trunk_password: TrunkPassword = None,
    trunk_domain: Annotated[
        str | None,
        typer.Option(help="Host part of From, and what is registered with. [default: addresses]"),
    ] = None,
    trunk_from_user: Annotated[
        str | None,
        typer.Option(help="User part of From, if the trunk wants the login there."),
    ] = None,
    trunk_realm: Annotated[
        str | None, typer.Option(help="The only realm that is told the password.")
    ] = None,
    trunk_identity: Annotated[
        str | None,
        typer.Option(
            help="How the calling number is said: pai (P-Asserted-Identity), ppi"
            " (P-Preferred-Identity) or none, which leaves it to From. [default: pai]"
        ),
    ] = None,
    register: Annotated[
        bool,
        typer.Option("--register", help="Tell the trunk where we are, so that it can call us."),
    ] = False,
    register_expires: Annotated[
        str | None, typer.Option(help="Seconds to be registered for at a time. [default: 3600]")
    ] = None,
    trunk_cps: Annotated[
        str | None, typer.Option(help="Most new calls a second. [default: 10]")
    ] = None,
    trunk_max_calls: Annotated[
        str | None, typer.Option(help="Most calls at once. [default: 100]")
    ] = None,
    ring_timeout: Annotated[
        str | None, typer.Option(help="Seconds to let it ring before giving up. [default: 40]")
    ] = None,
    database_url: DatabaseUrl = None,
    data_dir: DataDir = None,
    media_workers: MediaWorkers = None,
    public_url: Annotated[
        str | None,
        typer.Option(help="Address that clients reach us at, like https://calls.example.net."),
    ] = None,
    allow_private_urls: Annotated[
        bool,
        typer.Option("--allow-private-urls", help="Let callbacks go to inner addresses."),
    ] = False,
    api_rate: Annotated[
        str | None,
        typer.Option(help="Most requests a second of one credential. [default: not limited]"),
    ] = None,
    smtp: Annotated[
        str | None,
        typer.Option(help="Mail server for postbacks by e-mail: smtp://HOST or smtps://HOST."),
    ] = None,
    smtp_from: Annotated[
        str | None, typer.Option(help="E-mail address that these come from.")
    ] = None,
    smtp_user: Annotated[str | None, typer.Option(help="User name for the mail server.")] = None,
    smtp_password: Annotated[
        str | None, typer.Option(help="Password; better as RINGCAST_SMTP_PASSWORD.")
    ] = None,
    config: ConfigFile = None,
) -> None:
    """Run the server until SIGTERM, which lets live calls finish; a second one ends them.

    Prints one line `ready http=… sip=…` when it takes calls.
    """
    set_up_logging()
    settings = load_settings(
        {
            "http": http,
            "sip": sip,
            "sip_advertise": sip_advertise,
            "sip_tls_certificate": sip_tls_certificate,
            "sip_tls_key": sip_tls_key,
            "sip_tls_ca": sip_tls_ca,
            "sip_tls_client_ca": sip_tls_client_ca,
            "sip_tls_port": sip_tls_port,
            "sip_tls_verify": "false" if sip_tls_no_verify else None,
            "rtp_ports": rtp_ports,
            "trunk": trunk,
            "trunk_user": trunk_user,
            "trunk_password": trunk_password,
            "trunk_domain": trunk_domain,
            "trunk_from_user": trunk_from_user,
            "trunk_realm": trunk_realm,
            "trunk_identity": trunk_identity,
            "register": "true" if register else None,
            "register_expires": register_expires,
            "trunk_cps": trunk_cps,
            "trunk_max_calls": trunk_max_calls,
            "ring_timeout": ring_timeout,
            "database_url": database_url,
            "data_dir": data_dir,
            "media_workers": media_workers,
            "public_url": public_url,
            "api_rate": api_rate,
            "allow_private_urls": "true" if allow_private_urls else None,
            "smtp": smtp,
            "smtp_from": smtp_from,
            "smtp_user": smtp_user,
            "smtp_password": smtp_password,
        },
        file=config,
    )
    # Only now, so that a mistake in the settings is told at once.
    from ringcast.cli.serving import run_server

    run_server(settings)

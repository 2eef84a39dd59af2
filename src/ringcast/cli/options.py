"""Flags that several commands take."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, TypeAlias

import typer

from ringcast.config import Settings, load_settings

__all__ = [
    "ConfigFile",
    "DataDir",
    "DatabaseUrl",
    "MediaWorkers",
    "RtpPorts",
    "Sip",
    "SipTlsCa",
    "SipTlsCertificate",
    "SipTlsKey",
    "SipTlsNoVerify",
    "Trunk",
    "TrunkPassword",
    "TrunkUser",
    "storage_settings",
]

ConfigFile: TypeAlias = Annotated[
    Path | None, typer.Option("--config", help="Settings file. [default: ringcast.toml if there]")
]
DataDir: TypeAlias = Annotated[
    str | None, typer.Option(help="Where sounds and the SQLite database live. [default: data]")
]
DatabaseUrl: TypeAlias = Annotated[
    str | None,
    typer.Option(
        help="postgresql://USER:PASSWORD@HOST/NAME, or sqlite:///FILE."
        " [default: a SQLite file in the data directory]"
    ),
]
Sip: TypeAlias = Annotated[
    str | None, typer.Option(help="Address for SIP, UDP and TCP. [default: 127.0.0.1:5060]")
]
RtpPorts: TypeAlias = Annotated[
    str | None, typer.Option(help="UDP ports for audio. [default: 20000-29999]")
]
Trunk: TypeAlias = Annotated[
    str | None,
    typer.Option(help="Where calls leave: sip:host:port, …;transport=tcp, …;transport=tls, sips:…"),
]
TrunkUser: TypeAlias = Annotated[str | None, typer.Option(help="User name the trunk asks for.")]
TrunkPassword: TypeAlias = Annotated[
    str | None,
    typer.Option(help="Its password; better in RINGCAST_TRUNK_PASSWORD than on a command line."),
]
SipTlsCertificate: TypeAlias = Annotated[
    str | None,
    typer.Option(help="Our certificate for SIP over TLS, a PEM file with its chain."),
]
SipTlsKey: TypeAlias = Annotated[
    str | None, typer.Option(help="Its key. [default: in the file of the certificate]")
]
SipTlsCa: TypeAlias = Annotated[
    str | None,
    typer.Option(help="PEM file of those who vouch for trunks. [default: as the system has them]"),
]
SipTlsNoVerify: TypeAlias = Annotated[
    bool,
    typer.Option(
        "--sip-tls-no-verify", help="Take any certificate: then anybody on the way can listen."
    ),
]
MediaWorkers: TypeAlias = Annotated[
    str | None, typer.Option(help="Processes for audio. [default: one a core]")
]


def storage_settings(
    data_dir: str | None, database_url: str | None, config: Path | None
) -> Settings:
    """Settings of a command that only needs to know which system it is about."""
    return load_settings({"data_dir": data_dir, "database_url": database_url}, file=config)

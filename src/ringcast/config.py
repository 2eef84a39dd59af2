"""Settings: from flags, then `RINGCAST_…` environment, then `ringcast.toml`, then defaults."""

from __future__ import annotations

import ipaddress
import os
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

__all__ = ["ConfigError", "Endpoint", "MailRelay", "Settings", "load_settings", "parse_ports"]

_FILE = Path("ringcast.toml")
_PREFIX = "RINGCAST_"
_MAIL_PORTS = {"smtp": 25, "smtps": 465}


class ConfigError(Exception):
    """A setting is wrong; the message names it, where it came from, and what would be right."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An address to listen on: host and port (0: any free one)."""

    host: str
    port: int

    @classmethod
    def parse(cls, text: str) -> Endpoint:
        """Read HOST:PORT or [IPV6]:PORT; raise ValueError otherwise."""
        host, colon, port = text.strip().rpartition(":")
        if not colon or not port.isdecimal() or int(port) > 65535 or not host:
            raise ValueError("give it as HOST:PORT, like 127.0.0.1:8080")
        if host.startswith("[") and host.endswith("]"):
            host = str(ipaddress.IPv6Address(host[1:-1]))
        return cls(host, int(port))

    @classmethod
    def parse_address(cls, text: str) -> Endpoint:
        """Read an endpoint whose host is an IPv4 address, which audio needs; raise ValueError."""
        endpoint = cls.parse(text)
        try:
            ipaddress.IPv4Address(endpoint.host)
        except ValueError:
            raise ValueError("give an IPv4 address and a port, like 127.0.0.1:5060") from None
        return endpoint

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class MailRelay:
    """A mail server: host, port, and whether it speaks TLS from the first byte."""

    host: str
    port: int
    is_tls: bool = False

    @classmethod
    def parse(cls, text: str) -> MailRelay:
        """Read smtp://HOST[:PORT] or smtps://HOST[:PORT]; raise ValueError otherwise."""
        scheme, _, rest = text.strip().partition("://")
        if scheme not in _MAIL_PORTS or not rest:
            raise ValueError("give it as smtp://HOST:PORT, or smtps://HOST:PORT for TLS at once")
        parts = urlsplit(f"//{rest}")
        if parts.hostname is None or parts.username is not None or parts.path not in ("", "/"):
            raise ValueError("give a host and a port; --smtp-user is for its user")
        return cls(parts.hostname, parts.port or _MAIL_PORTS[scheme], scheme == "smtps")


def _mailbox(value: str) -> str:
    # Loaded only where it is set: it brings the whole of `phonenumbers` with it.
    from ringcast.domain.subscriptions import is_mailbox

    if not is_mailbox(value):
        raise ValueError("give an e-mail address, like calls@example.net")
    return value


def _text(value: str) -> str:
    if not value.strip():
        raise ValueError("it must not be empty")
    return value


def _file(value: str) -> Path:
    path = Path(_text(value)).expanduser()
    if not path.is_file():
        raise ValueError("there is no such file")
    return path


def _port(value: str) -> int:
    if not value.isdecimal() or int(value) > 65535:
        raise ValueError("give a port from 1 to 65535, or 0 for any")
    return int(value)


def _one_of(*words: str) -> Callable[[str], str]:
    def read(value: str) -> str:
        if value.lower() not in words:
            raise ValueError(f"give one of {', '.join(words)}")
        return value.lower()

    return read


def _switch(value: str) -> bool:
    if value.lower() in ("1", "true", "yes", "on"):
        return True
    if value.lower() in ("0", "false", "no", "off", ""):
        return False
    raise ValueError("give true or false")


def _positive(value: str) -> float:
    try:
        number = float(value)
    except ValueError:
        number = 0.0
    if not 0 < number < 1e6:
        raise ValueError("give a number above 0 and below a million")
    return number


def _count(value: str) -> int:
    if not value.strip().isdecimal() or not 0 < int(value) < 10**6:
        raise ValueError("give a whole number above 0 and below a million")
    return int(value)


def parse_ports(value: str) -> range:
    """Read FIRST-LAST, both included; raise ValueError saying what would be right."""
    first, dash, last = value.partition("-")
    if not dash or not first.strip().isdecimal() or not last.strip().isdecimal():
        raise ValueError("give it as FIRST-LAST, like 20000-29999")
    if not 1024 <= int(first) < int(last) <= 65535:
        raise ValueError("give a range within 1024-65535 with room for several ports")
    return range(int(first), int(last) + 1)


def _url(value: str) -> str:
    if not value.startswith(("http://", "https://")):
        raise ValueError("give a URL that starts with http:// or https://")
    return value.rstrip("/")


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """Everything an operator can set. Names are those of the flags, with underscores."""

    http: Endpoint = field(default=Endpoint("127.0.0.1", 8080), metadata={"read": Endpoint.parse})
    sip: Endpoint = field(
        default=Endpoint("127.0.0.1", 5060), metadata={"read": Endpoint.parse_address}
    )
    sip_advertise: str | None = field(default=None, metadata={"read": _text})
    sip_tls_certificate: Path | None = field(default=None, metadata={"read": _file})
    """Ours, in PEM form with the chain above it; without one TLS is only spoken to others."""
    sip_tls_key: Path | None = field(default=None, metadata={"read": _file})
    sip_tls_ca: Path | None = field(default=None, metadata={"read": _file})
    """Who may vouch for a trunk, in place of those the system trusts."""
    sip_tls_client_ca: Path | None = field(default=None, metadata={"read": _file})
    """Who must have vouched for those who connect to us over TLS."""
    sip_tls_port: int | None = field(default=None, metadata={"read": _port})
    """Where TLS is listened for; None: the port after that of `sip`."""
    sip_tls_verify: bool = field(default=True, metadata={"read": _switch})
    rtp_ports: range = field(default=range(20000, 30000), metadata={"read": parse_ports})
    trunk: str | None = field(default=None, metadata={"read": _text})
    trunk_user: str | None = field(default=None, metadata={"read": _text})
    trunk_password: str | None = field(default=None, metadata={"read": _text}, repr=False)
    trunk_realm: str | None = field(default=None, metadata={"read": _text})
    """The only realm that is told the password, if the trunk could ask for several."""
    trunk_domain: str | None = field(default=None, metadata={"read": _text})
    """Host part of From, and what is registered with; None: our address, and the trunk's."""
    trunk_from_user: str | None = field(default=None, metadata={"read": _text})
    """User part of From, where the trunk wants the login there; None: the calling number."""
    trunk_identity: str = field(default="pai", metadata={"read": _one_of("pai", "ppi", "none")})
    """The header that says the calling number: P-Asserted-Identity or P-Preferred-Identity."""
    register: bool = field(default=False, metadata={"read": _switch})
    """Whether the trunk is told where we are, so that it can call us."""
    register_expires: int = field(default=3600, metadata={"read": _count})
    trunk_cps: float = field(default=10.0, metadata={"read": _positive})
    trunk_max_calls: int = field(default=100, metadata={"read": _count})
    ring_timeout: float = field(default=40.0, metadata={"read": _positive})
    """Seconds from INVITE to answer before the call is given up."""
    database_url: str | None = field(default=None, metadata={"read": _text}, repr=False)
    data_dir: Path = field(default=Path("data"), metadata={"read": Path})
    media_workers: int | None = field(default=None, metadata={"read": _count})
    public_url: str | None = field(default=None, metadata={"read": _url})
    """The address clients reach this server at, if it is not the one they send as Host."""
    api_rate: float | None = field(default=None, metadata={"read": _positive})
    """Requests a second that one credential may send; None counts none."""
    allow_private_urls: bool = field(default=False, metadata={"read": _switch})
    smtp: MailRelay | None = field(default=None, metadata={"read": MailRelay.parse})
    """The mail server that takes callbacks by e-mail; None sends none."""
    smtp_from: str | None = field(default=None, metadata={"read": _mailbox})
    smtp_user: str | None = field(default=None, metadata={"read": _text})
    smtp_password: str | None = field(default=None, metadata={"read": _text}, repr=False)


def load_settings(
    flags: Mapping[str, str | None],
    *,
    environment: Mapping[str, str] | None = None,
    file: Path | None = None,
) -> Settings:
    """Merge the sources; raise ConfigError naming the setting, its source and the remedy.

    `flags` holds the text of each flag given (None: not given). `file` must exist if it is named;
    without it `ringcast.toml` in the working directory is read if there is one.
    """
    environment = os.environ if environment is None else environment
    if file is None and _FILE.exists():
        file = _FILE
    known = {f.name: f for f in fields(Settings)}
    given: dict[str, tuple[str, str]] = {}
    if file is not None:
        for name, value in _from_file(file).items():
            if name not in known:
                raise ConfigError(f"{file}: there is no setting {name!r}; known: {_listed(known)}")
            given[name] = (_as_text(value), f"{file}: {name}")
    for name in known:
        variable = _PREFIX + name.upper()
        if variable in environment:
            given[name] = (environment[variable], variable)
    for name, text in flags.items():
        if text is not None:
            given[name] = (text, "--" + name.replace("_", "-"))
    values: dict[str, Any] = {}
    for name, (text, source) in given.items():
        try:
            values[name] = known[name].metadata["read"](text)
        except ValueError as error:
            shown = "***" if not known[name].repr else repr(text)
            raise ConfigError(f"{source} is {shown}: {error}") from None
    return Settings(**values)


def _from_file(file: Path) -> Mapping[str, object]:
    try:
        table = tomllib.loads(file.read_text())
    except FileNotFoundError:
        raise ConfigError(f"{file}: no such file") from None
    except OSError as error:
        raise ConfigError(f"{file}: cannot be read: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file}: not valid TOML: {error}") from None
    return {name.replace("-", "_"): value for name, value in table.items()}


def _as_text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _listed(names: Mapping[str, object]) -> str:
    return ", ".join(sorted(name.replace("_", "-") for name in names))

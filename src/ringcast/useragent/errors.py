"""What can go wrong before a call is placed.

UserAgentError
├── AddressInUse       another program listens there
├── AddressNotOurs     the machine has no such address, or the port is privileged
├── UnusableCertificate  a file for TLS cannot be read, or is none
└── NotRunning         the user agent is not started, or closed
"""

from __future__ import annotations

from pathlib import Path


class UserAgentError(Exception):
    """Base of what the user agent raises about itself."""


class AddressInUse(UserAgentError):
    """Another program listens on the address."""

    def __init__(self, transport: str, host: str, port: int) -> None:
        super().__init__(f"{transport} port {port} on {host} is in use by another program")
        self.transport, self.host, self.port = transport, host, port


class AddressNotOurs(UserAgentError):
    """The address cannot be listened on."""

    def __init__(self, transport: str, host: str, port: int, why: str) -> None:
        super().__init__(f"cannot listen on {transport} port {port} of {host}: {why}")
        self.transport, self.host, self.port = transport, host, port


class UnusableCertificate(UserAgentError):
    """A certificate, key or list of authorities cannot be used."""

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(f"TLS cannot use {path}: {why}")
        self.path = path


class NotRunning(UserAgentError):
    """The user agent is not started, or has been closed."""

    def __init__(self) -> None:
        super().__init__("the SIP user agent is not running")

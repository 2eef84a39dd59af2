"""The asyncio shell around `protocols.sip`: sockets, timers and calls."""

from ringcast.useragent.agent import Direction, Trace, UserAgent
from ringcast.useragent.calls import Call, IncomingCall, OutgoingCall
from ringcast.useragent.errors import (
    AddressInUse,
    AddressNotOurs,
    NotRunning,
    UnusableCertificate,
    UserAgentError,
)
from ringcast.useragent.locating import Dns, Locator, SystemDns
from ringcast.useragent.tls import TlsSettings

__all__ = [
    "AddressInUse",
    "AddressNotOurs",
    "Call",
    "Direction",
    "Dns",
    "IncomingCall",
    "Locator",
    "NotRunning",
    "OutgoingCall",
    "SystemDns",
    "TlsSettings",
    "Trace",
    "UnusableCertificate",
    "UserAgent",
    "UserAgentError",
]

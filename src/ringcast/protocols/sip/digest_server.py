"""Digest authentication in SIP: challenging requests and checking credentials (RFC 7616)."""

from __future__ import annotations

import base64
import binascii
import enum
import hmac
import math
import string
import struct
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from ringcast.protocols.sip.digest import (
    ALGORITHMS,
    Challenge,
    digest_response,
    parse_digest,
    split_algorithm,
)
from ringcast.protocols.sip.errors import DigestError, InvalidUri
from ringcast.protocols.sip.headers import quote_string, unquote_string
from ringcast.protocols.sip.uri import parse_uri

MAX_NONCES: Final = 10_000

_NONCE: Final = struct.Struct(">QI16s")  # time in ms, serial, MAC


class Verdict(enum.Enum):
    """What credentials are worth."""

    ACCEPTED = "accepted"
    STALE = "stale"  # the password is right, the nonce is too old or used up: challenge again
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Verification:
    """Result of checking credentials; `username` is what they claim, also when refused."""

    verdict: Verdict
    username: str | None = None

    @property
    def is_accepted(self) -> bool:
        """Whether the request comes from who it says."""
        return self.verdict is Verdict.ACCEPTED

    @property
    def is_stale(self) -> bool:
        """Whether to challenge again with stale=true."""
        return self.verdict is Verdict.STALE


@dataclass(slots=True)
class _ServerSession:
    expires_at: float
    first_cnonce: str
    count: int = 0


class DigestServer:
    """Challenges requests and checks their credentials.

    A nonce carries its time and a MAC, so that nothing is kept for who only asks; what has been
    used successfully is kept until it expires, so that no credentials are accepted twice. That is
    known to this object only: the secret must be a new one for each process and each start.
    """

    def __init__(
        self,
        realm: str,
        secret: bytes,
        algorithms: Sequence[str] = ("SHA-256", "MD5"),
        *,
        nonce_lifetime: float = 300.0,
    ) -> None:
        """Challenge for `realm`; `nonce_lifetime` is in seconds."""
        for algorithm in algorithms:
            if split_algorithm(algorithm)[0] not in ALGORITHMS:
                raise ValueError(f"algorithm {algorithm} is not one of {', '.join(ALGORITHMS)}")
        self.realm = realm
        self._secret = secret
        self._algorithms = tuple(algorithms)
        self._lifetime = nonce_lifetime
        self._serial = 0
        self._forgotten_until = -math.inf  # nonces up to this time may have been used
        self._sessions: OrderedDict[str, _ServerSession] = OrderedDict()

    def challenges(self, *, now: float, is_stale: bool = False) -> list[str]:
        """Return header values, one for each algorithm in the order given (RFC 8760 2.3)."""
        nonce = self._new_nonce(now)
        return [
            str(
                Challenge(
                    realm=self._written_realm,
                    nonce=nonce,
                    algorithm=algorithm,
                    qop=("auth",),
                    stale=is_stale,
                )
            )
            for algorithm in self._algorithms
        ]

    def verify(
        self,
        value: str,
        *,
        method: str,
        uri: str,
        body: bytes = b"",
        lookup: Callable[[str], str | None],
        now: float,
    ) -> Verification:
        """Check the value of Authorization or Proxy-Authorization.

        `uri` is the Request-URI; `lookup` gives the password of a user name, or None. Unreadable
        credentials are refused.
        """
        try:
            params = parse_digest(value)
        except DigestError:
            return Verification(Verdict.REFUSED)
        username = unquote_string(f'"{params.get("username", "")}"')
        refused = Verification(Verdict.REFUSED, username)
        nonce, nonce_count = params.get("nonce", ""), params.get("nc", "")
        algorithm, cnonce = params.get("algorithm", "MD5"), params.get("cnonce", "")
        qop = params.get("qop")
        issued_at = self._issued_at(nonce)
        if (
            issued_at is None
            or params.get("realm") != self._written_realm
            or algorithm.lower() not in {name.lower() for name in self._algorithms}
            or qop not in (None, "auth", "auth-int")
            or not _same_uri(params.get("uri", ""), uri)
        ):
            return refused
        count = _nonce_count(nonce_count) if qop is not None else 1
        if count is None or (qop is not None and not cnonce):
            return refused

        session = self._sessions.get(nonce)
        password = lookup(username)
        expected = digest_response(
            algorithm=algorithm,
            username=username,
            realm=self._written_realm,
            password="" if password is None else password,
            nonce=nonce,
            method=method,
            uri=params.get("uri", ""),
            qop=qop,
            nonce_count=nonce_count,
            cnonce=cnonce,
            session_cnonce=None if session is None else session.first_cnonce,
            body=body,
        )
        given = params.get("response", "").lower().encode("utf-8", "surrogateescape")
        is_right = hmac.compare_digest(expected.encode(), given)
        if password is None or not is_right:
            return refused
        # Only who knows the password is told that the nonce is stale (RFC 7616 3.3).
        is_new = session is None and issued_at > self._forgotten_until
        if not 0 <= now - issued_at <= self._lifetime or not (session or is_new):
            return Verification(Verdict.STALE, username)
        if session is None:
            self._forget_old(now)
            session = _ServerSession(issued_at + self._lifetime, cnonce)
            self._sessions[nonce] = session
        if count <= session.count:  # heard before: a replay, or requests that overtook each other
            return Verification(Verdict.STALE, username)
        session.count = count
        return Verification(Verdict.ACCEPTED, username)

    @property
    def _written_realm(self) -> str:
        return quote_string(self.realm)[1:-1]

    def _new_nonce(self, now: float) -> str:
        self._serial = (self._serial + 1) & 0xFFFFFFFF
        time_ms = max(0, int(now * 1000))
        mac = self._mac(time_ms, self._serial)
        packed = _NONCE.pack(time_ms, self._serial, mac)
        return base64.urlsafe_b64encode(packed).decode().rstrip("=")

    def _issued_at(self, nonce: str) -> float | None:
        """Return when a nonce of ours was made, or None for any other text."""
        try:
            packed = base64.urlsafe_b64decode(nonce + "=" * (-len(nonce) % 4))
            time_ms, serial, mac = _NONCE.unpack(packed)
        except (binascii.Error, ValueError, struct.error):
            return None
        if not hmac.compare_digest(mac, self._mac(time_ms, serial)):
            return None
        # One nonce, one text: another spelling of the same bytes would have a count of its own.
        if base64.urlsafe_b64encode(packed).decode().rstrip("=") != nonce:
            return None
        return float(time_ms) / 1000

    def _mac(self, time_ms: int, serial: int) -> bytes:
        text = f"{time_ms}:{serial}:{self.realm}".encode("utf-8", "surrogateescape")
        return hmac.digest(self._secret, text, "sha256")[:16]

    def _forget_old(self, now: float) -> None:
        while self._sessions:
            nonce, oldest = next(iter(self._sessions.items()))
            if oldest.expires_at >= now and len(self._sessions) < MAX_NONCES:
                return
            issued_at = oldest.expires_at - self._lifetime
            self._forgotten_until = max(self._forgotten_until, issued_at)
            del self._sessions[nonce]


def _nonce_count(text: str) -> int | None:
    if len(text) != 8 or text.strip(string.hexdigits):
        return None
    return int(text, 16) or None


def _same_uri(claimed: str, requested: str) -> bool:
    """Whether credentials are for this Request-URI, allowing for what proxies rewrite in it."""
    if claimed == requested:
        return True
    try:
        return parse_uri(claimed).equivalent(parse_uri(requested))
    except InvalidUri:
        return False

"""Digest authentication in SIP: both sides (RFC 3261 22, RFC 7616, RFC 8760).

Algorithms MD5, SHA-256, SHA-512-256 and their -sess forms; qop auth and auth-int, and none at
all for servers of RFC 2069. Client nonces and the time are given from outside.
"""

from __future__ import annotations

import base64
import binascii
import enum
import hashlib
import hmac
import struct
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from ringcast.protocols.sip.errors import DigestError, InvalidHeader, InvalidUri
from ringcast.protocols.sip.headers import quote_string, split_list, unquote_string
from ringcast.protocols.sip.names import TOKEN_CHARACTERS
from ringcast.protocols.sip.uri import parse_uri

MAX_NONCES: Final = 10_000
MAX_REALMS: Final = 64

_MAX_NONCE_COUNT: Final = 0xFFFFFFFF
_NONCE: Final = struct.Struct(">QI16s")  # time in ms, serial, MAC


def _md5(data: bytes) -> str:
    # Its use here is the protocol's choice; SHA-256 is preferred wherever the peer offers it.
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _sha512_256(data: bytes) -> str:
    return hashlib.new("sha512_256", data).hexdigest()


# Strongest first. A build of OpenSSL may lack SHA-512/256: then it is neither offered nor met.
_HASHES: Final[Mapping[str, Callable[[bytes], str]]] = (
    {"SHA-512-256": _sha512_256} if "sha512_256" in hashlib.algorithms_available else {}
) | {"SHA-256": _sha256, "MD5": _md5}
ALGORITHMS: Final[Sequence[str]] = tuple(_HASHES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Challenge:
    """What a server asks for in WWW-Authenticate or Proxy-Authenticate.

    `realm`, `nonce` and `opaque` are the text between the quotes, escapes not undone: that is
    what is hashed and sent back (RFC 7616 3.4).
    """

    realm: str
    nonce: str
    opaque: str | None = None
    algorithm: str = "MD5"
    qop: tuple[str, ...] = ()
    stale: bool = False

    @classmethod
    def parse(cls, value: str) -> Challenge:
        """Read one challenge; raises DigestError for another scheme or a broken one."""
        params = _parse_digest(value)
        if "realm" not in params or "nonce" not in params:
            raise DigestError("a challenge without realm or nonce")
        qop = tuple(word.strip().lower() for word in params.get("qop", "").split(","))
        return cls(
            realm=params["realm"],
            nonce=params["nonce"],
            opaque=params.get("opaque"),
            algorithm=params.get("algorithm", "MD5"),
            qop=tuple(word for word in qop if word),
            stale=params.get("stale", "").lower() == "true",
        )

    def __str__(self) -> str:
        parts = [f'realm="{self.realm}"', f'nonce="{self.nonce}"']
        if self.opaque is not None:
            parts.append(f'opaque="{self.opaque}"')
        if self.stale:
            parts.append("stale=true")
        parts.append(f"algorithm={self.algorithm}")
        if self.qop:
            parts.append(f'qop="{",".join(self.qop)}"')
        return "Digest " + ", ".join(parts)

    @property
    def is_supported(self) -> bool:
        """Whether we can meet it: algorithm known, and qop none, auth or auth-int."""
        algorithm, _ = _split_algorithm(self.algorithm)
        return algorithm in _HASHES and (not self.qop or bool({"auth", "auth-int"} & {*self.qop}))


def parse_challenges(values: Iterable[str]) -> list[Challenge]:
    """Read the Digest challenges of header lines; those that cannot be read are left out.

    RFC 3261 20.27 has one challenge in a line; several in one line, as in HTTP, are read too.
    """
    challenges = []
    for value in values:
        for text in _split_challenges(value):
            try:
                challenges.append(Challenge.parse(text))
            except DigestError:
                continue
    return challenges


def choose_challenge(challenges: Sequence[Challenge]) -> Challenge | None:
    """Return the challenge with the strongest algorithm we know, or None (RFC 8760 2.4)."""
    supported = [challenge for challenge in challenges if challenge.is_supported]
    return min(supported, key=_weakness, default=None)


def digest_response(
    *,
    algorithm: str,
    username: str,
    realm: str,
    password: str,
    nonce: str,
    method: str,
    uri: str,
    qop: str | None = None,
    nonce_count: str = "",
    cnonce: str = "",
    session_cnonce: str | None = None,
    body: bytes = b"",
) -> str:
    """Compute the response value (RFC 7616 3.4.1); raises DigestError for an unknown algorithm.

    `session_cnonce` is the first client nonce used with this nonce, for the -sess algorithms.
    """
    name, is_session = _split_algorithm(algorithm)
    function = _HASHES.get(name)
    if function is None:
        raise DigestError(f"algorithm {algorithm}")

    def digest(*parts: str) -> str:
        return function(":".join(parts).encode("utf-8", "surrogateescape"))

    a1 = digest(username, realm, password)
    if is_session:
        a1 = digest(a1, nonce, cnonce if session_cnonce is None else session_cnonce)
    a2 = digest(method, uri, function(body)) if qop == "auth-int" else digest(method, uri)
    if qop is None:
        return digest(a1, nonce, a2)
    return digest(a1, nonce, nonce_count, cnonce, qop, a2)


@dataclass(slots=True)
class _ClientSession:
    nonce: str
    first_cnonce: str
    count: int = 0


class DigestClient:
    """Answers challenges with one user name and password; counts the use of each nonce."""

    def __init__(self, username: str, password: str) -> None:
        self.username = username
        self._password = password
        self._sessions: OrderedDict[str, _ClientSession] = OrderedDict()

    def __repr__(self) -> str:
        return f"DigestClient({self.username!r})"

    def answer(
        self, challenge: Challenge, *, method: str, uri: str, body: bytes = b"", cnonce: str
    ) -> str:
        """Return the value of Authorization or Proxy-Authorization for one request.

        `uri` is the Request-URI as sent; `cnonce` must not be guessable. Raises DigestError if
        the challenge asks for what we cannot do.
        """
        if not challenge.is_supported:
            raise DigestError(f"algorithm {challenge.algorithm} with qop {challenge.qop}")
        session = self._sessions.get(challenge.realm)
        if session is None or session.nonce != challenge.nonce:
            session = self._sessions[challenge.realm] = _ClientSession(challenge.nonce, cnonce)
            while len(self._sessions) > MAX_REALMS:
                self._sessions.popitem(last=False)
        session.count += 1
        if challenge.algorithm.lower().endswith("-sess"):
            # One client nonce for the whole session: then servers that compute A1 once and those
            # that compute it from each request agree (RFC 7616 3.4.2).
            cnonce = session.first_cnonce
        qop = None
        if challenge.qop:
            qop = "auth" if "auth" in challenge.qop else "auth-int"
        nonce_count = f"{session.count:08x}"
        response = digest_response(
            algorithm=challenge.algorithm,
            username=self.username,
            realm=challenge.realm,
            password=self._password,
            nonce=challenge.nonce,
            method=method,
            uri=uri,
            qop=qop,
            nonce_count=nonce_count,
            cnonce=cnonce,
            body=body,
        )
        parts = [
            f"username={quote_string(self.username)}",
            f'realm="{challenge.realm}"',
            f'nonce="{challenge.nonce}"',
            f"uri={quote_string(uri)}",
            f'response="{response}"',
            f"algorithm={challenge.algorithm}",
        ]
        if qop is not None:
            parts += [f"cnonce={quote_string(cnonce)}", f"qop={qop}", f"nc={nonce_count}"]
        elif challenge.algorithm.lower().endswith("-sess"):
            parts.append(f"cnonce={quote_string(cnonce)}")
        if challenge.opaque is not None:
            parts.append(f'opaque="{challenge.opaque}"')
        return "Digest " + ", ".join(parts)


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
    used successfully is kept until it expires, so that no credentials are accepted twice. Several
    servers of one realm need different secrets.
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
            if _split_algorithm(algorithm)[0] not in _HASHES:
                raise ValueError(f"algorithm {algorithm} is not one of {', '.join(ALGORITHMS)}")
        self.realm = realm
        self._secret = secret
        self._algorithms = tuple(algorithms)
        self._lifetime = nonce_lifetime
        self._serial = 0
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
            params = _parse_digest(value)
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
            username=params.get("username", ""),
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
        if not 0 <= now - issued_at <= self._lifetime:
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
            del self._sessions[nonce]


def _split_algorithm(algorithm: str) -> tuple[str, bool]:
    name = algorithm.upper()
    return (name[:-5], True) if name.endswith("-SESS") else (name, False)


def _weakness(challenge: Challenge) -> int:
    return ALGORITHMS.index(_split_algorithm(challenge.algorithm)[0])


def _nonce_count(text: str) -> int | None:
    if len(text) != 8:
        return None
    try:
        count = int(text, 16)
    except ValueError:
        return None
    return count if 0 < count <= _MAX_NONCE_COUNT else None


def _same_uri(claimed: str, requested: str) -> bool:
    """Whether credentials are for this Request-URI, allowing for what proxies rewrite in it."""
    if claimed == requested:
        return True
    try:
        return parse_uri(claimed).equivalent(parse_uri(requested))
    except InvalidUri:
        return False


def _parse_digest(value: str) -> dict[str, str]:
    """Read `Digest name=value, …` into names in lower case and values without quotes."""
    scheme, _, rest = value.strip().partition(" ")
    if scheme.lower() != "digest":
        raise DigestError(f"scheme {scheme[:40]!r}")
    try:
        items = split_list(rest)
    except InvalidHeader as exc:
        raise DigestError(exc.reason) from exc
    params: dict[str, str] = {}
    for item in items:
        name, equals, text = item.partition("=")
        name, text = name.strip().lower(), text.strip()
        if not equals or not name or name.strip(TOKEN_CHARACTERS):
            raise DigestError("a parameter without a name or a value")
        if name in params:
            raise DigestError(f"two parameters named {name}")
        if len(text) >= 2 and text[0] == text[-1] == '"':
            text = text[1:-1]
        elif '"' in text:
            raise DigestError(f"parameter {name} with an unbalanced quote")
        params[name] = text
    return params


def _split_challenges(value: str) -> list[str]:
    try:
        items = split_list(value)
    except InvalidHeader:
        return []
    challenges: list[str] = []
    for item in items:
        scheme, space, _ = item.partition(" ")
        if challenges and not (space and "=" not in scheme and '"' not in scheme):
            challenges[-1] += f", {item}"
        else:
            challenges.append(item)
    return challenges

"""Digest authentication in SIP: reading challenges and answering them (RFC 7616, RFC 8760).

Algorithms MD5, SHA-256, SHA-512-256 and their -sess forms; qop auth and auth-int, and none at
all for servers of RFC 2069. Client nonces are given from outside. See `digest_server` for the
other side.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from ringcast.protocols.sip.errors import DigestError, InvalidHeader
from ringcast.protocols.sip.headers import quote_string, split_list
from ringcast.protocols.sip.names import TOKEN_CHARACTERS

MAX_REALMS: Final = 64


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
        params = parse_digest(value)
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
        algorithm, _ = split_algorithm(self.algorithm)
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
    name, is_session = split_algorithm(algorithm)
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


def split_algorithm(algorithm: str) -> tuple[str, bool]:
    """Return the hash an algorithm is based on, in upper case, and whether it is a -sess one."""
    name = algorithm.upper()
    return (name[:-5], True) if name.endswith("-SESS") else (name, False)


def _weakness(challenge: Challenge) -> int:
    return ALGORITHMS.index(split_algorithm(challenge.algorithm)[0])


def parse_digest(value: str) -> dict[str, str]:
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

"""Answering 401 and 407 once per nonce (RFC 3261, 22; RFC 8760)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ringcast.protocols.sip.digest import (
    Challenge,
    DigestClient,
    choose_challenge,
    parse_challenges,
)
from ringcast.protocols.sip.message import Response

# A proxy and the far end may both ask, and either nonce may have gone stale: more is a loop.
_MOST_TRIES = 4

_ANSWER_TO = {
    401: ("WWW-Authenticate", "Authorization"),
    407: ("Proxy-Authenticate", "Proxy-Authorization"),
}


@dataclass(frozen=True, slots=True, repr=False)
class Credentials:
    """User name and password of a trunk."""

    username: str
    password: str
    realm: str | None = None
    """The only realm they are for; None: whoever asks."""


class Authenticator:
    """The challenges of one call, and whether it makes sense to try again."""

    def __init__(self, credentials: Credentials, *, new_token: Callable[[], str]) -> None:
        """Begin without challenges; `new_token` gives client nonces."""
        self._realm = credentials.realm
        self._client = DigestClient(credentials.username, credentials.password)
        self._new_token = new_token
        self._challenges: dict[tuple[str, str], Challenge] = {}
        self._used_nonces: set[str] = set()

    def accept_challenge(self, response: Response, *, tries: int) -> bool:
        """Take a 401 or 407; return whether the request should be sent again.

        `tries` is how often this request has been sent again already.
        """
        if response.status not in _ANSWER_TO or tries >= _MOST_TRIES:
            return False
        asked_in, answer_in = _ANSWER_TO[response.status]
        chosen = choose_challenge(
            [
                challenge
                for challenge in parse_challenges(response.headers.get_all(asked_in))
                if self._realm is None or challenge.realm == self._realm
            ]
        )
        if chosen is None or chosen.nonce in self._used_nonces:
            return False  # the password was refused, not the nonce
        key = (answer_in, chosen.realm)
        if key in self._challenges and tries > 0 and not chosen.stale:
            return False
        self._challenges[key] = chosen
        self._used_nonces.add(chosen.nonce)
        return True

    def headers(self, *, method: str, uri: str, body: bytes) -> list[tuple[str, str]]:
        """Return the headers that answer all challenges so far."""
        return [
            (
                name,
                self._client.answer(
                    challenge, method=method, uri=uri, body=body, cnonce=self._new_token()
                ),
            )
            for (name, _), challenge in self._challenges.items()
        ]

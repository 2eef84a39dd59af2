"""Dialogs: who talks to whom, which way requests go, and which come in order (RFC 3261, 12)."""

from __future__ import annotations

from collections.abc import Sequence

from ringcast.protocols.sip.errors import InvalidHeader
from ringcast.protocols.sip.header_map import Headers
from ringcast.protocols.sip.headers import NameAddr
from ringcast.protocols.sip.message import Request, Response
from ringcast.protocols.sip.names import MAGIC_COOKIE
from ringcast.protocols.sip.uri import OpaqueUri, SipUri, parse_uri

MAX_FORWARDS = "70"


class Dialog:
    """One peer-to-peer relation between two user agents."""

    __slots__ = (
        "_target_text",
        "call_id",
        "local",
        "local_sequence",
        "local_tag",
        "remote",
        "remote_sequence",
        "remote_tag",
        "remote_target",
        "route_set",
    )

    def __init__(
        self,
        *,
        call_id: str,
        local: str,
        local_tag: str,
        remote: str,
        remote_tag: str,
        remote_target: SipUri | OpaqueUri,
        route_set: Sequence[NameAddr],
        local_sequence: int,
        remote_sequence: int | None,
    ) -> None:
        """Take the parts of 12.1; `local` and `remote` are From/To values with their tags."""
        self.call_id = call_id
        self.local = local
        self.local_tag = local_tag
        self.remote = remote
        self.remote_tag = remote_tag
        self.remote_target = remote_target
        self._target_text = str(remote_target)
        self.route_set = tuple(route_set)
        self.local_sequence = local_sequence
        self.remote_sequence = remote_sequence

    @classmethod
    def of_caller(cls, invite: Request, response: Response) -> Dialog:
        """Begin from a 1xx with a To tag or a 2xx to our INVITE (12.1.2).

        Raises InvalidHeader if a header the dialog needs is malformed.
        """
        contact = response.contact
        return cls(
            call_id=invite.call_id,
            local=invite.headers.get("From") or "",
            local_tag=invite.from_tag or "",
            remote=response.headers.get("To") or "",
            remote_tag=response.to_tag or "",  # RFC 2543 peers send none (12.1.2)
            # A provisional response need not have a Contact, some final ones lack theirs.
            remote_target=parse_uri(invite.uri) if contact is None else contact.uri,
            route_set=tuple(reversed(response.record_routes)),
            local_sequence=invite.cseq.number,
            remote_sequence=None,
        )

    @classmethod
    def of_callee(cls, invite: Request, local_tag: str) -> Dialog:
        """Begin from an INVITE that we answer with this To tag (12.1.1).

        Raises InvalidHeader if the INVITE has no usable Contact; one in the manner of RFC 2543
        need not have any, and is reached at its From (RFC 4475 3.3.9).
        """
        contact = invite.contact
        if contact is None and (invite.via.branch or "").startswith(MAGIC_COOKIE):
            raise InvalidHeader("Contact", "an INVITE must have one")  # 8.1.1.8
        to = invite.headers.get("To") or ""
        return cls(
            call_id=invite.call_id,
            local=f"{to};tag={local_tag}",
            local_tag=local_tag,
            remote=invite.headers.get("From") or "",
            remote_tag=invite.from_tag or "",
            remote_target=invite.from_.uri if contact is None else contact.uri,
            route_set=invite.record_routes,
            local_sequence=0,
            remote_sequence=invite.cseq.number,
        )

    def new_request(
        self,
        method: str,
        *,
        headers: Sequence[tuple[str, str]] = (),
        body: bytes = b"",
        sequence: int | None = None,
    ) -> Request:
        """Return a request inside the dialog, without Via (12.2.1.1).

        `sequence` is for an ACK, which carries the number of its INVITE; others count on.
        """
        if sequence is None:
            self.local_sequence += 1
            sequence = self.local_sequence
        uri, routes = self._target_text, [str(route) for route in self.route_set]
        first = self._first_hop()
        if first is not None and not first.is_loose_router:
            # A strict router finds itself in the Request-URI and the target at the end.
            uri, routes = str(first.request_uri_form()), [*routes[1:], f"<{uri}>"]
        fields = Headers.from_canonical(
            [
                ("Max-Forwards", MAX_FORWARDS),
                *(("Route", route) for route in routes),
                ("From", self.local),
                ("To", self.remote),
                ("Call-ID", self.call_id),
                ("CSeq", f"{sequence} {method}"),
            ]
        )
        for name, value in headers:
            fields.add(name, value)
        return Request(method, uri, fields, body)

    @property
    def next_hop(self) -> SipUri | OpaqueUri:
        """The URI that says where the dialog's requests are sent (8.1.2)."""
        return self._first_hop() or self.remote_target

    def is_in_order(self, request: Request) -> bool:
        """Take a request's number; False means refuse it with 500 (12.2.2)."""
        number = request.cseq.number
        if self.remote_sequence is not None and number < self.remote_sequence:
            return False
        self.remote_sequence = number
        return True

    def refresh_target(self, message: Request | Response) -> None:
        """Follow the Contact of a re-INVITE, an UPDATE or the 2xx to one (12.2)."""
        try:
            contact = message.contact
        except InvalidHeader:
            return  # we go on using the one that has worked so far
        if contact is not None:
            self.remote_target = contact.uri
            self._target_text = str(contact.uri)

    def confirm(self, response: Response) -> None:
        """Take the 2xx to our INVITE: it alone says the final route (13.2.2.4)."""
        self.refresh_target(response)
        self.remote = response.headers.get("To") or self.remote
        self.route_set = tuple(reversed(response.record_routes))

    def _first_hop(self) -> SipUri | None:
        if not self.route_set:
            return None
        uri = self.route_set[0].uri
        return uri if isinstance(uri, SipUri) else None

"""Why a leg ended, in plain words, from what SIP said."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ringcast.engines.embedded.leg import Verdict, silent_peer
from ringcast.ports.engine import WhoEnded
from ringcast.protocols.sip.agent_events import Ended, Failed
from ringcast.protocols.sip.names import REASONS

__all__ = ["verdict_on_end", "verdict_on_failure"]

_LONGEST_REASON: Final = 200  # what a peer writes goes to databases and screens

# RFC 3261 section 21. Statuses not here are told by their own reason phrase.
_MEANING: Mapping[int, str] = {
    400: "{peer} did not understand our INVITE",
    403: "{peer} does not allow this call: is our address or the caller id permitted there?",
    404: "the number does not exist",
    408: "{peer} got no answer in time",
    410: "the number is no longer in use",
    480: "the called party cannot be reached at present",
    484: "the number is incomplete",
    486: "busy",
    487: "canceled",
    488: "{peer} accepts none of our codecs (PCMU, PCMA)",
    500: "{peer} has a fault",
    502: "{peer} has a fault behind it",
    503: "{peer} is overloaded or out of service",
    504: "{peer} got no answer from the network behind it",
    600: "busy",
    603: "declined",
    604: "the number does not exist",
    606: "{peer} accepts none of our codecs (PCMU, PCMA)",
    607: "the called party does not want this call",
    608: "the call was blocked by {peer}",
}


def verdict_on_failure(failed: Failed, *, peer: str, has_credentials: bool) -> Verdict:
    """Return the verdict on an INVITE that was not answered; `peer` is what reasons call it."""
    if failed.response is None:
        if failed.is_transport_error:
            # The phrase that the status has anyway was said by nobody and explains nothing.
            why = "" if failed.reason == REASONS[503] else f" ({_clean(failed.reason)})"
            return Verdict(
                by=WhoEnded.ENGINE,
                sip_status=failed.status,
                reason=f"{peer} cannot be reached{why}: does it run, and is the address right?",
            )
        if failed.is_cancelled:
            return Verdict(by=WhoEnded.LOCAL, sip_status=failed.status, reason="canceled")
        return silent_peer(peer)
    return Verdict(
        by=WhoEnded.REMOTE,
        sip_status=failed.status,
        q850=failed.cause,
        reason=_refusal(failed, peer=peer, has_credentials=has_credentials),
    )


def verdict_on_end(ended: Ended, *, peer: str) -> Verdict:
    """Return the verdict on a dialog that we did not end."""
    if ended.by_remote:
        said = ended.reason
        reason = f"the far end hung up ({_clean(said)})" if said else "the far end hung up"
        return Verdict(by=WhoEnded.REMOTE, q850=ended.cause, reason=reason)
    if ended.is_transport_error:
        reason = f"the connection to {peer} was lost"
    elif ended.is_timeout:
        reason = f"{peer} stopped answering in the middle of the call"
    else:
        reason = f"the dialog with {peer} broke"
    return Verdict(by=WhoEnded.ENGINE, reason=reason)


def _refusal(failed: Failed, *, peer: str, has_credentials: bool) -> str:
    status = failed.status
    said = f"{status} {_clean(failed.reason)}".rstrip()
    if status in (401, 407):
        if has_credentials:
            return f"{peer} refused our user name and password ({said}): are both right?"
        return f"{peer} asks for a user name and password ({said}), and none are configured"
    if 300 <= status < 400:
        return f"{peer} sent the call elsewhere ({said}), which is not followed"
    meaning = _MEANING.get(status)
    text = f"{peer} refused the call ({said})" if meaning is None else f"{meaning} ({said})"
    text = text.replace("{peer}", peer)
    if failed.retry_after is not None:
        text += f"; it asks to come back in {failed.retry_after} s"
    return text


def _clean(text: str) -> str:
    """Keep what can be printed of a peer's words, and not too much of it."""
    return "".join(c if c.isprintable() else " " for c in text[:_LONGEST_REASON]).strip()

"""Why a call ended, from the headers that may say so."""

from __future__ import annotations

from ringcast.protocols.sip.errors import SipError
from ringcast.protocols.sip.headers import parse_params, split_list, unquote_string
from ringcast.protocols.sip.message import Request, Response


def q850_cause(message: Request | Response) -> int | None:
    """Return the ITU-T Q.850 cause of the Reason header, or None (RFC 3326, RFC 6432)."""
    params = _reasons(message).get("q.850")
    cause = params.get("cause") if params else None
    # Causes are 7 bits; anything else is no cause.
    if cause and len(cause) <= 3 and cause.isascii() and cause.isdigit() and int(cause) < 128:
        return int(cause)
    return None


def reason_text(message: Request | Response) -> str | None:
    """Return the text of the first Reason that has one, or None."""
    for params in _reasons(message).values():
        text = params.get("text")
        if text:
            return unquote_string(text)
    return None


def q850_reason(cause: int) -> tuple[str, str]:
    """Return the header that says a Q.850 cause."""
    return "Reason", f"Q.850;cause={cause}"


def retry_after(response: Response) -> int | None:
    """Return the seconds of Retry-After, without comment and parameters, or None (20.33)."""
    value = response.headers.get("Retry-After")
    if value is None:
        return None
    digits = value.partition(";")[0].partition("(")[0].strip()
    return int(digits) if len(digits) <= 9 and digits.isascii() and digits.isdigit() else None


def _reasons(message: Request | Response) -> dict[str, dict[str, str | None]]:
    """Return the parameters of each protocol's Reason; what cannot be read is left out."""
    reasons: dict[str, dict[str, str | None]] = {}
    for value in message.headers.get_all("Reason"):
        try:
            for item in split_list(value, "Reason"):
                protocol, semicolon, params = item.partition(";")
                reasons.setdefault(
                    protocol.strip().lower(), parse_params(semicolon + params, "Reason")
                )
        except SipError:
            continue
    return reasons

"""What came of an attempt, and how SIP and Q.850 say it."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

__all__ = ["OUTCOME_OF_Q850", "OUTCOME_OF_SIP", "Outcome", "outcome_of_failure"]


class Outcome(StrEnum):
    """The final result of an attempt (DESIGN 1); each dialect has one table of its faces."""

    HUMAN = "human"
    MACHINE = "machine"
    BUSY = "busy"
    NO_ANSWER = "no_answer"
    REJECTED = "rejected"
    INVALID_NUMBER = "invalid_number"
    CARRIER_ERROR = "carrier_error"
    CARRIER_TEMPORARY = "carrier_temporary"
    CANCELED = "canceled"
    ABANDONED = "abandoned"
    TRANSFERRED = "transferred"
    INTERNAL_ERROR = "internal_error"
    UNDIALED = "undialed"
    SCREENING = "screening"
    FAX = "fax"

    @property
    def is_answered(self) -> bool:
        """Whether somebody or something picked up."""
        return self in _ANSWERED


_ANSWERED = frozenset(
    {
        Outcome.HUMAN,
        Outcome.MACHINE,
        Outcome.ABANDONED,
        Outcome.TRANSFERRED,
        Outcome.SCREENING,
        Outcome.FAX,
    }
)

# RFC 3261 section 21 gives the meanings; statuses not named here fall to their class below.
OUTCOME_OF_SIP: Mapping[int, Outcome] = {
    401: Outcome.CARRIER_ERROR,  # our credentials are wrong: no retry will mend it
    402: Outcome.CARRIER_ERROR,
    403: Outcome.CARRIER_ERROR,
    404: Outcome.INVALID_NUMBER,
    405: Outcome.CARRIER_ERROR,
    407: Outcome.CARRIER_ERROR,
    408: Outcome.CARRIER_TEMPORARY,  # no final answer from the trunk; ringing out is not this
    410: Outcome.INVALID_NUMBER,
    429: Outcome.CARRIER_TEMPORARY,
    480: Outcome.NO_ANSWER,
    484: Outcome.INVALID_NUMBER,
    485: Outcome.INVALID_NUMBER,
    486: Outcome.BUSY,
    487: Outcome.CANCELED,
    488: Outcome.CARRIER_ERROR,
    500: Outcome.CARRIER_TEMPORARY,
    502: Outcome.CARRIER_TEMPORARY,
    503: Outcome.CARRIER_TEMPORARY,
    504: Outcome.CARRIER_TEMPORARY,
    600: Outcome.BUSY,
    603: Outcome.REJECTED,
    604: Outcome.INVALID_NUMBER,
    606: Outcome.CARRIER_ERROR,
    607: Outcome.REJECTED,  # RFC 8197
    608: Outcome.REJECTED,  # RFC 8688
}

# ITU-T Q.850 clause 2.2; only what says more than the SIP status it comes with.
OUTCOME_OF_Q850: Mapping[int, Outcome] = {
    1: Outcome.INVALID_NUMBER,
    2: Outcome.CARRIER_ERROR,
    3: Outcome.CARRIER_ERROR,
    17: Outcome.BUSY,
    18: Outcome.NO_ANSWER,
    19: Outcome.NO_ANSWER,
    20: Outcome.NO_ANSWER,
    21: Outcome.REJECTED,
    22: Outcome.INVALID_NUMBER,
    27: Outcome.CARRIER_TEMPORARY,
    28: Outcome.INVALID_NUMBER,
    34: Outcome.CARRIER_TEMPORARY,
    38: Outcome.CARRIER_TEMPORARY,
    41: Outcome.CARRIER_TEMPORARY,
    42: Outcome.CARRIER_TEMPORARY,
    44: Outcome.CARRIER_TEMPORARY,
    47: Outcome.CARRIER_TEMPORARY,
}


def outcome_of_failure(status: int, q850: int | None = None) -> Outcome:
    """Return the outcome of an INVITE refused with `status` and, if given, a Q.850 Reason.

    The Reason (RFC 3326) is what the telephone network said; the status is a gateway's reading of
    it, so the Reason wins where both are known. 401 and 407 are between the trunk and us.
    """
    if q850 is not None and q850 in OUTCOME_OF_Q850 and status not in (401, 407):
        return OUTCOME_OF_Q850[q850]
    if status in OUTCOME_OF_SIP:
        return OUTCOME_OF_SIP[status]
    if 300 <= status < 400:
        return Outcome.CARRIER_ERROR  # redirection is not followed without a policy
    if 500 <= status < 600:
        return Outcome.CARRIER_TEMPORARY
    if status >= 600:
        return Outcome.REJECTED
    return Outcome.CARRIER_ERROR

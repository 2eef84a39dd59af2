"""The vendor's words for states, reasons and causes; the causes are FreeSWITCH's names."""

from __future__ import annotations

from collections.abc import Mapping

from ringcast.domain.calls import Attempt, AttemptState, CallState
from ringcast.domain.conferences import ConferenceState
from ringcast.domain.outcomes import Outcome
from ringcast.domain.programs import GatherEnd
from ringcast.domain.recordings import RecordingState
from ringcast.services.calls import CallDetails
from ringcast.services.controlled_gather import CANCELED, HUNG_UP

__all__ = [
    "CAUSE_OF_OUTCOME",
    "CAUSE_OF_Q850",
    "CAUSE_OF_SIP",
    "CONFERENCE_STATES",
    "GATHER_REASONS",
    "RECORDING_STATES",
    "cause_of",
    "state_of",
]

# ITU-T Q.850 clause 2.2.5 to 2.2.7, in FreeSWITCH's words.
CAUSE_OF_Q850: Mapping[int, str] = {
    1: "UNALLOCATED_NUMBER",
    2: "NO_ROUTE_TRANSIT_NET",
    3: "NO_ROUTE_DESTINATION",
    6: "CHANNEL_UNACCEPTABLE",
    7: "CALL_AWARDED_DELIVERED",
    16: "NORMAL_CLEARING",
    17: "USER_BUSY",
    18: "NO_USER_RESPONSE",
    19: "NO_ANSWER",
    20: "SUBSCRIBER_ABSENT",
    21: "CALL_REJECTED",
    22: "NUMBER_CHANGED",
    23: "REDIRECTION_TO_NEW_DESTINATION",
    25: "EXCHANGE_ROUTING_ERROR",
    27: "DESTINATION_OUT_OF_ORDER",
    28: "INVALID_NUMBER_FORMAT",
    29: "FACILITY_REJECTED",
    30: "RESPONSE_TO_STATUS_ENQUIRY",
    31: "NORMAL_UNSPECIFIED",
    34: "NORMAL_CIRCUIT_CONGESTION",
    38: "NETWORK_OUT_OF_ORDER",
    41: "NORMAL_TEMPORARY_FAILURE",
    42: "SWITCH_CONGESTION",
    43: "ACCESS_INFO_DISCARDED",
    44: "REQUESTED_CHAN_UNAVAIL",
    45: "PRE_EMPTED",
    50: "FACILITY_NOT_SUBSCRIBED",
    52: "OUTGOING_CALL_BARRED",
    54: "INCOMING_CALL_BARRED",
    57: "BEARERCAPABILITY_NOTAUTH",
    58: "BEARERCAPABILITY_NOTAVAIL",
    63: "SERVICE_UNAVAILABLE",
    65: "BEARERCAPABILITY_NOTIMPL",
    66: "CHAN_NOT_IMPLEMENTED",
    69: "FACILITY_NOT_IMPLEMENTED",
    79: "SERVICE_NOT_IMPLEMENTED",
    81: "INVALID_CALL_REFERENCE",
    88: "INCOMPATIBLE_DESTINATION",
    95: "INVALID_MSG_UNSPECIFIED",
    96: "MANDATORY_IE_MISSING",
    97: "MESSAGE_TYPE_NONEXIST",
    98: "WRONG_MESSAGE",
    99: "IE_NONEXIST",
    100: "INVALID_IE_CONTENTS",
    101: "WRONG_CALL_STATE",
    102: "RECOVERY_ON_TIMER_EXPIRE",
    103: "MANDATORY_IE_LENGTH_ERROR",
    111: "PROTOCOL_ERROR",
    127: "INTERWORKING",
}

# What a final status of an INVITE says where no Q.850 reason came with it.
CAUSE_OF_SIP: Mapping[int, str] = {
    400: "NORMAL_TEMPORARY_FAILURE",
    401: "CALL_REJECTED",
    402: "CALL_REJECTED",
    403: "CALL_REJECTED",
    404: "UNALLOCATED_NUMBER",
    405: "SERVICE_UNAVAILABLE",
    406: "SERVICE_NOT_IMPLEMENTED",
    407: "CALL_REJECTED",
    408: "RECOVERY_ON_TIMER_EXPIRE",
    410: "NUMBER_CHANGED",
    413: "INTERWORKING",
    414: "INTERWORKING",
    415: "SERVICE_NOT_IMPLEMENTED",
    416: "INTERWORKING",
    420: "INTERWORKING",
    421: "INTERWORKING",
    423: "INTERWORKING",
    480: "NO_USER_RESPONSE",
    481: "NORMAL_TEMPORARY_FAILURE",
    482: "EXCHANGE_ROUTING_ERROR",
    483: "EXCHANGE_ROUTING_ERROR",
    484: "INVALID_NUMBER_FORMAT",
    485: "NO_ROUTE_DESTINATION",
    486: "USER_BUSY",
    487: "ORIGINATOR_CANCEL",
    488: "INCOMPATIBLE_DESTINATION",
    500: "NORMAL_TEMPORARY_FAILURE",
    501: "SERVICE_NOT_IMPLEMENTED",
    502: "NETWORK_OUT_OF_ORDER",
    503: "NORMAL_TEMPORARY_FAILURE",
    504: "RECOVERY_ON_TIMER_EXPIRE",
    505: "INTERWORKING",
    513: "INTERWORKING",
    600: "USER_BUSY",
    603: "CALL_REJECTED",
    604: "NO_ROUTE_DESTINATION",
    606: "INCOMPATIBLE_DESTINATION",
}

# What is said where the network has said nothing: these are our own ends of calls.
CAUSE_OF_OUTCOME: Mapping[Outcome, str] = {
    Outcome.HUMAN: "NORMAL_CLEARING",
    Outcome.MACHINE: "NORMAL_CLEARING",
    Outcome.SCREENING: "NORMAL_CLEARING",
    Outcome.FAX: "NORMAL_CLEARING",
    Outcome.ABANDONED: "NORMAL_CLEARING",
    Outcome.TRANSFERRED: "NORMAL_CLEARING",
    Outcome.BUSY: "USER_BUSY",
    Outcome.NO_ANSWER: "NO_ANSWER",
    Outcome.REJECTED: "CALL_REJECTED",
    Outcome.CANCELED: "ORIGINATOR_CANCEL",
    Outcome.INVALID_NUMBER: "UNALLOCATED_NUMBER",
    Outcome.CARRIER_ERROR: "NORMAL_UNSPECIFIED",
    Outcome.CARRIER_TEMPORARY: "NORMAL_TEMPORARY_FAILURE",
    Outcome.INTERNAL_ERROR: "NORMAL_UNSPECIFIED",
    Outcome.UNDIALED: "OUTGOING_CALL_BARRED",
}

_OURS = frozenset({Outcome.NO_ANSWER, Outcome.CANCELED, Outcome.INTERNAL_ERROR})
"""Outcomes that we have decided on: what the far end says to our CANCEL adds nothing."""

GATHER_REASONS: Mapping[str, str] = {
    GatherEnd.MAX_DIGITS: "max-digits",
    GatherEnd.FINISH_KEY: "terminating-digit",
    GatherEnd.TIMEOUT: "inter-digit-timeout",
    HUNG_UP: "hung-up",
    CANCELED: "cancelled",
}

RECORDING_STATES: Mapping[RecordingState, str] = {
    RecordingState.RECORDING: "recording",
    RecordingState.READY: "complete",
    RecordingState.FAILED: "error",
}


CONFERENCE_STATES: Mapping[ConferenceState, str] = {
    ConferenceState.WAITING: "created",
    ConferenceState.ACTIVE: "active",
    ConferenceState.ENDED: "completed",
}


def state_of(details: CallDetails) -> str:
    """Return the state of a call."""
    call = details.call
    last = details.attempts[-1] if details.attempts else None
    if call.state.is_final:
        is_turned_away = call.is_inbound and call.outcome is Outcome.REJECTED
        return "rejected" if is_turned_away else "completed"
    is_up = call.state is CallState.ACTIVE and last is not None
    if is_up and last is not None and last.state is AttemptState.ANSWERED:
        return "active"
    return "started"


def cause_of(outcome: Outcome, attempt: Attempt | None) -> str:
    """Return why a call has ended."""
    if attempt is None or outcome.is_answered or outcome in _OURS:
        return CAUSE_OF_OUTCOME[outcome]
    said = CAUSE_OF_Q850.get(attempt.q850_cause or 0) or CAUSE_OF_SIP.get(attempt.sip_status or 0)
    return said or CAUSE_OF_OUTCOME[outcome]

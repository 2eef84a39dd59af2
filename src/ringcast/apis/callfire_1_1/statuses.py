"""CallFire's words of version 1.1 for our states, outcomes, topics and voices."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from ringcast.domain.calls import Call, CallState
from ringcast.domain.campaigns import AnsweringPolicy, BatchStatus, CampaignStatus
from ringcast.domain.contacts import ContactListStatus, PhoneKind
from ringcast.domain.outcomes import Outcome
from ringcast.domain.sounds import SoundStatus
from ringcast.ports.speech import VOICES, Voice

__all__ = [
    "ANSWERING",
    "BATCH_STATUS",
    "CALL_STATE",
    "CAMPAIGN_STATUS",
    "LIST_STATUS",
    "PHONE_TYPES",
    "RESULT",
    "RESULT_OF_SECOND_LEG",
    "RUNNING",
    "SOUND_STATUS",
    "VOICE",
    "outcomes_named",
    "result_of",
    "results_for",
    "results_of",
    "states_named",
]

CALL_STATE: Mapping[CallState, str] = {
    CallState.READY: "READY",
    CallState.ACTIVE: "SELECTED",
    CallState.FINISHED: "FINISHED",
    CallState.INVALID: "INVALID",
    CallState.DISABLED: "DISABLED",
    CallState.DUPLICATE: "DUP",
    CallState.DO_NOT_CALL: "DNC",
}

# The face of each outcome in CallFire's coarser words. Where it has none of its own:
# - a declined call was not answered, and CARRIER_ERROR is for numbers that cannot be reached;
# - CARRIER_ERROR is the word of May 2014 for a disconnected number too;
# - a call that we gave up while it rang was not answered;
# - screening assistants and fax machines are machines.
RESULT: Mapping[Outcome, str] = {
    Outcome.HUMAN: "LA",
    Outcome.MACHINE: "AM",
    Outcome.BUSY: "BUSY",
    Outcome.NO_ANSWER: "NO_ANS",
    Outcome.REJECTED: "NO_ANS",
    Outcome.INVALID_NUMBER: "CARRIER_ERROR",
    Outcome.CARRIER_ERROR: "CARRIER_ERROR",
    Outcome.CARRIER_TEMPORARY: "CARRIER_TEMP_ERROR",
    Outcome.CANCELED: "NO_ANS",
    Outcome.ABANDONED: "ABANDONED",
    Outcome.TRANSFERRED: "XFER",
    Outcome.INTERNAL_ERROR: "INTERNAL_ERROR",
    Outcome.UNDIALED: "UNDIALED",
    Outcome.SCREENING: "AM",
    Outcome.FAX: "AM",
}

# The call that a transfer makes is the leg of the call that is put through: who answers it is no
# person reached, and what keeps it from being answered is what it is for every call.
RESULT_OF_SECOND_LEG: Mapping[Outcome, str] = {
    outcome: "XFER_LEG" if outcome.is_answered else result for outcome, result in RESULT.items()
}

PHONE_TYPES: Mapping[str, PhoneKind | None] = {
    "FIRST_NUMBER": None,
    "HOME_PHONE": PhoneKind.HOME,
    "WORK_PHONE": PhoneKind.WORK,
    "MOBILE_PHONE": PhoneKind.MOBILE,
}
"""Which telephone of a contact is tried again; None is the first it has."""

SOUND_STATUS: Mapping[SoundStatus, str] = {
    SoundStatus.RECORDING: "PENDING",
    SoundStatus.ACTIVE: "ACTIVE",
    SoundStatus.FAILED: "FAILED",
    SoundStatus.ARCHIVED: "ARCHIVED",
}

# Programs made from the schema of May 2014 know no more than five states: ours are told in these.
CAMPAIGN_STATUS: Mapping[CampaignStatus, str] = {
    CampaignStatus.SETUP: "START_PENDING",
    CampaignStatus.START_PENDING: "START_PENDING",
    CampaignStatus.RUNNING: "RUNNING",
    CampaignStatus.SCHEDULED: "RUNNING",
    CampaignStatus.STOPPED: "STOPPED",
    CampaignStatus.SUSPENDED: "STOPPED",
    CampaignStatus.FINISHED: "FINISHED",
    CampaignStatus.ARCHIVED: "ARCHIVED",
}
RUNNING: Collection[CampaignStatus] = [
    status for status, name in CAMPAIGN_STATUS.items() if name == "RUNNING"
]

BATCH_STATUS: Mapping[BatchStatus, str] = {
    BatchStatus.NEW: "NEW",
    BatchStatus.VALIDATING: "VALIDATING",
    BatchStatus.ERRORS: "ERRORS",
    BatchStatus.ACTIVE: "ACTIVE",
}

# Those of May 2014: an import that runs is validating, and one that failed has errors.
LIST_STATUS: Mapping[ContactListStatus, str] = {
    ContactListStatus.VALIDATING: "VALIDATING",
    ContactListStatus.IMPORTING: "VALIDATING",
    ContactListStatus.IMPORT_FAILED: "ERRORS",
    ContactListStatus.ACTIVE: "ACTIVE",
    ContactListStatus.ERRORS: "ERRORS",
    ContactListStatus.PARSE_FAILED: "PARSE_FAILED",
    ContactListStatus.COLUMN_TOO_LARGE: "COLUMN_TOO_LARGE",
}

ANSWERING: Mapping[AnsweringPolicy, str] = {
    AnsweringPolicy.PEOPLE_AND_MACHINES: "AM_AND_LIVE",
    AnsweringPolicy.MACHINES_ONLY: "AM_ONLY",
    AnsweringPolicy.PEOPLE_ONLY: "LIVE_WITH_AMD",
    AnsweringPolicy.ANYBODY_AT_ONCE: "LIVE_IMMEDIATE",
}

VOICE: Mapping[str, Voice] = {
    "MALE1": VOICES["en-us-male-1"],
    "FEMALE1": VOICES["en-us-female-1"],
    "FEMALE2": VOICES["en-us-female-2"],
    "SPANISH1": VOICES["es-female-1"],
    "FRENCHCANADIAN1": VOICES["fr-ca-female-1"],
}


def result_of(call: Call) -> str | None:
    """Return what came of a call; DNC is the one result that the state tells, not the outcome."""
    if call.state is CallState.DO_NOT_CALL:
        return "DNC"
    return None if call.outcome is None else results_for(call)[call.outcome]


def results_for(call: Call) -> Mapping[Outcome, str]:
    """Return the faces that outcomes have in a call and its attempts."""
    return RESULT if call.transferred_from is None else RESULT_OF_SECOND_LEG


def states_named(names: Sequence[str]) -> list[CallState]:
    """Return our states of those names; CallFire's others are never a call's here."""
    return [state for state, name in CALL_STATE.items() if name in names]


def outcomes_named(names: Collection[str], faces: Mapping[Outcome, str] = RESULT) -> list[Outcome]:
    """Return all outcomes whose face is one of the results."""
    return [outcome for outcome, result in faces.items() if result in names]


def results_of(outcomes: Collection[Outcome]) -> list[str]:
    """Return the results that are the faces of some outcomes."""
    return list(dict.fromkeys(result for one, result in RESULT.items() if one in outcomes))

"""CallFire's words for our states, outcomes and voices."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from ringcast.domain.calls import Call, CallState
from ringcast.domain.campaigns import AnsweringPolicy, BatchStatus, CampaignStatus
from ringcast.domain.contacts import PhoneKind
from ringcast.domain.errors import InvalidInput
from ringcast.domain.outcomes import Outcome
from ringcast.domain.sounds import SoundStatus
from ringcast.ports.speech import VOICES, Voice

__all__ = [
    "ANSWERING",
    "BATCH_STATUS",
    "CALL_STATE",
    "CAMPAIGN_STATUS",
    "PHONE_TYPES",
    "RESULT",
    "RESULT_OF_SECOND_LEG",
    "SOUND_STATUS",
    "VOICE",
    "leg_outcomes_named",
    "outcomes_named",
    "result_of",
    "results_for",
    "results_of",
    "states_named",
    "voice_named",
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

# CallFire has states that no call is ever in here; asking for them finds nothing.
_OTHER_STATES = frozenset(
    {
        "CALLBACK",
        "PERIOD_LIMIT",
        "RESTRICTED_NUMBER",
        "SKIPPED",
        "TIMEOUT",
    }
)

# The face of each outcome, in CallFire's coarser words. Where it has none of its own:
# - a declined call was not answered, and CARRIER_ERROR is for numbers that cannot be reached;
# - CARRIER_ERROR is CallFire's word for a disconnected number too;
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
    SoundStatus.RECORDING: "RECORDING",
    SoundStatus.ACTIVE: "ACTIVE",
    SoundStatus.FAILED: "FAILED",
    SoundStatus.ARCHIVED: "ARCHIVED",
}

CAMPAIGN_STATUS: Mapping[CampaignStatus, str] = {
    CampaignStatus.SETUP: "SETUP",
    CampaignStatus.START_PENDING: "START_PENDING",
    CampaignStatus.RUNNING: "RUNNING",
    CampaignStatus.SCHEDULED: "SCHEDULED",
    CampaignStatus.STOPPED: "STOPPED",
    CampaignStatus.SUSPENDED: "SUSPENDED",
    CampaignStatus.FINISHED: "FINISHED",
    CampaignStatus.ARCHIVED: "ARCHIVED",
}

BATCH_STATUS: Mapping[BatchStatus, str] = {
    BatchStatus.NEW: "NEW",
    BatchStatus.VALIDATING: "VALIDATING",
    BatchStatus.ERRORS: "ERRORS",
    BatchStatus.ACTIVE: "ACTIVE",
}

ANSWERING: Mapping[AnsweringPolicy, str] = {
    AnsweringPolicy.PEOPLE_AND_MACHINES: "AM_AND_LIVE",
    AnsweringPolicy.MACHINES_ONLY: "AM_ONLY",
    AnsweringPolicy.PEOPLE_ONLY: "LIVE_WITH_AMD",
    AnsweringPolicy.ANYBODY_AT_ONCE: "LIVE_IMMEDIATE",
}

# CallFire has results that no attempt ever gets here; asking for them finds nothing.
_OTHER_RESULTS = frozenset({"DNC", "SD", "POSTPONED", "SKIPPED"})

VOICE: Mapping[str, Voice] = {
    "MALE1": VOICES["en-us-male-1"],
    "FEMALE1": VOICES["en-us-female-1"],
    "FEMALE2": VOICES["en-us-female-2"],
    "SPANISH1": VOICES["es-female-1"],
    "FRENCHCANADIAN1": VOICES["fr-ca-female-1"],
}
_DEFAULT_VOICE = "FEMALE1"  # the default that the older CallFire API documents


def voice_named(name: str | None, *, field: str) -> Voice:
    """Return the voice of that name, or the default; raise InvalidInput."""
    voice = VOICE.get(name or _DEFAULT_VOICE)
    if voice is None:
        raise InvalidInput(f"{field} {name!r} is none of {', '.join(VOICE)}", field=field)
    return voice


def result_of(call: Call) -> str | None:
    """Return what came of a call; DNC is the one result that the state tells, not the outcome."""
    if call.state is CallState.DO_NOT_CALL:
        return "DNC"
    return None if call.outcome is None else results_for(call)[call.outcome]


def results_for(call: Call) -> Mapping[Outcome, str]:
    """Return the faces that outcomes have in a call and its attempts."""
    return RESULT if call.transferred_from is None else RESULT_OF_SECOND_LEG


def states_named(names: list[str]) -> list[CallState]:
    """Return our states of those names; raise InvalidInput for one that CallFire has not."""
    ours = {name: state for state, name in CALL_STATE.items()}
    for name in names:
        if name not in ours and name not in _OTHER_STATES:
            known = ", ".join(sorted([*ours, *_OTHER_STATES]))
            raise InvalidInput(f"states: {name!r} is none of {known}", field="states")
    return [ours[name] for name in names if name in ours]


def outcomes_named(names: list[str], *, field: str) -> list[Outcome]:
    """Return all outcomes whose face is one of the results; raise InvalidInput for an unknown."""
    known = {*RESULT.values(), *RESULT_OF_SECOND_LEG.values(), *_OTHER_RESULTS}
    for name in names:
        if name not in known:
            raise InvalidInput(
                f"{field}: {name[:64]!r} is none of {', '.join(sorted(known))}", field=field
            )
    return [outcome for outcome, result in RESULT.items() if result in names]


def leg_outcomes_named(names: list[str]) -> list[Outcome]:
    """Return all outcomes whose face, in the second leg of a transfer, is one of the results."""
    return [outcome for outcome, result in RESULT_OF_SECOND_LEG.items() if result in names]


def results_of(outcomes: Collection[Outcome]) -> list[str]:
    """Return the results that are the faces of some outcomes."""
    return list(dict.fromkeys(result for one, result in RESULT.items() if one in outcomes))

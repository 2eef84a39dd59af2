"""CallFire's words."""

from __future__ import annotations

import pytest

from ringcast.apis.callfire_v2.statuses import (
    CALL_STATE,
    RESULT,
    RESULT_OF_SECOND_LEG,
    SOUND_STATUS,
    VOICE,
    leg_outcomes_named,
    outcomes_named,
    states_named,
    voice_named,
)
from ringcast.domain.calls import CallState
from ringcast.domain.errors import InvalidInput
from ringcast.domain.outcomes import Outcome
from ringcast.domain.sounds import SoundStatus
from ringcast.ports.speech import VOICES

# shared reference, CallFire v2, section 13
RESULTS = {
    "LA", "AM", "BUSY", "DNC", "XFER", "NO_ANS", "XFER_LEG", "INTERNAL_ERROR", "CARRIER_ERROR",
    "CARRIER_TEMP_ERROR", "UNDIALED", "SD", "POSTPONED", "ABANDONED", "SKIPPED",
}  # fmt: skip
STATES = {
    "READY", "SELECTED", "CALLBACK", "FINISHED", "DISABLED", "SKIPPED", "DNC", "DUP", "INVALID",
    "TIMEOUT", "PERIOD_LIMIT", "RESTRICTED_NUMBER",
}  # fmt: skip
SOUND_STATUSES = {
    "UPLOAD", "RECORDING", "ACTIVE", "ACTIVE_SYSTEM", "FAILED", "ARCHIVED", "SCRUBBED",
}  # fmt: skip


def test_every_state_and_outcome_has_a_word_that_callfire_has() -> None:
    assert set(CALL_STATE) == set(CallState)
    assert set(CALL_STATE.values()) <= STATES
    assert set(RESULT) == set(Outcome)
    assert set(RESULT.values()) <= RESULTS
    assert set(SOUND_STATUS) == set(SoundStatus)
    assert set(SOUND_STATUS.values()) <= SOUND_STATUSES


def test_a_person_a_machine_and_nobody_are_told_apart() -> None:
    assert RESULT[Outcome.HUMAN] == "LA"
    assert RESULT[Outcome.MACHINE] == "AM"
    assert {RESULT[o] for o in Outcome if o.is_answered} == {"LA", "AM", "XFER", "ABANDONED"}
    assert not {RESULT[o] for o in Outcome if not o.is_answered} & {"LA", "AM", "XFER"}


def test_an_answered_second_leg_is_a_leg_and_no_person_reached() -> None:
    assert set(RESULT_OF_SECOND_LEG) == set(Outcome)
    for outcome, result in RESULT_OF_SECOND_LEG.items():
        assert result == ("XFER_LEG" if outcome.is_answered else RESULT[outcome])


@pytest.mark.parametrize("word", sorted(RESULTS))
def test_every_result_of_callfire_can_be_asked_for(word: str) -> None:
    assert outcomes_named([word], field="results") == [o for o in Outcome if RESULT[o] == word]
    found = leg_outcomes_named([word])
    assert found == [o for o in Outcome if RESULT_OF_SECOND_LEG[o] == word]


def test_each_of_callfires_voices_is_a_voice_of_its_own() -> None:
    assert set(VOICE) == {"MALE1", "FEMALE1", "FEMALE2", "SPANISH1", "FRENCHCANADIAN1"}
    assert len({voice.name for voice in VOICE.values()}) == 5
    assert voice_named(None, field="voice") == VOICES["en-us-female-1"]
    with pytest.raises(InvalidInput) as refused:
        voice_named("ALTO", field="defaultVoice")
    assert refused.value.field == "defaultVoice"
    assert "FRENCHCANADIAN1" in str(refused.value)


@pytest.mark.parametrize("word", sorted(STATES))
def test_every_state_of_callfire_can_be_asked_for(word: str) -> None:
    ours = {name: state for state, name in CALL_STATE.items()}
    assert states_named([word]) == ([ours[word]] if word in ours else [])


def test_a_state_that_is_none_is_refused() -> None:
    with pytest.raises(InvalidInput) as refused:
        states_named(["READY", "ready"])
    assert refused.value.field == "states"

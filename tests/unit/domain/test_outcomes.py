from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringcast.domain.outcomes import OUTCOME_OF_Q850, OUTCOME_OF_SIP, Outcome, outcome_of_failure


@pytest.mark.parametrize(
    ("status", "q850", "outcome"),
    [
        (486, None, Outcome.BUSY),
        (600, None, Outcome.BUSY),
        (480, None, Outcome.NO_ANSWER),
        (603, None, Outcome.REJECTED),
        (404, None, Outcome.INVALID_NUMBER),
        (484, None, Outcome.INVALID_NUMBER),
        (503, None, Outcome.CARRIER_TEMPORARY),
        (408, None, Outcome.CARRIER_TEMPORARY),
        (403, None, Outcome.CARRIER_ERROR),
        (407, None, Outcome.CARRIER_ERROR),
        (302, None, Outcome.CARRIER_ERROR),
        (480, 17, Outcome.BUSY),  # the network's word wins over the gateway's
        (503, 1, Outcome.INVALID_NUMBER),
        (407, 17, Outcome.CARRIER_ERROR),  # but a challenge is the trunk's own
        (486, 127, Outcome.BUSY),  # "interworking" says nothing
        (499, None, Outcome.CARRIER_ERROR),
        (599, None, Outcome.CARRIER_TEMPORARY),
        (699, None, Outcome.REJECTED),
    ],
)
def test_a_refusal_has_its_outcome(status: int, q850: int | None, outcome: Outcome) -> None:
    assert outcome_of_failure(status, q850) is outcome


@given(st.integers(300, 699), st.none() | st.integers(0, 255))
def test_no_refusal_counts_as_answered(status: int, q850: int | None) -> None:
    assert not outcome_of_failure(status, q850).is_answered


def test_the_tables_hold_only_refusals() -> None:
    assert all(300 <= status < 700 for status in OUTCOME_OF_SIP)
    assert 16 not in OUTCOME_OF_Q850  # normal clearing is no failure

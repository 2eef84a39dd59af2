"""The page says what the tables say, and the tables know everything there is."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

from ringcast.apis.bandwidth_v1.callbacks import EVENT_TYPES, NOT_SENT
from ringcast.apis.bandwidth_v1.coverage import EVENTS_NOT_SENT, coverage_page
from ringcast.apis.bandwidth_v1.errors import CATEGORIES, CODES
from ringcast.apis.bandwidth_v1.followers import CONFERENCE_TOPICS, TOPICS
from ringcast.apis.bandwidth_v1.routes import OPERATIONS
from ringcast.apis.bandwidth_v1.statuses import CAUSE_OF_OUTCOME
from ringcast.domain.outcomes import Outcome
from ringcast.domain.subscriptions import Topic
from ringcast.services.call_commands import CallCommand, CommandRefused

PAGE = Path("docs/dialects/bandwidth-v1.md")


def test_the_page_in_the_documentation_is_the_one_made_from_the_tables() -> None:
    assert PAGE.read_text() == coverage_page()


def test_every_operation_is_answered_or_says_why_not() -> None:
    for operation in OPERATIONS:
        assert (operation.handler is None) == bool(operation.reason), operation
    keys = [(one.method, one.path) for one in OPERATIONS]
    assert len(keys) == len(set(keys))


def test_every_topic_is_told_or_not() -> None:
    assert set(Topic) == TOPICS | CONFERENCE_TOPICS | NOT_SENT
    assert not (TOPICS | CONFERENCE_TOPICS) & NOT_SENT
    assert not set(EVENT_TYPES) & set(EVENTS_NOT_SENT)


def test_every_outcome_has_a_cause_and_every_refusal_a_code() -> None:
    assert set(CAUSE_OF_OUTCOME) == set(Outcome)
    assert get_args(CallCommand)
    for refusal in CommandRefused.__subclasses__():
        assert any(kind in CODES for kind in refusal.__mro__), refusal
    assert {category for category, _ in CODES.values()} <= set(CATEGORIES)

"""The table of operations and the page made from it."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from ringcast.apis.callfire_v2.coverage import coverage_page
from ringcast.apis.callfire_v2.routes import OPERATIONS

PAGE = Path(__file__).parents[4] / "docs" / "dialects" / "callfire-v2.md"


def test_the_coverage_page_is_the_tables() -> None:
    assert PAGE.read_text(encoding="utf-8") == coverage_page(), (
        "make it again: python -m ringcast.apis.callfire_v2.coverage > docs/dialects/callfire-v2.md"
    )


def test_every_operation_is_there_once() -> None:
    # 98 of 2016, 17 that came until May 2019 and one of December, by group
    assert Counter(operation.tag for operation in OPERATIONS) == {
        "calls": 21,
        "campaigns": 10,
        "contacts": 24,
        "keywords": 5,
        "me": 12,
        "media": 6,
        "numbers": 9,
        "orders": 3,
        "texts": 19,
        "webhooks": 7,
    }
    assert len({operation.id for operation in OPERATIONS}) == len(OPERATIONS)
    assert len({(operation.method, operation.path) for operation in OPERATIONS}) == len(OPERATIONS)


def test_an_operation_that_is_not_here_takes_nothing() -> None:
    for operation in OPERATIONS:
        if operation.handler is None:
            assert not operation.takes
            assert not operation.refuses
        assert not operation.takes & set(operation.refuses)

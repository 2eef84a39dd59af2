"""What `ringcast campaign` writes into cells of CSV."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from ringcast.cli.campaign import _plain


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        (None, ""),
        (3, "3"),
        ("busy", "busy"),
        ("+12135550100", "+12135550100"),
        ("-1.5", "-1.5"),
        ("=1+1", "'=1+1"),
        ("+A1", "'+A1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        (datetime(2026, 3, 1, tzinfo=UTC), "2026-03-01T00:00:00+00:00"),
    ],
)
def test_cells_are_no_formulas(value: object, cell: str) -> None:
    assert _plain(value) == cell

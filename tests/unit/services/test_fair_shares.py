"""Places are shared between campaigns in turn."""

from __future__ import annotations

import pytest

from ringcast.services.admission import fair_shares


@pytest.mark.parametrize(
    ("room", "wants", "shares"),
    [
        (6, [10, 10, 10], [2, 2, 2]),
        (7, [10, 10, 10], [3, 2, 2]),
        (9, [1, 10, 10], [1, 4, 4]),
        (9, [1, 2, 3], [1, 2, 3]),
        (2, [5, 5, 5], [1, 1, 0]),
        (5, [0, 9], [0, 5]),
        (0, [3], [0]),
        (3, [], []),
    ],
)
def test_places_are_shared_in_turn(room: int, wants: list[int], shares: list[int]) -> None:
    assert fair_shares(room, wants) == shares

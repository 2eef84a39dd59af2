from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ringcast.services.admission import Admission


def test_calls_are_spaced_by_the_rate() -> None:
    admission = Admission(calls_per_second=10, max_calls=100)

    grant = admission.grant(now=5.0, horizon=0.25)

    assert (grant.calls, grant.first_at, grant.interval) == (3, 5.0, 0.1)


def test_a_second_grant_follows_the_first_without_a_gap_or_a_burst() -> None:
    admission = Admission(calls_per_second=10, max_calls=100)
    admission.take(admission.grant(now=0.0, horizon=0.1), 2)

    assert admission.grant(now=0.05, horizon=0.1).calls == 0
    later = admission.grant(now=0.1, horizon=0.1)
    assert later.first_at == 0.2
    assert later.calls == 1


def test_waiting_long_does_not_save_up_calls() -> None:
    admission = Admission(calls_per_second=10, max_calls=1000)
    admission.take(admission.grant(now=0.0, horizon=0.1), 1)

    assert admission.grant(now=60.0, horizon=0.1).calls == 2


def test_no_more_calls_at_once_than_allowed() -> None:
    admission = Admission(calls_per_second=1000, max_calls=3)
    admission.take(admission.grant(now=0.0, horizon=0.1), 3)

    full = admission.grant(now=1.0, horizon=0.1)
    assert (full.calls, full.come_back_at) == (0, None)

    admission.release()
    assert admission.grant(now=1.0, horizon=0.1).calls == 1


def test_one_that_says_no_says_when_to_come_back() -> None:
    admission = Admission(calls_per_second=1, max_calls=10)
    admission.take(admission.grant(now=0.0, horizon=0.1), 1)

    refused = admission.grant(now=0.5, horizon=0.1)

    assert refused.calls == 0
    assert refused.come_back_at is not None
    assert admission.grant(now=refused.come_back_at, horizon=0.1).calls == 1


@given(
    rate=st.floats(0.5, 500),
    steps=st.lists(st.tuples(st.floats(0, 0.5), st.floats(0, 1)), min_size=1, max_size=60),
)
def test_no_window_of_a_second_holds_more_than_the_rate(
    rate: float, steps: list[tuple[float, float]]
) -> None:
    admission = Admission(calls_per_second=rate, max_calls=10**6 - 1)
    now, left = 0.0, list[float]()
    for wait, share in steps:
        now += wait
        grant = admission.grant(now=now, horizon=0.1)
        take = int(grant.calls * share)
        admission.take(grant, take)
        left += [grant.first_at + n * grant.interval for n in range(take)]

    assert left == sorted(left)
    for place, start in enumerate(left):
        inside = [at for at in left[place:] if at < start + 1 - 1e-6]
        assert len(inside) <= max(1, int(rate + 1))

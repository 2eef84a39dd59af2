"""The step that lets a call be in a conference until it leaves."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from ringcast.domain.errors import RingcastError
from ringcast.domain.programs import CallFacts, Conferred, JoinConference, NotDone, WhyParted
from ringcast.ports.engine import DigitReceived, Heard
from ringcast.services.conference_news import ConferenceBegun, ConferenceOver
from ringcast.services.conference_terms import Joining, Opening
from ringcast.services.conferences import Conferences
from ringcast.services.leg_actions import LegActions, News

__all__ = ["confer"]


async def confer(
    actions: LegActions,
    conferences: Conferences,
    facts: CallFacts,
    step: JoinConference,
    waiting: Sequence[Heard],
) -> Conferred | NotDone:
    """Join, and return when the call has left; whatever interrupts it makes it leave, too.

    `waiting` is heard over and over until the conference starts.
    """
    music = await actions.play(waiting, None) if waiting else None
    since, until = actions.seconds(), actions.after(step.time_limit)
    joining = Joining(
        call_id=facts.call_id,
        leg=actions.leg,
        is_muted=step.is_muted,
        coaches=step.coaches,
        starts=step.starts,
        ends=step.ends,
        tone_on_join=step.tone_on_join,
        tone_on_leave=step.tone_on_leave,
        options=step.member_options,
        tell=actions.tell,
    )
    opening = Opening(rules=step.rules, options=step.options, followers=step.followers)
    early: list[News] = []
    try:
        with actions.listener(early.append):
            member = await actions.during(
                conferences.join(facts.account_id, step.name, joining, opening)
            )
    except RingcastError as error:
        await actions.stop(music)
        return NotDone(reason=str(error))
    except BaseException:  # the call is over, or has another script, while it joins
        conferences.leave_soon(actions.leg)
        raise
    try:
        async with actions.hearing_keys():
            why, key = await _stay(actions, step, music, until, early)
    finally:
        conferences.leave_soon(actions.leg)
    if why in (WhyParted.KEY, WhyParted.TIME_LIMIT):
        await actions.during(conferences.leave(actions.leg))
    await actions.stop(music)
    return Conferred(
        conference_id=member.conference_id,
        why=why,
        length=timedelta(seconds=actions.seconds() - since),
        key=key,
    )


async def _stay(
    actions: LegActions,
    step: JoinConference,
    music: int | None,
    until: float,
    early: list[News],
) -> tuple[WhyParted, str | None]:
    """Wait until something parts the call from the conference; return what, and the key.

    `early` is what came while it joined.
    """
    while True:
        match early.pop(0) if early else await actions.next_news(until):
            case None:
                return WhyParted.TIME_LIMIT, None
            case ConferenceBegun():
                await actions.stop(music)
            case ConferenceOver(has_ended=has_ended):
                return WhyParted.ENDED if has_ended else WhyParted.REMOVED, None
            case DigitReceived(digit=digit) if digit in step.end_on:
                return WhyParted.KEY, digit

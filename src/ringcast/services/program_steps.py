"""The steps of programs, carried out on one leg."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, TypeAlias, assert_never

from ringcast.domain.errors import RingcastError
from ringcast.domain.ids import AttemptId
from ringcast.domain.programs import (
    Ban,
    Detect,
    Dial,
    Dialed,
    DialMode,
    DialTarget,
    Done,
    End,
    Fetch,
    Fetched,
    Gather,
    JoinConference,
    Listen,
    NotDone,
    NoteAnswer,
    NoteIncident,
    Park,
    Prompt,
    RecordMessage,
    RecordStep,
    Reject,
    RejectReason,
    Say,
    SendTones,
    Step,
    StepResult,
    StopRecord,
)
from ringcast.domain.recordings import RecordingSource
from ringcast.ports.engine import Heard, Refusal
from ringcast.ports.recording_files import RecordingFiles
from ringcast.ports.web import WebClient, WebRequest
from ringcast.services.conferences import Conferences
from ringcast.services.conferring import confer
from ringcast.services.connecting import CallerLeft, Connecting, connect
from ringcast.services.detecting import detect, settings_for
from ringcast.services.gathering import gather
from ringcast.services.incidents import KeepIncident
from ringcast.services.leg_actions import LegActions, LegOver
from ringcast.services.prompts import PromptMissing, Prompts, say
from ringcast.services.recording import (
    begin_background,
    begin_recording,
    end_background,
    record_message,
)
from ringcast.services.scripted_call import ScriptedCall
from ringcast.services.second_legs import SecondCall

__all__ = ["CALL_NOT_NEEDED", "StepRun", "StepTools"]

log = logging.getLogger(__name__)

AfterCall: TypeAlias = Fetch | Ban | NoteAnswer | NoteIncident
CALL_NOT_NEEDED: Final = (Fetch, Ban, NoteAnswer, NoteIncident)
"""Steps that can be carried out when the call is over."""

_REFUSALS: Final[Mapping[RejectReason, Refusal]] = {
    RejectReason.REJECTED: Refusal.REJECTED,
    RejectReason.BUSY: Refusal.BUSY,
}
_KEYS: Final = frozenset("0123456789*#ABCDabcdwW")
_HOLD_MUSIC_WAIT: Final = 3.0
"""Seconds for which dialling waits for what is to be heard meanwhile."""


@dataclass(frozen=True, kw_only=True, slots=True)
class StepTools:
    """What steps are carried out with, besides the leg."""

    prompts: Prompts
    web: WebClient
    recordings: RecordingFiles | None = None
    """None keeps no recordings."""
    incidents: KeepIncident | None = None
    """None keeps nothing of what goes wrong."""
    conferences: Conferences | None = None
    """None has none."""


class StepRun:
    """Carries out the steps of one program."""

    def __init__(self, actions: LegActions, call: ScriptedCall, tools: StepTools) -> None:
        self._actions = actions
        self._call = call
        self._tools = tools
        self._account_id = call.facts().account_id
        self._typed = ""
        """Keys that were pressed while listening, for a Gather that comes next."""
        self.over: LegOver | None = None
        """Set if the leg ended in a step that has a result all the same."""

    @property
    def leg(self) -> AttemptId:
        """The leg."""
        return self._actions.leg

    async def carry_out(self, step: Step) -> StepResult:
        """Return what came of a step; raise what the actions raise when they are interrupted."""
        try:
            return await self._carry_out(step)
        except RingcastError as error:
            return NotDone(reason=str(error))

    async def without_call(self, step: AfterCall) -> StepResult:
        """Carry out a step that needs no call."""
        match step:
            case Fetch():
                try:
                    return await self._fetch(step)
                except RingcastError as error:
                    return NotDone(reason=str(error))
            case Ban():
                self._call.ban(step.source, step.number)
            case NoteAnswer():
                self._call.note_answer(step.question, step.response)
            case NoteIncident():
                return await self._note(step)
            case _:
                assert_never(step)
        return Done()

    async def _carry_out(self, step: Step) -> StepResult:
        match step:
            case Fetch():
                return await self._actions.during(self._fetch(step))
            case NoteIncident():
                return await self._actions.during(self._note(step))
            case Ban() | NoteAnswer():
                return await self.without_call(step)
            case Listen():
                async with self._actions.hearing_keys():
                    self._typed += await self._actions.pause(step.length)
                return Done()
            case Park(picks_up=picks_up):
                if picks_up:
                    await self._call.pick_up()
                return await self._actions.park()
        typed, self._typed = self._typed, ""
        if not isinstance(step, Reject | End):
            await self._call.pick_up()
        match step:
            case Say():
                return await self._say(step)
            case Gather():
                return await gather(
                    self._actions, self._tools.prompts, self._account_id, step, typed=typed
                )
            case SendTones():
                return await self._send_tones(step)
            case Dial():
                return await self._dial(step)
            case JoinConference():
                return await self._join(step)
            case Detect():
                return await self._detect(step)
            case RecordMessage() | RecordStep() | StopRecord():
                return await self._record(step)
            case Reject():
                await self._call.turn_away(_REFUSALS[step.reason])
                return NotDone(reason="only an inbound call that was not answered is turned away")
            case End():
                return await self._actions.hang_up(step.reason)
            case _:
                assert_never(step)

    async def _say(self, step: Say) -> StepResult:
        try:
            await say(
                self._actions,
                self._tools.prompts,
                self._account_id,
                step.prompts,
                step.loop or None,
            )
        except PromptMissing as missing:
            return NotDone(reason=missing.reason)
        return Done()

    async def _send_tones(self, step: SendTones) -> StepResult:
        unknown = sorted(set(step.digits) - _KEYS)
        if unknown:
            return NotDone(reason=f"{''.join(unknown)!r} cannot be sent as DTMF")
        if step.digits:
            await self._actions.send_digits(step.digits)
        return Done()

    async def _record(self, step: RecordMessage | RecordStep | StopRecord) -> StepResult:
        recordings = self._call.recordings
        if recordings is None:
            return NotDone(reason="no recordings are kept here")
        match step:
            case RecordMessage():
                beep = await self._tools.prompts.beep()
                recorded, self.over = await record_message(self._actions, recordings, step, beep)
                return recorded
            case RecordStep():
                return await begin_background(recordings, step)
            case StopRecord():
                return await end_background(recordings, step)
            case _:
                assert_never(step)

    async def _detect(self, step: Detect) -> StepResult:
        try:
            if step.beside:
                settings_for(step)
                self._call.detect_beside(step)
                return Done()
            return await detect(self._actions, self._call, step)
        except ValueError as error:  # limits that make no sense
            return NotDone(reason=str(error))

    async def _fetch(self, step: Fetch) -> Fetched:
        answer = await self._tools.web.request(
            WebRequest(
                url=step.url,
                method=step.method,
                parameters=step.parameters,
                headers=step.headers,
                connect_timeout=step.connect_timeout,
                timeout=step.timeout,
                max_bytes=step.max_bytes,
            )
        )
        return Fetched(
            status=answer.status,
            content_type=answer.header("Content-Type"),
            body=answer.body,
            url=answer.url,
        )

    async def _note(self, step: NoteIncident) -> StepResult:
        if self._tools.incidents is None:
            return Done()
        facts = self._call.facts()
        try:
            await self._tools.incidents(
                facts.account_id,
                facts.call_id,
                dialect=step.dialect,
                message=step.message,
                details=step.details,
            )
        except RingcastError as error:
            log.warning("incident not kept", extra={"leg": self.leg, "why": str(error)})
            return NotDone(reason=str(error))
        return Done()

    # Dialling

    async def _dial(self, step: Dial) -> StepResult:
        if not step.targets:
            return NotDone(reason="there is nobody to be called")
        first_heard = await self._heard(step.first_heard_whole)
        ringing = await self._heard(step.while_ringing) or (await self._tools.prompts.ringing(),)
        number: int | None = None

        async def record() -> None:
            nonlocal number
            if self._call.recordings is not None and step.record is not None:
                number = await begin_recording(
                    self._call.recordings,
                    step.record,
                    source=RecordingSource.CONNECTION,
                    max_length=step.time_limit,
                )

        if step.records_ringing:
            await record()
        left: CallerLeft | None = None
        try:
            came = await connect(
                self._actions,
                self._call,
                Connecting(
                    calls=[_second_call(step, target) for target in step.targets],
                    in_turn=step.mode is DialMode.IN_TURN,
                    first_heard=first_heard,
                    ringing=ringing,
                    time_limit=step.time_limit,
                    end_on=step.end_on,
                    on_connected=record if step.record and not step.records_ringing else None,
                ),
            )
        except CallerLeft as gone:
            if not step.tells_hang_up:
                raise
            left, came = gone, gone.came
            self.over = left
        kept = None
        if number is not None and self._call.recordings is not None:
            if left is None:
                await self._call.recordings.stop(number)
            kept = await self._call.recordings.kept(number, is_over=left is not None)
        return Dialed(
            outcome=came.outcome,
            call_id=came.call_id,
            connected=came.length,
            reference=step.targets[came.place].reference,
            sip_status=came.sip_status,
            recording_id=None if kept is None else kept.id,
            ended_by_key=came.ended_by_key,
            caller_gone=left is not None,
        )

    async def _join(self, step: JoinConference) -> StepResult:
        if self._tools.conferences is None:
            return NotDone(reason="there are no conferences here")
        waiting = await self._heard(step.waiting)
        facts = self._call.facts()
        return await confer(self._actions, self._tools.conferences, facts, step, waiting)

    async def _heard(self, prompts: Sequence[Prompt]) -> tuple[Heard, ...]:
        """Return what is played for prompts; nothing if they cannot be had in good time."""
        if not prompts:
            return ()
        try:
            return await self._actions.during(
                asyncio.wait_for(
                    self._tools.prompts.all_ready(self._account_id, prompts), _HOLD_MUSIC_WAIT
                )
            )
        except PromptMissing as missing:
            why = missing.reason
        except TimeoutError:
            why = "it took too long to be made ready"
        log.warning("prompt missing", extra={"leg": self.leg, "why": why})
        return ()


def _second_call(step: Dial, target: DialTarget) -> SecondCall:
    credentials = None
    if target.sip_user is not None and target.sip_password is not None:
        credentials = (target.sip_user, target.sip_password)
    return SecondCall(
        to=target.to,
        from_number=step.from_number,
        ring_timeout=max(step.timeout, timedelta(seconds=1)),
        headers=target.headers,
        credentials=credentials,
        send_digits=target.send_digits,
        before=target.before,
        follower=target.follower,
        counts=step.counts_as_transfer,
        call_id=target.call_id,
    )

"""Our resources as CallFire's, members in any order: documents put them in theirs."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import timedelta
from urllib.parse import quote

from ringcast.apis.callfire_1_1.dialplans import dialplan_of
from ringcast.apis.callfire_1_1.given import TEXT, Tree, TreeValue
from ringcast.apis.callfire_1_1.statuses import (
    ANSWERING,
    BATCH_STATUS,
    CALL_STATE,
    CAMPAIGN_STATUS,
    PHONE_TYPES,
    RESULT,
    SOUND_STATUS,
    result_of,
    results_for,
    results_of,
)
from ringcast.domain.calls import Attempt, AttemptState, CallState
from ringcast.domain.campaigns import Campaign, Messages
from ringcast.domain.numbers import Destination, PhoneNumber
from ringcast.domain.outcomes import Outcome
from ringcast.domain.recordings import Recording, RecordingState
from ringcast.domain.retries import NO_RETRY, RetryRule
from ringcast.domain.schedules import Schedule, Weekday
from ringcast.domain.sound_recording import ACCEPTED
from ringcast.domain.sounds import Sound
from ringcast.ports.campaigns import CallCounts
from ringcast.services.calls import CallDetails
from ringcast.services.campaign_recipients import BatchDetails

__all__ = ["CLIENT_DATA", "batch", "broadcast", "call", "schedule", "sound_meta", "stats"]

CLIENT_DATA = "ClientData"
"""The attribute of a recipient that is CallFire's own."""

_NO_COST = 0.0  # this system has no credits
_FROM_SUNDAY = (Weekday.SUNDAY, *(day for day in Weekday if day is not Weekday.SUNDAY))


def call(found: CallDetails, *, root: str | None = None) -> Tree:
    """Return a call, with a record of each attempt that has ended, the newest first.

    `root` is the address of REST, for links to recordings; None if it is not known.
    """
    of, attempts = found.call, found.attempts
    ended = [one for one in attempts if one.state is AttemptState.ENDED]
    to: dict[str, TreeValue] = {TEXT: of.to_text if of.to is None else _shown(of.to)}
    to |= {f"@{name}": value for name, value in of.attributes.items()}
    tree: dict[str, TreeValue] = {
        "@id": of.id,
        "FromNumber": "" if of.from_number is None else of.from_number.digits,
        "ToNumber": to,
        "State": CALL_STATE[of.state],
        "ContactId": of.contact_id or 0,
        "Inbound": of.is_inbound,
        "Created": of.created_at,
        "Modified": of.updated_at,
    }
    _give(tree, "BatchId", of.batch_id)
    _give(tree, "BroadcastId", of.campaign_id)
    _give(tree, "FinalResult", result_of(of))
    if of.label is not None:
        tree["Label"] = [{"Name": of.label}]
    if ended:
        results = results_for(of)
        tree["CallRecord"] = [
            _record(one, results, found.recordings, root) for one in reversed(ended)
        ]
    return tree


def broadcast(of: Campaign) -> Tree:
    """Return a campaign."""
    tree: dict[str, TreeValue] = {
        "@id": of.id,
        "Name": of.name,
        "Status": CAMPAIGN_STATUS[of.status],
        "LastModified": of.updated_at,
    }
    dialplan = dialplan_of(of.script)
    if dialplan is None:
        tree["Type"] = "VOICE"
        tree["VoiceBroadcastConfig"] = _voice_config(of)
    else:
        tree["Type"] = "IVR"
        tree["IvrBroadcastConfig"] = {**_config(of), "DialplanXml": dialplan}
    if of.labels:
        tree["Label"] = list(of.labels)
    if of.resume_next_day:
        tree["ResumeNextDay"] = True
    return tree


def batch(of: BatchDetails) -> Tree:
    """Return a batch."""
    return {
        "@id": of.batch.id,
        "Name": of.batch.name,
        "Status": BATCH_STATUS[of.batch.status],
        "BroadcastId": of.batch.campaign_id,
        "Created": of.batch.created_at,
        "Size": of.counts.total,
        "Remaining": of.counts.remaining,
    }


def schedule(of: Schedule) -> Tree:
    """Return a schedule."""
    tree: dict[str, TreeValue] = {
        "@id": of.id,
        "StartTimeOfDay": of.begin,
        "StopTimeOfDay": of.end,
        "TimeZone": of.zone,
        "DaysOfWeek": [day.name for day in _FROM_SUNDAY if day in of.weekdays],
    }
    _give(tree, "BeginDate", of.first_day)
    _give(tree, "EndDate", of.last_day)
    return tree


def stats(of: CallCounts) -> Tree:
    """Return the numbers of a campaign: attempts are dials, actions are those who are called."""
    attempts: dict[str, int] = {}
    actions: dict[str, int] = {}
    for outcome in Outcome:
        result = RESULT[outcome]
        attempts[result] = attempts.get(result, 0) + of.attempt_outcomes.get(outcome, 0)
        actions[result] = actions.get(result, 0) + of.outcomes.get(outcome, 0)
    banned = of.states.get(CallState.DO_NOT_CALL, 0)
    if banned:
        attempts["DNC"], actions["DNC"] = 0, banned
    waiting = of.states.get(CallState.READY, 0)
    tree: dict[str, TreeValue] = {
        "UsageStats": {
            "Duration": round(of.talk_time / timedelta(seconds=1)),
            "BilledDuration": of.billed_minutes * 60,
            "BilledAmount": _NO_COST,
            "Attempts": of.attempts,
            "Actions": of.dialed,
        },
        "ActionStatistics": {
            "Unattempted": waiting - of.waiting_again,
            "RetryWait": of.waiting_again,
            "Finished": of.states.get(CallState.FINISHED, 0),
        },
    }
    results: list[Tree] = [
        {"Result": result, "Attempts": attempts[result], "Actions": actions[result]}
        for result in attempts
        if attempts[result] or actions[result]
    ]
    if results:
        tree["ResultStat"] = results
    return tree


def sound_meta(of: Sound) -> Tree:
    """Return what is known of a sound; one that has no audio has no length."""
    tree: dict[str, TreeValue] = {
        "@id": of.id,
        "Status": SOUND_STATUS[of.status],
        "Name": of.name,
        "Created": of.created_at,
    }
    if of.audio:
        tree["LengthInSeconds"] = math.ceil(of.length.total_seconds())
    return tree


def _record(
    of: Attempt,
    results: Mapping[Outcome, str],
    recordings: Sequence[Recording],
    root: str | None,
) -> Tree:
    tree: dict[str, TreeValue] = {
        "@id": of.id,
        "Result": results[of.outcome or Outcome.INTERNAL_ERROR],
        "FinishTime": of.ended_at or of.created_at,
        "BilledAmount": _NO_COST,
        "OriginateTime": of.created_at,
        "Duration": round(of.talk_time.total_seconds()),
    }
    _give(tree, "AnswerTime", of.answered_at)
    answers = [one for one in of.answers if one.question != ACCEPTED]  # which is our own
    if answers:
        tree["QuestionResponse"] = [
            {"Question": one.question, "Response": one.response} for one in answers
        ]
    made = [one for one in recordings if one.attempt_id == of.id]
    if made:
        tree["RecordingMeta"] = [_recording(one, root) for one in made]
    return tree


def _recording(of: Recording, root: str | None) -> Tree:
    """Return what is known of a recording; one without a name is called by its number."""
    name = of.name or str(of.id)
    tree: dict[str, TreeValue] = {"@id": of.id, "Name": name, "Created": of.created_at}
    if of.state is RecordingState.READY:
        tree["LengthInSeconds"] = math.ceil(of.length.total_seconds())
        if root is not None:
            tree["Link"] = f"{root}/call/{of.call_id}/{quote(name, safe='')}.mp3"
    return tree


def _voice_config(of: Campaign) -> Tree:
    tree: dict[str, TreeValue] = {
        **_config(of),
        "AnsweringMachineConfig": ANSWERING[of.answering],
        **_sounds(of.messages),
    }
    _give(tree, "MaxActiveTransfers", of.max_active_transfers)
    return tree


def _config(of: Campaign) -> dict[str, TreeValue]:
    """Return what all kinds of broadcasts have."""
    tree: dict[str, TreeValue] = {
        "@id": of.id,
        "Created": of.created_at,
        "FromNumber": of.from_number.digits,
    }
    if of.window is not None:
        tree["LocalTimeZoneRestriction"] = {
            "BeginTime": of.window.begin,
            "EndTime": of.window.end,
        }
    if of.retry != NO_RETRY:
        tree["RetryConfig"] = _retry(of.retry)
    return tree


def _retry(of: RetryRule) -> Tree:
    tree: dict[str, TreeValue] = {
        "MaxAttempts": of.max_attempts,
        "MinutesBetweenAttempts": of.wait // timedelta(minutes=1),
        "RetryResults": list(results_of(of.outcomes)),
    }
    if of.phones:
        names = {kind: name for name, kind in PHONE_TYPES.items()}
        tree["RetryPhoneTypes"] = [names[kind] for kind in of.phones]
    return tree


def _sounds(of: Messages) -> dict[str, TreeValue]:
    """Return what is said: texts have become sounds, and are told by their identifiers."""
    tree: dict[str, TreeValue] = {}
    said = {
        "LiveSoundId": of.live,
        "MachineSoundId": of.machine,
        "TransferSoundId": of.transfer,
        "DncSoundId": of.do_not_call,
    }
    for name, message in said.items():
        if message is not None:
            tree[name] = message.sound_id
    _give(tree, "TransferDigit", of.transfer_digit)
    if of.transfer_number is not None:
        tree["TransferNumber"] = of.transfer_number.digits
    _give(tree, "DncDigit", of.do_not_call_digit)
    return tree


def _give(tree: dict[str, TreeValue], name: str, value: TreeValue | None) -> None:
    if value is not None:
        tree[name] = value


def _shown(to: Destination) -> str:
    return to.digits if isinstance(to, PhoneNumber) else str(to)

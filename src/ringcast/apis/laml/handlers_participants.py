"""Somebody called into a conference: a call like any other, whose document joins it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from lxml import etree
from starlette.responses import Response

from ringcast.apis.laml.call_requests import DETECTION, wish_of
from ringcast.apis.laml.conference_words import EVENTS, conference_follower
from ringcast.apis.laml.errors import Refused
from ringcast.apis.laml.exchange import Exchange
from ringcast.apis.laml.identities import Kind
from ringcast.apis.laml.parameters import Parameters
from ringcast.apis.laml.responses import rfc2822
from ringcast.domain.conferences import Conference, ConferenceRules, ConferenceState
from ringcast.domain.errors import Conflict, NotFound
from ringcast.domain.ids import ConferenceId
from ringcast.ports.store import Page
from ringcast.services.conference_terms import Opening
from ringcast.web.json import json_response

__all__ = ["CREATE_REFUSES", "CREATE_TAKES", "create_participant"]

_OF_CALL: Final = (
    "To", "From", "CallerId", "Timeout", "TimeLimit", "StatusCallback", "StatusCallbackMethod",
    "StatusCallbackEvent", *DETECTION,
)  # fmt: skip
_OF_NOUN: Final[Mapping[str, str]] = {
    "Label": "participantLabel",
    "Muted": "muted",
    "Beep": "beep",
    "StartConferenceOnEnter": "startConferenceOnEnter",
    "EndConferenceOnExit": "endConferenceOnExit",
    "WaitUrl": "waitUrl",
    "WaitMethod": "waitMethod",
    "MaxParticipants": "maxParticipants",
    "CallSidToCoach": "coach",
}
_TOLD: Final = (
    "ConferenceStatusCallback", "ConferenceStatusCallbackMethod", "ConferenceStatusCallbackEvent",
)  # fmt: skip
CREATE_TAKES: Final = (*_OF_CALL, *_OF_NOUN, *_TOLD, "Coaching")
CREATE_REFUSES: Final = (
    "Record", "Trim", "EarlyMedia", "ConferenceRecord", "ConferenceTrim", "RecordingTrack",
    "RecordingChannels", "RecordingStatusCallback", "RecordingStatusCallbackMethod",
    "RecordingStatusCallbackEvent", "ConferenceRecordingStatusCallback",
    "ConferenceRecordingStatusCallbackMethod", "ConferenceRecordingStatusCallbackEvent",
    "SipAuthUsername", "SipAuthPassword", "AmdStatusCallback", "AmdStatusCallbackMethod",
    "Region", "JitterBufferSize", "Byoc", "CallReason",
)  # fmt: skip
_MAX_NAME: Final = 128


async def create_participant(exchange: Exchange) -> Response:
    """Have somebody called who joins when they answer; a conference of a new name is made."""
    parameters = exchange.parameters
    if parameters.flag("Coaching") and parameters.text("CallSidToCoach") is None:
        raise Refused(16002, "Coaching needs CallSidToCoach")
    most = parameters.whole("MaxParticipants", 250, least=2, most=250)
    asked = exchange.request.path_params["conference"]
    given = [(name, word) for name in _OF_CALL for word in parameters.words(name)]
    wish = wish_of(
        Parameters([*given, ("Twiml", _document(parameters, asked))]),  # refused before it is made
        family=exchange.sids.family,
        signing_key=exchange.account.signing_key,
        base=exchange.absolute_base,
    )
    conference = await _conference(exchange, asked, most)
    if conference.name != asked:
        wish = wish_of(
            Parameters([*given, ("Twiml", _document(parameters, conference.name))]),
            family=exchange.sids.family,
            signing_key=exchange.account.signing_key,
            base=exchange.absolute_base,
        )
    call = await exchange.services.create_call(exchange.account, wish)
    call_sid = exchange.sids.of(Kind.CALL, call.id)
    conference_sid = exchange.sids.of(Kind.CONFERENCE, conference.id)
    shown = {
        "account_sid": exchange.account_sid,
        "call_sid": call_sid,
        "conference_sid": conference_sid,
        "call_sid_to_coach": parameters.text("CallSidToCoach"),
        "coaching": parameters.text("CallSidToCoach") is not None,
        "muted": parameters.flag("Muted"),
        "hold": False,
        "start_conference_on_enter": parameters.flag("StartConferenceOnEnter", default=True),
        "end_conference_on_exit": parameters.flag("EndConferenceOnExit"),
        "status": "queued",
        "date_created": rfc2822(call.created_at),
        "date_updated": rfc2822(call.created_at),
        "uri": exchange.uri(f"Conferences/{conference_sid}/Participants", call_sid),
        "label": parameters.text("Label"),
        "queue_time": None,
    }
    return json_response(shown, status=201)


def _document(parameters: Parameters, name: str) -> str:
    """Return the document with which the call joins; its parser checks the values."""
    response = etree.Element("Response")
    noun = etree.SubElement(etree.SubElement(response, "Dial"), "Conference")
    noun.text = name[:_MAX_NAME]
    for parameter, attribute in _OF_NOUN.items():
        value = parameters.text(parameter)
        if value is not None:
            noun.set(attribute, value)
    return etree.tostring(response, encoding="unicode")


async def _conference(exchange: Exchange, asked: str, most: int) -> Conference:
    """Return the conference of an identifier, or the open one of a name, made if it is new."""
    parameters, account_id = exchange.parameters, exchange.account.id
    services = exchange.services.conferences
    number = exchange.sids.number(Kind.CONFERENCE, asked)
    if number is not None:
        try:
            found = (await services.read.details(account_id, ConferenceId(number))).conference
        except NotFound:
            pass  # it is a name that looks like an identifier
        else:
            if found.state.is_final:
                raise Refused(10000, "Conference is completed. Cannot add to it.")
            return found
    url = parameters.url("ConferenceStatusCallback")
    method = parameters.method("ConferenceStatusCallbackMethod")
    events = parameters.words("ConferenceStatusCallbackEvent") or EVENTS[:4]
    for one in events:
        if one not in EVENTS:
            raise Refused(21626, f"ConferenceStatusCallbackEvent takes {', '.join(EVENTS)}")
    opening = Opening(
        rules=ConferenceRules(starts_with=2, max_members=most),
        followers=[]
        if url is None
        else [conference_follower(url, family=exchange.sids.family, method=method, events=events)],
    )
    open_states = [state for state in ConferenceState if not state.is_final]
    while True:
        some, _ = await services.read.find(account_id, Page(1), name=asked, states=open_states)
        if some:
            return some[0]
        try:
            return await services.act.create(account_id, asked, opening)
        except Conflict:
            continue  # another request was first

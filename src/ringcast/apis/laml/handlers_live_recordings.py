"""Recordings of calls that are up: begun and ended by requests."""

from __future__ import annotations

from starlette.responses import Response

from ringcast.apis.laml import responses
from ringcast.apis.laml.call_requests import RECORDING, recording_of
from ringcast.apis.laml.errors import Refused, not_available, not_found
from ringcast.apis.laml.exchange import Exchange
from ringcast.apis.laml.identities import Kind
from ringcast.apis.laml.settings import Settings
from ringcast.domain.errors import NotFound
from ringcast.domain.ids import RecordingId
from ringcast.domain.recordings import Recording, RecordingSource, RecordingState
from ringcast.services.call_commands import (
    BeginRecording,
    CommandRefused,
    EndRecording,
    NotAnswered,
)
from ringcast.services.live_calls import CallNotLive
from ringcast.web.json import json_response

__all__ = ["START_TAKES", "UPDATE_TAKES", "start", "update"]

START_TAKES = RECORDING[1:]
UPDATE_TAKES = ("Status", "PauseBehavior")
_CURRENT = "Twilio.CURRENT"


async def start(exchange: Exchange) -> Response:
    """Begin to record a call that is up."""
    settings = Settings(
        family=exchange.sids.family,
        signing_key=exchange.account.signing_key,
        base=exchange.absolute_base,
        **recording_of(exchange.parameters, trim=False),
    )
    await _control(exchange, BeginRecording(step=settings.recording()))
    (begun, *_) = await _running(exchange)
    status = 201 if exchange.is_twilio else 200
    return json_response(responses.recording(exchange, begun), status=status)


async def update(exchange: Exchange) -> Response:
    """End a recording of a call that is up."""
    parameters = exchange.parameters
    status = parameters.choice("Status", ("stopped", "paused", "in-progress"))
    parameters.choice("PauseBehavior", ("silence", "skip"))
    if not status:
        raise Refused(20422, "Status is required")
    running = await _running(exchange)
    sid = exchange.request.path_params["recording"]
    wanted = RecordingId(exchange.sids.number(Kind.RECORDING, sid) or 0)
    found = [one for one in running if sid == _CURRENT or one.id == wanted]
    if not found:
        if not any(one.id == wanted for one in await _recordings(exchange)):
            raise not_found(f"/Recordings/{sid[:64]}")
        raise Refused(21220, "The recording is not in-progress. Cannot change it.")
    if status != "stopped":
        raise not_available("Pausing a recording")
    await _control(exchange, EndRecording())
    body = responses.recording(exchange, found[0])
    return json_response(body | {"status": "stopped"})


async def _control(exchange: Exchange, command: BeginRecording | EndRecording) -> None:
    try:
        await exchange.services.control_call(exchange.account.id, exchange.call_id(), command)
    except NotFound as error:
        raise not_found(f"/Calls/{exchange.request.path_params['sid'][:64]}") from error
    except (CallNotLive, NotAnswered) as error:
        raise Refused(21220, "Call is not in-progress. Cannot record it.") from error
    except CommandRefused as error:
        raise Refused(10000, str(error)) from error


async def _running(exchange: Exchange) -> list[Recording]:
    """Return the recordings of the whole call that are being made, newest first."""
    return [
        one
        for one in reversed(await _recordings(exchange))
        if one.state is RecordingState.RECORDING and one.source is RecordingSource.CALL
    ]


async def _recordings(exchange: Exchange) -> list[Recording]:
    call = await exchange.services.get_call(exchange.account.id, exchange.call_id())
    return list(call.recordings)

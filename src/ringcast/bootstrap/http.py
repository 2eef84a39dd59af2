"""Everything that HTTP answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.types import ASGIApp

from ringcast.apis import bandwidth_v1, callfire_1_1, callfire_v2
from ringcast.apis import laml as laml_api
from ringcast.apis.callfire_v2.broadcasts.services import CampaignServices
from ringcast.apis.callfire_v2.contacts.services import ContactServices
from ringcast.apis.callfire_v2.recordings.services import RecordingServices
from ringcast.bootstrap.core import Core
from ringcast.bootstrap.mail import mail_server
from ringcast.config import Settings
from ringcast.domain.errors import Unavailable
from ringcast.integrations.callback_sender import HttpCallbackSender
from ringcast.integrations.http_fetch import HttpFetcher
from ringcast.integrations.mail_sender import MailCallbackSender, WebOrMail
from ringcast.services.accounts import Authenticate, OwnsIdentifier
from ringcast.services.call_creation import CreateCall
from ringcast.services.call_events import EventsOfCall, NewId
from ringcast.services.caller_ids import SendVerificationCode, VerifyCallerId
from ringcast.services.calls import FindCalls, GetCall
from ringcast.services.conference_reading import AddCall, ReadConferences
from ringcast.services.credentials import CreateKey, DeleteKey, EnableKey, FindKeys, GetKey
from ringcast.services.idempotency import AnswerOnce
from ringcast.services.incidents import FindIncidents, GetIncident
from ringcast.services.live_calls import ControlCall, HangUpCall, RedirectCall
from ringcast.services.numbers import (
    AnswerNumber,
    ConfigureNumber,
    ForwardNumber,
    GetNumber,
    ListNumbers,
)
from ringcast.services.recordings import (
    DeleteRecording,
    FindRecordings,
    GetRecording,
    RecordingAudio,
    RecordingsOfCall,
)
from ringcast.services.sound_calls import RecordSoundByPhone
from ringcast.services.sounds import (
    ArchiveSound,
    FindSounds,
    GetSound,
    SoundAudio,
    SpeakSound,
    UploadSound,
)
from ringcast.services.subscriptions import (
    CreateSubscription,
    DeleteSubscription,
    FindSubscriptions,
    GetSubscription,
    UpdateSubscription,
)
from ringcast.services.transfers import LiveSecondLegs, TransferCall
from ringcast.web.access_log import AccessLog
from ringcast.web.early_answers import EarlyAnswers

__all__ = ["DIALECTS", "http_app"]


def http_app(core: Core, settings: Settings) -> ASGIApp:
    """Return everything that HTTP answers."""
    routes: list[BaseRoute] = [
        Route("/healthz", _healthz),
        Route("/readyz", partial(_readyz, core)),
    ]
    routes += [Mount(path, app=dialect(core, settings)) for path, dialect in DIALECTS.items()]
    return EarlyAnswers(AccessLog(Starlette(routes=routes)))


def _callfire_v2(core: Core, settings: Settings) -> ASGIApp:
    store, clock, audio = core.store, core.clock, core.audio
    callbacks = HttpCallbackSender(allow_private=settings.allow_private_urls)
    return callfire_v2.callfire_v2(
        callfire_v2.Services(
            authenticate=Authenticate(store=store),
            answer_once=AnswerOnce(store=store),
            contacts=ContactServices.over(store, clock, wake_importer=core.list_imports.wake),
            send_calls=core.send_calls,
            get_call=GetCall(store=store),
            find_calls=FindCalls(store=store),
            upload_sound=UploadSound(store=store, audio=audio, clock=clock),
            speak_sound=SpeakSound(store=store, speech=core.speech, clock=clock),
            record_sound=RecordSoundByPhone(
                store=store, clock=clock, wake=core.dialer.wake, ring_timeout=core.ring_timeout
            ),
            get_sound=GetSound(store=store),
            find_sounds=FindSounds(store=store),
            archive_sound=ArchiveSound(store=store),
            sound_audio=SoundAudio(store=store, audio=audio),
            list_numbers=ListNumbers(store=store),
            get_number=GetNumber(store=store),
            answer_number=AnswerNumber(store=store),
            forward_number=ForwardNumber(store=store),
            send_verification_code=SendVerificationCode(
                store=store, speech=core.speech, clock=clock, send_calls=core.send_calls
            ),
            verify_caller_id=VerifyCallerId(store=store, clock=clock),
            create_key=CreateKey(store=store, clock=clock),
            find_keys=FindKeys(store=store),
            get_key=GetKey(store=store),
            enable_key=EnableKey(store=store),
            delete_key=DeleteKey(store=store),
            create_subscription=CreateSubscription(store=store, clock=clock, sender=callbacks),
            get_subscription=GetSubscription(store=store),
            find_subscriptions=FindSubscriptions(store=store),
            update_subscription=UpdateSubscription(store=store, clock=clock, sender=callbacks),
            delete_subscription=DeleteSubscription(store=store),
            campaigns=CampaignServices.over(
                store,
                clock,
                speech=core.speech,
                wake=core.dialer.wake,
                ring_timeout=core.ring_timeout,
            ),
            recordings=RecordingServices.over(store, core.recordings),
        ),
        limits=callfire_v2.Limits(requests_per_second=settings.api_rate),
        public_url=settings.public_url,
    )


def _callfire_1_1(core: Core, settings: Settings) -> ASGIApp:
    return callfire_1_1.callfire_1_1(
        callfire_1_1.Services.over(
            core.store,
            core.clock,
            audio=core.audio,
            speech=core.speech,
            recordings=core.recordings,
            callbacks=WebOrMail(
                web=HttpCallbackSender(allow_private=settings.allow_private_urls),
                mail=MailCallbackSender(mail_server(settings)),
            ),
            wake=core.dialer.wake,
            wake_importer=core.list_imports.wake,
            ring_timeout=core.ring_timeout,
        ),
        limits=callfire_1_1.Limits(requests_per_second=settings.api_rate),
        public_url=settings.public_url,
    )


def _laml(core: Core, settings: Settings) -> ASGIApp:
    store, clock = core.store, core.clock
    sender = HttpCallbackSender(allow_private=settings.allow_private_urls)
    return laml_api.laml(
        laml_api.Services(
            authenticate=Authenticate(store=store),
            public_ids=core.public_ids,
            create_call=CreateCall(
                store=store,
                clock=clock,
                sender=sender,
                wake=core.dialer.wake,
            ),
            get_call=GetCall(store=store),
            find_calls=FindCalls(store=store),
            redirect_call=RedirectCall(store=store, calls=core.dialer),
            hang_up_call=HangUpCall(
                store=store, calls=core.dialer, clock=clock, wake=core.dialer.wake
            ),
            get_incident=GetIncident(store=store),
            find_incidents=FindIncidents(store=store),
            control_call=ControlCall(store=store, calls=core.dialer),
            list_numbers=ListNumbers(store=store),
            configure_number=ConfigureNumber(store=store, sender=sender),
            applications=laml_api.ApplicationServices.over(store, clock, sender),
            conferences=laml_api.ConferenceServices(
                act=core.conferences,
                read=ReadConferences(store=store),
                web=HttpFetcher(allow_private=settings.allow_private_urls),
            ),
            get_recording=GetRecording(store=store),
            find_recordings=FindRecordings(store=store),
            recording_audio=RecordingAudio(archive=core.recordings),
            delete_recording=DeleteRecording(store=store, archive=core.recordings),
            public_url=settings.public_url,
        ),
        requests_per_second=settings.api_rate,
    )


def _bandwidth_v1(core: Core, settings: Settings) -> ASGIApp:
    store, clock = core.store, core.clock
    sender = HttpCallbackSender(allow_private=settings.allow_private_urls)
    return bandwidth_v1.bandwidth_v1(
        bandwidth_v1.Services(
            clock=clock,
            public_ids=core.public_ids,
            authenticate=Authenticate(store=store),
            owns_identifier=OwnsIdentifier(store=store),
            new_id=NewId(store=store, clock=clock),
            create_call=CreateCall(store=store, clock=clock, sender=sender, wake=core.dialer.wake),
            get_call=GetCall(store=store),
            find_calls=FindCalls(store=store),
            control_call=ControlCall(store=store, calls=core.dialer),
            hang_up_call=HangUpCall(
                store=store, calls=core.dialer, clock=clock, wake=core.dialer.wake
            ),
            transfer_call=TransferCall(store=store, calls=core.dialer, clock=clock),
            second_legs=LiveSecondLegs(store=store),
            events_of_call=EventsOfCall(store=store),
            get_recording=GetRecording(store=store),
            find_recordings=FindRecordings(store=store),
            recordings_of_call=RecordingsOfCall(store=store),
            recording_audio=RecordingAudio(archive=core.recordings),
            list_numbers=ListNumbers(store=store),
            configure_number=ConfigureNumber(store=store, sender=sender),
            applications=bandwidth_v1.ApplicationServices.over(store, clock, sender),
            conferences=bandwidth_v1.ConferenceServices(
                live=core.conferences,
                read=ReadConferences(store=store),
                add=AddCall(store=store, conferences=core.conferences, leg_of=core.dialer.leg_of),
                sender=sender,
            ),
            get_incident=GetIncident(store=store),
            find_incidents=FindIncidents(store=store),
            public_url=settings.public_url,
        ),
        requests_per_second=settings.api_rate,
    )


DIALECTS: Mapping[str, Callable[[Core, Settings], ASGIApp]] = {
    "/api/1.1": _callfire_1_1,
    "/v2": _callfire_v2,
    bandwidth_v1.PREFIX: _bandwidth_v1,
    **dict.fromkeys(laml_api.PREFIXES, _laml),
}
"""Where each vendor's API is answered, and what answers it."""


async def _healthz(_: Request) -> Response:
    return PlainTextResponse("ok\n")


async def _readyz(core: Core, _: Request) -> Response:
    """Say whether new calls would be dialled: 503 while draining or without the database."""
    try:
        async with core.store.begin(read_only=True) as tx:
            await tx.next_due_at()
    except Unavailable as error:
        return PlainTextResponse(f"database: {error}\n", status_code=503)
    if core.dialer.is_draining:
        return PlainTextResponse("draining\n", status_code=503)
    return PlainTextResponse("ok\n")

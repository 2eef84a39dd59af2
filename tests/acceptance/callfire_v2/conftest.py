"""A server with the CallFire v2 dialect on a loopback port, and a client of it.

There is no dialer: calls wait until a test ends them. Sounds lie in memory, unless a module of
tests has a `library` of its own.
"""

from __future__ import annotations

import asyncio
import io
import json
import re
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.routing import Mount

from ringcast.apis.callfire_v2 import Limits, Services, callfire_v2
from ringcast.apis.callfire_v2.broadcasts.services import CampaignServices
from ringcast.apis.callfire_v2.contacts.services import ContactServices
from ringcast.apis.callfire_v2.recordings.services import RecordingServices
from ringcast.domain.accounts import Account
from ringcast.domain.calls import Attempt, AttemptState, CallState
from ringcast.domain.ids import AttemptId, CallId, RecordingId
from ringcast.domain.outcomes import Outcome
from ringcast.domain.recordings import Recording, RecordingSource, RecordingState
from ringcast.integrations.callback_sender import HttpCallbackSender
from ringcast.integrations.recording_archive import RecordingDirectory
from ringcast.ports.audio import AudioStore
from ringcast.ports.speech import Speech
from ringcast.services.accounts import AccountSecrets, AddAccount, Authenticate
from ringcast.services.caller_ids import SendVerificationCode, VerifyCallerId
from ringcast.services.calls import FindCalls, GetCall, SendCalls
from ringcast.services.changes import count_attempt, finished_calls
from ringcast.services.credentials import CreateKey, DeleteKey, EnableKey, FindKeys, GetKey
from ringcast.services.idempotency import AnswerOnce
from ringcast.services.numbers import AddNumber, AnswerNumber, ForwardNumber, GetNumber, ListNumbers
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
from ringcast.stores.sql.store import SqlStore
from ringcast.web.access_log import AccessLog
from tests.fakes.clock import ManualClock
from tests.fakes.sound_library import MemoryAudio, MemorySpeech, wav_file

GOLDEN = Path(__file__).parent / "golden"
UPLOAD_LIMIT = 1024 * 1024

_IDS = re.compile(r'("id": )\d{12,}')
_TIMES = re.compile(
    r'("(?:created|modified|createdAt|updatedAt|expiresAt|timestamp'
    r'|originateTime|answerTime|finishTime)": )\d{13}(?=[,\n])'
)
_NAMED_IDS = re.compile(r"\b\d{15,16}\b")
_REQUESTS = re.compile(r"request [0-9a-f]{16}")


@dataclass(frozen=True, slots=True)
class Answer:
    """A response, read to its end."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body as JSON."""
        assert self.headers["content-type"] == "application/json"
        return json.loads(self.body)

    def is_golden(self, name: str) -> None:
        """Compare status and body, members in their order, with a golden file.

        Ids and times become words. To see a file anew, delete it and run the test twice.
        """
        text = json.dumps({"status": self.status, "body": self.json}, indent=1, ensure_ascii=False)
        text = _IDS.sub(r'\1"ID"', text)
        text = _TIMES.sub(r'\1"TIME"', text)
        text = _NAMED_IDS.sub("ID", text)
        text = _REQUESTS.sub("request REQUEST", text) + "\n"
        path = GOLDEN / f"{name}.json"
        if not path.exists():
            path.write_text(text, encoding="utf-8")
            pytest.fail(f"{path.name} was missing and has been written: look at it")
        assert text == path.read_text(encoding="utf-8")


class Client:
    """Speaks to the server as one account, or as nobody."""

    def __init__(self, base: str, session: aiohttp.ClientSession, auth: str | None) -> None:
        self._base = base
        self._session = session
        self._auth = auth

    async def __call__(
        self,
        method: str,
        path: str,
        *,
        json: object = None,
        headers: Mapping[str, str] | None = None,
        **options: Any,
    ) -> Answer:
        """Send a request to a path below `/v2` and return the answer."""
        headers = dict(headers or {})
        if self._auth is not None:
            headers.setdefault("Authorization", self._auth)
        if json is not None:
            options["json"] = json
        async with self._session.request(
            method, f"{self._base}/v2{path}", headers=headers, **options
        ) as response:
            lower = {name.lower(): value for name, value in response.headers.items()}
            return Answer(response.status, lower, await response.read())

    async def upload(
        self,
        data: bytes,
        *,
        name: str | None = None,
        filename: str = "sound.wav",
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Upload a sound as the vendor's clients do."""
        form = aiohttp.FormData()
        if name is not None:
            form.add_field("name", name)
        form.add_field("file", io.BytesIO(data), filename=filename, content_type="audio/x-wav")
        return await self("POST", "/campaigns/sounds/files", data=form, headers=headers)


@dataclass(frozen=True, slots=True)
class Library:
    """Where sounds lie and texts are spoken."""

    audio: AudioStore
    speech: Speech


class Rig:
    """The server and what a test does behind its back."""

    def __init__(self, directory: Path, library: Library) -> None:
        self.directory = directory
        self.clock = ManualClock()
        self.store = SqlStore.for_directory(directory)
        self.library = library
        self.archive = RecordingDirectory(directory / "recordings")
        self.sender = HttpCallbackSender()
        self.woken = 0
        self.base = ""
        self._accounts: dict[str, tuple[Account, AccountSecrets]] = {}

    def services(self) -> Services:
        """Wire the use cases."""
        store, clock = self.store, self.clock
        audio, speech = self.library.audio, self.library.speech
        send_calls = SendCalls(store=store, speech=speech, clock=clock, wake=self._wake)
        return Services(
            authenticate=Authenticate(store=store),
            answer_once=AnswerOnce(store=store),
            contacts=ContactServices.over(store, clock, wake_importer=self._wake),
            send_calls=send_calls,
            get_call=GetCall(store=store),
            find_calls=FindCalls(store=store),
            upload_sound=UploadSound(store=store, audio=audio, clock=clock),
            speak_sound=SpeakSound(store=store, speech=speech, clock=clock),
            record_sound=RecordSoundByPhone(store=store, clock=clock, wake=self._wake),
            get_sound=GetSound(store=store),
            find_sounds=FindSounds(store=store),
            archive_sound=ArchiveSound(store=store),
            sound_audio=SoundAudio(store=store, audio=audio),
            list_numbers=ListNumbers(store=store),
            get_number=GetNumber(store=store),
            answer_number=AnswerNumber(store=store),
            forward_number=ForwardNumber(store=store),
            send_verification_code=SendVerificationCode(
                store=store, speech=speech, clock=clock, send_calls=send_calls
            ),
            verify_caller_id=VerifyCallerId(store=store, clock=clock),
            create_key=CreateKey(store=store, clock=clock),
            find_keys=FindKeys(store=store),
            get_key=GetKey(store=store),
            enable_key=EnableKey(store=store),
            delete_key=DeleteKey(store=store),
            create_subscription=CreateSubscription(store=store, clock=clock, sender=self.sender),
            get_subscription=GetSubscription(store=store),
            find_subscriptions=FindSubscriptions(store=store),
            update_subscription=UpdateSubscription(store=store, clock=clock, sender=self.sender),
            delete_subscription=DeleteSubscription(store=store),
            campaigns=CampaignServices.over(
                store, clock, speech=speech, wake=self._wake, fallback_zone="America/New_York"
            ),
            recordings=RecordingServices.over(store, self.archive),
        )

    async def secrets(self, name: str) -> AccountSecrets:
        """Return the secrets of the account of that name, made when first needed."""
        if name not in self._accounts:
            self._accounts[name] = await AddAccount(store=self.store, clock=self.clock)(name)
        return self._accounts[name][1]

    async def add_number(self, name: str, number: str) -> None:
        """Give the account a number."""
        await AddNumber(store=self.store, clock=self.clock)(number, account_name=name)

    async def finish(
        self, name: str, call_id: int, outcome: Outcome, *, talked: float | None = None
    ) -> None:
        """End a call as the dialer would, after one attempt that rang for two seconds."""
        account_id = self._accounts[name][0].id
        now = self.clock.now()
        (attempt_id,) = await self.store.take_ids(1, now)
        async with self.store.begin() as tx:
            call = await tx.call(account_id, CallId(call_id))
            assert call is not None
            assert call.to is not None
            answered = None if talked is None else now + timedelta(seconds=2)
            ended = now + timedelta(seconds=2 + (talked or 0))
            attempt = Attempt(
                id=AttemptId(attempt_id),
                call_id=call.id,
                account_id=account_id,
                number=1,
                to=call.to,
                from_number=call.from_number,
                state=AttemptState.CREATED,
                created_at=now,
                holder="test",
                holder_until=now + timedelta(seconds=30),
            )
            await tx.add_attempts([attempt])
            active = replace(call.moved_to(CallState.ACTIVE, now=now), attempts=1)
            await tx.update_calls([active])
            over = replace(
                attempt.moved_to(AttemptState.ENDED),
                answered_at=answered,
                ended_at=ended,
                outcome=outcome,
            )
            await tx.update_attempts([over])
            await count_attempt(tx, active, over)
            finished = active.moved_to(CallState.FINISHED, now=ended, outcome=outcome)
            await tx.update_calls([finished])
            await tx.announce(finished_calls([finished]))
            await tx.commit()

    async def record(
        self, name: str, call_id: int, *, called: str | None = None, seconds: float | None = 2.0
    ) -> int:
        """Keep a recording of a finished call's attempt; None is one still being made."""
        account_id, now = self._accounts[name][0].id, self.clock.now()
        (recording_id,) = await self.store.take_ids(1, now)
        async with self.store.begin(read_only=True) as tx:
            attempt = (await tx.attempts_of([CallId(call_id)]))[CallId(call_id)][0]
        recording = Recording(
            id=RecordingId(recording_id),
            account_id=account_id,
            call_id=attempt.call_id,
            attempt_id=attempt.id,
            state=RecordingState.RECORDING,
            source=RecordingSource.CALL,
            created_at=now,
            name=called,
        )
        if seconds is not None:
            path = await self.archive.place(account_id, recording.id)
            path.write_bytes(wav_file(seconds))
            file = await self.archive.complete(account_id, recording.id)
            recording = recording.completed(
                now=now,
                length=file.length,
                channels=file.channels,
                size=file.size,
                digest=file.digest,
            )
        async with self.store.begin() as tx:
            await tx.add_recording(recording)
            await tx.commit()
        return recording_id

    def _wake(self) -> None:
        self.woken += 1


@pytest.fixture
def library() -> Library:
    audio = MemoryAudio()
    return Library(audio, MemorySpeech(audio))


@pytest.fixture
async def rig(tmp_path: Path, library: Library) -> AsyncIterator[Rig]:
    rig = Rig(tmp_path, library)
    await rig.store.migrate()
    limits = Limits(
        json_bytes=64 * 1024,
        upload_bytes=UPLOAD_LIMIT,
        upload_directory=tmp_path,
        failures_at_once=1000,
    )
    dialect = callfire_v2(rig.services(), limits=limits)
    app = AccessLog(Starlette(routes=[Mount("/v2", app=dialect)]))
    async with serving(app) as rig.base:
        yield rig
    await rig.archive.close()
    await rig.store.close()


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=30)) as session:
        yield session


@pytest.fixture
async def client(rig: Rig, session: aiohttp.ClientSession) -> Client:
    """The client of an account with a number."""
    secrets = await rig.secrets("Clinic")
    await rig.add_number("Clinic", "12135550100")
    return Client(rig.base, session, aiohttp.encode_basic_auth(secrets.login, secrets.password))


@pytest.fixture
async def stranger(rig: Rig, session: aiohttp.ClientSession) -> Client:
    """The client of another account, without a number."""
    secrets = await rig.secrets("Somebody else")
    return Client(rig.base, session, aiohttp.encode_basic_auth(secrets.login, secrets.password))


@pytest.fixture
def nobody(rig: Rig, session: aiohttp.ClientSession) -> Client:
    """A client without a credential."""
    return Client(rig.base, session, None)


@asynccontextmanager
async def serving(app: AccessLog) -> AsyncIterator[str]:
    """Serve an application on a free loopback port; yield its address."""
    # With the protocol named, asyncio switches Nagle's algorithm off: 40 ms less for each answer.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    listener.listen()
    config = uvicorn.Config(
        app, lifespan="off", ws="none", access_log=False, log_config=None, http="httptools"
    )
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        await task
        listener.close()

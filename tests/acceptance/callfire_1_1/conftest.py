"""A server with the CallFire 1.1 dialect on a loopback port, and clients of it.

There is no dialer: calls wait until a test ends them. Sounds lie in memory.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount

from ringcast.apis.callfire_1_1 import Limits, Services, callfire_1_1
from ringcast.domain.accounts import Account
from ringcast.domain.calls import Attempt, AttemptState, CallState
from ringcast.domain.ids import AttemptId, CallId, RecordingId
from ringcast.domain.outcomes import Outcome
from ringcast.domain.recordings import Recording, RecordingSource, RecordingState
from ringcast.integrations.callback_sender import HttpCallbackSender
from ringcast.integrations.mail_sender import MailCallbackSender, MailServer, WebOrMail
from ringcast.integrations.recording_archive import RecordingDirectory
from ringcast.services.accounts import AccountSecrets, AddAccount
from ringcast.services.changes import count_attempt, finished_calls
from ringcast.services.numbers import AddNumber
from ringcast.stores.sql.store import SqlStore
from ringcast.web.access_log import AccessLog
from tests.acceptance.callfire_v2.conftest import serving
from tests.fakes.clock import ManualClock
from tests.fakes.sound_library import MemoryAudio, MemorySpeech, wav_file

GOLDEN = Path(__file__).parent / "golden"
NUMBER = "12135550100"

_IDS = re.compile(r'("@?id": |"Id": |Id": |\bid="|Id>)[0-9]{10,20}')
_LINKS = re.compile(r"http://127\.0\.0\.1:[0-9]+")
_LONG = re.compile(r"\b[0-9]{15,19}\b")
_TIMES = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


@dataclass(frozen=True, slots=True)
class Answer:
    """What a request got."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode()

    @property
    def json(self) -> Any:
        """The body as JSON."""
        assert self.headers["content-type"] == "application/json"
        return json.loads(self.body)

    @property
    def new_id(self) -> int:
        """The identifier of what was created, in JSON or in XML."""
        assert self.status == 201, self.text
        match = re.search(r'"Id":([0-9]+)|<r:Id>([0-9]+)</r:Id>', self.text)
        assert match is not None
        return int(match[1] or match[2])

    def is_golden(self, name: str) -> None:
        """Compare status, type and body with a golden file; identifiers and times become words.

        To see a file anew, delete it and run the test twice.
        """
        kind = "json" if self.headers.get("content-type") == "application/json" else "xml"
        body = self.text
        if kind == "json":
            body = json.dumps(self.json, indent=1, ensure_ascii=False)
        body = _LONG.sub("ID", _TIMES.sub("TIME", _LINKS.sub("http://HOST", body)))
        text = f"{self.status} {self.headers.get('content-type', '-')}\n{body}\n"
        path = GOLDEN / f"{name}.{kind}.txt"
        if not path.exists():
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
            pytest.fail(f"{path.name} was missing and has been written: look at it")
        assert text == path.read_text(encoding="utf-8")


class Client:
    """Speaks REST to the server as one account, or as nobody."""

    def __init__(self, base: str, session: aiohttp.ClientSession, auth: str | None) -> None:
        self.base = base
        self._session = session
        self._auth = auth

    def at(self, base: str) -> Client:
        """Return the client of the same account at another address."""
        return Client(base, self._session, self._auth)

    async def __call__(
        self, method: str, path: str, *, headers: Mapping[str, str] | None = None, **options: Any
    ) -> Answer:
        """Send a request to a path below `/api/1.1` and return the answer."""
        headers = dict(headers or {})
        if self._auth is not None:
            headers.setdefault("Authorization", self._auth)
        async with self._session.request(
            method, f"{self.base}{path}", headers=headers, **options
        ) as response:
            lower = {name.lower(): value for name, value in response.headers.items()}
            return Answer(response.status, lower, await response.read())

    async def rest(self, method: str, path: str, form: object = None) -> Answer:
        """Send a request to a path below `/rest`, with a form in its body."""
        return await self(method, f"/rest{path}", data=form)

    async def soap(
        self, service: str, body: str | bytes, *, content_type: str = "application/soap+xml"
    ) -> Answer:
        """Send a message."""
        return await self(
            "POST", f"/soap12/{service}", data=body, headers={"Content-Type": content_type}
        )


class Rig:
    """The server and what a test does behind its back."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.clock = ManualClock()
        self.store = SqlStore.for_directory(directory)
        self.audio = MemoryAudio()
        self.archive = RecordingDirectory(directory / "recordings")
        self.sender = HttpCallbackSender()
        self.woken = 0
        self.base = ""
        self._accounts: dict[str, tuple[Account, AccountSecrets]] = {}

    @asynccontextmanager
    async def serving(self, mail: MailServer | None = None) -> AsyncIterator[str]:
        """Answer at an address, with a mail server or without."""
        limits = Limits(body_bytes=2 * 1024 * 1024, failures_at_once=1000)
        dialect = callfire_1_1(self.services(mail), limits=limits)
        async with serving(AccessLog(Starlette(routes=[Mount("/api/1.1", app=dialect)]))) as base:
            yield f"{base}/api/1.1"

    def services(self, mail: MailServer | None = None) -> Services:
        """Wire the use cases."""
        return Services.over(
            self.store,
            self.clock,
            audio=self.audio,
            speech=MemorySpeech(self.audio),
            recordings=self.archive,
            callbacks=WebOrMail(web=self.sender, mail=MailCallbackSender(mail)),
            wake=self._wake,
            wake_importer=self._wake,
        )

    async def secrets(self, name: str) -> AccountSecrets:
        """Return the secrets of the account of that name, made when first needed."""
        if name not in self._accounts:
            self._accounts[name] = await AddAccount(store=self.store, clock=self.clock)(name)
        return self._accounts[name][1]

    async def account(self, name: str) -> Account:
        """Return the account of that name."""
        await self.secrets(name)
        return self._accounts[name][0]

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
            ended = now + timedelta(seconds=2 + (talked or 0))
            over = replace(
                attempt.moved_to(AttemptState.ENDED),
                answered_at=None if talked is None else now + timedelta(seconds=2),
                ended_at=ended,
                outcome=outcome,
            )
            await tx.update_attempts([over])
            await count_attempt(tx, active, over)
            finished = active.moved_to(CallState.FINISHED, now=ended, outcome=outcome)
            await tx.update_calls([finished])
            await tx.announce(finished_calls([finished]))
            await tx.commit()

    async def record(self, name: str, call_id: int, *, called: str, seconds: float = 2.0) -> int:
        """Keep a recording of a finished call's attempt."""
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
            source=RecordingSource.MESSAGE,
            created_at=now,
            name=called,
        )
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
async def rig(tmp_path: Path) -> AsyncIterator[Rig]:
    rig = Rig(tmp_path)
    await rig.store.migrate()
    async with rig.serving() as rig.base:
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
    await rig.add_number("Clinic", NUMBER)
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


class Zeep:
    """The SOAP client zeep, which nobody here wrote, on our WSDL; its work is done on threads."""

    def __init__(self, base: str, login: str, password: str) -> None:
        import requests
        import zeep

        session = requests.Session()
        session.trust_env = False
        session.auth = (login, password)
        self._base = base
        made: Any = zeep.Transport
        self._transport = made(session=session, timeout=30, operation_timeout=30)
        self._zeep = zeep
        self.client: Any = None

    async def load(self, file: str = "callfire-service-http-soap12.wsdl") -> None:
        """Load the WSDL, strictly."""
        settings = self._zeep.Settings(strict=True)
        self.client = await asyncio.to_thread(
            self._zeep.Client,
            f"{self._base}/wsdl/{file}",
            transport=self._transport,
            settings=settings,
        )

    async def __call__(self, service: str, operation: str, **members: Any) -> Any:
        """Call an operation of a service."""
        port = self.client.bind("CallFireApi", f"{service}ServicePort")
        return await asyncio.to_thread(getattr(port, operation), **members)


@pytest.fixture
async def zeep(rig: Rig, client: Client) -> Zeep:
    """The SOAP client of an account with a number."""
    secrets = await rig.secrets("Clinic")
    made = Zeep(rig.base, secrets.login, secrets.password)
    await made.load()
    return made

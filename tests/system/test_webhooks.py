"""Webhooks as their owner meets them: real calls, a receiver, a server that is killed."""

from __future__ import annotations

import hashlib
import hmac
import json
import statistics
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.system.programs import Api, Program, eventually, make_account, run, running

SECRET = "the owner's secret"


@dataclass
class Request:
    """What a receiver was sent."""

    at: float
    """Seconds since 1970."""
    headers: Mapping[str, str]
    body: bytes

    @property
    def event(self) -> Any:
        """The one event in the body."""
        (event,) = json.loads(self.body)["events"]
        return event


@dataclass
class Receiver:
    """A web server of the account's owner."""

    status: int = 200
    wait: float = 0.0
    seen: list[Request] = field(default_factory=list)
    url: str = ""


@contextmanager
def receiving() -> Iterator[Receiver]:
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            at = time.time()  # noqa: TID251 -- compared with times the server has written
            receiver.seen.append(Request(at, dict(self.headers), body))
            time.sleep(receiver.wait)
            try:
                self.send_response(receiver.status)
                self.end_headers()
            except OSError:
                pass  # whoever asked was killed

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    receiver.url = f"http://127.0.0.1:{server.server_port}/hook"
    try:
        yield receiver
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@dataclass
class System:
    """Phones, a server that can be started again, and an account."""

    phones: Program
    directory: Path
    login: tuple[str, str] | None = None

    def serve(self) -> Program:
        return Program(
            "serve", "--http", "127.0.0.1:0", "--sip", "127.0.0.1:0",
            "--trunk", f"sip:{self.phones.ready()['sip']}", "--data-dir", str(self.directory),
            "--media-workers", "1", "--trunk-cps", "50", "--allow-private-urls",
            cwd=self.directory,
        )  # fmt: skip

    def api(self, server: Program) -> Api:
        address = f"http://{server.ready()['http']}"
        if self.login is None:
            self.login = make_account(self.directory)
        return Api(address, *self.login)

    def deliveries(self, *flags: str) -> list[Any]:
        listed = run(
            "delivery", "list", "--json", *flags, "--data-dir", str(self.directory),
            cwd=self.directory,
        )  # fmt: skip
        assert listed.returncode == 0, listed.stderr
        return [json.loads(line) for line in listed.stdout.splitlines()]


@pytest.fixture
def system(tmp_path: Path) -> Iterator[System]:
    with running("phones", "--sip", "127.0.0.1:0", cwd=tmp_path) as phones:
        yield System(phones, tmp_path)


def subscribe(api: Api, receiver: Receiver, **members: object) -> int:
    webhook = {
        "name": "calls", "resource": "OutboundCall", "events": ["Finished"],
        "callback": receiver.url, "secret": SECRET,
    }  # fmt: skip
    answer = api.request("POST", "/v2/webhooks", webhook | members)
    assert answer.status == 201, answer.body
    return int(answer.json["id"])


def test_a_finished_call_is_told_signed_and_as_its_get_answers(system: System) -> None:
    with receiving() as receiver:
        server = system.serve()
        try:
            api = system.api(server)
            webhook = subscribe(api, receiver)
            sound = api.speak("Hello.")
            numbers = [f"+121355570{n:02}" for n in (0, 20, 23)]
            calls = api.call(*numbers, sound=sound)

            eventually(lambda: len(receiver.seen) == 3, within=60)

            told = {request.event["resource"]["id"]: request for request in receiver.seen}
            for call_id in calls:
                request = told[call_id]
                assert request.event["resource"] == api.get_call(call_id)
                assert request.event["eventType"] == "Finished"
                assert request.event["webhookId"] == webhook
                expected = hmac.new(SECRET.encode(), request.body, hashlib.sha1).hexdigest()
                assert request.headers["X-CallFire-Signature"] == expected
            results = [told[one].event["resource"]["finalCallResult"] for one in calls]
            assert results == ["LA", "BUSY", "CARRIER_ERROR"]
            eventually(lambda: {d["state"] for d in system.deliveries()} == {"delivered"})
        finally:
            server.stop()


def test_callbacks_leave_soon_after_the_event(system: System) -> None:
    with receiving() as receiver:
        server = system.serve()
        try:
            api = system.api(server)
            subscribe(api, receiver)
            sound = api.speak("Hello.")
            for count in range(1, 21):
                api.call(f"+1213555{count:02}20", sound=sound)  # busy: it ends at once
                eventually(lambda: len(receiver.seen) == count, within=30)  # noqa: B023 -- now

            waits = sorted(
                request.at - request.event["resource"]["modified"] / 1000
                for request in receiver.seen
            )
            median = statistics.median(waits)
            print(
                f"event to callback: median {median * 1000:.0f} ms, p95 {waits[18] * 1000:.0f} ms"
            )
            assert median < 0.3  # the figure to hold is 0.1; this machine may be busy with others
        finally:
            server.stop()


def test_a_callback_that_was_sent_but_not_noted_is_sent_again_after_kill_9(
    system: System,
) -> None:
    with receiving() as receiver:
        receiver.wait = 5.0  # the answer comes too late for the server's mark
        server = system.serve()
        try:
            api = system.api(server)
            subscribe(api, receiver)
            (call_id,) = api.call("+12135557020", sound=api.speak("Hello."))
            eventually(lambda: len(receiver.seen) == 1, within=60)
        finally:
            server.kill()
        (pending,) = system.deliveries("--pending")
        assert (pending["subject_id"], pending["attempts"]) == (call_id, 1)

        receiver.wait = 0.0
        server = system.serve()
        try:
            api = system.api(server)
            eventually(lambda: len(receiver.seen) == 2, within=60)
            first, second = receiver.seen
            assert first.body == second.body
            assert first.headers["X-CallFire-Signature"] == second.headers["X-CallFire-Signature"]
            assert second.event["resource"] == api.get_call(call_id)
            eventually(lambda: [d["state"] for d in system.deliveries()] == ["delivered"])
            assert len(receiver.seen) == 2
        finally:
            server.stop()


def test_what_a_receiver_missed_is_resent_by_hand(system: System) -> None:
    with receiving() as receiver:
        receiver.status = 500
        server = system.serve()
        try:
            api = system.api(server)
            webhook = subscribe(api, receiver)
            (call_id,) = api.call("+12135557020", sound=api.speak("Hello."))
            eventually(lambda: len(receiver.seen) == 1, within=60)
            eventually(lambda: [d["problem"] for d in system.deliveries()] == ["it answered 500"])
            # Its owner gives up on it for now: what is on its way becomes a dead letter.
            off = api.request("PUT", f"/v2/webhooks/{webhook}", {"enabled": False})
            assert off.status == 204
            (dead,) = system.deliveries("--dead")
            assert (dead["subject_id"], dead["url"]) == (call_id, receiver.url)

            receiver.status = 200
            again = run(
                "delivery", "resend", str(dead["id"]), "--data-dir", str(system.directory),
                cwd=system.directory,
            )  # fmt: skip
            assert again.returncode == 0, again.stderr
            eventually(lambda: len(receiver.seen) == 2)
            assert receiver.seen[0].body == receiver.seen[1].body
            eventually(lambda: system.deliveries("--dead") == [])
        finally:
            server.stop()

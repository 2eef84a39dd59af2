"""Callbacks by e-mail, to a mail server that speaks SMTP."""

from __future__ import annotations

import ssl
import subprocess
from pathlib import Path
from typing import Any

import pytest

from ringcast.domain.errors import InvalidInput, NotSupported
from ringcast.integrations.callback_sender import HttpCallbackSender
from ringcast.integrations.mail_sender import MailCallbackSender, MailServer, WebOrMail
from ringcast.ports.deliveries import Callback, CallbackAnswer
from tests.fakes import mail_server as fake

TO = "ann@office.example"
BODY = b"Subject: News\r\nContent-Type: text/plain\r\n\r\nHello\r\n.\r\n.. dots\r\n"
TAKEN = CallbackAnswer(status=250)


async def send(server: fake.MailServer, **settings: Any) -> CallbackAnswer:
    """Send a mail to Ann through the server."""
    chosen = {"host": "127.0.0.1", "port": server.port, "sender": "calls@us.example", **settings}
    async with MailCallbackSender(MailServer(**chosen)) as sender:
        return await sender.send(Callback(url=f"mailto:{TO}", headers={}, body=BODY))


@pytest.fixture
def tls(tmp_path: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A mail server with a certificate, and who trusts it."""
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subprocess.run(
        [
            "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
            "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1", "-addext",
            "subjectAltName=IP:127.0.0.1,DNS:127.1", "-keyout", key, "-out", certificate,
        ],
        check=True, capture_output=True,
    )  # fmt: skip
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context, ssl.create_default_context(cafile=certificate)


async def test_a_mail_arrives_whole_and_is_the_same_when_it_is_sent_again() -> None:
    async with fake.MailServer().running() as server:
        assert [await send(server), await send(server)] == [TAKEN, TAKEN]

    first, second = server.taken
    assert (first.sender, first.to) == ("calls@us.example", TO)
    assert (first.message["From"], first.message["To"]) == ("calls@us.example", TO)
    assert first.message["Subject"] == "News"
    assert first.message.get_content() == "Hello\r\n.\r\n.. dots\r\n"
    assert first.message["Message-ID"] == second.message["Message-ID"]
    assert first.message["Message-ID"].endswith("@us.example>")


async def test_tls_is_used_where_it_is_offered_and_the_password_told_in_it(
    tls: tuple[ssl.SSLContext, ssl.SSLContext],
) -> None:
    ours, trusted = tls
    login = {"user": "ringcast", "password": "secret", "trusted": trusted}
    async with fake.MailServer(tls=ours, logins={"ringcast": "secret"}).running() as server:
        assert await send(server, **login) == TAKEN
        assert (await send(server, trusted=trusted)).status == 530
        wrong = await send(server, **{**login, "password": "guess"})
        untrusted = await send(server, user="ringcast", password="secret")

    assert [(mail.is_private, mail.user) for mail in server.taken] == [(True, "ringcast")]
    assert wrong.status == 535
    assert "certificate is not trusted" in (untrusted.problem or "")
    async with fake.MailServer(tls=ours).running(is_tls=True) as server:
        assert await send(server, is_tls=True, trusted=trusted) == TAKEN
    assert server.taken[0].is_private


async def test_no_password_is_told_in_the_clear_to_another_machine() -> None:
    login = {"user": "ringcast", "password": "secret"}
    async with fake.MailServer(logins={"ringcast": "secret"}).running() as server:
        refused = await send(server, host="127.1", **login)  # which is no address to be sure of
        here = await send(server, **login)

    assert "STARTTLS" in (refused.problem or "")
    assert here == TAKEN
    assert len(server.taken) == 1


@pytest.mark.parametrize(
    ("says", "status"), [("451 4.3.0 Later", 451), ("550 5.1.1 No such user", 550)]
)
async def test_what_the_server_says_is_the_answer(says: str, status: int) -> None:
    async with fake.MailServer(refuses=says).running() as server:
        answer = await send(server)

    assert answer.status == status
    assert says[4:] in (answer.problem or "")
    assert server.taken == []


async def test_a_server_that_is_not_there_or_says_nothing_is_a_problem() -> None:
    async with fake.MailServer(is_silent=True).running() as server:
        silent = await send(server, patience=0.2)
    gone = await send(server)

    assert (silent.status, gone.status) == (None, None)
    assert "timed out" in (silent.problem or "")
    assert "mail server" in (gone.problem or "")


async def test_only_addresses_are_taken_and_only_with_a_mail_server() -> None:
    server = MailServer(host="127.0.0.1", port=25, sender="calls@us.example")
    both = WebOrMail(web=HttpCallbackSender(), mail=MailCallbackSender(server))
    both.check(f"mailto:{TO}")
    both.check("https://93.184.216.34/hook")
    for url in (
        "mailto:ann",
        "mailto:ann@localhost",
        "mailto:ann@office.example,bob@office.example",
        "mailto:ann@office.example\r\nBcc: bob@office.example",
        "mailto:ann@office.example?subject=x",
        "mailto:" + "a" * 250 + "@office.example",
        "mailto:",
    ):
        with pytest.raises(InvalidInput):
            both.check(url)
    without = MailCallbackSender(None)
    with pytest.raises(NotSupported, match="--smtp"):
        without.check(f"mailto:{TO}")
    callback = Callback(url=f"mailto:{TO}", headers={}, body=BODY)
    assert "--smtp" in ((await without.send(callback)).problem or "")

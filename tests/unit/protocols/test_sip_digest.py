"""Digest authentication: the examples of the RFCs, client against server, replays."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringcast.protocols.sip import digest_server
from ringcast.protocols.sip.digest import (
    ALGORITHMS,
    Challenge,
    DigestClient,
    choose_challenge,
    digest_response,
    parse_challenges,
)
from ringcast.protocols.sip.digest_server import DigestServer, Verdict, Verification
from ringcast.protocols.sip.errors import DigestError

URI = "sip:bob@biloxi.com"


@pytest.mark.parametrize(
    ("algorithm", "expected"),
    [
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ],
)
def test_the_example_of_rfc_7616(algorithm: str, expected: str) -> None:
    assert (
        digest_response(
            algorithm=algorithm,
            username="Mufasa",
            realm="http-auth@example.org",
            password="Circle of Life",
            nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",
            method="GET",
            uri="/dir/index.html",
            qop="auth",
            nonce_count="00000001",
            cnonce="f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
        )
        == expected
    )


def test_the_example_of_rfc_2617() -> None:
    challenge = Challenge.parse(
        'Digest realm="testrealm@host.com", qop="auth,auth-int", '
        'nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", opaque="5ccc069c403ebaf9f0171e9517f40e41"'
    )

    value = DigestClient("Mufasa", "Circle Of Life").answer(
        challenge, method="GET", uri="/dir/index.html", cnonce="0a4f113b"
    )

    assert value == (
        'Digest username="Mufasa", realm="testrealm@host.com", '
        'nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", uri="/dir/index.html", '
        'response="6629fae49393a05397450978507c4ef1", algorithm=MD5, cnonce="0a4f113b", '
        'qop=auth, nc=00000001, opaque="5ccc069c403ebaf9f0171e9517f40e41"'
    )


def test_a_server_of_rfc_2069_is_answered_without_qop() -> None:
    challenge = Challenge.parse('Digest realm="r", nonce="n"')

    value = DigestClient("u", "p").answer(challenge, method="INVITE", uri=URI, cnonce="c")

    # MD5(MD5(u:r:p):n:MD5(INVITE:sip:bob@biloxi.com))
    assert 'response="a05b3173c99500ca9c66b3dc70b20cf9"' in value
    assert "cnonce" not in value
    assert "nc=" not in value


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (
            'Digest realm="a, b",nonce = "n=1" ,stale=TRUE, algorithm=SHA-256,qop="auth ,auth-int"',
            Challenge(realm="a, b", nonce="n=1", stale=True, algorithm="SHA-256",
                      qop=("auth", "auth-int")),
        ),
        ('digest Realm="r", Nonce="n", stale="true"', Challenge(realm="r", nonce="n", stale=True)),
        ('Digest realm="r\\"x", nonce="", opaque="", x=y, qop=""',
         Challenge(realm='r\\"x', nonce="", opaque="")),
        ('Digest realm=r, nonce=n, stale=false', Challenge(realm="r", nonce="n")),
    ],
)  # fmt: skip
def test_a_challenge_is_read(value: str, expected: Challenge) -> None:
    assert Challenge.parse(value) == expected
    assert Challenge.parse(str(expected)) == expected


@pytest.mark.parametrize(
    "value",
    ["", "Digest", "Basic realm=x", 'Digest realm="r"', 'Digest nonce="n"', "Digest realm",
     'Digest realm="r, nonce="n"', 'Digest realm="r", realm="s", nonce="n"',
     'Digest realm="r", nonce=n"', "Digest =r", 'Digest re alm="r", nonce="n"'],
)  # fmt: skip
def test_a_challenge_that_cannot_be_read_is_refused(value: str) -> None:
    with pytest.raises(DigestError):
        Challenge.parse(value)


def test_challenges_are_found_in_lines_and_in_one_line() -> None:
    values = [
        'Digest realm="a", nonce="1", algorithm=MD5, Digest realm="b", nonce="2", qop="auth,x"',
        "Bearer x",
        'Digest realm="unbalanced',
        'Digest realm="c", nonce="3"',
    ]

    assert [challenge.realm for challenge in parse_challenges(values)] == ["a", "b", "c"]


def test_the_strongest_algorithm_we_know_is_chosen() -> None:
    def challenge(algorithm: str, qop: tuple[str, ...] = ("auth",)) -> Challenge:
        return Challenge(realm="r", nonce="n", algorithm=algorithm, qop=qop)

    md5, sha = challenge("MD5"), challenge("sha-256-sess")
    assert choose_challenge([md5, sha]) is sha
    assert choose_challenge([challenge("SHA-1024"), challenge("SHA-256", ("new",)), md5]) is md5
    assert choose_challenge([challenge("AKAv1-MD5")]) is None
    assert choose_challenge([]) is None


def test_what_cannot_be_met_is_not_answered() -> None:
    challenge = Challenge(realm="r", nonce="n", algorithm="SHA-1024")

    with pytest.raises(DigestError):
        DigestClient("u", "p").answer(challenge, method="BYE", uri=URI, cnonce="c")
    with pytest.raises(DigestError):
        digest_response(
            algorithm="x", username="", realm="", password="", nonce="", method="", uri=""
        )


def test_a_nonce_is_counted_until_a_new_one_comes() -> None:
    client = DigestClient("u", "p")
    first, second = (Challenge(realm="r", nonce=nonce, qop=("auth",)) for nonce in "12")
    other = Challenge(realm="s", nonce="1", qop=("auth",))

    counts = [
        client.answer(challenge, method="BYE", uri=URI, cnonce="c").split("nc=")[1]
        for challenge in (first, first, other, second)
    ]

    assert counts == ["00000001", "00000002", "00000001", "00000001"]


def test_a_client_forgets_realms_rather_than_grow() -> None:
    client = DigestClient("u", "p")
    for number in range(70):
        challenge = Challenge(realm=f"r{number}", nonce="n", qop=("auth",))
        client.answer(challenge, method="BYE", uri=URI, cnonce="c")
    oldest = Challenge(realm="r0", nonce="n", qop=("auth",))
    newest = Challenge(realm="r69", nonce="n", qop=("auth",))

    assert client.answer(oldest, method="BYE", uri=URI, cnonce="c").endswith("nc=00000001")
    assert client.answer(newest, method="BYE", uri=URI, cnonce="c").endswith("nc=00000002")


def test_a_password_is_not_shown() -> None:
    assert repr(DigestClient("u", "secret")) == "DigestClient('u')"


class Server:
    """A server, a client that knows the password, and the line between them."""

    def __init__(
        self, *algorithms: str, username: str = 'al"ice', realm: str = 'my "realm"'
    ) -> None:
        self.server = DigestServer(realm, b"key", algorithms or ("SHA-256", "MD5"))
        self.client = DigestClient(username, "pass:word é")
        self.username = username

    def challenge(self, now: float = 1000.0) -> Challenge:
        chosen = choose_challenge(parse_challenges(self.server.challenges(now=now)))
        assert chosen is not None
        return chosen

    def answer(self, challenge: Challenge, *, method: str = "INVITE", cnonce: str = "c1") -> str:
        return self.client.answer(challenge, method=method, uri=URI, body=b"v=0", cnonce=cnonce)

    def verify(
        self, value: str, *, method: str = "INVITE", uri: str = URI, now: float = 1001.0,
        body: bytes = b"v=0",
    ) -> Verification:  # fmt: skip
        return self.server.verify(
            value, method=method, uri=uri, body=body, lookup=self.lookup, now=now
        )

    def lookup(self, username: str) -> str | None:
        return "pass:word é" if username == self.username else None


@pytest.mark.parametrize("suffix", ["", "-sess"])
@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_client_and_server_understand_each_other(algorithm: str, suffix: str) -> None:
    line = Server(algorithm + suffix)
    challenge = line.challenge()

    for cnonce in ("c1", "c2"):
        result = line.verify(line.answer(challenge, cnonce=cnonce))
        assert result == Verification(Verdict.ACCEPTED, 'al"ice')
        assert result.is_accepted


def test_the_body_is_covered_by_auth_int() -> None:
    line = Server()
    challenge = line.challenge()
    strict = Challenge(
        realm=challenge.realm, nonce=challenge.nonce, algorithm="SHA-256", qop=("auth-int",)
    )

    value = line.answer(strict)

    assert "qop=auth-int" in value
    assert line.verify(value, body=b"v=1").verdict is Verdict.REFUSED
    assert line.verify(value).is_accepted


def test_credentials_are_accepted_once() -> None:
    line = Server()
    challenge = line.challenge()
    first, second = line.answer(challenge), line.answer(challenge)

    assert line.verify(second).is_accepted
    assert line.verify(second).is_stale
    assert line.verify(first).is_stale


def test_credentials_without_qop_are_accepted_once() -> None:
    line = Server()
    challenge = line.challenge()
    old = Challenge(realm=challenge.realm, nonce=challenge.nonce, algorithm="MD5")

    value = line.answer(old)

    assert line.verify(value).is_accepted
    assert line.verify(value).is_stale


def test_an_old_nonce_is_stale_only_for_who_knows_the_password() -> None:
    line = Server()
    value = line.answer(line.challenge(now=1000.0))

    assert line.verify(value, now=1300.1).is_stale
    assert line.verify(value.replace('response="', 'response="0'), now=1300.1) == Verification(
        Verdict.REFUSED, 'al"ice'
    )
    assert line.verify(line.answer(line.challenge(now=2000.0)), now=1999.0).is_stale
    assert "stale=true" in line.server.challenges(now=1301.0, is_stale=True)[0]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("INVITE", "INVITE"),
        ('username="al', 'username="bl'),
        ("realm=", 'realm="x", y='),
        ('nonce="', 'nonce="AA'),
        ('response="', 'response="0'),
        ("algorithm=SHA-256", "algorithm=SHA-512-256"),
        ("algorithm=SHA-256", "algorithm=MD5"),
        ("qop=auth", "qop=new"),
        ("nc=00000001", "nc=1"),
        ("nc=00000001", "nc=00000000"),
        ("nc=00000001", "nc=0x000001"),
        ("nc=00000001", "nc=00000002"),
        ('cnonce="c1"', 'cnonce=""'),
        ('uri="sip:bob', 'uri="sip:carol'),
        ('uri="sip:bob', 'uri="bob'),
        ("Digest", "Basic"),
        ("response=", "x="),
        ('response="', 'response="\u00e9'),
    ],
)
def test_credentials_that_are_changed_are_refused(old: str, new: str) -> None:
    line = Server()
    value = line.answer(line.challenge())
    assert old in value or old == "INVITE"

    method = "BYE" if old == "INVITE" else "INVITE"

    assert line.verify(value.replace(old, new), method=method).verdict is Verdict.REFUSED


def test_credentials_are_for_one_request_uri() -> None:
    line = Server()
    challenge = line.challenge()

    assert line.verify(line.answer(challenge), uri="sip:bob@BILOXI.com").is_accepted
    assert line.verify(line.answer(challenge), uri="sip:eve@biloxi.com").verdict is Verdict.REFUSED


def test_a_nonce_of_another_server_is_refused() -> None:
    line, other = Server(), Server()
    other.server = DigestServer('my "realm"', b"another key")

    assert other.verify(line.answer(line.challenge())).verdict is Verdict.REFUSED


def test_a_nonce_has_one_spelling() -> None:
    line = Server()
    challenge = line.challenge()
    respelled = Challenge(
        realm=challenge.realm, nonce=challenge.nonce + "==", algorithm="SHA-256", qop=("auth",)
    )

    assert line.verify(line.answer(respelled)).verdict is Verdict.REFUSED


def test_what_was_forgotten_for_want_of_room_is_not_accepted_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(digest_server, "MAX_NONCES", 2)
    line = Server()
    values = [line.answer(line.challenge(now=1000.0 + number)) for number in range(4)]
    for value in values:
        assert line.verify(value, now=1010.0).is_accepted

    assert [line.verify(value, now=1011.0).verdict for value in values] == [Verdict.STALE] * 4
    assert line.verify(line.answer(line.challenge(now=1012.0)), now=1012.0).is_accepted


def test_each_challenge_has_a_nonce_of_its_own() -> None:
    line = Server()

    assert len({line.challenge(now=5.0).nonce for _ in range(10)}) == 10


def test_a_server_needs_algorithms_that_exist() -> None:
    with pytest.raises(ValueError, match="SHA-1"):
        DigestServer("r", b"key", ("SHA-1",))


@given(st.text(max_size=80) | st.text(alphabet='Digest realmnoc=",\\ ', max_size=80))
def test_any_text_is_a_challenge_or_refused(text: str) -> None:
    line = Server()
    for value in (text, "Digest " + text, 'Digest realm="r", nonce="n", ' + text):
        try:
            challenge = Challenge.parse(value)
        except DigestError:
            continue
        assert Challenge.parse(str(challenge)).nonce == challenge.nonce
        assert parse_challenges([value])
        assert line.verify(value).verdict is Verdict.REFUSED

"""SOAP in both versions: attachments, faults, and whatever strangers send."""

from __future__ import annotations

import asyncio
import base64
from email import message_from_bytes

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from ringcast.apis.callfire_1_1.operations import OPERATIONS
from ringcast.apis.callfire_1_1.schema import (
    SERVICE,
    Choice,
    Complex,
    Kind,
    ListOf,
    Member,
    Simple,
)
from tests.acceptance.callfire_1_1.conftest import Answer, Client
from tests.fakes.sound_library import wav_file

V12 = "http://www.w3.org/2003/05/soap-envelope"
V11 = "http://schemas.xmlsoap.org/soap/envelope/"
TYPES = {V12: "application/soap+xml; charset=utf-8", V11: "text/xml; charset=utf-8"}


def envelope(inside: str, *, version: str = V12, header: str = "") -> str:
    """Return a message."""
    return (
        f'<e:Envelope xmlns:e="{version}" xmlns="{SERVICE}" xmlns:d="http://api.callfire.com/data">'
        f"<e:Header>{header}</e:Header><e:Body>{inside}</e:Body></e:Envelope>"
    )


def payload(answer: Answer) -> etree._Element:
    """Return what is in the body of an answer."""
    return etree.fromstring(answer.body)[0][0]


@pytest.mark.parametrize("version", [V12, V11])
async def test_an_answer_comes_in_the_version_that_was_asked(client: Client, version: str) -> None:
    asked = envelope("<QuerySoundMeta/>", version=version)
    answer = await client.soap("call", asked, content_type=TYPES[version])
    assert (answer.status, answer.headers["content-type"]) == (200, TYPES[version])
    assert etree.fromstring(answer.body).tag == f"{{{version}}}Envelope"
    assert payload(answer)[0].text == "0"


@pytest.mark.parametrize(("version", "status"), [(V12, 400), (V11, 500)])
async def test_a_refusal_has_details_and_a_broken_message_has_none(
    client: Client, version: str, status: int
) -> None:
    options = {"content_type": TYPES[version]}
    asked = envelope("<GetCall><Id>1</Id></GetCall>", version=version)
    refused = await client.soap("call", asked, **options)
    assert refused.status == status
    assert b"<svc:FaultCode>NOT_FOUND</svc:FaultCode>" in refused.body
    broken = await client.soap("call", envelope("<GetCall/>", version=version), **options)
    assert broken.status == status
    assert b"ServiceFaultInfo" not in broken.body
    assert (b"env:Sender" if version == V12 else b"env:Client") in broken.body
    assert b"Missing child element" in broken.body


@pytest.mark.parametrize(
    "body",
    [
        "",
        "no XML",
        "<a/>",
        '<!DOCTYPE a [<!ENTITY x "y">]>' + envelope("<QuerySoundMeta/>"),
        envelope(""),
        envelope("<QuerySoundMeta/><QuerySoundMeta/>"),
        envelope("<CreateBroadcast/>"),
        envelope("<GetCall><Id>&x;</Id></GetCall>"),
        envelope(
            "<QuerySoundMeta/>", header=f'<a xmlns:m="{V12}" m:mustUnderstand="true" xmlns="u"/>'
        ),
        envelope("<a>" * 300 + "</a>" * 300),
        envelope(
            '<CreateSound><Data><i:Include xmlns:i="http://www.w3.org/2004/08/xop/include"'
            ' href="cid:none"/></Data></CreateSound>'
        ),
    ],
)
async def test_what_is_no_message_gets_a_plain_fault(client: Client, body: str) -> None:
    answer = await client.soap("call", body)
    assert answer.status == 400
    assert b"env:Sender" in answer.body
    assert b"ServiceFaultInfo" not in answer.body


async def test_a_message_without_a_credential_is_a_401_with_a_challenge(nobody: Client) -> None:
    answer = await nobody.soap("call", envelope("<QuerySoundMeta/>"))
    assert answer.status == 401
    assert answer.headers["www-authenticate"].startswith("Basic ")
    assert b"UNAUTHORIZED" in answer.body


async def test_a_sound_comes_and_goes_as_an_attachment(client: Client) -> None:
    data = wav_file(1.0)
    include = '<i:Include xmlns:i="http://www.w3.org/2004/08/xop/include" href="cid:a%40b"/>'
    root = envelope(f"<CreateSound><Name>A</Name><Data>{include}</Data></CreateSound>")

    async def send(root: str) -> Answer:
        parts = (
            b"--x\r\nContent-Type: application/xop+xml\r\nContent-ID: <root>\r\n\r\n",
            root.encode(),
            b"\r\n--x\r\nContent-Type: application/octet-stream\r\nContent-ID: <a@b>\r\n\r\n",
            data,
            b"\r\n--x--\r\n",
        )
        kind = 'multipart/related; type="application/xop+xml"; start="<root>"; boundary="x"'
        return await client.soap("call", b"".join(parts), content_type=kind)

    answer = await send(root)
    assert answer.status == 200, answer.text
    sound = payload(answer).text
    inline = base64.b64encode(data).decode()
    again = await client.soap(
        "call", envelope(f"<CreateSound><Name>B</Name><Data>{inline}</Data></CreateSound>")
    )
    assert payload(again).text == sound

    asked = envelope(f"<GetSoundData><Id>{sound}</Id><Format>WAV</Format></GetSoundData>")
    packed = await send(asked)
    head = f"Content-Type: {packed.headers['content-type']}\r\n\r\n".encode()
    message = message_from_bytes(head + packed.body)
    _, first, second = message.walk()
    assert b"cid:data@ringcast" in (first.get_payload(decode=True) or b"")
    assert second["Content-ID"] == "<data@ringcast>"
    plain = await client.soap("call", asked)
    assert base64.b64decode(payload(plain).text or "") == second.get_payload(decode=True)


async def test_what_is_not_here_is_not_implemented(client: Client) -> None:
    for operation in OPERATIONS:
        if operation.handler is not None:
            continue
        root = etree.Element(f"{{{V12}}}Envelope")
        body = etree.SubElement(root, f"{{{V12}}}Body")
        _element(body, SERVICE, operation.request.name, _least(operation.type))
        answer = await client.soap(operation.service, etree.tostring(root))
        assert b"<svc:FaultCode>NOT_IMPLEMENTED</svc:FaultCode>" in answer.body, answer.text
        assert operation.why in answer.text


def _least(type_: Complex) -> list[tuple[str, str, object]]:
    """Return the least that an element of a type can hold."""
    members: list[Member] = []
    for content in type_.contents():
        if not content.optional:
            members += content.options[0] if isinstance(content, Choice) else [content]
    return [
        (
            type_.space if one.reference is None else one.reference.space,
            one.name,
            _least(one.content)
            if isinstance(one.content, Complex) and one.content.text is None
            else "1",
        )
        for one in members
    ]


# whatever strangers send

_TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=12)
_NUMBERS = st.sampled_from(["12135550100", "+12135550101", "411", "abc", "1" * 40, "12135550100"])


def _simple(type_: Simple) -> st.SearchStrategy[str]:
    if type_.values:
        return st.sampled_from(type_.values)
    match type_.kind:
        case Kind.PHONE:
            return _NUMBERS
        case Kind.INTEGER:
            some = st.integers(-2, 12) | st.sampled_from([2**31 - 1, 2**63 - 1, -(2**63)])
            return some.map(str)
        case Kind.FLOAT:
            return st.sampled_from(["0", "1.5", "INF", "NaN", "-1e30"])
        case Kind.BOOLEAN:
            return st.sampled_from(["true", "false", "0", "1"])
        case Kind.MOMENT:
            return st.sampled_from(
                [
                    "2016-02-01T23:00:00Z",
                    "0001-01-01T00:00:00+14:00",
                    "9999-12-31T23:59:59-14:00",
                    "2016-02-01T24:00:00",
                ]
            )
        case Kind.TIME:
            return st.sampled_from(["08:00:00", "24:00:00", "00:00:00.5Z", "23:59:59+02:00"])
        case Kind.DATE:
            return st.sampled_from(["2016-07-05", "2036-07-05Z", "0001-01-01-14:00", "12016-01-01"])
        case Kind.BINARY:
            return st.binary(max_size=20).map(lambda data: base64.b64encode(data).decode())
        case _:
            if type_.name == "PhoneDigit":
                return st.sampled_from(list("0123456789*#"))
            if type_.name == "VerificationCode":
                return st.just("1234")
            zones = st.sampled_from(["America/Denver", "Mars/Base", "../x"])
            return _TEXTS | zones


@st.composite
def _children(draw: st.DrawFn, type_: Complex) -> list[tuple[str, str, object]]:
    """Draw what an element of a type can hold: children with their namespaces."""
    found: list[tuple[str, str, object]] = []

    def add(member: Member) -> None:
        reference = member.reference
        space = type_.space if reference is None else reference.space
        number = draw(st.integers(1, 3)) if member.many else 1
        found.extend((space, member.name, draw(_content(member.content))) for _ in range(number))

    for content in type_.contents():
        if isinstance(content, Choice):
            if not content.optional or draw(st.booleans()):
                for member in draw(st.sampled_from(content.options)):
                    add(member)
        elif not content.optional or draw(st.booleans()):
            add(content)
    return found


def _content(type_: Simple | ListOf | Complex) -> st.SearchStrategy[object]:
    if isinstance(type_, Simple):
        return _simple(type_)
    if isinstance(type_, ListOf):
        return st.lists(_simple(type_.item), max_size=3).map(" ".join)
    if type_.text is not None:
        return _content(type_.text)
    names = [one.name for one in type_.all_attributes()]
    if names and not list(type_.members()):
        some = st.sampled_from([*names, "color"])
        return st.dictionaries(some, _TEXTS | _NUMBERS, max_size=4)
    return _children(type_)


def _element(parent: etree._Element, space: str, name: str, inside: object) -> None:
    node = etree.SubElement(parent, f"{{{space}}}{name}")
    if isinstance(inside, str):
        node.text = inside
    elif isinstance(inside, dict):
        for key, value in inside.items():
            node.set(key, value)
    else:
        assert isinstance(inside, list)
        for child in inside:
            _element(node, *child)


_DONE = [one for one in OPERATIONS if one.handler is not None]


@st.composite
def messages(draw: st.DrawFn) -> tuple[str, bytes]:
    """Draw a service and a message to it, which the schema mostly allows."""
    operation = draw(st.sampled_from(_DONE if draw(st.integers(0, 9)) else OPERATIONS))
    root = etree.Element(f"{{{V12}}}Envelope")
    body = etree.SubElement(root, f"{{{V12}}}Body")
    _element(body, SERVICE, operation.request.name, draw(_children(operation.type)))
    data = etree.tostring(root)
    if draw(st.integers(0, 9)) == 0:  # and some are torn
        at = draw(st.integers(0, len(data)))
        data = data[:at] + draw(st.binary(max_size=4)) + data[at + draw(st.integers(0, 5)) :]
    return operation.service, data


async def _never_a_fault_of_ours(client: Client, number: int) -> None:
    loop = asyncio.get_running_loop()
    statuses: dict[int, int] = {}

    @settings(
        max_examples=number,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(messages())
    def send(message: tuple[str, bytes]) -> None:
        sending = client.soap(*message)
        answer = asyncio.run_coroutine_threadsafe(sending, loop).result(30)
        statuses[answer.status] = statuses.get(answer.status, 0) + 1
        assert answer.status in (200, 400), (message, answer.text)
        root = etree.fromstring(answer.body)
        if answer.status == 400:
            assert b"env:Sender" in answer.body
        else:
            assert root.find(f".//{{{V12}}}Fault") is None

    await asyncio.to_thread(send)
    assert statuses[200] > number / 30  # the messages do get somewhere
    assert statuses[400] > number / 20


async def test_no_message_is_answered_with_a_fault_of_ours(client: Client) -> None:
    await _never_a_fault_of_ours(client, 150)


@pytest.mark.long
@pytest.mark.timeout(1200)
async def test_no_message_of_ten_thousand_is_answered_with_a_fault_of_ours(client: Client) -> None:
    await _never_a_fault_of_ours(client, 10_000)

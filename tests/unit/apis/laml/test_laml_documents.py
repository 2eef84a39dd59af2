from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ringcast.apis.laml.documents import DocumentError, parse_document
from ringcast.apis.laml.identities import Family
from ringcast.apis.laml.interpreter import interpreter
from ringcast.apis.laml.settings import Settings
from ringcast.apis.laml.verbs import ATTRIBUTES, REFUSED
from ringcast.apis.laml.verbs.dial import NOUNS, NOUNS_REFUSED
from ringcast.domain.programs import NoteIncident, Say, Spoken
from tests.unit.apis.laml.programs import CALL, IDS, answer_of, drive

NUMBER = "+12135550100"


def response(*verbs: str) -> bytes:
    return f"<Response>{''.join(verbs)}</Response>".encode()


@pytest.mark.parametrize(
    ("code", "document"),
    [
        (12100, b"<Response><Say>no end"),
        (12100, b""),
        (12100, b"<response/>"),
        (12100, b"<Response>text</Response>"),
        (12100, b"<!DOCTYPE Response [<!ENTITY a 'b'>]><Response>&a;</Response>"),
        (12100, b"<Response>" + b"<Say>" * 30 + b"</Say>" * 30 + b"</Response>"),
        (11750, response("<Pause/>" * 9000)),
        (11750, response("<Pause/>" * 1001)),
        (13750, response("<say>x</say>")),
        (13750, response("<Sing/>")),
        *((13750, response(f"<{name}/>")) for name in REFUSED),
        *((90000, response(f'<{name} colour="red"/>')) for name in ATTRIBUTES),
        (20422, response('<Pause length="long"/>')),
        (20422, response('<Say loop="-1">x</Say>')),
        (20422, response('<Say language="!">x</Say>')),
        (20422, response(f"<Say>{'x' * 4097}</Say>")),
        (13215, response("<Say><voice/></Say>")),
        (13215, response("<Pause><Say/></Pause>")),
        (21455, response("<Play>ftp://x/y</Play>")),
        (21455, response("<Play/>")),
        (13222, response('<Play digits="x"/>')),
        (20422, response('<Play digits="1">/x</Play>')),
        (10001, response('<Gather input="speech"/>')),
        (20422, response('<Gather finishOnKey="x"/>')),
        (20422, response('<Gather numDigits="0"/>')),
        (13221, response('<Gather method="PUT"/>')),
        (13215, response("<Gather><Dial>1</Dial></Gather>")),
        (13215, response('<Gather><Play digits="1"/></Gather>')),
        (90000, response('<Gather><Pause/><Say loop="0">x</Say></Gather>')),
        (13215, response("<Dial/>")),
        (13215, response(f"<Dial>{NUMBER}<Number>{NUMBER}</Number></Dial>")),
        (13215, response(f"<Dial>{f'<Number>{NUMBER}</Number>' * 11}</Dial>")),
        (13223, response("<Dial>everybody</Dial>")),
        (13223, response(f'<Dial callerId="me">{NUMBER}</Dial>')),
        (13222, response(f'<Dial><Number sendDigits="x">{NUMBER}</Number></Dial>')),
        (13243, response("<Dial><Sip>user@host</Sip></Dial>")),
        (13243, response("<Dial><Sip>sip:user@host?Route=x</Sip></Dial>")),
        (20422, response(f'<Dial timeout="4">{NUMBER}</Dial>')),
        (20422, response(f'<Dial hangupOnStar="yes">{NUMBER}</Dial>')),
        *(
            (13750 if name in ("Conference", "Queue", "Client") else 13215,
             response(f"<Dial><{name}>x</{name}></Dial>"))
            for name in NOUNS_REFUSED
        ),
        (20422, response('<Reject reason="tired"/>')),
        (21455, response("<Redirect/>")),
    ],
)  # fmt: skip
def test_document_that_cannot_be_run_is_refused_with_the_documented_code(
    code: int, document: bytes
) -> None:
    with pytest.raises(DocumentError) as refused:
        parse_document(document)

    assert refused.value.code == code


def test_white_space_comments_and_the_declaration_change_nothing() -> None:
    document = parse_document(
        b'\n<?xml version="1.0" encoding="UTF-8"?>\n<!-- a --><Response>\n <!-- b -->'
        b"<Dial>\n +12135550100\n</Dial> <?php x?> </Response>"
    )

    assert len(document.verbs) == 1


def test_forty_verbs_are_done_in_their_order() -> None:
    words = [f"number {n}" for n in range(40)]

    steps = drive(response(*(f"<Say>{word}</Say>" for word in words)).decode())

    heard = [
        p.text for s in steps if isinstance(s, Say) for p in s.prompts if isinstance(p, Spoken)
    ]
    assert heard == words


_ATTRIBUTES = sorted({one for names in [*ATTRIBUTES.values(), *NOUNS.values()] for one in names})
_VALUES = st.sampled_from(
    ["", "0", "1", "5", "true", "false", "GET", "POST", "#", "/next", "http://a.example/b",
     NUMBER, "*", "1w2", "man", "de", "-1", "999999999999"]
)  # fmt: skip
_NAMES = st.sampled_from([*ATTRIBUTES, *REFUSED, *NOUNS, "Conference", "break", "sub", "Sing"])
_TEXTS = st.sampled_from(["", " ", "hello", NUMBER, "http://a.example/x.wav", "sip:a@b.example"])


def _written(name: str, given: dict[str, str], text: str, inside: list[str]) -> str:
    attributes = "".join(f' {key}="{value}"' for key, value in given.items())
    return f"<{name}{attributes}>{text}{''.join(inside)}</{name}>"


def _elements(children: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    attributes = st.dictionaries(st.sampled_from(_ATTRIBUTES), _VALUES, max_size=2)
    return st.builds(_written, _NAMES, attributes, _TEXTS, st.lists(children, max_size=2))


_DOCUMENTS = st.lists(st.recursive(st.just("<Pause/>"), _elements, max_leaves=4), max_size=5).map(
    lambda verbs: response(*verbs)
)


@settings(max_examples=300, deadline=None)
@given(document=st.one_of(_DOCUMENTS, st.binary(max_size=200)))
def test_random_document_gives_a_documented_error_or_a_run_that_ends(document: bytes) -> None:
    code = _code_of(document)
    if code is not None:
        assert 10_000 <= code <= 99_999
        return
    run = Settings(family=Family.TWILIO, signing_key="k" * 32, inline="true")
    program = interpreter(IDS)(document.decode(), run.written(), CALL)

    step = next(program, None)
    for _ in range(200):
        if step is None:
            return
        try:
            step = program.send(answer_of(step))
        except StopIteration:
            return
    program.close()  # it asks for its own action for ever: whoever runs it sets the limit


def _code_of(document: bytes) -> int | None:
    try:
        parse_document(document)
    except DocumentError as error:
        return error.code
    return None


@pytest.mark.parametrize("is_answered", [True, False])
def test_an_answer_that_cannot_wait_for_the_bridge_is_warned_of(is_answered: bool) -> None:
    call = replace(CALL, answered_at=CALL.answered_at if is_answered else None)
    steps = drive(f'<Response><Dial answerOnBridge="true">{NUMBER}</Dial></Response>', call=call)

    warnings = [one.message for one in steps if isinstance(one, NoteIncident)]
    assert len(warnings) == (0 if is_answered else 1)
    assert all("answerOnBridge" in one for one in warnings)

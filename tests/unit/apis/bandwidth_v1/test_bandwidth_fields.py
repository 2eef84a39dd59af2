"""Properties are read as the vendor's clients write them."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ringcast.apis.bandwidth_v1.audio_requests import command_of
from ringcast.apis.bandwidth_v1.errors import Refused
from ringcast.apis.bandwidth_v1.fields import Fields, read_fields
from ringcast.apis.bandwidth_v1.identities import Ids, Kind
from ringcast.domain.programs import FromUrl, Spoken
from ringcast.domain.public_ids import PublicIds
from ringcast.services.call_commands import PlayAudio, StopAudio
from ringcast.web.errors import BadRequest

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


def fields(**values: object) -> Fields:
    return Fields(values, resource="audio")


def test_numbers_and_booleans_may_be_text_and_null_is_absent() -> None:
    given = fields(a="5", b=5.0, c="TRUE", d=None)
    assert given.whole("a", 0, least=1, most=9) == given.whole("b", 0, least=1, most=9) == 5
    assert given.flag("c") is True
    assert "d" not in given
    assert given.whole("d", 7, least=1, most=9) == 7


@pytest.mark.parametrize("value", [0, 10, "x", True, 1.5, [], {}])
def test_what_is_no_number_within_limits_is_refused(value: object) -> None:
    with pytest.raises(Refused):
        fields(a=value).whole("a", 5, least=1, most=9)


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        (
            {"fileUrl": "http://x/a.wav", "sentence": None, "loopEnabled": "true", "tag": "t"},
            PlayAudio(prompt=FromUrl(url="http://x/a.wav"), loop=None, reference="t"),
        ),
        (
            {"sentence": "Hi", "voice": "Simon", "locale": "en_uk", "gender": "female"},
            PlayAudio(prompt=Spoken(text="Hi", language="en-GB", gender="male")),
        ),
        (
            {"fileUrl": {"sentence": "Hi", "fileUrl": None}, "sentence": None},
            PlayAudio(prompt=Spoken(text="Hi")),
        ),
        ({"fileUrl": ""}, StopAudio(is_speech=False)),
        ({"sentence": ""}, StopAudio(is_speech=True)),
    ],
)
def test_audio_is_asked_for(given: dict[str, object], wanted: object) -> None:
    assert command_of(Fields(given, resource="audio")) == wanted


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"fileUrl": "ftp://x/a"},
        {"sentence": "x" * 1001},
        {"sentence": "Hi", "voice": "nobody"},
        {"sentence": "Hi", "volume": 3},
        {"sentence": "Hi", "fileUrl": "http://x/a"},
        {"fileUrl": "http://x/a", "surprise": 1},
    ],
)
def test_audio_that_cannot_be_had_is_refused(given: dict[str, object]) -> None:
    with pytest.raises(Refused):
        command_of(Fields(given, resource="audio"))


# The first draw of a text, in a process that has drawn none, reads the tables of Unicode.
@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(st.sampled_from(["fileUrl", "sentence", "loopEnabled", "voice"]), JSON))
def test_nothing_else_than_a_refusal_comes_of_bad_audio(given: dict[str, object]) -> None:
    with suppress(Refused):
        command_of(Fields(given, resource="audio"))


@pytest.mark.parametrize("body", [b"[]", b"{", b"1", b"\xff", b"[" * 50_000])
def test_bodies_that_are_no_object_are_refused(body: bytes) -> None:
    with pytest.raises(BadRequest):
        read_fields(body, resource="call")


@given(st.integers(min_value=1, max_value=2**53))
def test_identifiers_come_back_and_only_as_what_they_are(number: int) -> None:
    ids = Ids(PublicIds(b"k" * 32))
    text = ids.of(Kind.CALL, number)
    assert ids.number(Kind.CALL, text) == number
    assert ids.number(Kind.GATHER, text) == 0
    assert ids.number(Kind.CALL, text[:-1] + ("a" if text[-1] != "a" else "e")) == 0

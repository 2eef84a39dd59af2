"""Parts of content (RFC 9110 section 14)."""

from __future__ import annotations

import pytest
from starlette.requests import Request
from starlette.responses import Response

from ringcast.web.errors import UnsatisfiableRange
from ringcast.web.ranges import content_response, parse_range

TEXT = b"0123456789"


def ask(method: str = "GET", **headers: str) -> Response:
    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    request = Request({"type": "http", "method": method, "headers": raw})
    return content_response(request, TEXT, media_type="audio/wav", etag="tag")


@pytest.mark.parametrize(
    ("header", "span"),
    [
        ("bytes=0-3", (0, 3)),
        ("bytes=4-", (4, 9)),
        ("bytes=-3", (7, 9)),
        ("bytes=-30", (0, 9)),
        ("bytes=8-100", (8, 9)),
        ("BYTES=9-9", (9, 9)),
    ],
)
def test_a_range_is_cut_to_what_there_is(header: str, span: tuple[int, int]) -> None:
    assert parse_range(header, 10) == span


@pytest.mark.parametrize(
    "header", ["bytes=-", "bytes=5-2", "bytes=1-2,4-5", "lines=1-2", "bytes=a-b", "", "bytes=1"]
)
def test_what_is_no_single_range_gets_everything(header: str) -> None:
    assert parse_range(header, 10) is None


@pytest.mark.parametrize("header", ["bytes=10-", "bytes=10-12", "bytes=-0"])
def test_a_range_outside_is_refused(header: str) -> None:
    with pytest.raises(UnsatisfiableRange) as refused:
        parse_range(header, 10)
    assert refused.value.size == 10


def test_all_is_sent_with_a_tag_when_nothing_else_is_asked() -> None:
    response = ask()
    assert (response.status_code, response.body) == (200, TEXT)
    assert response.headers["etag"] == '"tag"'
    assert response.headers["accept-ranges"] == "bytes"


def test_a_part_is_sent_with_its_place() -> None:
    response = ask(range="bytes=2-4")
    assert (response.status_code, response.body) == (206, b"234")
    assert response.headers["content-range"] == "bytes 2-4/10"


def test_a_part_of_other_content_is_not_mixed_in() -> None:
    assert ask(range="bytes=2-4", if_range='"tag"').status_code == 206
    assert ask(range="bytes=2-4", if_range='"old"').status_code == 200


def test_ranges_are_for_get_only() -> None:
    assert ask("HEAD", range="bytes=2-4").status_code == 200


@pytest.mark.parametrize("known", ['"tag"', 'W/"tag"', '"a", "tag"', "*"])
def test_known_content_is_not_sent_again(known: str) -> None:
    response = ask(if_none_match=known)
    assert (response.status_code, response.body) == (304, b"")
    assert ask(if_none_match='"other"').status_code == 200

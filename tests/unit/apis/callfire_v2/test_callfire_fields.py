"""The parameter `fields`."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringcast.apis.callfire_v2.fields import Fields, parse_fields, project, project_list
from ringcast.domain.errors import InvalidInput

CALL = {
    "id": 7,
    "state": "FINISHED",
    "records": [{"id": 1, "result": "LA"}, {"id": 2, "result": "AM"}],
    "attributes": {"a": "b"},
}
PAGE = {"items": [CALL], "limit": 10, "offset": 0, "totalCount": 1}


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ("id", {"id": None}),
        ("id,name", {"id": None, "name": None}),
        (" id , items ( id , name ) ", {"id": None, "items": {"id": None, "name": None}}),
        (
            "id,items(name,agents(id)),limit",
            {"id": None, "items": {"name": None, "agents": {"id": None}}, "limit": None},
        ),
        ("a(b(c(d(e(f(g(h)))))))", None),
    ],
)
def test_names_nest_by_parentheses(text: str, fields: Fields | None) -> None:
    parsed = parse_fields(text)
    assert parsed is not None
    assert fields is None or parsed == fields


@pytest.mark.parametrize("text", [None, "", "  "])
def test_nothing_wants_everything(text: str | None) -> None:
    assert parse_fields(text) is None
    assert project(CALL, None) is CALL
    assert project_list(PAGE, None) is PAGE


@pytest.mark.parametrize(
    "text",
    [
        ",",
        "id,",
        ",id",
        "id,,name",
        "id name",
        "items(",
        "items(id",
        "items()",
        "items(id))",
        "(id)",
        ")",
        "id;name",
        "id,nàme",
        "a(b(c(d(e(f(g(h(i))))))))",
        "x" * 65,
        "id," * 1000 + "id",
        "(" * 1999,
    ],
)
def test_what_cannot_be_read_is_refused_by_name(text: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        parse_fields(text)
    assert refused.value.field == "fields"


@given(st.text("ab,() ;é", max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(InvalidInput):
        fields = parse_fields(text)
        assert (fields is None) == (not text.strip())


def test_an_object_keeps_what_is_named() -> None:
    assert project(CALL, parse_fields("state,id,unknown")) == {"id": 7, "state": "FINISHED"}
    assert project(CALL, parse_fields("records(result)")) == {
        "records": [{"result": "LA"}, {"result": "AM"}]
    }
    assert project(CALL, parse_fields("id(x)")) == {"id": 7}


@pytest.mark.parametrize("text", ["items(id)", "id", "limit,items(id)", "limit,id"])
def test_a_page_keeps_its_paging_and_what_is_named_of_its_items(text: str) -> None:
    assert project_list(PAGE, parse_fields(text)) == {**PAGE, "items": [{"id": 7}]}


def test_items_without_parentheses_are_whole() -> None:
    assert project_list(PAGE, parse_fields("items")) == PAGE
    assert project_list(PAGE, parse_fields("items,limit")) == PAGE


def test_only_page_members_leave_items_empty() -> None:
    assert project_list(PAGE, parse_fields("totalCount")) == {**PAGE, "items": [{}]}

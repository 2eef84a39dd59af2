"""Basic credentials from a header."""

from __future__ import annotations

from base64 import b64encode

import pytest

from ringcast.web.credentials import BasicCredentials, parse_basic


def header(text: str, *, scheme: str = "Basic") -> str:
    return f"{scheme} {b64encode(text.encode()).decode()}"


@pytest.mark.parametrize("scheme", ["Basic", "basic", "BASIC"])
def test_scheme_has_no_case(scheme: str) -> None:
    assert parse_basic(header("joe:s3cret", scheme=scheme)) == BasicCredentials("joe", "s3cret")


def test_the_secret_may_hold_colons_and_be_empty() -> None:
    assert parse_basic(header("joe:a:b")) == BasicCredentials("joe", "a:b")
    assert parse_basic(header("joe:")) == BasicCredentials("joe", "")
    assert parse_basic(header("zoë:ü")) == BasicCredentials("zoë", "ü")


def test_the_secret_does_not_show() -> None:
    assert "s3cret" not in repr(BasicCredentials("joe", "s3cret"))


@pytest.mark.parametrize(
    "value",
    [
        None,
        "",
        "Basic",
        "Basic ",
        "Bearer am9lOnM=",
        "Basic !!!",
        "Basic am9lOnM",  # padding missing
        "Basic /w==",  # not UTF-8
        header("no colon"),
        header(":nobody"),
        header("joe:a\x00b"),
        header("joe\n:a"),
        header("joe:" + "x" * 2000),
    ],
)
def test_what_is_no_basic_credential_is_none(value: str | None) -> None:
    assert parse_basic(value) is None

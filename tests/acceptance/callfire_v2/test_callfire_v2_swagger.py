"""CallFire v2: the document that client libraries read first."""

from __future__ import annotations

from collections.abc import AsyncIterator

import aiohttp
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount

from ringcast.apis.callfire_v2 import callfire_v2
from ringcast.web.access_log import AccessLog
from tests.acceptance.callfire_v2.conftest import Client, Rig, serving

DOCUMENT = "/api-docs/swagger.json"


@pytest.fixture
async def behind_a_proxy(rig: Rig, session: aiohttp.ClientSession) -> AsyncIterator[Client]:
    """A client of a server that is told the address clients use."""
    dialect = callfire_v2(rig.services(), public_url="https://calls.example.net/phone")
    async with serving(AccessLog(Starlette(routes=[Mount("/v2", app=dialect)]))) as base:
        yield Client(base, session, None)


async def test_nobody_needs_a_credential_to_read_it(nobody: Client, rig: Rig) -> None:
    answer = await nobody("GET", DOCUMENT)
    assert answer.status == 200
    assert answer.json["swagger"] == "2.0"
    assert answer.json["host"] == rig.base.removeprefix("http://")
    assert answer.json["basePath"] == "/v2"
    assert answer.json["schemes"] == ["http"]


async def test_it_names_the_public_address_if_there_is_one(behind_a_proxy: Client) -> None:
    answer = await behind_a_proxy("GET", DOCUMENT)
    assert answer.json["host"] == "calls.example.net"
    assert answer.json["basePath"] == "/phone/v2"
    assert answer.json["schemes"] == ["https"]


async def test_it_can_only_be_read(nobody: Client) -> None:
    answer = await nobody("POST", DOCUMENT)
    assert (answer.status, answer.headers["allow"]) == (405, "GET")
    assert answer.json["httpStatusCode"] == 405
    assert (await nobody("HEAD", DOCUMENT)).status == 200


async def test_sounds_are_described_as_forms_and_media(nobody: Client) -> None:
    paths = (await nobody("GET", DOCUMENT)).json["paths"]
    upload = paths["/campaigns/sounds/files"]["post"]
    assert upload["consumes"] == ["multipart/form-data"]
    assert [(p["name"], p["type"]) for p in upload["parameters"] if p["in"] == "formData"] == [
        ("file", "file"),
        ("name", "string"),
    ]
    download = paths["/campaigns/sounds/{id}.mp3"]["get"]
    assert download["produces"] == ["audio/mpeg", "application/json"]
    assert download["responses"]["200"]["schema"] == {"type": "file"}

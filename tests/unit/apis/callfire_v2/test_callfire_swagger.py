"""The Swagger document against the table of operations, and against CallFire's own."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from ringcast.apis.callfire_v2.operation import Operation
from ringcast.apis.callfire_v2.routes import OPERATIONS
from ringcast.apis.callfire_v2.shapes import SHAPES
from ringcast.apis.callfire_v2.swagger import document

SPECS = Path(__file__).parents[5] / "shared" / "specs" / "callfire-2"
OURS: dict[str, Any] = msgspec.json.decode(
    msgspec.json.encode(document(scheme="http", host="127.0.0.1:8080", base_path="/v2"))
)
AVAILABLE = [operation for operation in OPERATIONS if operation.handler is not None]

# What CallFire's description of 2019 has not: samples show the members; `fields` is ours.
NOT_DESCRIBED = {
    "callResult",
    "dialPlanXml",  # of a broadcast that is given: samples spell `dialplanXml` so, too
    "duplicate",
    "problem",  # ours: what was wrong with the file of a contact list
    ("getAccount", "fields"),
    ("getCallerIds", "fields"),
}


def ours(operation: Operation) -> dict[str, Any]:
    described: dict[str, Any] = OURS["paths"][operation.path][operation.method.lower()]
    return described


def callfires() -> dict[str, Any]:
    path = SPECS / "2019" / "spec.json"
    if not path.is_file():
        pytest.skip(f"no description of CallFire's in {SPECS}")
    theirs: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return theirs


def all_of(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, described in methods.items():
            if method in ("get", "post", "put", "delete"):
                yield path, method, described


def test_every_operation_is_described_by_its_id_and_tag() -> None:
    assert {(path, method.upper(), one["operationId"]) for path, method, one in all_of(OURS)} == {
        (o.path, o.method, o.id) for o in OPERATIONS
    }
    for operation in OPERATIONS:
        assert ours(operation)["tags"] == [operation.tag]
    assert {tag["name"] for tag in OURS["tags"]} == {o.tag for o in OPERATIONS}


def test_every_available_operation_says_what_it_takes_and_gives() -> None:
    missing = [operation.id for operation in AVAILABLE if operation.id not in SHAPES]
    assert not missing, "give each of these a row in apis/callfire_v2/shapes.py"
    assert set(SHAPES) <= {operation.id for operation in AVAILABLE}
    for operation in AVAILABLE:
        answers = ours(operation)["responses"]
        assert set(answers) == {"default", str(SHAPES[operation.id].status)}, operation.id


def test_an_operation_that_is_not_available_says_so() -> None:
    for operation in OPERATIONS:
        says_so = ours(operation)["description"].startswith("Not available on this system")
        assert says_so == (operation.handler is None), operation.id


def test_parameters_are_those_of_the_path_and_those_that_have_an_effect() -> None:
    for operation in AVAILABLE:
        parameters = ours(operation)["parameters"]
        assert {p["name"] for p in parameters if p["in"] == "query"} == operation.takes
        in_path = {p["name"]: p["required"] for p in parameters if p["in"] == "path"}
        assert in_path == dict.fromkeys(re.findall(r"{(\w+)}", operation.path), True)


def test_every_reference_leads_to_a_definition() -> None:
    text = json.dumps(OURS)
    wanted = set(re.findall(r'"#/definitions/(\w+)"', text))
    assert wanted == set(OURS["definitions"])
    assert set(re.findall(r'"#/responses/(\w+)"', text)) == set(OURS["responses"])


def test_the_address_is_the_one_given() -> None:
    made = document(scheme="https", host="calls.example.net", base_path="/phone/v2")
    assert (made["host"], made["basePath"], made["schemes"]) == (
        "calls.example.net", "/phone/v2", ["https"],
    )  # fmt: skip


@pytest.mark.parametrize("host", ["", "a b", "x/../y", "user@example.net", '"><script>'])
def test_a_host_that_is_none_is_left_out(host: str) -> None:
    assert "host" not in document(scheme="http", host=host, base_path="/v2")


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:8080", "[::1]:8080", "a-b.example.net"])
def test_a_host_may_be_a_name_or_an_address(host: str) -> None:
    assert document(scheme="http", host=host, base_path="/v2")["host"] == host


def resolved(schema: dict[str, Any]) -> dict[str, Any]:
    if "$ref" in schema:
        found: dict[str, Any] = OURS["definitions"][schema["$ref"].rpartition("/")[2]]
        return found
    return schema


def compared(where: str, mine: dict[str, Any], theirs: dict[str, Any]) -> int:
    """Compare types, member by member; return how many members were compared."""
    mine = resolved(mine)
    for part in theirs.get("allOf", ()):  # a page is a list of anything, and one of the items
        theirs = theirs | {"properties": theirs.get("properties", {}) | part["properties"]}
    if not theirs.get("properties") and "items" not in theirs:  # the items of a bare list, too
        assert theirs.get("type", "object") == mine["type"], where
        return 0
    if mine["type"] == "array":
        return compared(f"{where}[]", mine["items"], theirs["items"])
    count = 0
    for member, schema in mine.get("properties", {}).items():
        if member not in NOT_DESCRIBED:
            assert member in theirs["properties"], f"{where}.{member}"
            count += 1 + compared(f"{where}.{member}", schema, theirs["properties"][member])
    return count


def test_the_members_of_every_model_are_callfires_with_their_types() -> None:
    theirs = {one["operationId"]: one for _, _, one in all_of(callfires())}
    count = 0
    for operation in AVAILABLE:
        shape = SHAPES[operation.id]
        if operation.id not in theirs or shape.media is not None:
            continue
        for parameter in ours(operation)["parameters"]:
            if parameter["in"] == "body":
                schema = theirs[operation.id]["requestBody"]["content"]["application/json"][
                    "schema"
                ]
                count += compared(f"{operation.id} takes ", parameter["schema"], schema)
        if shape.gives is not None:
            mine = ours(operation)["responses"][str(shape.status)]["schema"]
            answers = theirs[operation.id]["responses"]
            answer = answers.get("200") or answers["201"]
            schema = answer["content"]["application/json"]["schema"]
            count += compared(f"{operation.id} gives ", mine, schema)
    assert count > 80


def test_parameters_have_the_types_callfire_gives_them() -> None:
    theirs = {one["operationId"]: one for _, _, one in all_of(callfires())}
    for operation in AVAILABLE:
        if operation.id not in theirs:
            continue  # later than 2019
        given = {p["name"]: p["schema"] for p in theirs[operation.id].get("parameters", [])}
        for parameter in ours(operation)["parameters"]:
            if parameter["in"] not in ("query", "path"):
                continue
            where = (operation.id, parameter["name"])
            if where in NOT_DESCRIBED:
                continue
            assert parameter["name"] in given, where
            assert parameter["type"] == given[parameter["name"]]["type"], where


def test_operations_have_the_methods_paths_and_ids_callfire_gives_them() -> None:
    rows = {(operation.method, operation.path, operation.id) for operation in OPERATIONS}
    for path, method, one in all_of(callfires()):
        assert (method.upper(), path, one["operationId"]) in rows

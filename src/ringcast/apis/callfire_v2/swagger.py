"""The Swagger 2.0 document that client libraries read before they call anything.

It is made from the table of operations and from the structures that bodies are decoded to and
encoded from. Client libraries take their methods from operationIds and tags, and the server's
address from `host`, `basePath` and `schemes`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, Final

from msgspec import inspect
from starlette.requests import Request
from starlette.responses import Response

from ringcast.apis.callfire_v2.errors import ErrorBody
from ringcast.apis.callfire_v2.operation import Operation
from ringcast.apis.callfire_v2.routes import OPERATIONS
from ringcast.apis.callfire_v2.shapes import MODEL_NAMES, SHAPES, Shape
from ringcast.web.addresses import address_of
from ringcast.web.json import json_response

__all__ = ["PATH", "SwaggerDocument", "document"]

PATH: Final = "/api-docs/swagger.json"

_JSON = "application/json"
_HOST = re.compile(r"[A-Za-z0-9.\-]{1,255}(:\d{1,5})?|\[[0-9A-Fa-f:.]{2,45}\](:\d{1,5})?")
_VARIABLE = re.compile(r"\{(\w+)\}")

_LONG: Mapping[str, object] = {"type": "integer", "format": "int64"}
_BOOLEAN: Mapping[str, object] = {"type": "boolean"}
_STRING: Mapping[str, object] = {"type": "string"}

# Query parameters by type; all others are strings.
_LONGS = frozenset(
    {
        "batchId", "begin", "campaignId", "contactListId", "defaultLiveMessageSoundId",
        "defaultMachineMessageSoundId", "end", "intervalBegin", "intervalEnd", "limit", "offset",
    }
)  # fmt: skip
_BOOLEANS = frozenset(
    {
        "call", "enable", "enabled", "inbound", "inboundCall", "inboundText", "includeArchived",
        "includePending", "includeScrubbed", "running", "scheduled", "start", "strictValidation",
        "text",
    }
)  # fmt: skip
_ARRAYS = {"id": _LONG, "contactId": _LONG, "number": _STRING}
_DEFAULTS = {"limit": 100, "offset": 0}


class SwaggerDocument:
    """Answers with the document, naming the address of this server."""

    def __init__(self, *, public_url: str | None) -> None:
        """`public_url` is the address clients reach the server at, such as https://calls.example;
        without it the document names the address of the request."""
        self._public_url = public_url

    def answer(self, request: Request) -> Response:
        """GET /api-docs/swagger.json, for which nobody needs a credential."""
        scheme, host, root = address_of(request, self._public_url)
        return json_response(document(scheme=scheme, host=host, base_path=root))


def document(*, scheme: str, host: str, base_path: str) -> Mapping[str, object]:
    """Return the document of a server at `scheme`://`host``base_path`.

    A host that cannot be one is left out: clients then use the one they read the document from.
    """
    address: dict[str, object] = {"basePath": base_path or "/", "schemes": [scheme]}
    if _HOST.fullmatch(host):
        address["host"] = host
    return {"swagger": "2.0", **address, **_unchanging()}


@cache
def _unchanging() -> Mapping[str, object]:
    """Return all that does not depend on where the server is."""
    models = _Models()
    paths: dict[str, dict[str, object]] = {}
    for operation in OPERATIONS:
        methods = paths.setdefault(operation.path, {})
        methods[operation.method.lower()] = _operation(operation, models)
    error = models.schema(inspect.type_info(ErrorBody))
    return {
        "info": {
            "title": "Ringcast, CallFire API v2",
            "version": "2",
            "description": "Self-hosted. Operations that are not available say so and answer 501.",
        },
        "tags": [{"name": tag} for tag in sorted({o.tag for o in OPERATIONS})],
        "consumes": [_JSON],
        "produces": [_JSON],
        "securityDefinitions": {"basicAuth": {"type": "basic"}},
        "security": [{"basicAuth": []}],
        "paths": paths,
        "responses": {
            "Refused": {"description": "What was wrong; nothing was done.", "schema": error}
        },
        "definitions": models.definitions,
    }


def _operation(operation: Operation, models: _Models) -> Mapping[str, object]:
    described: dict[str, object] = {
        "operationId": operation.id,
        "tags": [operation.tag],
        "summary": _sentence(operation.id),
        "description": _description(operation),
        "security": [{"basicAuth": []}],
    }
    parameters: list[Mapping[str, object]] = [
        _path_parameter(name) for name in _VARIABLE.findall(operation.path)
    ]
    answers: dict[str, object] = {"default": {"$ref": "#/responses/Refused"}}
    shape = SHAPES.get(operation.id)
    if operation.handler is not None and shape is not None:
        parameters += [_query_parameter(name) for name in sorted(operation.takes)]
        parameters += _body(shape, models)
        answers[str(shape.status)] = _answer(shape, models)
        if shape.form:
            described["consumes"] = ["multipart/form-data"]
        if shape.media is not None:
            described["produces"] = [shape.media, _JSON]
    return {**described, "parameters": parameters, "responses": answers}


def _path_parameter(name: str) -> Mapping[str, object]:
    is_number = name in ("id", "contactId")
    return {"name": name, "in": "path", "required": True, **(_LONG if is_number else _STRING)}


def _query_parameter(name: str) -> Mapping[str, object]:
    place: dict[str, object] = {"name": name, "in": "query", "required": False}
    if name in _ARRAYS:
        return {**place, "type": "array", "items": _ARRAYS[name], "collectionFormat": "multi"}
    if name in _DEFAULTS:
        return {**place, **_LONG, "default": _DEFAULTS[name]}
    if name in _LONGS:
        return {**place, **_LONG}
    return {**place, **(_BOOLEAN if name in _BOOLEANS else _STRING)}


def _body(shape: Shape, models: _Models) -> Sequence[Mapping[str, object]]:
    if shape.takes is not None:
        schema = models.schema(inspect.type_info(shape.takes))
        return [{"name": "body", "in": "body", "required": False, "schema": schema}]
    return [
        {
            "name": part.name,
            "in": "formData",
            "required": part.required,
            "type": "file" if part.is_file else "string",
        }
        for part in shape.form
    ]


def _answer(shape: Shape, models: _Models) -> Mapping[str, object]:
    if shape.media is not None:
        return {"description": "The content.", "schema": {"type": "file"}}
    if shape.gives is None:
        return {"description": "Done."}
    return {"description": "Done.", "schema": models.schema(inspect.type_info(shape.gives))}


def _description(operation: Operation) -> str:
    if operation.handler is None:
        return "Not available on this system: answers 501."
    notes = operation.notes and f"{operation.notes[0].upper()}{operation.notes[1:]}."
    refused = ", ".join(operation.refuses)
    return " ".join(part for part in (notes, refused and f"Refused: {refused}.") if part)


def _sentence(operation_id: str) -> str:
    """Return the words of an operationId: `findCallBroadcasts` becomes "Find call broadcasts"."""
    words = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+\d*", operation_id)
    first, *others = (word if word.isupper() else word.lower() for word in words)
    return " ".join([first.capitalize(), *others])


class _Models:
    """Collects the definitions that schemas refer to."""

    def __init__(self) -> None:
        self.definitions: dict[str, dict[str, Any]] = {}
        self._defined: set[tuple[str, Any]] = set()

    def schema(self, kind: inspect.Type) -> Mapping[str, object]:
        """Return the schema of a type; structures become definitions.

        Swagger 2.0 knows no null: a member that may be None is one that may be absent.
        """
        match kind:
            case inspect.StructType():
                return {"$ref": f"#/definitions/{self._define(kind)}"}
            case inspect.UnionType():
                return self._union(kind)
            case inspect.ListType() | inspect.CollectionType():
                return {"type": "array", "items": self.schema(kind.item_type)}
            case inspect.DictType():
                return {"type": "object", "additionalProperties": self.schema(kind.value_type)}
            case inspect.BoolType():
                return _BOOLEAN
            case inspect.IntType():
                return _LONG
            case inspect.FloatType():
                return {"type": "number", "format": "double"}
            case inspect.StrType():
                return _STRING
        raise TypeError(f"{kind} has no schema: give the structure a plain type")

    def _union(self, kind: inspect.UnionType) -> Mapping[str, object]:
        others = [one for one in kind.types if not isinstance(one, inspect.NoneType)]
        if len(others) == 1:
            return self.schema(others[0])
        if any(isinstance(one, inspect.StrType) for one in others):
            return _STRING  # numbers and truth values may come as strings, and mean the same
        raise TypeError(f"{kind} has no schema: Swagger 2.0 has no alternatives")

    def _define(self, kind: inspect.StructType) -> str:
        """Define a structure once; one to be read and one to be written may be one model."""
        name = _model_name(kind.cls)
        if (name, kind.cls) not in self._defined:
            self._defined.add((name, kind.cls))
            properties = self.definitions.setdefault(name, {"type": "object", "properties": {}})[
                "properties"
            ]
            for field in kind.fields:
                if not isinstance(field.type, inspect.AnyType):  # known, to be refused
                    properties.setdefault(field.encode_name, self.schema(field.type))
        return name


def _model_name(structure: Any) -> str:
    """Return CallFire's name of a structure: `ItemPage[CallBody]` is its `CallPage`."""
    arguments = getattr(structure, "__args__", ())
    if arguments:
        kind: str = structure.__origin__.__name__
        return _model_name(arguments[0]) + kind.removeprefix("Item")
    name: str = structure.__name__
    return MODEL_NAMES.get(name, name.removesuffix("Body"))

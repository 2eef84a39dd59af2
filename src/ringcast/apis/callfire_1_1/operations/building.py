"""How operations are written down: those that create, find, list, do or play something."""

from __future__ import annotations

from collections.abc import Mapping

from ringcast.apis.callfire_1_1.operation import Handler, Operation
from ringcast.apis.callfire_1_1.schema import Element
from ringcast.apis.callfire_1_1.service_types import CREATED_ID, request, result

__all__ = [
    "NO_SHOP",
    "VOICE_ONLY",
    "creates",
    "does",
    "finds",
    "lists",
    "plays",
]

VOICE_ONLY = "this system makes telephone calls, and neither sends nor receives messages"
NO_SHOP = "numbers come with your trunk: the operator adds them with `ringcast number add`"


def creates(
    service: str,
    name: str,
    path: str,
    handler: Handler | None = None,
    *,
    location: str = "",
    notes: str = "",
    why: str = "",
) -> Operation:
    """Return one that makes something and answers its identifier; `location` is where that is."""
    return Operation(
        service=service,
        name=name,
        request=request(name),
        response=CREATED_ID,
        method="POST",
        path=path,
        handler=handler,
        location=location,
        notes=notes,
        why=why,
    )


def finds(
    service: str,
    name: str,
    path: str,
    item: Element,
    handler: Handler | None = None,
    *,
    method: str = "GET",
    notes: str = "",
    why: str = "",
) -> Operation:
    """Return one that answers a single thing."""
    return Operation(
        service=service,
        name=name,
        request=request(name),
        response=item,
        item=item,
        method=method,
        path=path,
        handler=handler,
        notes=notes,
        why=why,
    )


def lists(
    service: str,
    name: str,
    path: str,
    item: Element,
    handler: Handler | None = None,
    *,
    asks: str = "",
    notes: str = "",
    why: str = "",
) -> Operation:
    """Return one that answers a page of things; `asks` is its request, if not of its name."""
    return Operation(
        service=service,
        name=name,
        request=request(asks or name),
        response=result(f"{item.name}QueryResult"),
        item=item,
        method="GET",
        path=path,
        handler=handler,
        notes=notes,
        why=why,
    )


def does(
    service: str,
    name: str,
    method: str,
    path: str,
    handler: Handler | None = None,
    *,
    members: Mapping[str, str] | None = None,
    notes: str = "",
    why: str = "",
) -> Operation:
    """Return one that changes something and answers nothing."""
    return Operation(
        service=service,
        name=name,
        request=request(name),
        response=None,
        method=method,
        path=path,
        handler=handler,
        members=members or {},
        notes=notes,
        why=why,
    )


def plays(
    name: str, path: str, element: Element, handler: Handler | None = None, *, why: str = ""
) -> Operation:
    """Return one that answers sound."""
    return Operation(
        service="call",
        name=name,
        request=request(name),
        response=element,
        method="GET",
        path=path,
        suffixes=("mp3", "wav"),
        handler=handler,
        why=why,
    )

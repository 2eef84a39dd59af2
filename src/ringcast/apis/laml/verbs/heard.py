"""Documents that are only heard: to wait by, on hold, and announced."""

from __future__ import annotations

from typing import Final
from urllib.parse import urljoin

from ringcast.apis.laml.documents import Document, DocumentError
from ringcast.apis.laml.verbs.pause import Pause
from ringcast.apis.laml.verbs.play import Play
from ringcast.apis.laml.verbs.redirect import Redirect
from ringcast.apis.laml.verbs.say import Say
from ringcast.domain.programs import FromUrl, Prompt, Silence

__all__ = ["prompts_of"]

_MOST: Final = 100
"""Prompts that are made of a document at most."""


def prompts_of(document: Document, base: str) -> tuple[tuple[Prompt, ...], Redirect | None]:
    """Return what is heard of a document at `base`, and where it goes on.

    Raises DocumentError for verbs that a document in a conference may not hold.
    """
    heard: list[Prompt] = []
    for verb in document.verbs:
        match verb:
            case Play(url=url, loop=loop) if url:
                heard += [FromUrl(url=urljoin(base, url))] * (loop or 1)
            case Say(prompts=prompts, loop=loop):
                heard += prompts * (loop or 1)
            case Pause(length=length):
                heard.append(Silence(length=length))
            case Redirect():
                return tuple(heard[:_MOST]), verb
            case _:
                name = type(verb).__name__
                raise DocumentError(
                    13238, f"<{name}> is not allowed there: use Play, Say, Pause and Redirect"
                )
    return tuple(heard[:_MOST]), None

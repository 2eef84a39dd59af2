"""The prefixes of a document's namespaces."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

__all__ = ["prefixes"]


def prefixes(default: str, named: Mapping[str, str]) -> Mapping[str, str]:
    """Return the prefixes as lxml has them, with a namespace for names without one."""
    # lxml takes None for the prefix that is none, which its stubs do not say.
    return cast("Mapping[str, str]", {None: default, **named})

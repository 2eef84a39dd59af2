"""Pages of lists, as both vendors have them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import urlencode

from starlette.responses import Response

from ringcast.apis.laml.errors import Refused
from ringcast.apis.laml.exchange import Exchange
from ringcast.ports.store import Page
from ringcast.web.json import json_response

__all__ = ["PAGING", "Window", "window_of"]

PAGING = ("Page", "PageSize", "PageToken")
_TOKEN = re.compile(r"P[AB][0-9A-Za-z-]{1,64}")
_DEFAULT, _MOST = 50, 1000
_MOST_PAGES = 1_000_000


class Window:
    """The page that a request asks for."""

    def __init__(self, exchange: Exchange, *, page: int, size: int) -> None:
        self._exchange = exchange
        self.page, self.size = page, size

    @property
    def wanted(self) -> Page:
        """What to ask the store for: one more than is shown tells whether a page follows."""
        return Page(limit=self.size + 1, offset=self.page * self.size)

    def answer(self, key: str, items: Sequence[object], sids: Sequence[str]) -> Response:
        """Answer with the items under their name; `items` may have the one more, too."""
        shown = items[: self.size]
        last = sids[min(len(sids), self.size) - 1] if sids else ""
        body: dict[str, object] = {
            "uri": self._uri(self.page, None),
            "first_page_uri": self._uri(0, None),
            "next_page_uri": (
                self._uri(self.page + 1, f"PA{last}") if len(items) > self.size else None
            ),
            "previous_page_uri": (
                self._uri(self.page - 1, f"PB{sids[0] if sids else '0'}") if self.page else None
            ),
            "page": self.page,
            "page_size": self.size,
        }
        if self._exchange.is_twilio:
            start = self.page * self.size
            body |= {"start": start, "end": start + max(0, len(shown) - 1)}
        return json_response(body | {key: shown})

    def _uri(self, page: int, token: str | None) -> str:
        request = self._exchange.request
        kept = [(k, v) for k, v in request.query_params.multi_items() if k not in PAGING]
        kept += [("Page", str(page)), ("PageSize", str(self.size))]
        if token is not None and page > 0:
            kept.append(("PageToken", token))
        return f"{request.url.path}?{urlencode(kept)}"


def window_of(exchange: Exchange) -> Window:
    """Read the parameters of paging; raise the vendors' errors."""
    parameters = exchange.parameters
    page = parameters.whole("Page", 0, least=0, most=_MOST_PAGES, code=21481)
    size = parameters.whole("PageSize", _DEFAULT, least=1, most=_MOST, code=54454)
    token = parameters.text("PageToken")
    if token is not None and not _TOKEN.fullmatch(token):
        raise Refused(21481, f"PageToken {token[:64]!r} is invalid")
    if page > 0 and token is None and not exchange.is_twilio:
        raise Refused(54453, "PageToken is required for pages above 0")
    return Window(exchange, page=page, size=size)

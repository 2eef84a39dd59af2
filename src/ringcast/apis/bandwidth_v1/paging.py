"""Pages of lists: `page` from 0, `size`, and a Link header that says what follows."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlencode

from starlette.responses import Response

from ringcast.apis.bandwidth_v1.exchange import Exchange
from ringcast.ports.store import Page
from ringcast.web.json import json_response

__all__ = ["PAGING", "Window", "window_of"]

PAGING = ("page", "size")
_DEFAULT, _MOST = 25, 1000
_MOST_PAGES = 1_000_000


class Window:
    """The page that a request asks for."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self.page = exchange.fields.whole("page", 0, least=0, most=_MOST_PAGES)
        self.size = exchange.fields.whole("size", _DEFAULT, least=1, most=_MOST)

    @property
    def wanted(self) -> Page:
        """What to ask the store for: one more than is shown tells whether a page follows."""
        return Page(limit=self.size + 1, offset=self.page * self.size)

    def cut(self, items: Sequence[object]) -> Response:
        """Answer with a page of a list that is there as a whole."""
        first = self.page * self.size
        return self.answer(items[first : first + self.size + 1])

    def answer(self, items: Sequence[object]) -> Response:
        """Answer with the items; they may have the one more, too."""
        links = [self._link(0, "first")]
        if self.page:
            links.append(self._link(self.page - 1, "previous"))
        if len(items) > self.size:
            links.append(self._link(self.page + 1, "next"))
        headers = {"Link": ", ".join(links)}
        return json_response(list(items[: self.size]), headers=headers)

    def _link(self, page: int, relation: str) -> str:
        # Python's client splits at commas and semicolons, and takes only absolute URLs.
        request = self._exchange.request
        kept = [(k, v) for k, v in request.query_params.multi_items() if k not in PAGING]
        query = urlencode([("page", str(page)), ("size", str(self.size)), *kept])
        path = request.url.path.partition("/v1")[2]
        return f'<{self._exchange.base}{path}?{query}>; rel="{relation}"'


def window_of(exchange: Exchange) -> Window:
    """Return the page that a request asks for."""
    return Window(exchange)

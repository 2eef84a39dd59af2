"""The page that says how much of the API there is, made from the table of operations."""

from __future__ import annotations

from collections.abc import Iterable

from ringcast.apis.callfire_v2.operation import Operation
from ringcast.apis.callfire_v2.routes import OPERATIONS
from ringcast.apis.callfire_v2.statuses import CALL_STATE, RESULT, RESULT_OF_SECOND_LEG

__all__ = ["coverage_page"]

_HEAD = """\
# CallFire API v2

Under `/v2`; HTTP Basic with any identifier of the account (login, API token, …) and its secret.
This page is made from the table of operations: `python -m ringcast.apis.callfire_v2.coverage`.

What all operations have in common:

- Errors have the members `httpStatusCode`, `internalCode`, `message`, `developerMessage` and
  `helpLink`. CallFire publishes no values of `internalCode`: here it is the status and two digits.
- `GET /v2/api-docs/swagger.json` answers, without a credential, a Swagger 2.0 document with all
  operations; it names the address of `--public-url`, or else the one in the request's Host.
- Who sends more than 60 requests without a valid credential from one address, and then more than
  one a second, gets 429 with `Retry-After`; so does a credential that sends more requests a second
  than `--api-rate`, which is not limited by default.
- An operation that is not here answers 501 and says why. A parameter or member that would have no
  effect, or does not exist, answers 400 and is named: nothing is accepted and ignored. A parameter
  without a value, and a member that is `null`, count as absent.
- `limit` goes from 1 to 1000 (default 100). `fields` takes `id,name` and `items(id,name)`, nested
  up to 8 levels; on a list both mean the items' members, and paging members always stay.
- A create may carry the header `Idempotency-Key` (or `RequestId`): its repetition within two days
  gets the first answer and does nothing; another request under the same key gets 409.
- Numbers are digits without a plus: eleven in North America, country code first elsewhere.
- Attributes, labels and records are left out where there are none. A record is an attempt that has
  ended; it has both `result` and `callResult`; `duration` is talk time in whole seconds. There is
  no `billedAmount`. `campaignId` and `batchId` are left out where a call has none.
- The second occurrence of a number in one request is called like the first (CallFire: `DUP`).
"""


def coverage_page() -> str:
    """Return the page as Markdown."""
    here = sum(operation.handler is not None for operation in OPERATIONS)
    sections = [
        _HEAD,
        f"## Operations: {here} of {len(OPERATIONS)}\n",
        _table(
            ("operationId", "method", "path", "state", "notes"),
            (
                (f"`{o.id}`", o.method, f"`{o.path}`", "yes" if o.handler else "501", _notes(o))
                for o in OPERATIONS
            ),
        ),
        "\n## States of a call\n",
        _table(
            ("here", "CallFire"), ((f"`{ours}`", f"`{word}`") for ours, word in CALL_STATE.items())
        ),
        "\n## Results\n",
        _table(
            ("outcome", "CallFire", "second leg of a transfer"),
            (
                (f"`{ours}`", f"`{word}`", f"`{RESULT_OF_SECOND_LEG[ours]}`")
                for ours, word in RESULT.items()
            ),
        ),
    ]
    return "\n".join(sections)


def _notes(operation: Operation) -> str:
    parts = [operation.notes] if operation.notes else []
    if operation.handler is None and operation.why:
        parts.append(operation.why)
    if operation.refuses:
        parts.append(f"refused: {', '.join(f'`{name}`' for name in operation.refuses)}")
    return "; ".join(parts)


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


if __name__ == "__main__":
    import sys

    sys.stdout.write(coverage_page())

"""The page that says how much of the API there is, made from the table of operations."""

from __future__ import annotations

from collections.abc import Iterable

from ringcast.apis.callfire_1_1.errors import FAULTS
from ringcast.apis.callfire_1_1.operation import Operation
from ringcast.apis.callfire_1_1.operations import OPERATIONS, SERVICES
from ringcast.apis.callfire_1_1.statuses import (
    CALL_STATE,
    CAMPAIGN_STATUS,
    RESULT,
    RESULT_OF_SECOND_LEG,
)

__all__ = ["coverage_page"]

_HEAD = """\
# CallFire API 1.1

SOAP and REST under `/api/1.1`; HTTP Basic with any identifier of the account (login, API token,
…) and its secret. This page is made from the table of operations: `python -m
ringcast.apis.callfire_1_1.coverage`.

| what | where |
| --- | --- |
| WSDL | `/api/1.1/wsdl/callfire-service-http-soap12.wsdl`, and the files that it imports |
| SOAP | `/api/1.1/soap12/` and the name of the service |
| REST | `/api/1.1/rest`: XML, or JSON where the path ends in `.json` |

What all operations have in common:

- The WSDL needs no credential and names the address of `--public-url`, or else the one in the
  request's Host. It is that of May 2014 with the optional members and operations that came later.
- SOAP 1.2 and, in the envelope of 1.1, SOAP 1.1. A message that breaks the schema gets a plain
  fault, one that is refused a fault with `ServiceFaultInfo`. Faults of the sender have status 400
  in SOAP 1.2 and 500 in SOAP 1.1, as these say. A header that must be understood is refused.
- Attachments (MTOM) and inline Base64 are taken; who sends with attachments is answered with
  some.
- REST takes parameters from the query and from a form in the body, with every method and any
  Content-Type but those of documents; lists repeated, with `[0]` or `[]`, and separated by commas
  or spaces. Free texts, such as `Label`, are not split. A parameter that does not exist answers
  400 and is named: nothing is accepted and ignored. An empty value counts as absent.
- Creating answers 201, changing 204 without a body, in XML and in JSON.
- A repeated `RequestId` is answered as the first, by SOAP or REST, and does nothing; another
  request under the same key is refused. They are kept for two days.
- An operation that is not here answers 501, in SOAP `NOT_IMPLEMENTED`, and says why; so does
  everything under `/ccc`, and `SendCall` of TEXT and CCC.
- Numbers are digits without a plus. A bad number to call becomes a call that is INVALID.
- `BilledAmount` is 0: this system has no credits. `BilledDuration` counts whole minutes.
- `RetryPhoneTypes` are for recipients from a contact list: they are tried in turn after the first
  attempt, and telephones that the contact does not have are passed over. Who is given by number has
  that one.
- Who sends more than 60 requests without a valid credential from one address, and then more than
  one a second, gets 429; so does a credential that sends more requests a second than
  `--api-rate`.
- Members of a configuration that only answers have, such as `Created` or `id`, are read and make
  no difference.
"""


def coverage_page() -> str:
    """Return the page as Markdown."""
    here = sum(operation.handler is not None for operation in OPERATIONS)
    sections = [_HEAD, f"## Operations: {here} of {len(OPERATIONS)}"]
    for service in SERVICES:
        sections += [
            f"\n### {service.capitalize()}\n",
            _table(
                ("operation", "REST", "state", "notes"),
                (
                    (
                        f"`{one.name}`",
                        f"{one.method} `{_path(one)}`",
                        "yes" if one.handler else "501",
                        one.notes or one.why,
                    )
                    for one in OPERATIONS
                    if one.service == service
                ),
            ),
        ]
    sections += [
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
        "\n## States of a broadcast\n",
        _table(
            ("here", "CallFire"),
            ((f"`{ours}`", f"`{word}`") for ours, word in CAMPAIGN_STATUS.items()),
        ),
        "\n## Faults\n",
        _table(
            ("what", "`FaultCode`", "REST"),
            ((f"`{kind.__name__}`", f"`{c}`", str(status)) for kind, (c, status) in FAULTS.items()),
        ),
    ]
    return "\n".join(sections)


def _path(operation: Operation) -> str:
    if not operation.suffixes:
        return operation.path
    return ", ".join(f"{operation.path}.{suffix}" for suffix in operation.suffixes)


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


if __name__ == "__main__":
    import sys

    sys.stdout.write(coverage_page())

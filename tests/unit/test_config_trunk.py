"""The settings of a trunk, as the engine gets them."""

from __future__ import annotations

from pathlib import Path

import pytest

from ringcast.bootstrap.trunk import tls_settings, trunk_of
from ringcast.config import ConfigError, load_settings
from ringcast.domain.errors import InvalidInput
from ringcast.engines.embedded.trunk import Identity

LOGIN = {"trunk": "sip:carrier.example", "trunk_user": "me", "trunk_password": "secret"}


def test_a_trunk_is_described_by_its_settings() -> None:
    settings = load_settings(
        LOGIN
        | {
            "trunk_domain": "customers.example",
            "trunk_from_user": "acct7",
            "trunk_realm": "carrier",
            "trunk_identity": "PPI",
            "register": "true",
            "register_expires": "120",
        },
        environment={},
    )

    trunk = trunk_of(settings)

    assert trunk is not None
    assert (trunk.host, trunk.is_domain, trunk.domain) == (
        "carrier.example", True, "customers.example",
    )  # fmt: skip
    assert (trunk.from_user, trunk.identity) == ("acct7", Identity.PREFERRED)
    assert (trunk.registers, trunk.register_expires) == (True, 120)
    assert trunk.credentials is not None
    assert (trunk.credentials.username, trunk.credentials.realm) == ("me", "carrier")
    assert "secret" not in repr(trunk) + repr(settings)


def test_without_a_trunk_there_is_none() -> None:
    assert trunk_of(load_settings({}, environment={})) is None


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        ({"register": "true"}, "--register needs a trunk"),
        ({"trunk_user": "me"}, "but no trunk"),
        ({"trunk": "sip:a.example", "register": "true"}, "needs a user name and a password"),
        ({"trunk": "sip:a.example;transport=ws"}, "udp, tcp or tls"),
    ],
)
def test_what_does_not_fit_together_is_told(flags: dict[str, str], says: str) -> None:
    settings = load_settings(flags, environment={})

    with pytest.raises((ConfigError, InvalidInput), match=says):
        trunk_of(settings)


def test_an_unknown_identity_is_told() -> None:
    with pytest.raises(ConfigError, match="--trunk-identity is 'rpid': give one of pai, ppi, none"):
        load_settings({"trunk_identity": "rpid"}, environment={})


@pytest.mark.parametrize("name", ["key", "client_ca", "port"])
def test_files_that_nothing_would_read_are_told(name: str, tmp_path: Path) -> None:
    path = tmp_path / "file.pem"
    path.write_text("x")
    value = "5061" if name == "port" else str(path)
    settings = load_settings({f"sip_tls_{name}": value}, environment={})

    flag = f"--sip-tls-{name}".replace("_", "-")
    with pytest.raises(ConfigError, match=f"{flag} has no effect without --sip-tls-certificate"):
        tls_settings(settings)

"""The settings of SIP over TLS."""

from __future__ import annotations

from pathlib import Path

import pytest

from ringcast.config import ConfigError, load_settings


def test_files_that_are_not_there_are_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"--sip-tls-certificate is .*there is no such file"):
        load_settings({"sip_tls_certificate": str(tmp_path / "none.pem")}, environment={})


def test_certificates_are_checked_unless_that_is_turned_off(tmp_path: Path) -> None:
    path = tmp_path / "own.pem"
    path.write_text("x")

    usual = load_settings({"sip_tls_certificate": str(path)}, environment={})
    careless = load_settings({"sip_tls_verify": "false"}, environment={})

    assert usual.sip_tls_certificate == path
    assert usual.sip_tls_verify
    assert not careless.sip_tls_verify

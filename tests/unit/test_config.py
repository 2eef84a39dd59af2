from __future__ import annotations

from pathlib import Path

import pytest

from ringcast.bootstrap.mail import mail_server
from ringcast.config import ConfigError, Endpoint, MailRelay, Settings, load_settings


def test_a_flag_wins_over_the_environment_and_that_over_the_file(tmp_path: Path) -> None:
    file = tmp_path / "r.toml"
    file.write_text('http = "127.0.0.1:1"\nsip = "127.0.0.1:2"\ntrunk-cps = 3\n')

    settings = load_settings(
        {"http": "127.0.0.1:9", "sip": None},
        environment={"RINGCAST_HTTP": "127.0.0.1:8", "RINGCAST_SIP": "127.0.0.1:7"},
        file=file,
    )

    assert settings.http == Endpoint("127.0.0.1", 9)
    assert settings.sip == Endpoint("127.0.0.1", 7)
    assert settings.trunk_cps == 3


@pytest.mark.parametrize(
    ("text", "relay"),
    [
        ("smtp://mail.example", MailRelay("mail.example", 25)),
        ("smtps://mail.example/", MailRelay("mail.example", 465, is_tls=True)),
        ("smtp://[::1]:2525", MailRelay("::1", 2525)),
    ],
)
def test_a_mail_server_is_an_address(text: str, relay: MailRelay) -> None:
    assert load_settings({"smtp": text}, environment={}).smtp == relay


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"smtp": "smtp://mail.example"}, "--smtp-from"),
        ({"smtp_from": "calls@example.net"}, "give --smtp"),
        ({"smtp": "smtp://m.example", "smtp_from": "c@e.net", "smtp_user": "u"}, "both"),
    ],
)
def test_a_mail_server_needs_all_it_needs(given: dict[str, str], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        mail_server(load_settings(given, environment={}))


def test_defaults_hold_without_any_source(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    assert load_settings({}, environment={}) == Settings()


def test_the_file_in_the_working_directory_is_read(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "ringcast.toml").write_text("allow_private_urls = true\n")
    assert load_settings({}, environment={}).allow_private_urls is True


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("http", "8080", "HOST:PORT"),
        ("sip", "127.0.0.1:99999", "HOST:PORT"),
        ("sip", "sip.example.net:5060", "give an IPv4 address"),
        ("sip", "[::1]:5060", "give an IPv4 address"),
        ("rtp_ports", "5-", "FIRST-LAST"),
        ("rtp_ports", "10-20", "1024-65535"),
        ("trunk_cps", "0", "above 0"),
        ("trunk_cps", "fast", "give a number above 0"),
        ("trunk_max_calls", "1.5", "give a whole number above 0"),
        ("allow_private_urls", "maybe", "true or false"),
        ("public_url", "calls.example.net", "starts with http"),
        ("api_rate", "0", "above 0"),
        ("smtp", "mail.example:25", "smtp://HOST:PORT"),
        ("smtp", "smtp://me:secret@mail.example", "--smtp-user"),
        ("smtp", "smtp://mail.example:99999", "out of range"),
        ("smtp_from", "calls", "calls@example.net"),
    ],
)
def test_a_wrong_setting_names_itself_and_the_remedy(name: str, text: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said) as caught:
        load_settings({name: text}, environment={})
    assert "--" + name.replace("_", "-") in str(caught.value)


def test_a_wrong_name_in_the_file_lists_the_right_ones(tmp_path: Path) -> None:
    file = tmp_path / "r.toml"
    file.write_text("htp = 1\n")
    with pytest.raises(ConfigError, match=r"no setting 'htp'.*http"):
        load_settings({}, environment={}, file=file)


@pytest.mark.parametrize("content", [b"x = [", b"\xff\xfe"])
def test_a_file_that_is_no_toml_is_said_so(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "r.toml"
    file.write_bytes(content)
    with pytest.raises(ConfigError, match="not valid TOML"):
        load_settings({}, environment={}, file=file)


def test_a_named_file_must_exist(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no such file"):
        load_settings({}, environment={}, file=tmp_path / "absent.toml")


def test_secrets_do_not_show() -> None:
    assert "hunter2" not in repr(Settings(trunk_password="hunter2"))


def test_an_ipv6_endpoint_is_read_and_printed_with_brackets() -> None:
    endpoint = Endpoint.parse("[::1]:5060")
    assert endpoint == Endpoint("::1", 5060)
    assert str(endpoint) == "[::1]:5060"

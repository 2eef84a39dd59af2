"""The mail server of the settings."""

from __future__ import annotations

from ringcast.config import ConfigError, Settings
from ringcast.integrations.mail_sender import MailServer

__all__ = ["mail_server"]


def mail_server(settings: Settings) -> MailServer | None:
    """Return the server that takes our mail, None for no mail; raise ConfigError."""
    if settings.smtp is None:
        if (settings.smtp_from, settings.smtp_user, settings.smtp_password) != (None, None, None):
            raise ConfigError("settings of a mail server, but no mail server: give --smtp, too")
        return None
    if settings.smtp_from is None:
        raise ConfigError("--smtp needs --smtp-from: the address that mails come from")
    if (settings.smtp_user is None) is not (settings.smtp_password is None):
        raise ConfigError("give --smtp-user and --smtp-password both, or neither")
    return MailServer(
        host=settings.smtp.host,
        port=settings.smtp.port,
        is_tls=settings.smtp.is_tls,
        sender=settings.smtp_from,
        user=settings.smtp_user,
        password=settings.smtp_password,
    )

"""The trunk and the certificates that the settings name."""

from __future__ import annotations

from ringcast.config import ConfigError, Settings
from ringcast.engines.embedded.trunk import Identity, Trunk
from ringcast.useragent import TlsSettings

__all__ = ["tls_settings", "trunk_of"]


def tls_settings(settings: Settings) -> TlsSettings:
    """Return them; raises ConfigError for files that nothing would read."""
    if settings.sip_tls_certificate is None:
        for name in ("key", "client_ca", "port"):
            if getattr(settings, f"sip_tls_{name}") is not None:
                flag = f"--sip-tls-{name}".replace("_", "-")
                raise ConfigError(f"{flag} has no effect without --sip-tls-certificate")
    return TlsSettings(
        certificate=settings.sip_tls_certificate,
        key=settings.sip_tls_key,
        authorities=settings.sip_tls_ca,
        verify=settings.sip_tls_verify,
        client_authorities=settings.sip_tls_client_ca,
        port=settings.sip_tls_port,
    )


def trunk_of(settings: Settings) -> Trunk | None:
    """Return the trunk, None if there is none; raises ConfigError or InvalidInput."""
    if settings.trunk is None:
        if settings.register:
            raise ConfigError("--register needs a trunk to register with: give --trunk, too")
        if settings.trunk_user is not None or settings.trunk_password is not None:
            raise ConfigError("a user name or password of a trunk, but no trunk: give --trunk, too")
        return None
    return Trunk.parse(
        settings.trunk,
        user=settings.trunk_user,
        password=settings.trunk_password,
        realm=settings.trunk_realm,
        domain=settings.trunk_domain,
        from_user=settings.trunk_from_user,
        identity=Identity(settings.trunk_identity),
        registers=settings.register,
        register_expires=settings.register_expires,
    )

"""What TLS needs: whom we trust, who we are, whom we let in (RFC 3261 26.2; RFC 5922)."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from pathlib import Path

from ringcast.useragent.errors import UnusableCertificate

_OLDEST = ssl.TLSVersion.TLSv1_2


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsSettings:
    """Certificates of both sides, as files in PEM form."""

    certificate: Path | None = None
    """Ours, with the chain above it. Without one TLS is only spoken to others, not listened for."""
    key: Path | None = None
    """Its private key; None if it is in the same file."""
    authorities: Path | None = None
    """Who may vouch for far ends we connect to; None: those the system trusts."""
    verify: bool = True
    """Whether a far end must prove its name. Without it anybody on the way can listen."""
    client_authorities: Path | None = None
    """Who may vouch for those who connect to us; None asks them for no certificate."""
    port: int | None = None
    """Where TLS is listened for; None: the port after the one of UDP and TCP (5061 after 5060)."""

    def client_context(self) -> ssl.SSLContext:
        """Return how we connect; raises UnusableCertificate."""
        context = _trusting(ssl.PROTOCOL_TLS_CLIENT, self.authorities)
        if self.authorities is None:
            context.load_default_certs(ssl.Purpose.SERVER_AUTH)
        if not self.verify:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        self._present_ourselves(context)
        return context

    def server_context(self) -> ssl.SSLContext | None:
        """Return how others connect to us, None without a certificate.

        Raises UnusableCertificate.
        """
        if self.certificate is None:
            return None
        context = _trusting(ssl.PROTOCOL_TLS_SERVER, self.client_authorities)
        if self.client_authorities is not None:
            context.verify_mode = ssl.CERT_REQUIRED
        self._present_ourselves(context)
        return context

    def _present_ourselves(self, context: ssl.SSLContext) -> None:
        if self.certificate is None:
            return
        try:
            context.load_cert_chain(self.certificate, self.key)
        except (OSError, ValueError) as exc:
            raise UnusableCertificate(self.certificate, _why(exc)) from exc


def _trusting(protocol: int, authorities: Path | None) -> ssl.SSLContext:
    context = ssl.SSLContext(protocol)
    context.minimum_version = _OLDEST
    if authorities is not None:
        try:
            context.load_verify_locations(authorities)
        except (OSError, ValueError) as exc:
            raise UnusableCertificate(authorities, _why(exc)) from exc
    return context


def _why(error: Exception) -> str:
    if isinstance(error, ssl.SSLError):
        return (error.reason or str(error)).replace("_", " ").lower()
    return getattr(error, "strerror", None) or str(error)

"""CallFire's shapes of an account's credentials and numbers."""

from __future__ import annotations

import msgspec

from ringcast.apis.callfire_v2.responses import milliseconds
from ringcast.domain.accounts import AccountNumber, Credential
from ringcast.domain.numbering import area_prefix, country_of, is_toll_free, national_format
from ringcast.services.credentials import CreatedKey

__all__ = [
    "ApiCredential",
    "ApiCredentialBody",
    "CallerIdVerificationRequest",
    "NumberLeaseBody",
    "RegionBody",
    "created_credential",
    "credential",
    "lease",
]

_MASK = "********"


class ApiCredential(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A credential to be made; name and password are drawn, not chosen."""

    name: str | None = None
    enabled: bool | None = None
    id: int | None = None
    username: str | None = None
    password: str | None = None


class CallerIdVerificationRequest(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """The code that was read out."""

    verificationCode: str | int | None = None  # noqa: N815 - the vendor's spelling, here and below


class ApiCredentialBody(msgspec.Struct, kw_only=True):
    """A credential."""

    id: int
    name: str
    username: str
    password: str
    enabled: bool


class RegionBody(msgspec.Struct, omit_defaults=True, kw_only=True):
    """Where a number is from, as far as its digits tell."""

    prefix: str
    country: str | None = None


class NumberLeaseBody(msgspec.Struct, kw_only=True):
    """A number of the account; here it is nobody's to lease, and it is renewed by nobody."""

    number: str
    nationalFormat: str  # noqa: N815
    tollFree: bool  # noqa: N815
    region: RegionBody
    leaseBegin: int  # noqa: N815
    autoRenew: bool  # noqa: N815
    status: str
    callFeatureStatus: str  # noqa: N815
    textFeatureStatus: str  # noqa: N815


def credential(of: Credential) -> ApiCredentialBody:
    """Return a credential; nobody can read its password again, so that no part of it shows."""
    return ApiCredentialBody(
        id=of.id, name=of.name, username=of.identifier, password=_MASK, enabled=of.enabled
    )


def created_credential(created: CreatedKey) -> ApiCredentialBody:
    """Return a new credential with its password, this once."""
    body = credential(created.credential)
    body.password = created.secret
    return body


def lease(of: AccountNumber) -> NumberLeaseBody:
    """Return a number of the account as a lease without an end."""
    return NumberLeaseBody(
        number=of.number.digits,
        nationalFormat=national_format(of.number),
        tollFree=is_toll_free(of.number),
        region=RegionBody(prefix=area_prefix(of.number), country=country_of(of.number)),
        leaseBegin=milliseconds(of.created_at),
        autoRenew=True,
        status="ACTIVE",
        # Numbers to call from belong to the user elsewhere: calls to them do not come here.
        callFeatureStatus="DISABLED" if of.caller_id_only else "ENABLED",
        textFeatureStatus="UNSUPPORTED",
    )

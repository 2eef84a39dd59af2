"""Accounts, what opens them, and the numbers they own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from ringcast.domain.ids import AccountId, ApplicationId, CredentialId, NumberId
from ringcast.domain.instructions import Script
from ringcast.domain.legal_hours import LegalHours
from ringcast.domain.numbers import PhoneNumber
from ringcast.domain.subscriptions import Follower

__all__ = ["Access", "Account", "AccountNumber", "Credential", "CredentialKind"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Account:
    """A tenant: it sees its own resources and no one else's."""

    id: AccountId
    name: str
    created_at: datetime
    signing_key: str = field(repr=False)
    """What callbacks are signed with; kept readable, because signing needs it."""
    enabled: bool = True
    legal_hours: LegalHours = LegalHours.CAMPAIGNS
    """Which of its calls keep to the hours of the law where they go."""


class CredentialKind(StrEnum):
    """What a credential is, whichever dialect presents it."""

    LOGIN = "login"
    """The account holder's own login and password."""
    API = "api"
    """A generated identifier with the account's own secret."""
    KEY = "key"
    """An identifier and a secret of its own, made by the account holder for one program."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Credential:
    """One pair of identifier and secret; only a hash of the secret is kept."""

    id: CredentialId
    account_id: AccountId
    kind: CredentialKind
    name: str
    identifier: str
    """What is sent in clear: a user name, a token's id. Unique in the system."""
    secret_hash: str = field(repr=False)
    created_at: datetime
    enabled: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class Access:
    """An account, and the credential that opened it."""

    account: Account
    credential: Credential


@dataclass(frozen=True, kw_only=True, slots=True)
class AccountNumber:
    """A telephone number of an account."""

    id: NumberId
    account_id: AccountId
    number: PhoneNumber
    created_at: datetime
    caller_id_only: bool = False
    voice_url: str | None = None
    script: Script | None = None
    """What is done with calls to the number; None: they are not answered."""
    name: str = ""
    """What its holder calls it."""
    application_id: ApplicationId | None = None
    """Whose script and follower count in place of the number's own."""
    follower: Follower | None = None
    """Who is told of the progress of calls to it."""
    options: Mapping[str, str] = field(default_factory=dict)
    """What was asked for the number, in the words of the dialect that gave it its script."""

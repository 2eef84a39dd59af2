"""Applications: made, looked at, changed, deleted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from ringcast.domain.applications import Application
from ringcast.domain.errors import NotFound
from ringcast.domain.ids import AccountId, ApplicationId
from ringcast.domain.instructions import Script
from ringcast.domain.subscriptions import Follower
from ringcast.ports.clock import Clock
from ringcast.ports.deliveries import CallbackSender
from ringcast.ports.store import Store

__all__ = [
    "ApplicationPlan",
    "ApplicationServices",
    "CreateApplication",
    "DeleteApplication",
    "GetApplication",
    "ListApplications",
    "UpdateApplication",
]


@dataclass(frozen=True, kw_only=True, slots=True)
class ApplicationPlan:
    """What an application is called, what is done with calls, and who is told of them."""

    name: str
    script: Script | None = None
    follower: Follower | None = None
    options: Mapping[str, str] = field(default_factory=dict)
    """What was asked for, in the words of the dialect that asks."""


class CreateApplication:
    """Make an application."""

    def __init__(self, *, store: Store, clock: Clock, sender: CallbackSender) -> None:
        """`sender` says which URLs can be told."""
        self._store = store
        self._clock = clock
        self._sender = sender

    async def __call__(
        self, account_id: AccountId, dialect: str, plan: ApplicationPlan
    ) -> Application:
        """Return it; raise InvalidInput for a follower that cannot be told."""
        if plan.follower is not None:
            self._sender.check(plan.follower.url)
        now = self._clock.now()
        (new_id,) = await self._store.take_ids(1, now)
        made = Application(
            id=ApplicationId(new_id),
            account_id=account_id,
            dialect=dialect,
            name=plan.name,
            created_at=now,
            updated_at=now,
            script=plan.script,
            follower=plan.follower,
            options=plan.options,
        )
        async with self._store.begin() as tx:
            await tx.add_application(made)
            await tx.commit()
        return made


class GetApplication:
    """Look at one application."""

    def __init__(self, *, store: Store) -> None:
        self._store = store

    async def __call__(
        self, account_id: AccountId, dialect: str, application_id: ApplicationId
    ) -> Application:
        """Return it; raise NotFound if the account has made no such one in that dialect."""
        async with self._store.begin(read_only=True) as tx:
            found = await tx.application(account_id, application_id)
        if found is None or found.dialect != dialect:
            raise NotFound("application", application_id)
        return found


class ListApplications:
    """List the applications that an account has made in a dialect."""

    def __init__(self, *, store: Store) -> None:
        self._store = store

    async def __call__(self, account_id: AccountId, dialect: str) -> Sequence[Application]:
        """Return them, oldest first."""
        async with self._store.begin(read_only=True) as tx:
            return await tx.applications(account_id, dialect)


class UpdateApplication:
    """Change an application; calls that come from then on are handled so."""

    def __init__(self, *, store: Store, clock: Clock, sender: CallbackSender) -> None:
        """`sender` says which URLs can be told."""
        self._store = store
        self._clock = clock
        self._sender = sender

    async def __call__(
        self,
        account_id: AccountId,
        dialect: str,
        application_id: ApplicationId,
        plan: ApplicationPlan,
    ) -> Application:
        """Return it as changed; raise NotFound, and InvalidInput as for a new one."""
        if plan.follower is not None:
            self._sender.check(plan.follower.url)
        async with self._store.begin() as tx:
            found = await tx.application(account_id, application_id)
            if found is None or found.dialect != dialect:
                raise NotFound("application", application_id)
            changed = replace(
                found,
                name=plan.name,
                script=plan.script,
                follower=plan.follower,
                options=plan.options,
                updated_at=self._clock.now(),
            )
            await tx.update_application(changed)
            await tx.commit()
        return changed


class DeleteApplication:
    """Delete an application; the numbers that had it answer no calls by it any more."""

    def __init__(self, *, store: Store) -> None:
        self._store = store

    async def __call__(
        self, account_id: AccountId, dialect: str, application_id: ApplicationId
    ) -> None:
        """Delete it; raise NotFound if the account has made no such one in that dialect."""
        async with self._store.begin() as tx:
            found = await tx.application(account_id, application_id)
            if found is None or found.dialect != dialect:
                raise NotFound("application", application_id)
            await tx.delete_application(account_id, application_id)
            await tx.commit()


@dataclass(frozen=True, kw_only=True, slots=True)
class ApplicationServices:
    """What is done with applications, for the dialects that have them."""

    create: CreateApplication
    get: GetApplication
    list_: ListApplications
    update: UpdateApplication
    delete: DeleteApplication

    @classmethod
    def over(cls, store: Store, clock: Clock, sender: CallbackSender) -> ApplicationServices:
        """Return them for a store."""
        return cls(
            create=CreateApplication(store=store, clock=clock, sender=sender),
            get=GetApplication(store=store),
            list_=ListApplications(store=store),
            update=UpdateApplication(store=store, clock=clock, sender=sender),
            delete=DeleteApplication(store=store),
        )

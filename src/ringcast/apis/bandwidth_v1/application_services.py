"""The use cases behind applications."""

from __future__ import annotations

from dataclasses import dataclass

from ringcast.ports.clock import Clock
from ringcast.ports.deliveries import CallbackSender
from ringcast.ports.store import Store
from ringcast.services.applications import (
    CreateApplication,
    DeleteApplication,
    GetApplication,
    ListApplications,
    UpdateApplication,
)

__all__ = ["ApplicationServices"]


@dataclass(frozen=True, kw_only=True, slots=True)
class ApplicationServices:
    """What is done with applications."""

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

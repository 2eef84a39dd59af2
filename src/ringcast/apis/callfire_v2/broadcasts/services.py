"""The use cases behind the operations on call broadcasts and their batches."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from ringcast.ports.clock import Clock
from ringcast.ports.speech import Speech
from ringcast.ports.store import Store
from ringcast.services.campaign_recipients import (
    AddBatch,
    AddRecipients,
    EnableBatch,
    FindBatches,
    GetBatch,
    NewCalls,
    ToggleRecipients,
)
from ringcast.services.campaigns import (
    ArchiveCampaign,
    CampaignStats,
    CreateCampaign,
    FindCampaigns,
    GetCampaign,
    StartCampaign,
    StopCampaign,
    UpdateCampaign,
)
from ringcast.services.sounds import SpeakSound

__all__ = ["CampaignServices"]


@dataclass(frozen=True, kw_only=True, slots=True)
class CampaignServices:
    """One of each."""

    create: CreateCampaign
    get: GetCampaign
    find: FindCampaigns
    update: UpdateCampaign
    start: StartCampaign
    stop: StopCampaign
    archive: ArchiveCampaign
    stats: CampaignStats
    add_recipients: AddRecipients
    toggle_recipients: ToggleRecipients
    add_batch: AddBatch
    get_batch: GetBatch
    find_batches: FindBatches
    enable_batch: EnableBatch

    @classmethod
    def over(
        cls,
        store: Store,
        clock: Clock,
        *,
        speech: Speech,
        wake: Callable[[], None],
        ring_timeout: timedelta = timedelta(seconds=40),
        fallback_zone: str = "America/New_York",
    ) -> CampaignServices:
        """Return them all on one store.

        `wake` has the dialer look at once; `fallback_zone` is whose clock counts for numbers that
        are of no place.
        """
        speak = SpeakSound(store=store, speech=speech, clock=clock)
        new_calls = NewCalls(store=store, clock=clock, ring_timeout=ring_timeout)
        return cls(
            create=CreateCampaign(
                store=store,
                speak=speak,
                clock=clock,
                wake=wake,
                new_calls=new_calls,
                fallback_zone=fallback_zone,
            ),
            get=GetCampaign(store=store),
            find=FindCampaigns(store=store),
            update=UpdateCampaign(
                store=store, speak=speak, clock=clock, wake=wake, fallback_zone=fallback_zone
            ),
            start=StartCampaign(store=store, clock=clock, wake=wake),
            stop=StopCampaign(store=store, clock=clock),
            archive=ArchiveCampaign(store=store, clock=clock),
            stats=CampaignStats(store=store),
            add_recipients=AddRecipients(store=store, clock=clock, wake=wake, new_calls=new_calls),
            toggle_recipients=ToggleRecipients(store=store, clock=clock, wake=wake),
            add_batch=AddBatch(store=store, clock=clock, wake=wake, new_calls=new_calls),
            get_batch=GetBatch(store=store),
            find_batches=FindBatches(store=store),
            enable_batch=EnableBatch(store=store, clock=clock, wake=wake),
        )

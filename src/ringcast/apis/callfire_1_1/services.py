"""The use cases behind this dialect."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from ringcast.ports.audio import AudioStore
from ringcast.ports.clock import Clock
from ringcast.ports.deliveries import CallbackSender
from ringcast.ports.recording_archive import RecordingArchive
from ringcast.ports.speech import Speech
from ringcast.ports.store import Store
from ringcast.services.accounts import Authenticate
from ringcast.services.caller_ids import SendVerificationCode, VerifyCallerId, new_code
from ringcast.services.calls import FindCalls, GetCall, SendCalls
from ringcast.services.campaign_recipients import (
    AddBatch,
    EnableBatch,
    FindBatches,
    GetBatch,
    NewCalls,
    RenameBatch,
)
from ringcast.services.campaign_schedules import (
    AddSchedule,
    FindSchedules,
    GetSchedule,
    RemoveSchedule,
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
from ringcast.services.contact_lists import (
    AddToContactList,
    CreateContactList,
    DeleteContactList,
    FindContactLists,
    GetContactList,
    RemoveFromContactList,
)
from ringcast.services.contacts import (
    ContactHistory,
    DeleteContact,
    FindContacts,
    GetContact,
    UpdateContact,
)
from ringcast.services.do_not_call import AddDoNotCall, FindDoNotCall, UpdateDoNotCall
from ringcast.services.do_not_call_lists import (
    AddToDoNotCallList,
    CreateDoNotCallList,
    DeleteDoNotCallList,
    FindDoNotCallLists,
    GetDoNotCallList,
    ListsOfNumbers,
    RemoveFromDoNotCallList,
)
from ringcast.services.idempotency import AnswerOnce, SaveAnswer
from ringcast.services.labels import (
    DeleteLabel,
    FindLabels,
    LabelCampaign,
    LabelNumber,
    NumbersWithLabel,
    UnlabelCampaign,
    UnlabelNumber,
)
from ringcast.services.list_imports import UploadContactList
from ringcast.services.numbers import AnswerNumber, ForwardNumber, GetNumber, ListNumbers
from ringcast.services.recordings import GetNamedRecording, GetRecording, RecordingAudio
from ringcast.services.sound_calls import RecordSoundByPhone
from ringcast.services.sounds import FindSounds, GetSound, SoundAudio, SpeakSound, UploadSound
from ringcast.services.subscriptions import (
    CreateSubscription,
    DeleteSubscription,
    FindSubscriptions,
    GetSubscription,
    UpdateSubscription,
)

__all__ = ["Services"]

_CODE_DIGITS = 4  # of a code that verifies a caller id, which is what clients ask people for


@dataclass(frozen=True, kw_only=True, slots=True)
class Services:
    """One of each."""

    authenticate: Authenticate
    answer_once: AnswerOnce
    save_answer: SaveAnswer
    get_call: GetCall
    find_calls: FindCalls
    upload_sound: UploadSound
    speak_sound: SpeakSound
    record_sound: RecordSoundByPhone
    get_sound: GetSound
    find_sounds: FindSounds
    sound_audio: SoundAudio
    get_recording: GetRecording
    get_named_recording: GetNamedRecording
    recording_audio: RecordingAudio
    list_numbers: ListNumbers
    get_number: GetNumber
    forward_number: ForwardNumber
    answer_number: AnswerNumber
    send_verification_code: SendVerificationCode
    verify_caller_id: VerifyCallerId
    create_campaign: CreateCampaign
    get_campaign: GetCampaign
    find_campaigns: FindCampaigns
    update_campaign: UpdateCampaign
    start_campaign: StartCampaign
    stop_campaign: StopCampaign
    archive_campaign: ArchiveCampaign
    campaign_stats: CampaignStats
    add_batch: AddBatch
    get_batch: GetBatch
    find_batches: FindBatches
    enable_batch: EnableBatch
    rename_batch: RenameBatch
    add_schedule: AddSchedule
    get_schedule: GetSchedule
    find_schedules: FindSchedules
    remove_schedule: RemoveSchedule
    create_subscription: CreateSubscription
    get_subscription: GetSubscription
    find_subscriptions: FindSubscriptions
    update_subscription: UpdateSubscription
    delete_subscription: DeleteSubscription
    get_contact: GetContact
    find_contacts: FindContacts
    update_contact: UpdateContact
    delete_contact: DeleteContact
    contact_history: ContactHistory
    create_list: CreateContactList
    upload_list: UploadContactList
    get_list: GetContactList
    find_lists: FindContactLists
    delete_list: DeleteContactList
    add_to_list: AddToContactList
    remove_from_list: RemoveFromContactList
    add_do_not_call: AddDoNotCall
    find_do_not_call: FindDoNotCall
    update_do_not_call: UpdateDoNotCall
    create_dnc_list: CreateDoNotCallList
    get_dnc_list: GetDoNotCallList
    find_dnc_lists: FindDoNotCallLists
    delete_dnc_list: DeleteDoNotCallList
    add_to_dnc_list: AddToDoNotCallList
    remove_from_dnc_list: RemoveFromDoNotCallList
    lists_of_numbers: ListsOfNumbers
    find_labels: FindLabels
    delete_label: DeleteLabel
    label_campaign: LabelCampaign
    unlabel_campaign: UnlabelCampaign
    label_number: LabelNumber
    unlabel_number: UnlabelNumber
    numbers_with_label: NumbersWithLabel

    @classmethod
    def over(
        cls,
        store: Store,
        clock: Clock,
        *,
        audio: AudioStore,
        speech: Speech,
        recordings: RecordingArchive,
        callbacks: CallbackSender,
        wake: Callable[[], None],
        wake_importer: Callable[[], None],
        ring_timeout: timedelta = timedelta(seconds=40),
        fallback_zone: str = "America/New_York",
    ) -> Services:
        """Return them all on one store.

        `wake` has the dialer look at once, `wake_importer` has uploaded lists read; `fallback_zone`
        is whose clock counts for numbers that are of no place.
        """
        speak = SpeakSound(store=store, speech=speech, clock=clock)
        new_calls = NewCalls(store=store, clock=clock, ring_timeout=ring_timeout)
        send_calls = SendCalls(
            store=store, speech=speech, clock=clock, wake=wake, ring_timeout=ring_timeout
        )
        return cls(
            authenticate=Authenticate(store=store),
            answer_once=AnswerOnce(store=store),
            save_answer=SaveAnswer(store=store, clock=clock),
            get_call=GetCall(store=store),
            find_calls=FindCalls(store=store),
            upload_sound=UploadSound(store=store, audio=audio, clock=clock),
            speak_sound=speak,
            record_sound=RecordSoundByPhone(
                store=store, clock=clock, wake=wake, ring_timeout=ring_timeout
            ),
            get_sound=GetSound(store=store),
            find_sounds=FindSounds(store=store),
            sound_audio=SoundAudio(store=store, audio=audio),
            get_recording=GetRecording(store=store),
            get_named_recording=GetNamedRecording(store=store),
            recording_audio=RecordingAudio(archive=recordings),
            list_numbers=ListNumbers(store=store),
            get_number=GetNumber(store=store),
            forward_number=ForwardNumber(store=store),
            answer_number=AnswerNumber(store=store),
            send_verification_code=SendVerificationCode(
                store=store,
                speech=speech,
                clock=clock,
                send_calls=send_calls,
                draw_code=partial(new_code, _CODE_DIGITS),
            ),
            verify_caller_id=VerifyCallerId(store=store, clock=clock),
            create_campaign=CreateCampaign(
                store=store,
                speak=speak,
                clock=clock,
                wake=wake,
                new_calls=new_calls,
                fallback_zone=fallback_zone,
            ),
            get_campaign=GetCampaign(store=store),
            find_campaigns=FindCampaigns(store=store),
            update_campaign=UpdateCampaign(
                store=store, speak=speak, clock=clock, wake=wake, fallback_zone=fallback_zone
            ),
            start_campaign=StartCampaign(store=store, clock=clock, wake=wake),
            stop_campaign=StopCampaign(store=store, clock=clock),
            archive_campaign=ArchiveCampaign(store=store, clock=clock),
            campaign_stats=CampaignStats(store=store),
            add_batch=AddBatch(store=store, clock=clock, wake=wake, new_calls=new_calls),
            get_batch=GetBatch(store=store),
            find_batches=FindBatches(store=store),
            enable_batch=EnableBatch(store=store, clock=clock, wake=wake),
            rename_batch=RenameBatch(store=store),
            add_schedule=AddSchedule(store=store, clock=clock, wake=wake),
            get_schedule=GetSchedule(store=store),
            find_schedules=FindSchedules(store=store),
            remove_schedule=RemoveSchedule(store=store, clock=clock, wake=wake),
            create_subscription=CreateSubscription(store=store, clock=clock, sender=callbacks),
            get_subscription=GetSubscription(store=store),
            find_subscriptions=FindSubscriptions(store=store),
            update_subscription=UpdateSubscription(store=store, clock=clock, sender=callbacks),
            delete_subscription=DeleteSubscription(store=store),
            get_contact=GetContact(store=store),
            find_contacts=FindContacts(store=store),
            update_contact=UpdateContact(store=store, clock=clock),
            delete_contact=DeleteContact(store=store, clock=clock),
            contact_history=ContactHistory(store=store),
            create_list=CreateContactList(store=store, clock=clock),
            upload_list=UploadContactList(store=store, clock=clock, wake=wake_importer),
            get_list=GetContactList(store=store),
            find_lists=FindContactLists(store=store),
            delete_list=DeleteContactList(store=store),
            add_to_list=AddToContactList(store=store, clock=clock),
            remove_from_list=RemoveFromContactList(store=store),
            add_do_not_call=AddDoNotCall(store=store, clock=clock),
            find_do_not_call=FindDoNotCall(store=store),
            update_do_not_call=UpdateDoNotCall(store=store),
            create_dnc_list=CreateDoNotCallList(store=store, clock=clock),
            get_dnc_list=GetDoNotCallList(store=store),
            find_dnc_lists=FindDoNotCallLists(store=store),
            delete_dnc_list=DeleteDoNotCallList(store=store),
            add_to_dnc_list=AddToDoNotCallList(store=store, clock=clock),
            remove_from_dnc_list=RemoveFromDoNotCallList(store=store),
            lists_of_numbers=ListsOfNumbers(store=store),
            find_labels=FindLabels(store=store),
            delete_label=DeleteLabel(store=store),
            label_campaign=LabelCampaign(store=store, clock=clock),
            unlabel_campaign=UnlabelCampaign(store=store, clock=clock),
            label_number=LabelNumber(store=store),
            unlabel_number=UnlabelNumber(store=store),
            numbers_with_label=NumbersWithLabel(store=store),
        )

"""The use cases behind the operations on contacts, lists of them and do-not-contact entries."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ringcast.ports.clock import Clock
from ringcast.ports.store import Store
from ringcast.services.contact_lists import (
    AddToContactList,
    CreateContactList,
    DeleteContactList,
    FindContactLists,
    GetContactList,
    ListMembers,
    RemoveFromContactList,
    RenameContactList,
)
from ringcast.services.contacts import (
    ContactHistory,
    CreateContacts,
    DeleteContact,
    FindContacts,
    GetContact,
    UpdateContact,
)
from ringcast.services.do_not_call import (
    AddDoNotCall,
    DeleteDoNotCall,
    DeleteDoNotCallOfSource,
    FindDoNotCall,
    GetDoNotCall,
    UpdateDoNotCall,
)
from ringcast.services.list_imports import UploadContactList

__all__ = ["ContactServices"]


@dataclass(frozen=True, kw_only=True, slots=True)
class ContactServices:
    """One of each."""

    create_contacts: CreateContacts
    get_contact: GetContact
    find_contacts: FindContacts
    update_contact: UpdateContact
    delete_contact: DeleteContact
    contact_history: ContactHistory
    create_list: CreateContactList
    upload_list: UploadContactList
    get_list: GetContactList
    find_lists: FindContactLists
    rename_list: RenameContactList
    delete_list: DeleteContactList
    list_members: ListMembers
    add_to_list: AddToContactList
    remove_from_list: RemoveFromContactList
    add_do_not_call: AddDoNotCall
    get_do_not_call: GetDoNotCall
    find_do_not_call: FindDoNotCall
    update_do_not_call: UpdateDoNotCall
    delete_do_not_call: DeleteDoNotCall
    delete_do_not_call_of_source: DeleteDoNotCallOfSource

    @classmethod
    def over(
        cls, store: Store, clock: Clock, *, wake_importer: Callable[[], None]
    ) -> ContactServices:
        """Return them all on one store; `wake_importer` has uploaded lists read at once."""
        return cls(
            create_contacts=CreateContacts(store=store, clock=clock),
            get_contact=GetContact(store=store),
            find_contacts=FindContacts(store=store),
            update_contact=UpdateContact(store=store, clock=clock),
            delete_contact=DeleteContact(store=store, clock=clock),
            contact_history=ContactHistory(store=store),
            create_list=CreateContactList(store=store, clock=clock),
            upload_list=UploadContactList(store=store, clock=clock, wake=wake_importer),
            get_list=GetContactList(store=store),
            find_lists=FindContactLists(store=store),
            rename_list=RenameContactList(store=store),
            delete_list=DeleteContactList(store=store),
            list_members=ListMembers(store=store),
            add_to_list=AddToContactList(store=store, clock=clock),
            remove_from_list=RemoveFromContactList(store=store),
            add_do_not_call=AddDoNotCall(store=store, clock=clock),
            get_do_not_call=GetDoNotCall(store=store),
            find_do_not_call=FindDoNotCall(store=store),
            update_do_not_call=UpdateDoNotCall(store=store),
            delete_do_not_call=DeleteDoNotCall(store=store),
            delete_do_not_call_of_source=DeleteDoNotCallOfSource(store=store),
        )

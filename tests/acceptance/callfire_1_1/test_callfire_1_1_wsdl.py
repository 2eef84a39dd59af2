"""The documents that anybody may read, and whether they and the vendor's agree."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import pytest
from lxml import etree

from ringcast.apis.callfire_1_1 import wsdl
from ringcast.apis.callfire_1_1.xsd import SCHEMAS
from ringcast.domain.outcomes import Outcome
from tests.acceptance.callfire_1_1.conftest import NUMBER, Client, Rig

OFFICIAL = Path(__file__).parents[4] / "shared" / "specs" / "callfire-1.1"
FILES = [wsdl.BINDING_FILE, "callfire-service.wsdl", *SCHEMAS]
SVC = "http://api.callfire.com/service/xsd"
W = {"w": "http://schemas.xmlsoap.org/wsdl/", "s": "http://schemas.xmlsoap.org/wsdl/soap12/"}
XS = "{http://www.w3.org/2001/XMLSchema}"


@pytest.mark.parametrize("name", FILES)
async def test_documents_are_served_with_and_without_a_credential(
    client: Client, nobody: Client, name: str
) -> None:
    with_one = await client("GET", f"/wsdl/{name}")
    without = await nobody("GET", f"/wsdl/{name}")
    assert (with_one.status, without.status) == (200, 200)
    assert with_one.body == without.body
    etree.fromstring(without.body)


async def test_every_port_is_at_the_address_that_was_asked(rig: Rig, nobody: Client) -> None:
    answer = await nobody("GET", f"/wsdl/{wsdl.BINDING_FILE}")
    ports = etree.fromstring(answer.body).findall(".//w:port/s:address", W)
    assert [port.get("location", "").removeprefix(rig.base) for port in ports] == [
        "/soap12/broadcast",
        "/soap12/subscription",
        "/soap12/text",
        "/soap12/call",
        "/soap12/contact",
        "/soap12/number",
        "/soap12/label",
    ]


async def test_an_unknown_document_is_not_found(nobody: Client) -> None:
    assert (await nobody("GET", "/wsdl/../wsdl/other.xsd")).status == 404
    assert (await nobody("POST", f"/wsdl/{wsdl.BINDING_FILE}")).status == 405


async def test_the_address_asked_for_wsdl_answers_it(nobody: Client) -> None:
    answer = await nobody("GET", "/soap12/call?wsdl")
    assert answer.status == 200
    assert b"CallFireApi" in answer.body


def official(name: str) -> etree._ElementTree:
    if not OFFICIAL.is_dir():
        pytest.skip("the vendor's documents are not here")
    return etree.parse(str(OFFICIAL / name))


def test_operations_and_actions_are_the_vendors() -> None:
    theirs = official("callfire-service-http-soap12.wsdl")
    ours = etree.fromstring(wsdl.document(wsdl.BINDING_FILE, base="http://here") or b"")

    def actions(root: etree._Element) -> set[str]:
        return {one.get("soapAction", "") for one in root.iterfind(".//s:operation", W)}

    assert actions(theirs.getroot()) <= actions(ours)
    later = {one.rsplit("/", 1)[1] for one in actions(ours) - actions(theirs.getroot())}
    assert later == {
        "SendVerificationCodeToCallerId",
        "VerifyCallerId",
        "GetCallerIds",
        "QueryDncNumbers",
        "UpdateDncNumber",
        "QueryDncLists",
        "CreateDncList",
        "GetDncList",
        "DeleteDncList",
        "AddNumbersToDncList",
        "RemoveNumbersFromDncList",
    }


def shape(root: etree._Element) -> Mapping[str, list[tuple[str, ...]]]:
    """Return the members of every named element and type, in order, with what they may be."""
    found: dict[str, list[tuple[str, ...]]] = {}

    def members(node: etree._Element) -> list[tuple[str, ...]]:
        some: list[tuple[str, ...]] = []
        for child in node.iterchildren(tag=etree.Element):
            tag = str(child.tag).removeprefix(XS)
            name = (child.get("name") or child.get("ref") or "").split(":")[-1]
            if tag in ("annotation", "documentation", "simpleType"):
                continue
            if tag in ("element", "attribute"):
                type_ = (child.get("type") or "").split(":")[-1]
                limits = (child.get("minOccurs", "1"), child.get("maxOccurs", "1"))
                default = child.get("default", "")
                some.append((tag, name, type_, *limits, child.get("use", ""), default))
            elif tag in ("extension", "choice", "anyAttribute"):
                base = (child.get("base") or "").split(":")[-1]
                some.append((tag, base, child.get("minOccurs", "1")))
            some += members(child)
        return some

    for child in root.iterchildren(f"{XS}element", f"{XS}complexType"):
        found[f"{str(child.tag).removeprefix(XS)} {child.get('name')}"] = members(child)
    return found


LATER = {
    "Label",
    "ResumeNextDay",
    "CccBroadcastConfig",
    "SwitchId",
    "CallerName",
    "Note",
    "AgentCall",
    "NonStrictSsl",
    "MaxActive",
    "Start",
}
"""What was added after May 2014, in elements that were there before."""


@pytest.mark.parametrize("name", ["callfire-data.xsd", "callfire-service.xsd"])
def test_our_schema_is_the_vendors_with_what_came_later(name: str) -> None:
    theirs, ours = shape(official(name).getroot()), shape(etree.fromstring(SCHEMAS[name]))
    assert set(theirs) <= set(ours)
    for what, members in theirs.items():
        mine = [one for one in ours[what] if one[1] not in LATER or one in members]
        assert mine == members, what


def official_schema() -> etree.XMLSchema:
    return etree.XMLSchema(official("callfire-service.xsd"))


CONFIG = "<d:LiveSoundText>Hello</d:LiveSoundText>"
REQUESTS = (
    "<s:GetCall><s:Id>1</s:Id></s:GetCall>",
    "<s:QueryCalls><s:MaxResults>5</s:MaxResults><s:FirstResult>0</s:FirstResult>"
    "<s:State>READY FINISHED</s:State><s:Result>LA AM</s:Result>"
    "<s:Inbound>false</s:Inbound></s:QueryCalls>",
    "<s:SendCall><s:RequestId>a</s:RequestId><s:Type>VOICE</s:Type>"
    '<s:ToNumber ClientData="x" color="red">12135550100</s:ToNumber>'
    "<s:ScrubBroadcastDuplicates>true</s:ScrubBroadcastDuplicates><d:VoiceBroadcastConfig>"
    f"<d:FromNumber>{NUMBER}</d:FromNumber>{CONFIG}</d:VoiceBroadcastConfig></s:SendCall>",
    "<s:CreateBroadcast><d:Broadcast><d:Name>A</d:Name><d:Type>VOICE</d:Type>"
    f"<d:VoiceBroadcastConfig>{CONFIG}</d:VoiceBroadcastConfig></d:Broadcast></s:CreateBroadcast>",
    "<s:CreateSound><s:Name>A</s:Name><s:SoundText>Hello</s:SoundText>"
    "<s:SoundTextVoice>SPANISH1</s:SoundTextVoice></s:CreateSound>",
)


def envelope(inside: str) -> str:
    return (
        '<e:Envelope xmlns:e="http://www.w3.org/2003/05/soap-envelope"'
        f' xmlns:s="{SVC}" xmlns:d="http://api.callfire.com/data">'
        f"<e:Body>{inside}</e:Body></e:Envelope>"
    )


SERVICE_OF = {"CreateBroadcast": "broadcast"}


@pytest.mark.parametrize("message", REQUESTS)
async def test_messages_that_the_vendors_schema_allows_are_taken(
    client: Client, message: str
) -> None:
    payload = etree.fromstring(envelope(message))[0][0]
    official_schema().assertValid(payload)
    name = re.sub(r"\{.*\}", "", str(payload.tag))
    answer = await client.soap(SERVICE_OF.get(name, "call"), envelope(message))
    assert answer.status == 200 or b"NOT_FOUND" in answer.body, answer.text


async def test_answers_are_what_the_vendors_schema_says(rig: Rig, client: Client) -> None:
    schema = official_schema()
    sent = await client.rest(
        "POST",
        "/call.json",
        {
            "Type": "VOICE",
            "To": "12135550100?ClientData=a&color=red,12135550120",
            "LiveSoundText": "Hello",
            "TransferDigit": "1",
            "TransferNumber": "12135550102",
            "DncDigit": "9",
            "MaxAttempts": "3",
            "RetryResults": "BUSY",
            "LocalRestrictBegin": "08:00:00",
        },
    )
    broadcast = sent.new_id
    calls = (await client.rest("GET", f"/call.json?BroadcastId={broadcast}")).json
    for call in calls["ResourceList"]["Call"]:
        await rig.finish("Clinic", call["@id"], Outcome.HUMAN, talked=5)
    schedule = {"StartTimeOfDay": "9:00", "StopTimeOfDay": "17:00", "TimeZone": "America/Denver"}
    await client.rest("POST", f"/broadcast/{broadcast}/schedule", schedule)
    asked = (
        ("call", f"<s:QueryCalls><s:BroadcastId>{broadcast}</s:BroadcastId></s:QueryCalls>"),
        ("call", "<s:QuerySoundMeta/>"),
        ("broadcast", "<s:QueryBroadcasts/>"),
        ("broadcast", f"<s:GetBroadcast><s:Id>{broadcast}</s:Id></s:GetBroadcast>"),
        ("broadcast", f"<s:GetBroadcastStats><s:Id>{broadcast}</s:Id></s:GetBroadcastStats>"),
        (
            "broadcast",
            f"<s:QueryContactBatches><s:BroadcastId>{broadcast}</s:BroadcastId>"
            "</s:QueryContactBatches>",
        ),
        (
            "broadcast",
            f"<s:QueryBroadcastSchedules><s:BroadcastId>{broadcast}</s:BroadcastId>"
            "</s:QueryBroadcastSchedules>",
        ),
    )
    for service, message in asked:
        answer = await client.soap(service, envelope(message))
        assert answer.status == 200, answer.text
        schema.assertValid(etree.fromstring(answer.body)[0][0])

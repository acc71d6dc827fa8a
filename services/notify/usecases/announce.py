"""From what happened to an idea to who is told what: pure, from a message's payload to notifications to make."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from services.notify.domain.asked import Asked, asked
from services.notify.domain.kinds import Category, Kind, Reason
from services.notify.domain.letters import ACTS
from shared.mail.addresses import folded, is_automatic

Payload = Mapping[str, Any]

NOTICES = (Kind.NOTICE, Kind.NOTICE_HELD)
_NO_THREAD: Payload = {"in_reply_to": None, "references": []}
_UNSAID: Payload = {"party": [], "diet": "", "comment": ""}
ECHOES = frozenset({Kind.REPLY_RECEIVED, Kind.REPLY_NOTICE, Kind.GUEST_NOTE, Kind.REPLY_PROPOSED, Kind.CALENDAR_NOTE})
"""Of the mails about events, those that whoever holds an invitation brings about, as often as they like."""
TO_SUBMITTERS = frozenset({Kind.QUESTION, Kind.MERGED, Kind.PASSED_ON})
"""Of the mails that are asked for by name, those to the person whose idea it is: never to a program."""


def idea_received(payload: Payload) -> list[Asked]:
    """The confirmation to the submitter and a notice to each contact.

    A held idea gives no confirmation: contacts decide first. A sender who gets none for another reason has it
    recorded with that reason. Words of a sender who is not vouched for do not even reach the confirmation's facts,
    nor does the name they chose.
    """
    idea, sluice = payload["idea"], payload["sluice"]
    common = {
        "answer_by": payload["answer_by"].isoformat(),
        "attachments": list(payload["attachments"]),
    }
    found: list[Asked] = []
    submitter = payload["submitter"]
    if submitter is not None and payload["held"] is None:
        vouched = payload["vouched"]
        found.append(
            asked(
                Kind.CONFIRMATION,
                idea["id"],
                submitter if vouched else {**submitter, "name": ""},
                sluice=sluice,
                reference=idea["reference"],
                facts=common
                | {
                    "follow_url": payload["follow_url"],
                    "idea": _idea(idea, with_words=vouched),
                    "attachments": common["attachments"] if vouched else [],
                    "asks_kind": payload["asks_kind"],
                    "similar": [dict(each) for each in payload["similar"]] if vouched else [],
                    "via": payload["via"],
                    "thread": _thread(payload["submitter_thread"]),
                },
                withheld=payload["no_confirmation"] or _automatic(submitter["address"]),
                is_echo=True,
                is_to_stranger=payload["via"] != "email" and not vouched,
            )
        )
    notice = common | {
        "idea": _idea(idea),
        "submitter": None if submitter is None else {key: submitter[key] for key in ("name", "address")},
        "submitter_kind": payload["submitter_kind"],
        "vouched": payload["vouched"],
        "notes": list(payload["contact_notes"]),
        "held": payload["held"],
        "thread": _thread(payload["contact_thread"]),
    }
    kind = Kind.NOTICE if payload["held"] is None else Kind.NOTICE_HELD
    return found + _to_contacts(kind, idea["id"], payload, notice)


def idea_added_to(payload: Payload) -> list[Asked]:
    """A notice to each contact that somebody added to an idea."""
    facts = {
        "idea": _idea(payload["idea"]),
        "author": payload["author"],
        "added": payload["text"],
        "attachments": list(payload["attachments"]),
        "thread": _thread(payload["contact_thread"]),
    }
    return _to_contacts(Kind.ADDED, payload["entry_id"], payload, facts)


def answer_drafted(payload: Payload) -> list[Asked]:
    """The link by which a contact confirms the answer they mailed."""
    facts = {
        "idea": _idea(payload["idea"]),
        "answer": payload["text"],
        "confirm_url": payload["confirm_url"],
        "thread": _thread(payload["contact_thread"]),
    }
    return _to(Kind.ANSWER_DRAFT, payload["draft_id"], payload["contact"], payload, facts)


def idea_answered(payload: Payload) -> list[Asked]:
    """The official answer to the submitter, where there is one to write to."""
    if payload["submitter"] is None:
        return []
    facts = {
        "idea": _idea(payload["idea"]),
        "answer": payload["text"],
        "stage": payload["idea"]["stage"] if _has_moved(payload) else None,
        "close_reason": payload.get("close_reason"),
        "signed_by": payload["signed_by"],
        "follow_url": payload["follow_url"],
        "thread": _thread(payload["submitter_thread"]),
    }
    return _to(Kind.ANSWER, payload["answer_id"], payload["submitter"], payload, facts)


def mail_wanted(payload: Payload, moment: datetime) -> list[Asked]:
    """The one mail that was asked for by name. A request to confirm an address never holds anybody's words.

    :param moment: when it is written: days of another year are said with their year.
    """
    kind = Kind(payload["kind"])
    person = {**payload["person"], "reply_to": payload["reply_to"]}
    facts = dict(payload["facts"])
    if kind is Kind.MERGED and facts["into"]["title"] == facts["into"]["reference"]:
        facts["into"] = {**facts["into"], "title": None}
    if kind is Kind.VERIFY:
        person["name"] = ""
    return [
        asked(
            kind,
            payload["about"],
            person,
            sluice=payload["sluice"],
            reference=payload["idea_reference"],
            facts={
                **facts,
                "thread": _thread({"in_reply_to": None, "references": [], **payload["thread"]}),
                "written_at": moment.isoformat(),
            },
            withheld=_automatic(person["address"]) if kind in TO_SUBMITTERS else None,
            is_echo=kind in (Kind.SIGN_IN, Kind.VERIFY),
            is_to_stranger=payload["is_to_stranger"],
        )
    ]


def event_mail_wanted(payload: Payload, moment: datetime) -> list[Asked]:
    """The one mail about an event that was asked for by name.

    Where somebody typed the address into a form, nothing else that they typed leaves with it: neither their name, nor
    their party, diet or greeting. An invitation then asks whether it was them, and cannot have been stopped.

    :param moment: when it is written: days of another year are said with their year.
    """
    kind, is_to_stranger = Kind(payload["kind"]), payload["is_to_stranger"]
    person = {**payload["person"], "reply_to": payload["reply_to"]}
    facts = {**payload["facts"], "written_at": moment.isoformat(), "thread": _thread(_NO_THREAD)}
    if payload["guest_id"] is not None:
        facts["guest_id"] = str(payload["guest_id"])
    if kind is Kind.INVITATION:
        facts["is_unconfirmed"] = is_to_stranger
    if is_to_stranger:
        facts |= {"is_to_stranger": True, "is_echoed": False, "note": ""}
        if "reply" in facts:
            facts["reply"] = {**facts["reply"], **_UNSAID}
        person["name"] = ""
    found = asked(
        kind,
        payload["about"],
        person,
        sluice=payload["sluice"],
        reference=None,
        facts=facts,
        withheld=_automatic(person["address"]) if payload["guest_id"] is not None else None,
        is_echo=is_to_stranger or kind in ECHOES,
        is_to_stranger=is_to_stranger,
    )
    calendar = payload["calendar"]
    return [
        replace(
            found,
            # As it came: its line ends and every sign belong to what a calendar reads.
            facts=found.facts if calendar is None else {**found.facts, "calendar": dict(calendar)},
            category=Category.ASKED_FOR if is_to_stranger else found.category,
            is_bulk=payload["is_bulk"],
            series=payload["series"],
            number=payload["number"],
        )
    ]


def _has_moved(payload: Payload) -> bool:
    """True where the answer moved the idea; messages from before it was told say nothing of it."""
    before = payload.get("stage_before")
    return before is not None and before != payload["idea"]["stage"]


def _to_contacts(kind: Kind, about: object, payload: Payload, facts: Payload) -> list[Asked]:
    return [
        each for contact in payload["contacts"] for each in _to(kind, about, contact, payload, _for(contact, facts))
    ]


def _for(contact: Payload, facts: Payload) -> Payload:
    """The facts with the contact's own links; an act that is not offered has none."""
    return {**facts, "idea_url": contact["idea_url"], "acts": {act: contact["acts"].get(act) for act in ACTS}}


def _to(kind: Kind, about: object, person: Payload, payload: Payload, facts: Payload) -> list[Asked]:
    return [
        asked(
            kind,
            about,
            person,
            sluice=payload["sluice"],
            reference=payload["idea"]["reference"],
            facts=facts,
            # A contact may well sit at a function address; a submitter's answer must not go to a program.
            withheld=_automatic(person["address"]) if kind is Kind.ANSWER else None,
            is_echo=kind is Kind.ANSWER_DRAFT or (kind in NOTICES and _is_from(person, payload["submitter"])),
        )
    ]


def _is_from(contact: Payload, submitter: Payload | None) -> bool:
    return submitter is not None and folded(contact["address"]) == folded(submitter["address"])


def _automatic(address: str) -> str | None:
    return Reason.AUTOMATIC_ADDRESS if not address.strip() or is_automatic(address) else None


def _idea(idea: Payload, *, with_words: bool = True) -> dict[str, Any]:
    return {
        "reference": idea["reference"],
        "title": idea["title"] if with_words else None,
        "text": idea["text"] if with_words else None,
        "created_at": idea["created_at"].isoformat(),
    }


def _thread(thread: Payload) -> dict[str, Any]:
    return {"in_reply_to": thread["in_reply_to"], "references": list(thread["references"])}

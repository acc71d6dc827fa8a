"""Tell a sluice's contacts what did not arrive: pure planning, from a failed notification to notices of it.

An idea that was answered into an empty mailbox looks answered to everybody but the person who asked.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from services.notify.domain.account import Account
from services.notify.domain.asked import Asked, asked
from services.notify.domain.delivery import State
from services.notify.domain.kinds import CATEGORIES, Category, Channel, Kind, Reason
from services.notify.domain.suppression import HELD_BACK
from services.notify.domain.words import cleaned, cleaned_facts, one_line
from services.notify.store import books, emptying, notifications, sluices
from services.notify.store.tables import Notification, Sluice
from services.notify.usecases import suppress
from shared import logs
from shared.mail.addresses import canonical
from shared.settings import Settings
from shared.web.links import undelivered_url

log = logs.get(__name__)

TO_SUBMITTERS = frozenset({Kind.CONFIRMATION, Kind.ANSWER, Kind.MESSAGE, Kind.QUESTION, Kind.MERGED, Kind.PASSED_ON})
TO_CONTACTS = frozenset({Kind.NOTICE, Kind.NOTICE_HELD, Kind.ADDED, Kind.ANSWER_DRAFT, Kind.ASSIGNED, Kind.DIGEST})
TO_GUESTS = frozenset(
    {
        Kind.INVITATION,
        Kind.INVITATION_AGAIN,
        Kind.REPLY_RECEIVED,
        Kind.REPLY_PROPOSED,
        Kind.CALENDAR_NOTE,
        Kind.SEAT_OFFERED,
        Kind.SEAT_GIVEN,
        Kind.SEAT_LOST,
        Kind.EVENT_CHANGED,
        Kind.EVENT_CANCELLED,
        Kind.HOST_QUESTION,
    }
)
"""About an event, to somebody whom its contacts count on; of a reminder or a summary that fails nobody need hear."""
_WRITTEN_BY_PEOPLE = frozenset({Kind.ANSWER, Kind.MESSAGE, Kind.QUESTION})
_NOBODY_THERE = frozenset({Reason.ADDRESS_GONE, Reason.WITHHELD_BY_HAND})
_WITH_REPLY_ADDRESS = (Kind.NOTICE, Kind.NOTICE_HELD, Kind.ADDED)


def notices(session: Session, settings: Settings, row: Notification, moment: datetime) -> list[Asked]:
    """What the contacts are told of a notification, where it has ended without arriving; else nothing.

    A submitter's is told to all contacts of the sluice, a contact's own to the others. Where nobody is left that
    can be written to, that is an alarm. Nobody is told that a notice of this kind failed: it would go in a circle.
    """
    kind = Kind(row.kind)
    if emptying.is_empty(row):
        return []
    if kind in TO_GUESTS:
        is_told = books.account(row) is Account.FAILED or row.reason in _NOBODY_THERE
        return list(_to_event_contacts(settings, row)) if is_told else []
    if kind is Kind.UNDELIVERED and books.account(row) is Account.FAILED:
        log.error("contact_unreachable", notification_id=str(row.id), sluice=row.sluice_slug)
    if kind not in TO_SUBMITTERS | TO_CONTACTS or not _must_be_told(row, kind):
        return []
    return [
        notice
        for about in _matters(session, row)
        if not emptying.is_empty(about)
        for notice in _notices(session, settings, row, about, moment)
    ]


def _to_event_contacts(settings: Settings, row: Notification) -> Iterator[Asked]:
    """To those who answer for the event, as the mail itself named them. Its guest list shows it as well."""
    known = json.loads(row.facts)
    event, sluice = known["event"], known["sluice"]
    # Where the address came out of a form, the form's owner need not hear that it was a wrong one.
    if known.get("is_to_stranger"):
        return
    facts = {
        "event": event,
        "what": row.kind,
        "recipient": row.recipient_address,
        "reason": row.reason or row.state,
        "line": row.reply or "",
        "guests_url": f"{settings.base_url}/kontakt/traffar/{event['slug']}/gaster",
        "written_at": known["written_at"],
        "thread": {"in_reply_to": None, "references": []},
    }
    unreached = canonical(row.recipient_address)
    for contact in known["contacts"]:
        if canonical(contact["address"]) != unreached:
            yield asked(
                Kind.UNREACHED,
                row.id,
                {**contact, "reply_to": sluice["address"]},
                sluice=sluice,
                reference=None,
                facts=facts,
                is_echo=True,
            )


def _must_be_told(row: Notification, kind: Kind) -> bool:
    """Failed; or not even tried, though a person wrote it or a sluice must hear of it.

    A contact's complaint may be forged, and with it every idea would go unseen.
    """
    if row.state == State.SUPPRESSED:
        return row.reason in (_NOBODY_THERE if kind in _WRITTEN_BY_PEOPLE else HELD_BACK if kind in TO_CONTACTS else ())
    return books.account(row) is Account.FAILED


def _matters(session: Session, row: Notification) -> Iterator[Notification]:
    """The notification itself; of a digest the first that went out in it, for each sluice."""
    if row.idea_reference is not None and row.sluice_slug is not None:
        yield row
        return
    told: set[str] = set()
    for each in notifications.carried(session, row):
        if each.sluice_slug is not None and each.sluice_slug not in told:
            told.add(each.sluice_slug)
            yield each


def _notices(
    session: Session, settings: Settings, row: Notification, about: Notification, moment: datetime
) -> Iterator[Asked]:
    assert about.sluice_slug is not None
    sluice = sluices.find(session, about.sluice_slug)
    contacts = json.loads(sluice.contacts) if sluice is not None else []
    unreached = canonical(row.recipient_address) if Kind(row.kind) in TO_CONTACTS else None
    others = [each for each in contacts if canonical(each["address"]) != unreached]
    if not any(_is_reachable(session, each, Category(row.category), moment) for each in others):
        log.error("contact_unreachable", notification_id=str(row.id), sluice=about.sluice_slug)
    if sluice is None:
        return
    facts = _facts(settings, row, about, sluice)
    for contact in others:
        yield Asked(
            key=f"{Kind.UNDELIVERED}:{row.id}:{canonical(contact['address'])}",
            kind=Kind.UNDELIVERED,
            address=cleaned(contact["address"]).strip(),
            name=one_line(contact["name"], 60),
            language=contact["language"],
            sluice_slug=sluice.slug,
            sluice_address=sluice.address,
            idea_reference=about.idea_reference,
            facts={**facts, "reply_to": _reply_address(session, about, contact["address"]) or sluice.address},
            category=CATEGORIES[Kind.UNDELIVERED],
            # What did not arrive may answer a mail of theirs.
            is_echo=True,
        )


def _is_reachable(session: Session, contact: dict[str, str], category: Category, moment: datetime) -> bool:
    return suppress.held_back(session, Channel.EMAIL, contact["address"], category, moment) is None


def _reply_address(session: Session, about: Notification, contact: str) -> str | None:
    """The address that intake last signed for that contact's answers on the idea: at the sluice's own, a reply to a
    notice would become a new idea."""
    if about.idea_reference is None:
        return None
    told = notifications.newest_about(session, about.idea_reference, contact, _WITH_REPLY_ADDRESS)
    return json.loads(told.facts)["reply_to"] if told is not None else None


def _facts(settings: Settings, row: Notification, about: Notification, sluice: Sluice) -> dict[str, Any]:
    known = json.loads(about.facts)
    idea, references = known.get("idea") or {}, (known.get("thread") or {}).get("references") or []
    facts = cleaned_facts(
        {
            "idea": {
                "reference": about.idea_reference,
                # A confirmation to somebody who is not vouched for holds none of their words.
                "title": idea.get("title") or about.idea_reference,
                "text": idea.get("text") or "",
                "created_at": idea.get("created_at") or about.created_at.isoformat(),
            },
            "what": row.kind,
            "recipient": row.recipient_address,
            "reason": row.reason or row.state,
            "line": row.reply or "",
            "correct_url": undelivered_url(settings, row.id),
            "sluice": {
                "slug": sluice.slug,
                "name": sluice.name,
                "address": sluice.address,
                "language": sluice.language,
            },
            # Not what the failed one answered (a contact does not have that mail), but the idea's own anchor.
            "thread": {"in_reply_to": None, "references": references[-1:]},
        }
    )
    assert isinstance(facts, dict)
    return facts

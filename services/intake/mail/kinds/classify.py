"""What a received mail is: one kind, the findings that go with it, and the reasons in plain words.

The order of the questions is the precedence among kinds. What a machine wrote comes before what it quotes or
answers: a bounce to a reply address is a delivery report, an out-of-office answer that refers to an idea is an
automatic reply, and neither may add to the idea or reopen it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Final

from services.intake.mail.kinds import senders
from services.intake.mail.kinds.automatic import automatic, is_automatic_reply
from services.intake.mail.kinds.complaint import complaint
from services.intake.mail.kinds.dsn import read_report
from services.intake.mail.kinds.spam import spam_verdict
from services.intake.mail.model import Calendar, Complaint, DeliveryReport, Kind, Part
from services.intake.mail.ours import (
    is_bounce_address,
    is_guest_address,
    is_our_calendar_uid,
    is_our_message_id,
    reply_reference,
)
from shared.mail.bounce_class import BounceClass

_ATTENDEES_METHODS: Final = frozenset(("REPLY", "COUNTER", "REFRESH"))
"""What an attendee sends to the organiser (RFC 5546 §1.4); the other methods come from an organiser."""


@dataclass(frozen=True, slots=True)
class Classified:
    """What a mail is."""

    kind: Kind
    delivery_reports: tuple[DeliveryReport, ...] = ()
    complaint: Complaint | None = None
    automatic: str | None = None
    """Why no automatic answer may be sent, or None where one may."""
    spam: str | None = None
    """What a filter in front of us said. Spam is a hold, not a kind."""
    reasons: tuple[str, ...] = ()


def classify(
    tree: Part,
    *,
    envelope_from: str | None = None,
    recipient: str | None = None,
    recipients: Collection[str] = (),
    in_reply_to: Sequence[str] = (),
    references: Sequence[str] = (),
    calendar: Calendar | None = None,
) -> Classified:
    """Say what a mail is. Never raises; an unclear mail is an idea.

    ``envelope_from`` is the envelope's sender, empty for the null sender, None where unknown (then Return-Path
    is asked); ``recipient`` the envelope's recipient; ``recipients`` the addresses that the header names.
    """
    ours = tuple(dict.fromkeys(address for address in (recipient, *recipients) if address))
    found = _kind(tree, envelope_from, ours, recipient, (*in_reply_to, *references), calendar)
    why_not = found.automatic or _no_answer(found.kind, tree, envelope_from, recipient)
    spam = spam_verdict(tree.headers)
    reasons = list(found.reasons)
    if why_not and found.kind in (Kind.IDEA, Kind.REPLY):
        reasons.append(f"no confirmation, because: {why_not}")
    if spam:
        reasons.append(f"a filter in front of us calls it spam: {spam}")
    return replace(found, automatic=why_not, spam=spam, reasons=tuple(reasons))


def _kind(
    tree: Part,
    envelope_from: str | None,
    ours: Sequence[str],
    recipient: str | None,
    answered: Sequence[str],
    calendar: Calendar | None,
) -> Classified:
    if (complained := complaint(tree)) is not None:
        return Classified(Kind.COMPLAINT, complaint=complained, reasons=(f"a complaint: {complained.why}",))
    if (report := read_report(tree, envelope_from=envelope_from)) is not None:
        return Classified(
            Kind.DELIVERY_REPORT, delivery_reports=report.reports, reasons=(f"a delivery report: {report.why}",)
        )
    method = (calendar.method or "").upper() if calendar else ""
    if method in _ATTENDEES_METHODS or (method == "DECLINECOUNTER" and calendar and _is_about_ours(calendar, ours)):
        return Classified(Kind.CALENDAR_REPLY, reasons=(f"an answer to an invitation: iTIP {method} (RFC 5546)",))
    sent_by = is_automatic_reply(tree.headers, tree, envelope_from=envelope_from, own=_own(recipient))
    if sent_by == _NULL_SENDER or (sent_by or "").startswith(_MAIL_SYSTEM):
        bounced = next((address for address in ours if is_bounce_address(address)), None)
        if bounced is not None:
            return Classified(
                Kind.DELIVERY_REPORT,
                delivery_reports=(_UNREADABLE,),
                reasons=(f"a delivery report: it came to the bounce address {bounced}, and {sent_by}",),
            )
    if sent_by is not None:
        return Classified(Kind.AUTOMATIC_REPLY, automatic=sent_by, reasons=(f"an automatic mail: {sent_by}",))
    return _by_a_person(ours, answered, method)


def _is_about_ours(calendar: Calendar, ours: Sequence[str]) -> bool:
    """True where it is about an invitation of ours: by its UID, or by the address that it came to."""
    return is_our_calendar_uid(calendar.uid or "") or any(is_guest_address(address) for address in ours)


_NULL_SENDER: Final = "the return path is empty"
_MAIL_SYSTEM: Final = "a mail system sent it"
_UNREADABLE: Final = DeliveryReport(
    recipient=None, status=None, action=None, bounce_class=BounceClass.OTHER, permanent=False
)


def _by_a_person(ours: Sequence[str], answered: Sequence[str], method: str) -> Classified:
    for address in ours:
        if (reference := reply_reference(address)) is not None:
            return Classified(Kind.REPLY, reasons=(f"a reply: it came to the reply address of {reference}",))
    for identifier in answered:
        if is_our_message_id(identifier):
            return Classified(Kind.REPLY, reasons=(f"a reply: it refers to our message {identifier}",))
    if method:
        return Classified(Kind.IDEA, reasons=(f"an idea, with an invitation in it: iTIP {method}",))
    return Classified(Kind.IDEA, reasons=("an idea: nothing shows that it is anything else",))


def _no_answer(kind: Kind, tree: Part, envelope_from: str | None, recipient: str | None) -> str | None:
    """Why no automatic answer may be sent."""
    match kind:
        case Kind.COMPLAINT:
            return "complaints are not answered"
        case Kind.DELIVERY_REPORT:
            return "delivery reports are not answered"
        case Kind.CALENDAR_REPLY:
            return "answers to invitations are not confirmed by mail"
        case _:
            pass
    sender = senders.sender_address(tree.headers)
    if recipient and sender == recipient.lower():
        return "the sender is the address it was sent to: an answer would come back to us"
    return automatic(tree.headers, tree, envelope_from=envelope_from, own=_own(recipient))


def _own(recipient: str | None) -> tuple[str, ...]:
    return (recipient,) if recipient else ()

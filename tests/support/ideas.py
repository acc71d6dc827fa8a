"""Sluices, ideas and received mails for tests, made by the same use cases as in earnest."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from services.intake.domain.idea import SubmitterKind
from services.intake.domain.sluice import SluiceProfile
from services.intake.mail.model import Attachment as ReceivedFile
from services.intake.store import sluices
from services.intake.store.tables import AnswerDraft, Idea, IdeaMessage, InboundEmail, RawMail
from services.intake.usecases import answer
from services.intake.usecases.announce import Announcer
from services.intake.usecases.receive import NewIdea, open_idea
from shared.clock import now
from shared.ids import new_id
from shared.settings import Settings


def a_sluice(
    session: Session, *, slug: str = "krokom", code: str = "KRO", name: str = "Krokoms kommun"
) -> SluiceProfile:
    """A sluice with an address, a staff domain and a contact."""
    sluice_id = sluices.save(
        session, slug=slug, code=code, name=name, address=f"ide@{slug}.example", staff_domains=[f"{slug}.example"]
    )
    sluices.add_contact(session, sluice_id, name="Kontaktperson, vård och omsorg", address=f"kontakt@{slug}.example")
    session.flush()
    return sluices.profile(session, sluice_id)


def an_idea(
    session: Session,
    settings: Settings,
    sluice: SluiceProfile,
    *,
    title: str = "Elcyklar som hemtjänsten delar på",
    text: str = "Vi kör bil korta sträckor mellan brukarna i centrala Krokom.",
    submitter: str | None = "asa@krokom.example",
    kind: SubmitterKind | None = None,
    mail: InboundEmail | None = None,
    received_at: datetime | None = None,
    **more: Any,
) -> Idea:
    """An idea as the worker makes it from a mail; ``more`` are fields of NewIdea."""
    idea = open_idea(
        session,
        Announcer(settings),
        sluice,
        NewIdea(
            title=title,
            text=text,
            via="email",
            received_at=received_at or now(),
            language=more.pop("language", "sv"),
            kind=kind,
            submitter_name=more.pop("submitter_name", ""),
            submitter_address=submitter,
            inbound_email_id=mail.id if mail else None,
            **more,
        ),
    )
    session.flush()
    session.refresh(idea)  # what the database filled in is there when the transaction is over
    if mail is not None:
        mail.idea_id = idea.id
    return idea


def a_mail(
    session: Session, sluice: SluiceProfile, *, raw: bytes = b"Subject: hej\r\n\r\nEn mening.\r\n", **more: Any
) -> InboundEmail:
    """A received mail that was read; ``more`` are columns of InboundEmail."""
    stored = RawMail(id=new_id(), raw=raw, size=len(raw), sha256=hashlib.sha256(raw).digest())
    session.add(stored)
    session.flush()
    columns: dict[str, Any] = {
        "recipient": sluice.address,
        "envelope_from": "asa@krokom.example",
        "peer_ip": "127.0.0.1",
        "helo": "mx.krokom.example",
        "protocol": "ESMTP",
        "trusted_peer": True,
        "received_at": now(),
        "read_at": now(),
        "correlation_id": "0" * 32,
        "kind": "idea",
        "message_id": f"<{new_id().hex}@krokom.example>",
        "reasons": ["a new idea"],
        "reading": {"subject": "hej", "text": "En mening.", "quoted": "", "signature": "", "language": "sv"},
    }
    mail = InboundEmail(id=new_id(), raw_id=stored.id, sluice_id=sluice.id, **(columns | more))
    session.add(mail)
    session.flush()
    return mail


def a_draft(session: Session, settings: Settings, sluice: SluiceProfile, idea: Idea, text: str) -> AnswerDraft:
    """An answer that the sluice's first contact drafted by mail."""
    mail = a_mail(session, sluice, kind="reply", envelope_from=sluice.contacts[0].address)
    return answer.draft(
        session, Announcer(settings), sluice, idea, sluice.contacts[0], mail, text=text, message_id=mail.message_id
    )


def a_message(session: Session, idea: Idea, **more: Any) -> IdeaMessage:
    """What notify told of a message about an idea; ``more`` are columns of IdeaMessage."""
    columns: dict[str, Any] = {
        "notification_id": new_id(),
        "kind": "confirmation",
        "channel": "email",
        "recipient": idea.submitter_address or "",
        "state": "sent",
        "reason": None,
        "line": None,
        "at": now(),
    }
    message = IdeaMessage(idea_id=idea.id, **(columns | more))
    session.add(message)
    session.flush()
    return message


def a_file(name: str = "karta.png", content: bytes = b"\x89PNG\r\n\x1a\n", kind: str = "image/png") -> ReceivedFile:
    """A file as the reader gives it."""
    return ReceivedFile(
        name=name, type=kind, size=len(content), sha256=hashlib.sha256(content).hexdigest(), content=content
    )

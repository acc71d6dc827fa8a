"""Tell notify what happened to an idea, with all the facts that its mails need.

People quote our mails: a signed link in somebody's words is for the one it was sent to, and goes no further.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from services.intake.domain.sluice import ContactPerson, SluiceProfile
from services.intake.store.tables import AnswerDraft, Idea
from shared.bus import outbox
from shared.clock import STOCKHOLM
from shared.contracts import registry
from shared.mail import message_ids, reply_addresses
from shared.settings import Settings
from shared.web import links
from shared.web.own_links import without_tokens


@dataclass(frozen=True, slots=True)
class Announcer:
    """Builds the messages; holds what links and reply addresses are signed with."""

    settings: Settings

    def received(
        self,
        session: Session,
        idea: Idea,
        sluice: SluiceProfile,
        *,
        no_confirmation: str | None,
        original_message_id: str | None = None,
        notes: Sequence[str] = (),
        files: Sequence[str] = (),
        to_contacts: bool = True,
    ) -> None:
        """An idea came in, or was released from hold (then the contacts know of it already)."""
        outbox.put(
            session,
            registry.IDEA_RECEIVED,
            {
                "idea": _idea(idea),
                "sluice": _sluice(sluice),
                "via": idea.via,
                "submitter": self._submitter(idea, sluice),
                "submitter_kind": idea.kind or "",
                "vouched": idea.vouched,
                "asks_kind": idea.kind is None,
                "no_confirmation": no_confirmation,
                "held": idea.held,
                "answer_by": _day(idea.answer_by),
                "follow_url": links.follow_url(self.settings, idea.reference),
                "submitter_thread": self._thread(idea, sluice, original_message_id),
                "contacts": self._contacts(idea, sluice) if to_contacts else [],
                "contact_thread": self._thread(idea, sluice),
                "contact_notes": list(notes),
                "attachments": list(files),
            },
        )

    def added_to(
        self,
        session: Session,
        idea: Idea,
        sluice: SluiceProfile,
        *,
        entry_id: UUID,
        author: str,
        text: str,
        files: Sequence[str],
    ) -> None:
        """Somebody added text or files to an idea."""
        outbox.put(
            session,
            registry.IDEA_ADDED_TO,
            {
                "entry_id": entry_id,
                "idea": _idea(idea),
                "sluice": _sluice(sluice),
                "author": author,
                "text": without_tokens(text),
                "attachments": list(files),
                "contacts": self._contacts(idea, sluice),
                "contact_thread": self._thread(idea, sluice),
            },
        )

    def answer_drafted(
        self,
        session: Session,
        idea: Idea,
        sluice: SluiceProfile,
        contact: ContactPerson,
        draft: AnswerDraft,
        message_id: str | None,
    ) -> None:
        """A contact answered by mail and must confirm it."""
        outbox.put(
            session,
            registry.ANSWER_DRAFTED,
            {
                "draft_id": draft.id,
                "idea": _idea(idea),
                "sluice": _sluice(sluice),
                "contact": self._contact(idea, sluice, contact),
                "text": without_tokens(draft.text),
                "confirm_url": links.confirm_answer_url(self.settings, draft.id),
                "contact_thread": self._thread(idea, sluice, message_id),
            },
        )

    def answered(
        self, session: Session, idea: Idea, sluice: SluiceProfile, *, answer_id: UUID, signed_by: str, text: str
    ) -> None:
        """An official answer was given."""
        outbox.put(
            session,
            registry.IDEA_ANSWERED,
            {
                "answer_id": answer_id,
                "idea": _idea(idea),
                "sluice": _sluice(sluice),
                "submitter": self._submitter(idea, sluice),
                "signed_by": signed_by,
                "text": without_tokens(text),
                "follow_url": links.follow_url(self.settings, idea.reference),
                "submitter_thread": self._thread(idea, sluice),
            },
        )

    def _thread(self, idea: Idea, sluice: SluiceProfile, answers: str | None = None) -> dict[str, Any]:
        """The idea's own anchor, which every mail about it refers to, and the mail that this one answers."""
        anchor = message_ids.make(self.settings.signer, idea.id, sluice.address)
        return {"in_reply_to": answers or anchor, "references": [answers, anchor] if answers else [anchor]}

    def _submitter(self, idea: Idea, sluice: SluiceProfile) -> dict[str, Any] | None:
        if idea.submitter_address is None:
            return None
        return {
            "name": idea.submitter_name,
            "address": idea.submitter_address,
            "language": idea.language,
            "reply_to": reply_addresses.make(
                self.settings.signer, sluice.address, reply_addresses.SUBMITTER, idea.reference
            ),
        }

    def _contacts(self, idea: Idea, sluice: SluiceProfile) -> list[dict[str, Any]]:
        return [self._contact(idea, sluice, contact) for contact in sluice.contacts]

    def _contact(self, idea: Idea, sluice: SluiceProfile, contact: ContactPerson) -> dict[str, Any]:
        return {
            "name": contact.name,
            "address": contact.address,
            "language": contact.language,
            "reply_to": reply_addresses.make(
                self.settings.signer,
                sluice.address,
                reply_addresses.CONTACT,
                idea.reference,
                str(contact.id),
            ),
            "idea_url": links.contact_url(self.settings, idea.reference, contact.id),
        }


def _idea(idea: Idea) -> dict[str, Any]:
    return {
        "id": idea.id,
        "reference": idea.reference,
        "title": idea.title,
        "text": without_tokens(idea.text),
        "stage": idea.stage,
        "created_at": idea.created_at,
    }


def _sluice(sluice: SluiceProfile) -> dict[str, Any]:
    return {
        "slug": sluice.slug,
        "name": sluice.name,
        "address": sluice.address,
        "language": sluice.language,
    }


def _day(moment: datetime) -> date:
    return moment.astimezone(STOCKHOLM).date()

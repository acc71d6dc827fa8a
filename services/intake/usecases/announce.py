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
from services.intake.store import board
from services.intake.store.tables import AnswerDraft, Idea
from services.intake.usecases.similar import similar
from services.intake.usecases.stand_in import standing_in
from shared.bus import outbox
from shared.clock import STOCKHOLM, now
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
        to_submitter: bool = True,
    ) -> None:
        """An idea came in, or was released from hold (then the contacts know of it already)."""
        outbox.put(
            session,
            registry.IDEA_RECEIVED,
            {
                "idea": _idea(idea),
                "sluice": _sluice(sluice),
                "via": idea.via,
                "submitter": self._submitter(idea, sluice) if to_submitter else None,
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
                "similar": self._similar(session, idea, sluice) if to_submitter and no_confirmation is None else [],
            },
        )

    def _similar(self, session: Session, idea: Idea, sluice: SluiceProfile) -> list[dict[str, Any]]:
        """Published ideas of the same sluice that a confirmation can point to, where its reader is vouched for."""
        if not (sluice.board and idea.vouched and idea.submitter_address and idea.held is None):
            return []
        found = similar(session, sluice.id, idea.title, idea.text, public_only=True, exclude=idea.id)
        # As the board shows them: a contact's "Hej Åsa!" was for one reader.
        newest = {one.id: next((answer.text for answer in board.answers(session, one.id)), "") for one in found}
        return [
            {
                "reference": one.reference,
                "title": one.title,
                "stage": one.stage.value,
                "answer": newest[one.id],
                "same_url": links.same_idea_url(self.settings, idea.id, one.id),
            }
            for one in found
        ]

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

    def passed_on(self, session: Session, idea: Idea, sluice: SluiceProfile, *, notes: Sequence[str]) -> None:
        """An idea came in from another sluice: its contacts get the same notice as of one that is new."""
        self.received(
            session,
            idea,
            sluice,
            no_confirmation="it was passed on by another sluice, and its submitter is told so",
            notes=notes,
            to_submitter=False,
        )

    def answered(
        self,
        session: Session,
        idea: Idea,
        sluice: SluiceProfile,
        *,
        answer_id: UUID,
        signed_by: str,
        text: str,
        before: str | None = None,
    ) -> None:
        """An official answer was given; ``before`` is the stage that the idea was in until then."""
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
                "stage_before": before,
                "close_reason": idea.close_reason,
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
        """Every contact, and the deputies of those who are away."""
        today = now().astimezone(STOCKHOLM).date()
        people = dict.fromkeys((*sluice.contacts, *standing_in(sluice, sluice.contacts, today)))
        return [self._contact(idea, sluice, person) for person in people]

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
            "acts": {act: links.act_url(self.settings, act, idea.id, contact.id) for act in _offered(idea)},
        }


def _offered(idea: Idea) -> tuple[str, ...]:
    """What a contact can do from a mail: nobody can be asked who left no address, and what is held waits."""
    if idea.held is not None:
        return ("slapp", "lamna")
    return ("ta", "fraga", "svara", "lamna") if idea.submitter_address else ("ta", "svara", "lamna")


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

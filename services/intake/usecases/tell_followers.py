"""Tell those who follow an idea of its official answers, a hundred at a time: some ideas have thousands.

Each chunk is one transaction that also marks its own duty as done, so that nobody is told twice or forgotten.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from services.intake.domain.sluice import SluiceProfile
from services.intake.domain.unnamed import without_person
from services.intake.store import sluices
from services.intake.store.public_tables import Follower
from services.intake.store.tables import Idea, TimelineEntry
from services.intake.usecases.ask_for_mail import Recipient, ask_for_mail
from shared.bus import outbox
from shared.bus.outbox import Priority
from shared.contracts.registry import FOLLOWERS_DUE
from shared.mail.addresses import canonical
from shared.settings import Settings
from shared.web import links
from shared.web.own_links import without_tokens

CHUNK: Final = 100


def tell_followers(session: Session, idea: Idea, entry: TimelineEntry) -> None:
    """Let everybody who follows the idea hear of that official answer, after the present transaction."""
    session.flush()
    if is_followed(session, idea):
        outbox.put(session, FOLLOWERS_DUE, {"idea_id": idea.id, "entry_id": entry.id}, priority=Priority.BULK)


def is_followed(session: Session, idea: Idea) -> bool:
    """True where somebody hears what becomes of the idea beside its submitter."""
    return bool(session.scalar(select(exists().where(Follower.idea_id == idea.id, Follower.hears))))


@dataclass(frozen=True, slots=True)
class TellFollowers:
    """What the worker does with ``followers.due.v1``."""

    settings: Settings

    def __call__(self, session: Session, payload: Mapping[str, Any]) -> None:
        """Ask for the mails of one chunk, and for the next chunk where there is one."""
        idea = session.get(Idea, payload["idea_id"])
        entry = session.get(TimelineEntry, payload["entry_id"])
        if idea is None or entry is None:
            return
        found = session.scalars(
            select(Follower)
            .where(
                Follower.idea_id == idea.id,
                Follower.address > payload["after"],
                Follower.hears,
            )
            .order_by(Follower.address)
            .limit(CHUNK)
        ).all()
        sluice = sluices.profile(session, idea.sluice_id)
        own = canonical(idea.submitter_address) if idea.submitter_address else ""
        for follower in found:
            if follower.address != own:  # who sent the idea gets the answer itself
                self._tell(session, sluice, idea, entry, follower)
        if len(found) == CHUNK:
            after = {"idea_id": idea.id, "entry_id": entry.id, "after": found[-1].address}
            outbox.put(session, FOLLOWERS_DUE, after, priority=Priority.BULK)

    def _tell(
        self, session: Session, sluice: SluiceProfile, idea: Idea, entry: TimelineEntry, follower: Follower
    ) -> None:
        is_shown = sluice.board and idea.is_public
        board_url = f"{self.settings.base_url}/tavla/{sluice.slug}"
        ask_for_mail(
            session,
            self.settings,
            "followed",
            about=entry.id,
            to=Recipient(follower.name, follower.address, follower.language),
            sluice=sluice,
            facts={
                "idea": {
                    "reference": idea.reference,
                    "title": (idea.public_title or idea.reference) if is_shown else idea.reference,
                    "text": (idea.public_text or "") if is_shown else "",
                },
                "stage": idea.stage,
                "answer": without_person(without_tokens(entry.text), idea.submitter_name, idea.submitter_address),
                "signed_by": entry.actor,
                "board_url": self._own_page(session, idea, follower)
                or (f"{board_url}/{idea.reference}" if is_shown else board_url),
                "stop_url": links.stop_following_url(self.settings, follower.id),
            },
            priority=Priority.BULK,
        )

    def _own_page(self, session: Session, idea: Idea, follower: Follower) -> str | None:
        """Where somebody whose idea became part of this one reads on: at their own idea."""
        if follower.why != "merged":
            return None
        parts = session.scalars(select(Idea).where(Idea.merged_into == idea.id, Idea.submitter_address.is_not(None)))
        mine = next((one for one in parts if canonical(one.submitter_address or "") == follower.address), None)
        return links.follow_url(self.settings, mine.reference) if mine is not None else None

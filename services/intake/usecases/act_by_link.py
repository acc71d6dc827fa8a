"""What a contact does by a link in a mail, without signing in: the link says who, with which idea, and what.

The link is as good as its holder is a contact of the sluice that has the idea now, and no better: what it leads to are
the same use cases as those behind the contacts' pages.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, NamedTuple
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.intake.domain.idea import Stage
from services.intake.domain.sluice import ContactPerson, SluiceProfile
from services.intake.store import sluices
from services.intake.store.tables import Contact, Idea, Sluice, TimelineEntry
from services.intake.usecases.announce import Announcer
from services.intake.usecases.ask_submitter import ask_submitter
from services.intake.usecases.assign_idea import assign_idea
from services.intake.usecases.move_idea import move_idea
from services.intake.usecases.pass_on import pass_on
from services.intake.usecases.release_idea import release_idea
from shared.clock import now
from shared.errors import NotFound, Rejected
from shared.viewer import Viewer

TELLS: Final = timedelta(days=1)
"""How long a link tells of what its holder did with it, before it offers to do it again."""
EVENTS: Final[Mapping[str, tuple[str, ...]]] = {
    "ta": ("assigned",),
    "fraga": ("asked",),
    "svara": ("answered",),
    "lamna": ("assigned", "passed_on"),
    "slapp": ("released",),
}
PERSON, SLUICE = "person:", "sluss:"


@dataclass(frozen=True, slots=True)
class Linked:
    """What a link opens."""

    idea: Idea
    sluice: SluiceProfile
    """The one that has the idea now."""
    person: ContactPerson
    """Whose link it is."""
    is_theirs: bool
    """May they act on it? Not any more where it was passed on."""
    assigned: ContactPerson | None
    others: tuple[ContactPerson, ...]
    """Whom they can hand it to, here."""
    elsewhere: tuple[tuple[str, str], ...]
    """Slug and name of the other sluices."""
    done: TimelineEntry | None
    """What they did with it last, where that was by this kind of act and not long ago."""


def open_link(session: Session, act: str, idea_id: UUID, contact_id: UUID) -> Linked:
    """What the holder of the link sees.

    :raises NotFound: the idea is gone, or that person is no contact any more.
    """
    idea = session.get(Idea, idea_id)
    holder = session.get(Contact, contact_id)
    if idea is None or holder is None or holder.removed_at is not None:
        raise NotFound("no such page")
    sluice = sluices.profile(session, idea.sluice_id)
    person = ContactPerson(holder.id, holder.name, holder.address, holder.language)
    done = _done(session, act, idea, person)
    is_theirs = holder.sluice_id == idea.sluice_id
    if not is_theirs and done is None:
        raise NotFound("no such page")
    rows = session.execute(select(Sluice.slug, Sluice.name).where(Sluice.id != sluice.id).order_by(Sluice.name))
    return Linked(
        idea,
        sluice,
        person,
        is_theirs,
        assigned=next((one for one in sluice.people if one.id == idea.assigned_to), None),
        others=tuple(one for one in sluice.people if one.id != person.id),
        elsewhere=tuple((row.slug, row.name) for row in rows),
        done=done,
    )


@dataclass(frozen=True, slots=True)
class ActByLink:
    """Does what the form behind a link says."""

    announcer: Announcer

    def __call__(
        self, session: Session, act: str, idea_id: UUID, contact_id: UUID, form: Mapping[str, str], version: int | None
    ) -> None:
        """Act as the link's holder.

        :raises NotFound: they are no contact of the sluice that has the idea.
        :raises Conflict: somebody has changed the idea since ``version``.
        :raises Rejected: the form lacks something; see the use cases.
        """
        idea = _known(session, idea_id)
        holder = session.get(Contact, contact_id)
        if idea is None or holder is None or holder.removed_at is not None or holder.sluice_id != idea.sluice_id:
            raise NotFound("no such idea, for them")
        slug = sluices.profile(session, idea.sluice_id).slug
        viewer = (
            Viewer(holder.address, contact_of=frozenset({slug}))
            if holder.role == "contact"
            else Viewer(holder.address, coach_of=frozenset({slug}))
        )
        does: dict[str, Callable[[], object]] = {
            "ta": lambda: assign_idea(
                session,
                self.announcer,
                viewer,
                idea.reference,
                to=holder.id,
                version=_unless_taken(idea, holder, version),
            ),
            "fraga": lambda: ask_submitter(
                session, self.announcer, viewer, idea.reference, question=form.get("question", ""), version=version
            ),
            "svara": lambda: self._answer(session, viewer, idea, form, version),
            "lamna": lambda: self._hand_over(session, viewer, idea, form, version),
            "slapp": lambda: release_idea(
                session, self.announcer, viewer, idea.reference, version=version if idea.held else None
            ),
        }
        does[act]()

    def _answer(
        self, session: Session, viewer: Viewer, idea: Known, form: Mapping[str, str], version: int | None
    ) -> None:
        try:
            to = Stage(form.get("move") or idea.stage)
        except ValueError as error:
            raise Rejected("move", "no_such_stage") from error
        move_idea(
            session,
            self.announcer,
            viewer,
            idea.reference,
            to=to,
            answer=form.get("answer", ""),
            close_reason=form.get("close_reason"),
            version=version,
        )

    def _hand_over(
        self, session: Session, viewer: Viewer, idea: Known, form: Mapping[str, str], version: int | None
    ) -> None:
        to, words = form.get("to", ""), form.get("note", "")
        if to.startswith(SLUICE):
            slug = to.removeprefix(SLUICE)
            pass_on(session, self.announcer, viewer, idea.reference, to=slug, note=words, version=version)
            return
        try:
            person = UUID(to.removeprefix(PERSON))
        except ValueError as error:
            raise Rejected("to", "nobody_chosen") from error
        assign_idea(session, self.announcer, viewer, idea.reference, to=person, note=words, version=version)


class Known(NamedTuple):
    """What must be known of an idea before it is locked. Not the row itself, which is to be read only then."""

    reference: str
    sluice_id: UUID
    assigned_to: UUID | None
    held: str | None
    stage: str


def _known(session: Session, idea_id: UUID) -> Known | None:
    row = session.execute(
        select(Idea.reference, Idea.sluice_id, Idea.assigned_to, Idea.held, Idea.stage).where(Idea.id == idea_id)
    ).one_or_none()
    return Known(*row) if row is not None else None


def _unless_taken(idea: Known, holder: Contact, version: int | None) -> int | None:
    """Taking what one has is nothing new, whatever else has happened to it."""
    return None if idea.assigned_to == holder.id else version


def _done(session: Session, act: str, idea: Idea, person: ContactPerson) -> TimelineEntry | None:
    last = session.scalar(
        select(TimelineEntry)
        .where(
            TimelineEntry.idea_id == idea.id,
            TimelineEntry.actor == person.name,
            TimelineEntry.actor_kind == "contact",
            TimelineEntry.event.in_({event for events in EVENTS.values() for event in events}),
        )
        .order_by(TimelineEntry.at.desc(), TimelineEntry.id.desc())
        .limit(1)
    )
    if last is None or last.event not in EVENTS[act] or now() - last.at > TELLS:
        return None
    to_themselves = last.event == "assigned" and last.facts.get("to") == person.name
    if last.event == "assigned" and to_themselves is not (act == "ta"):
        return None
    return last

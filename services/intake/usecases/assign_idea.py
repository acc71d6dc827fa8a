"""Who of a sluice's people answers an idea."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy.orm import Session

from services.intake.domain.sluice import ContactPerson
from services.intake.store import sluices
from services.intake.store.work_tables import Act
from services.intake.usecases import acts
from services.intake.usecases.access import own_idea
from services.intake.usecases.acts import Done
from services.intake.usecases.announce import Announcer
from services.intake.usecases.handing_over import MAX_WORDS, tell
from services.intake.usecases.receive import note as write
from shared.clock import now
from shared.errors import Rejected
from shared.mail.addresses import canonical
from shared.viewer import Viewer
from shared.words import clean


def assign_idea(
    session: Session,
    announcer: Announcer,
    viewer: Viewer,
    reference: str,
    *,
    to: UUID | None,
    note: str = "",
    version: int | None,
    act: Act | None = None,
) -> Done:
    """Give the idea to one person, or back to all. Who gets it is mailed, unless they took it themselves.

    Doing it twice changes nothing more. It can be undone where nobody was mailed.

    :param to: a contact's or coach's id; None lets all of them answer.
    :param act: one begun for several ideas.
    :raises NotFound: there is none, for them to act on.
    :raises Conflict: somebody else has changed it since ``version``.
    :raises Rejected: that person does not answer for the sluice, or the note is too long.
    """
    idea = own_idea(session, viewer, reference, version=version)
    sluice = sluices.profile(session, idea.sluice_id)
    words = clean(note).strip()
    if len(words) > MAX_WORDS:
        raise Rejected("note", "note_is_too_long")
    person = _person(sluice.people, to)
    if idea.assigned_to == to:
        return Done(idea)
    before = {"assigned_to": idea.assigned_to}
    moment = now()
    idea.assigned_to = to
    idea.version += 1
    idea.updated_at = moment
    name = acts.name_of(session, viewer, sluice.id)
    entry = write(
        session,
        idea,
        event="assigned",
        at=moment,
        actor=name,
        actor_kind="contact",
        text=words,
        facts={"to": person.name if person else ""},
        public=False,
    )
    if person is not None and canonical(person.address) != canonical(viewer.address):
        tell(session, announcer.settings, idea, sluice, [person], about=entry.id, by=name, note=words)
        return Done(idea)
    return Done(idea, acts.record(session, viewer, "assigned", idea, before, act=act))


def _person(people: tuple[ContactPerson, ...], wanted: UUID | None) -> ContactPerson | None:
    if wanted is None:
        return None
    found = next((person for person in people if person.id == wanted), None)
    if found is None:
        raise Rejected("to", "not_of_this_sluice")
    return found

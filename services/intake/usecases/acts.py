"""What people did to ideas and may undo: what each field was, and what it became.

An act is put back only where everything still is as it made it: nothing that somebody else did since is overwritten.
What told somebody by mail is not kept as an act, since no mail can be taken back.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services.intake.store.people_tables import Administrator
from services.intake.store.tables import Contact, Idea, TimelineEntry
from services.intake.store.work_tables import Act, IdeaTag
from services.intake.usecases.access import as_contact, own_idea
from services.intake.usecases.receive import note
from shared import logs
from shared.clock import now
from shared.errors import Conflict, NotFound
from shared.ids import new_id
from shared.viewer import Viewer

log = logs.get(__name__)

OFFERED: Final = timedelta(hours=1)
"""How long a page offers to undo an act."""
TAG: Final = "tag:"
"""A field of this name and a tag's id is that tag on the idea: True or False."""

_OVERTAKES: Final = ("erased", "merged", "passed_on", "withdrawn")
"""After these an idea is another one's, or nobody's to show, even where a field still is as an act made it."""

_MOMENTS: Final = frozenset({"answered_at", "published_at", "asked_at", "registered_at", "archived_at"})
_IDS: Final = frozenset({"assigned_to"})
_REGISTER: Final = frozenset({"registry_state", "registry_number", "registered_by", "archive_receipt"})
_FIELDS: Final = _MOMENTS | _IDS | _REGISTER | {"stage", "close_reason", "held", "public_title", "public_text"}


@dataclass(frozen=True, slots=True)
class Done:
    """What a use case did: the idea as it is now, and the act by which it is undone, where it can be."""

    idea: Idea
    act: Act | None = None


def begin(session: Session, viewer: Viewer, kind: str) -> Act:
    """An act without changes yet; hand it to several use cases, and one press undoes them all."""
    act = Act(id=new_id(), at=now(), actor=viewer.address, kind=kind, changes=[])
    session.add(act)
    return act


def record(
    session: Session, viewer: Viewer, kind: str, idea: Idea, before: Mapping[str, object], *, act: Act | None = None
) -> Act:
    """Keep what the idea's fields were ``before``, beside what they are now.

    :param act: one begun for several ideas; without it, an act of its own.
    """
    changes = [
        {"idea": str(idea.id), "field": name, "before": plain(value), "after": plain(getattr(idea, name))}
        for name, value in before.items()
        if getattr(idea, name) != value
    ]
    return add(session, viewer, kind, changes, act=act)


def add(session: Session, viewer: Viewer, kind: str, changes: list[dict[str, Any]], *, act: Act | None = None) -> Act:
    """Keep changes as they stand in ``Act.changes``."""
    kept = act or begin(session, viewer, kind)
    kept.changes = [*kept.changes, *changes]
    return kept


def plain(value: object) -> object:
    """A field's value as an act keeps it."""
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value) if isinstance(value, UUID) else value


def offered(session: Session, viewer: Viewer, act_id: str) -> Act | None:
    """The viewer's own act, as long as a page offers to undo it; None for whatever else an address carries."""
    try:
        act = session.get(Act, UUID(act_id))
    except ValueError:
        return None
    if act is None or act.actor != viewer.address or act.undone_at is not None or not act.changes:
        return None
    return act if now() - act.at < OFFERED else None


def undo(session: Session, viewer: Viewer, act_id: UUID) -> Act:
    """Put every field back to what it was. Undoing twice changes nothing more.

    :raises NotFound: it is not theirs, or they may not act on one of its ideas any more.
    :raises Conflict: somebody has changed one of the fields since, or the idea was merged, passed on or taken back.
    """
    act = session.get(Act, act_id, with_for_update=True)
    if act is None or act.actor != viewer.address:
        raise NotFound("no such act")
    if act.undone_at is not None:
        return act
    ids = sorted({UUID(change["idea"]) for change in act.changes})
    references = session.execute(select(Idea.id, Idea.reference).where(Idea.id.in_(ids)).order_by(Idea.id))
    ideas = {row.id: own_idea(session, viewer, row.reference) for row in references}
    if len(ideas) != len(ids):
        raise NotFound("an idea of it is gone")
    if _is_overtaken(session, act, ids):
        raise Conflict("an idea of it was merged, passed on or taken back since")
    for change in act.changes:
        if _present(session, ideas[UUID(change["idea"])], change["field"]) != change["after"]:
            raise Conflict("somebody has changed it since")
    for change in act.changes:
        if change["field"] == "assigned_to" and not _answers(session, ideas[UUID(change["idea"])], change["before"]):
            raise Conflict("whoever had it does not answer for that sluice any more")
    for change in act.changes:
        _put(session, ideas[UUID(change["idea"])], change["field"], change["before"])
    act.undone_at = now()
    for idea in ideas.values():
        idea.version += 1
        idea.updated_at = act.undone_at
        _tell(session, viewer, act, idea)
    log.info("act_undone", act_id=str(act.id), kind=act.kind)
    return act


def _is_overtaken(session: Session, act: Act, ids: list[UUID]) -> bool:
    since = select(TimelineEntry.id).where(
        TimelineEntry.idea_id.in_(ids), TimelineEntry.event.in_(_OVERTAKES), TimelineEntry.at > act.at
    )
    return session.scalar(since.limit(1)) is not None


def _answers(session: Session, idea: Idea, person: str | None) -> bool:
    """True where that person may have the idea, or nobody is to have it."""
    if person is None:
        return True
    contact = session.get(Contact, UUID(person))
    return contact is not None and contact.removed_at is None and contact.sluice_id == idea.sluice_id


def name_of(session: Session, viewer: Viewer, sluice_id: UUID) -> str:
    """The name under which the viewer acts on that sluice's ideas: as its contact, as an administrator, or theirs."""
    contact = as_contact(session, viewer, sluice_id)
    if contact is not None:
        return contact.name
    administrator = session.get(Administrator, viewer.address)
    return administrator.name if administrator is not None else viewer.address


def _tell(session: Session, viewer: Viewer, act: Act, idea: Idea) -> None:
    """Write into the timeline that it was undone; the submitter sees it where they saw what was done."""
    mine = [change for change in act.changes if change["idea"] == str(idea.id)]
    moved = next((change for change in mine if change["field"] == "stage"), None)
    facts: dict[str, object] = {"act": act.kind}
    if moved is not None:
        facts |= {"from": moved["after"], "to": moved["before"]}
    if act.kind == "moved":
        _take_back_answer(session, act, idea)
    note(
        session,
        idea,
        event="undone",
        at=act.undone_at or now(),
        actor=name_of(session, viewer, idea.sluice_id),
        actor_kind="contact",
        facts=facts,
        public=moved is not None,
    )


def _take_back_answer(session: Session, act: Act, idea: Idea) -> None:
    """Mark the answer that came with a move as undone: it stays in the timeline, and leaves the board."""
    answer = session.scalars(
        select(TimelineEntry)
        .where(TimelineEntry.idea_id == idea.id, TimelineEntry.event == "answered", TimelineEntry.at <= act.at)
        .order_by(TimelineEntry.at.desc(), TimelineEntry.id.desc())
        .limit(1)
    ).first()
    if answer is not None:
        answer.facts = {**answer.facts, "undone": True}


def _present(session: Session, idea: Idea, field: str) -> object:
    if field.startswith(TAG):
        tag_id = UUID(field.removeprefix(TAG))
        return session.get(IdeaTag, (idea.id, tag_id)) is not None
    return plain(getattr(idea, _known(field)))


def _put(session: Session, idea: Idea, field: str, value: Any) -> None:
    if field.startswith(TAG):
        tag_id = UUID(field.removeprefix(TAG))
        if value:
            session.execute(insert(IdeaTag).values(idea_id=idea.id, tag_id=tag_id).on_conflict_do_nothing())
        else:
            session.execute(delete(IdeaTag).where(IdeaTag.idea_id == idea.id, IdeaTag.tag_id == tag_id))
        return
    if value is not None and field in _MOMENTS:
        value = datetime.fromisoformat(value)
    elif value is not None and field in _IDS:
        value = UUID(value)
    setattr(idea, _known(field), value)


def _known(field: str) -> str:
    if field not in _FIELDS:
        raise ValueError(f"an act may not change {field}")
    return field

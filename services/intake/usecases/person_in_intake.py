"""Intake's part of a job about one person: tell what is held here, or take it away."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from email.utils import parseaddr
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, delete, func, or_, select, update
from sqlalchemy.orm import Session

from services.intake.store import retention
from services.intake.store.people_tables import Administrator, SignedIn, SignInLink
from services.intake.store.public_tables import Comment, Follower, NewsSubscriber
from services.intake.store.tables import Attachment, Base, Contact, Idea, InboundEmail, RawMail, TimelineEntry
from services.intake.usecases import person_content, person_jobs, submitter
from services.intake.usecases.announce import Announcer
from services.intake.usecases.person_jobs import KEPT_FOR_REGISTER
from shared import logs, mentions
from shared.bus import about, outbox
from shared.bus.inbox import Task
from shared.clock import now
from shared.contracts.people import ACCESS
from shared.contracts.registry import INTAKE, PERSON_CLOSING
from shared.db import changed
from shared.errors import TemporaryFailure
from shared.mentions import ERASED, Own, Person

log = logs.get(__name__)

_RECORDS = ("data_job", "data_job_part", "data_job_content", "removed")
"""What was done with people's data: names nobody but while a job runs."""
_SOON = timedelta(seconds=1)
_WRITTEN = ("title", "text", "set_apart", "html", "public_title", "public_text", "answers")


@dataclass(frozen=True, slots=True)
class Known:
    """What intake's rows say who somebody is."""

    person: Person
    ideas: Sequence[Idea]
    """Those that they sent in, with their address still there."""
    own: Collection[UUID]
    """Ids of all that they ever sent in, as far as it can be seen."""
    touched: Collection[UUID]
    """Ids of all ideas they have to do with: also followed, commented, or written to."""
    mails: Sequence[UUID]
    """Ids of received mails that they sent."""


@dataclass(frozen=True, slots=True)
class PersonInIntake:
    """Handles ``person.data_wanted.v1`` and ``person.closing.v1``."""

    announcer: Announcer

    def do(self, task: Task) -> None:
        """Do intake's part.

        :raises TemporaryFailure: a mail of theirs waits to be read.
        """
        with task.transaction() as session:
            job = person_jobs.running(session, task.payload["job_id"])
            if job is None:
                return
            known = know(session, Person(task.payload["address"], mobile=task.payload["mobile"]))
            names, ideas = sorted(known.person.names), [idea.reference for idea in known.ideas]
            if job.kind == ACCESS:
                held = tell(session, known)
                person_content.keep_own(session, job.id, held)
                counts = {name: len(rows) for name, rows in held.items()}
            else:
                self._wait_for_mail(session, known.person, task)
                counts = erase(session, self.announcer, known, with_originals=bool(job.decision))
            person_jobs.part_done(session, job, INTAKE, counts=counts, names=names, ideas=ideas)

    def close(self, task: Task) -> None:
        """See that nothing came meanwhile, empty what was said on the bus, and finish.

        :raises TemporaryFailure: something that mentions the person is still under way.
        """
        payload = task.payload
        with task.transaction() as session:
            mentions.patiently(session)
            job = person_jobs.running(session, payload["job_id"])
            found = (job.subject if job is not None else None) or {}
            person = Person(payload["address"], frozenset(found.get("names", ())), payload["mobile"])
            words = [str(payload["job_id"]), *(person.spellings if payload["kind"] != ACCESS else ())]
            if about.undone_anywhere(session, words, spared=task.message_id):
                raise TemporaryFailure("messages about the person are under way", retry_after=_SOON)
            if job is not None and job.kind != ACCESS:
                self._wait_for_mail(session, person, task)
                theirs = session.scalars(select(Idea.id).where(Idea.reference.in_(found.get("ideas", ()))))
                known = know(session, person)
                known = replace(known, own={*known.own, *(first := set(theirs))}, touched={*known.touched, *first})
                more = erase(session, self.announcer, known, with_originals=bool(job.decision))
                if person_jobs.count_rest(session, job, more):
                    # Something came meanwhile, and the others may have heard of it.
                    outbox.put(session, PERSON_CLOSING, person_jobs.wanted(job))
                    return
                words += [name for name in person.names if len(name.split()) > 1]
            said = about.forget(session, words, spared=task.message_id)
            if job is not None:
                person_jobs.finish(session, job, now(), said)
                log.info("person_job_done", job_id=str(job.id), kind=job.kind)

    def _wait_for_mail(self, session: Session, person: Person, task: Task) -> None:
        waiting = session.scalars(
            select(InboundEmail).where(
                InboundEmail.read_at.is_(None), InboundEmail.received_at <= task.payload["asked_at"]
            )
        )
        unread = [str(mail.id) for mail in waiting if person.is_address(mail.envelope_from)]
        # One whose reading was given up is read by nobody any more.
        if unread and about.undone_here(session, INTAKE, unread, spared=task.message_id):
            raise TemporaryFailure("a mail of theirs waits to be read", retry_after=_SOON)


def know(session: Session, person: Person) -> Known:
    """Look up which ideas, names and mails are a person's."""
    mentions.patiently(session)

    def own(column: Any) -> ColumnElement[bool]:
        return mentions.is_theirs(session, column, person)

    ideas = session.scalars(select(Idea).where(own(Idea.submitter_address)).order_by(Idea.id).with_for_update()).all()
    reading = InboundEmail.reading["sender"].astext
    senders = [
        each for each in session.scalars(select(reading).distinct()) if person.is_address(parseaddr(each or "")[1])
    ]
    sent = session.execute(
        select(InboundEmail.id, InboundEmail.idea_id, InboundEmail.kind).where(
            or_(own(InboundEmail.envelope_from), reading.in_(senders))
        )
    ).all()
    names = {
        *(idea.submitter_name for idea in ideas),
        *(parseaddr(each)[0] for each in senders),
        *session.scalars(select(Comment.name).where(own(Comment.address))),
        *session.scalars(select(Follower.name).where(own(Follower.address))),
        *session.scalars(select(Contact.name).where(own(Contact.address))),
        *session.scalars(select(Administrator.name).where(own(Administrator.address))),
        *person.names,
    }
    theirs = {*(idea.id for idea in ideas), *(row.idea_id for row in sent if row.idea_id and row.kind == "idea")}
    touched = {
        *theirs,
        *(row.idea_id for row in sent if row.idea_id),
        *session.scalars(select(Comment.idea_id).where(own(Comment.address))),
        *session.scalars(select(Follower.idea_id).where(own(Follower.address))),
    }
    real = frozenset(name.strip() for name in names if name.strip() and name.strip() not in (ERASED, person.address))
    return Known(Person(person.address, real, person.mobile), ideas, theirs, touched, [row.id for row in sent])


def tell(session: Session, known: Known) -> dict[str, list[dict[str, Any]]]:
    """Everything held here about the person: table → rows. Originals are named, and fetched when they are packed."""
    own = Own({"idea_id": [idea.id for idea in known.ideas], "inbound_email_id": known.mails})
    found = mentions.rows_about(session, Base.metadata, known.person, own, but=_RECORDS)
    if known.mails:
        sizes = select(InboundEmail.id, RawMail.size).join(RawMail).where(InboundEmail.id.in_(known.mails))
        found["originals"] = [{"id": each, "size": size} for each, size in session.execute(sizes)]
    return found


def erase(session: Session, announcer: Announcer | None, known: Known, *, with_originals: bool) -> dict[str, int]:
    """Take the person's name and address away; what each kind of row counts. Doing it again changes nothing.

    :param announcer: tells the ideas' contacts; None tells nobody (after a restore they have heard of it once).
    :param with_originals: also the mails and files that they sent, as a decision of the municipality's allows.
    """
    person, moment = known.person, now()
    # In others' ideas their name goes where it says who acted, and not out of what others wrote: they chose it.
    own = Own({"idea_id": list(known.own), "inbound_email_id": known.mails})
    counts: dict[str, int] = {}
    if with_originals:
        counts |= _remove_originals(session, known, moment)
    for idea in known.ideas:
        # Before contacts are told of it: the mail to them quotes the idea.
        for name in _WRITTEN:
            setattr(idea, name, person.without(getattr(idea, name), named=True))
        submitter.take_name_away(session, announcer, idea)
    counts["ideas"] = len(known.ideas)

    def those(column: Any) -> ColumnElement[bool]:
        return mentions.is_theirs(session, column, person)

    for name, statement in (
        ("comments", update(Comment).where(those(Comment.address)).values(name=ERASED, address=ERASED, state="hidden")),
        (
            "followers",
            update(Follower)
            .where(those(Follower.address))
            .values(
                name="", address=func.concat(ERASED, Follower.id), ended_at=func.coalesce(Follower.ended_at, moment)
            ),
        ),
        (
            "acts",
            update(TimelineEntry)
            .where(TimelineEntry.idea_id.in_(known.touched), TimelineEntry.actor.in_(person.names))
            .where(TimelineEntry.actor_kind != "contact")
            .values(actor=ERASED),
        ),
        ("news", delete(NewsSubscriber).where(those(NewsSubscriber.address))),
        ("links", delete(SignInLink).where(those(SignInLink.address))),
        ("sessions", delete(SignedIn).where(those(SignedIn.address))),
        (
            "contacts",
            update(Contact)
            .where(those(Contact.address), Contact.removed_at.is_not(None))
            .values(name=ERASED, address=func.concat(ERASED, Contact.id)),
        ),
        (
            "administrators",
            delete(Administrator).where(those(Administrator.address), Administrator.removed_at.is_not(None)),
        ),
    ):
        counts[name] = changed(session, statement)
    session.flush()
    session.expire_all()
    return counts | mentions.take_away(session, Base.metadata, person, own, but=_RECORDS)


def _remove_originals(session: Session, known: Known, moment: datetime) -> dict[str, int]:
    """What waits for the register, or for the archive once it stands there, stays: that decision comes first."""
    kept = set(session.scalars(select(Idea.id).where(Idea.id.in_(known.touched), ~retention.may_go())))
    sent = select(InboundEmail.id).where(
        InboundEmail.id.in_(known.mails),
        InboundEmail.removed_at.is_(None),
        or_(InboundEmail.idea_id.is_(None), InboundEmail.idea_id.not_in(kept)),
    )
    mails = session.scalars(sent).all()
    own = [idea.id for idea in known.ideas if idea.id not in kept]
    theirs = or_(
        Attachment.inbound_email_id.in_(mails), Attachment.idea_id.in_(own) & Attachment.inbound_email_id.is_(None)
    )
    files = session.scalars(select(func.count()).select_from(Attachment).where(theirs)).one()
    retention.remove_files(session, theirs)
    retention.empty_mails(session, mails, moment)
    return {"originals": len(mails), "files": files, KEPT_FOR_REGISTER: len(kept)}

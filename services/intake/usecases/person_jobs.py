"""Jobs over all services about one person: what is held about them (GDPR article 15), or their erasure (article 17).

Intake asks rsvp and itself first, then notify, which by then knows the names and numbers to look for; last comes the
closing, which waits for what was under way. A service that is away leaves its part running: nothing is half done and
called whole.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from services.intake.store.data_tables import DataJob, DataJobContent, DataJobPart
from services.intake.store.people_tables import Administrator
from services.intake.store.tables import Contact, SluiceAddress
from services.intake.usecases import erasures, person_content
from shared import logs
from shared.bus import about, outbox
from shared.bus.outbox import Priority
from shared.clock import now
from shared.contracts.people import ACCESS, ERASURE
from shared.contracts.registry import (
    INTAKE,
    NOTIFY,
    PERSON_CLOSING,
    PERSON_DATA_WANTED,
    PERSON_MESSAGES_WANTED,
    RSVP,
)
from shared.db import hold
from shared.errors import Conflict, NotFound, Rejected
from shared.ids import new_id
from shared.mail.addresses import canonical, folded, is_sendable
from shared.mentions import ERASED, Person
from shared.settings import Settings
from shared.words import one_line

log = logs.get(__name__)

REST = "rest"
"""The last part: what was under way while the others worked."""
PARTS = (INTAKE, RSVP, NOTIFY, REST)
KEPT = timedelta(days=14)
"""How long what was read out can be fetched."""
KEPT_FOR_REGISTER = "kept_for_register"
"""What counts ideas whose originals wait for the register or the archive: they stay."""
LONGEST_REASON = 500
LONGEST_DECISION = 100


@dataclass(frozen=True, slots=True)
class Asked:
    """What an administrator asks for."""

    kind: str
    address: str
    reason: str
    decision: str = ""
    """Number of the decision by which originals go too; empty keeps them."""
    mobile: str = ""


@dataclass(frozen=True, slots=True)
class Seen:
    """A job and its parts, in their order."""

    job: DataJob
    parts: Sequence[DataJobPart]

    @property
    def done_parts(self) -> int:
        """How many are done."""
        return sum(part.state == "done" for part in self.parts)


def start(session: Session, settings: Settings, actor: str, asked: Asked) -> DataJob:
    """Begin a job, durably; the workers do it.

    :raises Rejected: a field is wrong, or the person answers for ideas still.
    :raises Conflict: the same runs already.
    """
    address, reason = canonical(asked.address), one_line(asked.reason, LONGEST_REASON)
    decision, mobile = one_line(asked.decision, LONGEST_DECISION), "".join(asked.mobile.split()).replace("-", "")
    if asked.kind not in (ACCESS, ERASURE):
        raise Rejected("kind", "person.fault.kind")
    if not is_sendable(address):
        raise Rejected("address", "person.fault.address")
    if mobile.startswith("0"):
        mobile = f"+46{mobile[1:]}"
    if mobile and not (mobile.startswith("+") and mobile[1:].isdigit() and 8 <= len(mobile) <= 16):
        raise Rejected("mobile", "person.fault.mobile")
    if not reason:
        raise Rejected("reason", "person.fault.reason")
    person = Person(address, mobile=mobile)
    if asked.kind == ERASURE and _is_in_office(session, person):
        raise Rejected("address", "person.fault.in_office")
    if asked.kind == ERASURE and _is_ours(session, address):
        raise Rejected("address", "person.fault.ours")
    own = erasures.fingerprint(settings.signer, address)
    hold(session, f"person {asked.kind} {own.decode()}")
    going_on = select(DataJob.id).where(
        DataJob.subject_hash == own, DataJob.kind == asked.kind, DataJob.state == "running"
    )
    if session.scalar(going_on) is not None:
        raise Conflict("the same runs already for that address")
    job = DataJob(
        id=new_id(),
        kind=asked.kind,
        state="running",
        subject={"address": address, "mobile": mobile},
        subject_hash=own,
        mobile_hash=erasures.fingerprint(settings.signer, mobile) if mobile else None,
        asked_by=actor,
        asked_at=now(),
        # The record outlives the person's data, so it must not say whose they were.
        reason=person.without(reason, named=False),
        decision=person.without(decision, named=False) if asked.kind == ERASURE else "",
        counts={},
    )
    session.add(job)
    session.flush()
    session.add_all(DataJobPart(job_id=job.id, service=name, state="running", counts={}) for name in PARTS)
    session.flush()
    outbox.put(session, PERSON_DATA_WANTED, wanted(job))
    log.info("person_job_started", job_id=str(job.id), kind=job.kind)
    return job


def wanted(job: DataJob) -> dict[str, Any]:
    """What every service must know of a running job."""
    assert job.subject is not None
    return {
        "job_id": job.id,
        "kind": job.kind,
        "address": job.subject["address"],
        "mobile": job.subject["mobile"],
        "asked_at": job.asked_at,
    }


def running(session: Session, identity: UUID) -> DataJob | None:
    """The job, its row held, if it is still running; else None."""
    job = session.get(DataJob, identity, with_for_update=True)
    return job if job is not None and job.state == "running" else None


def part_done(
    session: Session,
    job: DataJob,
    service: str,
    *,
    counts: Mapping[str, int],
    names: Sequence[str] = (),
    ideas: Sequence[str] = (),
    guests: Sequence[str] = (),
) -> None:
    """A service has done its part; whoever is next is asked. Said twice, it is said once."""
    part = session.get_one(DataJobPart, (job.id, service))
    if part.state == "done":
        return
    part.state, part.finished_at, part.counts = "done", now(), dict(counts)
    found = dict(job.subject or {})
    for key, more in (("names", names), ("ideas", ideas), ("guests", guests)):
        found[key] = sorted({*found.get(key, []), *more})
    job.subject = found
    session.flush()
    done = set(
        session.scalars(select(DataJobPart.service).where(DataJobPart.job_id == job.id, DataJobPart.state == "done"))
    )
    if service in (INTAKE, RSVP) and {INTAKE, RSVP} <= done:
        about = {key: found[key] for key in ("names", "ideas", "guests")}
        outbox.put(session, PERSON_MESSAGES_WANTED, wanted(job) | about)
    elif service == NOTIFY:
        outbox.put(session, PERSON_CLOSING, wanted(job))


def keep_told(session: Session, told: Mapping[str, Any]) -> None:
    """Handle ``person.data_told.v1``: keep a piece; with the last of them the part is done."""
    job = running(session, told["job_id"])
    if job is None:
        return
    person_content.keep_piece(session, job.id, told["service"], told["piece"], told["pieces"], told["content"])
    here = select(func.count()).where(DataJobContent.job_id == job.id, DataJobContent.service == told["service"])
    if session.scalars(here).one() >= told["pieces"]:
        guests = [str(each) for each in told["guests"]]
        part_done(session, job, told["service"], counts=told["counts"], names=told["names"], guests=guests)


def stop(session: Session, identity: UUID, actor: str) -> None:
    """Stop reading out. An erasure is not stopped: what it took away would not come back.

    :raises NotFound: there is no such job.
    :raises Conflict: it does not run, or erases.
    """
    job = session.get(DataJob, identity, with_for_update=True)
    if job is None:
        raise NotFound("job")
    if job.state != "running" or job.kind != ACCESS:
        raise Conflict("only reading out can be stopped, and only while it runs")
    outbox.put(session, PERSON_CLOSING, wanted(job), priority=Priority.BULK)
    job.state, job.finished_at, job.subject, job.last_error = "stopped", now(), None, f"stopped by {actor}"
    person_content.throw_away(session, job)


def look(session: Session, identity: UUID) -> Seen:
    """A job with its parts.

    :raises NotFound: there is no such job about a person.
    """
    job = session.get(DataJob, identity)
    if job is None or job.kind not in (ACCESS, ERASURE):
        raise NotFound("job")
    parts = {each.service: each for each in session.scalars(select(DataJobPart).where(DataJobPart.job_id == identity))}
    return Seen(job, [parts[name] for name in PARTS if name in parts])


def can_fetch(job: DataJob) -> bool:
    """True while what was read out can be fetched: whole, and its time is not over, whenever the scheduler comes by."""
    ready = job.kind == ACCESS and job.state == "done"
    return ready and job.expires_at is not None and job.expires_at > now()


def past(session: Session, settings: Settings, *, address: str = "", limit: int = 50) -> Sequence[DataJob]:
    """Jobs about people, newest first; with an address only those that concerned it."""
    found = select(DataJob).where(DataJob.kind.in_((ACCESS, ERASURE))).order_by(DataJob.asked_at.desc())
    if not address.strip():
        return session.scalars(found.limit(limit)).all()
    concerned = [
        job
        for job in session.scalars(found)
        if job.subject_hash and erasures.is_same(settings.signer, address, job.subject_hash)
    ]
    return concerned[:limit]


def erased_again(session: Session, settings: Settings, person: Person, decision: str) -> None:
    """After a restore, when the tables know the person no more: what was read out and said about them goes, too.

    Where something said is not done yet, an ordinary erasure begins, which waits for that.
    """
    hashes = [each.encode() for each in erasures.fingerprints(settings.signer, person.address)]
    for job in session.scalars(select(DataJob).where(DataJob.subject_hash.in_(hashes))):
        person_content.throw_away(session, job)
    nothing_spared = new_id()
    names = [name for name in person.names if len(name.split()) > 1]
    about.forget(session, [*person.spellings, *names], spared=nothing_spared)
    if person.address and about.undone_anywhere(session, person.spellings, spared=nothing_spared):
        asked = Asked(ERASURE, person.address, "erased again after a restore", decision, person.mobile)
        try:
            start(session, settings, "Idéslussen", asked)
        except (Conflict, Rejected) as error:  # one runs already, or by what was restored they are in office
            log.warning("erasure_not_begun_again", error=type(error).__name__)


def count_rest(session: Session, job: DataJob, more: Mapping[str, int]) -> bool:
    """Add to the last part what it found; True where it found something."""
    part = session.get_one(DataJobPart, (job.id, REST))
    found = {name: number for name, number in more.items() if number and name != KEPT_FOR_REGISTER}
    part.counts = {name: part.counts.get(name, 0) + found.get(name, 0) for name in {*part.counts, *found}}
    return bool(found)


def finish(session: Session, job: DataJob, moment: datetime, said: int) -> None:
    """All is done: the record keeps numbers, and whom it concerned only as a hash."""
    part = session.get_one(DataJobPart, (job.id, REST))
    part.state, part.finished_at, part.counts = "done", moment, part.counts | {"bus": said}
    session.flush()
    total: dict[str, int] = {}
    for each in session.scalars(select(DataJobPart).where(DataJobPart.job_id == job.id)):
        for name, number in each.counts.items():
            total[f"{each.service}.{name}"] = number
    job.counts, job.subject, job.state, job.finished_at = total, None, "done", moment
    if job.kind == ACCESS:
        job.expires_at = moment + KEPT
    else:
        # What was read out before is a copy, too.
        for earlier in session.scalars(select(DataJob).where(DataJob.subject_hash == job.subject_hash)):
            person_content.throw_away(session, earlier)
            if earlier.kind == ACCESS and earlier.state == "done":
                earlier.expires_at = moment


def _is_ours(session: Session, address: str) -> bool:
    """True for a sluice's own address, and for those made of it: without it, mail would be refused."""
    return any(folded(each) == folded(address) for each in session.scalars(select(SluiceAddress.address)))


def _is_in_office(session: Session, person: Person) -> bool:
    """True for who answers for ideas, or administers: what they do in office is the municipality's, not theirs."""
    named = [
        *session.scalars(select(Contact.address).where(Contact.removed_at.is_(None))),
        *session.scalars(select(Administrator.address).where(Administrator.removed_at.is_(None))),
    ]
    return any(person.is_address(each) for each in named if each != ERASED)

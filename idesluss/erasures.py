"""What was erased, over all services: written into a manifest, and done again where an older backup is restored."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import select

from services.intake.store.tables import Base as IntakeTables
from services.intake.store.tables import Idea
from services.intake.usecases import erasures, person_in_intake, person_jobs, submitter
from services.notify.store import caught
from services.notify.store.tables import Base as NotifyTables
from services.notify.usecases import person as person_in_notify
from services.rsvp.store.guest_tables import Guest
from services.rsvp.store.tables import Base as RsvpTables
from services.rsvp.usecases import person as person_in_rsvp
from shared import mentions
from shared.db import Database, Role, opened
from shared.mentions import Person
from shared.settings import Settings


@dataclass(frozen=True, slots=True)
class _Services:
    intake: Database
    rsvp: Database
    notify: Database


def manifest(settings: Settings) -> dict[str, Any]:
    """Every erasure since ever, as JSON can say it, without naming anybody: keyed hashes and ids."""
    with _services(settings) as services:
        with services.intake.transaction() as session:
            told = erasures.manifest(session)
        with services.rsvp.transaction() as session:
            guests = session.scalars(select(Guest.id).where(Guest.anonymised_at.is_not(None)).order_by(Guest.id)).all()
    return told | {"guests": [str(each) for each in guests]}


def reapply(settings: Settings, manifested: Mapping[str, Any]) -> dict[str, int]:
    """Erase in this database what ``manifest`` tells of; what it came to, by kind. Nobody is written to.

    Addresses are known as keyed hashes alone, so every address that the database holds is hashed and compared. The
    secret key must be the one of then, or be among the older ones in IDESLUSS_SECRET_KEY.
    """
    done = {"people": 0, "ideas": 0, "guests": 0, "removed_ideas": 0}
    with _services(settings) as services:
        for person, decision in _people(settings, services, manifested.get("people", [])):
            _erase(settings, services, person, decision)
            done["people"] += 1
        with services.intake.transaction() as session:
            mentions.patiently(session)
            done["removed_ideas"] = erasures.remove_again(session, manifested.get("removed_ideas", []))
        with services.intake.transaction() as session:
            wanted = [UUID(each) for each in manifested.get("ideas", [])]
            for idea in session.scalars(
                select(Idea).where(Idea.id.in_(wanted), Idea.erased_at.is_(None)).order_by(Idea.id).with_for_update()
            ):
                submitter.take_name_away(session, None, idea)
                done["ideas"] += 1
        with services.rsvp.transaction() as session:
            guests = [UUID(each) for each in manifested.get("guests", [])]
            done["guests"] = person_in_rsvp.forget_again(session, guests)
    return done


def _people(settings: Settings, services: _Services, known: list[dict[str, Any]]) -> Iterator[tuple[Person, str]]:
    decided: dict[str, str] = {}
    mobiles: dict[str, str] = {}
    for each in known:
        decided[each["hash"]] = decided.get(each["hash"]) or each["decision"]
        if each.get("mobile"):
            mobiles[each["mobile"]] = each["hash"]
    if not decided:
        return
    prints: list[Mapping[str, object]] = [decided, mobiles]
    found: dict[str, dict[str, str]] = {}
    for database, tables in (
        (services.intake, IntakeTables),
        (services.rsvp, RsvpTables),
        (services.notify, NotifyTables),
    ):
        with database.transaction() as session:
            for written in mentions.addresses(session, tables.metadata):
                for prefix, wanted in zip(("address", "mobile"), prints, strict=True):
                    for hashed in erasures.fingerprints(settings.signer, written):
                        if hashed in wanted:
                            owner = hashed if prefix == "address" else mobiles[hashed]
                            found.setdefault(owner, {})[prefix] = written
    for hashed, kept in found.items():
        yield Person(kept.get("address", ""), mobile=kept.get("mobile", "")), decided[hashed]


def _erase(settings: Settings, services: _Services, person: Person, decision: str) -> None:
    with services.rsvp.transaction() as session:
        guests = person_in_rsvp.know(session, person)
        names, ids = guests.person.names, [str(guest.id) for guest in guests.guests]
        person_in_rsvp.erase(session, guests)
    with services.intake.transaction() as session:
        erasures.end_offices(session, person)
        known = person_in_intake.know(session, person)
        references = [idea.reference for idea in known.ideas]
        names |= known.person.names
        person_in_intake.erase(session, None, known, with_originals=bool(decision))
    person = Person(person.address, names, person.mobile)
    about = person_in_notify.About(person, references, ids)
    with services.notify.transaction() as session:
        _, touched = person_in_notify.erase(session, about)
    caught.forget(settings, person.is_address, touched)
    with services.intake.transaction() as session:
        person_jobs.erased_again(session, settings, person, decision)


@contextmanager
def _services(settings: Settings) -> Iterator[_Services]:
    with ExitStack() as stack:
        yield _Services(
            *(stack.enter_context(opened(settings, role)) for role in (Role.INTAKE, Role.RSVP, Role.NOTIFY))
        )

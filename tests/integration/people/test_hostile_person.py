"""Whoever asks to be forgotten under a name or address that was chosen to do harm, and what a restore must do again."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, text

from idesluss import erasures
from services.intake.domain.retention import RemovedIdea
from services.intake.store import queries, sluices
from services.intake.store.data_tables import DataJob
from services.intake.store.public_tables import Follower
from services.intake.store.tables import Contact, Idea, InboundEmail
from services.intake.usecases import person_archive, person_jobs
from services.intake.usecases.erasures import fingerprint
from services.intake.usecases.person_jobs import Asked
from shared.clock import now
from shared.contracts.people import ACCESS, ERASURE
from shared.errors import NotFound, Rejected
from shared.ids import new_id
from shared.mentions import Person
from shared.settings import Settings
from tests.support.ideas import a_mail, an_idea
from tests.support.three_services import Services, services

ADDRESS = "b@a.example"


@pytest.fixture
def three(settings: Settings) -> Iterator[Services]:
    with services(settings) as running:
        yield running


def erase(three: Services, address: str = ADDRESS, **more: Any) -> UUID:
    with three.intake.transaction() as session:
        job = person_jobs.start(
            session, three.settings, "admin@region.example", Asked(ERASURE, address, "begäran", **more)
        )
        return job.id


def state(three: Services, job: UUID) -> str:
    with three.intake.transaction() as session:
        return session.get_one(DataJob, job).state


def test_a_name_that_is_one_of_our_own_words_spoils_nothing(three: Services) -> None:
    """Somebody called like a stage, a language or a reference is forgotten, and the idea is still found and whole."""
    with three.intake.transaction() as session:
        for name in ("received", "sv", "form", "KRO-2026-0001", "citizen"):
            an_idea(session, three.settings, three.sluice, submitter=ADDRESS, submitter_name=name)
        before = session.execute(select(Idea.reference, Idea.stage, Idea.language, Idea.kind).order_by(Idea.id)).all()
    three.settle()
    job = erase(three)
    three.settle()
    assert state(three, job) == "done"
    with three.intake.transaction() as session:
        assert (
            session.execute(select(Idea.reference, Idea.stage, Idea.language, Idea.kind).order_by(Idea.id)).all()
            == before
        )
        entries = session.scalars(text("SELECT DISTINCT event FROM intake.timeline_entry"))
        assert "…" not in set(entries)
    assert not three.where(ADDRESS)


def test_who_follows_under_a_phrase_takes_it_out_of_nobodys_words(three: Services) -> None:
    """Their name goes; what others wrote stays, and so do addresses that only look alike."""
    words = "Bygg en lekplats vid torget. Skriv till ab@a.example, b@a.example.org eller o'b@a.example."
    with three.intake.transaction() as session:
        idea = an_idea(session, three.settings, three.sluice, submitter="annan@invanare.example", text=words)
        session.add(
            Follower(
                id=new_id(),
                idea_id=idea.id,
                address=ADDRESS,
                name="Bygg en lekplats",
                why="supports",
                asked_at=now(),
                confirmed_at=now(),
            )
        )
    job = erase(three)
    three.settle()
    assert state(three, job) == "done"
    with three.intake.transaction() as session:
        assert session.get_one(Idea, idea.id).text == words
        assert session.scalars(select(Follower.name)).all() == [""]


def test_no_erasure_takes_a_sluices_own_address(three: Services) -> None:
    """Without it every mail to the sluice would be refused."""
    for address in ("ide@krokom.example", "IDE@Krokom.example", "ide+svar.abc@krokom.example"):
        with pytest.raises(Rejected, match="ours"):
            erase(three, address)


def test_a_mail_whose_reading_was_given_up_holds_no_erasure(three: Services) -> None:
    """It waits for a mail of theirs that is to be read, and not for one that a person discarded."""
    with three.intake.transaction() as session:
        mail = a_mail(session, three.sluice, envelope_from=ADDRESS, received_at=now() - timedelta(minutes=1))
        session.get_one(InboundEmail, mail.id).read_at = None
    job = erase(three, decision="KS 1")
    three.settle()
    assert state(three, job) == "done"


def test_what_was_read_out_is_fetched_only_while_whole_and_in_time(three: Services) -> None:
    with three.intake.transaction() as session:
        an_idea(session, three.settings, three.sluice, submitter=ADDRESS, text="ord " * 200_000)
        job = person_jobs.start(session, three.settings, "admin", Asked(ACCESS, ADDRESS, "begäran")).id
    three.ring("intake")
    with pytest.raises(NotFound):
        person_archive.pack(three.intake, job, io.BytesIO())
    three.settle()
    person_archive.pack(three.intake, job, io.BytesIO())
    with three.intake.transaction() as session:
        session.execute(text("DELETE FROM intake.data_job_content WHERE service = 'intake' AND piece = 0"))
    with pytest.raises(NotFound):
        person_archive.pack(three.intake, job, io.BytesIO())
    with three.intake.transaction() as session:
        session.get_one(DataJob, job).expires_at = now()
        assert not person_jobs.can_fetch(session.get_one(DataJob, job))


def test_a_restore_removes_again_what_retention_had_removed(three: Services) -> None:
    """And who was erased afterwards answers for nothing, though the backup thinks so."""
    with three.intake.transaction() as session:
        mail = a_mail(session, three.sluice, envelope_from=ADDRESS)
        gone = an_idea(session, three.settings, three.sluice, submitter=ADDRESS, mail=mail, text="Hälsar 'b@a.example'")
        whole, part = (an_idea(session, three.settings, three.sluice) for _ in range(2))
        session.get_one(Idea, part.id).merged_into = whole.id
        sluices.add_contact(session, three.sluice.id, name="Bo Ek", address=ADDRESS)
    own = fingerprint(three.settings.signer, ADDRESS).decode()
    told = {
        "people": [{"hash": own, "mobile": None, "decision": ""}],
        "ideas": [str(gone.id)],
        "guests": [],
        "removed_ideas": [
            {"id": str(each), "at": "2026-11-01T03:00:00+00:00", "decision": "KS 2026/118"}
            for each in (gone.id, whole.id, new_id())
        ],
    }
    assert erasures.reapply(three.settings, told)["removed_ideas"] == 1
    with three.intake.transaction() as session:
        with pytest.raises(RemovedIdea, match=gone.reference):
            queries.idea_by_reference(session, gone.reference)
        assert queries.idea_by_reference(session, whole.reference), "others are part of it"
        contacts = session.scalars(select(Contact).where(Contact.sluice_id == three.sluice.id)).all()
        assert [each.removed_at is None for each in sorted(contacts, key=lambda each: each.id)] == [True, False]
    again = erasures.manifest(three.settings)
    assert [each["id"] for each in again["removed_ideas"]] == [str(gone.id)]
    assert erasures.reapply(three.settings, told)["removed_ideas"] == 0
    three.settle()
    assert not {place for place in three.where(ADDRESS) if not place.startswith(("bus.", "intake.raw_mail"))}


@pytest.mark.parametrize(
    ("written", "left"),
    [
        ("b@a.example", "…"),
        ("<B@A.EXAMPLE>, hej", "<…>, hej"),
        ("mailto:b%40a.example?x", "mailto:…?x"),
        ("_b@a.example_", "_b@a.example_"),
        ("b@a.example_", "…_"),
        ("b@a.example-", "…-"),
        ("b@a.example-x.se", "b@a.example-x.se"),
        ("ab@a.example", "ab@a.example"),
        ("o'b@a.example", "o'b@a.example"),
        ("'b@a.example'", "'…'"),
        ("b@a.example.org", "b@a.example.org"),
        ("b@a.example.", "…."),
        ("b@aXexample", "b@aXexample"),
    ],
)
def test_an_address_is_the_whole_address(written: str, left: str) -> None:
    assert Person(ADDRESS).without(written, named=True) == left


def test_signs_that_programs_read_are_only_signs() -> None:
    person = Person("%_.*+(x|y)$@a.example", frozenset({"(?i) .* %_"}))
    assert person.without("anna@a.example och %_.*+(x|y)$@A.example", named=True) == "anna@a.example och …"

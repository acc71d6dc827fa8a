"""One person over all services: what is held about them is told whole, and erased everywhere."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from idesluss import erasures
from services.intake.store.public_tables import Comment, Follower
from services.intake.usecases import person_archive, person_content, person_jobs
from services.intake.usecases.erasures import fingerprint
from services.intake.usecases.person_jobs import Asked
from services.rsvp.domain.states import ActorKind, Answer
from services.rsvp.store.guest_tables import AddressBook, BookEntry, Guest, ListDraft
from services.rsvp.usecases.record_reply import GivenReply, record_reply
from shared.clock import now
from shared.contracts.people import ACCESS, ERASURE
from shared.errors import Conflict, NotFound, Rejected
from shared.ids import new_id
from shared.mail.addresses import canonical
from shared.settings import Settings
from tests.support.events import a_guest, an_event
from tests.support.ideas import a_file, an_idea
from tests.support.three_services import Services, services

ADDRESS = "Kanarie.Fågel@Sångarna.example"
SPELLED = canonical(ADDRESS)
NAME = "Kanarie Fågelkvist"
MAIL = f"""From: {NAME} <{ADDRESS}>
To: ide@krokom.example
Subject: En holk i varje park
Message-ID: <holk@invanare.example>
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: 8bit

Sätt upp holkar i parkerna. Svara mig på {ADDRESS}.

--
{NAME}
"""


@pytest.fixture
def three(settings: Settings) -> Iterator[Services]:
    with services(settings) as running:
        yield running


def test_access_tells_all_and_erasure_leaves_nothing_but_the_mail_itself(three: Services) -> None:
    """What the export holds is everything; afterwards a look into every column finds the person in the raw mail alone."""
    mailed, guest = live(three)
    job = start(three, ACCESS)
    three.ring("intake")
    three.ring("rsvp")
    with three.intake.transaction() as session:
        seen = person_jobs.look(session, job)
        assert [(part.service, part.state) for part in seen.parts][2:] == [("notify", "running"), ("rest", "running")]
        assert seen.job.state == "running"
    three.settle()
    held = told(three, job)
    assert {idea["reference"] for idea in held["intake"]["idea"]} == {mailed, "KRO-2026-0002"}
    assert [row["text"] for row in held["intake"]["comment"]] == ["Bra, säger jag."]
    assert held["intake"]["follower"][0]["confirmed_at"]
    assert held["intake"]["originals"]
    assert [row["diet"] for row in held["rsvp"]["guest"]] == ["Fågelfrön"]
    assert held["rsvp"]["book_entry"][0]["organisation"] == "Holkföreningen"
    assert held["rsvp"]["list_draft"][0]["rows"] == [{"name": NAME, "address": SPELLED}]
    assert {"confirmation", "invitation"} & {row["kind"] for row in held["notify"]["notification"]}
    with three.intake.transaction() as session:
        assert (
            session.scalar(
                text("SELECT count(*) FROM bus.message WHERE payload LIKE '%' || :id || '%'"), {"id": str(job)}
            )
            == 0
        )
    the_file_is_whole(three, job)

    job = start(three, ERASURE)
    with pytest.raises(Conflict):
        start(three, ERASURE)
    three.settle()
    assert done(three, job)["state"] == "done"
    for words in (ADDRESS, SPELLED, NAME):
        assert set(three.where(words)) <= {"intake.raw_mail.raw"}, words
    assert three.where(NAME)
    with three.rsvp.transaction() as session:
        assert session.get_one(Guest, guest).anonymised_at is not None
    with three.notify.transaction() as session:
        assert session.scalar(text("SELECT count(*) FROM notify.notification WHERE state = 'sent'"))

    with pytest.raises(NotFound):
        person_archive.pack(three.intake, job, io.BytesIO())
    nothing = start(three, ACCESS)
    three.settle()
    assert told(three, nothing) == {"intake": {}, "rsvp": {}, "notify": {}}
    assert person_content.ThrowAway(three.intake, lambda: now() + timedelta(days=13))() == 0
    assert person_content.ThrowAway(three.intake, lambda: now() + timedelta(days=15))() == 1

    again = start(three, ERASURE)
    three.settle()
    assert done(three, again)["state"] == "done"
    with three.intake.transaction() as session:
        found = [each.id for each in person_jobs.past(session, three.settings, address=ADDRESS.upper())]
        assert found[:3] == [again, nothing, job]
        assert not person_jobs.past(session, three.settings, address="nagon@annan.example")


def test_with_a_decision_the_originals_go_too(three: Services) -> None:
    """Nothing at all is left, in no column, and neither of what comes while it runs: an idea, and a mail to send."""
    live(three)
    job = start(three, ERASURE, decision="KS 2026/17")
    three.ring("intake")
    with three.intake.transaction() as session:
        an_idea(session, three.settings, three.sluice, submitter=ADDRESS, submitter_name=NAME, title=f"{NAME} igen")
    three.settle()
    assert done(three, job)["state"] == "done"
    assert done(three, job)["counts"]["rest.ideas"] == 1
    with three.notify.transaction() as session:
        states = text("SELECT DISTINCT state FROM notify.notification WHERE kind = 'confirmation'")
        assert set(session.scalars(states)) == {"sent"}, "what was on its way went first"
    for words in (ADDRESS, SPELLED, NAME):
        assert not three.where(words), words
    assert done(three, job)["decision"] == "KS 2026/17"


def test_who_answers_for_ideas_is_no_private_person(three: Services) -> None:
    asked = Asked(ERASURE, "Kontakt@Krokom.example", "begäran")
    with three.intake.transaction() as session, pytest.raises(Rejected, match="in_office"):
        person_jobs.start(session, three.settings, "admin@region.example", asked)


def test_a_part_that_is_away_is_waited_for_and_reading_out_can_be_stopped(three: Services) -> None:
    """While notify is down the job says so; stopped, it leaves neither content nor words on the bus."""
    live(three)
    job = start(three, ACCESS)
    three.settle("intake", "rsvp")
    with three.intake.transaction() as session:
        states = {part.service: part.state for part in person_jobs.look(session, job).parts}
    assert states == {"intake": "done", "rsvp": "done", "notify": "running", "rest": "running"}
    with three.intake.transaction() as session:
        person_jobs.stop(session, job, "admin@region.example")
    three.settle()
    assert done(three, job)["state"] == "stopped"
    assert done(three, job)["subject"] is None
    assert not three.where(f'"job_id":"{job}"')
    with three.intake.transaction() as session, pytest.raises(NotFound):
        person_content.content(session, job, "intake")


def test_an_older_backup_forgets_again(three: Services) -> None:
    """What the manifest tells without naming anybody is enough to erase the person in a database that still has them."""
    live(three)
    own = fingerprint(three.settings.signer, ADDRESS).decode()
    told = {"people": [{"hash": own, "mobile": None, "decision": "KS 2026/17"}], "ideas": [], "guests": []}
    assert erasures.reapply(three.settings, told)["people"] == 1
    for words in (SPELLED, NAME):
        left = {where for where in three.where(words) if not where.startswith("bus.")}
        assert not left, words
    found = erasures.manifest(three.settings)
    assert len(found["ideas"]) == 2
    assert len(found["guests"]) == 1
    assert SPELLED not in json.dumps(found)


def the_file_is_whole(three: Services, job: UUID) -> None:
    """It holds pages, data and originals, until its time is over."""
    packed = io.BytesIO()
    person_archive.pack(three.intake, job, packed)
    with zipfile.ZipFile(packed) as archive:
        names = archive.namelist()
        assert {"index.html", "index.en.html", "intake.json", "rsvp.json", "notify.json"} <= set(names)
        originals = [name for name in names if name.startswith("original/")]
        assert {name.rpartition(".")[2] for name in originals} == {"eml", "png"}
        page = archive.read("index.html").decode()
        assert "Fågelfrön" in page
        assert all(name in page for name in originals)


def live(three: Services) -> tuple[str, UUID]:
    """Let the person do all that people do; the reference of the idea that they mailed, and who they are as a guest."""
    mail = three.desk.receive(MAIL, envelope_from=ADDRESS)
    mailed = three.desk.idea_of(mail)
    with three.intake.transaction() as session:
        an_idea(
            session,
            three.settings,
            three.sluice,
            submitter=SPELLED.upper(),
            submitter_name=NAME,
            text=f"Hälsar {NAME}",
            files=[a_file()],
        )
        other = an_idea(session, three.settings, three.sluice, submitter="annan@invanare.example")
        session.add_all(
            [
                Comment(
                    id=new_id(),
                    idea_id=other.id,
                    name=NAME,
                    address=ADDRESS,
                    text="Bra, säger jag.",
                    at=now(),
                    confirmed_at=now(),
                    state="shown",
                ),
                Follower(
                    id=new_id(),
                    idea_id=other.id,
                    address=SPELLED,
                    name=NAME,
                    why="supports",
                    asked_at=now(),
                    confirmed_at=now(),
                ),
            ]
        )
    with three.rsvp.transaction() as session:
        event = an_event(session)
        guest = a_guest(session, event, name=NAME, address=ADDRESS)
        given = GivenReply(Answer.YES, diet="Fågelfrön", comment=f"Ring {NAME}")
        record_reply(session, guest.id, given, actor=NAME, actor_kind=ActorKind.GUEST, moment=now())
        book = AddressBook(id=new_id(), sluice_slug="krokom", name="Holkar", created_by="anna")
        session.add(book)
        session.flush()
        session.add_all(
            [
                BookEntry(
                    id=new_id(),
                    book_id=book.id,
                    name=NAME,
                    organisation="Holkföreningen",
                    address=ADDRESS,
                    address_key=SPELLED,
                    language="sv",
                ),
                ListDraft(
                    id=new_id(),
                    book_id=book.id,
                    name="lista.csv",
                    faults=[],
                    created_by="anna",
                    rows=[{"name": NAME, "address": SPELLED}, {"name": "Bo", "address": "bo@annan.example"}],
                ),
            ]
        )
    three.settle()
    return mailed.reference, guest.id


def start(three: Services, kind: str, **more: Any) -> UUID:
    with three.intake.transaction() as session:
        asked = Asked(kind, ADDRESS.lower(), f"Begäran från {ADDRESS}", **more)
        return person_jobs.start(session, three.settings, "admin@region.example", asked).id


def told(three: Services, job: UUID) -> dict[str, Any]:
    with three.intake.transaction() as session:
        assert session.scalar(text("SELECT state FROM intake.data_job WHERE id = :id"), {"id": job}) == "done"
        return {name: person_content.content(session, job, name) for name in ("intake", "rsvp", "notify")}


def done(three: Services, job: UUID) -> dict[str, Any]:
    with three.intake.transaction() as session:
        return dict(session.execute(text("SELECT * FROM intake.data_job WHERE id = :id"), {"id": job}).mappings().one())

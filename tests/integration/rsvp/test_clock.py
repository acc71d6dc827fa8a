"""What the clock brings: reminders, each once whatever crashes or jumps, and the day on which names are forgotten."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import select, text, update

from services.rsvp.domain.states import ActorKind
from services.rsvp.store.day_tables import CaughtIdea, Feedback, SummaryReader
from services.rsvp.store.guest_tables import CalendarReply, Guest, GuestEntry, ListDraft, Mailing, Proposal, SentReply
from services.rsvp.store.tables import Event, HostQuestion
from services.rsvp.usecases.forget import ForgetGuests, erase_guest
from services.rsvp.usecases.history import note_guest
from services.rsvp.usecases.publish_event import HoldEvents
from services.rsvp.usecases.remind import RemindGuests
from shared.clock import now
from shared.db import Database, Role
from shared.errors import NotFound
from shared.ids import new_id
from tests.support.clocks import StillClock, swedish
from tests.support.events import a_guest, an_event

CANARY = "Kanariefågel"
STARTS = swedish("2028-03-28 09:00")
"""A Tuesday after an ordinary week; clocks went forward on the Sunday before."""
TIMES = {"starts_at": STARTS, "ends_at": STARTS + timedelta(hours=3), "reply_by": swedish("2028-03-24 23:59")}


@pytest.fixture
def database(settings):
    database = Database(settings, Role.RSVP, pool_size=4)
    yield database
    database.dispose()


def test_each_reminder_goes_once_to_those_it_concerns_whatever_the_clock_does(database: Database) -> None:
    long_ago = STARTS - timedelta(days=20)
    with database.transaction() as session:
        event = an_event(session, **TIMES)
        silent = a_guest(session, event, last_invited_at=long_ago, invited_at=long_ago)
        a_guest(session, event, last_invited_at=swedish("2028-03-23 08:00"))  # invited a moment ago
        a_guest(session, event, last_invited_at=None, invited_at=None)  # on the list, not invited
        coming, waiting = (a_guest(session, event, state=state, answer="yes") for state in ("coming", "waiting"))
        a_guest(session, event, state="declined", answer="no")
        a_guest(session, event, state="coming", answer="yes", source="walk-in", address=None)
        cancelled = an_event(session, state="cancelled", **TIMES)
        a_guest(session, cancelled, state="coming", answer="yes")
    clock = StillClock(now())
    jobs = [RemindGuests(database, clock), RemindGuests(database, clock)]

    def pass_by(moment: str) -> None:
        clock.set(moment)
        HoldEvents(database, clock)()
        with ThreadPoolExecutor(2) as pool:
            for done in [pool.submit(job) for job in jobs]:
                done.result()

    pass_by("2028-03-18 09:00")
    assert _mailings(database) == {}
    # The clock jumps ahead past everything before the event, back, and on: each window still has its one mailing.
    for moment in ("2028-03-22 09:00", "2028-03-27 09:00", "2028-03-22 10:00", "2028-03-27 12:00", "2028-03-28 07:00"):
        pass_by(moment)
    assert _mailings(database) == {
        ("reply-reminder", "2028-03-24"): {silent.id},
        ("day-reminder", "2028-03-28"): {coming.id, waiting.id},
    }
    pass_by("2028-03-28 12:30")
    assert _state(database, event.id) == "published"
    for moment in ("2028-03-29 09:00", "2028-03-29 09:05", "2028-04-18 09:00"):
        pass_by(moment)
    assert _state(database, event.id) == "held"
    assert _mailings(database)["feedback", "once"] == {coming.id}
    assert len(_mailings(database)) == 3


def test_an_event_found_too_late_reminds_of_nothing(database: Database) -> None:
    with database.transaction() as session:
        event = an_event(session, **TIMES)
        a_guest(session, event, state="coming", answer="yes")
    clock = StillClock(swedish("2028-03-28 08:30"))
    RemindGuests(database, clock)()
    clock.set("2028-04-29 09:00")
    HoldEvents(database, clock)()
    RemindGuests(database, clock)()

    assert _state(database, event.id) == "held"
    assert _mailings(database) == {}


def test_who_is_erased_frees_their_seat_and_leaves_no_word(database: Database) -> None:
    with database.transaction() as session:
        event = an_event(session, capacity=1)
        ada, bo = _full_of_words(session, event), a_guest(session, event, state="waiting", answer="yes", arrival=9)
    with database.transaction() as session:
        erase_guest(session, ada, actor_kind=ActorKind.GUEST, moment=now())

    with database.transaction() as session:
        assert session.get_one(Guest, bo.id).state == "coming"
        gone = session.get_one(Guest, ada)
        assert (gone.state, gone.anonymised_at is None) == ("declined", False)
        steps = session.scalars(select(GuestEntry).where(GuestEntry.guest_id == ada).order_by(GuestEntry.id)).all()
        assert "erased" in [step.what for step in steps]
        assert {name for step in steps for name in step.facts} <= {
            "answer",
            "state",
            "party_size",
            "place",
            "via",
            "why",
        }
        left = _canaries(session)
        with pytest.raises(NotFound):
            erase_guest(session, ada, actor_kind=ActorKind.GUEST, moment=now())
    # What lists and the caught ideas hold is the event's, until its own day comes.
    assert {table for table, _ in left} <= {
        "caught_idea",
        "host_question",
        "list_draft",
        "sent_reply",
        "summary_reader",
    }


def test_an_event_that_ended_long_ago_holds_no_word_of_its_guests_anywhere(database: Database) -> None:
    with database.transaction() as session:
        event = an_event(session, state="held", anonymise_days=30, **TIMES)
        guest = _full_of_words(session, event)
        fresh = an_event(session, state="held", anonymise_days=31, **TIMES)
        other = a_guest(session, fresh, name="Bo Kvar")
        session.execute(update(Guest).where(Guest.id == guest).values(came=2, party_size=3))
        assert len(_canaries(session)) > 15  # the words are where the test believes that they are
    clock = StillClock(TIMES["ends_at"] + timedelta(days=30))
    jobs = [ForgetGuests(database, clock), ForgetGuests(database, clock)]
    with ThreadPoolExecutor(2) as pool:
        assert sum(pool.map(lambda job: job(), jobs)) == 1
    assert jobs[0]() == 0

    with database.transaction() as session:
        assert _canaries(session) == []
        kept = session.get_one(Guest, guest)
        assert (kept.state, kept.party_size, kept.came, kept.answer) == ("coming", 3, 2, "yes")
        assert session.get_one(Feedback, guest).rating == 4
        assert session.get_one(Guest, other.id).name == "Bo Kvar"


def _full_of_words(session, event):
    """A guest of whom every column and row that takes words holds the canary; their id."""
    moment, event_id = now(), event.id
    guest = a_guest(
        session,
        event,
        name=CANARY,
        organisation=CANARY,
        address=f"{CANARY}@example.org",
        address_key=f"{CANARY}@example.org",
        party=[{"name": CANARY, "diet": CANARY}],
        diet=CANARY,
        answers={"q1": {"question": "Vad?", "answer": CANARY, "kind": "text"}},
        comment=CANARY,
        state="coming",
        answer="yes",
        arrival=1,
    )
    facts = {"answer": "yes", "via": "mail", "text": CANARY, "before": {"comment": CANARY}, "party": [CANARY]}
    kind = ActorKind.GUEST
    note_guest(session, guest, "replied", actor=CANARY, actor_kind=kind, moment=moment, facts=facts, tells=False)
    session.add_all(
        [
            Proposal(
                id=new_id(),
                guest_id=guest.id,
                via="mail",
                sender=CANARY,
                text=CANARY,
                diet=CANARY,
                reason="x",
                at=moment,
            ),
            CalendarReply(
                inbound_email_id=new_id(),
                guest_id=guest.id,
                uid=CANARY,
                attendee=CANARY,
                sender=CANARY,
                comment=CANARY,
                delegated_to=CANARY,
                vouched=True,
            ),
            Feedback(guest_id=guest.id, event_id=event_id, rating=4, text=CANARY, at=moment),
            ListDraft(
                id=new_id(), event_id=event_id, name=CANARY, rows=[{"name": CANARY}], faults=[], created_by="anna"
            ),
            SentReply(event_id=event_id, key="k", sha256=b"x", guest_id=guest.id, told={"name": CANARY}),
            SummaryReader(
                id=new_id(), event_id=event_id, address=guest.address, address_key=guest.address_key, language="sv"
            ),
            HostQuestion(
                id=new_id(),
                event_id=event_id,
                name=CANARY,
                address=CANARY,
                language="sv",
                proposals=[],
                state="settled",
                counter={"text": CANARY},
                asked_at=moment,
                asked_by="anna",
            ),
            CaughtIdea(
                id=new_id(),
                event_id=event_id,
                key=str(new_id()),
                title="En idé",
                text="En idé",
                name=CANARY,
                address=CANARY,
                language="sv",
                at=moment,
            ),
        ]
    )
    session.flush()
    return guest.id


def _canaries(session) -> list[tuple[str, str]]:
    """Every table and column of rsvp's that holds the canary."""
    columns = session.execute(
        text("SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'rsvp'")
    ).all()
    assert len(columns) > 100
    return [
        (table, column)
        for table, column in columns
        if session.scalar(
            text(f'SELECT count(*) FROM rsvp."{table}" WHERE "{column}"::text ILIKE :word'),
            {"word": f"%{CANARY}%"},
        )
    ]


def _mailings(database: Database) -> dict[tuple[str, str], set]:
    with database.transaction() as session:
        return {
            (each.kind, each.key): {guest for guest in _ids(session) if str(guest) in each.facts["guests"]}
            for each in session.scalars(select(Mailing))
        }


def _ids(session):
    return session.scalars(select(Guest.id)).all()


def _state(database: Database, event_id) -> str:
    with database.transaction() as session:
        return session.get_one(Event, event_id).state

"""Digests: one mail for all that waited, whoever collects at once, dies half way or rings sixty times."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from email import message_from_bytes
from email.policy import default
from typing import Any

import pytest
from sqlalchemy import text

from services.notify.domain.digest import MOST_ENTRIES
from services.notify.domain.kinds import Category, Rhythm
from services.notify.mailbox.store import MailStore
from services.notify.store import books
from services.notify.store.tables import Notification
from services.notify.usecases import announce
from services.notify.usecases.collect import digest_key
from services.notify.usecases.prefer import Prefer
from services.notify.usecases.queue_message import QueueMessage
from services.notify.usecases.write_digest import WriteDigest
from shared.contracts.registry import DIGEST_DUE, IDEA_ADDED_TO, IDEA_RECEIVED
from shared.ids import new_id
from shared.settings import Settings
from shared.web import links
from tests.integration.notify.workbench import Notify, worker
from tests.support import notify_facts as facts
from tests.support.clocks import StillClock, swedish
from tests.support.relays import ScriptedRelay, catching_mailbox
from tests.support.waiting import wait_until

KIM = "kontakt@krokom.example"
TUESDAY, WEDNESDAY, MONDAY = "2026-11-24 10:00", "2026-11-25 07:30", "2026-11-30 07:30"


@dataclass
class House:
    """One worker, its clock, and the mailbox it sends into. The books must balance when a test ends."""

    notify: Notify
    store: MailStore
    clock: StillClock

    def choose(self, rhythm: Rhythm, address: str = KIM) -> None:
        with self.notify.database.transaction() as session:
            Prefer(self.clock)(session, address, {Category.IDEAS: rhythm}, by="test")

    def idea(self, number: int, **changes: Any) -> None:
        """An idea comes in that a contact is told of, and nobody else."""
        reference = f"KRO-2026-{number:04}"
        told = {"submitter": None, "contacts": [facts.contact()], **changes}
        told["idea"] = facts.idea(reference=reference, title=f"Idé nummer {number}")
        self.notify.inbox.run(self.notify.tell(IDEA_RECEIVED, facts.idea_received(**told)))

    def mails(self, address: str = KIM) -> list[tuple[str, str]]:
        """Subject and text of each mail to an address, oldest first."""
        found = []
        for mail in reversed(self.store.newest(0, 1000)[1]):
            if mail.recipients == [address]:
                parsed = message_from_bytes(mail.raw, policy=default)
                found.append((str(parsed["Subject"]), parsed.get_body(("plain",)).get_content()))  # type: ignore[attr-defined]
        return found

    def states(self) -> Counter[tuple[str, str, str | None]]:
        return Counter((each.kind, each.state, each.reason) for each in self.notify.notifications())

    def calls(self) -> list[tuple[Any, Any]]:
        """Every call to write a digest: from when on it may be done, and when it was done."""
        with self.notify.database.transaction() as session:
            rows = session.execute(
                text(
                    "SELECT d.due_at, d.done_at FROM bus.delivery d JOIN bus.message m ON m.id = d.message_id"
                    " WHERE m.name = 'digest.due.v1' ORDER BY d.due_at, m.id"
                )
            )
            return [(due, done) for due, done in rows]


@pytest.fixture
def house(settings: Settings) -> Iterator[House]:
    clock = StillClock(swedish(TUESDAY))
    with catching_mailbox(settings) as (port, store), worker(settings, port, clock=clock) as notify:
        yield House(notify, store, clock)
        assert_balanced(notify)


def assert_balanced(notify: Notify) -> None:
    with notify.database.transaction() as session:
        assert books.read(session).difference == 0


def test_a_contact_with_a_daily_rhythm_gets_one_mail_for_twelve_ideas(house: House) -> None:
    house.choose(Rhythm.DAILY)
    for number in range(1, 13):
        house.idea(number)
    assert house.states() == {("notice", "created", "collected"): 12}
    assert {each.due_at for each in house.notify.notifications()} == {swedish(WEDNESDAY)}
    assert [due for due, _ in house.calls()] == [swedish(WEDNESDAY)]

    house.clock.set(WEDNESDAY)
    house.notify.ring_all()

    [(subject, words)] = house.mails()
    assert subject == "12 händelser sedan sist"
    assert all(f"KRO-2026-{number:04}" in words for number in range(1, 13))
    assert "Svara senast tisdag 1 december." in " ".join(words.split())
    digest = house.notify.only("digest")
    assert digest.idempotency_key == digest_key(KIM, swedish(WEDNESDAY))
    carried = [each for each in house.notify.notifications() if each.kind == "notice"]
    assert {each.carried_by for each in carried} == {digest.id}
    assert house.states() == {("digest", "sent", None): 1, ("notice", "sent", None): 12}
    assert house.notify.open_deliveries() == []
    assert links.preferences_url(house.notify.settings, KIM) in words


def test_a_weekly_digest_comes_on_monday(house: House) -> None:
    house.choose(Rhythm.WEEKLY)
    house.idea(1)
    house.idea(2)
    assert [due for due, _ in house.calls()] == [swedish(MONDAY)]

    house.clock.set("2026-11-25 09:00")
    house.notify.ring_all()
    assert house.mails() == []
    house.clock.set(MONDAY)
    house.notify.ring_all()

    assert [subject for subject, _ in house.mails()] == ["2 händelser den senaste veckan"]


def test_what_is_alone_goes_out_as_itself(house: House) -> None:
    house.choose(Rhythm.DAILY)
    house.idea(1)

    house.clock.set(WEDNESDAY)
    house.notify.ring_all()

    [(subject, words)] = house.mails()
    assert "Idé nummer 1" in subject
    assert "Sätt upp en fast cykelpump" in words
    assert house.states() == {("notice", "sent", None): 1}


def test_what_waits_for_a_decision_comes_first(house: House) -> None:
    house.choose(Rhythm.DAILY)
    house.idea(1)
    house.notify.inbox.run(house.notify.tell(IDEA_ADDED_TO, facts.idea_added_to()))
    house.idea(2, held="form-fast")

    house.clock.set(WEDNESDAY)
    house.notify.ring_all()

    [(_, words)] = house.mails()
    order = [words.index(each) for each in ("Idé nummer 2", "Idé nummer 1", "Cykelpump vid busstorget")]
    assert order == sorted(order)
    assert "Formuläret fylldes i ovanligt fort." in words
    assert "Åsa Öberg: En sak till" in " ".join(words.split())


def test_more_than_a_mail_has_room_for_is_counted(house: House) -> None:
    house.choose(Rhythm.DAILY)
    for number in range(1, MOST_ENTRIES + 4):
        house.idea(number)

    house.clock.set(WEDNESDAY)
    house.notify.ring_all()

    [(subject, words)] = house.mails()
    words = " ".join(words.split())
    assert subject == "103 händelser sedan sist"
    assert "Idé nummer 100" in words
    assert "Idé nummer 101" not in words
    assert "3 händelser till fick inte plats" in words
    assert house.states() == {("digest", "sent", None): 1, ("notice", "sent", None): MOST_ENTRIES + 3}


def test_two_events_in_the_same_second_give_one_digest(house: House) -> None:
    """novu#2569: they gave two."""
    house.choose(Rhythm.DAILY)
    at_once = threading.Barrier(8)

    def come(number: int) -> None:
        at_once.wait()
        house.idea(number)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(come, range(1, 9)))
    assert len(house.calls()) == 1

    house.clock.set(WEDNESDAY)
    house.notify.ring_all()

    assert [subject for subject, _ in house.mails()] == ["8 händelser sedan sist"]


def test_two_writers_at_once_write_one_digest(house: House) -> None:
    house.choose(Rhythm.DAILY)
    for number in range(1, 6):
        house.idea(number)
    # As where the broker lost nothing but made two of it, with an id of its own.
    calls = [house.notify.tell(DIGEST_DUE, {"address": KIM, "slot": swedish(WEDNESDAY)}) for _ in range(4)]
    house.clock.set(WEDNESDAY)
    at_once = threading.Barrier(4)

    def write(message_id: Any) -> None:
        at_once.wait()
        house.notify.inbox.run(message_id)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, calls))
    house.notify.ring_all()

    assert [subject for subject, _ in house.mails()] == ["5 händelser sedan sist"]
    assert house.states() == {("digest", "sent", None): 1, ("notice", "sent", None): 5}


def test_sixty_calls_make_one_digest(house: House) -> None:
    """OSF PR#11764: sixty identical digests."""
    house.choose(Rhythm.DAILY)
    house.idea(1)
    house.idea(2)
    house.clock.set(WEDNESDAY)
    for _ in range(60):
        house.notify.inbox.run(house.notify.tell(DIGEST_DUE, {"address": KIM, "slot": swedish(WEDNESDAY)}))
    house.notify.ring_all()

    assert len(house.mails()) == 1


def test_a_worker_that_dies_while_writing_loses_nothing_and_doubles_nothing(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """novu#12373: on the second try the digest was merged with itself, and nothing was sent."""
    house.choose(Rhythm.DAILY)
    for number in range(1, 4):
        house.idea(number)
    house.clock.set(WEDNESDAY)
    write = WriteDigest._write

    def die_after(*args: Any) -> None:
        write(*args)
        raise RuntimeError("the worker is gone before its commit")

    monkeypatch.setattr(WriteDigest, "_write", die_after)
    house.notify.ring_all()
    assert house.states() == {("notice", "created", "collected"): 3}
    monkeypatch.undo()
    house.notify.ring_all()

    assert [subject for subject, _ in house.mails()] == ["3 händelser sedan sist"]
    assert house.states() == {("digest", "sent", None): 1, ("notice", "sent", None): 3}


def test_a_call_that_comes_early_waits_for_its_time(house: House) -> None:
    """The database's clock may run ahead of ours: whoever calls it done then loses what waits."""
    house.choose(Rhythm.DAILY)
    house.idea(1)
    house.idea(2)
    house.clock.set("2026-11-25 07:29:59")
    house.notify.ring_all()
    house.clock.set(WEDNESDAY)
    house.notify.ring_all()

    assert [subject for subject, _ in house.mails()] == ["2 händelser sedan sist"]


def test_a_call_that_comes_a_day_late_writes_what_is_due_by_then_once(house: House) -> None:
    house.choose(Rhythm.DAILY)
    house.idea(1)
    house.idea(2)
    house.clock.set(WEDNESDAY)
    house.notify.ring_all()
    house.idea(3)
    house.idea(4)
    house.clock.set("2026-11-26 07:30")
    house.notify.inbox.run(house.notify.tell(DIGEST_DUE, {"address": KIM, "slot": swedish(WEDNESDAY)}))
    house.notify.ring_all()

    assert [subject for subject, _ in house.mails()] == ["2 händelser sedan sist"] * 2


def test_what_comes_while_a_digest_is_being_written_is_not_stranded(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.choose(Rhythm.DAILY)
    house.idea(1)
    house.idea(2)
    house.clock.set(WEDNESDAY)
    written, go_on = threading.Event(), threading.Event()
    write = WriteDigest._write

    def dawdle(*args: Any) -> None:
        write(*args)
        written.set()
        assert go_on.wait(20)

    monkeypatch.setattr(WriteDigest, "_write", dawdle)
    with ThreadPoolExecutor(2) as pool:
        [call] = house.notify.open_deliveries()
        writing = pool.submit(house.notify.inbox.run, call)
        assert written.wait(20)
        house.clock.set("2026-11-25 07:29:59")
        coming = pool.submit(house.idea, 3)
        wait_until(lambda: waits_for_a_lock(house.notify))
        go_on.set()
        writing.result()
        coming.result()
    house.clock.set(WEDNESDAY)
    house.notify.ring_all()
    house.clock.set("2026-11-26 07:30")
    house.notify.ring_all()

    assert len(house.mails()) == 2
    assert house.states() == {("digest", "sent", None): 1, ("notice", "sent", None): 3}


def waits_for_a_lock(notify: Notify) -> bool:
    with notify.database.transaction() as session:
        found = text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
        return bool(session.execute(found).scalar_one())


def test_what_comes_after_a_digest_was_written_goes_into_the_next(house: House) -> None:
    house.choose(Rhythm.DAILY)
    house.idea(1)
    house.idea(2)
    house.clock.set(WEDNESDAY)
    house.notify.ring_all()
    # A worker whose clock is behind still collects for the slot that is over.
    house.clock.set("2026-11-25 07:29:59")
    house.idea(3)
    house.idea(4)
    house.clock.set("2026-11-25 07:31")
    house.notify.ring_all()
    assert len(house.mails()) == 1

    house.clock.set("2026-11-26 07:30")
    house.notify.ring_all()

    assert [subject for subject, _ in house.mails()] == [
        "2 händelser sedan sist",
        "2 händelser sedan sist",
    ]
    assert house.notify.open_deliveries() == []


def test_a_call_that_found_nothing_does_not_strand_what_comes_for_its_slot(house: House) -> None:
    house.choose(Rhythm.DAILY)
    house.idea(1)
    house.clock.set(WEDNESDAY)
    house.notify.ring_all()
    house.clock.set("2026-11-25 07:29:59")
    house.idea(2)

    house.clock.set(WEDNESDAY)
    house.notify.ring_all()

    assert [subject.partition("] ")[2] for subject, _ in house.mails()] == [
        "Idé nummer 1",
        "Idé nummer 2",
    ]


def test_nothing_waiting_is_nothing_sent(house: House) -> None:
    house.clock.set(WEDNESDAY)
    house.notify.tell(DIGEST_DUE, {"address": KIM, "slot": swedish(WEDNESDAY)})
    house.notify.ring_all()

    assert house.states() == {}
    assert house.notify.open_deliveries() == []


def test_whoever_wants_it_at_once_again_gets_what_waited_at_once(house: House) -> None:
    house.choose(Rhythm.WEEKLY)
    house.idea(1)
    house.idea(2)
    house.choose(Rhythm.AT_ONCE)
    house.idea(3)
    house.notify.ring_all()

    assert len(house.mails()) == 3
    assert house.states() == {("notice", "sent", None): 3}
    house.clock.set(MONDAY)
    house.notify.ring_all()
    assert len(house.mails()) == 3


def test_what_waits_follows_a_change_from_weekly_to_daily(house: House) -> None:
    house.choose(Rhythm.WEEKLY)
    house.idea(1)
    house.idea(2)
    house.choose(Rhythm.DAILY)
    house.clock.set(WEDNESDAY)
    house.notify.ring_all()

    assert [subject for subject, _ in house.mails()] == ["2 händelser sedan sist"]


def test_what_somebody_sends_anew_by_hand_waits_for_no_digest(house: House) -> None:
    house.choose(Rhythm.WEEKLY)
    told = facts.idea_received(submitter=None)
    with house.notify.database.transaction() as session:
        wanted = [replace(each, replaces=new_id()) for each in announce.idea_received(told)]
        QueueMessage(house.notify.settings, house.clock)(session, wanted)
    house.notify.ring_all()

    assert house.states() == {("notice", "sent", None): 1}


def test_each_person_and_each_plus_tag_has_a_rhythm_of_their_own(house: House) -> None:
    anna, tagged, bo = "Anna@krokom.example", "kontakt+anna@krokom.example", "bo@krokom.example"
    people = (KIM, anna, tagged, bo)
    for each, rhythm in zip(people, (Rhythm.DAILY, Rhythm.WEEKLY, Rhythm.DAILY), strict=False):
        house.choose(rhythm, each.lower())
    contacts = [facts.contact(each) for each in people]
    arrived = []
    house.idea(1, contacts=contacts)
    house.idea(2, contacts=contacts)
    for moment in (TUESDAY, WEDNESDAY, MONDAY):
        house.clock.set(moment)
        house.notify.ring_all()
        arrived.append([len(house.mails(each)) for each in people])

    assert arrived == [[0, 0, 0, 2], [1, 0, 1, 2], [1, 1, 1, 2]]


def test_contacts_of_two_sluices_in_opposite_order_never_wait_for_each_other(house: House) -> None:
    people = [f"nummer{number}@krokom.example" for number in range(6)]
    for each in people:
        house.choose(Rhythm.DAILY, each)
    contacts = [facts.contact(each) for each in people]

    def come(number: int) -> None:
        house.idea(number, contacts=contacts if number % 2 else contacts[::-1])

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(come, range(1, 31)))

    assert house.states() == {("notice", "created", "collected"): 180}
    with house.notify.database.transaction() as session:
        tries = session.execute(text("SELECT max(attempts) FROM bus.delivery WHERE done_at IS NOT NULL")).scalar()
    assert tries == 1, "somebody was chosen as a deadlock's victim"


def test_a_digest_that_fails_for_good_fails_for_all_that_it_carries(settings: Settings) -> None:
    clock = StillClock(swedish(TUESDAY))
    with ScriptedRelay().listening() as relay, worker(settings, relay.port, clock=clock) as notify:
        house = House(notify, None, clock)  # type: ignore[arg-type] # nothing arrives
        house.choose(Rhythm.DAILY)
        house.idea(1)
        house.idea(2)
        relay.script["RCPT"] = "550 5.1.1 nobody of that name"
        clock.set(WEDNESDAY)
        notify.ring_all()

        failed = [each for each in notify.notifications() if each.kind in ("digest", "notice")]
        assert {(each.state, each.reason) for each in failed} == {("permanent-failure", "recipient-gone")}
        assert len(failed) == 3
        told = _told_of(notify)
        assert {"KRO-2026-0001", "KRO-2026-0002"} <= told
        assert_balanced(notify)


def _told_of(notify: Notify) -> set[str]:
    with notify.database.transaction() as session:
        rows = session.execute(
            text(
                "SELECT m.payload::json ->> 'idea_reference' FROM bus.message m WHERE name = 'notification.changed.v1'"
            )
        )
        return {row[0] for row in rows}


def test_a_digest_refused_for_now_is_tried_again_and_leaves_once(settings: Settings) -> None:
    clock = StillClock(swedish(TUESDAY))
    with ScriptedRelay().listening() as relay, worker(settings, relay.port, clock=clock) as notify:
        house = House(notify, None, clock)  # type: ignore[arg-type] # a script takes it
        house.choose(Rhythm.DAILY)
        house.idea(1)
        house.idea(2)
        relay.script["."] = "451 4.3.0 later"
        clock.set(WEDNESDAY)
        notify.ring_all()
        assert {each.state for each in notify.notifications()} == {"temporary-failure"}
        del relay.script["."]
        notify.ring_all()

        assert {each.state for each in notify.notifications()} == {"sent"}
        assert [each.attempts for each in _by_kind(notify, "digest")] == [2]
        assert_balanced(notify)


def _by_kind(notify: Notify, kind: str) -> list[Notification]:
    return [each for each in notify.notifications() if each.kind == kind]

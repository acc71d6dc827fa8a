"""The list of addresses that are not written to: what puts an address on it, what it holds back, what takes it off."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import update
from structlog.testing import capture_logs

from services.notify.domain.asked import Asked
from services.notify.domain.kinds import CATEGORIES, Category, Channel, Kind
from services.notify.store.tables import Notification, Operation, Suppression
from services.notify.usecases import suppress
from services.notify.usecases.queue_message import QueueMessage
from services.notify.usecases.send_anew import SendAnew
from shared.clock import now
from shared.contracts.registry import COMPLAINT, DELIVERY_REPORT, IDEA_ANSWERED, IDEA_RECEIVED, SLUICE_CHANGED
from shared.errors import Conflict, NotFound, Rejected
from shared.ids import new_id
from shared.settings import Settings
from tests.integration.notify.workbench import Notify, worker
from tests.support import notify_facts as facts
from tests.support import suppressed as told
from tests.support.relays import ScriptedRelay

ASA = "asa@invanare.example"


@pytest.fixture
def relay() -> Iterator[ScriptedRelay]:
    with ScriptedRelay().listening() as found:
        yield found


@pytest.fixture
def notify(settings: Settings, relay: ScriptedRelay) -> Iterator[Notify]:
    with worker(settings, relay.port) as found:
        yield found


def ask(
    notify: Notify,
    address: str = ASA,
    *,
    kind: Kind = Kind.ANSWER,
    category: Category | None = None,
    channel: Channel = Channel.EMAIL,
) -> Notification:
    """Ask for a message; it as it was made, not yet sent."""
    payload = facts.idea_answered()
    wanted = Asked(
        key=f"test:{new_id()}",
        kind=kind,
        address=address,
        name="Åsa Öberg",
        language="sv",
        sluice_slug="krokom",
        sluice_address="ide@krokom.example",
        idea_reference="KRO-2026-0042",
        facts={
            "sluice": facts.SLUICE,
            "reply_to": "ide@krokom.example",
            "idea": {"reference": "KRO-2026-0042", "title": "Pump", "text": "", "created_at": now().isoformat()},
            **{name: payload[name] for name in ("signed_by", "follow_url")},
            "answer": payload["text"],
            "thread": payload["submitter_thread"],
        },
        category=category or CATEGORIES[kind],
        channel=channel,
    )
    with notify.database.transaction() as session:
        QueueMessage(notify.settings)(session, [wanted])
    return notify.notifications()[-1]


def sent(notify: Notify, address: str = ASA) -> Notification:
    row = ask(notify, address)
    notify.ring_all(due=True)
    return row


def state_of(notify: Notify, identity: UUID) -> tuple[str, str | None]:
    (row,) = [each for each in notify.notifications() if each.id == identity]
    return row.state, row.reason


def tell(notify: Notify, payload: dict) -> None:
    notify.tell(COMPLAINT if "feedback_type" in payload else DELIVERY_REPORT, payload)
    notify.ring_all(due=True)


@pytest.mark.parametrize("recipient", [ASA, None, "ASA@INVANARE.example"])
def test_a_report_that_the_recipient_is_gone_suppresses_with_the_line_that_shows_it(notify, recipient) -> None:
    row = sent(notify)

    tell(notify, told.report(row.id, recipient))

    (entry,) = told.suppressions(notify.database)
    assert (entry.address, entry.cause, entry.line) == (ASA, "recipient-gone", "550 5.1.1 user unknown")
    assert entry.notification_id == row.id
    assert entry.expires_at - entry.created_at == timedelta(days=90)
    assert state_of(notify, ask(notify).id) == ("suppressed", "address-gone")


@pytest.mark.parametrize("changes", [told.DELIVERED, told.DELAYED, told.FULL, told.BLOCKED, told.OTHER])
def test_nothing_but_a_recipient_who_is_gone_suppresses(notify, changes) -> None:
    tell(notify, told.report(sent(notify).id, **changes))

    assert told.suppressions(notify.database) == []
    assert ask(notify).state == "created"


@pytest.mark.parametrize("bounce_class", ["mailbox-full", "blocked", "delayed", "other"])
def test_a_class_that_does_not_say_gone_suppresses_nothing_whoever_calls_it_permanent(notify, bounce_class) -> None:
    tell(notify, told.report(sent(notify).id, bounce_class=bounce_class, permanent=True))

    assert told.suppressions(notify.database) == []


@pytest.mark.parametrize("other", ["bo@invanare.example", "asa@annan.example", "chefen@krokom.example"])
def test_a_report_of_another_address_changes_neither_state_nor_list(notify, other) -> None:
    row = sent(notify)

    tell(notify, told.report(row.id, other))

    assert state_of(notify, row.id) == ("sent", None)
    assert told.suppressions(notify.database) == []


def test_one_address_of_several_that_got_the_same_is_suppressed_alone(notify) -> None:
    gone, there = sent(notify), sent(notify, "bo@invanare.example")

    tell(notify, told.report(gone.id))

    assert told.in_force(notify.database) == [(ASA, "recipient-gone")]
    assert state_of(notify, there.id) == ("sent", None)
    assert ask(notify, "bo@invanare.example").state == "created"


def test_another_tag_of_the_same_mailbox_may_be_somebody_else(notify) -> None:
    tell(notify, told.report(sent(notify, "asa+ide@invanare.example").id, "asa@invanare.example"))

    assert told.in_force(notify.database) == [("asa+ide@invanare.example", "recipient-gone")]
    assert ask(notify, ASA).state == "created"
    assert ask(notify, "ASA+ide@Invanare.example").state == "suppressed"


@pytest.mark.parametrize(
    ("reports", "state", "count"),
    [
        ([told.DELIVERED, {}], "delivered", 0),
        ([{}, told.DELIVERED], "permanent-failure", 1),
        ([told.FULL, {}], "permanent-failure", 1),
        ([told.FULL, told.DELIVERED], "delivered", 0),
        ([told.DELAYED, told.DELIVERED], "delivered", 0),
        ([{}, {}], "permanent-failure", 1),
    ],
)
def test_contradicting_reports_leave_a_final_state_and_believe_the_mail_that_arrived(
    notify, reports, state, count
) -> None:
    row = sent(notify)
    for changes in reports:
        tell(notify, told.report(row.id, **changes))

    assert state_of(notify, row.id)[0] == state
    assert len(told.in_force(notify.database)) == count


def test_what_waited_for_hours_is_not_sent_to_an_address_found_gone_meanwhile(notify, relay) -> None:
    gone = sent(notify)
    waiting = ask(notify)
    with notify.database.transaction() as session:
        suppress.because_of(
            session, session.get_one(Notification, gone.id), suppress.Cause.RECIPIENT_GONE, "550", now()
        )
        session.get_one(Notification, waiting.id).created_at -= timedelta(hours=2)
    notify.ring_all()

    assert state_of(notify, waiting.id) == ("suppressed", "address-gone")
    assert len(relay.taken) == 1
    assert notify.open_deliveries() == []


@pytest.mark.parametrize(
    ("category", "state"),
    [
        (Category.ASKED_FOR, "created"),
        (Category.SERVICE, "created"),
        (Category.IDEAS, "suppressed"),
        (Category.REMINDERS, "suppressed"),
        (Category.NEWS, "suppressed"),
    ],
)
def test_a_complaint_spares_what_was_asked_for(notify, category, state) -> None:
    row = sent(notify)
    tell(notify, told.complaint(row.id))

    (entry,) = told.suppressions(notify.database)
    assert (entry.address, entry.cause) == (ASA, "complaint")
    assert entry.expires_at - entry.created_at == timedelta(days=365)
    assert state_of(notify, row.id) == ("sent", None), "it arrived, or nobody could complain"
    made = ask(notify, category=category)
    assert (made.state, made.reason) == (state, "complained" if state == "suppressed" else None)


def test_what_is_told_twice_is_one_entry(notify) -> None:
    row = sent(notify)
    for _ in range(2):
        tell(notify, told.complaint(row.id))
        tell(notify, told.report(row.id))

    assert sorted(told.in_force(notify.database)) == [(ASA, "complaint"), (ASA, "recipient-gone")]


@pytest.mark.parametrize(
    "changes",
    [
        {"feedback_type": "not-spam"},
        {"feedback_type": "auth-failure"},
        {"feedback_type": "virus"},
        {"feedback_type": "other"},
        {"recipient": "bo@invanare.example"},
        {"notification_id": new_id()},
    ],
)
def test_what_is_no_complaint_of_the_recipients_suppresses_nothing(notify, changes) -> None:
    tell(notify, told.complaint(sent(notify).id, **changes))

    assert told.suppressions(notify.database) == []
    assert notify.open_deliveries() == []


def by_hand(notify: Notify, address: str = ASA, **changes) -> Suppression:
    given = {"actor": "drift", "reason": "Bad om det", "expires_at": None, "moment": now(), **changes}
    with notify.database.transaction() as session:
        return suppress.by_hand(session, address, **given)


def test_an_address_put_there_by_hand_gets_nothing_until_it_is_released_with_a_reason(notify) -> None:
    entry = by_hand(notify, " Asa@Invanare.example ")

    assert (entry.address, entry.expires_at, entry.created_by) == (ASA, None, "drift")
    assert state_of(notify, ask(notify).id) == ("suppressed", "withheld-by-hand")
    with notify.database.transaction() as session, pytest.raises(Rejected):
        suppress.release(session, entry.id, actor="drift", reason="  ", moment=now())
    with notify.database.transaction() as session:
        suppress.release(session, entry.id, actor="chef", reason="Det var fel person", moment=now())
    assert ask(notify).state == "created"
    (entry,) = told.suppressions(notify.database)
    assert (entry.released_by, entry.release_reason) == ("chef", "Det var fel person")
    with notify.database.transaction() as session:
        acts = [(each.actor, each.act, each.reason) for each in session.query(Operation).order_by(Operation.id)]
    assert acts == [
        ("drift", "address-suppressed", "Bad om det"),
        ("chef", "address-released", "Det var fel person"),
    ]
    with notify.database.transaction() as session, pytest.raises(Conflict):
        suppress.release(session, entry.id, actor="chef", reason="En gång till", moment=now())
    with notify.database.transaction() as session, pytest.raises(NotFound):
        suppress.release(session, new_id(), actor="chef", reason="Finns inte", moment=now())


@pytest.mark.parametrize(
    ("address", "changes", "field"),
    [
        ("ingen", {}, "address"),
        ("asa@invanare.example\r\nBcc: alla@x.example", {}, "address"),
        (ASA, {"reason": " \n "}, "reason"),
        (ASA, {"expires_at": now() - timedelta(days=1)}, "expires_at"),
    ],
)
def test_what_makes_no_sense_by_hand_is_refused(notify, address, changes, field) -> None:
    with pytest.raises(Rejected) as fault:
        by_hand(notify, address, **changes)
    assert fault.value.field == field
    assert told.suppressions(notify.database) == []


def test_the_same_by_hand_again_is_the_entry_that_is_there(notify) -> None:
    assert by_hand(notify).id == by_hand(notify, reason="Igen").id


def age(notify: Notify, by: timedelta) -> None:
    with notify.database.transaction() as session:
        session.execute(
            update(Suppression).values(created_at=Suppression.created_at - by, expires_at=Suppression.expires_at - by)
        )


def test_an_entry_runs_out_by_itself_and_a_new_failure_makes_a_new_one(notify) -> None:
    row = sent(notify)
    tell(notify, told.report(row.id))
    age(notify, timedelta(days=91))

    second = sent(notify)
    assert state_of(notify, second.id)[0] == "sent"
    tell(notify, told.report(second.id))

    first, again = told.suppressions(notify.database)
    assert (first.released_by, first.released_at) == ("expiry", first.expires_at)
    assert (again.notification_id, again.released_at) == (second.id, None)


def anew(notify: Notify, identity: UUID) -> Notification:
    with notify.database.transaction() as session:
        made = SendAnew(QueueMessage(notify.settings))(session, identity, address=None, actor="drift")
    notify.ring_all(due=True)
    return made


def test_a_good_delivery_of_something_later_lifts_it(notify, relay) -> None:
    row = sent(notify)
    tell(notify, told.report(row.id))
    again = anew(notify, row.id)
    assert len(relay.taken) == 2, "a person asked for it: it goes out in spite of the list"

    tell(notify, told.report(again.id, **told.DELIVERED))

    (entry,) = told.suppressions(notify.database)
    assert entry.released_by == "delivery"
    assert ask(notify).state == "created"


def test_what_a_person_sends_anew_goes_out_however_long_it_has_waited(notify, relay) -> None:
    row = sent(notify)
    tell(notify, told.report(row.id))
    with notify.database.transaction() as session:
        made = SendAnew(QueueMessage(notify.settings))(session, row.id, address=None, actor="drift")
        made.created_at -= timedelta(hours=2)
    notify.ring_all(due=True)

    assert state_of(notify, made.id)[0] == "sent"


def test_a_late_word_of_something_earlier_lifts_nothing(notify) -> None:
    early, row = sent(notify), sent(notify)
    tell(notify, told.report(row.id))

    tell(notify, told.report(early.id, **told.DELIVERED))

    assert told.in_force(notify.database) == [(ASA, "recipient-gone")]


def test_a_good_delivery_lifts_neither_a_complaint_nor_what_somebody_decided(notify) -> None:
    row = sent(notify)
    tell(notify, told.complaint(row.id))
    by_hand(notify)
    held = ask(notify)
    again = anew(notify, held.id)

    tell(notify, told.report(again.id, **told.DELIVERED))

    assert state_of(notify, again.id)[0] == "delivered"
    assert sorted(told.in_force(notify.database)) == [(ASA, "by-hand"), (ASA, "complaint")]


@pytest.mark.parametrize(
    ("reply", "reason", "suppresses"),
    [
        ("550 5.1.1 no such user", "recipient-gone", True),
        ("550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found", "recipient-gone", True),
        ("550-5.7.1 Our system has detected that this message is likely unsolicited mail.\r\n"
         "550 5.7.1 very low reputation of the sending IP address", "blocked", False),
        ("554 5.7.1 Service unavailable; client host blocked using a blocklist", "blocked", False),
        ("550 5.1.1 rejected as spam", "blocked", False),
        ("554 5.3.4 message too big", "relay-refused", False),
        ("550 5.7.1 relaying denied", "relay-refused", False),
    ],
)  # fmt: skip
def test_a_refusal_at_smtp_time_counts_as_a_report_would(notify, relay, reply, reason, suppresses) -> None:
    relay.script["RCPT"] = reply
    row = sent(notify)

    assert state_of(notify, row.id) == ("permanent-failure", reason)
    assert told.in_force(notify.database) == ([(ASA, "recipient-gone")] if suppresses else [])


def test_a_refusal_of_our_own_return_path_says_nothing_of_the_recipient(notify, relay) -> None:
    relay.script["MAIL"] = "550 5.1.1 user unknown"
    row = sent(notify)

    assert state_of(notify, row.id) == ("permanent-failure", "relay-refused")
    assert told.suppressions(notify.database) == []


@pytest.mark.parametrize("reply", ["552 5.2.2 mailbox full", "452 4.2.2 mailbox is over quota"])
def test_a_full_mailbox_is_tried_again_with_long_pauses_until_it_is_given_up(settings, relay, reply) -> None:
    clock: list[datetime] = [now()]
    with worker(settings, relay.port, clock=lambda: clock[0]) as notify:
        relay.script["RCPT"] = reply
        row = ask(notify)
        (duty,) = notify.open_deliveries()
        pauses = []
        for _ in range(5):
            notify.inbox.run(duty)
            (waiting,) = notify.notifications()
            assert (waiting.state, waiting.reason) == ("temporary-failure", "mailbox-full")
            pauses.append(waiting.next_try - clock[0])
            clock[0] = waiting.next_try
        assert timedelta(minutes=22) < pauses[0] < timedelta(minutes=38)
        assert timedelta(hours=2) < pauses[-1] <= timedelta(hours=4)

        clock[0] += timedelta(days=3)
        notify.inbox.run(duty)

        assert state_of(notify, row.id) == ("permanent-failure", "mailbox-full")
        assert told.suppressions(notify.database) == []
        assert notify.open_deliveries() == []


def test_being_blocked_is_an_alarm_for_whoever_runs_it(notify, relay) -> None:
    relay.script["RCPT"] = "554 5.7.1 Service unavailable; client host blocked using a blocklist"
    with capture_logs() as logged:
        row = sent(notify)

    (alarm,) = [each for each in logged if each["event"] == "relay_blocked"]
    assert (alarm["log_level"], alarm["domain"]) == ("error", "invanare.example")
    assert alarm["notification_id"] == str(row.id)


def test_an_answer_held_back_by_an_earlier_failure_is_told_to_the_contact(notify) -> None:
    notify.tell(SLUICE_CHANGED, told.sluice_changed("kontakt@krokom.example"))
    notify.tell(IDEA_RECEIVED, facts.idea_received(contacts=[]))
    notify.ring_all(due=True)
    by_hand(notify)

    notify.tell(IDEA_RECEIVED, facts.idea_received(contacts=[], idea=facts.idea(reference="KRO-2026-0043")))
    notify.tell(IDEA_ANSWERED, facts.idea_answered())
    notify.ring_all(due=True)

    assert [(each.kind, each.state) for each in notify.notifications()] == [
        ("confirmation", "sent"),
        ("confirmation", "suppressed"),
        ("answer", "suppressed"),
        ("undelivered", "sent"),
    ]

"""From a message on the bus to a mail in a real mailbox, over real sockets and a real database."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

import pytest
from sqlalchemy import text

from services.notify.mailbox.store import MailStore
from services.notify.mailbox.tables import Message
from shared.contracts.registry import (
    ANSWER_DRAFTED,
    IDEA_ADDED_TO,
    IDEA_ANSWERED,
    IDEA_RECEIVED,
    NOTIFICATION_DUE,
)
from shared.mail.addresses import reported_notification
from shared.settings import Settings
from tests.integration.notify.workbench import Notify, worker
from tests.support import notify_facts as facts
from tests.support.relays import ScriptedRelay, catching_mailbox


@pytest.fixture
def house(settings: Settings) -> Iterator[tuple[Notify, MailStore]]:
    """A worker that sends into our own catching mailbox."""
    with catching_mailbox(settings) as (port, store), worker(settings, port) as notify:
        yield notify, store


def mails(store: MailStore) -> list[Message]:
    return list(store.newest(0, 1000)[1])


def mail_to(store: MailStore, address: str) -> tuple[Message, EmailMessage]:
    (kept,) = [mail for mail in mails(store) if mail.recipients == [address]]
    parsed = message_from_bytes(kept.raw, policy=default)
    assert isinstance(parsed, EmailMessage)
    return kept, parsed


def words(mail: EmailMessage) -> str:
    body = mail.get_body(("plain",))
    assert body is not None
    return str(body.get_content())


def test_an_idea_gives_a_confirmation_and_a_notice_in_the_mailbox(house: tuple[Notify, MailStore]) -> None:
    notify, store = house

    notify.tell(IDEA_RECEIVED, facts.idea_received())
    notify.ring_all()

    confirmed, confirmation = mail_to(store, "asa@invanare.example")
    noticed, notice = mail_to(store, "kontakt@krokom.example")
    assert confirmed.sender == "", "a confirmation of a mail is answered by nobody"
    assert confirmation["Auto-Submitted"] == "auto-replied"
    assert confirmation["In-Reply-To"] == "<egen.1@invanare.example>"
    assert "KRO-2026-0042" in confirmation["Subject"]
    assert "tisdag 1 december" in words(confirmation)
    assert notice["Auto-Submitted"] == "auto-generated"
    sent = {each.kind: each for each in notify.notifications()}
    assert {each.state for each in sent.values()} == {"sent"}
    assert reported_notification(notify.settings.signer, noticed.sender) == sent["notice"].id
    assert f"<{confirmed.message_id}>" == sent["confirmation"].message_id
    assert notify.open_deliveries() == []


def test_additions_drafts_and_answers_each_reach_the_person_they_are_for(house: tuple[Notify, MailStore]) -> None:
    notify, store = house

    notify.tell(IDEA_ADDED_TO, facts.idea_added_to())
    notify.tell(ANSWER_DRAFTED, facts.answer_drafted(contact=facts.contact("svarar@krokom.example", language="en")))
    notify.tell(IDEA_ANSWERED, facts.idea_answered())
    notify.ring_all()

    assert "cykelventil" in words(mail_to(store, "kontakt@krokom.example")[1])
    draft = mail_to(store, "svarar@krokom.example")[1]
    assert "https://idesluss.example/bekrafta/abcdefghijklmnop" in words(draft)
    assert draft["Content-Language"] == "en"
    assert "Vi sätter upp en pump i april" in words(mail_to(store, "asa@invanare.example")[1])


def test_words_and_name_of_a_sender_who_is_not_vouched_for_are_not_sent_on(
    house: tuple[Notify, MailStore],
) -> None:
    notify, store = house
    stranger = facts.person(name="Vinn en miljon på http://bluff.example")

    notify.tell(
        IDEA_RECEIVED,
        facts.idea_received(
            vouched=False,
            submitter=stranger,
            idea=facts.idea(title="Köp nu", text="http://bluff.example"),
            attachments=["bluff.pdf"],
        ),
    )
    notify.ring_all()

    kept, confirmation = mail_to(store, "asa@invanare.example")
    whole = kept.raw.decode() + words(confirmation) + str(confirmation["To"]) + str(confirmation["Subject"])
    assert "bluff" not in whole
    assert "Köp nu" not in whole
    assert "miljon" not in whole
    assert "bluff" not in notify.only("confirmation").facts
    assert "KRO-2026-0042" in words(confirmation)
    assert "https://idesluss.example/i/KRO-2026-0042" in words(confirmation)


def test_a_held_idea_is_told_to_its_contacts_alone(house: tuple[Notify, MailStore]) -> None:
    notify, store = house

    notify.tell(IDEA_RECEIVED, facts.idea_received(held="forged"))
    notify.ring_all()

    assert [each.kind for each in notify.notifications()] == ["notice-held"]
    assert "Avsändaren kan vara förfalskad." in words(mail_to(store, "kontakt@krokom.example")[1])


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"no_confirmation": "Precedence: bulk"}, "Precedence: bulk"),
        ({"submitter": facts.person("mailer-daemon@krokom.example")}, "automatic-address"),
        ({"submitter": facts.person("no-reply@krokom.example")}, "automatic-address"),
        ({"submitter": facts.person("")}, "automatic-address"),
    ],
)
def test_what_gets_no_confirmation_is_recorded_with_its_reason(
    house: tuple[Notify, MailStore], changes: dict[str, object], reason: str
) -> None:
    notify, store = house

    notify.tell(IDEA_RECEIVED, facts.idea_received(**changes))
    notify.ring_all()

    confirmation = notify.only("confirmation")
    assert (confirmation.state, confirmation.reason) == ("suppressed", reason)
    assert [mail.recipients for mail in mails(store)] == [["kontakt@krokom.example"]]


def test_an_address_that_is_none_fails_for_good_and_hinders_nobody(house: tuple[Notify, MailStore]) -> None:
    notify, store = house

    notify.tell(IDEA_RECEIVED, facts.idea_received(submitter=facts.person("åsa och bo@x.example\r\nRCPT TO:<a@b.c>")))
    notify.ring_all()

    confirmation = notify.only("confirmation")
    assert (confirmation.state, confirmation.reason) == ("permanent-failure", "bad-address")
    assert len(mails(store)) == 1


def test_the_same_idea_told_twice_is_confirmed_once(house: tuple[Notify, MailStore]) -> None:
    notify, store = house
    told = facts.idea_received()

    notify.tell(IDEA_RECEIVED, told)
    notify.tell(IDEA_RECEIVED, told | {"submitter": facts.person("annan@invanare.example")})
    notify.ring_all()

    assert len(notify.notifications()) == 2
    assert sorted(mail.submissions for mail in mails(store)) == [1, 1]


def test_one_duty_rung_twice_and_said_twice_sends_one_mail(house: tuple[Notify, MailStore]) -> None:
    notify, store = house
    notify.tell(IDEA_RECEIVED, facts.idea_received(contacts=[]))
    (told,) = notify.open_deliveries()
    notify.inbox.run(told)
    (due,) = notify.open_deliveries()
    again = notify.tell(NOTIFICATION_DUE, {"notification_id": notify.only("confirmation").id})

    for message_id in (due, due, again, again):
        notify.inbox.run(message_id)

    (mail,) = mails(store)
    assert mail.submissions == 1
    assert notify.only("confirmation").attempts == 1
    assert notify.open_deliveries() == []


def test_many_workers_on_the_same_duties_send_each_mail_once(house: tuple[Notify, MailStore]) -> None:
    notify, store = house
    for number in range(10):
        notify.tell(IDEA_RECEIVED, facts.idea_received(submitter=facts.person(f"person{number}@invanare.example")))
    for message_id in notify.open_deliveries():
        notify.inbox.run(message_id)
    due = notify.open_deliveries()
    assert len(due) == 20
    # The bus keeps two workers off one delivery; here every notification has two, so only our own lock is left.
    for each in notify.notifications():
        due.append(notify.tell(NOTIFICATION_DUE, {"notification_id": each.id}))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(notify.inbox.run, due))
    notify.ring_all()

    kept = mails(store)
    assert len(kept) == 20
    assert {mail.submissions for mail in kept} == {1}
    assert {each.attempts for each in notify.notifications()} == {1}


def test_a_notification_that_another_worker_holds_is_left_alone(house: tuple[Notify, MailStore]) -> None:
    notify, store = house
    notify.tell(IDEA_RECEIVED, facts.idea_received(contacts=[]))
    notify.inbox.run(notify.open_deliveries()[0])
    identity = notify.only("confirmation").id
    key = {"key": f"notify sends {identity}"}

    # A worker that was stopped in the middle: it lives, so it may yet submit.
    with notify.database.engine.connect() as held:
        held.execute(text("SELECT pg_advisory_lock(hashtextextended(:key, 0))"), key)
        held.commit()
        notify.ring_all()
        assert mails(store) == []
        assert notify.only("confirmation").state == "created"
        held.execute(text("SELECT pg_advisory_unlock(hashtextextended(:key, 0))"), key)
        held.commit()
    notify.ring_all()

    assert len(mails(store)) == 1


def test_no_more_than_the_limit_is_confirmed_to_one_mailbox_in_an_hour(settings: Settings) -> None:
    spellings = ["asa@invanare.example", "ASA@Invanare.example", "asa+ide@invanare.example"]
    with worker(settings, 1) as notify:
        told = [
            notify.tell(IDEA_RECEIVED, facts.idea_received(submitter=facts.person(spellings[n % 3]), contacts=[]))
            for n in range(40)
        ]

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(notify.inbox.run, told))

        made = notify.notifications()
        assert len(made) == 40
        assert sum(each.state == "created" for each in made) == settings.confirmations_per_hour == 20
        assert sum((each.state, each.reason) == ("suppressed", "rate") for each in made) == 20


def test_a_machine_at_a_contacts_address_that_answers_everything_is_not_answered_for_ever(
    settings: Settings,
) -> None:
    ticket_system = facts.contact("kontakt@krokom.example")
    with worker(settings, 1) as notify:
        asked = [
            *((ANSWER_DRAFTED, facts.answer_drafted(contact=ticket_system)) for _ in range(30)),
            *(
                (IDEA_RECEIVED, facts.idea_received(submitter=ticket_system, held=held, contacts=[ticket_system]))
                for held in [None, "forged"] * 30
            ),
        ]
        for message, payload in asked:
            notify.inbox.run(notify.tell(message, payload))

        made = notify.notifications()
        for kind, most in {"answer-draft": 5, "confirmation": 20, "notice": 20, "notice-held": 20}.items():
            states = [(each.state, each.reason) for each in made if each.kind == kind]
            assert states == [("created", None)] * most + [("suppressed", "rate")] * (30 - most), kind


def test_a_busy_contact_is_asked_to_confirm_every_answer_and_told_of_every_idea(settings: Settings) -> None:
    with worker(settings, 1) as notify:
        for number in range(30):
            idea = facts.idea(reference=f"KRO-2026-{number:04}")
            notify.inbox.run(notify.tell(ANSWER_DRAFTED, facts.answer_drafted(idea=idea)))
            somebody = facts.person(f"invanare{number}@annan.example")
            notify.inbox.run(notify.tell(IDEA_RECEIVED, facts.idea_received(idea=idea, submitter=somebody)))

        assert {each.state for each in notify.notifications()} == {"created"}


def test_swedish_letters_in_an_address_reach_the_mailbox(house: tuple[Notify, MailStore]) -> None:
    notify, store = house

    notify.tell(IDEA_RECEIVED, facts.idea_received(submitter=facts.person("åsa@exämple.se"), contacts=[]))
    notify.ring_all()

    kept, confirmation = mail_to(store, "åsa@xn--exmple-cua.se")
    assert kept.submissions == 1
    assert "åsa@xn--exmple-cua.se" in str(confirmation["To"])


def test_a_domain_in_swedish_letters_needs_nothing_of_the_relay(settings: Settings) -> None:
    with ScriptedRelay(extensions=()).listening() as relay, worker(settings, relay.port) as notify:
        notify.tell(IDEA_RECEIVED, facts.idea_received(submitter=facts.person("asa@exämple.se"), contacts=[]))
        notify.ring_all()

        assert notify.only("confirmation").state == "sent"
        assert "rcpt TO:<asa@xn--exmple-cua.se>" in relay.commands


def test_an_address_that_the_relay_cannot_carry_fails_for_good_with_the_reason(settings: Settings) -> None:
    with ScriptedRelay(extensions=()).listening() as relay, worker(settings, relay.port) as notify:
        notify.tell(IDEA_RECEIVED, facts.idea_received(submitter=facts.person("åsa@exämple.se")))
        notify.ring_all()

        confirmation = notify.only("confirmation")
        assert confirmation.state == "permanent-failure"
        assert "SMTPUTF8" in (confirmation.reply or "")
        assert notify.only("notice").state == "sent"

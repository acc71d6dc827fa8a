"""What did not arrive is told to contacts, corrected by them, and sent anew."""

from __future__ import annotations

import json
from collections.abc import Iterator
from email import message_from_bytes
from email.policy import default
from html import unescape
from uuid import UUID

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text
from structlog.testing import capture_logs

from services.notify.domain.kinds import Category, Rhythm
from services.notify.domain.suppression import Cause
from services.notify.store.tables import Notification, Operation
from services.notify.usecases import suppress
from services.notify.usecases.cancel import cancel
from services.notify.usecases.prefer import Prefer
from services.notify.usecases.queue_message import MOST_UNDELIVERED, QueueMessage
from services.notify.usecases.send_anew import MOST, MOST_A_DAY, SendAnew
from shared.clock import now
from shared.contracts.registry import (
    DELIVERY_REPORT,
    IDEA_ADDED_TO,
    IDEA_ANSWERED,
    IDEA_RECEIVED,
    SLUICE_CHANGED,
)
from shared.errors import Conflict, NotFound, Rejected
from shared.ids import new_id
from shared.mail import addresses, reply_addresses
from shared.settings import Settings
from shared.web import links
from tests.integration.notify.workbench import Notify, web_client, worker
from tests.support import notify_facts as facts
from tests.support import suppressed as told
from tests.support.clocks import StillClock, swedish
from tests.support.pages import PAYLOADS, Elements
from tests.support.relays import ScriptedRelay

ASA, KIM, BEA = "asa@invanare.example", "kontakt@krokom.example", "bea@krokom.example"
RIGHT = "asa.oberg@invanare.example"
GONE = "550 5.1.1 user unknown"


@pytest.fixture
def relay() -> Iterator[ScriptedRelay]:
    with ScriptedRelay().listening() as found:
        yield found


@pytest.fixture
def notify(settings: Settings, relay: ScriptedRelay) -> Iterator[Notify]:
    with worker(settings, relay.port) as found:
        found.inbox.run(found.tell(SLUICE_CHANGED, told.sluice_changed(KIM, BEA)))
        yield found


@pytest.fixture
def client(settings: Settings, notify: Notify) -> Iterator[FlaskClient]:
    with web_client(settings) as found:
        yield found


def answered(notify: Notify, **changes) -> Notification:
    """An answer, and whatever follows from it."""
    notify.tell(IDEA_ANSWERED, facts.idea_answered(**changes))
    notify.ring_all(due=True)
    return [each for each in notify.notifications() if each.kind == "answer"][-1]


def failed(notify: Notify, relay: ScriptedRelay, **changes) -> Notification:
    """An answer that the recipient's server refuses."""
    relay.script["RCPT"] = lambda: GONE if f"<{ASA}>" in relay.commands[-1] else "250 ok"
    return answered(notify, **changes)


def notices(notify: Notify) -> list[Notification]:
    return [each for each in notify.notifications() if each.kind == "undelivered"]


def report(notify: Notify, identity: UUID, recipient: str = ASA, **changes) -> None:
    notify.tell(DELIVERY_REPORT, told.report(identity, recipient, **changes))
    notify.ring_all(due=True)


def bus(notify: Notify, name: str) -> list[dict]:
    with notify.database.transaction() as session:
        rows = session.execute(text("SELECT payload FROM bus.message WHERE name = :n ORDER BY id"), {"n": name})
        return [json.loads(row[0]) for row in rows]


def test_every_contact_hears_once_what_did_not_arrive_and_why(notify, relay, settings) -> None:
    row = failed(notify, relay)
    report(notify, row.id)

    told_of = sorted((each.recipient_address, each.state) for each in notices(notify))
    assert told_of == [(BEA, "sent"), (KIM, "sent")]
    mail = next(
        message_from_bytes(each, policy=default) for each in relay.taken if f'To: "Kontakt 0" <{KIM}>'.encode() in each
    )
    words = mail.get_body(("plain",)).get_content()
    assert ASA in words
    assert GONE in words
    assert "Adressen finns inte." in words
    assert "Cykelpump vid busstorget" in words
    assert links.undelivered_url(settings, row.id) in words.replace("\n", "")
    assert mail["Reply-To"] == "Idéslussen Krokom <ide@krokom.example>"
    anchor = json.loads(row.facts)["thread"]["references"]
    assert mail["In-Reply-To"] is None
    assert (mail["References"] or "").split() == anchor


@pytest.mark.parametrize(
    ("reports", "count"),
    [
        ([told.FULL], 2),
        ([told.BLOCKED], 2),
        ([told.FULL, {}], 2),
        ([{}], 2),
        ([told.DELAYED], 0),
        ([told.DELIVERED], 0),
        ([told.DELIVERED, {}], 0),
    ],
)
def test_contacts_are_told_of_reports_that_say_it_did_not_arrive_and_of_no_others(notify, reports, count) -> None:
    row = answered(notify)
    for changes in reports:
        report(notify, row.id, **changes)

    assert len(notices(notify)) == count


def test_an_address_that_cannot_be_written_to_is_told_at_once(notify) -> None:
    row = answered(notify, submitter=facts.person("asa@invanare"))

    assert (row.state, row.reason) == ("permanent-failure", "bad-address")
    assert len(notices(notify)) == 2


def test_a_confirmation_to_somebody_not_vouched_for_tells_none_of_their_words(notify, relay) -> None:
    relay.script["RCPT"] = lambda: GONE if f"<{ASA}>" in relay.commands[-1] else "250 ok"
    secret = facts.idea(title="Köp billigt", text="http://bluff.example")
    notify.tell(IDEA_RECEIVED, facts.idea_received(vouched=False, contacts=[], idea=secret, via="form"))
    notify.ring_all(due=True)

    assert [each.state for each in notices(notify)] == ["sent", "sent"]
    assert "bluff" not in "".join(each.facts for each in notices(notify))


def test_a_contact_who_cannot_be_reached_is_told_to_the_others(notify, relay) -> None:
    relay.script["RCPT"] = lambda: GONE if f"<{KIM}>" in relay.commands[-1] else "250 ok"
    with capture_logs() as logged:
        notify.tell(IDEA_ADDED_TO, facts.idea_added_to())
        notify.ring_all(due=True)

    assert [(each.recipient_address, each.state) for each in notices(notify)] == [(BEA, "sent")]
    assert json.loads(notices(notify)[0].facts)["what"] == "added"
    assert "contact_unreachable" not in [each["event"] for each in logged]


def test_a_digest_that_does_not_arrive_is_told_once_to_the_others(settings, relay) -> None:
    clock = StillClock(swedish("2026-11-24 10:00"))
    with worker(settings, relay.port, clock=clock) as notify:
        notify.inbox.run(notify.tell(SLUICE_CHANGED, told.sluice_changed(KIM, BEA)))
        with notify.database.transaction() as session:
            Prefer(clock)(session, KIM, {Category.IDEAS: Rhythm.DAILY}, by="test")
        for number in range(3):
            notify.tell(IDEA_ADDED_TO, facts.idea_added_to(idea=facts.idea(reference=f"KRO-2026-000{number}")))
        notify.ring_all(due=True)
        clock.set("2026-11-25 07:30")
        relay.script["RCPT"] = lambda: GONE if f"<{KIM}>" in relay.commands[-1] else "250 ok"
        notify.ring_all()

        assert notify.only("digest").state == "permanent-failure"
        assert {each.state for each in notify.notifications() if each.kind == "added"} == {"permanent-failure"}
        (notice,) = notices(notify)
        assert (notice.recipient_address, notice.state) == (BEA, "sent")
        assert json.loads(notice.facts)["what"] == "digest"


@pytest.mark.parametrize("contacts", [(), (KIM,)])
def test_where_nobody_is_left_to_tell_it_is_an_alarm(notify, relay, contacts) -> None:
    notify.inbox.run(notify.tell(SLUICE_CHANGED, told.sluice_changed(*contacts)))
    relay.script["RCPT"] = GONE
    with capture_logs() as logged:
        notify.tell(IDEA_ADDED_TO, facts.idea_added_to())
        notify.ring_all(due=True)

    (alarm,) = [each for each in logged if each["event"] == "contact_unreachable"]
    assert (alarm["log_level"], alarm["sluice"]) == ("error", "krokom")
    assert notices(notify) == []


def test_nobody_is_told_that_a_notice_of_something_undelivered_was_undelivered(notify, relay) -> None:
    relay.script["RCPT"] = GONE
    with capture_logs() as logged:
        answered(notify)

    assert [each.state for each in notices(notify)] == ["permanent-failure"] * 2
    assert [each["event"] for each in logged].count("contact_unreachable") == 2
    assert notify.open_deliveries() == []


def held_back(notify: Notify, cause: Cause, *people: str) -> None:
    """Put them on the list, for whatever cause."""
    notify.tell(IDEA_ADDED_TO, facts.idea_added_to(contacts=[facts.contact(each) for each in people]))
    notify.ring_all(due=True)
    with notify.database.transaction() as session:
        for row in session.query(Notification).filter(Notification.recipient_address.in_(people)):
            suppress.because_of(session, row, cause, "test", now())


@pytest.mark.parametrize("cause", list(Cause))
def test_a_notice_that_the_list_holds_back_is_told_to_the_others(notify, cause) -> None:
    held_back(notify, cause, KIM)
    with capture_logs() as logged:
        notify.tell(IDEA_ADDED_TO, facts.idea_added_to())
        notify.ring_all(due=True)

    (notice,) = notices(notify)
    assert (notice.recipient_address, notice.state) == (BEA, "sent")
    assert json.loads(notice.facts)["reason"] == cause.reason
    assert "contact_unreachable" not in [each["event"] for each in logged]


def test_a_digest_that_the_list_holds_back_is_told_to_the_others(settings, relay) -> None:
    clock = StillClock(swedish("2026-11-24 10:00"))
    with worker(settings, relay.port, clock=clock) as notify:
        notify.inbox.run(notify.tell(SLUICE_CHANGED, told.sluice_changed(KIM, BEA)))
        with notify.database.transaction() as session:
            Prefer(clock)(session, KIM, {Category.IDEAS: Rhythm.DAILY}, by="test")
        for _ in range(2):
            notify.tell(IDEA_ADDED_TO, facts.idea_added_to())
        notify.ring_all(due=True)
        with notify.database.transaction() as session:
            row = session.query(Notification).filter(Notification.kind == "added").first()
            suppress.because_of(session, row, Cause.COMPLAINT, "test", clock())
        clock.set("2026-11-25 07:30")
        notify.ring_all()

        assert (notify.only("digest").state, notify.only("digest").reason) == ("suppressed", "complained")
        (notice,) = notices(notify)
        assert (notice.recipient_address, notice.state) == (BEA, "sent")


@pytest.mark.parametrize("cause", list(Cause))
def test_a_notice_that_the_list_holds_back_from_everybody_is_an_alarm(notify, cause) -> None:
    held_back(notify, cause, KIM, BEA)
    with capture_logs() as logged:
        notify.tell(IDEA_ADDED_TO, facts.idea_added_to())
        notify.ring_all(due=True)

    (alarm,) = [each for each in logged if each["event"] == "contact_unreachable"]
    assert (alarm["log_level"], alarm["sluice"]) == ("error", "krokom")


def test_a_contact_is_told_only_so_often_in_an_hour_of_what_did_not_arrive(notify, relay) -> None:
    for number in range(MOST_UNDELIVERED + 2):
        failed(notify, relay, idea=facts.idea(reference=f"KRO-2026-{number:04}"))
        # The list would hold the next ones back, and they are told of all the same.

    states = [(each.state, each.reason) for each in notices(notify) if each.recipient_address == KIM]
    assert states == [("sent", None)] * MOST_UNDELIVERED + [("suppressed", "rate")] * 2


def test_who_replies_to_a_notice_answers_the_idea_as_the_contact_they_are(notify, relay) -> None:
    for reply_to in ("ide+kontakt.kro-2026-0042.x@krokom.example", "ide+kontakt.kro-2026-0042.kim@krokom.example"):
        notify.tell(IDEA_ADDED_TO, facts.idea_added_to(contacts=[facts.contact(KIM) | {"reply_to": reply_to}]))
    elsewhere = facts.contact(KIM) | {"reply_to": "ide+kontakt.kro-2026-0043.kim@krokom.example"}
    notify.tell(IDEA_ADDED_TO, facts.idea_added_to(idea=facts.idea(reference="KRO-2026-0043"), contacts=[elsewhere]))
    other = facts.contact(KIM.replace("@", "+annan@")) | {"reply_to": "ide+kontakt.kro-2026-0042.o@krokom.example"}
    notify.tell(IDEA_ADDED_TO, facts.idea_added_to(contacts=[other]))
    notify.ring_all(due=True)

    failed(notify, relay)

    reply_to = {each.recipient_address: json.loads(each.facts)["reply_to"] for each in notices(notify)}
    assert reply_to == {KIM: "ide+kontakt.kro-2026-0042.kim@krokom.example", BEA: "ide@krokom.example"}


def anew(notify: Notify, identity: UUID, address: str | None = None, *, actor: str | None = "drift") -> Notification:
    with notify.database.transaction() as session:
        made = SendAnew(QueueMessage(notify.settings))(session, identity, address=address, actor=actor)
    notify.ring_all(due=True)
    return next(each for each in notify.notifications() if each.id == made.id)


def test_it_is_sent_anew_to_the_right_address_and_everybody_hears_which_that_is(notify, relay) -> None:
    first = failed(notify, relay)
    second = failed(notify, relay)
    elsewhere = failed(notify, relay, idea=facts.idea(reference="KRO-2026-0043"))
    assert [each.state for each in (first, second, elsewhere)] == ["permanent-failure", "suppressed", "suppressed"]

    made = anew(notify, first.id, f" {RIGHT} ")

    assert (made.recipient_address, made.state, made.replaces) == (RIGHT, "sent", first.id)
    assert made.wants_receipt
    assert [each.replaces for each in notify.notifications() if each.recipient_address == RIGHT] == [
        first.id,
        second.id,
    ]
    assert [each.state for each in notify.notifications() if each.id == first.id] == ["permanent-failure"]
    (told_of,) = bus(notify, "submitter.address_corrected.v1")
    assert (told_of["idea_reference"], told_of["wrong"], told_of["right"]) == ("KRO-2026-0042", ASA, RIGHT)
    assert told_of["corrected_by"] == "drift"
    assert anew(notify, first.id, RIGHT.upper()).id == made.id, "the same once more is no other"
    assert len(bus(notify, "submitter.address_corrected.v1")) == 1
    with notify.database.transaction() as session:
        assert [(each.act, each.target) for each in session.query(Operation)] == [
            ("sent-anew", f"notification:{first.id}")
        ]


def test_what_was_sent_anew_already_is_not_sent_twice_when_another_is_corrected(notify, relay) -> None:
    first, second = failed(notify, relay), failed(notify, relay)
    anew(notify, first.id)

    anew(notify, second.id, RIGHT)

    to_right = [each for each in notify.notifications() if each.recipient_address == RIGHT]
    assert [UUID(str(each.replaces)) == second.id for each in to_right].count(True) == 1
    again = [each for each in notify.notifications() if each.replaces == first.id]
    assert [each.recipient_address for each in again] == [ASA]
    assert {each.replaces for each in to_right} == {second.id, again[0].id}


def test_a_confirmation_sent_anew_has_a_return_path_by_which_reports_find_it(notify, relay) -> None:
    relay.script["RCPT"] = lambda: GONE if f"<{ASA}>" in relay.commands[-1] else "250 ok"
    notify.tell(IDEA_RECEIVED, facts.idea_received(contacts=[]))
    notify.ring_all(due=True)
    row = notify.only("confirmation")
    relay.extensions = (*relay.extensions, "DSN")
    relay.commands.clear()
    relay.script.clear()
    with worker(notify.settings, relay.port) as fresh:
        anew(fresh, row.id)

    (envelope,) = [each for each in relay.commands if each.startswith("mail FROM")]
    assert "+studs." in envelope
    (recipient,) = [each for each in relay.commands if each.startswith("rcpt TO")]
    assert "SUCCESS" in recipient
    assert b"Auto-Submitted: auto-generated" in relay.taken[-1]


@pytest.mark.parametrize(
    ("address", "key"),
    [
        ("", "undelivered.fault.missing"),
        ("asa", "undelivered.fault.address"),
        ("asa@invanare.example\r\nBcc: alla@x.example", "undelivered.fault.address"),
        ("asa@invanare.example, bo@invanare.example", "undelivered.fault.address"),
        ("noreply@invanare.example", "undelivered.fault.automatic"),
    ],
)
def test_a_corrected_address_must_be_somebodys(notify, relay, address, key) -> None:
    row = failed(notify, relay)
    with pytest.raises(Rejected) as fault:
        anew(notify, row.id, address)
    assert (fault.value.field, fault.value.message_key) == ("address", key)
    assert bus(notify, "submitter.address_corrected.v1") == []


def test_a_link_makes_no_mailing_machine(notify, relay) -> None:
    row = failed(notify, relay)
    for number in range(MOST):
        anew(notify, row.id, f"person{number}@invanare.example")
    with pytest.raises(Rejected):
        anew(notify, row.id, "en.till@invanare.example")


def test_the_link_of_what_failed_again_makes_no_mailing_machine_either(notify, relay) -> None:
    relay.script["RCPT"] = GONE
    first = row = answered(notify)
    for number in range(MOST):
        row = anew(notify, row.id if number % 2 else first.id, f"person{number}@invanare.example")
    for each in (first, row):
        with pytest.raises(Rejected):
            anew(notify, each.id, "en.till@invanare.example")


def test_links_send_only_so_much_in_a_day_to_one_mailbox(notify, relay) -> None:
    rows = [
        failed(notify, relay, idea=facts.idea(reference=f"KRO-2026-{number:04}")) for number in range(MOST_A_DAY + 1)
    ]
    for number, row in enumerate(rows[:-1]):
        anew(notify, row.id, f"bo+{number}@invanare.example", actor=None)

    with pytest.raises(Rejected) as fault:
        anew(notify, rows[-1].id, "Bo@Invanare.example", actor=None)
    assert fault.value.message_key == "undelivered.fault.too_many"
    assert anew(notify, rows[-1].id, RIGHT, actor=None).state == "sent"
    assert anew(notify, rows[0].id, "bo@invanare.example").state == "sent", "whoever has signed in decides"


def test_a_sluices_own_addresses_are_no_submitters(notify, relay, settings) -> None:
    row, sluice = failed(notify, relay), facts.SLUICE["address"]
    for own in (
        "Ide@Krokom.example",
        "ide+nagot@krokom.example",
        addresses.return_path(settings.signer, sluice, row.id),
        reply_addresses.make(settings.signer, sluice, reply_addresses.SUBMITTER, "KRO-2026-0042"),
    ):
        with pytest.raises(Rejected) as fault:
            anew(notify, row.id, own)
        assert (fault.value.field, fault.value.message_key) == ("address", "undelivered.fault.automatic")


def test_only_what_did_not_arrive_is_sent_anew(notify) -> None:
    row = answered(notify)
    with pytest.raises(Conflict):
        anew(notify, row.id)
    with pytest.raises(NotFound):
        anew(notify, new_id())


def page(client: FlaskClient, settings: Settings, row: Notification, lang: str = "sv") -> tuple[str, str]:
    path = links.undelivered_url(settings, row.id).removeprefix(settings.base_url)
    answer = client.get(f"{path}?lang={lang}")
    assert answer.status_code == 200, answer.text
    return path, unescape(answer.text)


def test_the_page_says_what_happened_and_looking_changes_nothing(notify, relay, client, settings) -> None:
    row = failed(notify, relay)
    before = len(notify.notifications())
    for lang, words in (("sv", "Svaret kom inte fram"), ("en", "The answer did not arrive")):
        path, seen = page(client, settings, row, lang)
        assert words in seen
        assert client.head(path).status_code == 200
    for part in (ASA, GONE, "KRO-2026-0042", "Cykelpump vid busstorget", "One attempt at sending"):
        assert part in seen
    assert len(notify.notifications()) == before


def test_a_contact_corrects_the_address_on_the_page(notify, relay, client, settings) -> None:
    row = failed(notify, relay)
    path, _ = page(client, settings, row)

    wrong = client.post(path, data={"address": "asa(at)invanare.example"})
    assert wrong.status_code == 422
    assert 'value="asa(at)invanare.example"' in wrong.text
    assert 'aria-invalid="true"' in wrong.text
    sent = client.post(f"{path}?lang=sv", data={"address": RIGHT})
    assert (sent.status_code, sent.location) == (303, f"{path}?lang=sv")
    _, seen = page(client, settings, row)
    assert f"Vi skickar det igen till {RIGHT}." in seen
    assert "Idén använder den nya adressen" in seen

    notify.ring_all(due=True)
    (made,) = [each for each in notify.notifications() if each.replaces == row.id]
    report(notify, made.id, RIGHT, **told.DELIVERED)
    assert f"Det har kommit fram till {RIGHT}." in page(client, settings, row)[1]
    assert bus(notify, "submitter.address_corrected.v1")[0]["corrected_by"] == "Idéslussen Krokom"


def test_a_contact_tries_the_same_address_again_once(notify, relay, client, settings) -> None:
    row = answered(notify)
    report(notify, row.id, **told.FULL)
    path, seen = page(client, settings, row)
    assert "Försök igen till samma adress" in seen

    for _ in range(2):
        assert client.post(path).status_code == 303

    _, seen = page(client, settings, row)
    assert "Försök igen till samma adress" not in seen
    assert [each.recipient_address for each in notify.notifications() if each.replaces == row.id] == [ASA]
    assert bus(notify, "submitter.address_corrected.v1") == []


def test_what_fails_again_leads_on_to_a_page_of_its_own(notify, relay, client, settings) -> None:
    row = failed(notify, relay)
    again = anew(notify, row.id)

    _, seen = page(client, settings, row)
    assert f"Det kom inte fram till {ASA} heller." in seen
    assert links.undelivered_token(settings.signer, again.id) in seen


def test_what_arrived_late_offers_nothing_more_to_send(notify, client, settings) -> None:
    row = answered(notify)
    report(notify, row.id, **told.FULL)
    report(notify, row.id, **told.DELIVERED)

    path, seen = page(client, settings, row)
    assert "Det kom fram" in seen
    assert "<form" not in seen
    assert client.post(path).status_code == 409


@pytest.mark.parametrize("method", ["get", "post"])
def test_a_link_that_we_did_not_sign_opens_nothing(notify, relay, client, settings, method) -> None:
    row = failed(notify, relay)
    token = links.undelivered_token(settings.signer, row.id)
    other = links.undelivered_token(settings.signer, new_id())
    for wrong in (token[:-1], token[:32] + other[32:], "x", links.confirm_token(settings.signer, row.id), other):
        assert getattr(client, method)(f"/kontakt/meddelande/{wrong}").status_code == 404
    assert len([each for each in notify.notifications() if each.replaces]) == 0


@pytest.mark.parametrize("payload", PAYLOADS)
def test_nothing_that_a_server_or_a_person_says_runs_on_the_page(notify, client, settings, payload) -> None:
    row = answered(notify, idea=facts.idea(title=payload))
    report(notify, row.id, line=payload)
    path, _ = page(client, settings, row)

    for answer in (client.get(path), client.post(path, data={"address": payload})):
        assert not Elements(answer.text).can_run
        assert ("{{7*7}}" in answer.text) == ("{{7*7}}" in payload)


def test_only_what_waits_is_cancelled(notify, relay) -> None:
    relay.script["RCPT"] = "451 4.3.0 later"
    waiting = answered(notify)
    with notify.database.transaction() as session:
        row = cancel(session, waiting.id, actor="drift", reason=" Fel svar ", moment=now())
        assert (row.state, row.reason, row.reply) == ("cancelled", "cancelled", "Fel svar")
    relay.script.clear()
    notify.ring_all()
    assert relay.taken == []
    assert notify.open_deliveries() == []
    with notify.database.transaction() as session:
        (act,) = session.query(Operation)
        assert (act.actor, act.act, act.reason) == ("drift", "cancelled", "Fel svar")
    sent = answered(notify)
    for identity, reason, fault in (
        (waiting.id, "Igen", Conflict),
        (sent.id, "För sent", Conflict),
        (new_id(), "Vad?", NotFound),
        (sent.id, " ", Rejected),
    ):
        with notify.database.transaction() as session, pytest.raises(fault):
            cancel(session, identity, actor="drift", reason=reason, moment=now())


def test_what_is_being_sent_is_not_cancelled(notify, relay) -> None:
    faults: list[str] = []

    def cancel_now() -> str:
        with notify.database.transaction() as session:
            (row,) = [each for each in session.query(Notification) if each.kind == "answer"]
            try:
                cancel(session, row.id, actor="drift", reason="Stopp", moment=now())
            except Conflict as fault:
                faults.append(str(fault))
        return "250 2.0.0 taken"

    relay.script["."] = cancel_now
    row = answered(notify)

    assert len(faults) == 1
    assert row.state == "sent"

"""Reports as real mail systems write them, from the return path they come to until the state and the list they set."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import delete, select

from services.intake.store.tables import InboundEmail
from services.notify.store.tables import Notification, Suppression
from shared.clock import now
from shared.contracts.registry import IDEA_ANSWERED
from shared.db import Database, Role
from shared.ids import new_id
from shared.mail.addresses import return_path
from shared.settings import Settings
from tests.integration.intake.desk import Desk
from tests.integration.notify.workbench import Notify, worker
from tests.support import notify_facts as facts
from tests.support import suppressed as told
from tests.support.ideas import a_sluice
from tests.support.relays import ScriptedRelay
from tests.unit.intake.mail.report_corpus import FOLDER, Sample, samples

STATES = {
    "recipient-gone": "permanent-failure",
    "mailbox-full": "temporary-failure",
    "blocked": "temporary-failure",
    "other": "temporary-failure",
    "delayed": "sent",
    "delivered": "delivered",
}
REPORTS = [each for each in samples("reports") if each.fact("kind") == "delivery-report"]
PASSED_ON = ("expanded", "relayed")
"""The reader takes them for good news, but nobody knows yet whether it arrives (RFC 3464 §2.3.3)."""
COMPLAINTS = [each for each in samples("reports") if each.fact("kind") == "complaint"]
AUTOMATIC = [each for each in samples("reports") if each.fact("kind") == "automatic-reply"]
SLUICE = "ide@krokom.example"
ANNA, BO = "anna@kommun.example", "bo@kommun.example"


@pytest.fixture(scope="module")
def notify(module_settings: Settings) -> Iterator[Notify]:
    with ScriptedRelay().listening() as relay, worker(module_settings, relay.port) as found:
        yield found


@pytest.fixture(scope="module")
def desk(module_settings: Settings) -> Iterator[Desk]:
    """intake's reading, with the sluice that the mails were sent from."""
    database = Database(module_settings, Role.INTAKE)
    with database.transaction() as session:
        sluice = a_sluice(session)
    yield Desk(module_settings, database, sluice)
    database.dispose()


@pytest.fixture(autouse=True)
def _fresh_list(notify: Notify) -> Iterator[None]:
    yield
    with notify.database.transaction() as session:
        session.execute(delete(Suppression))


def sent(notify: Notify, address: str) -> UUID:
    """An answer that has left."""
    notify.tell(IDEA_ANSWERED, facts.idea_answered(submitter=facts.person(address)))
    notify.ring_all(due=True)
    with notify.database.transaction() as session:
        row = session.scalars(select(Notification).order_by(Notification.id.desc()).limit(1)).one()
        assert (row.recipient_address, row.state) == (address, "sent")
        return row.id


def comes_back(desk: Desk, notify: Notify, raw: bytes, recipient: str, envelope_from: str = "") -> InboundEmail:
    """A mail to a return path, read by intake and heard of by notify. Each is another mail: intake knows copies."""
    raw = raw.replace(b"<x0@mx.example.net>", f"<{new_id()}@mx.example.net>".encode())
    # Long ago: nothing that notify has yet to tell intake is waited for.
    moment = now() - timedelta(days=30)
    mail = desk.receive(raw, recipient=recipient, envelope_from=envelope_from, received_at=moment)
    notify.ring_all(due=True)
    return mail


def state_of(notify: Notify, identity: UUID) -> str:
    with notify.database.transaction() as session:
        return session.get_one(Notification, identity).state


def verp(notify: Notify, identity: UUID) -> str:
    return return_path(notify.settings.signer, SLUICE, identity)


@pytest.mark.parametrize("sample", REPORTS, ids=lambda sample: sample.id)
def test_a_report_sets_state_and_list_by_what_it_shows(notify: Notify, desk: Desk, sample: Sample) -> None:
    address = sample.fact("recipient") or ANNA
    identity = sent(notify, address)

    mail = comes_back(desk, notify, sample.path.read_bytes(), verp(notify, identity))

    bounce_class = sample.fact("class")
    state = "sent" if sample.id in PASSED_ON else STATES[bounce_class]
    assert state_of(notify, identity) == state, mail.reasons
    entries = told.suppressions(notify.database)
    assert [each.notification_id for each in entries] == ([identity] if bounce_class == "recipient-gone" else [])
    assert all(each.line for each in entries), "the line that shows it"


@pytest.mark.parametrize("sample", AUTOMATIC, ids=lambda sample: sample.id)
def test_an_automatic_reply_says_nothing_of_the_address(notify: Notify, desk: Desk, sample: Sample) -> None:
    identity = sent(notify, ANNA)

    comes_back(desk, notify, sample.path.read_bytes(), verp(notify, identity))

    assert told.suppressions(notify.database) == []
    assert state_of(notify, identity) in ("sent", "temporary-failure")


OURS = re.compile(rb"<idesluss\.[a-z2-7]{26}\.[a-z2-7]{10}@region\.example>")


@pytest.mark.parametrize("sample", COMPLAINTS, ids=lambda sample: sample.id)
def test_a_complaint_that_returns_our_mail_suppresses_and_leaves_its_state(
    notify: Notify, desk: Desk, sample: Sample
) -> None:
    identity = sent(notify, sample.fact("recipient") or ANNA)
    with notify.database.transaction() as session:
        message_id = session.get_one(Notification, identity).message_id
    raw = sample.path.read_bytes()

    mail = comes_back(desk, notify, raw, SLUICE)
    assert told.suppressions(notify.database) == [], "the mail that it returns is none of ours"
    mail = comes_back(desk, notify, OURS.sub(message_id.encode(), raw), SLUICE)

    found = [(each.cause, each.notification_id) for each in told.suppressions(notify.database)]
    assert found == [("complaint", identity)], mail.reasons
    assert state_of(notify, identity) == "sent"


FORM = (FOLDER / "reports" / "postfix-user-unknown.eml").read_bytes()


def naming(address: str) -> bytes:
    """The report, of somebody else."""
    return FORM.replace(ANNA.encode(), address.encode())


def _altered(address: str, at: int) -> str:
    """A return path with one sign of its token changed, counted from the @."""
    local, _, domain = address.rpartition("@")
    sign = "b" if local[at] == "a" else "a"
    return f"{local[:at]}{sign}{local[at + 1 :] if at != -1 else ''}@{domain}"


FORGED = {
    "to the sluice itself": lambda own, other: (FORM, SLUICE),
    "unsigned": lambda own, other: (FORM, own.rpartition(".")[0].partition("@")[0][:-17] + "@krokom.example"),
    "signature altered at its end": lambda own, other: (FORM, _altered(own, -1)),
    "signature altered at its beginning": lambda own, other: (FORM, _altered(own, -16)),
    "id altered": lambda own, other: (FORM, _altered(own, -20)),
    "signature of another": lambda own, other: (
        FORM,
        own.partition("@")[0][:-16] + other.partition("@")[0][-16:] + "@krokom.example",
    ),
    "somebody else's, with their own token": lambda own, other: (naming(ANNA), other),
    "of a third person, with a token of one's own": lambda own, other: (naming("chefen@kommun.example"), own),
    "of a contact, with a token of one's own": lambda own, other: (naming("kontakt@krokom.example"), own),
    "of an address beside one's own": lambda own, other: (naming("anna@kommun.example.evil.example"), own),
}


@pytest.mark.parametrize("forged", FORGED.values(), ids=FORGED.keys())
def test_a_forged_report_silences_nobody(notify: Notify, desk: Desk, forged) -> None:
    annas, bos = sent(notify, ANNA), sent(notify, BO)
    raw, recipient = forged(verp(notify, annas), verp(notify, bos))

    mail = comes_back(desk, notify, raw, recipient)

    assert told.suppressions(notify.database) == [], mail.reasons
    assert [state_of(notify, each) for each in (annas, bos)] == ["sent", "sent"]


def test_the_same_report_through_its_own_return_path_is_believed(notify: Notify, desk: Desk) -> None:
    identity = sent(notify, ANNA)
    comes_back(desk, notify, FORM, verp(notify, identity).upper())
    assert told.in_force(notify.database) == [(ANNA, "recipient-gone")]

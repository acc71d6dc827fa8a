"""What the SMS provider tells afterwards, or before we knew ourselves."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from structlog.testing import capture_logs

from services.notify.app import create_app
from services.notify.domain import receipt
from services.notify.store.tables import Suppression
from services.notify.web.receipts import MAX_BODY
from shared.contracts.registry import IDEA_RECEIVED, SLUICE_CHANGED
from shared.ids import new_id
from shared.settings import Settings
from tests.integration.notify.sms_bench import ask, sms_worker
from tests.integration.notify.workbench import Notify, web_client
from tests.support import notify_facts as facts
from tests.support import suppressed as told_facts
from tests.support.closing import databases_closed
from tests.support.ports import free_port
from tests.support.providers import Answer, ScriptedProvider

House = tuple[Notify, ScriptedProvider, FlaskClient]


@pytest.fixture
def house(settings: Settings) -> Iterator[House]:
    with (
        ScriptedProvider().listening() as provider,
        sms_worker(settings, provider.url) as notify,
        web_client(settings) as client,
    ):
        yield notify, provider, client


def path_to(settings: Settings, identity: UUID) -> str:
    return f"{receipt.PATH}/{receipt.token(settings.signer, identity)}"


def tell(house: House, status: str, *, provider_id: str | None = None, **more: str) -> int:
    """Post a receipt to the address that the provider was given with the first message; the answer's status."""
    notify, provider, client = house
    path = provider.requests[0]["whendelivered"].removeprefix(notify.settings.base_url)
    form = {"id": provider_id or str(provider.sent[0]["id"]), "status": status, **more}
    return client.post(path, data=form).status_code


@pytest.mark.parametrize(
    ("told", "state", "reason"),
    [
        (["sent"], "sent", None),
        (["created"], "sent", None),
        (["delivered"], "delivered", None),
        (["sent", "delivered"], "delivered", None),
        (["delivered", "sent"], "delivered", None),
        (["delivered", "delivered"], "delivered", None),
        (["delivered", "failed"], "delivered", None),
        (["failed"], "permanent-failure", "not-delivered"),
        (["failed", "failed"], "permanent-failure", "not-delivered"),
        (["failed", "delivered"], "permanent-failure", "not-delivered"),
        (["flying"], "sent", None),
        ([""], "sent", None),
    ],
)
def test_receipts_move_a_sent_message_and_never_out_of_a_final_state(
    house: House, told: list[str], state: str, reason: str | None
) -> None:
    notify, _, _ = house
    ask(notify)
    notify.ring_all()

    answers = [tell(house, status, delivered="2026-11-24T09:00:00.000000") for status in told]

    message = notify.only("message")
    assert (message.state, message.reason) == (state, reason)
    assert answers == [204] * len(told)


def test_a_failure_says_nothing_against_the_number(house: House) -> None:
    notify, _, _ = house
    ask(notify)
    notify.ring_all()
    tell(house, "failed")

    with notify.database.transaction() as session:
        assert session.scalars(select(Suppression)).all() == []
    ask(notify, "another")
    notify.ring_all()
    assert [each.state for each in notify.notifications()] == ["permanent-failure", "sent"]


def test_contacts_hear_once_that_a_message_about_an_idea_did_not_arrive(house: House) -> None:
    notify, _, _ = house
    notify.inbox.run(notify.tell(SLUICE_CHANGED, told_facts.sluice_changed("kontakt@krokom.example")))
    ask(notify, idea="KRO-2026-0042")
    notify.ring_all()

    for status in ("sent", "failed", "failed"):
        tell(house, status)

    notice = notify.only("undelivered")
    assert notice.recipient_address == "kontakt@krokom.example"
    assert '"reason":"not-delivered"' in notice.facts


@pytest.mark.parametrize(
    ("status", "state"), [("delivered", "delivered"), ("failed", "permanent-failure"), ("sent", "sent")]
)
def test_a_receipt_that_comes_before_our_own_commit_is_not_overwritten(house: House, status: str, state: str) -> None:
    notify, provider, _ = house

    def tell_at_once() -> Answer:
        entry = provider.take(provider.requests[0])
        assert tell(house, status) == 204
        return Answer(body=f'{{"id": "{entry["id"]}"}}'.encode())

    provider.says(tell_at_once)
    ask(notify)
    notify.ring_all()

    message = notify.only("message")
    assert (message.state, message.provider_id) == (state, provider.sent[0]["id"])
    assert [each.outcome for each in notify.attempts(message)] == ["sent"]
    assert notify.open_deliveries() == []


@pytest.mark.parametrize("status", ["sent", "delivered"])
def test_a_message_with_a_receipt_is_not_sent_again_after_an_answer_that_never_came(house: House, status: str) -> None:
    notify, provider, _ = house
    provider.says(Answer(500, taken=True))
    ask(notify)
    notify.ring_all()

    tell(house, status)
    notify.ring_all()

    message = notify.only("message")
    assert (message.state, message.provider_id) == (status, provider.sent[0]["id"])
    assert len(provider.requests) == 1
    assert provider.queries == []
    assert notify.open_deliveries() == []


def test_a_receipt_of_another_message_changes_nothing(house: House) -> None:
    notify, _, _ = house
    ask(notify)
    notify.ring_all()

    with capture_logs() as logged:
        assert tell(house, "failed", provider_id="s-another") == 204
        assert tell(house, "failed", provider_id="x" * 65) == 204

    assert notify.only("message").state == "sent"
    assert [each["event"] for each in logged if each["log_level"] == "warning"] == [
        "sms_receipt_of_another",
        "sms_receipt_unreadable",
    ]


def test_nobody_without_the_address_that_we_gave_out_can_say_anything(house: House) -> None:
    notify, provider, client = house
    ask(notify)
    ask(notify, "another", number="+46701234568")
    notify.ring_all()
    first, second = notify.notifications()
    signer = notify.settings.signer
    right = receipt.token(signer, first.id)
    forged = [
        first.id.hex,
        first.id.hex + "a" * receipt.SIGNATURE_LENGTH,
        second.id.hex + right[32:],
        right[:-1],
        right + "a",
        first.id.hex + signer.token("follow-link", first.id.hex, length=receipt.SIGNATURE_LENGTH),
        "x" * 5000,
        "å",
    ]

    with capture_logs() as logged:
        for each in forged:
            form = {"id": str(provider.sent[0]["id"]), "status": "failed"}
            assert client.post(f"{receipt.PATH}/{each}", data=form).status_code == 204

    assert {each.state for each in notify.notifications()} == {"sent"}
    assert [each["event"] for each in logged].count("sms_receipt_unsigned") == len(forged)
    assert client.get(f"{receipt.PATH}/{right}").status_code == 405


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/json", b'{"id": "s1", "status": "failed"}'),
        ("application/x-www-form-urlencoded", b""),
        ("application/x-www-form-urlencoded", b"\xff\xfe=%ff&status"),
        ("multipart/form-data; boundary=x", b"--y\r\n"),
        ("", b"status=failed"),
    ],
)
def test_what_is_no_receipt_is_taken_and_forgotten(house: House, content_type: str, body: bytes) -> None:
    notify, _, client = house
    ask(notify)
    notify.ring_all()

    path = path_to(notify.settings, notify.only("message").id)
    assert client.post(path, data=body, content_type=content_type).status_code == 204
    assert notify.only("message").state == "sent"


def test_a_receipt_is_short(house: House) -> None:
    notify, _, client = house
    ask(notify)
    notify.ring_all()

    path = path_to(notify.settings, notify.only("message").id)
    form = {"id": "s1", "status": "failed", "more": "x" * MAX_BODY}
    assert client.post(path, data=form).status_code == 413
    assert notify.only("message").state == "sent"


def test_a_receipt_about_nothing_or_about_a_mail_is_no_error(house: House) -> None:
    notify, _, client = house
    notify.tell(IDEA_RECEIVED, facts.idea_received())
    notify.inbox.run(notify.open_deliveries()[0])
    mail = notify.only("confirmation")

    for identity in (new_id(), mail.id):
        form: dict[str, Any] = {"id": "s1", "status": "delivered"}
        assert client.post(path_to(notify.settings, identity), data=form).status_code == 204

    assert notify.only("confirmation").provider_id is None
    assert notify.only("confirmation").state == mail.state


def test_while_the_database_is_away_the_provider_is_asked_to_come_again(settings: Settings) -> None:
    away = replace(settings, database_url=f"postgresql://nobody@127.0.0.1:{free_port()}/none")
    with databases_closed():
        answer = create_app(away).test_client().post(path_to(away, new_id()), data={"id": "s1", "status": "delivered"})

    assert answer.status_code == 503

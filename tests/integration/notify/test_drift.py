"""The administrators' pages: who gets in, what the queues show, and what a person does about what has stopped."""

from __future__ import annotations

import re
from collections.abc import Iterator
from uuid import UUID

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text
from structlog.testing import capture_logs

from idesluss.scheduler import watch_notifications
from services.notify.domain.suppression import Cause
from services.notify.store import operations, sluices
from services.notify.store.tables import Operation
from services.notify.usecases import suppress
from shared.clock import now
from shared.db import Database, Role
from shared.settings import Settings
from shared.web.tokens import issue
from tests.integration.notify.workbench import web_client
from tests.support import suppressed as told
from tests.support.outgoing import Outgoing, in_every_state
from tests.support.pages import PAYLOADS, Elements

START = "/kontakt/drift/"
SIGN_IN = "/kontakt/drift/in"


@pytest.fixture
def client(settings: Settings) -> Iterator[FlaskClient]:
    with web_client(settings) as found:
        yield found


@pytest.fixture
def admin(client: FlaskClient, settings: Settings) -> FlaskClient:
    """A browser in which the administrator has signed in."""
    token = issue(settings.signer, name="demo", scopes=["*"])
    assert client.post(SIGN_IN, data={"token": token}).status_code == 303
    return client


def form_token(page: str) -> str:
    found = re.search(r'name="form_token" value="([a-z2-7]+)"', page)
    assert found is not None
    return found[1]


def post(client: FlaskClient, path: str, **fields: object):
    return client.post(path, data={"form_token": form_token(client.get(START).text), **fields})


def acts(made: Outgoing) -> list[Operation]:
    with made.database.transaction() as session:
        return list(operations.newest(session, 10))


def delivery(made: Outgoing, message_id: UUID):
    with made.database.transaction() as session:
        return session.execute(
            text("SELECT * FROM bus.delivery WHERE consumer = 'notify' AND message_id = :id"), {"id": message_id}
        ).one()


def test_an_empty_queue_says_what_will_come(admin: FlaskClient) -> None:
    page = admin.get(START).text

    for words in ("Det går ihop", "Allt som borde ha gått ut", "Inget har stannat", "Inget är gjort för hand än"):
        assert words in page
    assert 'class="alarm"' not in page


def test_the_page_shows_what_waits_what_is_tried_again_and_what_has_stopped(admin: FlaskClient, made: Outgoing) -> None:
    in_every_state(made)
    put_off = made.ask("grey@invanare.example")
    with made.database.transaction() as session:
        session.execute(
            text(
                "UPDATE bus.delivery SET attempts = 2, last_error = '451 4.7.1 busy', due_at = now() + interval '9 min',"
                " next_try = now() + interval '9 min' WHERE message_id ="
                " (SELECT due_message_id FROM notify.notification WHERE id = :id)"
            ),
            {"id": put_off},
        )
    page = admin.get(START).text

    assert "8 beställda = 1 skickade + 1 som inte kom fram + 1 som hölls inne + 5 som väntar." in page
    assert "Det går ihop." in page
    assert "451 4.7.1 busy" in page
    assert page.count("missing-in-the-facts") == 2 * 6
    assert "Försök igen med alla 2: Skicka ett meddelande" in page
    assert "Något har misslyckats för många gånger" in page
    row = re.search(r'<span class="small">notify</span></th>\s*((?:<td class="figure">\d+</td>\s*){6})', page)
    assert row is not None
    assert re.findall(r"\d+", row[1]) == ["5", "3", "0", "1", "1", "2"]


def test_books_that_do_not_balance_are_an_alarm_on_every_page(admin: FlaskClient, made: Outgoing) -> None:
    lost = made.ask()
    with made.database.transaction() as session:
        session.execute(text("DELETE FROM notify.notification WHERE id = :id"), {"id": lost})

    assert "skillnaden är 1" in admin.get(START).text
    assert "Antalen går inte ihop" in admin.get("/kontakt/drift/utskick").text


def test_a_message_that_should_have_left_long_ago_is_an_alarm(admin: FlaskClient, made: Outgoing) -> None:
    identity = made.ask()
    late = "UPDATE notify.notification SET due_at = now() - interval '16 min' WHERE id = :id"
    with made.database.transaction() as session:
        session.execute(text(late), {"id": identity})
    page = admin.get(START).text

    assert "Ett meddelande borde ha gått ut för länge sedan" in page
    assert "har väntat 16 minuter" in page


def test_a_sluice_whose_contacts_are_all_on_the_list_is_an_alarm(
    admin: FlaskClient, made: Outgoing, settings: Settings
) -> None:
    def alarm_is_on() -> bool:
        return "Notiser om nya idéer når ingen kontaktperson" in admin.get("/kontakt/drift/utskick").text

    with made.database.transaction() as session:
        sluices.keep(session, told.sluice_changed("Kim@krokom.example", "bea@åre.example"))
        sluices.keep(session, told.sluice_changed("kim@krokom.example", "bo@berg.example", slug="berg"))
        sluices.keep(session, told.sluice_changed(slug="nytt"))
    for address in ("kim@krokom.example", "bea@xn--re-xia.example"):
        assert not alarm_is_on()
        with made.database.transaction() as session:
            entry = suppress.by_hand(session, address, actor="d", reason="r", expires_at=None, moment=now())
            entry.cause = Cause.COMPLAINT
    assert alarm_is_on()
    bus = Database(settings, Role.RELAY, pool_size=1)
    with capture_logs() as logged:
        watch_notifications(settings, made.database, bus)
    bus.dispose()
    (said,) = [each for each in logged if each["event"] == "contacts_unreachable"]
    assert (said["log_level"], said["sluices"]) == ("error", ["krokom"])
    with made.database.transaction() as session:
        suppress.release(session, entry.id, actor="d", reason="r", moment=now())
    assert not alarm_is_on()


@pytest.mark.parametrize(
    "why", ["reason = 'paused'", "paced_until = now() + interval '1 min'", "due_at = now() + interval '1 d'"]
)
def test_what_waits_for_somebody_or_for_its_time_is_not_late(admin: FlaskClient, made: Outgoing, why: str) -> None:
    identity = made.ask()
    with made.database.transaction() as session:
        late = "UPDATE notify.notification SET due_at = now() - interval '1 h' WHERE id = :id"
        session.execute(text(late), {"id": identity})
        session.execute(text(f"UPDATE notify.notification SET {why} WHERE id = :id"), {"id": identity})

    assert "Allt som borde ha gått ut har gått ut" in admin.get(START).text


def test_what_has_stopped_is_tried_again_and_it_is_recorded(admin: FlaskClient, made: Outgoing) -> None:
    message_id = made.parked()
    answer = post(admin, "/kontakt/drift/ko/igen", consumer="notify", message_id=message_id)

    assert answer.status_code == 303
    row = delivery(made, message_id)
    assert (row.parked_at, row.attempts) == (None, 0)
    (act,) = acts(made)
    assert (act.actor, act.act, act.target) == ("demo", "queue-retry", f"queue:notify/{message_id}")
    page = admin.get(answer.headers["Location"]).text
    assert "Det prövas igen nu" in page
    assert "Försökte igen" in page


def test_all_of_one_name_are_tried_again_at_once(admin: FlaskClient, made: Outgoing) -> None:
    parked = [made.parked() for _ in range(3)]
    answer = post(admin, "/kontakt/drift/ko/alla-igen", name="notification.due.v1")

    assert "done=retried-all" in answer.headers["Location"]
    assert [delivery(made, each).parked_at for each in parked] == [None] * 3
    assert [act.act for act in acts(made)] == ["queue-retry-all"]


def test_giving_up_takes_a_reason_which_is_kept(admin: FlaskClient, made: Outgoing) -> None:
    message_id = made.parked()
    known = {"consumer": "notify", "message_id": message_id}

    refused = post(admin, "/kontakt/drift/ko/ge-upp", **known, reason="  ")
    assert refused.status_code == 422
    assert f'id="reason-{message_id}-fault"' in refused.text
    assert f'href="#reason-{message_id}"' in refused.text
    assert post(admin, "/kontakt/drift/ko/ge-upp", **known, reason="x" * 501).status_code == 422
    assert (delivery(made, message_id).done_at, acts(made)) == (None, [])

    post(admin, "/kontakt/drift/ko/ge-upp", **known, reason="Idén är raderad")
    assert delivery(made, message_id).discarded == "Idén är raderad"
    (act,) = acts(made)
    assert (act.act, act.reason) == ("queue-discard", "Idén är raderad")


def test_what_somebody_else_has_done_meanwhile_is_not_recorded_twice(admin: FlaskClient, made: Outgoing) -> None:
    known = {"consumer": "notify", "message_id": made.parked()}
    post(admin, "/kontakt/drift/ko/igen", **known)

    for path, more in (("igen", {}), ("ge-upp", {"reason": "nej"}), ("alla-igen", {"name": "notification.due.v1"})):
        answer = post(admin, f"/kontakt/drift/ko/{path}", **known, **more)
        assert "done=gone" in answer.headers["Location"]
    assert len(acts(made)) == 1


@pytest.mark.parametrize("path", ["ko/igen", "ko/alla-igen", "ko/ge-upp"])
def test_no_foreign_page_acts_for_an_administrator(admin: FlaskClient, made: Outgoing, path: str) -> None:
    fields = {"consumer": "notify", "message_id": made.parked(), "name": "notification.due.v1", "reason": "x"}
    whole = {"form_token": form_token(admin.get(START).text), **fields}
    cut = whole | {"form_token": whole["form_token"][:10]}

    assert admin.post(f"{START}{path}", data=fields).status_code == 403
    assert admin.post(f"{START}{path}", data=cut).status_code == 403
    assert admin.post(f"{START}{path}", data=whole, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert admin.post(f"{START}{path}", data=whole, headers={"Sec-Fetch-Site": "same-site"}).status_code == 403
    assert delivery(made, fields["message_id"]).parked_at is not None
    assert acts(made) == []


def test_words_of_an_error_or_a_reason_never_become_markup(admin: FlaskClient, made: Outgoing) -> None:
    for payload in PAYLOADS:
        gone = made.parked(payload)
        post(admin, "/kontakt/drift/ko/ge-upp", consumer="notify", message_id=gone, reason=payload)
        made.parked(payload)

    assert not Elements(admin.get(START).text).can_run

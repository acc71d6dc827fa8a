"""The delivery log: every message is found, told in plain words, and can be sent anew or cancelled."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from services.notify.domain.delivery import Outcome, State
from services.notify.domain.kinds import Channel, Kind, Reason
from services.notify.store.tables import Notification
from shared.mail.bounce_class import BounceClass
from shared.settings import Settings
from shared.web.tokens import issue
from tests.integration.notify.workbench import web_client
from tests.support.outgoing import FOLLOW, Outgoing, confirmation, in_every_state, message
from tests.support.pages import PAYLOADS, Elements

LOG = "/kontakt/drift/utskick"


@pytest.fixture
def admin(settings: Settings) -> Iterator[FlaskClient]:
    """A browser in which the administrator has signed in."""
    with web_client(settings) as client:
        token = issue(settings.signer, name="demo", scopes=["*"])
        assert client.post("/kontakt/drift/in", data={"token": token}).status_code == 303
        yield client


def rows(page: str) -> list[str]:
    """Whom the listed messages went to, in order."""
    return re.findall(r'<th scope="row" class="words"><a [^>]+>([^<]+)</a>', page)


def post(client: FlaskClient, identity: UUID, act: str, **fields: Any):
    page = client.get(f"{LOG}/{identity}").text
    token = re.search(r'name="form_token" value="([a-z2-7]+)"', page)
    assert token is not None
    return client.post(f"{LOG}/{identity}/{act}", data={"form_token": token[1], **fields})


def read(made: Outgoing, identity: UUID) -> Notification:
    with made.database.transaction() as session:
        return session.get_one(Notification, identity)


def test_an_empty_log_says_what_will_come(admin: FlaskClient) -> None:
    assert "Inga utskick än. Här hamnar varje mejl" in admin.get(LOG).text


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", 7),
        ("group=waiting", 4),
        ("group=sent", 1),
        ("group=failed", 1),
        ("group=suppressed", 1),
        ("kind=message", 2),
        ("channel=sms", 1),
        ("channel=sms&group=sent", 0),
        ("q=SENT%2Bnews@invanare.example", 1),
        ("q=070-174 06 05", 1),
        ("q=kro-2026-0042", 5 + 1),
        ("q=sent", 0),
        ("q=%25", 0),
        ("sluice=krokom", 7),
        ("sluice=are", 0),
        ("days=1", 7),
        ("group=lost&kind=x&channel=&days=99&cursor=!!", 7),
    ],
)
def test_messages_are_found_by_what_one_knows_of_them(
    admin: FlaskClient, made: Outgoing, query: str, found: int
) -> None:
    in_every_state(made)
    assert len(rows(admin.get(f"{LOG}?{query}").text)) == found


def test_older_days_are_shown_when_asked_for(admin: FlaskClient, made: Outgoing) -> None:
    identity = made.ask()
    with made.database.transaction() as session:
        session.execute(
            text("UPDATE notify.notification SET created_at = now() - interval '40 d' WHERE id = :id"),
            {"id": identity},
        )
    assert rows(admin.get(LOG).text) == []
    assert len(rows(admin.get(f"{LOG}?days=365").text)) == 1
    assert len(rows(admin.get(f"{LOG}?days=0").text)) == 1


def test_the_newest_comes_first_and_older_follow_page_by_page(admin: FlaskClient, made: Outgoing) -> None:
    sent = [f"p{number}@invanare.example" for number in range(53)]
    for address in sent:
        made.ask(address)
    first = admin.get(f"{LOG}?group=waiting").text
    older = re.search(r'rel="next" href="([^"]+)"', first)
    assert older is not None
    made.ask("new@invanare.example")
    second = admin.get(older[1].replace("&amp;", "&")).text

    assert rows(first) + rows(second) == list(reversed(sent))
    assert "group=waiting" in older[1]
    assert 'rel="next"' not in second


def test_each_row_says_what_became_of_it_and_why(admin: FlaskClient, made: Outgoing) -> None:
    in_every_state(made)
    page = admin.get(LOG).text

    for words in (
        "Skickat",
        "Kom inte fram</b><br>Servern tog inte emot",
        "Prövas igen</b><br>Mottagaren kunde inte ta emot just nu",
        'Skickades inte</b><br><span lang="en">Precedence: bulk',
        "Väntar</b><br>Väntar till den tid som är bestämd",
    ):
        assert words in page, words


@pytest.mark.parametrize("lang", ["sv", "en"])
def test_every_state_reason_kind_way_and_outcome_has_words(admin: FlaskClient, made: Outgoing, lang: str) -> None:
    has_text = admin.application.extensions["idesluss_texts"].has
    wanted = [
        *(f"log.state.{state}" for state in State if state is not State.TEMPORARY_FAILURE),
        *(f"log.kind.{kind}" for kind in Kind),
        *(f"log.channel.{channel}" for channel in Channel),
        *(f"message.outcome.{outcome}" for outcome in Outcome),
        *(f"reason.{reason}" for reason in (*Reason, *BounceClass)),
    ]
    assert [key for key in wanted if not has_text(lang, key)] == []


def test_one_message_is_told_with_every_attempt(admin: FlaskClient, made: Outgoing) -> None:
    identity = made.ask()
    made.put_off(identity)
    made.sent(identity)
    page = admin.get(f"{LOG}/{identity}").text

    assert page.index("451 4.7.1 Greylisting") < page.index("queued as 4XyZ</code></td>")
    assert "Gick inte nu" in page
    assert "Lämnat" in page
    assert read(made, identity).message_id.strip("<>") in page
    assert admin.get(f"{LOG}/01a20c2b-a0ad-78ee-9cd1-855cdf0e19fa").status_code == 404
    assert admin.get(f"{LOG}/x").status_code == 404


def test_the_mail_is_shown_as_it_was_without_what_opens_the_idea(admin: FlaskClient, made: Outgoing) -> None:
    identity = made.ask()
    page, mail = admin.get(f"{LOG}/{identity}"), admin.get(f"{LOG}/{identity}/html")

    token = FOLLOW.partition("t=")[2]
    assert "Cykelpump vid busstorget" in page.text
    assert "Cykelpump vid busstorget" in mail.text
    for shown in (page.text, mail.text):
        assert "idesluss.example/i/KRO-2026-0042?t=…" in shown
        assert token not in shown
        assert "aaaabbbbccccdddd" not in shown
    assert "frame-src 'self'" in page.headers["Content-Security-Policy"]
    assert "sandbox" in mail.headers["Content-Security-Policy"]
    assert "script-src" not in mail.headers["Content-Security-Policy"]
    assert mail.headers["X-Frame-Options"] == "SAMEORIGIN"


def test_the_preferences_link_of_a_recipient_is_hidden_too(admin: FlaskClient, made: Outgoing) -> None:
    from services.notify.domain.kinds import Category

    identity = made.ask(kind=Kind.MESSAGE, category=Category.NEWS, facts=message(), idea_reference=None)
    assert "unsubscribe_url" in read(made, identity).facts
    for path in (f"{LOG}/{identity}", f"{LOG}/{identity}/html"):
        assert re.search(r"/utskick/[a-z2-7]{30,}", admin.get(path).text) is None


def test_a_message_that_cannot_be_written_says_so(admin: FlaskClient, made: Outgoing) -> None:
    identity = made.ask(facts={"sluice": confirmation()["sluice"], "reply_to": "ide@krokom.example"})

    assert "uppgifterna och mallen passar inte ihop" in admin.get(f"{LOG}/{identity}").text
    assert admin.get(f"{LOG}/{identity}/html").status_code == 404


def test_an_sms_and_a_webhooks_event_are_shown_as_text(admin: FlaskClient, made: Outgoing) -> None:
    sms = made.ask("+46701740605", channel=Channel.SMS, kind=Kind.MESSAGE, facts=message(text="Vi ses klockan nio."))
    facts = {**message(), "event": "idea.received", "data": {"url": FOLLOW}}
    event = made.ask("01a20c2b-a0ad-78ee-9cd1-855cdf0e19fa", channel=Channel.WEBHOOK, kind=Kind.EVENT, facts=facts)

    assert "<pre>Vi ses klockan nio.</pre>" in admin.get(f"{LOG}/{sms}").text
    told = admin.get(f"{LOG}/{event}").text
    assert "idea.received" in told
    assert FOLLOW not in told


def test_what_did_not_arrive_is_sent_anew_to_the_right_address(admin: FlaskClient, made: Outgoing) -> None:
    identity = made.ask("asa@invanare.exampel")
    made.refused(identity)
    answer = post(admin, identity, "skicka-igen", address="asa@invanare.example")

    assert answer.status_code == 303
    new = UUID(answer.headers["Location"].rpartition("/")[2].partition("?")[0])
    assert (read(made, new).replaces, read(made, new).recipient_address) == (identity, "asa@invanare.example")
    page = admin.get(answer.headers["Location"]).text
    assert "Det skickas på nytt nu" in page
    assert str(identity) in page
    old = admin.get(f"{LOG}/{identity}").text
    assert str(new) in old
    assert "Skickade på nytt" in old


def test_an_address_that_cannot_be_is_told_beside_the_field(admin: FlaskClient, made: Outgoing) -> None:
    identity = made.ask()
    made.refused(identity)
    answer = post(admin, identity, "skicka-igen", address="asa(at)invanare")

    assert answer.status_code == 422
    assert 'id="address-fault"' in answer.text
    assert 'value="asa(at)invanare"' in answer.text


def test_what_waits_is_cancelled_with_a_reason(admin: FlaskClient, made: Outgoing) -> None:
    identity = made.ask()
    refused = post(admin, identity, "stall-in", reason=" ")
    assert refused.status_code == 422
    assert 'id="reason-fault"' in refused.text
    assert read(made, identity).state == "created"

    answer = post(admin, identity, "stall-in", reason="Fel dag")
    assert read(made, identity).state == "cancelled"
    page = admin.get(answer.headers["Location"]).text
    assert "Utskicket är inställt" in page
    assert "Fel dag" in page
    assert "Ställ in utskicket" not in page


def test_what_has_moved_on_meanwhile_is_told_as_it_stands(admin: FlaskClient, made: Outgoing) -> None:
    waiting, failed = made.ask("a@invanare.example"), made.ask("b@invanare.example")
    made.refused(failed)
    page = admin.get(f"{LOG}/{waiting}").text
    made.sent(waiting)
    token = re.search(r'name="form_token" value="([a-z2-7]+)"', page)
    assert token is not None
    for identity, act in ((waiting, "stall-in"), (waiting, "skicka-igen")):
        answer = admin.post(f"{LOG}/{identity}/{act}", data={"form_token": token[1], "reason": "x"})
        assert answer.status_code == 409
        assert "har hunnit ändra sig" in answer.text


@pytest.mark.parametrize("act", ["stall-in", "skicka-igen"])
def test_no_foreign_page_acts_on_a_message(admin: FlaskClient, made: Outgoing, act: str) -> None:
    identity = made.ask()
    if act == "skicka-igen":
        made.refused(identity)
    token = re.search(r'name="form_token" value="([a-z2-7]+)"', admin.get(f"{LOG}/{identity}").text)
    assert token is not None
    whole = {"form_token": token[1], "reason": "x"}
    before = read(made, identity).state

    assert admin.post(f"{LOG}/{identity}/{act}", data={"reason": "x"}).status_code == 403
    foreign = {"Sec-Fetch-Site": "cross-site"}
    assert admin.post(f"{LOG}/{identity}/{act}", data=whole, headers=foreign).status_code == 403
    assert read(made, identity).state == before


def test_nothing_that_people_or_servers_say_becomes_markup(admin: FlaskClient, made: Outgoing) -> None:
    for payload in PAYLOADS:
        facts = confirmation()
        facts["idea"] = {**facts["idea"], "title": payload, "text": payload}
        identity = made.ask(name=payload, facts=facts)
        made.refused(identity, payload)
        page = Elements(admin.get(f"{LOG}/{identity}").text)
        page.found = [(tag, found) for tag, found in page.found if tag != "iframe"]
        assert not page.can_run
        assert not Elements(admin.get(LOG, query_string={"q": payload}).text).can_run
    assert not Elements(admin.get(LOG).text).can_run


def test_a_digest_and_what_goes_out_in_it_point_at_each_other(admin: FlaskClient, made: Outgoing) -> None:
    digest, inside = made.ask("a@invanare.example"), made.ask("b@invanare.example")
    with made.database.transaction() as session:
        session.get_one(Notification, digest).kind = Kind.DIGEST
        session.get_one(Notification, inside).carried_by = digest

    assert str(inside) in admin.get(f"{LOG}/{digest}").text
    carried = admin.get(f"{LOG}/{inside}").text
    assert str(digest) in carried
    assert "Ställ in utskicket" not in carried

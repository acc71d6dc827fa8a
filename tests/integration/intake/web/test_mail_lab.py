"""The mail lab shows what reading decides and keeps nothing; a stored mail's trail offers what can be undone."""

from __future__ import annotations

import base64
import re
from io import BytesIO
from pathlib import Path

import pytest
from sqlalchemy import func, select

from services.intake.mail.read import read_mail
from services.intake.store.tables import Idea, InboundEmail, RawMail
from services.intake.web.administration import mail_lab
from shared.clock import now
from shared.web import session as sessions
from tests.support.ideas import a_mail, an_idea
from tests.support.pages import PAYLOADS, Elements

FIXTURES = Path(__file__).parents[3] / "fixtures" / "mail"
LAB = "/kontakt/brevlabb/"
MAIL = "\r\n".join(
    [
        "From: Anna Lindqvist <anna@sundkommun.se>",
        "To: ide@krokom.example",
        "Subject: Elcyklar",
        "Content-Type: text/plain; charset=utf-8",
        "",
        "Köp tre elcyklar. Ring 070-123 45 67.",
        "",
        "Den 3 november 2026 kl. 09:14 skrev Karin <karin@sundkommun.se>:",
        "> Har du någon idé?",
        "",
    ]
).encode()


def _signed_in(client, settings, *roles: str):
    client.set_cookie(sessions.COOKIE, sessions.issue(settings.signer, "boss", roles, now()), path="/kontakt")
    return client


@pytest.fixture
def boss(client, web_settings):
    return _signed_in(client, web_settings, "administrator")


def _token(page: str) -> str:
    return re.search(r'name="form_token" value="([^"]+)"', page)[1]


def _drop(boss, *files: tuple[bytes, str], path: str = LAB):
    token = _token(boss.get(LAB).text)
    return boss.post(path, data={"form_token": token, "mail": [(BytesIO(raw), name) for raw, name in files]})


def test_the_lab_shows_every_decision_of_every_mail_and_keeps_nothing(boss, database):
    with database.transaction() as session:
        before = [session.scalar(select(func.count()).select_from(each)) for each in (RawMail, InboundEmail, Idea)]
    report = (FIXTURES / "reports" / "postfix-two-recipients.eml").read_bytes()

    page = _drop(boss, (MAIL, "ett.eml"), (report, "två.eml")).text

    assert "Det här blir en ny idé" in page
    assert "Köp tre elcyklar. Ring 070-123 45 67.</p>" in page
    assert "&gt; Har du någon idé?</p>" in page
    for reason in (*read_mail(MAIL).reasons, *read_mail(report, envelope_from="").reasons):
        assert str(reason).split("'")[0].split('"')[0].split("<")[0] in page, reason
    for each in read_mail(report).delivery_reports:
        assert each.recipient in page
    with database.transaction() as session:
        assert before == [
            session.scalar(select(func.count()).select_from(each)) for each in (RawMail, InboundEmail, Idea)
        ]


def test_a_mail_is_handed_back_anonymous_from_the_page_or_from_the_file(boss):
    page = _drop(boss, (MAIL, "ett.eml")).text
    carried = re.search(r'name="carried" value="([^"]+)"', page)[1]

    from_page = boss.post(f"{LAB}anonymt", data={"form_token": _token(page), "carried": carried})
    from_file = _drop(boss, (MAIL, "ett.eml"), path=f"{LAB}anonymt")

    assert from_page.data == from_file.data == base64.b64decode(carried)
    assert "attachment" in from_file.headers["Content-Disposition"]
    for gone in (b"Lindqvist", b"anna@", b"sundkommun", b"070-123", b"Karin"):
        assert gone not in from_file.data
    assert read_mail(from_file.data).kind == read_mail(MAIL).kind


def test_what_is_too_large_or_hostile_is_told_and_the_rest_is_read(boss, monkeypatch, app):
    hostile = b"Subject: " + PAYLOADS[0].encode() + b"\n\n" + "\n".join(PAYLOADS).encode("utf-8")
    page = _drop(boss, (hostile, PAYLOADS[1]), (bytes(50), "tom.eml")).text
    assert not Elements(page).can_run
    assert page.count('class="case"') == 2

    assert _drop(boss, *[(b"a: b\n\n", "x.eml")] * (mail_lab.MOST_FILES + 1)).status_code == 422
    assert _drop(boss).status_code == 422
    assert boss.post(LAB, data={"mail": (BytesIO(MAIL), "x.eml")}).status_code == 403


def test_only_administrators_use_the_lab(client, web_settings):
    assert client.get(LAB).status_code == 303
    assert _signed_in(client, web_settings, "contact:krokom").get(LAB).status_code == 403


def test_a_trail_tells_how_a_mail_came_and_why_and_a_contact_undoes_it(client, web_settings, database, sluice):
    reading = {
        "subject": "Två saker",
        "text": "Bänkar och bryggor.",
        "quoted": "> citat",
        "signature": "",
        "language": "sv",
    }
    with database.transaction() as session:
        mail = a_mail(session, sluice, raw=MAIL, reading=reading, reasons=["an idea: for this reason"])
        idea = an_idea(session, web_settings, sluice, mail=mail, set_apart="> citat", held="spam")
        path, reference, idea_id = f"/kontakt/mejl/{mail.id}", idea.reference, idea.id
    contact = _signed_in(client, web_settings, "contact:krokom")

    page = contact.get(path).text
    assert reference in page
    assert "an idea: for this reason" in page
    assert "mx.krokom.example [127.0.0.1], ESMTP" in page
    assert contact.get(f"{path}/original").data == MAIL
    assert "Gör mejlet till en egen idé" not in page  # it began its idea

    token = _token(page)
    missing = contact.post(f"{path}/restore", data={"form_token": token, "reason": " "})
    assert missing.status_code == 422
    assert missing.text.count("Skriv varför, så att andra förstår") == 2
    for act in ("restore", "release"):
        assert contact.post(f"{path}/{act}", data={"form_token": token, "reason": "det hör till"}).status_code == 303
    split = contact.post(
        f"{path}/split", data={"form_token": token, "reason": "två saker", "title": "Bryggor", "text": "Fler."}
    )
    assert split.status_code == 303

    after = contact.get(path).text
    assert "restored by boss: det hör till" in after
    assert "Släpp fram idén" not in after
    with database.transaction() as session:
        stored = session.get(Idea, idea_id)
        assert stored.held is None
        assert stored.text.endswith("> citat")
        assert session.scalar(select(Idea.title).order_by(Idea.created_at.desc(), Idea.reference.desc()).limit(1))
        assert session.scalar(select(func.count()).select_from(Idea).where(Idea.title == "Bryggor")) == 1


def test_a_trail_is_for_contacts_of_that_sluice(client, web_settings, database, sluice):
    with database.transaction() as session:
        path = f"/kontakt/mejl/{a_mail(session, sluice, kind='automatic-reply').id}"

    other = _signed_in(client, web_settings, "contact:berg")
    assert other.get(path).status_code == 404
    assert other.get(f"{path}/original").status_code == 404
    token = _token(_signed_in(client, web_settings, "administrator").get(path).text)
    assert client.post(f"{path}/detach", data={"form_token": token, "reason": "en idé"}).status_code == 303
    assert client.post(f"{path}/nonsense", data={"form_token": token, "reason": "x"}).status_code == 404

"""Acts on the contact's page: read through before they are sent, nothing lost, undone, and closed to all others."""

from __future__ import annotations

import io
import json
import re
import zipfile

import pytest
from lxml import html
from sqlalchemy import func, select

from services.intake.domain.idea import Stage
from services.intake.store.tables import Idea, TimelineEntry
from services.intake.store.work_tables import Act
from services.intake.usecases.announce import Announcer
from services.intake.usecases.move_idea import move_idea
from services.intake.usecases.pass_on import pass_on, share
from services.notify.domain.kinds import Kind
from services.notify.render import Renderer
from services.notify.usecases import announce
from shared.bus.tables import Message
from shared.clock import now
from shared.contracts.registry import IDEA_ANSWERED
from shared.ids import new_id
from shared.viewer import Viewer
from shared.web import links
from shared.web import session as sessions
from tests.support.ideas import a_file, a_mail, a_sluice, an_idea
from tests.support.pages import PAYLOADS, Elements

KIM = "kontakt@krokom.example"
WORDS = "Hej Åsa!\n\nVi provar i vinter."


@pytest.fixture(scope="module")
def neighbour(database):
    with database.transaction() as session:
        return a_sluice(session, slug="berg", code="BER", name="Bergs kommun")


@pytest.fixture
def new(database, web_settings, sluice):
    def new(**more) -> Idea:
        with database.transaction() as session:
            return an_idea(session, web_settings, sluice, **more)

    return new


@pytest.fixture
def browser_of(app, web_settings):
    """A browser of somebody signed in."""

    def browser_of(name: str, *roles: str):
        client = app.test_client()
        value = sessions.issue(web_settings.signer, name, roles, now())
        client.set_cookie(sessions.COOKIE, value, path=sessions.PATH)
        return client

    return browser_of


@pytest.fixture
def kim(browser_of):
    return browser_of(KIM, "contact:krokom")


def form_token(client, idea: Idea) -> str:
    return re.search(r'name="form_token" value="([^"]+)"', client.get(f"/kontakt/ide/{idea.reference}").text)[1]


def send(client, idea: Idea, act: str, **fields):
    """One act's form, as its page holds it."""
    page = client.get(f"/kontakt/ide/{idea.reference}/{act}").text
    hidden = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page.partition("<main")[2]))
    return client.post(f"/kontakt/ide/{idea.reference}/{act}", data=hidden | fields)


def stored(database, idea: Idea) -> Idea:
    with database.transaction() as session:
        return session.get_one(Idea, idea.id)


def sent(database, idea: Idea) -> list[str]:
    with database.transaction() as session:
        rows = session.execute(select(Message.name, Message.payload).where(Message.payload.contains(idea.reference)))
        return [payload.get("kind") or name for name, payload in ((row[0], json.loads(row[1])) for row in rows)]


def test_an_answer_is_read_through_as_it_is_mailed_and_then_sent_once(kim, database, new) -> None:
    idea = new()
    fields = {"answer": WORDS.replace("\n", "\r\n"), "to": "developing", "close_reason": ""}
    looked = send(kim, idea, "svara", do="preview", **fields)

    assert looked.status_code == 200
    for shown in (WORDS, "asa@krokom.example", "Svar på din idé", "Steg nu:", "Från Mottagen till Utvecklas"):
        assert shown in looked.text, shown
    assert "går inte att ta tillbaka" in looked.text
    assert stored(database, idea).stage == "received"
    kept = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', looked.text.partition("<main")[2]))
    kept["answer"] = re.search(r'<textarea name="answer" hidden>\n(.*?)</textarea>', looked.text, re.S)[1]
    changed = kim.post(f"/kontakt/ide/{idea.reference}/svara", data=kept | {"do": "edit"})
    assert WORDS in changed.text
    assert '<option value="developing" selected>' in changed.text
    given = kim.post(f"/kontakt/ide/{idea.reference}/svara", data=kept | {"do": "send"})
    again = kim.post(f"/kontakt/ide/{idea.reference}/svara", data=kept | {"do": "send"})

    assert (given.status_code, again.status_code) == (303, 409)
    assert "Svaret är på väg" in kim.get(given.headers["Location"]).text
    assert stored(database, idea).stage == "developing"
    assert sent(database, idea).count("idea.answered.v1") == 1


@pytest.mark.parametrize("language", ["sv", "en"])
def test_what_is_read_through_says_word_for_word_what_the_mail_says(kim, database, new, language: str) -> None:
    idea = new(language=language)
    fields = {"answer": WORDS, "to": "closed", "close_reason": "Finns redan"}
    looked = send(kim, idea, "svara", do="preview", **fields).text
    send(kim, idea, "svara", do="send", **fields)

    with database.transaction() as session:
        rows = session.scalars(select(Message.payload).where(Message.name == IDEA_ANSWERED.name))
        [told] = [row for row in map(json.loads, rows) if row["idea"]["reference"] == idea.reference]
    [asked] = announce.idea_answered(IDEA_ANSWERED.load(told))
    mail = Renderer().render(Kind.ANSWER, language, asked.facts)
    said = " ".join(html.fromstring(looked).xpath("//article")[0].text_content().split())
    assert mail.subject in said
    body = mail.text.partition("\n-- \n")[0].partition("\n--\n")[0]
    paragraphs = [" ".join(part.replace(">", "").split()) for part in re.split(r"\n\s*\n", body)]
    unsaid = [part for part in paragraphs if part and part.strip("#*-: ") not in said and "/i/" not in part]
    assert unsaid == [], said


def test_who_comes_second_is_told_what_happened_and_loses_no_word(kim, database, web_settings, new) -> None:
    idea = new()
    page = kim.get(f"/kontakt/ide/{idea.reference}/svara").text
    hidden = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page.partition("<main")[2]))
    with database.transaction() as session:
        viewer = Viewer(KIM, contact_of=frozenset({"krokom"}))
        move_idea(
            session, Announcer(web_settings), viewer, idea.reference, to=Stage.TRIAGE, answer="Jag tar den.", version=1
        )
    fields = {"answer": WORDS, "to": "closed", "close_reason": "Finns redan", "do": "send"}
    late = kim.post(f"/kontakt/ide/{idea.reference}/svara", data=hidden | fields)

    assert late.status_code == 409
    for shown in ("Någon hann före dig", "Jag tar den.", WORDS, 'value="Finns redan"', 'value="closed" selected'):
        assert shown in late.text, shown
    assert stored(database, idea).stage == "triage"
    fresh = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', late.text.partition("<main")[2]))
    assert kim.post(f"/kontakt/ide/{idea.reference}/svara", data=fresh | fields).status_code == 303
    assert stored(database, idea).stage == "closed"


@pytest.mark.parametrize(
    ("act", "fields", "told"),
    [
        ("svara", {"answer": " ", "to": "triage"}, "Skriv ett svar"),
        ("svara", {"answer": "å" * 50_001, "to": "triage"}, "50000 tecken"),
        ("svara", {"answer": WORDS, "to": "closed"}, "Skriv skälet"),
        ("svara", {"answer": WORDS, "to": "moon"}, "Välj ett steg"),
        ("fraga", {"question": " "}, "Skriv en fråga"),
        ("anteckna", {"text": ""}, "Anteckningen är tom"),
        ("tilldela", {"to": "x", "note": WORDS}, "Välj någon"),
        ("skicka-vidare", {"to": "mars", "note": WORDS}, "Välj minst en"),
        ("skicka-vidare", {"to": "krokom", "note": WORDS}, "De har idén redan"),
        ("dela", {"note": WORDS}, "Välj minst en"),
        ("sla-ihop", {"into": "KRO-2026-9999"}, "Ingen av era idéer"),
        ("etiketter", {"name": "x" * 51}, "Etiketten är för lång"),
    ],
)
def test_a_fault_is_told_beside_the_field_and_keeps_what_was_typed(kim, new, act, fields, told) -> None:
    answered = send(kim, new(), act, **fields)

    assert answered.status_code == 422
    assert answered.text.count(told) == 2, "in the summary and beside the field"
    assert "ds-error-summary" in answered.text
    for name, typed in fields.items():
        assert name == "to" or typed.strip() in answered.text
    for target in re.findall(r'ds-error-summary.*?href="#([\w-]+)"', answered.text, re.S):
        assert f'id="{target}"' in answered.text


def test_acts_that_mail_nobody_are_undone_by_one_press(kim, browser_of, database, new) -> None:
    idea = new()
    done = send(kim, idea, "etiketter", name="Vinter")
    page = kim.get(done.headers["Location"]).text
    undo = re.search(r'action="(/kontakt/angra/[^"]+)"', page)[1]
    token = {"form_token": form_token(kim, idea), "reference": idea.reference}

    assert "Vinter" in page
    other = browser_of("bo@krokom.example", "contact:krokom")
    assert other.post(undo, data=token | {"form_token": form_token(other, idea)}).status_code == 404
    assert kim.get(undo).status_code == 405
    assert kim.post(undo).status_code == 403
    undone = kim.post(undo, data=token)
    assert undone.headers["Location"] == f"/kontakt/ide/{idea.reference}"
    assert "Ta bort etiketten" not in kim.get(undone.headers["Location"]).text
    assert "/kontakt/angra/" not in kim.get(done.headers["Location"]).text

    held = send(kim, idea, "hall", note="Reklam")
    send(kim, idea, "slapp")
    undo = kim.get(held.headers["Location"]).text
    path = re.search(r'action="(/kontakt/angra/[^"]+)"', undo)
    assert path is None or "/kontakt/angra/" in path[1]
    with database.transaction() as session:
        act = session.scalars(select(Act).where(Act.kind == "held").order_by(Act.at.desc())).first()
    late = kim.post(f"/kontakt/angra/{act.id}", data=token)
    assert late.status_code == 409
    assert "Det gick inte att ångra" in late.text


def test_every_act_leads_back_to_the_idea_and_shows_there(kim, neighbour, sluice, database, new) -> None:
    idea, other = new(title="Cyklar till hemtjänsten"), new(title="Fler cyklar till hemtjänsten")
    contact = sluice.contacts[0]
    for act, fields, shown in (
        ("fraga", {"question": "Vilka turer?"}, "Vilka turer?"),
        ("anteckna", {"text": "Ring Bo."}, "Ring Bo."),
        ("tilldela", {"to": str(contact.id)}, f"{contact.name}"),
        ("dela", {"to": "berg", "note": "Ni med?"}, "Bergs kommun"),
        ("etiketter", {"name": "Vinter"}, "Vinter"),
        ("sla-ihop", {"into": other.reference}, "ihopslagen"),
    ):
        done = send(kim, idea, act, **fields)
        assert done.status_code == 303, (act, done.text)
        page = kim.get(done.headers["Location"])
        assert page.status_code == 200
        assert shown in page.text, act
    assert "Cyklar till hemtjänsten" in kim.get(f"/kontakt/ide/{other.reference}").text
    moved = send(kim, other, "skicka-vidare", to="berg", note="Er väg.")
    page = kim.get(moved.headers["Location"]).text
    assert "Bergs kommun svarar på idén nu" in page
    assert 'action="/kontakt/ide/' not in page


def test_notes_are_told_from_what_the_submitter_sees(kim, client, web_settings, new) -> None:
    idea = new()
    send(kim, idea, "anteckna", text="Bara för oss.")
    send(kim, idea, "fraga", question="Vilka turer?")
    follow = client.get(links.follow_url(web_settings, idea.reference).removeprefix(web_settings.base_url)).text

    assert "Vilka turer?" in follow
    assert "Bara för oss." not in follow
    assert "Något ändrades" not in follow


def test_a_contacts_link_shows_the_idea_and_acts_as_nobody(app, client, web_settings, sluice, neighbour, new, database):
    idea = new(title="Cyklar")
    new(title="Cyklar")
    with database.transaction() as session:
        viewer = Viewer(KIM, contact_of=frozenset({"krokom"}))
        share(session, Announcer(web_settings), viewer, idea.reference, sluices_too=["berg"], note="", version=None)
    for contact in (sluice.contacts[0], neighbour.contacts[0]):
        token = links.contact_token(web_settings.signer, idea.reference, contact.id)
        page = client.get(f"/kontakt/ide/{idea.reference}?t={token}").text
        assert "<form" not in page
        assert "Liknar den här" not in page
        assert "Svara på mejlet som länken hit stod i" in page
    assert client.get(f"/kontakt/ide/{idea.reference}").status_code == 303


def routes_of(app) -> list[tuple[str, str]]:
    """Every address that takes an idea or a thing of one, of the pages for people who are signed in."""
    return sorted(
        (method, rule.rule)
        for rule in app.url_map.iter_rules()
        if (rule.rule.startswith("/kontakt/") and "<reference>" in rule.rule) or "<uuid:" in rule.rule
        for method in rule.methods & {"GET", "POST"}
        if not rule.rule.startswith("/api/")
    )


def test_no_address_that_takes_an_idea_is_open_to_another_sluices_contact(
    app, browser_of, database, web_settings, sluice, neighbour
) -> None:
    with database.transaction() as session:
        mail = a_mail(session, sluice)
        idea = an_idea(session, web_settings, sluice, title="Hemligt förslag", mail=mail, files=[a_file()])
        session.flush()
        file = idea.id
        act = Act(id=new_id(), at=now(), actor=KIM, kind="assigned", changes=[])
        session.add(act)
        entries = session.scalar(select(func.count()).where(TimelineEntry.idea_id == idea.id))
    stranger = browser_of(neighbour.contacts[0].address, "contact:berg")
    own = an_own_idea(database, web_settings, neighbour)
    token = {"form_token": form_token(stranger, own), "version": "1", "do": "send", "to": "triage", "answer": WORDS}
    opened = []
    for method, rule in routes_of(app):
        path = re.sub(r"<(?:\w+:)?(\w+)>", lambda name: filled(name[1], idea, mail, act, file), rule)
        answered = stranger.open(path, method=method, data=token if method == "POST" else None)
        assert "Hemligt förslag" not in answered.text, rule
        if answered.status_code < 400 or answered.status_code >= 500:
            opened.append(f"{method} {rule}: {answered.status_code}")
    assert opened == []
    assert len(routes_of(app)) >= 25
    with database.transaction() as session:
        assert session.get_one(Idea, idea.id).version == 1
        assert session.scalar(select(func.count()).where(TimelineEntry.idea_id == idea.id)) == entries


def an_own_idea(database, settings, sluice) -> Idea:
    with database.transaction() as session:
        return an_idea(session, settings, sluice)


def filled(name: str, idea: Idea, mail, act: Act, file) -> str:
    """What stands in an address's place of that name, of the idea that is not theirs."""
    known = {"reference": idea.reference, "inbound_email_id": str(mail.id), "act_id": str(act.id)}
    return known.get(name, str(file))


@pytest.mark.parametrize("payload", PAYLOADS[:5])
def test_nobodys_words_run_on_the_pages_of_acts(kim, new, payload: str) -> None:
    idea = new(title=payload or "x", text=payload)
    send(kim, idea, "anteckna", text=payload)
    send(kim, idea, "etiketter", name=payload[:50])
    for page in (
        kim.get(f"/kontakt/ide/{idea.reference}"),
        send(kim, idea, "svara", do="preview", answer=payload, to="triage"),
        send(kim, idea, "tilldela", to="x", note=payload),
    ):
        scripts = [tag for tag in Elements(page.text).found if tag[0] == "script"]
        assert all(attributes.get("src", "").startswith("/static/") for _, attributes in scripts)
        assert not any(name.startswith("on") for _, attributes in Elements(page.text).found for name in attributes)


def test_an_idea_passed_on_is_read_and_not_acted_on(kim, web_settings, database, neighbour, new) -> None:
    idea = new()
    with database.transaction() as session:
        viewer = Viewer(KIM, contact_of=frozenset({"krokom"}))
        pass_on(session, Announcer(web_settings), viewer, idea.reference, to="berg", version=None)
    assert kim.get(f"/kontakt/ide/{idea.reference}").status_code == 200
    for act in ("svara", "anteckna", "tilldela"):
        assert kim.get(f"/kontakt/ide/{idea.reference}/{act}").status_code == 404


def test_a_registry_number_is_kept_found_shown_to_the_submitter_and_undone(kim, database, web_settings, new) -> None:
    idea = new()
    number = f"KS 2026/{idea.id.hex[-8:]}"
    saved = send(kim, idea, "diariefor", state="registered", number=number)

    assert (stored(database, idea).registry_state, stored(database, idea).registry_number) == ("registered", number)
    page = kim.get(saved.headers["Location"])
    assert number in page.text
    assert idea.reference in kim.get("/kontakt/", query_string={"q": number.lower()}).text
    assert idea.reference in kim.get("/kontakt/", query_string={"registry": "registered"}).text
    assert idea.reference not in kim.get("/kontakt/", query_string={"registry": "to-register"}).text
    assert number in kim.get(links.follow_url(web_settings, idea.reference)).text
    act = re.search(r"/kontakt/angra/([0-9a-f-]{36})", page.text)[1]
    kim.post(f"/kontakt/angra/{act}", data={"form_token": form_token(kim, idea), "reference": idea.reference})
    assert (stored(database, idea).registry_state, stored(database, idea).registered_at) == ("none", None)


def test_what_is_to_be_registered_is_not_handed_over_and_a_package_is_downloaded(
    kim, browser_of, database, new, neighbour
) -> None:
    idea = new()
    send(kim, idea, "diariefor", state="to-register", number="")
    refused = send(kim, idea, "overlamna", receipt="Leverans 17")
    send(kim, idea, "diariefor", state="not-needed", number="")
    send(kim, idea, "overlamna", receipt="Leverans 17")
    taken = send(kim, idea, "arkivpaket", internal="yes")
    many = kim.post(
        "/kontakt/flera",
        data={
            "act": "package",
            "ideas": f"{idea.reference}:1 {new().reference}:1",
            "form_token": form_token(kim, idea),
        },
    )
    stranger = browser_of("kontakt@berg.example", "contact:berg")

    assert refused.status_code == 422
    assert stored(database, idea).archive_receipt == "Leverans 17"
    assert (taken.status_code, taken.content_type) == (200, "application/zip")
    with zipfile.ZipFile(io.BytesIO(many.data)) as archive:
        assert len({name.split("/")[0] for name in archive.namelist()}) == 2
    assert stranger.get(f"/kontakt/ide/{idea.reference}/arkivpaket").status_code == 404

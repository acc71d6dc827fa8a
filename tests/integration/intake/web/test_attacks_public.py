"""Attacks on what is open to everybody: nothing hidden is read or guessed, nobody is bombed, looking changes nothing."""

from __future__ import annotations

import io
import json
from datetime import timedelta
from urllib.parse import urlencode

import pytest
from sqlalchemy import select, text, update

from services.intake.store.public_tables import Comment, Follower, NewsSubscriber
from services.intake.store.tables import Attachment, Idea, Sluice
from services.intake.usecases.receive import note
from services.notify.usecases import announce
from services.notify.usecases.queue_message import QueueMessage
from shared.bus.tables import Message
from shared.clock import now
from shared.contracts.registry import MESSAGES
from shared.db import Database, Role
from shared.ids import new_id
from shared.web import antibot, links, proof
from shared.web import form_tokens as form_token
from tests.support import forms
from tests.support.ideas import a_file, an_idea

FORM_TYPE = "application/x-www-form-urlencoded"
VICTIM = "offer@annanstans.example"
SECRETS = ("Hemligord", "Gömdeman", "gomd@invanare.example", "070-123 45 67", "Internnotis")


@pytest.fixture(autouse=True)
def quick_tasks(monkeypatch) -> None:
    monkeypatch.setattr(proof, "TRIES", (1, 3))
    monkeypatch.setattr(proof, "ROUNDS", 10)


@pytest.fixture(scope="module")
def shown(database, web_settings, sluice) -> Idea:
    """An idea on the board in other words than its own, with what everybody can do to it."""
    with database.transaction() as session:
        session.execute(update(Sluice).values(board=True, origins=["https://krokom.example"]))
        idea = _an_idea(session, web_settings, sluice)
        idea.public_title, idea.public_text, idea.published_at = "Delade elcyklar", "Tre cyklar.", now()
        idea.stage = "implemented"
    return idea


@pytest.fixture(scope="module")
def hidden(database, web_settings, sluice, shown) -> list[Idea]:
    """Ideas that nobody may see: never published, held, merged, erased, taken down."""
    ways = (
        {"public_title": "Hemligord", "public_text": "Hemligord"},
        {"held": "form-trap", "published_at": now()},
        {"merged_into": shown.id, "published_at": now()},
        {"erased_at": now(), "published_at": None},
    )
    made = []
    with database.transaction() as session:
        for way in ways:
            idea = _an_idea(session, web_settings, sluice)
            for name, value in ({"public_title": "Hemligord", "public_text": "Hemligord"} | way).items():
                setattr(idea, name, value)
            made.append(idea)
    return made


def _an_idea(session, settings, sluice) -> Idea:
    idea = an_idea(
        session,
        settings,
        sluice,
        title="Hemligord om trappor",
        text="Ring Gömdeman 070-123 45 67 om trappor och Hemligord.",
        submitter="gomd@invanare.example",
        submitter_name="Gömdeman",
        files=[a_file("Hemligord.png")],
    )
    answer, moved = "Hej Gömdeman (gomd@invanare.example)! Vi gör det.", {"from": "received", "to": "developing"}
    note(session, idea, event="answered", at=now(), actor="Kim", actor_kind="contact", text=answer, facts=moved)
    note(session, idea, event="noted", at=now(), actor="Kim", actor_kind="contact", text="Internnotis", public=False)
    return idea


def public_pages(settings, idea: Idea) -> list[str]:
    """Every address that a stranger can read, for one idea."""
    board = f"/tavla/krokom/{idea.reference}"
    return [
        "/",
        "/ide/krokom",
        "/ide/krokom/liknande?title=Hemligord+trappor&text=Gömdeman+ring+trappor+hemligord",
        "/ide/krokom/liknande?title=Delade+elcyklar&text=Tre+cyklar",
        f"/ide/krokom/tack/{idea.reference}",
        "/embed/krokom",
        "/embed.js",
        "/prov?for=idea:krokom",
        "/tavla/krokom",
        "/tavla/krokom?q=Hemligord",
        "/tavla/krokom?q=Gömdeman&ordning=stod&steg=implemented",
        "/tavla/krokom/berattelser",
        "/tavla/krokom/flode.rss",
        "/tavla/krokom/flode.atom",
        board,
        f"{board}/kommentar",
        f"/i/{idea.reference}",
        f"/i/{idea.reference}?t=aaaaaaaaaaaaaaaaaaaaaaaaaa",
        "/nyheter/",
        "/nyheter/krokom/",
        "/nyheter/flode.rss",
        "/nyheter/krokom/flode.atom",
    ]


def test_nothing_hidden_is_read_or_guessed_anywhere(client, web_settings, shown, hidden) -> None:
    seen = {}
    for idea in (shown, *hidden):
        for path in public_pages(web_settings, idea):
            page = client.get(path).text
            echoed = page.replace('value="Hemligord"', "").replace('value="Gömdeman"', "").replace("q=Hemligord", "")
            assert not [secret for secret in SECRETS if secret in echoed], path
            seen[path] = page
    assert "Delade elcyklar" in seen["/ide/krokom/liknande?title=Delade+elcyklar&text=Tre+cyklar"]
    for nothing in ("/ide/krokom/liknande?title=Hemligord+trappor&text=Gömdeman+ring+trappor+hemligord",):
        assert seen[nothing].strip() == "", "words that the board hides can be guessed"
    for path in ("/tavla/krokom?q=Hemligord", "/tavla/krokom?q=trappor"):
        assert shown.reference not in client.get(path).text


def test_answers_from_before_an_erasure_stay_away_if_the_idea_is_published_anew(
    client, database, web_settings, sluice, shown
) -> None:
    with database.transaction() as session:
        idea = _an_idea(session, web_settings, sluice)
        idea.public_title, idea.public_text = "Trappor", "Fler trappor."
        idea.submitter_name, idea.submitter_address, idea.erased_at = "", None, now()
        idea.published_at = now()

    page = client.get(f"/tavla/krokom/{idea.reference}").text

    assert "Trappor" in page
    assert "Gömdeman" not in page


def test_a_number_that_is_hidden_looks_like_one_that_is_not_there(client, shown, hidden) -> None:
    def told(reference: str, path: str) -> tuple[int, str]:
        answer = client.get(path.format(reference))
        return answer.status_code, answer.text.replace(reference, "N")

    wrong = "a" * 26
    for path in (
        "/tavla/krokom/{}",
        "/tavla/krokom/{}/kommentar",
        "/i/{}?t=" + wrong,
        "/ide/krokom/tack/{}?t=" + wrong,
    ):
        nobody = told("KRO-2026-9999", path)
        assert nobody[0] == 404
        assert {told(idea.reference, path) for idea in hidden} == {nobody}


def _digest(database: Database) -> dict[str, str]:
    """What every table of ours and of the bus holds, in short."""
    with database.transaction() as session:
        tables = session.scalars(
            text(
                "SELECT format('%I.%I', table_schema, table_name) FROM information_schema.tables"
                " WHERE table_schema IN ('intake', 'bus') AND table_type = 'BASE TABLE' AND table_name <> 'hit'"
                " AND has_table_privilege(format('%I.%I', table_schema, table_name), 'SELECT')"
            )
        ).all()
        return {
            table: session.scalar(text(f"SELECT md5(string_agg(t::text, '|' ORDER BY t::text)) FROM {table} AS t"))
            for table in tables
        }


@pytest.fixture
def links_of(database, web_settings, shown):
    """A link of each kind that we mail to somebody, unpressed."""
    signer = web_settings.signer
    with database.transaction() as session:
        row = {"idea_id": shown.id, "address": f"{new_id().hex}@x.example"}
        follower = Follower(id=new_id(), why="supports", asked_at=now(), **row)
        comment = Comment(id=new_id(), name="Bo", text="Hej", at=now(), state="held", **row)
        subscriber = NewsSubscriber(id=new_id(), address=row["address"], asked_at=now())
        session.add_all((follower, comment, subscriber))
    return {
        "stod": f"/tavla/stod/{links.id_token(signer, links.SUPPORT, follower.id)}",
        "sluta": f"/tavla/sluta/{links.id_token(signer, links.STOP_FOLLOWING, follower.id)}",
        "kommentar": f"/tavla/kommentar/{links.id_token(signer, links.COMMENT, comment.id)}",
        "prenumeration": f"/nyheter/prenumeration/{links.id_token(signer, links.NEWS, subscriber.id)}",
        "avsluta": f"/nyheter/sluta/{links.id_token(signer, links.STOP_NEWS, subscriber.id)}",
        "adress": links.new_address_url(web_settings, shown.reference, VICTIM).removeprefix(web_settings.base_url),
        "i": links.follow_url(web_settings, shown.reference).removeprefix(web_settings.base_url),
    }


def test_looking_changes_nothing_and_only_the_form_may_be_framed(
    client, database, web_settings, shown, links_of
) -> None:
    before = _digest(database)
    assert len(before) > 20
    for path in (*public_pages(web_settings, shown), *links_of.values()):
        client.head(path)
        answer = client.get(path, headers={"X-Forwarded-Host": "skurk.example", "Origin": "https://skurk.example"})
        policy = answer.headers["Content-Security-Policy"]
        if path == "/embed/krokom":
            assert "frame-ancestors 'self' https://krokom.example" in policy
        else:
            assert "frame-ancestors 'none'" in policy, path
            assert answer.headers["X-Frame-Options"] == "DENY", path
        assert "unsafe" not in policy
        assert "skurk.example" not in answer.text
        assert "Set-Cookie" not in answer.headers
    assert _digest(database) == before
    for path in links_of.values():
        assert client.get(path).status_code == 200, path
    assert client.get("/tavla/krokom", headers={"Host": "skurk.example"}).status_code == 400


def test_one_post_of_a_mail_program_ends_its_readers_mails(client, database, links_of) -> None:
    for kind in ("sluta", "avsluta"):
        answer = client.post(links_of[kind], data={"List-Unsubscribe": "One-Click"})
        assert answer.status_code == 204, "a redirect would not be followed (RFC 8058)"
    with database.transaction() as session:
        for table in (Follower, NewsSubscriber):
            assert session.scalars(select(table.ended_at).order_by(table.asked_at.desc()).limit(1)).one() is not None


def test_another_site_makes_nobodys_browser_send_our_forms(client, database, web_settings, shown) -> None:
    before = _digest(database)
    filled = forms.filled(client, web_settings)
    board = f"/tavla/krokom/{shown.reference}"
    sent = {
        "/ide/krokom": ("idea:krokom", filled),
        "/embed/krokom": ("idea:krokom", filled),
        f"{board}/stod": ("support:krokom", {"address": VICTIM}),
        f"{board}/kommentar": ("comment:krokom", {"address": VICTIM, "name": "Bo", "text": "Hej"}),
        "/nyheter/prenumerera": ("news", {"address": VICTIM}),
    }
    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Origin": "https://x.example"}):
        for path, (form, fields) in sent.items():
            token = form_token.issue(web_settings.signer, form, now() - timedelta(minutes=1))
            answer = client.post(path, data=fields | {"form_token": token}, headers=headers)
            assert answer.status_code in (403, 422), (path, headers)
    for act in ("kind", "tillagg", "adress", "dra-tillbaka", "radera"):
        assert client.post(f"/i/{shown.reference}/{act}", data={"email": VICTIM}).status_code == 404
    assert _digest(database) == before


def test_one_address_in_every_form_gets_three_mails_a_day(
    client, database, web_settings, sluice, shown, monkeypatch
) -> None:
    monkeypatch.setattr(antibot, "POSTS", "10000/hour")
    with database.transaction() as session:
        several = [_an_idea(session, web_settings, sluice) for _ in range(4)]
        for idea in several:
            idea.public_title, idea.public_text, idea.published_at = "Bad", "En brygga.", now()
    asked = [("news", "/nyheter/prenumerera", {"sluice": slug}) for slug in ("", "krokom")]
    for idea in several:
        board = f"/tavla/krokom/{idea.reference}"
        asked += [("support:krokom", f"{board}/stod", {}), ("comment:krokom", f"{board}/kommentar", {"text": "Hej"})]
    for number, spelling in enumerate((VICTIM, VICTIM.upper(), f" {VICTIM} ") * 2):
        answer = client.post("/ide/krokom", data=forms.filled(client, web_settings, email=spelling))
        assert answer.status_code == 303
        token = links.follow_token(web_settings.signer, several[number % 4].reference)
        client.post(f"/i/{several[number % 4].reference}/adress", data={"t": token, "email": spelling})
        for form, path, fields in asked:
            token = form_token.issue(web_settings.signer, form, now() - timedelta(minutes=1))
            fields = fields | {"form_token": token, "address": spelling, "name": "Bo"}
            assert client.post(path, data=fields).status_code == 303

    notify = Database(web_settings, Role.NOTIFY, pool_size=1)
    with notify.transaction() as session:
        rows = session.execute(select(Message.name, Message.payload).order_by(Message.id)).all()
        for name, payload in rows:
            if VICTIM in payload.lower() and name in ("mail.wanted.v1", "idea.received.v1"):
                _notify(session, web_settings, name, json.loads(payload))
        counted = dict(
            session.execute(
                text("SELECT state, count(*) FROM notify.notification WHERE recipient_folded = :to GROUP BY state"),
                {"to": VICTIM},
            ).all()
        )
    notify.dispose()
    assert counted["created"] == 3
    assert counted["suppressed"] >= 10


def test_hostile_names_of_files_stay_names_and_are_handed_over_asleep(client, database, web_settings, shown) -> None:
    token = links.follow_token(web_settings.signer, shown.reference)
    names = [
        "../../etc/passwd",
        ".htaccess",
        "\u200b.htaccess",
        "faktura\u202efdp.html",
        "a\r\nSet-Cookie: x=1.svg",
        "con",
    ]
    files = [(io.BytesIO(b"<svg xmlns='http://www.w3.org/2000/svg' onload='fire()'/>"), name) for name in names]
    sent = {"t": token, "text": "Filer", "files": files, "key": "k1"}
    assert client.post(f"/i/{shown.reference}/tillagg", data=sent).status_code == 303

    with database.transaction() as session:
        kept = session.scalars(select(Attachment).where(Attachment.idea_id == shown.id)).all()
    assert len(kept) == len(names)
    for file in kept:
        assert not set(file.name) & set("/\\\r\n\u202e\u200b")
        assert not file.name.startswith(".")
        answer = client.get(f"/i/{shown.reference}/fil/{file.id}?t={token}")
        assert answer.headers["Content-Disposition"].startswith("attachment")
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "sandbox" in answer.headers["Content-Security-Policy"]
        assert "Set-Cookie" not in answer.headers
    for program in ("update.exe", "faktura\u202efdp.hta", "x.LNK ", "setup.msi."):
        sent = {"t": token, "text": "", "files": [(io.BytesIO(b"MZ"), program)], "key": "k2"}
        assert client.post(f"/i/{shown.reference}/tillagg", data=sent).status_code == 422, program


@pytest.mark.parametrize(
    "query",
    [
        "q=%00",
        "q=%F0%9F%92%A3%27%3A*%26%7C!()%5C",
        "q=" + "a%20" * 3000,
        "fran=9.9999-12-31T23:59:59.999999Z_ffffffffffffffffffffffffffffffff",
        "fran=-99999999.x",
        "fran=999999999." + "z" * 80,
        "fran=%D9%A3.MjAyNg",
        "steg=closed&steg=x&ordning=stod&ordning=%00x",
        "lang=%0d%0aSet-Cookie:%20x=1",
        "lang=sv&lang=en&skickat=%3Cscript%3E",
    ],
)
def test_odd_addresses_never_break_a_public_page(client, shown, query: str) -> None:
    for path in ("/", "/tavla/krokom", f"/tavla/krokom/{shown.reference}", "/nyheter/", "/ide/krokom", "/prov"):
        answer = client.get(f"{path}?{query}")
        assert answer.status_code in (200, 400, 404), (path, query)
        assert "Set-Cookie" not in answer.headers
    assert client.get(f"/ide/krokom/liknande?title={query}&text={query}").status_code in (200, 400)


@pytest.mark.filterwarnings("ignore::ResourceWarning")  # Werkzeug leaves files of a refused body to the collector
def test_bodies_of_very_many_parts_are_refused_and_break_nothing(client, shown) -> None:
    many = urlencode({f"f{number}": "x" for number in range(2000)})
    board = f"/tavla/krokom/{shown.reference}"
    one = b'--x\r\nContent-Disposition: form-data; name="files"; filename="a.txt"\r\n\r\nx\r\n'
    for path in ("/ide/krokom", "/embed/krokom", f"{board}/stod", f"{board}/kommentar", "/nyheter/prenumerera"):
        assert client.post(path, data="a&" * 250_000, content_type=FORM_TYPE).status_code == 413
        for body in (many, "address=" + "a" * 600_000, "text=" + "a" * 3_000_000):
            answer = client.post(path, data=body, content_type=FORM_TYPE)
            assert answer.status_code in (413, 422), (path, body[:20])
        for parts in (one * 500 + b"--x--\r\n", b"--x\r\n" * 9000, one[:40]):
            answer = client.post(path, data=parts, content_type="multipart/form-data; boundary=x")
            assert answer.status_code in (400, 413, 422), (path, parts[:60])


def _notify(session, settings, name: str, payload: dict) -> None:
    """What notify's worker does with such a message."""
    told = MESSAGES[name].load(payload)
    asked = announce.idea_received(told) if name == "idea.received.v1" else announce.mail_wanted(told, now())
    QueueMessage(settings)(session, asked)

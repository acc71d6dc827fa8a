"""The public form without JavaScript: what is accepted is kept, what is not comes back whole, nobody is bombed."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import func, select, text, update
from werkzeug.datastructures import FileStorage
from werkzeug.test import encode_multipart

from services.intake.domain.idea_form import TEXT_LIMIT
from services.intake.store.tables import Attachment, Idea, Sluice
from services.intake.web.public import form_fields
from shared.bus.tables import Message
from shared.contracts.registry import IDEA_RECEIVED
from shared.web import antibot, proof
from shared.web.app import HERE
from tests.support import forms
from tests.support.pages import PAYLOADS, Elements

FORM = "/ide/krokom"


@pytest.fixture(autouse=True)
def quick_tasks(monkeypatch) -> None:
    monkeypatch.setattr(proof, "TRIES", (1, 3))
    monkeypatch.setattr(proof, "ROUNDS", 10)


@pytest.fixture
def send(client, web_settings):
    """Send the form as somebody whom nothing is wrong with, but for the changes."""

    def sent(path: str = FORM, headers=None, **changes):
        return client.post(path, data=forms.filled(client, web_settings, **changes), headers=headers)

    return sent


@pytest.fixture
def idea_of(database):
    """The idea that an answer's receipt is for."""

    def found(answer) -> Idea:
        assert answer.status_code == 303, answer.text
        reference = re.search(r"/tack/([A-Z]{3}-\d{4}-\d+)\?t=[a-z2-7]{26}$", answer.location)[1]
        with database.transaction() as session:
            return session.scalars(select(Idea).where(Idea.reference == reference)).one()

    return found


@pytest.fixture
def change(database, sluice):
    """Change the sluice for one test."""

    def changed(**values) -> None:
        with database.transaction() as session:
            session.execute(update(Sluice).where(Sluice.id == sluice.id).values(**values))

    yield changed
    changed(open_to="everybody", questions=[], form_texts={}, origins=[], board=False)


def test_a_sent_idea_is_kept_and_announced_before_its_receipt(client, send, idea_of, database) -> None:
    answer = send()

    idea = idea_of(answer)
    assert (idea.title, idea.kind, idea.via, idea.language) == (forms.IDEA["title"], "employee", "form", "sv")
    assert (idea.submitter_name, idea.submitter_address) == ("Åsa Öberg", "asa@krokom.example")
    assert (idea.vouched, idea.held) == (False, None)
    assert "allmän handling" in idea.consent
    with database.transaction() as session:
        payload = session.scalars(
            select(Message.payload).where(Message.payload.contains(idea.reference), Message.name == IDEA_RECEIVED.name)
        ).one()
    assert json.loads(payload)["via"] == "form"
    receipt = client.get(answer.location)
    assert receipt.status_code == 200
    assert idea.reference in receipt.text
    assert f"/i/{idea.reference}?t=" in receipt.text
    assert "senast <strong>" in receipt.text


def test_one_form_sent_many_times_at_once_is_one_idea(app, client, web_settings, database) -> None:
    data = forms.filled(client, web_settings, title="Bara en gång")

    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: app.test_client().post(FORM, data=data).location, range(6)))

    assert len(set(answers)) == 1
    with database.transaction() as session:
        assert session.scalar(select(func.count()).where(Idea.title == "Bara en gång")) == 1


def test_another_idea_written_in_the_same_page_is_another_idea(client, web_settings, idea_of) -> None:
    data = forms.filled(client, web_settings)

    first = idea_of(client.post(FORM, data=data))
    second = idea_of(client.post(FORM, data=data | {"title": "Något helt annat"}))

    assert first.reference != second.reference
    assert second.held == "form-used-proof"


def test_nobody_is_nobody(client, send, idea_of) -> None:
    answer = send(anonymous="yes")

    idea = idea_of(answer)
    assert (idea.submitter_name, idea.submitter_address) == ("", None)
    assert "enda vägen tillbaka" in client.get(answer.location).text


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"altcha": None}, "form-no-proof"),
        ({"altcha": "bm90IGEgcHJvb2Y="}, "form-wrong-proof"),
        ({"homepage": "https://spam.example"}, "form-trap"),
        ({"form_token": None}, "form-token"),
        ({"form_token": "1764000000-" + "0" * 32 + "-" + "a" * 26}, "form-token"),
    ],
)
def test_what_looks_like_a_program_is_held_with_a_receipt_that_does_not_tell(
    client, send, idea_of, changes, reason
) -> None:
    honest = client.get(send().location)
    answer = send(**changes)

    assert idea_of(answer).held == reason
    held = client.get(answer.location)
    bare = [re.sub(r"KRO-\d{4}-\d+|t=[a-z2-7]{26}", "", page.text) for page in (honest, held)]
    assert bare[0] == bare[1]


def test_a_form_sent_at_once_is_held_and_one_from_yesterday_is_asked_for_again(
    client, send, web_settings, idea_of
) -> None:
    assert idea_of(send(form_token=forms.token(web_settings, age=timedelta()))).held == "form-fast"

    old = send(form_token=forms.token(web_settings, age=timedelta(hours=25)))

    assert old.status_code == 422
    assert forms.IDEA["text"] in old.text
    fresh = re.search(r'name="form_token" value="([^"]+)"', old.text)[1]
    assert idea_of(send(form_token=fresh)).held is None


def test_a_task_solved_for_one_sluice_opens_no_other_and_no_other_twice(client, send, idea_of, database) -> None:
    other = forms.proof(client, "idea:berg")
    assert idea_of(send(altcha=other)).held == "form-wrong-proof"

    once = forms.proof(client)
    assert idea_of(send(altcha=once)).held is None
    assert idea_of(send(altcha=once)).held == "form-used-proof"


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"title": " "}, "title", "Skriv i en mening vad idén är"),
        ({"title": "x" * 201}, "title", "Korta rubriken"),
        ({"text": ""}, "text", "Berätta lite mer"),
        ({"text": "å" * 50_000}, "text", "längre än 20 000 tecken"),
        ({"kind": "king"}, "kind", "Välj vem du är"),
        ({"email": None}, "email", "Skriv din e-postadress"),
        ({"email": "asa@"}, "email", "saknar något efter @"),
        ({"email": "asa"}, "email", "saknar ett @"),
        ({"email": "asa@krokom"}, "email", "saknar slutet"),
        ({"email": "a b@krokom.example"}, "email", "går inte att skicka till"),
        ({"consent": None}, "consent", "Kryssa i rutan"),
    ],
)
def test_a_fault_is_told_beside_its_field_and_on_top_and_loses_nothing(client, send, changes, field, words) -> None:
    answer = send(**changes)

    assert answer.status_code == 422
    assert f'<li><a class="ds-link" href="#{field}">' in answer.text
    assert answer.text.count(words) >= 2
    assert f'id="{field}-fault"' in answer.text
    kept = forms.IDEA | changes
    for name in ("title", "text", "name"):
        assert (kept[name] or "") in answer.text
    assert 'value="employee" checked' in answer.text or field == "kind"


def test_a_text_of_exactly_the_limit_is_taken_however_its_lines_end(send, idea_of) -> None:
    # A browser sends every line end as two signs.
    text = ("🌲" * 99 + "\r\n") * (TEXT_LIMIT // 100 - 1) + "x" * 100

    idea = idea_of(send(text=text))

    assert len(idea.text) == TEXT_LIMIT
    assert "\r" not in idea.text


def test_any_words_are_shown_as_words(client, send, idea_of) -> None:
    for words in [*PAYLOADS, "أهلا ‎🌲", "שלום"]:
        answer = send(title=words, text=words, name=words, email="fel", kind=words)

        assert answer.status_code == 422
        for tag, attributes in Elements(answer.text).found:
            assert tag not in ("iframe", "object", "embed", "style")
            assert tag != "script" or attributes["src"].startswith("/static/")
            assert not any(name.startswith("on") or name == "style" for name in attributes)
    assert idea_of(send(title=PAYLOADS[0], text=PAYLOADS[1])).title == PAYLOADS[0]


def test_files_are_kept_by_their_bytes_and_programs_are_named_and_refused(client, send, idea_of, database) -> None:
    def files(*named: tuple[str, bytes]):
        return [(io.BytesIO(content), name) for name, content in named]

    idea = idea_of(send(files=files(("karta.png", b"\x89PNG\r\n\x1a\n" + b"1" * 50), ("../../b.txt", b"hej"))))

    with database.transaction() as session:
        rows = session.scalars(select(Attachment).where(Attachment.idea_id == idea.id).order_by(Attachment.name)).all()
        kept = [(row.name, row.type) for row in rows]
    assert kept == [("b.txt", "text/plain"), ("karta.png", "image/png")]

    refused = send(files=files(("faktura.pdf", b"MZ" + b"\0" * 100), ("bild.jpg", b"\xff\xd8\xff")))
    assert refused.status_code == 422
    assert "faktura.pdf är ett program" in refused.text
    assert "Välj dina filer igen" in refused.text
    assert "bild.jpg" not in refused.text
    assert "Välj högst 10 filer" in send(files=files(*((f"{n}.txt", b"x") for n in range(11)))).text


@pytest.mark.parametrize(("size", "status"), [(25 * 1024 * 1024 + 1, 422), (form_fields.ROOM_FOR_ALL, 413)])
def test_somewhat_too_large_gives_the_text_back(client, size, status) -> None:
    boundary, body = encode_multipart(forms.IDEA | {"files": FileStorage(io.BytesIO(b"0" * size), "stor.bin")})

    answer = client.post(FORM, data=body, content_type=f"multipart/form-data; boundary={boundary}")

    assert answer.status_code == status
    assert (forms.IDEA["text"] in answer.text) == (status == 422)
    assert "Filerna är tillsammans större än 25 MB" in answer.text or status == 413


def test_a_form_from_another_site_is_shown_before_it_is_taken(send, idea_of) -> None:
    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}):
        answer = send(headers=headers)
        assert answer.status_code == 403
        assert forms.IDEA["text"] in answer.text
    for headers in ({"Sec-Fetch-Site": "same-origin", "Origin": "http://localhost"}, {"Origin": "null"}):
        assert idea_of(send(headers=headers)).held is None


def test_a_sluice_for_staff_says_where_to_mail_and_gives_the_text_back(client, send, change) -> None:
    change(open_to="staff")

    page, sent = client.get(FORM), send()

    assert page.status_code == 200
    assert "<form" not in page.text
    assert "mailto:ide@krokom.example" in page.text
    assert sent.status_code == 403
    assert forms.IDEA["text"] in sent.text


def test_a_sluice_that_does_not_exist_gives_the_text_back(client) -> None:
    assert client.get("/ide/nej").status_code == 404
    answer = client.post("/ide/nej", data=forms.IDEA)
    assert answer.status_code == 404
    assert forms.IDEA["text"] in answer.text


def test_a_sluices_own_questions_and_words_are_asked_and_kept_as_they_were(client, send, idea_of, change) -> None:
    change(
        questions=[
            {
                "id": "plats",
                "kind": "choice",
                "required": True,
                "label": {"sv": "Var?", "en": "Where?"},
                "options": {"sv": ["Skola", "Vård"], "en": ["School", "Care"]},
            },
            {"id": "kostnad", "kind": "text", "label": {"sv": "Vad kostar det?"}},
            {"id": "trasig", "kind": "?"},
        ],
        form_texts={"sv": {"intro": "Vi söker idéer om skolan.", "consent": "Jag går med på det."}},
    )

    page = client.get(FORM).text
    assert "Vi söker idéer om skolan." in page
    assert "Vad kostar det? (frivilligt)" in page
    assert 'href="#question-plats"' in send().text
    idea = idea_of(send(**{"question-plats": "1"}))

    assert idea.answers == {"plats": {"question": "Var?", "answer": "Vård", "kind": "choice", "language": "sv"}}
    assert idea.consent == "Jag går med på det."


def test_whoever_comes_too_often_keeps_the_text_and_gets_an_address(client, send, monkeypatch) -> None:
    monkeypatch.setattr(antibot, "SUSPECTS", "3/hour")
    far = {"REMOTE_ADDR": "192.0.2.7"}
    data = forms.IDEA | {"form_token": ""}
    for _ in range(3):
        last = client.post(FORM, data=data | {"title": "Flod"}, environ_base=far)
    assert last.status_code == 303

    over = client.post(FORM, data=data, environ_base=far)

    assert over.status_code == 429
    assert forms.IDEA["text"] in over.text
    assert "mailto:ide@krokom.example" in over.text
    assert send().status_code == 303


def test_only_the_listed_sites_may_frame_the_form_and_nothing_else_may_be_framed(
    client, send, change, web_settings
) -> None:
    change(origins=["https://krokom.example"])

    framed = client.get("/embed/krokom")
    answer = send("/embed/krokom?lang=en")

    assert "frame-ancestors 'self' https://krokom.example;" in framed.headers["Content-Security-Policy"]
    assert "X-Frame-Options" not in framed.headers
    assert "Set-Cookie" not in framed.headers
    assert answer.location.startswith("/embed/krokom/tack/")
    assert (
        "frame-ancestors 'self' https://krokom.example;"
        in client.get(answer.location).headers["Content-Security-Policy"]
    )
    own = client.get(answer.location.replace("/embed/", "/ide/"))
    for page in (client.get(FORM), own, client.get("/"), client.get("/kontakt/"), client.get("/embed/nej")):
        assert "frame-ancestors 'none'" in page.headers["Content-Security-Policy"]
        assert page.headers["X-Frame-Options"] == "DENY"


def test_the_script_for_other_sites_is_the_same_for_everybody_and_may_be_pinned(client) -> None:
    newest, pinned = client.get("/embed.js"), client.get("/embed-2.js", headers={"Accept-Language": "en"})

    assert newest.data == pinned.data
    assert pinned.headers["Access-Control-Allow-Origin"] == "*"
    assert pinned.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert "immutable" in pinned.headers["Cache-Control"]
    assert client.get("/embed.js", headers={"If-None-Match": newest.headers["ETag"]}).status_code == 304
    # Sites have pinned these: another content would stop their forms.
    for path, begins in {"/embed-1.js": "FuDY0LTkAHPD5PWLnceLfrgW", "/embed-2.js": "kgbubyDeI3fHtorPNQ7gj6KK"}.items():
        digest = hashlib.sha384(client.get(path).data).digest()
        assert base64.b64encode(digest).decode().startswith(begins), path


def test_a_receipt_opens_with_its_own_token_alone(client, send) -> None:
    location = send().location

    assert client.get(location[:-1] + ("a" if location[-1] != "a" else "b")).status_code == 404
    assert client.get(location.replace("/krokom/", "/berg/")).status_code == 404
    assert client.get(location).headers["Referrer-Policy"] == "no-referrer"


def test_a_table_that_cannot_count_keeps_no_idea_out(
    client, web_settings, send, idea_of, database, monkeypatch
) -> None:
    counts = client.application.extensions["idesluss_guard"]._limiter.storage._hits
    monkeypatch.setattr(counts, "_count", text("SELECT 1/0"))

    assert idea_of(send()).held is None


def test_the_task_and_its_worker_speak_one_protocol(client) -> None:
    task = client.get("/prov?for=idea:krokom").json
    worker = (HERE / "static" / "altcha-worker.js").read_text()

    assert task["parameters"]["algorithm"] == proof.ALGORITHM
    for name in ("nonce", "salt", "keyPrefix", "cost", "keyLength"):
        assert name in task["parameters"]
        assert name in worker

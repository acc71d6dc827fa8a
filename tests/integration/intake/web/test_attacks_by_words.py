"""Attacks by cookies, links and words: nobody is led off or let in by them, and none of them leaks or runs."""

from __future__ import annotations

import hashlib
import inspect
import re
from collections.abc import Callable
from posixpath import normpath
from urllib.parse import unquote, urlsplit

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select, update
from structlog.testing import capture_logs

from services.intake.domain.sluice_settings import read_origin
from services.intake.store.people_tables import SignedIn, SignInLink
from services.intake.store.public_tables import Comment
from services.intake.store.tables import Contact, Idea, Sluice, TimelineEntry
from services.intake.usecases import publish, sessions, sign_in
from services.intake.usecases.note_idea import note_idea
from services.intake.usecases.tag_idea import tag_idea
from shared.clock import now
from shared.errors import NotFound
from shared.ids import new_id
from shared.viewer import Viewer
from shared.web import links, session, tokens
from shared.web.own_links import without_tokens
from tests.support.contacts_addresses import CANARY, filled
from tests.support.ideas import an_idea
from tests.support.pages import PAYLOADS, Elements
from tests.support.signed_in import client_for, form_token, post

KIM, ADMIN = "kontakt@krokom.example", "boss@region.example"
HERE = Viewer(KIM, contact_of=frozenset({"krokom"}))
PLACE = sessions.Place("192.0.2.7", "Firefox")


@pytest.fixture
def kim(app):
    return client_for(app, KIM, "contact:krokom")


@pytest.fixture
def new(database, web_settings, sluice) -> Callable[..., Idea]:
    def new(**more) -> Idea:
        with database.transaction() as transaction:
            return an_idea(transaction, web_settings, sluice, **more)

    return new


def stored(database, idea: Idea) -> Idea:
    with database.transaction() as transaction:
        return transaction.get_one(Idea, idea.id)


# --- Cookies, sessions, and where one is led.

LEADS = [
    "//evil.example", "https://evil.example/kontakt/", "/kontakt/\\evil.example", "\\\\evil.example", "/kontakt/../x",
    "/kontakt/..//evil.example", "/kontakt/%2e%2e//evil.example", "/kontakt/.%2E/api/intake", "/kontakt/%2E%2e/x",
    "/kontakt/\r\nSet-Cookie: a=b", "/kontakt/\tx", "/kontakt", "kontakt/", "javascript:x", "/kontaktx/", "", "/",
    "/kontakt/\u2025/x", "/kontakt/" + "x" * 2000, " /kontakt/",
]  # fmt: skip


@pytest.mark.parametrize("lead", LEADS)
def test_nobody_is_led_out_of_the_contacts_pages(kim, lead: str) -> None:
    for path in (session.SIGN_IN, session.RENEW):
        answer = kim.get(path, query_string={"next": lead})
        location = answer.headers["Location"]
        assert answer.status_code == 303
        assert not urlsplit(location).netloc
        assert normpath(unquote(urlsplit(location).path)).startswith("/kontakt")
        assert "Set-Cookie" not in answer.headers


def test_a_cookie_altered_in_any_part_or_taken_for_another_is_nobodys(app, web_settings, new) -> None:
    signer = web_settings.signer
    plain = session.issue(signer, KIM, ["contact:krokom"], now())
    kept = session.issue(signer, KIM, ["contact:krokom"], now(), session_id=str(new_id()))
    forged = []
    for value in (plain, kept):
        body, _, signature = value.rpartition("|")
        identity, name, roles, end = body.split("|")
        for parts in (
            (identity, name, "administrator", end), (identity, name, f"{roles}+administrator", end),
            (identity, "boss%40region.example", roles, end), (identity, name, roles, str(int(end) + 3600)),
            (str(new_id()), name, roles, end), (f"{identity}{name}", "x", roles, end), ("", name, roles, end, ""),
        ):  # fmt: skip
            forged.append("|".join((*parts, signature)))
        forged += [value[:-1], value + "a", value.replace("|", ""), "|" + value, f"{body}|", signature, body]
    forged += [plain.replace("|", kept.split("|")[0] + "|", 1), kept.split("|", 1)[1], f"|{kept.split('|', 1)[1]}"]
    let_in = [value for value in forged if session.read(signer, value, now()) is not None]
    assert let_in == []
    assert len(forged) >= 30
    other = links.act_token(signer, "svara", new_id(), new_id())
    assert session.read(signer, f"|x|administrator|9999999999|{other[-26:]}aaaaaa", now()) is None


def test_a_foreign_site_replays_no_form_by_way_of_the_renewal(app, database, web_settings, new) -> None:
    idea = new()
    with database.transaction() as transaction:
        identity = sessions.begin_session(transaction, KIM, "link", PLACE, now())
    old = session.issue(web_settings.signer, KIM, ["contact:krokom"], now() - session.FRESH * 2, session_id=identity)
    target = f"/kontakt/ide/{idea.reference}/anteckna"
    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {}):
        browser = app.test_client()
        browser.set_cookie(session.COOKIE, old, path=session.PATH)
        answer = browser.post(
            f"{session.RENEW}?next={target}", data={"text": "Ditsmugglat"}, headers=headers, follow_redirects=True
        )
        assert answer.status_code == 403
    with database.transaction() as transaction:
        assert transaction.scalar(select(func.count()).where(TimelineEntry.text == "Ditsmugglat")) == 0
        assert transaction.get_one(SignedIn, identity).ended_at is None


def test_renewing_a_cookie_takes_back_no_new_sign_in_and_no_sign_out(app, database, web_settings) -> None:
    signer, token = web_settings.signer, sign_in.new_token()

    def ran_out() -> tuple[FlaskClient, str]:
        with database.transaction() as transaction:
            identity = sessions.begin_session(transaction, KIM, "link", PLACE, now())
        browser, moment = app.test_client(), now() - session.FRESH * 2
        old = session.issue(signer, KIM, ["contact:krokom"], moment, session_id=identity)
        browser.set_cookie(session.COOKIE, old, path=session.PATH)
        return browser, signer.token("session-form", identity, length=32)

    with database.transaction() as transaction:
        row = SignInLink(
            id=new_id(), token_hash=hashlib.sha256(token.encode()).digest(), address=KIM, browser_hash=b"x",
            asked_at=now(), asked_from="", expires_at=now() + sign_in.HOLDS,
        )  # fmt: skip
        transaction.add(row)
    entering, _ = ran_out()
    assert entering.post(f"{session.SIGN_IN}/{token}", data={"confirmed": "yes"}).status_code == 303
    assert entering.get("/kontakt/").status_code == 200
    leaving, form = ran_out()
    assert leaving.post("/kontakt/ut", data={"form_token": form}).status_code == 303
    assert leaving.get_cookie(session.COOKIE, path=session.PATH) is None


def test_an_address_that_only_looks_like_a_contacts_lets_nobody_in(database) -> None:
    for address in ("\u212aontakt@krokom.example", "kontakt@\u212arokom.example", "\uff4bontakt@krokom.example"):
        with pytest.raises(NotFound), database.transaction() as transaction:
            sign_in.enter_vouched(transaction, address, next_path="/kontakt/", place=PLACE, moment=now())
    with database.transaction() as transaction:
        assert sign_in.enter_vouched(transaction, KIM.upper(), next_path="", place=PLACE, moment=now()).person


# --- What leaks.


def every_link(settings) -> list[tuple[str, str]]:
    """One of every kind of link that ``shared.web.links`` makes, with the function's name."""
    some = {
        "reference": "KRO-2026-0042", "address": "åsa@krokom.example", "token": CANARY, "category": "news", "act": "svara",
    }  # fmt: skip
    found = []
    for name, make in inspect.getmembers(links, inspect.isfunction):
        if name.endswith("_url"):
            names = list(inspect.signature(make).parameters)[1:]
            found.append((name, make(settings, *(some.get(one, new_id()) for one in names))))
    return found


def test_no_kind_of_link_keeps_its_token_in_words_for_others(web_settings) -> None:
    every = every_link(web_settings)
    for name, url in every:
        token = re.search(r"[a-z2-7]{26}(?=$|/avsluta)", url)[0]
        for words in (f"> {url}\n> mer", url, f"<{url}>"):
            assert token[:16] not in without_tokens(words), name
        for end in range(url.index(token) + 14, url.index(token) + 27):  # cut off at the end of a short text
            assert token[:12] not in without_tokens(f"Se {url[:end]}"), (name, end)
    assert len(every) >= 14


def test_a_reason_for_closing_carries_no_link_to_the_submitter(kim, database, web_settings, sluice, new) -> None:
    idea = new()
    url = links.contact_url(web_settings, idea.reference, sluice.contacts[0].id)
    fields = {"version": "1", "to": "closed", "answer": "Nej.", "close_reason": f"Se {url}", "do": "send"}
    assert post(kim, f"/kontakt/ide/{idea.reference}/svara", **fields).status_code == 303
    assert stored(database, idea).close_reason == f"Se {url.partition('t=')[0]}t=…"


def test_no_signed_page_is_kept_and_no_token_is_logged(app, database, web_settings, sluice, new) -> None:
    idea = new()
    boss = client_for(app, ADMIN, "administrator")
    known = {"reference": idea.reference, "slug": "krokom", "identity": sluice.contacts[0].id}
    with capture_logs() as lines:
        for path in filled(app, "GET", **known):
            answer = boss.get(f"{path}?t={CANARY}")
            assert answer.headers["Cache-Control"] == "private, no-store", path
            assert answer.headers["Referrer-Policy"] == "no-referrer", path
            assert answer.status_code < 500, path
        for path in filled(app, "POST"):
            assert boss.post(path, data={"token": CANARY, "form_token": CANARY}).status_code < 500, path
    assert len(lines) > 80
    assert CANARY not in repr(lines)


def test_nobodys_words_run_on_any_signed_page(app, database, web_settings, sluice) -> None:
    payload = " ".join(PAYLOADS)
    with database.transaction() as transaction:
        idea = an_idea(transaction, web_settings, sluice, title=payload, text=payload, submitter_name=payload)
        tag_idea(transaction, HERE, idea.reference, name=PAYLOADS[2], version=None)
        note_idea(transaction, HERE, idea.reference, text=payload)
        publish.publish(transaction, HERE, idea.reference, version=2, title=PAYLOADS[3], text=payload)
        sessions.begin_session(transaction, KIM, "link", sessions.Place(payload, payload), now())
        transaction.add(
            Comment(
                id=new_id(), idea_id=idea.id, name=payload, address="n@x.example", text=payload, at=now(),
                confirmed_at=now(), state="held",
            )
        )  # fmt: skip
        transaction.execute(update(Contact).where(Contact.id == sluice.contacts[0].id).values(name=payload))
        transaction.execute(update(Sluice).where(Sluice.id == sluice.id).values(name=payload))
    known = {"reference": idea.reference, "slug": "krokom", "identity": sluice.contacts[0].id}
    for who, roles in ((ADMIN, ["administrator"]), (KIM, ["contact:krokom"])):
        browser = client_for(app, who, *roles)
        for path in filled(app, "GET", **known):
            answer = browser.get(
                path, query_string={"q": payload, "gjort": payload, "klart": payload, "sparat": payload}
            )
            if answer.mimetype == "text/html":
                page = re.sub(r'<script src="/static/[a-z]+\.js\?v=[0-9a-f]+" defer></script>', "", answer.text)
                assert not Elements(page).can_run, path


def test_no_site_adds_to_the_policy_that_it_stands_in() -> None:
    hostile = [
        "https://a.se; script-src *", "https://a.se 'unsafe-inline'", "https://*", "*", "data:", "https://a.se,b", "'none'",
        "https://a.se\nX: y", "https://u@a.se", "javascript://a.se", "https://a.se:443;x", "https://a.se\u3000x",
    ]  # fmt: skip
    kept = [found for found in map(read_origin, hostile) if found is not None]
    assert all(re.fullmatch(r"https?://[a-z0-9.-]+(:\d+)?", origin) for origin in kept), kept


def test_a_token_of_a_few_scopes_beside_a_cookie_opens_no_form(app, kim, web_settings, new) -> None:
    """A request with a bearer token needs no form token: so it must act as that token, never as the cookie."""
    narrow = tokens.issue(web_settings.signer, name="narrow", scopes=["intake:read"])
    answer = kim.post(
        f"/kontakt/ide/{new().reference}/anteckna", data={"text": "x"}, headers={"Authorization": f"Bearer {narrow}"}
    )
    assert answer.status_code == 403
    assert form_token(app, kim)

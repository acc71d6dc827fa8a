"""Attacks on what is another's: every address of rsvp's, by those who are near it and may not."""

from __future__ import annotations

import re
from types import SimpleNamespace
from uuid import UUID

import pytest
from sqlalchemy import create_engine, text

from services.rsvp.app import create_app
from services.rsvp.store.day_tables import CaughtIdea, Feedback, SummaryReader
from services.rsvp.store.guest_tables import AddressBook, BookEntry, ListDraft, Mailing, Proposal
from services.rsvp.store.tables import EndedAccess, HostQuestion
from services.rsvp.usecases import plan_by_api
from shared.clock import now
from shared.db import Database, Role, admin_url
from shared.ids import new_id
from shared.viewer import Viewer
from shared.web import ended, links
from shared.web import session as signed_in
from tests.support.events import a_guest, a_sluice, an_event
from tests.support.signed_in import client_for, form_token

CANARY = "Kanariegunilla"
FREE = {"/kontakt/traffar/", "/kontakt/traffar/ny", "/kontakt/traffar/turne/ny", "/kontakt/traffar/adressbocker/"}
"""Pages of nobody's in particular: what they show is asked for below."""


@pytest.fixture(scope="module")
def app(module_settings):
    found = create_app(module_settings)
    yield found
    found.extensions["idesluss_database"].dispose()


@pytest.fixture(scope="module")
def database(module_settings):
    found = Database(module_settings, Role.RSVP, pool_size=2)
    yield found
    found.dispose()


@pytest.fixture(scope="module")
def all_rows(module_settings):
    engine = create_engine(admin_url(module_settings))

    def read() -> dict[str, str]:
        with engine.connect() as connection:
            names = connection.execute(
                text("SELECT schemaname || '.' || tablename FROM pg_tables WHERE schemaname IN ('rsvp', 'bus')")
            ).scalars()
            query = "SELECT coalesce(md5(string_agg(row::text, '' ORDER BY row::text)), '') FROM {} row"
            return {name: connection.execute(text(query.format(name))).scalar_one() for name in names}

    yield read
    engine.dispose()


@pytest.fixture(scope="module")
def theirs(database):
    """Krokom's event with one of everything, its tour with a stop in Berg, its address book; and Berg's own event."""
    moment, viewer = now(), Viewer("kim@krokom.example", contact_of=frozenset({"krokom"}))
    with database.transaction() as db:
        a_sluice(db, "berg")
        event = an_event(db, workshop_open=True, themes=["Fika"], title={"sv": f"{CANARY}s träff"})
        draft = an_event(db, state="draft", published_at=None)
        own = an_event(db, sluice_slug="berg")
        guest = a_guest(
            db, event, name=CANARY, answer="yes", state="coming", arrival=1, diet=CANARY, address="k@offer.example"
        )
        book = AddressBook(id=new_id(), sluice_slug="krokom", name=CANARY, created_by="kim")
        db.add(book)
        db.flush()
        entry = BookEntry(
            id=new_id(), book_id=book.id, name=CANARY, address="b@x.example", address_key="b@x.example", language="sv"
        )
        row = {"row": 2, "name": CANARY, "address": "l@x.example", "organisation": "", "language": "sv"}
        kept = {"name": CANARY, "rows": [row], "faults": [], "created_by": "kim"}
        drafts = [
            ListDraft(id=new_id(), event_id=event.id, **kept),
            ListDraft(id=new_id(), book_id=book.id, **kept),
        ]
        whole = {"facts": {}, "after": None, "guests": None, "upto": None}
        mailing = Mailing(id=new_id(), event_id=event.id, kind="invitation", key="k", facts=whole, created_by="")
        proposal = Proposal(
            id=new_id(), guest_id=guest.id, via="mail", sender="k@offer.example", text=CANARY, answer="no", reason="mail",
            at=moment,
        )  # fmt: skip
        caught = CaughtIdea(
            id=new_id(),
            event_id=event.id,
            key="nyckel",
            title=CANARY,
            text=CANARY,
            language="sv",
            at=moment,
            held="form-fast",
        )
        question = HostQuestion(
            id=new_id(), event_id=draft.id, name="Värd", address="v@berg.example", language="sv", state="open",
            proposals=[{"starts_at": moment.isoformat(), "ends_at": moment.isoformat()}], asked_at=moment, asked_by="kim",
        )  # fmt: skip
        reader = SummaryReader(
            id=new_id(), event_id=event.id, address="r@x.example", address_key="r@x.example", language="sv"
        )
        opinion = Feedback(guest_id=guest.id, event_id=event.id, rating=1, text=CANARY, at=moment)
        db.add_all([entry, *drafts, mailing, proposal, caught, question, reader, opinion])
        plan, stops = {"title": {"sv": "Kalasturné"}, "languages": ["sv"]}, [("krokom", None), ("berg", None)]
        tour = plan_by_api.create_tour(db, viewer, "krokom", plan, stops, moment=moment)
        return SimpleNamespace(
            slug=event.slug, draft_slug=draft.slug, own=own.slug, tour=tour.slug, guest=guest.id, proposal=proposal.id,
            event_draft=drafts[0].id, book_draft=drafts[1].id, mailing=mailing.id, caught=caught.id, book=book.id,
            entry=entry.id, question=question.id, reader=reader.id, event=event.id, code=event.workshop_code,
        )  # fmt: skip


def addresses(app, method, it, *, slug=None) -> list[str]:
    """Every address that takes the method, with Krokom's things in its places, at ``slug``'s event where one is given."""
    found = set()
    for rule in app.url_map.iter_rules():
        if (
            method not in rule.methods
            or not rule.rule.startswith("/kontakt/traffar/")
            or rule.rule in FREE
            or rule.rule.endswith("/vakt.js")
        ):
            continue
        is_tour = "/turne/" in rule.rule
        draft = it.book_draft if "<uuid:book_id>" in rule.rule else it.event_draft
        known = {
            "slug": it.tour if is_tour else slug or it.slug, "stop": f"{it.tour}-berg", "guest_id": it.guest, "form": "csv",
            "proposal_id": it.proposal, "draft_id": draft, "mailing_id": it.mailing, "caught_id": it.caught,
            "book_id": it.book, "entry_id": it.entry, "code": "XXXX",
        }  # fmt: skip
        for choice in re.findall(r"<any\(([^)]*)\)", rule.rule) or [""]:
            for act in choice.split(","):
                path = re.sub(r"<any\([^>]*>", act.strip(), rule.rule)
                found.add(re.sub(r"<(?:\w+:)?(\w+)>", lambda name, known=known: str(known[name[1]]), path))
    return sorted(found)


FIELDS = {
    "version": "1", "do": "discard", "act": "stang", "reason": "x", "capacity": "3", "answer": "yes", "name": "x",
    "address": "x@x.example", "language": "sv", "key": "k2", "kind": "invitation", "list": "Åsa;asa@x.example", "tells": "yes",
    "text-sv": "x", "themes": "x", "came": "1", "queue": "[]", "sluice": "krokom", "order": "x", "party_size": "1",
    "title-sv": "x", "pick": "0", "p0-day": "2030-01-01", "p0-starts": "09:00", "p0-ends": "12:00", "publish": "yes",
}  # fmt: skip


@pytest.mark.parametrize("who", ["coach", "nobody", "ended"])
def test_nobody_reads_or_changes_what_is_another_municipalitys(app, database, all_rows, theirs, who) -> None:
    if who == "ended":
        client = app.test_client()
        value = signed_in.issue(
            app.extensions["idesluss"].signer, "kim@krokom.example", ["contact:krokom"], now(), session_id="slut"
        )
        client.set_cookie(signed_in.COOKIE, value, path=signed_in.PATH)
        with database.transaction() as db:
            db.merge(EndedAccess(kind="session", name="slut", at=now()))
        with app.app_context():
            ended.forget()
    else:
        roles = {"contact": ["contact:berg"], "coach": ["coach:berg"], "nobody": []}[who]
        client = client_for(app, "bo@berg.example", *roles)
    before = all_rows()
    gets, posts = addresses(app, "GET", theirs), addresses(app, "POST", theirs)
    assert len(gets) > 40
    assert len(posts) > 40
    wrong = {}
    for path in gets:
        for method in ("GET", "HEAD"):
            answer = client.open(path, method=method)
            wanted = {404} if who in ("contact", "coach") else {303}
            if answer.status_code not in wanted or CANARY in answer.text:
                wrong[f"{method} {path}"] = answer.status_code
    token = form_token(app, client)
    for path in posts:
        answer = client.post(path, data={**FIELDS, "guest": str(theirs.guest), "form_token": token})
        if answer.status_code not in ({404} if who in ("contact", "coach") else {303, 403}) or CANARY in answer.text:
            wrong[f"POST {path}"] = answer.status_code
    assert wrong == {}
    assert {name for name, sign in all_rows().items() if sign != before[name]} == set()


def test_what_lies_in_one_event_is_not_reached_through_another(app, all_rows, theirs) -> None:
    """Somebody who answers for Berg has an event of their own, and knows the ids of Krokom's."""
    bo, before = client_for(app, "bo@berg.example", "contact:berg"), all_rows()
    token = form_token(app, bo)
    ids = [str(each) for each in (theirs.guest, theirs.event_draft, theirs.mailing, theirs.caught, theirs.proposal)]
    wrong = {}
    for method in ("GET", "POST"):
        paths = [path for path in addresses(app, method, theirs, slug=theirs.own) if any(each in path for each in ids)]
        assert len(paths) >= 4
        for path in paths:
            answer = bo.open(path, method=method, data={**FIELDS, "form_token": token} if method == "POST" else None)
            if (
                answer.status_code != 404 and "gjort=" not in answer.headers.get("Location", "")
            ) or CANARY in answer.text:
                wrong[f"{method} {path}"] = answer.status_code
    at = f"/kontakt/traffar/{theirs.own}"
    tick = bo.post(f"{at}/dorren/kom", data={"guest": str(theirs.guest), "came": "1", "form_token": token})
    books = bo.post(f"{at}/inbjudningar/adressbocker", data={"book": str(theirs.book), "form_token": token})
    assert (tick.status_code, books.status_code) == (409, 404)
    for path in FREE | {at + "/gaster"}:
        assert CANARY not in bo.get(path).text, path
    assert wrong == {}
    assert {name for name, sign in all_rows().items() if sign != before[name]} == set()


LOGGED = ("export.csv", "export.xlsx", "narvaro.csv", "narvaro.xlsx", "koket.csv", "koket.xlsx")
"""Whoever takes guests out of the house is noted in the event's history."""


def test_looking_changes_nothing_and_lies_in_no_cache(app, all_rows, theirs, module_settings) -> None:
    kim, nobody = client_for(app, "kim@krokom.example", "contact:krokom"), app.test_client()
    before = all_rows()
    signer = module_settings.signer
    secret = {
        f"/svar/{links.id_token(signer, links.REPLY, theirs.guest)}{tail}": nobody for tail in ("", "/kod.svg", "/radera")
    } | {
        f"/svar/{name}/{links.id_token(signer, purpose, identity)}": nobody
        for name, purpose, identity in (
            ("forslag", links.PROPOSAL, theirs.proposal), ("vard", links.HOST, theirs.question),
            ("tyck", links.FEEDBACK, theirs.guest), ("summering", links.SUMMARY_READER, theirs.reader),
        )
    }  # fmt: skip
    secret |= dict.fromkeys((*addresses(app, "GET", theirs), *FREE), kim)
    public = [f"/traffar/{theirs.slug}{tail}" for tail in ("", "/kalender.ics", "/summering", f"/ide/{theirs.code}")]
    public += ["/traffar/", "/traffar/kalender.ics", "/traffar/kalender/krokom.ics", f"/embed/traff/{theirs.slug}"]
    wrong = {}
    for path, client in {**secret, **dict.fromkeys(public, nobody)}.items():
        for method in ("HEAD", "GET"):
            answer = client.open(path, method=method, buffered=True)
            if answer.status_code not in (200, 303) and "/dorren/XXXX" not in path:
                wrong[path] = answer.status_code
            if path in secret:
                seen = (
                    answer.headers["Cache-Control"],
                    answer.headers["Referrer-Policy"],
                    answer.headers.get("X-Frame-Options"),
                )
                if seen != ("private, no-store", "no-referrer", "DENY"):
                    wrong[path] = seen
    assert wrong == {}
    assert {name for name, sign in all_rows().items() if sign != before[name]} <= {"rsvp.change"}


def test_a_link_opens_what_it_was_made_for_and_nothing_else(app, all_rows, theirs, module_settings) -> None:
    client, signer, before = app.test_client(), module_settings.signer, all_rows()
    doors = {
        "/svar/{}": (links.REPLY, theirs.guest), "/svar/{}/kod.svg": (links.REPLY, theirs.guest),
        "/svar/{}/radera": (links.REPLY, theirs.guest), "/svar/{}/plats": (links.REPLY, theirs.guest),
        "/svar/forslag/{}": (links.PROPOSAL, theirs.proposal), "/svar/forslag/{}/fel": (links.PROPOSAL, theirs.proposal),
        "/svar/vard/{}": (links.HOST, theirs.question), "/svar/tyck/{}": (links.FEEDBACK, theirs.guest),
        "/svar/summering/{}": (links.SUMMARY_READER, theirs.reader),
        "/svar/summering/{}/sluta": (links.SUMMARY_READER, theirs.reader),
    }  # fmt: skip
    wrong = {}
    for door, (purpose, identity) in doors.items():
        right = links.id_token(signer, purpose, identity)
        others = {links.REPLY, links.PROPOSAL, links.HOST, links.FEEDBACK, links.SUMMARY_READER} - {purpose}
        tokens = [links.id_token(signer, other, identity) for other in others]
        tokens += [right[:-1], right.upper(), right + "a", right[:-1] + ("b" if right[-1] == "a" else "a"), right[:32]]
        tokens += [new_id().hex + right[32:], UUID(right[:32]).hex.upper() + right[32:], "%20" + right, "x"]
        for token in tokens:
            for method in ("GET", "POST"):
                answer = client.open(door.format(token), method=method, data={"answer": "no", "act": "ta", "pick": "0"})
                if answer.status_code not in (404, 405) or CANARY in answer.text:
                    wrong[f"{method} {door.format(token)}"] = answer.status_code
    assert wrong == {}
    assert all_rows() == before


def test_no_form_of_a_signed_in_page_is_taken_without_its_token_or_from_elsewhere(app, all_rows, theirs) -> None:
    kim, before = client_for(app, "kim@krokom.example", "contact:krokom"), all_rows()
    token = form_token(app, kim)
    paths = [*addresses(app, "POST", theirs), *(path for path in FREE if path != "/kontakt/traffar/")]
    answers = {}
    for path in paths:
        foreign = kim.post(path, data={**FIELDS, "form_token": token}, headers={"Sec-Fetch-Site": "cross-site"})
        answers[path] = (kim.post(path, data=FIELDS).status_code, foreign.status_code)
    assert {path: codes for path, codes in answers.items() if codes != (403, 403)} == {}
    assert all_rows() == before

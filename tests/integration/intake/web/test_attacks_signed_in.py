"""Attacks on whoever is signed in, and by them: what is another's stays theirs, and no link or cookie becomes more."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import func, select, text, update

from services.intake.store.public_tables import Comment, News
from services.intake.store.tables import Contact, Idea, TimelineEntry
from services.intake.store.work_tables import Act, IdeaTag
from services.intake.usecases import acts, administer_people, publish, sessions, sign_in, submitter
from services.intake.usecases.access import own_idea
from services.intake.usecases.announce import Announcer
from services.intake.usecases.assign_idea import assign_idea
from services.intake.usecases.note_idea import note_idea
from services.intake.usecases.pass_on import pass_on, share
from services.intake.usecases.tag_idea import tag_idea, untag
from shared.clock import now
from shared.errors import Conflict, NotFound
from shared.ids import new_id
from shared.viewer import Viewer
from shared.web import links
from tests.support.contacts_addresses import filled
from tests.support.ideas import a_draft, a_file, a_mail, a_message, a_sluice, an_idea
from tests.support.signed_in import client_for, post
from tests.support.waiting import wait_until

KIM, BO, ADMIN = "kontakt@krokom.example", "kontakt@berg.example", "boss@region.example"
HERE, THERE = Viewer(KIM, contact_of=frozenset({"krokom"})), Viewer(BO, contact_of=frozenset({"berg"}))
BOTH = Viewer(KIM, coach_of=frozenset({"krokom", "berg"}))
PLACE = sessions.Place("192.0.2.7", "Firefox")


@pytest.fixture(scope="module")
def berg(database):
    with database.transaction() as transaction:
        return a_sluice(transaction, slug="berg", code="BER", name="Bergs kommun")


@pytest.fixture
def kim(app):
    return client_for(app, KIM, "contact:krokom")


@pytest.fixture
def bo(app, berg):
    return client_for(app, BO, "contact:berg")


@pytest.fixture
def new(database, web_settings, sluice) -> Callable[..., Idea]:
    def new(**more) -> Idea:
        with database.transaction() as transaction:
            return an_idea(transaction, web_settings, sluice, **more)

    return new


def stored(database, idea: Idea) -> Idea:
    with database.transaction() as transaction:
        return transaction.get_one(Idea, idea.id)


# --- Another's ideas, by everybody who is near them but does not answer for them.


@pytest.mark.parametrize("near", ["foreign", "shared", "former"])
def test_nobody_acts_on_an_idea_that_they_do_not_answer_for(
    app, bo, database, web_settings, sluice, berg, near
) -> None:
    announcer = Announcer(web_settings)
    with database.transaction() as transaction:
        mail = a_mail(transaction, sluice)
        idea = an_idea(transaction, web_settings, sluice, mail=mail, files=[a_file()], set_apart="> citat")
        act = Act(id=new_id(), at=now(), actor=KIM, kind="assigned", changes=[])
        comment = Comment(
            id=new_id(), idea_id=idea.id, name="N", address="n@x.example", text="x", at=now(),
            confirmed_at=now(), state="held",
        )  # fmt: skip
        news = News(
            id=new_id(), sluice_id=sluice.id, slug=f"n-{near}", title="N", text="x", created_at=now(), actor=KIM
        )
        transaction.add_all([act, comment, news])
    with database.transaction() as transaction:
        if near == "shared":
            share(transaction, announcer, HERE, idea.reference, sluices_too=["berg"], version=None)
        elif near == "former":  # it was Berg's, and is Krokom's now
            transaction.get_one(Idea, idea.id).sluice_id = berg.id
            transaction.flush()
            pass_on(transaction, announcer, THERE, idea.reference, to="krokom", version=None)
    before = stored(database, idea).version
    fields = {
        "version": str(before), "do": "send", "to": "triage", "answer": "Hej.", "reason": "x", "title": "x", "text": "x",
        "question": "x", "name": "x", "into": idea.reference, "note": "x", "state": "shown", "was": "held", "sluice": "berg",
    }  # fmt: skip
    known = {
        "reference": idea.reference, "inbound_email_id": mail.id, "act_id": act.id, "comment_id": comment.id,
        "news_id": news.id,
    }  # fmt: skip
    skips = ("/admin/", "/du", "/ut", "/in", "/flera", "/nyheter/ny", "/brevlabb", "/gor/", "/bekrafta/")
    paths = [path for path in filled(app, "POST", **known) if not any(part in path for part in skips)]
    paths += [f"/kontakt/mejl/{mail.id}/{name}" for name in ("restore", "detach", "split", "release")]
    if near == "shared":
        paths.remove(f"/kontakt/ide/{idea.reference}/anteckna")
    answers = {path: post(bo, path, **fields).status_code for path in paths}

    assert {path: code for path, code in answers.items() if code != 404} == {}
    assert len(paths) >= 20
    assert stored(database, idea).version == before
    bulk = post(bo, "/kontakt/flera", act="tag", ideas=f"{idea.reference}:{before}", name="min")
    assert "not_yours" in bulk.headers["Location"]
    with database.transaction() as transaction:
        assert transaction.scalar(select(func.count()).where(IdeaTag.idea_id == idea.id)) == 0
        assert transaction.get_one(Comment, comment.id).state == "held"


def test_a_mail_of_an_idea_passed_on_is_read_by_both_and_undone_by_its_new_sluice(
    kim, bo, database, web_settings, sluice
) -> None:
    with database.transaction() as transaction:
        mail = a_mail(transaction, sluice)
        idea = an_idea(transaction, web_settings, sluice, mail=mail, set_apart="> citat")
        path = f"/kontakt/mejl/{mail.id}"
    with database.transaction() as transaction:
        pass_on(transaction, Announcer(web_settings), HERE, idea.reference, to="berg", version=None)
    assert "restore-reason" not in kim.get(path).text
    for act in ("restore", "detach", "split", "release"):
        assert post(kim, f"{path}/{act}", reason="x", title="x", text="x").status_code == 404
    assert [post(kim, f"/kontakt/hallna/mejl/{mail.id}", do=do).status_code for do in ("junk", "")] == [404, 404]
    assert post(bo, f"{path}/detach", reason="x").status_code == 404  # it would be Krokom's idea
    assert post(bo, f"{path}/restore", reason="hör till").status_code == 303
    assert stored(database, idea).text.endswith("> citat")


def test_a_former_sluice_reads_no_later_note_and_mends_no_address(kim, client, database, web_settings, sluice, new):
    idea = new()
    with database.transaction() as transaction:
        note_idea(transaction, HERE, idea.reference, text="Krokoms anteckning")
        a_message(transaction, idea, state="permanent-failure", reason="no-such-address")
    token = links.contact_token(web_settings.signer, idea.reference, sluice.contacts[0].id)
    by_link = f"/kontakt/ide/{idea.reference}?t={token}"
    assert "/kontakt/meddelande/" in client.get(by_link).text
    with database.transaction() as transaction:
        pass_on(transaction, Announcer(web_settings), HERE, idea.reference, to="berg", version=None)
    with database.transaction() as transaction:
        note_idea(transaction, THERE, idea.reference, text="Bergs anteckning")
    for page in (kim.get(f"/kontakt/ide/{idea.reference}").text, client.get(by_link).text):
        assert "Krokoms anteckning" in page
        assert "Bergs anteckning" not in page
        assert "/kontakt/meddelande/" not in page


# --- Somebody who was removed.


def test_no_link_of_a_removed_contact_opens_or_does_anything(app, client, database, web_settings, sluice, new) -> None:
    idea = new()
    with database.transaction() as transaction:
        draft = a_draft(transaction, web_settings, sluice, idea, "Ett utkast.")
    kim, signer = sluice.contacts[0], web_settings.signer
    before = stored(database, idea).version
    paths = [
        f"/kontakt/bekrafta/{links.confirm_token(signer, draft.id)}",
        f"/kontakt/ide/{idea.reference}?t={links.contact_token(signer, idea.reference, kim.id)}",
        *(links.act_path(signer, act, idea.id, kim.id) for act in links.ACTS),
    ]
    assert [client.get(path).status_code for path in paths] == [200] * 7
    with database.transaction() as transaction:
        transaction.execute(update(Contact).where(Contact.id == kim.id).values(removed_at=now()))
    try:
        seen = [client.get(path) for path in paths]
        did = [
            client.post(path, data={"token": path.rpartition("/")[2], "text": "x", "answer": "x", "version": before})
            for path in (paths[0], *paths[2:])
        ]
        with pytest.raises(NotFound), database.transaction() as transaction:
            sign_in.enter_vouched(transaction, KIM, next_path="/kontakt/", place=PLACE, moment=now())
    finally:
        with database.transaction() as transaction:
            transaction.execute(update(Contact).where(Contact.id == kim.id).values(removed_at=None))
    assert [answer.status_code for answer in (*seen, *did)] == [404] * 13
    assert not any(idea.title in answer.text for answer in (*seen, *did))
    assert stored(database, idea).version == before


# --- Undoing.


def undone(database, viewer: Viewer, act: Act) -> None:
    with database.transaction() as transaction:
        acts.undo(transaction, viewer, act.id)


def test_undoing_brings_nothing_back_that_was_taken_back_merged_or_passed_on(database, web_settings, new) -> None:
    announcer = Announcer(web_settings)
    for end in ("withdraw", "erase"):
        idea = new()
        with database.transaction() as transaction:
            publish.publish(transaction, HERE, idea.reference, version=1, title="Åsas idé", text="x")
            publish.unpublish(transaction, HERE, idea.reference, version=2)
            act = transaction.scalar(select(Act).where(Act.kind == "unpublished").order_by(Act.id.desc()))
        with database.transaction() as transaction:
            if end == "withdraw":
                submitter.withdraw(transaction, announcer, idea.reference, "")
            else:
                submitter.erase(transaction, announcer, idea.reference)
        with pytest.raises(Conflict):
            undone(database, HERE, act)
        assert stored(database, idea).published_at is None
    idea = new()
    with database.transaction() as transaction:
        tagged = tag_idea(transaction, BOTH, idea.reference, name="krokoms ord", version=None)
        tag = transaction.scalar(select(IdeaTag.tag_id).where(IdeaTag.idea_id == tagged.idea.id))
        done = untag(transaction, BOTH, idea.reference, tag=tag, version=None)
    with database.transaction() as transaction:
        pass_on(transaction, announcer, HERE, idea.reference, to="berg", version=None)
    with pytest.raises(Conflict):
        undone(database, BOTH, done.act)


def test_undoing_gives_no_idea_to_somebody_who_was_removed(database, web_settings, sluice, new) -> None:
    idea = new()
    with database.transaction() as transaction:
        gone = Contact(
            id=new_id(), sluice_id=sluice.id, name="Nils", address=f"{new_id().hex[:12]}@x.example", role="contact",
            language="sv",
        )  # fmt: skip
        transaction.add(gone)
        transaction.flush()
        transaction.get_one(Idea, idea.id).assigned_to = gone.id
        transaction.flush()
        act = assign_idea(transaction, Announcer(web_settings), HERE, idea.reference, to=None, version=None).act
        gone.removed_at = now()
    with pytest.raises(Conflict):
        undone(database, HERE, act)
    assert stored(database, idea).assigned_to is None


# --- Two at once.


def test_two_who_merge_crosswise_wait_for_each_other_10_of_10(app, kim, new, database) -> None:
    bosses = [client_for(app, ADMIN, "administrator") for _ in range(2)]
    codes = []
    with ThreadPoolExecutor(2) as pool:
        for _ in range(10):
            one, other = new(), new()
            jobs = [
                pool.submit(post, boss, f"/kontakt/ide/{a.reference}/sla-ihop", into=f" {b.reference.lower()}", version="1")
                for boss, a, b in zip(bosses, (one, other), (other, one), strict=True)
            ]  # fmt: skip
            codes.append(sorted(job.result().status_code for job in jobs))
            assert [stored(database, one).merged_into, stored(database, other).merged_into].count(None) == 1
    assert all(pair in ([303, 409], [303, 422]) for pair in codes), codes


def test_a_bulk_answer_pressed_twice_at_once_answers_each_once(app, database, new) -> None:
    ideas = [new(submitter=None) for _ in range(5)]
    fields = {"act": "move", "to": "triage", "answer": "Vi tittar.", "step": "sure"}
    fields["ideas"] = " ".join(f"{idea.reference}:1" for idea in ideas)
    with ThreadPoolExecutor(2) as pool:
        jobs = [pool.submit(post, client_for(app, KIM, "contact:krokom"), "/kontakt/flera", **fields) for _ in range(2)]
        assert [job.result().status_code for job in jobs] == [303, 303]
    with database.transaction() as transaction:
        asked = select(func.count()).where(
            TimelineEntry.idea_id.in_([idea.id for idea in ideas]), TimelineEntry.event == "answered"
        )
        assert transaction.scalar(asked) == 5


def test_whoever_assigns_does_not_lock_with_whoever_removes_that_person(database, web_settings, sluice, new) -> None:
    theirs, other = new(), new()
    with database.transaction() as transaction:
        gone = Contact(
            id=new_id(), sluice_id=sluice.id, name="Nils", address=f"{new_id().hex[:12]}@x.example", role="contact",
            language="sv",
        )  # fmt: skip
        transaction.add(gone)
        transaction.flush()
        transaction.get_one(Idea, theirs.id).assigned_to = gone.id

    def remove() -> None:
        with database.transaction() as transaction:
            administer_people.remove_person(transaction, ADMIN, "krokom", gone.id)

    def waits() -> bool:
        with database.transaction() as transaction:
            mine = "SELECT pid FROM pg_stat_activity WHERE datname = current_database()"
            return bool(
                transaction.scalar(text(f"SELECT count(*) FROM pg_locks WHERE NOT granted AND pid IN ({mine})"))
            )

    with ThreadPoolExecutor(1) as pool, database.transaction() as transaction:
        own_idea(transaction, HERE, theirs.reference)
        removal = pool.submit(remove)
        wait_until(waits)
        assign_idea(transaction, Announcer(web_settings), HERE, other.reference, to=gone.id, version=None)
        transaction.commit()
        removal.result()
    assert stored(database, theirs).assigned_to is None


# --- Fields that no form has.


def test_fields_that_no_form_has_change_nothing(kim, database, berg, new) -> None:
    idea = new()
    smuggled = {
        "sluice_id": str(berg.id), "stage": "implemented", "assigned_to": str(berg.contacts[0].id), "held": "x",
        "published_at": "2026-01-01", "public_title": "x", "submitter_address": "x@evil.example", "reference": "X",
        "role": "coach", "roles": "administrator", "address": "x@evil.example", "is_administrator": "1", "id": str(new_id()),
    }  # fmt: skip
    before = stored(database, idea)
    path = f"/kontakt/ide/{idea.reference}"
    assert post(kim, f"{path}/anteckna", text="x", **smuggled).status_code == 303
    assert post(kim, f"{path}/etiketter", name="x", version=1, **smuggled).status_code == 303
    assert post(kim, "/kontakt/du/sprak", language="sv", **smuggled).status_code == 303
    assert post(kim, "/kontakt/du/borta/krokom", until="", deputy=str(berg.contacts[0].id)).status_code == 422
    assert post(kim, "/kontakt/du/borta/berg", until="").status_code == 404
    assert post(kim, f"{path}/tilldela", to=str(berg.contacts[0].id), version=2).status_code == 422
    after = stored(database, idea)
    for name in smuggled.keys() & set(Idea.__table__.columns.keys()) - {"id"}:
        assert getattr(after, name) == getattr(before, name), name
    with database.transaction() as transaction:
        kim_now = transaction.scalar(select(Contact).where(Contact.address == KIM))
        assert (kim_now.role, kim_now.address, kim_now.deputy_id) == ("contact", KIM, None)

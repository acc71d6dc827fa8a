"""What contacts do to ideas: who hears of it, what is kept, what can be undone, and who may not."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import select

from services.intake.domain.idea import Stage
from services.intake.store import board, sluices
from services.intake.store.public_tables import Follower
from services.intake.store.tables import Idea, Sluice, TimelineEntry
from services.intake.usecases import acts, answer
from services.intake.usecases.access import seen_idea
from services.intake.usecases.announce import Announcer
from services.intake.usecases.ask_submitter import ask_submitter
from services.intake.usecases.assign_idea import assign_idea
from services.intake.usecases.merge_ideas import merge_ideas
from services.intake.usecases.move_idea import move_idea
from services.intake.usecases.note_idea import note_idea
from services.intake.usecases.pass_on import pass_on, share, unshare
from services.intake.usecases.release_idea import hold_idea, release_idea
from services.intake.usecases.tag_idea import tag_idea, tags_of, untag
from services.intake.usecases.tell_followers import TellFollowers
from shared.bus.tables import Message
from shared.clock import now
from shared.contracts.registry import FOLLOWERS_DUE
from shared.db import Database, Role
from shared.errors import Conflict, NotFound, Rejected
from shared.ids import new_id
from shared.mail import reply_addresses
from shared.viewer import Viewer
from tests.integration.intake.desk import VOUCHED, Desk, mail
from tests.support.ideas import a_draft, a_sluice, an_idea

KIM = Viewer("kontakt@krokom.example", contact_of=frozenset({"krokom"}))
BERG = Viewer("kontakt@berg.example", contact_of=frozenset({"berg"}))
WORDS = "Vi provar tre cyklar i vinter."


@pytest.fixture(scope="module")
def settings(module_settings):
    return module_settings


@pytest.fixture(scope="module")
def desk(module_settings):
    """Two sluices; mail arrives at the first."""
    database = Database(module_settings, Role.INTAKE, pool_size=4)
    with database.transaction() as session:
        krokom = a_sluice(session)
        sluices.add_contact(session, krokom.id, name="Bo Kollega", address="bo@krokom.example")
        a_sluice(session, slug="berg", code="BER", name="Bergs kommun")
        session.flush()
        krokom = sluices.profile(session, krokom.id)
    yield Desk(module_settings, database, krokom)
    database.dispose()


@pytest.fixture
def announcer(settings) -> Announcer:
    return Announcer(settings)


@pytest.fixture
def new(desk, settings):
    """Makes an idea in the first sluice."""

    def new(**more: Any) -> Idea:
        with desk.database.transaction() as session:
            return an_idea(session, settings, desk.sluice, **more)

    return new


@pytest.fixture
def did(desk):
    """One use case in one transaction, and what left by the outbox in it."""

    def did(act, *arguments: Any, **named: Any):
        with desk.database.transaction() as session:
            before = set(session.scalars(select(Message.id)))
            result = act(session, *arguments, **named)
            session.flush()
            asked = select(Message).where(Message.id.not_in(before)).order_by(Message.id)
            for row in session.scalars(asked).all():
                if row.name == FOLLOWERS_DUE.name:
                    TellFollowers(desk.settings)(session, FOLLOWERS_DUE.load(json.loads(row.payload)))
            session.flush()
            return result, [(row.name, json.loads(row.payload)) for row in session.scalars(asked)]

    return did


@pytest.fixture
def look(desk):
    def look(idea: Idea) -> Idea:
        with desk.database.transaction() as session:
            return session.get_one(Idea, idea.id)

    return look


def events(desk: Desk, idea: Idea) -> list[tuple[str, bool]]:
    return [(entry.event, entry.public) for entry in desk.timeline(idea)]


def letters(sent: list[tuple[str, dict[str, Any]]], kind: str) -> list[dict[str, Any]]:
    return [payload for name, payload in sent if name == "mail.wanted.v1" and payload["kind"] == kind]


def followed_by(desk: Desk, idea: Idea, address: str, **more: Any) -> Follower:
    columns = {"why": "supports", "asked_at": now(), "confirmed_at": now()} | more
    with desk.database.transaction() as session:
        follower = Follower(id=new_id(), idea_id=idea.id, address=address, **columns)
        session.add(follower)
        return follower


def test_an_answer_moves_the_idea_and_is_told_to_its_submitter_and_to_who_follows(desk, announcer, new, did, look):
    idea = new()
    with desk.database.transaction() as session:
        kept = session.get_one(Idea, idea.id)
        kept.public_title, kept.published_at = "Delade elcyklar", now()
        session.get_one(Sluice, kept.sluice_id).board = True
    followed_by(desk, idea, "foljer@annan.example", language="en")
    followed_by(desk, idea, "slutat@annan.example", ended_at=now())
    followed_by(desk, idea, "obekraftad@annan.example", confirmed_at=None)
    followed_by(desk, idea, "asa@krokom.example")

    _, sent = did(
        move_idea, announcer, KIM, idea.reference, to=Stage.DEVELOPING, answer=f" {WORDS}\n", version=idea.version
    )

    [(_, told)] = [each for each in sent if each[0] == "idea.answered.v1"]
    assert (told["text"], told["idea"]["stage"], told["stage_before"]) == (WORDS, "developing", "received")
    assert told["signed_by"] == "Kontaktperson, vård och omsorg"
    [followed] = letters(sent, "followed")
    assert followed["person"]["address"] == "foljer@annan.example"
    assert followed["facts"]["idea"]["title"] == "Delade elcyklar"
    assert idea.title not in json.dumps(followed, ensure_ascii=False)
    assert followed["facts"]["stop_url"]
    after = look(idea)
    assert (after.stage, after.version) == ("developing", idea.version + 1)
    first = after.answered_at
    assert first is not None
    did(move_idea, announcer, KIM, idea.reference, to=Stage.DECIDED, answer="Beslutat.", version=None)
    assert look(idea).answered_at == first
    assert [event for event in events(desk, idea) if event[0] == "answered"] == [("answered", True)] * 2


def test_closing_needs_a_reason_and_nothing_is_sent_without_words(desk, announcer, new, did, look):
    idea = new()
    for said, field in (
        ({"answer": " ", "to": Stage.TRIAGE}, "answer"),
        ({"answer": "x" * 50_001, "to": Stage.TRIAGE}, "answer"),
        ({"answer": WORDS, "to": Stage.CLOSED}, "close_reason"),
        ({"answer": WORDS, "to": Stage.CLOSED, "close_reason": " \n"}, "close_reason"),
    ):
        with pytest.raises(Rejected) as fault:
            did(move_idea, announcer, KIM, idea.reference, version=None, **said)
        assert fault.value.field == field
    assert look(idea).stage == "received"

    did(move_idea, announcer, KIM, idea.reference, to=Stage.CLOSED, answer=WORDS, close_reason="Finns redan", version=1)

    assert (look(idea).stage, look(idea).close_reason) == ("closed", "Finns redan")


def test_a_plain_answer_shows_that_somebody_looks_and_a_confirmed_draft_counts_the_same(
    desk, settings, announcer, new, did, look
):
    idea, drafted = new(), new()
    did(move_idea, announcer, KIM, idea.reference, to=Stage.RECEIVED, answer=WORDS, version=None)
    with desk.database.transaction() as session:
        draft = a_draft(session, settings, desk.sluice, session.get_one(Idea, drafted.id), WORDS)
    followed_by(desk, drafted, "foljer@annan.example")
    _, sent = did(answer.confirm, announcer, draft.id, WORDS)

    assert letters(sent, "followed")
    for one in (idea, drafted):
        after = look(one)
        assert (after.stage, after.version, after.answered_at is not None) == ("triage", 2, True)


def test_of_two_who_move_one_idea_at_once_exactly_one_wins(desk, announcer, new, look):
    idea = new()
    start = Barrier(2)

    def move(to: Stage) -> str:
        start.wait()
        try:
            with desk.database.transaction() as session:
                move_idea(session, announcer, KIM, idea.reference, to=to, answer=to.value, version=idea.version)
        except Conflict:
            return "told"
        return to.value

    with ThreadPoolExecutor(2) as both:
        came = list(both.map(move, (Stage.DEVELOPING, Stage.DECIDED)))

    assert sorted(came)[1] == "told"
    assert look(idea).stage == sorted(came)[0]
    assert [event for event, _ in events(desk, idea)].count("answered") == 1


def test_what_mailed_nobody_is_undone_unless_somebody_changed_it_since(desk, announcer, new, did, look):
    idea = new(submitter=None)
    moved, _ = did(move_idea, announcer, KIM, idea.reference, to=Stage.DEVELOPING, answer=WORDS, version=1)
    with pytest.raises(NotFound):
        did(acts.undo, BERG, moved.act.id)

    did(acts.undo, KIM, moved.act.id)
    did(acts.undo, KIM, moved.act.id)

    assert (look(idea).stage, look(idea).answered_at, look(idea).version) == ("received", None, 3)
    assert events(desk, idea)[-1] == ("undone", True)
    with desk.database.transaction() as session:
        assert board.answers(session, idea.id) == [], "an answer that was taken back is not shown to anybody"
    again, _ = did(move_idea, announcer, KIM, idea.reference, to=Stage.DEVELOPING, answer=WORDS, version=3)
    did(move_idea, announcer, KIM, idea.reference, to=Stage.DECIDED, answer=WORDS, version=4)
    with pytest.raises(Conflict):
        did(acts.undo, KIM, again.act.id)
    assert look(idea).stage == "decided"
    mailed, _ = did(move_idea, announcer, KIM, new().reference, to=Stage.TRIAGE, answer=WORDS, version=1)
    assert mailed.act is None


def test_a_question_is_answered_by_mail_into_the_same_idea(desk, announcer, new, did, look):
    idea = new()
    _, sent = did(ask_submitter, announcer, KIM, idea.reference, question="Vilka turer?", version=1)

    [letter] = letters(sent, "question")
    assert letter["person"]["address"] == "asa@krokom.example"
    assert look(idea).asked_at is not None
    desk.receive(mail("Sv: Elcyklar", "Morgonturerna."), recipient=letter["reply_to"])
    assert look(idea).asked_at is None
    assert events(desk, idea)[-2:] == [("asked", True), ("added", True)]
    with pytest.raises(Rejected):
        did(ask_submitter, announcer, KIM, new(submitter=None).reference, question="Vem?", version=None)
    with pytest.raises(Rejected):
        did(ask_submitter, announcer, KIM, new(held="forged").reference, question="Vem?", version=None)


def test_an_idea_is_given_to_one_person_who_hears_it_unless_they_took_it(desk, announcer, new, did, look):
    idea = new()
    kim, bo = desk.sluice.people
    taken, sent = did(assign_idea, announcer, KIM, idea.reference, to=kim.id, version=1)
    assert sent == []
    assert look(idea).assigned_to == kim.id
    did(acts.undo, KIM, taken.act.id)
    assert look(idea).assigned_to is None

    given, sent = did(assign_idea, announcer, KIM, idea.reference, to=bo.id, note="Du kan cyklar.", version=3)

    [letter] = letters(sent, "assigned")
    assert letter["person"]["address"] == "bo@krokom.example"
    assert letter["facts"]["note"] == "Du kan cyklar."
    assert given.act is None
    assert ("assigned", True) not in events(desk, idea)
    with desk.database.transaction() as session:
        stranger = sluices.profile_by_slug(session, "berg").contacts[0]
    with pytest.raises(Rejected):
        did(assign_idea, announcer, KIM, idea.reference, to=stranger.id, version=None)


def test_an_idea_passed_on_keeps_its_reference_and_mail_to_its_old_address_still_reaches_it(
    desk, settings, announcer, new, did, look
):
    idea = new(received_at=now())
    kim = desk.sluice.contacts[0]
    old_contact = desk.reply_address(idea, "kontakt", str(kim.id))
    _, sent = did(pass_on, announcer, KIM, idea.reference, to="berg", note="Er väg.", version=1)

    [letter] = letters(sent, "passed-on")
    assert letter["facts"]["former"] == "Krokoms kommun"
    assert letter["sluice"]["slug"] == "berg"
    [notice] = [payload for name, payload in sent if name == "idea.received.v1"]
    assert notice["submitter"] is None
    assert [contact["address"] for contact in notice["contacts"]] == ["kontakt@berg.example"]
    assert "Er väg." in notice["contact_notes"]
    with desk.database.transaction() as session:
        berg = sluices.profile_by_slug(session, "berg")
        assert look(idea).sluice_id == berg.id
        assert seen_idea(session, KIM, idea.reference).reference == idea.reference

    added = desk.receive(mail("Sv: Elcyklar", "En sak till."), recipient=desk.reply_address(idea))
    quoted = desk.receive(
        mail("Elcyklar igen", f"Om {idea.reference}", "Åsa <asa@krokom.example>", f"X-About: {idea.reference}").replace(
            "Elcyklar igen", f"Elcyklar {idea.reference}"
        ),
        verdict=VOUCHED,
    )
    former = desk.receive(mail("Sv: Ny idé", "Ring mig gärna.", f"Kim <{kim.address}>"), recipient=old_contact)

    assert added.idea_id == quoted.idea_id == former.idea_id == idea.id
    heard = desk.said("idea.added_to.v1")
    assert {contact["address"] for contact in heard[-1]["contacts"]} == {"kontakt@berg.example"}
    assert events(desk, idea)[-1] == ("added", False), "a former contact's reply is a note, no draft and not public"
    with pytest.raises(NotFound):
        did(move_idea, announcer, KIM, idea.reference, to=Stage.TRIAGE, answer=WORDS, version=None)
    with pytest.raises(NotFound):
        did(note_idea, KIM, idea.reference, text="Får inte.")
    _, sent = did(pass_on, announcer, BERG, idea.reference, to="krokom", version=None)
    assert {letter["person"]["address"] for letter in letters(sent, "assigned")} == {
        "kontakt@krokom.example",
        "bo@krokom.example",
    }
    with pytest.raises(Rejected):
        did(pass_on, announcer, KIM, idea.reference, to="krokom", version=None)


def test_a_sluice_that_an_idea_is_shared_with_sees_it_and_writes_notes_and_no_more(desk, announcer, new, did):
    idea = new()
    with pytest.raises(NotFound):
        did(note_idea, BERG, idea.reference, text="Vi också.")
    _, sent = did(share, announcer, KIM, idea.reference, sluices_too=["berg"], note="Gäller er?", version=1)

    [letter] = letters(sent, "assigned")
    assert letter["person"]["address"] == "kontakt@berg.example"
    did(note_idea, BERG, idea.reference, text="Vi också.")
    with desk.database.transaction() as session:
        there = Desk(desk.settings, desk.database, sluices.profile_by_slug(session, "berg"))
    replied = there.receive(mail("Sv", "Ja, hos oss med.", "Siv <kontakt@berg.example>"), recipient=letter["reply_to"])
    assert replied.idea_id == idea.id
    assert events(desk, idea)[-1] == ("added", False), "who shares an idea does not answer it: no draft"
    stray = desk.receive(mail("Sv", "Ja, hos oss med."), recipient=letter["reply_to"])
    assert stray.idea_id != idea.id, "Berg's contact is none of Krokom's"
    did(note_idea, BERG, idea.reference, text="Och en sak till.")
    with pytest.raises(NotFound):
        did(assign_idea, announcer, BERG, idea.reference, to=None, version=None)
    assert events(desk, idea)[-1] == ("noted", False)
    did(unshare, KIM, idea.reference, sluice="berg", version=None)
    with pytest.raises(NotFound):
        did(note_idea, BERG, idea.reference, text="Och nu?")


def test_merging_tells_every_submitter_and_lets_them_follow(desk, announcer, new, did, look):
    first = new(title="Cyklar", submitter="forsta@annan.example")
    second = new(title="Elcyklar i Nälden", submitter="andra@annan.example")
    third = new(title="Fler cyklar", submitter="tredje@annan.example")
    followed_by(desk, second, "foljer@annan.example")
    followed_by(desk, second, "forsta@annan.example")
    _, sent = did(merge_ideas, announcer, KIM, third.reference, into=second.reference, version=1)
    assert [letter["person"]["address"] for letter in letters(sent, "merged")] == ["tredje@annan.example"]

    _, sent = did(merge_ideas, announcer, KIM, second.reference, into=first.reference, answer="Tack.", version=None)

    [letter] = letters(sent, "merged")
    assert letter["person"]["address"] == "andra@annan.example"
    assert first.title not in json.dumps(letter["facts"]["into"]), "another's words are not ours to pass on"
    assert look(second).stage == "closed"
    assert first.reference in look(second).close_reason
    assert look(third).merged_into == look(second).merged_into == first.id
    with desk.database.transaction() as session:
        following = session.scalars(select(Follower).where(Follower.idea_id == first.id)).all()
        assert {(one.address, one.why) for one in following} == {
            ("andra@annan.example", "merged"),
            ("tredje@annan.example", "merged"),
            ("foljer@annan.example", "supports"),
        }
    assert look(first).supporters == 3
    _, sent = did(move_idea, announcer, KIM, first.reference, to=Stage.DECIDED, answer=WORDS, version=None)
    told = {letter["person"]["address"]: letter["facts"]["board_url"] for letter in letters(sent, "followed")}
    assert set(told) == {"andra@annan.example", "tredje@annan.example", "foljer@annan.example"}
    assert f"/i/{third.reference}?t=" in told["tredje@annan.example"]
    for one, into in ((first, second), (first, first), (second, first)):
        with pytest.raises(Rejected):
            did(merge_ideas, announcer, KIM, one.reference, into=into.reference, version=None)


def test_two_who_merge_two_ideas_crosswise_make_one_of_them(desk, announcer, new, look):
    one, other = new(), new()
    start = Barrier(2)

    def merge(pair: tuple[Idea, Idea]) -> bool:
        start.wait()
        try:
            with desk.database.transaction() as session:
                merge_ideas(session, announcer, KIM, pair[0].reference, into=pair[1].reference, version=1)
        except (Conflict, Rejected):
            return False
        return True

    with ThreadPoolExecutor(2) as both:
        assert sorted(both.map(merge, ((one, other), (other, one)))) == [False, True]
    assert [look(one).merged_into, look(other).merged_into].count(None) == 1


def test_tags_are_one_whatever_their_case_and_are_undone(desk, new, did):
    idea, other = new(), new()
    tagged, _ = did(tag_idea, KIM, idea.reference, name=" Vinter ", version=1)
    did(tag_idea, KIM, other.reference, name="vinter", version=1)
    did(tag_idea, KIM, idea.reference, name="VINTER", version=None)

    with desk.database.transaction() as session:
        [tag] = tags_of(session, idea.id)
        assert [tag.id] == [one.id for one in tags_of(session, other.id)]
    did(acts.undo, KIM, tagged.act.id)
    off, _ = did(untag, KIM, other.reference, tag=tag.id, version=None)
    with desk.database.transaction() as session:
        assert not tags_of(session, idea.id)
        assert not tags_of(session, other.id)
    did(acts.undo, KIM, off.act.id)
    with desk.database.transaction() as session:
        assert [one.name for one in tags_of(session, other.id)] == ["Vinter"]
    for name in ("", "x" * 51):
        with pytest.raises(Rejected):
            did(tag_idea, KIM, idea.reference, name=name, version=None)


def test_one_press_undoes_what_was_done_to_many(desk, announcer, new, did, look):
    ideas, kim = [new(), new()], desk.sluice.contacts[0]
    with desk.database.transaction() as session:
        act = acts.begin(session, KIM, "assigned")
        for idea in ideas:
            assign_idea(session, announcer, KIM, idea.reference, to=kim.id, version=None, act=act)
    did(acts.undo, KIM, act.id)
    assert [look(idea).assigned_to for idea in ideas] == [None, None]


@pytest.mark.parametrize("via", ["mail", "form"])
def test_a_held_idea_is_released_and_then_confirmed_by_whichever_way_it_came(
    desk, settings, announcer, new, did, look, via
):
    if via == "mail":
        received = desk.receive(mail("Klockor", via, "x <x@y.example>", "X-Spam-Flag: YES"))
        idea = desk.idea_of(received)
    else:
        idea = new(held="spam")
    with pytest.raises(Rejected):
        did(move_idea, announcer, KIM, idea.reference, to=Stage.TRIAGE, answer=WORDS, version=None)
    _, sent = did(release_idea, announcer, KIM, idea.reference, version=1)

    [(_, confirmed)] = sent
    assert (confirmed["held"], confirmed["no_confirmation"], confirmed["contacts"]) == (None, None, [])
    assert look(idea).held is None
    held, sent = did(hold_idea, KIM, idea.reference, reason="Reklam", version=2)
    assert sent == []
    did(acts.undo, KIM, held.act.id)
    assert look(idea).held is None


def test_an_administrator_acts_under_their_own_name(desk, announcer, new, did):
    boss = Viewer("chef@region.example", is_administrator=True)
    idea = new()
    did(move_idea, announcer, boss, idea.reference, to=Stage.TRIAGE, answer=WORDS, version=1)
    with desk.database.transaction() as session:
        entry = session.scalars(
            select(TimelineEntry).where(TimelineEntry.idea_id == idea.id, TimelineEntry.event == "answered")
        ).one()
    assert entry.actor == "chef@region.example"


def test_a_reply_address_is_not_another_sluices(desk, settings, new):
    idea = new()
    with desk.database.transaction() as session:
        berg = sluices.profile_by_slug(session, "berg")
    forged = reply_addresses.make(
        settings.signer, desk.sluice.address, "kontakt", idea.reference, str(berg.contacts[0].id)
    )
    assert desk.receive(mail("Sv", "Jag svarar åt er."), recipient=forged).idea_id != idea.id

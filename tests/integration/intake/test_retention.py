"""What retention removes and what it leaves: each rule, what is shared, runs that are killed, and two at once."""

from __future__ import annotations

import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import product
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select, text, update

from services.intake.domain.registry import RegistryState, may_be_removed
from services.intake.domain.retention import Rule, Rules
from services.intake.domain.sluice import SluiceProfile
from services.intake.store import files
from services.intake.store.data_tables import DataJob
from services.intake.store.public_tables import Follower
from services.intake.store.retention_tables import Removed
from services.intake.store.tables import (
    AnswerDraft,
    Attachment,
    Blob,
    Idea,
    InboundEmail,
    MailIdentity,
    RawMail,
    TimelineEntry,
)
from services.intake.usecases import administer_retention
from services.intake.usecases.retain import Retain, preview, rules_of
from shared.clock import now
from shared.contracts.registry import IDEAS_FORGOTTEN
from shared.db import Database, Role
from shared.errors import Conflict
from shared.ids import new_id
from shared.sane_clock import SaneClock
from shared.settings import Settings
from tests.support.ideas import a_draft, a_file, a_mail, a_message, a_sluice, an_idea
from tests.support.scan import columns_with

DECISION = "KS 2026/118 § 4"


@pytest.fixture
def database(settings: Settings) -> Iterator[Database]:
    found = Database(settings, Role.INTAKE, pool_size=4)
    yield found
    found.dispose()


@pytest.fixture
def sluice(database: Database) -> SluiceProfile:
    with database.transaction() as session:
        return a_sluice(session)


def retain(database: Database, **more: Any) -> Retain:
    return Retain(database, lambda: True, **more)


def let_rules(database: Database, sluice: SluiceProfile, **days: int) -> None:
    with database.transaction() as session:
        rules = Rules({Rule(name): number for name, number in days.items()}, DECISION)
        version = rules_of(session, sluice.id).version
        administer_retention.set_rules(session, "admin@region.example", sluice.slug, rules, version)


def aged(
    database: Database, settings: Settings, sluice: SluiceProfile, days: float, *, stage: str = "closed", **columns: Any
) -> UUID:
    """An idea with a mail, a file, a draft, a follower and a message, to which nothing has happened for so long."""
    then = now() - timedelta(days=days)
    title, content = columns.pop("title", "Elcyklar"), columns.pop("content", None)
    with database.transaction() as session:
        mail = a_mail(session, sluice, received_at=then)
        session.add(
            MailIdentity(sluice_id=sluice.id, message_id=mail.message_id, body_sha256=b"1", inbound_email_id=mail.id)
        )
        idea = an_idea(session, settings, sluice, title=title, mail=mail, submitter_name="Åsa Ek", received_at=then)
        files.keep(session, idea.id, mail.id, [a_file(content=content or idea.id.bytes)])
        a_draft(session, settings, sluice, idea, "Ett utkast till svar.")
        a_message(session, idea)
        session.add(Follower(id=new_id(), idea_id=idea.id, address="bo@krokom.example", why="supports", asked_at=then))
        idea.stage = stage
        for name, value in columns.items():
            setattr(idea, name, value)
        session.flush()
        session.execute(update(Idea).where(Idea.id == idea.id).values(updated_at=then))
        session.execute(update(TimelineEntry).where(TimelineEntry.idea_id == idea.id).values(at=then))
        return idea.id


def count(database: Database, table: Any, *where: Any) -> int:
    with database.transaction() as session:
        return session.scalars(select(func.count()).select_from(table).where(*where)).one()


def test_without_a_rule_nothing_is_ever_removed(database: Database, settings: Settings, sluice: SluiceProfile) -> None:
    aged(database, settings, sluice, 9_000)
    let_rules(database, sluice)

    assert not retain(database)()
    assert count(database, Idea) == 1
    assert count(database, DataJob) == 0


def test_no_rule_without_a_decision_not_even_past_our_own_code(database: Database, sluice: SluiceProfile) -> None:
    with pytest.raises(Exception, match="ck_retention_decision"), database.transaction() as session:
        administer_retention.set_rules(session, "x", sluice.slug, Rules({Rule.IDEAS: 30}, ""), 0)


def test_an_idea_goes_whole_and_only_its_number_stays(
    database: Database, settings: Settings, sluice: SluiceProfile
) -> None:
    gone = aged(database, settings, sluice, 40)
    young = aged(database, settings, sluice, 20)
    let_rules(database, sluice, ideas=30)

    assert retain(database)() == {Rule.IDEAS: 1}

    with database.transaction() as session:
        assert session.scalars(select(Idea.id)).all() == [young]
        left = session.scalars(select(Removed)).one()
        assert (left.idea_id, left.reference, left.decision) == (gone, "KRO-2026-0001", DECISION)
        job = session.scalars(select(DataJob)).one()
        assert (job.state, job.reason, job.counts, left.job_id) == ("done", DECISION, {"ideas": 1}, job.id)
        mail = session.scalars(select(InboundEmail).where(InboundEmail.removed_at.is_not(None)).limit(1)).one()
        assert (mail.envelope_from, mail.reading, mail.idea_id, mail.protocol) == ("", None, None, "ESMTP")
        raw = session.get_one(RawMail, mail.raw_id)
        assert (raw.raw, raw.size > 0, len(raw.sha256)) == (b"", True, 32)
        assert an_idea(session, settings, sluice).reference == "KRO-2026-0003"
        told = session.execute(
            text("SELECT payload FROM bus.message WHERE name = :name"), {"name": IDEAS_FORGOTTEN.name}
        )
        assert '"KRO-2026-0001"' in told.scalar_one()


@pytest.mark.parametrize(
    "columns",
    [
        {"kept": "Tvist i förvaltningsrätten"},
        {"published_at": now()},
        {"stage": "developing"},
    ],
    ids=lambda columns: "-".join(columns),
)
def test_what_must_stay_stays(
    database: Database, settings: Settings, sluice: SluiceProfile, columns: dict[str, Any]
) -> None:
    aged(database, settings, sluice, 400, **columns)
    let_rules(database, sluice, ideas=30, implemented=30)

    assert not retain(database)()
    assert count(database, Idea) == 1


def test_the_register_lets_go_what_its_own_rule_says(
    database: Database, settings: Settings, sluice: SluiceProfile
) -> None:
    stays = set()
    for state, is_handed_over in product(RegistryState, (True, False)):
        number = "KS 2026/7" if state is RegistryState.REGISTERED else None
        at = now() if is_handed_over else None
        columns = {"registry_state": state.value, "registry_number": number, "archived_at": at}
        idea = aged(database, settings, sluice, 400, **columns)
        if not may_be_removed(state, is_handed_over=is_handed_over):
            stays.add(idea)
    let_rules(database, sluice, ideas=30)

    retain(database)()

    with database.transaction() as session:
        assert set(session.scalars(select(Idea.id))) == stays != set()


def test_parts_stay_while_the_whole_goes_on_and_the_whole_while_it_has_parts(
    database: Database, settings: Settings, sluice: SluiceProfile
) -> None:
    whole = aged(database, settings, sluice, 400, stage="triage")
    part = aged(database, settings, sluice, 400, merged_into=whole)
    let_rules(database, sluice, ideas=30)
    assert not retain(database)()

    with database.transaction() as session:
        session.execute(update(Idea).where(Idea.id == whole).values(stage="closed"))
    assert retain(database)() == {Rule.IDEAS: 1}
    assert count(database, Idea, Idea.id == part) == 0
    assert retain(database)() == {Rule.IDEAS: 1}


def test_each_other_rule_takes_what_it_names_and_the_idea_stays(
    database: Database, settings: Settings, sluice: SluiceProfile
) -> None:
    aged(database, settings, sluice, 40, stage="implemented")
    aged(database, settings, sluice, 40, stage="developing")
    with database.transaction() as session:
        a_mail(session, sluice, kind="automatic-reply", received_at=now() - timedelta(days=40))
        a_mail(session, sluice, kind=None, read_at=None, received_at=now() - timedelta(days=40))
    let_rules(database, sluice, names=30, mails=30, strays=30, files=30, drafts=30, followers=30)

    done = retain(database)()

    assert {rule: done[rule] for rule in (Rule.NAMES, Rule.FILES, Rule.DRAFTS, Rule.FOLLOWERS)} == dict.fromkeys(
        (Rule.NAMES, Rule.FILES, Rule.DRAFTS, Rule.FOLLOWERS), 1
    )
    assert done[Rule.IDEAS] == 0
    assert [count(database, table) for table in (Idea, Attachment, Blob, AnswerDraft, Follower)] == [2, 1, 1, 1, 1]
    assert count(database, Idea, Idea.submitter_name == "", Idea.submitter_address.is_(None)) == 1
    assert count(database, InboundEmail, InboundEmail.read_at.is_(None), InboundEmail.removed_at.is_(None)) == 1
    assert count(database, InboundEmail, InboundEmail.removed_at.is_not(None), InboundEmail.idea_id.is_not(None)) > 0
    assert not retain(database)()


def test_shared_bytes_go_with_the_last_that_needs_them(
    database: Database, settings: Settings, sluice: SluiceProfile
) -> None:
    with database.transaction() as session:
        other = a_sluice(session, slug="berg", code="BER", name="Bergs kommun")
        mine = a_mail(session, sluice, kind="automatic-reply", received_at=now() - timedelta(days=40))
        theirs = InboundEmail(
            **{
                column.name: getattr(mine, column.name)
                for column in InboundEmail.__table__.columns
                if column.name not in ("id", "sluice_id")
            },
            id=new_id(),
            sluice_id=other.id,
        )
        session.add(theirs)
    first = aged(database, settings, sluice, 40, content=b"samma bild")
    second = aged(database, settings, other, 40, content=b"samma bild")
    let_rules(database, sluice, strays=30, ideas=30)
    retain(database)()

    raw = RawMail.id == mine.raw_id
    assert count(database, Idea, Idea.id == first) == 0
    assert count(database, RawMail, raw, RawMail.removed_at.is_(None)) == 1
    assert count(database, Blob) == 1

    let_rules(database, other, strays=30, ideas=30)
    retain(database)()
    assert count(database, Idea, Idea.id == second) == 0
    assert count(database, RawMail, raw, RawMail.raw == b"") == 1
    assert count(database, Blob) == 0


def test_a_file_that_comes_again_while_it_is_being_removed_is_kept(
    database: Database, settings: Settings, sluice: SluiceProfile
) -> None:
    aged(database, settings, sluice, 40, content=b"samma bild")
    fresh = aged(database, settings, sluice, 1, content=b"en annan")
    let_rules(database, sluice, ideas=30)

    with ThreadPoolExecutor(1) as pool:
        with database.transaction() as session:
            files.keep(session, fresh, None, [a_file(content=b"samma bild")])
            running = pool.submit(retain(database))
            with pytest.raises(TimeoutError):
                running.result(0.3)
        assert running.result(20) == {Rule.IDEAS: 1}
    assert count(database, Blob, Blob.content == b"samma bild") == 1


def test_a_stopped_run_goes_on_in_the_same_record_and_says_beforehand_what_it_will_do(
    database: Database, settings: Settings, sluice: SluiceProfile
) -> None:
    for _ in range(5):
        aged(database, settings, sluice, 40)
    let_rules(database, sluice, ideas=30, mails=30, names=30, files=30)
    with database.transaction() as session:
        said = {each.rule: each.count for each in preview(session, sluice.id, rules_of(session, sluice.id))}

    asked = iter([False, False, False, True])
    some = retain(database, portion=2, stops=lambda: next(asked))()
    with database.transaction() as session:
        assert session.scalars(select(DataJob.state)).all() == ["running"]
    rest = retain(database, portion=2)()

    assert 0 < sum(some.values()) < sum(said.values())
    with database.transaction() as session:
        job = session.scalars(select(DataJob)).one()
        assert (job.state, job.counts) == ("done", {rule.value: number for rule, number in said.items()})
    assert some + rest == said


def test_two_runners_remove_each_thing_once(database: Database, settings: Settings, sluice: SluiceProfile) -> None:
    for _ in range(8):
        aged(database, settings, sluice, 40)
    let_rules(database, sluice, ideas=30)

    with ThreadPoolExecutor(2) as pool:
        done = [job.result(60) for job in [pool.submit(retain(database, portion=2)) for _ in range(2)]]
    left = retain(database)()

    assert sum((each[Rule.IDEAS] for each in done), left[Rule.IDEAS]) == 8
    with database.transaction() as session:
        assert sum(job.counts["ideas"] for job in session.scalars(select(DataJob))) == 8
        assert session.scalars(select(DataJob.state).distinct()).all() == ["done"]
    assert (count(database, Idea), count(database, Removed)) == (0, 8)


def test_rules_changed_under_a_run_end_it(database: Database, settings: Settings, sluice: SluiceProfile) -> None:
    for _ in range(4):
        aged(database, settings, sluice, 40)
    let_rules(database, sluice, ideas=30)
    asked = iter(range(9))

    def changes_them() -> bool:
        if next(asked) == 1:
            let_rules(database, sluice)
        return False

    assert retain(database, portion=2, stops=changes_them)() == {Rule.IDEAS: 2}
    with pytest.raises(Conflict), database.transaction() as session:
        administer_retention.set_rules(session, "x", sluice.slug, Rules({}), 1)


def test_only_what_a_rule_allows_is_ever_removed(database: Database, settings: Settings, sluice: SluiceProfile) -> None:
    chance = random.Random(20261124)
    days = {rule: chance.choice([None, 20, 60]) for rule in Rule}
    let_rules(database, sluice, **{rule.value: number for rule, number in days.items() if number})
    ideas: dict[UUID, dict[str, Any]] = {}
    for _ in range(24):
        how = {
            "stage": chance.choice(["received", "developing", "closed", "closed", "implemented"]),
            "kept": chance.choice([None, None, None, "tvist"]),
            "published_at": chance.choice([None, None, now()]),
            "registry_state": chance.choice(["none", "none", "to-register", "not-needed"]),
        }
        age = chance.choice([10, 40, 90])
        ideas[aged(database, settings, sluice, age, **how)] = how | {"age": age}

    retain(database)()

    def allows(rule: Rule, how: dict[str, Any]) -> bool:
        number = days[rule]
        stages = {Rule.IDEAS: ("closed",), Rule.IMPLEMENTED: ("implemented",)}.get(rule, ("closed", "implemented"))
        return (
            number is not None
            and how["age"] >= number
            and how["stage"] in stages
            and how["kept"] is None
            and how["registry_state"] != "to-register"
            and (rule not in (Rule.IDEAS, Rule.IMPLEMENTED) or how["published_at"] is None)
        )

    with database.transaction() as session:
        left = {idea.id: idea for idea in session.scalars(select(Idea))}
        for idea_id, how in ideas.items():
            whole = allows(Rule.IDEAS, how) or allows(Rule.IMPLEMENTED, how)
            assert (idea_id not in left) is whole, how
            if whole:
                continue
            holds = {
                table: session.scalars(select(func.count()).select_from(table).where(table.idea_id == idea_id)).one()
                > 0
                for table in (Attachment, AnswerDraft, Follower)
            }
            assert (left[idea_id].submitter_name == "") is allows(Rule.NAMES, how), how
            assert holds == {
                Attachment: not allows(Rule.FILES, how),
                AnswerDraft: not allows(Rule.DRAFTS, how),
                Follower: not allows(Rule.FOLLOWERS, how),
            }, how
            emptied = session.scalars(select(InboundEmail.removed_at).where(InboundEmail.idea_id == idea_id)).all()
            assert all((at is not None) is allows(Rule.MAILS, how) for at in emptied), how


def test_nothing_anywhere_holds_the_words_of_a_removed_idea(
    database: Database, settings: Settings, sluice: SluiceProfile
) -> None:
    words = ["Flygplansvings", "Xylofonqvist"]
    idea = aged(database, settings, sluice, 40, title="Flygplansvings", text="Xylofonqvist spelar")
    with database.transaction() as session:
        session.execute(update(RawMail).values(raw=b"Subject: Flygplansvings\r\n\r\nXylofonqvist\r\n"))
        session.execute(update(InboundEmail).values(reading={"text": "Xylofonqvist"}, reasons=["Flygplansvings"]))
        session.execute(update(TimelineEntry).where(TimelineEntry.idea_id == idea).values(text="Xylofonqvist"))
        session.execute(
            text("INSERT INTO intake.act (id, at, actor, kind, changes) VALUES (:id, now(), 'x', 'stage', :changes)"),
            {
                "id": new_id(),
                "changes": f'[{{"idea": "{idea}", "field": "close_reason", "before": "Flygplansvings"}}]',
            },
        )
    let_rules(database, sluice, ideas=30)
    assert all(columns_with(settings, each, but=["bus"]) for each in words)

    retain(database)()

    # The bus's own messages go IDESLUSS_RETENTION_BUS_DAYS after they were done.
    for each in words:
        assert columns_with(settings, each, but=["bus"]) == {}


def test_a_clock_that_leaps_ahead_removes_nothing_until_somebody_trusts_it(
    database: Database, settings: Settings, sluice: SluiceProfile
) -> None:
    is_sane = SaneClock(database)
    assert is_sane()
    assert is_sane()
    seen = "UPDATE intake.seen_clock SET "

    def change(statement: str) -> None:
        with database.transaction() as session:
            session.execute(text(seen + statement))

    # By the clock, four days have gone by since it was seen a moment ago.
    change("seen_at = now() - interval '4 days', looked_at = now() - interval '4 days'")
    assert not is_sane()
    assert not is_sane()
    # It ran on for three of the four, then for all of them.
    change("jumped_at = now() - interval '3 days', seen_at = now() - interval '7 days'")
    assert not is_sane()
    change("jumped_at = now() - interval '4 days 1 hour', seen_at = now() - interval '8 days'")
    assert is_sane()
    # A second leap while it waits is no time gone by.
    change(
        "seen_at = now() - interval '9 days', jumped_at = now() - interval '5 days', looked_at = now() - interval '5 days'"
    )
    assert not is_sane()
    is_sane.trust()
    assert is_sane()
    # Ours is not the database's.
    assert not SaneClock(database, clock=lambda: now() + timedelta(days=30))()


def test_what_belongs_to_an_idea_that_somebody_is_at_waits_for_the_next_run(
    database: Database, settings: Settings, sluice: SluiceProfile
) -> None:
    """Its mail and files stay, too: whoever is at it may be about to keep it, or to take it up again."""
    idea = aged(database, settings, sluice, 40)
    let_rules(database, sluice, mails=30, files=30, ideas=30)
    with database.transaction() as session:
        session.get_one(Idea, idea, with_for_update=True).kept = "Ett överklagande"
        session.flush()
        assert not retain(database)()
    assert not retain(database)()
    assert count(database, Attachment) == 1
    assert count(database, InboundEmail, InboundEmail.removed_at.is_not(None)) == 0

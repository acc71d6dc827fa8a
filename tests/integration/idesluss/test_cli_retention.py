"""`idesluss retention`: what it shows, what a dry run says, and that a run does just that."""

from __future__ import annotations

from datetime import timedelta

from click.testing import CliRunner
from sqlalchemy import text, update

from idesluss.cli import main
from services.intake.domain.retention import Rule, Rules
from services.intake.store.tables import Idea, TimelineEntry
from services.intake.usecases import administer_retention
from shared.clock import now
from shared.db import Database, Role
from shared.settings import VARIABLES, Settings
from tests.support.ideas import a_sluice, an_idea


def run(settings: Settings, *words: str) -> tuple[int, str]:
    environment = {
        VARIABLES["database_url"]: settings.database_url,
        VARIABLES["data_dir"]: str(settings.data_dir),
        VARIABLES["secret_keys"]: ",".join(settings.secret_keys),
    }
    done = CliRunner().invoke(main, ["retention", *words], env=environment)
    return done.exit_code, done.output


def test_a_dry_run_says_what_a_run_then_does_and_a_leap_of_the_clock_stops_it(settings: Settings) -> None:
    then = now() - timedelta(days=40)
    database = Database(settings, Role.INTAKE)
    with database.transaction() as session:
        idea = an_idea(session, settings, a_sluice(session), received_at=then)
        idea.stage = "closed"
        session.flush()
        session.execute(update(Idea).values(updated_at=then))
        session.execute(update(TimelineEntry).values(at=then))
        rules = Rules({Rule.IDEAS: 30}, "KS 2026/118")
        administer_retention.set_rules(session, "x", "krokom", rules, 0)

    assert run(settings, "show") == (0, "krokom\tideas\t30\tKS 2026/118\n")
    assert run(settings, "run", "--dry-run") == (0, "krokom\tideas\t1\tKRO-2026-0001\n")
    assert run(settings, "run", "--sluice", "berg") == (0, "")
    with database.transaction() as session:
        session.execute(text("UPDATE intake.seen_clock SET seen_at = now() - interval '9 days'"))
    code, said = run(settings, "run")
    assert code == 1
    assert "trust-clock" in said
    assert run(settings, "trust-clock")[0] == 0
    assert run(settings, "run") == (0, "ideas\t1\n")
    assert run(settings, "run", "--dry-run") == (0, "krokom\tideas\t0\t\n")
    database.dispose()

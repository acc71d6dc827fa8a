"""The overview counts one's own sluices, by Swedish months and working days, and says the same in its files."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from services.intake.usecases import inbox, overview
from services.intake.usecases.receive import note
from shared.viewer import Viewer
from tests.support.ideas import a_message, a_sluice, an_idea
from tests.support.pages import Elements
from tests.support.signed_in import client_for

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)
COACH = Viewer("coach@region.example", coach_of=frozenset({"krokom", "are"}))


@pytest.fixture(scope="module")
def filled(app, database, sluice, web_settings) -> None:
    with database.transaction() as session:
        are = a_sluice(session, slug="are", code="ARE", name="Åre kommun")
        berg = a_sluice(session, slug="berg", code="BER", name="Bergs kommun")

        def idea(where, came: datetime, answered: datetime | None = None, **more: object):
            made = an_idea(session, web_settings, where, received_at=came, held=more.pop("held", None))
            made.answered_at = answered
            for field, value in more.items():
                setattr(made, field, value)
            return made

        # The last minutes of October in Sweden, which are still October in UTC; and the first of November there.
        idea(sluice, datetime(2026, 10, 31, 22, 59, tzinfo=UTC), datetime(2026, 11, 2, 9, tzinfo=UTC), kind="citizen")
        idea(sluice, datetime(2026, 10, 31, 23, 1, tzinfo=UTC), datetime(2026, 11, 20, 9, tzinfo=UTC), via="form")
        # From Friday to Monday is one working day.
        friday = idea(sluice, datetime(2026, 11, 13, 9, tzinfo=UTC), datetime(2026, 11, 16, 9, tzinfo=UTC))
        a_message(session, friday, state="permanent-failure", reason="recipient-gone")
        idea(sluice, datetime(2026, 11, 16, 9, tzinfo=UTC), held="spam")
        idea(are, datetime(2026, 11, 20, 9, tzinfo=UTC))
        real = idea(are, datetime(2026, 1, 8, 9, tzinfo=UTC), datetime(2026, 1, 9, 9, tzinfo=UTC), stage="implemented")
        note(
            session,
            real,
            event="answered",
            at=datetime(2026, 11, 3, 9, tzinfo=UTC),
            actor="K",
            actor_kind="contact",
            facts={"from": "piloting", "to": "implemented"},
        )
        idea(are, datetime(2026, 6, 1, 9, tzinfo=UTC))
        idea(berg, datetime(2026, 11, 20, 9, tzinfo=UTC))


@pytest.fixture(autouse=True)
def _that_monday(monkeypatch) -> None:
    for module in (overview, inbox):
        monkeypatch.setattr(module, "now", lambda: NOW)


def test_figures_are_of_ones_own_sluices_in_swedish_months_and_working_days(filled, database) -> None:
    with database.transaction() as session:
        found = overview.show(session, COACH, 6)

    krokom, are = found.municipalities
    assert [month.month for month in found.months] == [6, 7, 8, 9, 10, 11]
    assert krokom.by_month == (0, 0, 0, 0, 1, 2)
    assert are.by_month == (1, 0, 0, 0, 0, 1)
    assert krokom.answers.median == 1  # of 1, 15 and 1
    assert (krokom.answers.answered, krokom.answers.kept, krokom.answers.due) == (3, 2, 3)
    assert (are.answers.median, are.answers.kept, are.answers.due) == (None, 0, 1)
    assert found.kept == 0.5
    assert (found.came, found.answered, found.implemented) == (5, 3, 1)
    assert (found.kinds, found.vias) == ({"citizen": 1, "": 4}, {"email": 4, "form": 1})
    assert (found.needs("late"), found.needs("held")) == (1, 1)
    assert (found.needs("unassigned"), found.needs("undelivered")) == (1, 1)


def test_the_page_and_its_files_say_the_same_and_nothing_of_others(filled, app) -> None:
    coach = client_for(app, COACH.address, "coach:krokom", "coach:are")
    page = coach.get("/kontakt/oversikt/?months=3").text
    file = coach.get("/kontakt/oversikt/municipalities.csv?months=3").data.decode("utf-8-sig").splitlines()

    assert file[0].split(";")[0] == "Kommun"
    assert file[1:] == ["Krokoms kommun;0;1;2;3", "Åre kommun;0;0;1;1"]
    assert "1 idé har väntat längre än vi lovade" in page
    assert 'href="/kontakt/?late=yes&amp;sluice=are"' in page
    assert "Berg" not in page
    assert not Elements(page).can_run
    assert coach.get("/kontakt/oversikt/other.csv").status_code == 404
    listed = coach.get("/kontakt/?late=yes&sluice=are").text
    assert listed.count("idea-row-words") == 1


def test_who_answers_for_nothing_sees_a_word_about_that(filled, app) -> None:
    page = client_for(app, "x@gone.example", "contact:gone").get("/kontakt/oversikt/?months=nonsense")

    assert page.status_code == 200
    assert "Du svarar inte för någon kommuns idéer" in page.text

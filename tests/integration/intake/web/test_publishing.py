"""A contact publishes an idea in words of their own; the original stays, and nobody overwrites anybody."""

from __future__ import annotations

import re
from html import unescape

import pytest
from sqlalchemy import select

from services.intake.store.tables import Idea, TimelineEntry
from services.intake.store.work_tables import Act
from shared.clock import now
from shared.web import session as sessions
from tests.support.ideas import an_idea
from tests.support.pages import PAYLOADS, Elements

TEXT = "Jag heter Åsa Nilsdotter. Ring 070-123 45 67.\n\nVid Storgatan 12 är det mörkt."


@pytest.fixture
def idea(database, web_settings, sluice) -> str:
    with database.transaction() as session:
        return an_idea(session, web_settings, sluice, title="Ljus vid Storgatan 12", text=TEXT).reference


class Contact:
    """A contact's browser."""

    def __init__(self, client, settings, *roles: str) -> None:
        client.set_cookie(
            sessions.COOKIE, sessions.issue(settings.signer, "kontakt@krokom.example", roles, now()), path="/kontakt"
        )
        self.client = client

    def see(self, reference: str) -> str:
        answer = self.client.get(f"/kontakt/ide/{reference}/publicera")
        assert answer.status_code == 200
        return answer.text

    def send(self, reference: str, page: str, action: str = "", **changed):
        """The page's form as it stands, with some fields changed; ``hide`` None keeps the ticks."""
        fields = {
            "form_token": re.search(r'name="form_token" value="([^"]+)"', page)[1],
            "version": re.search(r'name="version" value="(\d+)"', page)[1],
            "title": unescape(re.search(r'name="title"[^>]*value="([^"]*)"', page)[1]),
            "text": unescape(re.search(r"<textarea[^>]*>\n?(.*?)</textarea>", page, re.S)[1]),
            "hide": re.findall(r'name="hide" value="(\w+)" checked', page),
            "do": "publish",
        }
        return self.client.post(f"/kontakt/ide/{reference}/publicera{action}", data=fields | changed)


@pytest.fixture
def contact(client, web_settings) -> Contact:
    return Contact(client, web_settings, "contact:krokom")


def _stored(database, reference: str) -> Idea:
    with database.transaction() as session:
        idea = session.scalar(select(Idea).where(Idea.reference == reference))
        session.expunge(idea)
        return idea


def test_what_points_at_a_person_is_marked_in_words_and_hidden_in_the_proposal(contact, idea):
    page = contact.see(idea)

    for words, kind in (
        ("Åsa Nilsdotter", "namn"),
        ("070-123 45 67", "telefonnummer"),
        ("Storgatan 12", "kanske adress"),
    ):
        assert re.search(rf'<mark class="pointer"[^>]*>{words}<small>{kind}</small></mark>', page), words
    assert page.count("checked") == 3
    assert "Jag heter [namn]. Ring [telefonnummer].\n\nVid [adress] är det mörkt.</textarea>" in page
    assert 'value="Ljus vid [adress]"' in page


def test_a_contact_decides_what_is_shown_and_the_original_stays(contact, idea, database):
    page = contact.see(idea)
    place = re.search(r'value="(\w+)" checked[^<]*>\s*<label[^>]*>Storgatan 12', page)[1]
    hide = [each for each in re.findall(r'name="hide" value="(\w+)"', page) if each != place]

    preview = contact.send(idea, page, hide=hide, do="preview")
    assert preview.status_code == 200
    assert "Vid Storgatan 12 är det mörkt.</textarea>" in preview.text
    assert _stored(database, idea).published_at is None

    assert contact.send(idea, preview.text).status_code == 303

    stored = _stored(database, idea)
    assert stored.public_title == "Ljus vid Storgatan 12"
    assert stored.public_text == "Jag heter [namn]. Ring [telefonnummer].\n\nVid Storgatan 12 är det mörkt."
    assert stored.text == TEXT
    with database.transaction() as session:
        assert session.scalars(
            select(TimelineEntry.event).where(TimelineEntry.idea_id == stored.id, TimelineEntry.actor_kind == "contact")
        ).all() == ["published"]
        act = session.scalar(select(Act).where(Act.kind == "published").order_by(Act.at.desc()))
        assert {(each["field"], each["before"]) for each in act.changes} == {
            ("public_title", None),
            ("public_text", None),
            ("published_at", None),
        }


def test_own_words_survive_a_change_of_mind_about_what_is_hidden(contact, idea):
    page = contact.see(idea)
    name = re.search(r'value="(\w+)" checked[^<]*>\s*<label[^>]*>Åsa Nilsdotter', page)[1]
    hide = [each for each in re.findall(r'name="hide" value="(\w+)"', page) if each != name]

    edited = contact.send(
        idea, page, text="Kort: [namn] vill ha ljus. Fråga Karin Lund.\n\nVid [adress].", hide=hide, do="preview"
    )

    assert "Kort: Åsa Nilsdotter vill ha ljus. Fråga Karin Lund.\n\nVid [adress].</textarea>" in edited.text
    assert "Karin Lund<small>namn</small>" in edited.text  # newly written, and marked in the preview


def test_the_second_of_two_contacts_is_told_and_keeps_their_text(contact, idea, database):
    page = contact.see(idea)
    assert contact.send(idea, page, text="Den första.").status_code == 303

    late = contact.send(idea, page, text="Den andra, med åsikter.")

    assert late.status_code == 409
    assert "Den andra, med åsikter.</textarea>" in late.text
    assert "Någon annan ändrade idén" in late.text
    assert _stored(database, idea).public_text == "Den första."
    assert contact.send(idea, late.text).status_code == 303
    assert _stored(database, idea).public_text == "Den andra, med åsikter."


def test_taking_an_idea_down_keeps_its_words_for_next_time(contact, idea, database):
    contact.send(idea, contact.see(idea), text="Mina egna ord.")

    assert contact.send(idea, contact.see(idea), "/ta-bort").status_code == 303

    assert _stored(database, idea).published_at is None
    assert "Mina egna ord.</textarea>" in contact.see(idea)


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"title": " "}, "Skriv en rubrik"),
        ({"text": ""}, "Skriv en text"),
        ({"text": "🏔️" * 25_001}, "Korta texten till högst 50000 tecken"),
        ({"title": "x" * 400}, "Korta rubriken"),
    ],
)
def test_a_fault_is_said_beside_its_field_and_nothing_is_lost(contact, idea, database, changed, says):
    answer = contact.send(idea, contact.see(idea), **changed)

    assert answer.status_code == 422
    assert answer.text.count(says) == 2, "beside the field and in the summary"
    assert all(unescape(answer.text).count(value) for value in changed.values())
    assert _stored(database, idea).published_at is None


def test_only_contacts_of_that_sluice_come_in_and_held_ideas_stay_in(client, web_settings, idea, database):
    assert client.get(f"/kontakt/ide/{idea}/publicera").status_code == 303
    assert Contact(client, web_settings, "contact:berg").client.get(f"/kontakt/ide/{idea}/publicera").status_code == 404
    contact = Contact(client, web_settings, "contact:krokom")
    page = contact.see(idea)
    assert contact.send(idea, page, form_token="0" * 32).status_code == 403
    with database.transaction() as session:
        session.scalar(select(Idea).where(Idea.reference == idea)).held = "spam"

    assert contact.send(idea, page).status_code == 422
    assert "Släpp fram den först" in contact.see(idea)


def test_scripts_in_a_text_stay_words(contact, database, web_settings, sluice):
    with database.transaction() as session:
        idea = an_idea(session, web_settings, sluice, title=PAYLOADS[0], text="\n".join(PAYLOADS)).reference
    page = contact.see(idea)

    preview = contact.send(idea, page, do="preview")

    assert not Elements(page).can_run
    assert not Elements(preview.text).can_run

"""Every template in every language, with and without its facts, and with hostile words in them."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from lxml import html

from services.notify.domain.asked import Asked
from services.notify.domain.kinds import Kind
from services.notify.render import COLUMNS, TEMPLATES, Renderer, RenderError, indented, set_text
from services.notify.usecases import announce
from shared.contracts.facts import LANGUAGES
from tests.support import notify_facts as facts

RENDERER = Renderer()

PLANS: dict[Kind, tuple[Callable[..., list[Asked]], Callable[..., dict[str, Any]], dict[str, Any]]] = {
    Kind.CONFIRMATION: (announce.idea_received, facts.idea_received, {}),
    Kind.NOTICE: (announce.idea_received, facts.idea_received, {}),
    Kind.NOTICE_HELD: (announce.idea_received, facts.idea_received, {"held": "Ser förfalskad ut."}),
    Kind.ADDED: (announce.idea_added_to, facts.idea_added_to, {}),
    Kind.ANSWER_DRAFT: (announce.answer_drafted, facts.answer_drafted, {}),
    Kind.ANSWER: (announce.idea_answered, facts.idea_answered, {}),
}

FULL = {
    "asks_kind": True,
    "contact_notes": ["En anmärkning.", "En till."],
    "attachments": ["pump.jpg", "karta.pdf"],
}
EMPTY = {"attachments": [], "contact_notes": [], "submitter": None, "text": "", "signed_by": ""}


def facts_of(kind: Kind, **changes: Any) -> dict[str, Any]:
    """The facts that notify keeps for one kind of mail."""
    plan, payload, always = PLANS[kind]
    known = payload()
    told = payload(**always, **{name: value for name, value in changes.items() if name in known})
    (found,) = [each for each in plan(told) if each.kind is kind]
    return dict(found.facts)


def everything() -> list[tuple[Kind, str]]:
    return [(kind, language) for kind in Kind for language in LANGUAGES]


@pytest.mark.parametrize(("kind", "language"), everything())
def test_each_mail_says_the_same_in_text_and_in_html(kind: Kind, language: str) -> None:
    rendered = RENDERER.render(kind, language, facts_of(kind, **FULL))

    page = html.fromstring(rendered.html).text_content()
    link = re.search(r"https://\S+", rendered.text)
    assert "KRO-2026-0042" in rendered.subject
    assert link is not None
    assert f'href="{link[0]}"'.replace("&", "&amp;") in rendered.html
    assert rendered.html.count("<a ") == 1
    assert "KRO-2026-0042" in page
    assert rendered.html.startswith(f'<!DOCTYPE html>\n<html lang="{language}"')
    assert "<img" not in rendered.html
    assert "\n\n\n" not in rendered.text


@pytest.mark.parametrize(("kind", "language"), everything())
def test_text_lines_keep_to_their_columns_and_links_stay_whole(kind: Kind, language: str) -> None:
    long = facts.idea(text="ord " * 200, title="Ett förslag " * 20)
    rendered = RENDERER.render(kind, language, facts_of(kind, idea=long, text="ord " * 200))

    lines = rendered.text.split("\n")
    assert all(len(line) <= COLUMNS or "https://" in line for line in lines)
    to_contact = kind in (Kind.NOTICE, Kind.NOTICE_HELD, Kind.ADDED)
    assert ("ponmlkjihgfedcba" if to_contact else "abcdefghijklmnop") in rendered.text
    assert ("abcdefghijklmnop" in rendered.text) is not to_contact, "no contact holds the submitter's token"


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", [kind for kind in Kind if kind not in (Kind.CONFIRMATION, Kind.ANSWER)])
def test_contacts_mails_do_without_what_is_not_there(kind: Kind, language: str) -> None:
    rendered = RENDERER.render(kind, language, facts_of(kind, **EMPTY))

    assert "None" not in rendered.text + rendered.html
    assert "\n\n\n" not in rendered.text


@pytest.mark.parametrize(("kind", "language"), everything())
def test_a_missing_fact_is_an_error_whichever_it_is(kind: Kind, language: str) -> None:
    known = facts_of(kind, **FULL)
    templates = "".join(path.read_text() for path in (TEMPLATES / kind / language).iterdir())
    used = {name for name in known if re.search(rf"\b{name}\b", templates)}
    assert used >= {"idea", "sluice"}
    for name in used:
        with pytest.raises((RenderError, KeyError)):
            RENDERER.render(kind, language, {key: value for key, value in known.items() if key != name})


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_answer_is_promised_by_a_day_and_the_year_is_said_where_it_is_another(language: str) -> None:
    soon = RENDERER.render(Kind.CONFIRMATION, language, facts_of(Kind.CONFIRMATION))
    later = RENDERER.render(Kind.CONFIRMATION, language, facts_of(Kind.CONFIRMATION) | {"answer_by": "2027-01-08"})

    assert {"sv": "senast tisdag 1 december.", "en": "by Tuesday 1 December."}[language] in " ".join(soon.text.split())
    assert {"sv": "fredag 8 januari 2027", "en": "Friday 8 January 2027"}[language] in " ".join(later.text.split())


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_confirmation_asks_about_work_only_where_it_should(language: str) -> None:
    question = {"sv": "Arbetar du hos oss?", "en": "Do you work for us?"}[language]

    asking = RENDERER.render(Kind.CONFIRMATION, language, facts_of(Kind.CONFIRMATION, asks_kind=True))
    silent = RENDERER.render(Kind.CONFIRMATION, language, facts_of(Kind.CONFIRMATION, asks_kind=False))

    assert question in asking.text
    assert question in asking.html
    assert question not in silent.text + silent.html


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    "word",
    [
        "{{7*7}}",
        "{{ 7*7 }}",
        "{x.__class__}",
        "{{ ''.__class__.__mro__ }}",
        "{% for x in y %}",
        "${7*7}",
        "%(idea)s",
        "{idea.__init__.__globals__}",
        "{{ config }}",
        "{# hidden #}",
    ],
)
@pytest.mark.parametrize("kind", list(Kind))
def test_what_looks_like_a_template_stays_what_it_is(kind: Kind, language: str, word: str) -> None:
    rendered = RENDERER.render(
        kind, language, facts_of(kind, idea=facts.idea(title=word, text=word), text=word, author=word)
    )

    assert word in rendered.text
    assert word in html.fromstring(rendered.html).text_content()


PAYLOADS = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</p></td></table><iframe src=//x.example>",
    "<svg/onload=alert(1)>",
    "javascript:alert(1)",
    "<a href='javascript:alert(1)'>här</a>",
    "<style>*{display:none}</style>",
    "<!--[if mso]><b>x</b><![endif]-->",
    "&lt;b&gt;",
    "<b>fet</b>",
]


@pytest.mark.parametrize("payload", PAYLOADS)
@pytest.mark.parametrize("kind", list(Kind))
def test_markup_in_anybodys_words_is_shown_and_never_obeyed(kind: Kind, payload: str) -> None:
    plain = html.fromstring(RENDERER.render(kind, "sv", facts_of(kind, **FULL)).html)
    hostile = facts_of(
        kind,
        idea=facts.idea(title=payload, text=payload),
        text=payload,
        author=payload,
        signed_by=payload,
        attachments=[payload],
        contact_notes=[payload],
        submitter=facts.person(name=payload),
        sluice=facts.SLUICE | {"name": payload},
        asks_kind=True,
    )

    page = html.fromstring(RENDERER.render(kind, "sv", hostile).html)

    assert payload in page.text_content()
    for tag in ("script", "iframe", "img", "svg", "b"):
        assert page.findall(f".//{tag}") == []
    assert len(page.findall(".//a")) == len(plain.findall(".//a")) == 1
    assert len(page.findall(".//style")) == len(plain.findall(".//style"))


def test_a_link_cannot_break_out_of_its_attribute() -> None:
    known = facts_of(Kind.CONFIRMATION) | {"follow_url": 'https://x.example/"><script>'}
    assert "<script" not in RENDERER.render(Kind.CONFIRMATION, "sv", known).html


def test_a_subject_is_one_line_whatever_the_title_holds() -> None:
    title = "Rad ett\r\nBcc: alla@x.example\n\ttvå\u2028tre\x00" + "x" * 500
    subject = RENDERER.render(Kind.NOTICE, "sv", facts_of(Kind.NOTICE, idea=facts.idea(title=title))).subject

    assert subject.startswith("[KRO-2026-0042] Rad ett Bcc: alla@x.example två tre")
    assert len(subject) <= 200
    assert not set(subject) & set("\r\n\t\x00\u2028")


def test_a_very_long_text_is_cut_with_a_sign_that_it_was() -> None:
    rendered = RENDERER.render(Kind.NOTICE, "sv", facts_of(Kind.NOTICE, idea=facts.idea(text="å" * 1_000_000)))
    assert len(rendered.text) < 30_000
    assert "…" in rendered.text


def test_every_kind_has_its_three_files_in_every_language() -> None:
    folders = {path.name for path in TEMPLATES.iterdir() if path.is_dir()}
    assert folders == {kind.value for kind in Kind}
    for kind, language in everything():
        files = {path.name for path in (TEMPLATES / kind / language).iterdir()}
        assert files == {"subject.txt", "body.txt", "body.html"}


def test_a_template_that_reaches_for_pythons_insides_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "confirmation" / "sv"
    folder.mkdir(parents=True)
    (folder / "subject.txt").write_text("{{ idea.__class__.__mro__ }}")
    with pytest.raises(RenderError):
        Renderer(tmp_path).render(Kind.CONFIRMATION, "sv", facts_of(Kind.CONFIRMATION))


def test_plain_text_is_set_in_paragraphs_and_leaves_set_lines_alone() -> None:
    text = set_text(f"{'ord ' * 30}\n\n  så  här\n  står det\n\n-- \nNamn\nAdress\n")
    paragraphs = text.split("\n\n")
    assert paragraphs[0].count("\n") == 1
    assert paragraphs[1:] == ["  så  här\n  står det", "-- \nNamn\nAdress\n"]


def test_somebodys_lines_keep_their_ends_and_a_signature_mark_among_them_is_none() -> None:
    assert indented("en\ntvå\n\n\n\ntre\n-- \nx") == "  en\n  två\n\n  tre\n  --\n  x"

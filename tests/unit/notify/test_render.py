"""Every mail in every language, with and without its facts, and with hostile words in them."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from lxml import html

from services.notify.domain.asked import Asked
from services.notify.domain.kinds import Kind, Reason
from services.notify.domain.letters import ACTS
from services.notify.domain.plain_text import COLUMNS
from services.notify.domain.variables import samples, variables, worded_kinds
from services.notify.domain.wording import Wording, check
from services.notify.render import TEMPLATES, Renderer, RenderError
from services.notify.usecases import announce
from shared.contracts.facts import LANGUAGES
from shared.i18n import Texts
from shared.mail import reasons
from shared.mail.bounce_class import BounceClass
from tests.support import notify_facts as facts

RENDERER = Renderer()

PLANS: dict[Kind, tuple[Callable[..., list[Asked]], Callable[..., dict[str, Any]], dict[str, Any]]] = {
    Kind.CONFIRMATION: (announce.idea_received, facts.idea_received, {}),
    Kind.NOTICE: (announce.idea_received, facts.idea_received, {}),
    Kind.NOTICE_HELD: (announce.idea_received, facts.idea_received, {"held": "forged"}),
    Kind.ADDED: (announce.idea_added_to, facts.idea_added_to, {}),
    Kind.ANSWER_DRAFT: (announce.answer_drafted, facts.answer_drafted, {}),
    Kind.ANSWER: (announce.idea_answered, facts.idea_answered, {}),
}

MOMENT = datetime(2026, 11, 3, 8, 30, tzinfo=UTC)

LACKING_IN_OLD_ROWS = {"acts", "similar", "stage", "close_reason"}
"""What a notification that was made before there was such a thing does without."""
FULL = {
    "similar": [
        {
            "reference": "KRO-2026-0017",
            "title": "En pump till",
            "stage": "piloting",
            "answer": "Vi provar i vår.",
            "same_url": "https://idesluss.example/i/samma/abcdefghijklmnop",
        }
    ],
    "contacts": [
        facts.contact(acts={act: f"https://idesluss.example/kontakt/gor/{act}/ponmlkjihgfedcba" for act in ACTS})
    ],
    "asks_kind": True,
    "contact_notes": ["En anmärkning.", "En till."],
    "attachments": ["pump.jpg", "karta.pdf"],
}
EMPTY = {"attachments": [], "contact_notes": [], "submitter": None, "text": "", "signed_by": ""}


ABOUT_ONE_IDEA = (*PLANS, Kind.UNDELIVERED, Kind.QUESTION, Kind.MERGED, Kind.PASSED_ON, Kind.ASSIGNED)
NEW: dict[Kind, dict[str, str]] = {
    Kind.UNDELIVERED: {"text": "line", "author": "recipient"},
    Kind.SIGN_IN: {"text": "asked_from"},
    Kind.VERIFY: {},
    Kind.QUESTION: {"text": "question", "author": "signed_by"},
    Kind.FOLLOWED: {"text": "answer", "author": "signed_by"},
    Kind.MERGED: {"text": "answer", "author": "signed_by"},
    Kind.PASSED_ON: {"author": "former"},
    Kind.ASSIGNED: {"text": "note", "author": "by"},
    Kind.REMINDER: {},
    Kind.ESCALATION: {},
    Kind.NEWS: {"text": "text", "author": "title"},
    Kind.MESSAGE: {"text": "text", "author": "subject"},
    Kind.DIGEST: {},
    Kind.INVITATION: {"text": "note"},
    Kind.INVITATION_AGAIN: {"text": "note"},
    Kind.REPLY_RECEIVED: {},
    Kind.REPLY_NOTICE: {},
    Kind.REPLY_PROPOSED: {},
    Kind.GUEST_NOTE: {"text": "text"},
    Kind.CALENDAR_NOTE: {},
    Kind.SEAT_OFFERED: {},
    Kind.SEAT_GIVEN: {},
    Kind.SEAT_LOST: {},
    Kind.REPLY_REMINDER: {},
    Kind.DAY_REMINDER: {},
    Kind.EVENT_CHANGED: {},
    Kind.EVENT_CANCELLED: {"text": "reason"},
    Kind.HOST_QUESTION: {"text": "note"},
    Kind.HOST_ANSWER: {"text": "text", "author": "host"},
    Kind.SUMMARY: {"text": "text"},
    Kind.SUMMARY_WANTED: {},
    Kind.FEEDBACK: {},
    Kind.UNREACHED: {"text": "line", "author": "recipient"},
}
"""Kinds without a plan of announce's: which of their facts holds the words that a test calls so."""


def facts_of(kind: Kind, **changes: Any) -> dict[str, Any]:
    """The facts that notify keeps for one kind of mail."""
    if kind in NEW:
        return new_facts_of(kind, changes)
    plan, payload, always = PLANS[kind]
    known = payload()
    told = payload(**always, **{name: value for name, value in changes.items() if name in known})
    (found,) = [each for each in plan(told) if each.kind is kind]
    return dict(found.facts)


def new_facts_of(kind: Kind, changes: dict[str, Any]) -> dict[str, Any]:
    known = samples(kind, "sv")
    known |= {fact: changes[name] for name, fact in NEW[kind].items() if name in changes}
    if "idea" in changes:
        told = {name: changes["idea"][name] for name in ("title", "text")}
        if "event" in known:
            known["event"] |= {"title": told["title"], "text": told["text"], "place": told["title"]}
        if "reply" in known:
            known["reply"] |= {"comment": told["text"], "diet": told["title"]}
        if "idea" in known:
            known["idea"] |= told
        for entry in known.get("entries", []):
            entry |= {"title": told["title"], "line": told["text"]}
    if "sluice" in changes:
        known["sluice"] |= {"name": changes["sluice"]["name"]}
    return known


def everything(*without: Kind) -> list[tuple[Kind, str]]:
    return [(kind, language) for kind in worded_kinds() if kind not in without for language in LANGUAGES]


@pytest.mark.parametrize(("kind", "language"), everything())
def test_each_mail_says_the_same_in_text_and_in_html(kind: Kind, language: str) -> None:
    rendered = RENDERER.render(kind, language, facts_of(kind, **FULL))

    page = html.fromstring(rendered.html.replace("<br>", "<br>\n"))
    assert set(re.findall(r"https://\S+", rendered.text)) == {link.get("href") for link in page.iter("a")}
    said = " ".join(page.find("body").text_content().split())
    for line in re.sub(r"\n(?=[^\n])", " ", rendered.text).split("\n"):
        words = " ".join(re.sub(r"^\s*\* |https://\S+|--\s*", " ", line).split()).rstrip(":")
        for part in re.split(r":(?: |$)", words):
            assert part.strip() in said
    assert rendered.html.startswith(f'<!DOCTYPE html><html lang="{language}"')
    assert "<img" not in rendered.html
    assert "\n\n\n" not in rendered.text


@pytest.mark.parametrize("kind", ABOUT_ONE_IDEA)
def test_a_mail_about_an_idea_names_it_and_has_one_button(kind: Kind) -> None:
    rendered = RENDERER.render(kind, "sv", facts_of(kind, **FULL))

    assert "KRO-2026-0042" in rendered.subject
    assert "KRO-2026-0042" in html.fromstring(rendered.html).text_content()
    assert rendered.html.count('bgcolor="#0b5563"') == 1, "the main thing to do is one, whatever else there is"


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_request_to_confirm_an_address_says_nothing_that_somebody_wrote(language: str) -> None:
    """A form is open to all: whoever could put words into this mail would write to strangers in our name."""
    payload = facts.mail_wanted("verify", what="comment", verify_url="https://idesluss.example/b/abc")
    payload["person"] |= {"name": "Köp nu på https://evil.example"}
    payload["facts"] |= {"comment": "Köp nu på https://evil.example"}
    (asked,) = announce.mail_wanted(payload, MOMENT)
    rendered = RENDERER.render(asked.kind, language, asked.facts)

    assert asked.name == ""
    assert "evil.example" not in rendered.subject + rendered.text + rendered.html


@pytest.mark.parametrize(("kind", "language"), everything())
def test_text_lines_keep_to_their_columns_and_links_stay_whole(kind: Kind, language: str) -> None:
    long = facts.idea(text="ord " * 200, title="Ett förslag " * 20)
    rendered = RENDERER.render(kind, language, facts_of(kind, idea=long, text="ord " * 200))

    lines = rendered.text.split("\n")
    assert all(len(line) <= COLUMNS or "https://" in line for line in lines)


@pytest.mark.parametrize("kind", list(PLANS))
def test_no_contact_holds_the_submitters_token(kind: Kind) -> None:
    rendered = RENDERER.render(kind, "sv", facts_of(kind))

    to_contact = kind in (Kind.NOTICE, Kind.NOTICE_HELD, Kind.ADDED)
    assert ("ponmlkjihgfedcba" if to_contact else "abcdefghijklmnop") in rendered.text
    assert ("abcdefghijklmnop" in rendered.text) is not to_contact


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", [kind for kind in PLANS if kind not in (Kind.CONFIRMATION, Kind.ANSWER)])
def test_contacts_mails_do_without_what_is_not_there(kind: Kind, language: str) -> None:
    rendered = RENDERER.render(kind, language, facts_of(kind, **EMPTY))

    assert "None" not in rendered.text + rendered.html
    assert "\n\n\n" not in rendered.text


@pytest.mark.parametrize(("kind", "language"), everything())
def test_the_poorest_mail_has_no_empty_place(kind: Kind, language: str) -> None:
    rendered = RENDERER.render(kind, language, samples(kind, language, lacking=True))

    assert "None" not in rendered.text + rendered.html
    assert "\n\n\n" not in rendered.text
    assert not re.search(r"<(p|li|td|h1)[^>]*>\s*</", rendered.html)


@pytest.mark.parametrize(("kind", "language"), everything())
def test_a_missing_fact_is_an_error_whichever_it_is(kind: Kind, language: str) -> None:
    known = samples(kind, language)
    source = (TEMPLATES / kind / f"{language}.txt").read_text()
    # What is asked about first may be missing unseen only where the question is not come to.
    used = {name for name in known if re.search(rf"\b{name}\b", source)} - LACKING_IN_OLD_ROWS
    assert len(used) >= 2
    for name in used:
        with pytest.raises(RenderError):
            RENDERER.render(kind, language, {key: value for key, value in known.items() if key != name})


@pytest.mark.parametrize(("kind", "language"), everything())
def test_every_built_in_wording_passes_the_check_that_saved_ones_must_pass(kind: Kind, language: str) -> None:
    wording = RENDERER.built_in(kind, language)
    assert check(kind, wording.subject, wording.body) == []


def test_a_mail_is_signed_by_its_sluice_and_ends_with_ways_out() -> None:
    known = samples(Kind.NOTICE, "sv") | {
        "signature": "Vänliga hälsningar\nKrokoms kommun\n",
        "preferences_url": "https://idesluss.example/val/a?t=1&x=2",
        "unsubscribe_url": "https://idesluss.example/sluta/b",
    }
    rendered = RENDERER.render(Kind.NOTICE, "sv", known)
    plain = RENDERER.render(Kind.NOTICE, "sv", samples(Kind.NOTICE, "sv"))

    _, foot = rendered.text.split("\n-- \n")
    assert foot.startswith("Vänliga hälsningar\nKrokoms kommun\nDu får det här mejlet")
    assert foot.replace("\n", " ").endswith(
        "Ändra vilka mejl du får: https://idesluss.example/val/a?t=1&x=2 Sluta få sådana mejl: https://idesluss.example/sluta/b "
    )
    page = html.fromstring(rendered.html)
    assert [link.get("href") for link in page.iter("a")][-2:] == [known["preferences_url"], known["unsubscribe_url"]]
    assert "Vänliga hälsningar<br>Krokoms kommun" in rendered.html
    assert plain.text.split("\n-- \n")[1].startswith("Idéslussen Krokom\n"), "the sluice's name signs for itself"


def test_another_wording_is_used_where_one_is_given() -> None:
    own = Wording("Hej {{ idea.reference }}", "# Tack!\n\n[Gå hit]({{ follow_url }})")
    rendered = RENDERER.render(Kind.CONFIRMATION, "sv", samples(Kind.CONFIRMATION, "sv"), own)

    assert rendered.subject == "Hej KRO-2026-0042"
    assert rendered.text.startswith("Tack!\n\nGå hit:\n\n  https://")


def test_styles_stand_in_the_tags_and_those_for_the_dark_and_for_outlook_are_kept() -> None:
    page = RENDERER.render(Kind.CONFIRMATION, "sv", samples(Kind.CONFIRMATION, "sv")).html

    assert 'class="lead" style="' in page
    assert "prefers-color-scheme: dark" in page
    assert "[data-ogsc]" in page
    assert page.count("<!--[if mso]>") == 3
    assert "url(" not in page
    assert "{%" not in page


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
@pytest.mark.parametrize("kind", [kind for kind in worded_kinds() if kind is not Kind.VERIFY])
def test_what_looks_like_a_template_stays_what_it_is(kind: Kind, language: str, word: str) -> None:
    rendered = RENDERER.render(
        kind, language, facts_of(kind, idea=facts.idea(title=word, text=word), text=word, author=word)
    )

    assert word in " ".join(rendered.text.split())
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
@pytest.mark.parametrize("kind", worded_kinds())
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
        contacts=FULL["contacts"],
        similar=[FULL["similar"][0] | {"title": payload, "answer": payload}],
    )

    page = html.fromstring(RENDERER.render(kind, "sv", hostile).html)

    assert payload in page.text_content()
    for tag in ("script", "iframe", "img", "svg", "b"):
        assert page.findall(f".//{tag}") == []
    assert len(page.findall(".//a")) == len(plain.findall(".//a")) >= 1
    assert len(page.findall(".//style")) == len(plain.findall(".//style"))


def test_a_link_cannot_break_out_of_its_attribute() -> None:
    known = facts_of(Kind.CONFIRMATION) | {"follow_url": 'https://x.example/"><script>'}
    assert "<script" not in RENDERER.render(Kind.CONFIRMATION, "sv", known).html


@pytest.mark.parametrize("address", ["javascript:alert(1)", "data:text/html,x", "//x.example", "https://x y", "", "x"])
def test_a_link_that_leads_to_no_page_is_an_error(address: str) -> None:
    known = samples(Kind.MESSAGE, "sv") | {"link": {"label": "Läs", "url": address or "https:"}}
    with pytest.raises(RenderError):
        RENDERER.render(Kind.MESSAGE, "sv", known)


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


def test_every_kind_has_one_source_in_every_language() -> None:
    folders = {path.name for path in TEMPLATES.iterdir() if path.is_dir()}
    assert folders == {kind.value for kind in worded_kinds()}
    for kind in folders:
        assert {path.name for path in (TEMPLATES / kind).iterdir()} == {f"{each}.txt" for each in LANGUAGES}


def test_every_variable_is_explained_in_both_languages() -> None:
    for kind in worded_kinds():
        listed = variables(kind)
        for variable in [*listed, *(field for each in listed for field in each.fields)]:
            assert len({variable.meaning_in(language) for language in LANGUAGES}) == len(LANGUAGES), variable.name


def test_a_template_that_reaches_for_pythons_insides_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "confirmation"
    folder.mkdir(parents=True)
    (folder / "sv.txt").write_text("{{ idea.__class__.__mro__ }}\n\nHej")
    with pytest.raises(RenderError):
        Renderer(tmp_path).render(Kind.CONFIRMATION, "sv", facts_of(Kind.CONFIRMATION))


def test_somebodys_lines_keep_their_ends_and_a_signature_mark_among_them_is_none() -> None:
    known = samples(Kind.ADDED, "sv") | {"added": "en\ntvå\n\n\n\ntre\n-- \nx"}
    assert "\n\n  en\n  två\n\n  tre\n  --\n  x\n\n" in RENDERER.render(Kind.ADDED, "sv", known).text


def test_a_code_without_words_of_its_own_is_told_in_general_words() -> None:
    known = samples(Kind.UNDELIVERED, "sv") | {"reason": "no-such-code", "what": "no-such-kind"}
    text = RENDERER.render(Kind.UNDELIVERED, "sv", known).text
    assert "no-such" not in text
    assert "Mottagarens server tog inte emot mejlet." in text


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("code", sorted({*map(str, Reason), *map(str, BounceClass)}))
def test_every_reason_that_a_message_may_have_is_told_in_words(code: str, language: str) -> None:
    assert Texts.read(reasons.TEXTS).get(language, f"reason.{code}")

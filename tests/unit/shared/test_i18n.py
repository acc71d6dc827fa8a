"""Every text exists in every language, everything that pages ask for exists, and nothing else is kept."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from shared import i18n
from shared.i18n import MissingText, Texts

ROOT = Path(__file__).parents[3]
CATALOGUES = sorted(path for top in ("shared", "services") for path in (ROOT / top).rglob("*.po") if path.stem == "sv")
INTAKE, NOTIFY, RSVP = (ROOT / "services" / name for name in ("intake", "notify", "rsvp"))
REASONS = ROOT / "shared/mail/texts/reasons"


def _areas(service: Path) -> list[Path]:
    return sorted(folder for folder in (service / "web/texts").iterdir() if folder.is_dir())


PAGES = {
    # What is wrong in a field is said by the service whose form it is.
    ROOT / "shared/web/templates": [ROOT / "shared/web/texts", INTAKE / "web/texts/form"],
    INTAKE / "web/templates": [INTAKE / "web/texts", *_areas(INTAKE), REASONS],
    INTAKE / "archive/templates": [INTAKE / "archive/texts", INTAKE / "web/texts", INTAKE / "web/texts/inbox"],
    NOTIFY / "mailbox/templates": [NOTIFY / "mailbox/texts"],
    NOTIFY / "web/templates": [*_areas(NOTIFY), REASONS],
    RSVP / "web/templates": _areas(RSVP),
}
"""A folder of templates → the folders of texts that they may ask for, beside the shared ones."""
_ASKED = re.compile(r"""\b(?:tn?|text_or)\(\s*["']([\w.]+)["']\s*(~)?""")
_PUT_TOGETHER = re.compile(r"""\bf["']([a-z_]+(?:\.[a-z_]+)*\.)\{""")
_PLACEHOLDER = re.compile(r"%\((\w+)\)s")


def _texts(path: Path) -> dict[str, list[str]]:
    with path.open("rb") as file:
        catalogue = read_po(file)
    found = {}
    for message in catalogue:
        key = message.id[0] if isinstance(message.id, tuple) else message.id
        if key:
            found[key] = list(message.string) if isinstance(message.string, tuple) else [message.string]
    return found


@pytest.mark.parametrize("swedish", CATALOGUES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_language_has_the_same_texts_with_the_same_facts(swedish: Path) -> None:
    expected = _texts(swedish)

    for other in swedish.parent.glob("*.po"):
        texts = _texts(other)
        assert texts.keys() == expected.keys(), other
        for key, forms in texts.items():
            assert all(forms), f"{other}: {key} is empty"
            facts = {name for form in forms for name in _PLACEHOLDER.findall(form)}
            wanted = {name for form in expected[key] for name in _PLACEHOLDER.findall(form)}
            assert facts == wanted, f"{other}: {key}"


def _asked_for(*folders: Path) -> tuple[set[str], set[str]]:
    """The keys that templates name whole, and the beginnings of those that they put together."""
    whole, beginnings = set(), set()
    for folder in folders:
        for template in folder.rglob("*.html"):
            for key, joined in _ASKED.findall(template.read_text()):
                (beginnings if joined else whole).add(key)
    return whole, beginnings


def test_every_key_in_a_template_has_a_text() -> None:
    shared_texts = _texts(ROOT / "shared/web/texts/sv.po")
    for templates, catalogues in PAGES.items():
        known = shared_texts | {key: text for each in catalogues for key, text in _texts(each / "sv.po").items()}
        whole, beginnings = _asked_for(templates)
        assert whole, templates
        assert whole <= known.keys(), whole - known.keys()
        for beginning in beginnings:
            assert any(key.startswith(beginning) for key in known), beginning


def test_no_text_is_kept_that_no_template_shows() -> None:
    whole, beginnings = _asked_for(*PAGES)
    # A fault is named where it is found, in full or by its end, and the page shows what it is given.
    code = "".join(path.read_text() for path in (ROOT / "services").rglob("*.py"))
    beginnings |= set(_PUT_TOGETHER.findall(code))
    for catalogue in (each for catalogues in PAGES.values() for each in catalogues):
        for key in _texts(catalogue / "sv.po"):
            assert key in whole or f'"{key}"' in code or any(key.startswith(beginning) for beginning in beginnings), key


def test_a_missing_text_is_an_error() -> None:
    texts = Texts.read(ROOT / "shared/web/texts")

    with pytest.raises(MissingText, match=r"no\.such"):
        texts.get("sv", "no.such")
    with pytest.raises(MissingText, match=r"no\.such"):
        texts.count("sv", "no.such", 2)


def test_two_folders_may_not_both_have_a_text() -> None:
    folder = ROOT / "shared/web/texts"

    with pytest.raises(ValueError, match=r"base\.product"):
        Texts.read(folder, folder)


def test_a_number_chooses_its_plural() -> None:
    texts = Texts.read(ROOT / "services/intake/web/texts")

    assert texts.count("sv", "follow.files", 1, names="a.png") == "Fil: a.png"
    assert texts.count("sv", "follow.files", 2, names="a.png, b.png") == "2 filer: a.png, b.png"


@pytest.mark.parametrize(("language", "expected"), [("sv", "tisdag 1 december"), ("en", "Tuesday 1 December")])
def test_a_day_is_said_in_words(language: str, expected: str) -> None:
    assert i18n.day(date(2026, 12, 1), language, today=date(2026, 11, 24)) == expected


def test_a_day_of_another_year_says_so() -> None:
    assert i18n.day(date(2027, 1, 7), "sv", today=date(2026, 12, 30)) == "torsdag 7 januari 2027"
    assert i18n.short_day(date(2025, 11, 3), "sv", today=date(2026, 12, 30)) == "3 november 2025"


def test_times_are_swedish_time() -> None:
    just_before_midnight = datetime(2026, 11, 30, 23, 30, tzinfo=UTC)

    assert i18n.day(just_before_midnight, "sv", today=date(2026, 11, 24)) == "tisdag 1 december"
    assert i18n.clock_time(just_before_midnight, "sv") == "00.30"
    assert i18n.clock_time(datetime(2026, 7, 1, 12, 0, tzinfo=UTC), "en") == "14:00"

"""Names in a package, and the XML that lists them: whatever a sender wrote, an archive can read it."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from services.intake.domain.mets import DC, METS, Packaged, write_dublin_core, write_mets
from services.intake.domain.package_files import PackagedFile, media_type, numbered_name

MOMENT = datetime(2026, 11, 24, 12, tzinfo=UTC)
NAME = re.compile(r"[0-9]{2,}-[a-z0-9][a-z0-9_-]{0,59}(\.[a-z0-9]{1,10})?")
WORDS = st.text(alphabet=st.characters(exclude_categories=("Cs",)), max_size=80)


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("ÅSIKT om karta.PNG", "01-asikt_om_karta.png"),
        ("../../etc/passwd", "01-etc_passwd"),
        ("", "01-fil"),
        ("日本.pdf", "01-fil.pdf"),
        (".htaccess", "01-fil.htaccess"),
        ("arkiv.tar.gz", "01-arkiv_tar.gz"),
    ],
)
def test_a_name_keeps_what_every_system_can_write(name: str, kept: str) -> None:
    assert numbered_name(1, name) == kept


@given(name=WORDS, number=st.integers(1, 5000))
def test_any_name_is_a_plain_one(name: str, number: int) -> None:
    assert NAME.fullmatch(numbered_name(number, name))


@pytest.mark.parametrize("written", ["", "image", "image/png; x", "IMAGE/PNG", 'a/"', "image/pn\ng"])
def test_what_is_no_type_is_bytes(written: str) -> None:
    assert (media_type(written), media_type("image/svg+xml")) == ("application/octet-stream", "image/svg+xml")


@given(words=st.text(max_size=80))
def test_any_words_can_be_read_back(words: str) -> None:
    file = PackagedFile("a/b.txt", "text/plain", 1, "0" * 64, MOMENT, words)
    package = Packaged("KRO-2026-0001", words, words, "Idéslussen", "1", MOMENT, words)

    mets = etree.fromstring(write_mets(package, file, {"Documentation": [file]}))
    core = etree.fromstring(write_dublin_core([("title", words)]))

    # What a reader of XML makes of line ends and of what XML cannot hold is all that may differ.
    expected = re.sub("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "\ufffd", words)
    read = expected.replace("\r\n", "\n").replace("\r", "\n")
    assert mets.get("LABEL") == (expected or "KRO-2026-0001")
    assert (mets.findtext(f"{{{METS}}}metsHdr/{{{METS}}}agent[2]/{{{METS}}}name") or "") == read
    assert (core.findtext(f"{{{DC}}}title") or "") == read

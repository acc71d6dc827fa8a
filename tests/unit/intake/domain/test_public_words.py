"""What becomes of words that everybody may read: no name of a sender, only known marks, addresses in plain letters."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.domain.address_name import address_name
from services.intake.domain.light_markup import plain, read, summary
from services.intake.domain.unnamed import without_person
from services.intake.domain.written_address import fault_in


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Hej Åsa!\nVi har läst.", "Hej …!\nVi har läst."),
        ("Tack Åsa Öberg-Lind, vi ringer asa@krokom.example.", "Tack …, vi ringer …."),
        ("Åsas idé, och ÅSA ÖBERG-LIND sa", "… idé, och … sa"),
        ("Åsarna och asa@krokom.example2", "Åsarna och asa@krokom.example2"),
    ],
)
def test_an_answer_loses_the_name_and_address_of_who_it_was_written_to(text: str, expected: str) -> None:
    assert without_person(text, "Åsa Öberg-Lind", "asa@krokom.example") == expected


def test_a_name_of_common_words_takes_no_word_from_the_answer() -> None:
    said = "Hej! Vi i kommunen har läst om er förening."

    assert without_person(said, "föreningen i kommunen", None) == said
    assert without_person(said, "", None) == said


def test_marks_become_blocks_and_only_web_addresses_become_links() -> None:
    text = "Ett [ord](https://krokom.example/a) här\nrad två\n\n## Rubrik\n- ett\n- två, se https://x.example/y.\n\n[fel](javascript:alert(1))"

    blocks = read(text)

    assert [block.kind for block in blocks] == ["paragraph", "heading", "list", "paragraph"]
    assert [piece.to for block in blocks for line in block.lines for piece in line if piece.to] == [
        "https://krokom.example/a",
        "https://x.example/y",
    ]
    assert plain(text).startswith("Ett ord (https://krokom.example/a) här")
    assert summary("x " * 300).endswith(" …")


@given(st.text(max_size=300))
def test_no_word_is_lost_and_no_link_leads_elsewhere(text: str) -> None:
    pieces = [piece for block in read(text) for line in block.lines for piece in line]

    assert all(piece.to.startswith(("http://", "https://")) for piece in pieces if piece.to)
    for word in text.split():
        if word.isalpha():
            assert any(word in piece.words for piece in pieces)


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("Ny cykelväg till Ås!", "ny-cykelvag-till-as"),
        ("  ÅÄÖ éè – 100 % ", "aao-ee-100"),
        ("🚲🚲", ""),
        ("ord " * 40, "ord-" * 14 + "ord"),
    ],
)
def test_a_title_becomes_an_address(title: str, expected: str) -> None:
    assert address_name(title) == expected


@pytest.mark.parametrize(
    ("address", "fault"),
    [
        ("", "empty"),
        ("asa", "no_at"),
        ("@krokom.se", "no_at"),
        ("asa@", "no_domain"),
        ("asa@krokom", "no_domain"),
        ("a sa@krokom.se", "wrong"),
        ("noreply@krokom.se", "automatic"),
        ("åsa@krokom.se", None),
    ],
)
def test_an_address_that_cannot_be_written_to_is_told_apart(address: str, fault: str | None) -> None:
    assert fault_in(address) == fault

"""Whom a list names, whatever program wrote it."""

from __future__ import annotations

import io
import zipfile

import pytest
import xlsxwriter

from services.rsvp.domain.guest_list import fault_of, judge
from services.rsvp.domain.list_text import decoded, rows_of
from services.rsvp.usecases.read_list import read_file
from shared.errors import Rejected

ANNA = ("Anna Andersson", "anna@krokom.example", "", "sv")
BO = ("Bo Åberg", "bo@krokom.example", "Bygg", "en")
WRITTEN = {
    "one a line": ("anna@krokom.example\n\n  bo@krokom.example \n", [("", ANNA[1], "", "sv"), ("", BO[1], "", "sv")]),
    "named": (
        'Anna Andersson <anna@krokom.example>\n"Åberg, Bo" <bo@krokom.example>;\n',
        [ANNA, ("Åberg, Bo", BO[1], "", "sv")],
    ),
    "from a mail's field": (
        "Anna Andersson <anna@krokom.example>; Åberg, Bo <bo@krokom.example>, ca@x.example",
        [ANNA, ("Åberg, Bo", BO[1], "", "sv"), ("", "ca@x.example", "", "sv")],
    ),
    "semicolons": ("Anna Andersson;anna@krokom.example;;\nBo Åberg;bo@krokom.example;Bygg;engelska", [ANNA, BO]),
    "commas": ('"Anna Andersson",anna@krokom.example\nBo Åberg,bo@krokom.example,Bygg,en', [ANNA, BO]),
    "tabs": ("anna@krokom.example\tAnna Andersson\nbo@krokom.example\tBo Åberg\tBygg\ten", [ANNA, BO]),
    "head": (
        "Språk;Gatuadress;E-postadress;Förnamn;Efternamn;Företag\r\n;Byvägen 1;anna@krokom.example;Anna;Andersson;\r\n"
        "EN;;bo@krokom.example;Bo;Åberg;Bygg\r\n",
        [ANNA, BO],
    ),
    "English head": (
        "Name,Address,Organization,Language\nAnna Andersson,anna@krokom.example\nBo Åberg,bo@krokom.example,Bygg,English",
        [ANNA, BO],
    ),
    "named in a table": (
        "Anna Andersson <anna@krokom.example>;;\nBo Åberg <bo@krokom.example>;Bygg;en",
        [ANNA, BO],
    ),
    "a quote that never ends": (
        'Anna Andersson;anna@krokom.example\n"Bo Åberg;bo@krokom.example;Bygg;en\nC;c@x.example',
        [ANNA, BO, ("C", "c@x.example", "", "sv")],
    ),
    "mailto": ("mailto:anna@krokom.example", [("", ANNA[1], "", "sv")]),
    "nothing": (" \n\n", []),
}


def people(rows, **changes):
    judged = judge(rows, **{"listed": frozenset(), "language": "sv"} | changes)
    return [(person.name, person.address, person.organisation, person.language) for person in judged.people]


@pytest.mark.parametrize("name", WRITTEN)
def test_a_list_is_read_however_it_is_written(name) -> None:
    text, expected = WRITTEN[name]

    assert people(rows_of(text)) == expected


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16", "utf-16-le", "utf-16-be"])
def test_a_file_is_read_in_whatever_letters_it_was_saved(encoding) -> None:
    content = WRITTEN["head"][0].encode(encoding)

    assert people(read_file(content)) == [ANNA, BO]


FAULTY = {
    "": "missing",
    "anna": "no-at",
    "anna@@krokom.example": "two-at",
    "@krokom.example": "nothing-before-at",
    "anna@": "nothing-after-at",
    "anna@krokom": "no-dot",
    "anna@krokom,se": "comma",
    "an na@krokom.example": "blank",
    "anna@krokom..example": "wrong-form",
    f"{'a' * 300}@krokom.example": "too-long",
    "no-reply@krokom.example": "automatic",
    "anna@krokom.example": "",
}


def test_each_fault_has_its_name() -> None:
    assert {address: fault_of(address) for address in FAULTY} == FAULTY


def test_faults_are_told_by_row_and_nothing_else_is_lost() -> None:
    text = "namn;e-post\nAnna;anna@krokom.example\n\nUtan;\nAnna igen;ANNA@krokom.example\nDu;du@krokom.example\nBo;bo@krokom"

    judged = judge(rows_of(text), listed={"du@krokom.example"}, language="sv")

    assert [person.address for person in judged.people] == ["anna@krokom.example"]
    assert [(fault.row, fault.fault, fault.value) for fault in judged.faults] == [
        (4, "missing", "Utan"),
        (5, "doubled", "ANNA@krokom.example"),
        (6, "listed", "du@krokom.example"),
        (7, "no-dot", "bo@krokom"),
    ]


def workbook(*rows, **cells) -> bytes:
    file = io.BytesIO()
    with xlsxwriter.Workbook(file) as book:
        book.add_worksheet("Tomt")
        sheet = book.add_worksheet("Gäster")
        for number, row in enumerate(rows):
            sheet.write_row(number, 0, row)
        for place, value in cells.items():
            sheet.write_formula(place, "=1", value=value)
    return file.getvalue()


def test_a_workbook_is_read_and_a_formula_is_what_it_gave() -> None:
    content = workbook(
        ["Namn", "E-post", "Arbetsplats", "Språk"],
        ["Anna Andersson", "anna@krokom.example"],
        ["Bo Åberg", "", "Bygg", "en"],
        B3="bo@krokom.example",
    )

    assert people(read_file(content)) == [ANNA, BO]


def bomb() -> bytes:
    """A workbook whose directory says that its first part unpacks to 2 GiB."""
    content = bytearray(workbook(["anna@krokom.example"]))
    size = content.index(b"PK\x01\x02") + 24  # APPNOTE.TXT §4.3.12: the uncompressed size
    content[size : size + 4] = (2**31).to_bytes(4, "little")
    return bytes(content)


def far_cell() -> bytes:
    """A small workbook with a cell in the last row and column: a table between them has 17 thousand million cells."""
    given = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(workbook(["anna@krokom.example"]))) as old, zipfile.ZipFile(given, "w") as new:
        for name in old.namelist():
            body = old.read(name)
            if name == "xl/worksheets/sheet2.xml":
                body = body.replace(
                    b"</sheetData>", b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>'
                )
            new.writestr(name, body)
    return given.getvalue()


REFUSED = {
    "empty": (b"  \n", "empty"),
    "too large": (b"a" * (10 * 1024 * 1024 + 1), "too_large"),
    "too many": (b"a@b.example\n" * 100_001, "too_many"),
    "no text": (b"%PDF-1.7\n\x81\x8d\x8f", "no_text"),
    "half of UTF-16": (b"\xff\xfea", "no_text"),
    "no workbook": (b"PK\x03\x04 nothing more", "unreadable"),
    "no old workbook": (b"\xd0\xcf\x11\xe0 nothing more", "unreadable"),
    "a bomb": (bomb, "too_large"),
    "a far cell": (far_cell, "unreadable"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_list_is_refused(name) -> None:
    content, fault = REFUSED[name]

    with pytest.raises(Rejected) as refused:
        read_file(content() if callable(content) else content)

    assert (refused.value.field, refused.value.message_key) == ("file", fault)


def test_text_without_an_encoding_is_what_excel_saves() -> None:
    assert decoded("Åke;åke@x.example".encode("cp1252")) == "Åke;åke@x.example"

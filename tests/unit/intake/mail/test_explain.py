"""The line that ``idesluss mail explain`` prints of a file."""

import hashlib
import json
from pathlib import Path

import pytest

from services.intake.mail.explain import explain
from services.intake.mail.model import Reading

FIXTURES = Path(__file__).parents[3] / "fixtures" / "mail" / "mime"
KEYS = (
    "file sha256 kind from subject title language text quoted signature attachments forwarded delivery_reports "
    "calendar reasons"
)


@pytest.mark.parametrize("path", sorted(FIXTURES.glob("*.eml")), ids=lambda path: path.stem)
def test_every_key_is_there_in_its_order_and_the_line_is_json(path: Path) -> None:
    line = explain(path)

    assert " ".join(line) == KEYS
    assert json.loads(json.dumps(line, ensure_ascii=False)) == line
    assert line["file"] == str(path)
    assert line["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()


def test_files_are_told_without_their_bytes() -> None:
    line = explain(FIXTURES / "text-attachment.eml")

    assert line["attachments"] == [
        {"name": "ide.txt", "type": "text/plain", "size": 11, "sha256": hashlib.sha256(b"hemlig text").hexdigest()}
    ]


def test_the_original_of_a_forwarded_mail_is_told() -> None:
    line = explain(FIXTURES / "forwarded-as-attachment.eml")

    assert line["forwarded"] == {
        "from": {"name": "Björn", "address": "bjorn@foretag.example"},
        "subject": "Cykelställ",
        "text": "Det saknas cykelställ.",
    }


@pytest.mark.parametrize("name", ["missing.eml", ".", "a\0b"])
def test_a_file_that_cannot_be_read_is_a_line_of_nulls_with_a_reason(tmp_path: Path, name: str) -> None:
    line = explain(tmp_path / name)

    assert " ".join(line) == KEYS
    assert line["reasons"]
    assert [value for key, value in line.items() if key not in ("file", "reasons")] == [None] * 13


@pytest.mark.parametrize(
    ("header", "option", "envelope_from"),
    [
        (b"Return-Path: <a@b.example>\n", None, "a@b.example"),
        (b"Return-Path: <a@b.example>\n", "c@d.example", "c@d.example"),
        (b"Return-Path: <a@b.example>\n", "", ""),
        (b"Return-Path: <>\n", None, ""),
        (b"", None, None),
    ],
)
def test_the_envelope_sender_is_the_options_or_return_paths(
    tmp_path: Path, header: bytes, option: str | None, envelope_from: str | None
) -> None:
    asked: list[str | None] = []

    def read(raw: bytes, *, envelope_from: str | None = None, recipient: str | None = None) -> Reading:
        asked.append(envelope_from)
        return Reading(sha256="")

    path = tmp_path / "a.eml"
    path.write_bytes(header + b"Subject: x\n\ny")
    explain(path, envelope_from=option, read=read)

    assert asked == [envelope_from]

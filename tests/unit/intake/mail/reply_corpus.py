"""The reply corpus under ``tests/fixtures/mail/replies``: mails made by us in the forms real clients write.

``open`` and ``held_out`` were written before the code (``held_out`` was not looked at while it was written);
``attacks`` were made to break it, ``fresh`` by somebody who had not read it. A file is sections headed by
``@@ name``: ``shows``, ``subject``, ``plain``, ``html`` are the mail, ``text``, ``quoted``, ``signature``,
``forwarded`` what reading it must give.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from services.intake.mail.model import Divided

FOLDER = Path(__file__).parents[3] / "fixtures" / "mail" / "replies"


@dataclass(frozen=True, slots=True)
class Case:
    """One mail of the corpus and what is expected of it."""

    name: str
    sections: dict[str, str]

    @property
    def text(self) -> str:
        return self.sections["text"]


def cases() -> list[Case]:
    """Every mail of the corpus, in a fixed order."""
    return [
        Case(f"{path.parent.name}/{path.stem}", _sections(path.read_text("utf-8")))
        for path in sorted(FOLDER.glob("*/*.txt"))
    ]


def _sections(source: str) -> dict[str, str]:
    found: dict[str, list[str]] = {}
    current: list[str] = []
    for line in source.split("\n"):
        if line.startswith("@@ "):
            current = found.setdefault(line[3:].strip(), [])
        else:
            current.append(line)
    return {name: "\n".join(lines).strip("\n") for name, lines in found.items()}


def said_of_forwarded(divided: Divided) -> str:
    """The forwarded original as the corpus writes it: sender, subject, text; empty where there is none."""
    original = divided.forwarded
    if original is None:
        return ""
    sender = f"{original.sender.name} <{original.sender.address}>" if original.sender else "None"
    return f"{sender}\n{original.subject}\n{original.text}"

"""The mails of ``tests/fixtures/mail/reports`` and ``ordinary``, each with what it must be read as."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

from services.intake.mail.kinds.classify import Classified, classify
from services.intake.mail.model import Part
from services.intake.mail.parts import mime
from services.intake.mail.parts.headers import addresses, message_ids

FOLDER = Path(__file__).parents[3] / "fixtures" / "mail"


@dataclass(frozen=True)
class Sample:
    """One line of an index: ``-`` there is None here, ``<>`` the null sender."""

    path: Path
    envelope_from: str | None
    facts: dict[str, str]

    @property
    def id(self) -> str:
        return self.path.stem

    def fact(self, name: str) -> str | None:
        value = self.facts[name]
        return None if value == "-" else value


def samples(kind: str) -> list[Sample]:
    """Every mail of ``reports`` or ``ordinary``."""
    with (FOLDER / kind / "index.tsv").open(encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))
    senders = {"-": None, "<>": ""}
    return [
        Sample(FOLDER / kind / row["file"], senders.get(row["envelope_from"], row["envelope_from"]), row)
        for row in rows
    ]


def parse(raw: bytes | str) -> Part:
    """A mail's tree, from text with LF or bytes as they are."""
    data = raw.replace("\n", "\r\n").encode() if isinstance(raw, str) else raw
    return mime.parse(data)[0]


def classify_mail(tree: Part, *, envelope_from: str | None = None, recipient: str | None = None) -> Classified:
    """Classify as ``read_mail`` does, with what the header says."""
    headers = tree.headers
    named = [one.address for name in ("To", "Cc") for value in headers.all(name) for one in addresses(value)]
    return classify(
        tree,
        envelope_from=envelope_from,
        recipient=recipient,
        recipients=named,
        in_reply_to=message_ids(headers.get("In-Reply-To")),
        references=message_ids(headers.get("References")),
    )

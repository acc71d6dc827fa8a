"""What may be sent through the public form: its limits, and what is wrong with what somebody filled in.

What files may come is the same wherever files do.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from services.intake.domain.idea import SubmitterKind
from shared.mail.typed_address import address_fault
from shared.words import one_line

TITLE_LIMIT = 200
TEXT_LIMIT = 20_000
NAME_LIMIT = 200
MAX_FILES = 10
MAX_FILE_BYTES = 25 * 1024 * 1024
"""Of all files together."""

_PROGRAMS = frozenset(
    {
        "application/java-archive",
        "application/java-vm",
        "application/vnd.android.package-archive",
        "application/vnd.microsoft.portable-executable",
        "application/x-elf",
        "application/x-mach-binary",
        "application/x-ms-shortcut",
        "application/x-msi",
        "application/x-sh",
        "text/x-shellscript",
    }
)
_PROGRAM_NAMES = re.compile(
    r".+\.(?:ade|app|apk|bat|cmd|com|cpl|dll|dmg|exe|hta|iso|jar|js|jse|lnk|msc|msi|msp|pif|ps1|reg|scr|sh|vb|vbe|vbs|wsf|wsh)",
    re.IGNORECASE,
)


class SentFile(Protocol):
    """A file, as far as it decides whether it may come."""

    @property
    def name(self) -> str: ...
    @property
    def type(self) -> str: ...
    @property
    def size(self) -> int: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class FilledForm:
    """The form as somebody filled it in, with LF line ends."""

    title: str = ""
    text: str = ""
    kind: str = ""
    name: str = ""
    email: str = ""
    anonymous: bool = False
    consent: bool = False
    answers: Mapping[str, str] = field(default_factory=dict)
    """To the sluice's own questions, by field name."""


def faults(form: FilledForm) -> dict[str, str]:
    """What is wrong, by field, in the form's order; empty where nothing is."""
    found = {
        "title": _title_fault(form.title),
        "text": _text_fault(form.text),
        "kind": None if not form.kind or form.kind in set(SubmitterKind) else "unknown",
        "name": "too_long" if not form.anonymous and len(form.name) > NAME_LIMIT else None,
        "email": None if form.anonymous else address_fault(form.email),
        "consent": None if form.consent else "missing",
    }
    return {name: fault for name, fault in found.items() if fault is not None}


def file_faults(files: Sequence[SentFile]) -> list[tuple[str, str]]:
    """What is wrong with the files: ``(fault, name of the file)``. ``program``, ``too_many`` or ``too_large``."""
    found = [("program", file.name) for file in files if is_program(file)]
    if len(files) > MAX_FILES:
        found.append(("too_many", ""))
    if sum(file.size for file in files) > MAX_FILE_BYTES:
        found.append(("too_large", ""))
    return found


def is_program(file: SentFile) -> bool:
    """True for what a computer would run when it is opened, by its bytes or by its name."""
    return file.type in _PROGRAMS or _PROGRAM_NAMES.fullmatch(file.name) is not None


def _title_fault(title: str) -> str | None:
    if not one_line(title):
        return "missing"
    return "too_long" if len(title.strip()) > TITLE_LIMIT else None


def _text_fault(text: str) -> str | None:
    if not text.strip():
        return "missing"
    return "too_long" if len(text) > TEXT_LIMIT else None

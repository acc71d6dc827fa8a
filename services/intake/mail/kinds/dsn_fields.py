"""The machine-readable fields of a delivery report (RFC 3464 §2), read the way real servers write them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

_MOST_RECIPIENTS: Final = 50

_FIELD: Final = re.compile(r"\s{0,4}([A-Za-z][A-Za-z0-9-]{1,40})\s?:\s*(.*)")
_UNICODE: Final = re.compile(r"\\x\{([0-9a-fA-F]{2,6})\}")
_CODE: Final = re.compile(r"(?<![\d.])([245])\.(\d{1,3})\.(\d{1,3})(?!\.?\d)")
_PER_RECIPIENT: Final = frozenset(("original-recipient", "final-recipient", "action", "status"))
_ACTIONS: Final = {
    "fail": "failed",
    "error": "failed",
    "undeliv": "failed",
    "expire": "failed",
    "reject": "failed",
    "delay": "delayed",
    "defer": "delayed",
    "deliver": "delivered",
    "relay": "relayed",
    "transf": "relayed",
    "expand": "expanded",
}


@dataclass(frozen=True, slots=True)
class Group:
    """The fields of one recipient."""

    recipient: str | None
    action: str | None
    status: str | None
    diagnostic: str


def recipient_groups(lines: Sequence[str]) -> list[Group]:
    """One group a recipient, in order.

    A blank line ends a group (RFC 3464 §2.1); so does a field that the group already has, as some servers
    write no blank lines.
    """
    groups: list[dict[str, str]] = []
    current: dict[str, str] = {}
    last: str | None = None
    for line in lines:
        if not line.strip():
            if _PER_RECIPIENT.intersection(current):
                groups.append(current)
                current = {}
            last = None
            continue
        match = None if line.startswith(" ") and last else _FIELD.match(line)
        if match is None:
            if last is not None:
                current[last] = f"{current[last]} {line.strip()}"[:4_000]
            continue
        last = match.group(1).lower()
        if last in _PER_RECIPIENT and last in current:
            groups.append(current)
            current = {}
        current.setdefault(last, match.group(2).strip())
    groups.append(current)
    found = [_group(fields) for fields in groups[:_MOST_RECIPIENTS] if _PER_RECIPIENT.intersection(fields)]
    return [group for group in found if group.recipient or group.action or group.status]


def typed_address(value: str) -> str | None:
    """The address of ``rfc822; ann@example.org`` (RFC 3464 §2.3.1), or None where there is none."""
    address = value.rpartition(";")[2].strip()
    address = _UNICODE.sub(lambda match: _sign(match.group(1)), address)
    address = address.partition(" (")[0].strip().strip("<>\"',").strip()
    address = address.removeprefix("mailto:").removeprefix("SMTP:")
    local, at, domain = address.rpartition("@")
    if not at or not local or not domain or len(address) > 320 or " " in domain or ("<" in address):
        return None
    return f"{local}@{domain.lower().rstrip('.')}"


def _group(fields: dict[str, str]) -> Group:
    candidates = (fields.get(name, "") for name in ("original-recipient", "x-actual-recipient", "final-recipient"))
    status = _CODE.search(fields.get("status", ""))
    kind, semicolon, said = fields.get("diagnostic-code", "").partition(";")
    diagnostic = said if semicolon and " " not in kind.strip() else fields.get("diagnostic-code", "")
    return Group(
        recipient=next((address for value in candidates if (address := typed_address(value))), None),
        action=_action(fields.get("action", "")),
        status=".".join(str(int(number)) for number in status.groups()) if status else None,
        diagnostic=diagnostic.strip(),
    )


def _action(value: str) -> str | None:
    word = value.strip().lower()
    return next((action for start, action in _ACTIONS.items() if word.startswith(start)), None)


def _sign(digits: str) -> str:
    code = int(digits, 16)
    return chr(code) if code < 0x110000 and not 0xD800 <= code < 0xE000 else "\ufffd"

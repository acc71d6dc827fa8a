"""An event's contacts as a form of numbered rows, and back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from services.rsvp.domain.form_reader import Reader
from shared.mail.addresses import canonical, is_sendable

MOST = 10
NAME_LIMIT = 100
PHONE_LIMIT = 40
ADDRESS_LIMIT = 254


def write_contacts(contacts: Sequence[Mapping[str, Any]], language: str) -> dict[str, str]:
    """The fields of every contact and of an empty row; ``contacts_count`` is how many rows there are.

    :param language: of the empty row.
    """
    fields = {"contacts_count": str(min(len(contacts) + 1, MOST))}
    for number, contact in enumerate([*contacts[:MOST], *([{}] if len(contacts) < MOST else [])]):
        row = f"c{number}"
        fields |= {
            f"{row}-name": contact.get("name", ""),
            f"{row}-address": contact.get("address", ""),
            f"{row}-phone": contact.get("phone", ""),
            f"{row}-language": contact.get("language", language),
            f"{row}-told": "yes" if contact.get("is_told", True) else "",
        }
    return fields


def read_contacts(reader: Reader, languages: Sequence[str]) -> list[dict[str, Any]]:
    """The contacts in the order of their rows; a row with neither name, address nor phone is left out."""
    found: list[dict[str, Any]] = []
    for number in reader.rows("contacts", MOST):
        row = f"c{number}"
        name, phone = reader.line(f"{row}-name", NAME_LIMIT), reader.line(f"{row}-phone", PHONE_LIMIT)
        address = reader.line(f"{row}-address", ADDRESS_LIMIT)
        if reader.form.get(f"{row}-remove") == "yes" or not (name or address or phone):
            continue
        if not name:
            reader.fail(f"{row}-name", "contact_name")
        if not is_sendable(address):
            reader.fail(f"{row}-address", "address")
        elif any(canonical(address) == canonical(other["address"]) for other in found):
            reader.fail(f"{row}-address", "contact_twice")
        language = reader.form.get(f"{row}-language", "")
        found.append(
            {
                "name": name,
                "address": address,
                "phone": phone,
                "language": language if language in languages else languages[0],
                "is_told": reader.yes(f"{row}-told"),
            }
        )
    return found

"""The original inside a forwarded mail: who sent it, under which subject, and its text."""

from __future__ import annotations

from collections.abc import Sequence

from services.intake.mail.model import Address, Forwarded
from services.intake.mail.words.attribution import find_ending_at
from services.intake.mail.words.header_block import Header, is_end_of_forward, is_forward_marker, is_rule
from services.intake.mail.words.lines import Line, next_filled, show
from services.intake.mail.words.wordlists import word_set

_FORWARD_PREFIXES = word_set(
    """
    fw fwd vb vs wg tr rv enc doorst i pd пер 转发 轉寄 転送 vl vidarebefordrat videresendt
    """
)


def is_forward_subject(subject: str | None) -> bool:
    """True where the subject's first prefix says forwarded: "Fwd:", "VB:", "WG:"."""
    if not subject:
        return False
    prefix, colon, _ = subject.replace("：", ":").strip().partition(":")
    return bool(colon) and prefix.strip().casefold() in _FORWARD_PREFIXES


def end_of(lines: Sequence[Line], start: int) -> int:
    """Line after a forwarded original: below its end marker, else the mail's end."""
    for place in range(start, len(lines)):
        if is_end_of_forward(lines[place].words):
            return place + 1
    return len(lines)


def read(lines: Sequence[Line], header: Header, end: int) -> Forwarded:
    """The original below ``header``, up to line ``end``; one level of quote signs is taken off."""
    body = list(lines[header.end : end])
    if body and is_end_of_forward(body[-1].words):
        body.pop()
    sender = _sender(header.fields.get("from", ""))
    first = next_filled(body, 0)
    if first < len(body) and (is_forward_marker(body[first].words) or is_rule(body[first].words)):
        del body[: first + 1]
    elif not header.fields and first < len(body):
        attribution = find_ending_at(body, first)
        if attribution:
            sender = _sender(_sender_in(body[first].words))
            del body[: attribution.end]
    if any(line.depth for line in body) and all(line.depth or line.blank for line in body):
        body = [_lifted(line) for line in body]
    return Forwarded(sender, header.fields.get("subject") or None, show(body))


def _sender_in(attribution: str) -> str:
    """From the name on in a one-line attribution: "03.11.2026, 09:14, "Kim" <kim@are.example>:"."""
    start = attribution.find('"')
    address = attribution.find("<")
    return attribution[start if 0 <= start < address else max(address, 0) :].rstrip(":： ")


def _lifted(line: Line) -> Line:
    text = line.text.lstrip()
    if text.startswith(">"):
        text = text[1:].removeprefix(" ")
    return Line(text, line.words, max(0, line.depth - 1))


def _sender(value: str) -> Address | None:
    """ "Name <address>", "Name [mailto:address]", a bare address, or a name alone."""
    value = value.strip()
    if not value:
        return None
    place = value.find("@")
    if place < 0:
        return Address(value.strip("\"' "), "")
    start = max(value.rfind(sign, 0, place) for sign in "<[(: \t\"'") + 1
    stops = [stop for stop in (value.find(sign, place) for sign in ">])< \t;,\"'|") if stop > 0]
    address = value[start : min(stops, default=len(value))]
    name = value[:start].removesuffix("mailto:").rstrip("<[( \t:").removesuffix("mailto").strip("\"'<[( ")
    local, _, domain = address.rpartition("@")
    return Address("" if name == address else name, f"{local}@{domain.lower()}")

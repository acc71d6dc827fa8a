"""What stands below the words: delimited signatures, clients' own lines, footers.

A closing ("Mvh Åsa", "Thanks, Kim") is part of what the person wrote and stays, with the title and telephone that
may stand below it: nothing says where a signature without delimiter begins, and a word too many costs less than a
wanted word lost. What is set apart needs evidence: RFC 3676's delimiter (§4.3), the client's mark-up, a device's or
client's name, a footer's own phrases. A delimiter with prose below it is a pause in the text and stays.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from services.intake.mail.words import evidence, footers
from services.intake.mail.words.client_line import is_client_line
from services.intake.mail.words.header_block import is_rule, with_rules
from services.intake.mail.words.lines import Line, Role, last_filled, opening

MAX_LINES = 40
"""Lines below a delimiter that may still be a signature, legal footer included."""
_TRACKER = "ᐧ"
"""The sign that a mail tracker leaves on a line of its own."""

_PHONE = re.compile(r"(?<![\w/.,-])(?:\+|00|\(0|0)[\d ()/.–-]{6,22}(?!\w)")
_LABELLED = re.compile(
    r"(?i)\b(?:tel|tfn|telefon|telefoon|téléphone|mobil|mobile|mob|phone|cell|direct|direkt|växel|fax|epost|e-post|email|"
    r"e-mail|mail|webb|web|www|org\.? ?nr|skype|handy|switchboard|besöksadress|postadress|besök|box)\b\s?[.:]?"
)
_URL = re.compile(r"(?i)\b(?:https?://|www\.)\S|\b[\w-]{2,40}\.(?:se|nu|com|org|net|eu|de|fi|dk|no|fr|nl|uk|example)\b")
_POSTAL = re.compile(r"(?<!\d)(?:(?:SE?-)?\d{3} \d{2}|(?:[A-Z]{1,2}-)?\d{5}) [A-ZÅÄÖ]\w{2}")


def split(lines: Sequence[Line]) -> tuple[int, str]:
    """Where the signature begins that ends the lines, and why; ``(len(lines), "")`` where there is none.

    Peels from below: list footers, legal footers, clients' lines, a delimited block, an idle rule.
    """
    start, why = len(lines), ""
    for _ in range(8):
        above, reason = _peel(lines, start)
        if above == start:
            break
        start, why = above, reason
    return start, why


def _peel(lines: Sequence[Line], end: int) -> tuple[int, str]:
    last = last_filled(lines, end)
    if last < 0 or lines[last].depth:
        return end, ""
    for rule in (_marked, _client, _delimited, _listed, _footer, _idle_rule):
        start = rule(lines, last)
        if start is not None:
            return start, f"at {opening(lines, start)!r}"
    return end, ""


def _marked(lines: Sequence[Line], last: int) -> int | None:
    """The client's mark-up says signature."""
    start = last
    while start >= 0 and (lines[start].role is Role.SIGNATURE or (lines[start].blank and start < last)):
        start -= 1
    start += 1
    if start > last or last - start > MAX_LINES:
        return None
    above = last_filled(lines, start)
    return above if above >= 0 and lines[above].words in ("--", "—", "__") and not lines[above].depth else start


def _client(lines: Sequence[Line], last: int) -> int | None:
    if is_client_line(lines[last].words):
        return with_rules(lines, last)
    above = last - 1
    if above >= 0 and not lines[above].blank and not lines[above].depth:
        joined = f"{lines[above].words} {lines[last].words}"
        if len(lines[last].words.split()) <= 4 and is_client_line(joined) and is_client_line(lines[above].words):
            return above
        if lines[last].words.lstrip("<(").startswith("http") and is_client_line(lines[above].words):
            return above
    return None


def _delimited(lines: Sequence[Line], last: int) -> int | None:
    """The topmost delimiter below which everything looks like a signature."""
    found = None
    for place in range(last, max(-1, last - MAX_LINES - 1), -1):
        line = lines[place]
        if line.depth:
            break
        if _is_delimiter(line.words) and _is_signature_like(lines, place + 1, last + 1):
            found = place
    return found


def _is_delimiter(words: str) -> bool:
    return words in ("--", "—", "–", "__") or (is_rule(words) and not words.startswith("="))


def _is_signature_like(lines: Sequence[Line], start: int, end: int) -> bool:
    """Short lines, few sentences; contact details or a name. Below a long rule more evidence is asked for."""
    filled = [line.words for line in lines[start:end] if not line.blank]
    if not filled:
        return lines[start - 1].words in ("--", "__", "—")
    footer = _starts_footer(filled)
    body = filled[: footer if footer is not None else len(filled)]
    if any(lines[place].depth for place in range(start, end)):
        return False
    if len(body) > 16 or sum(len(words) for words in body) > 900:
        return False
    prose = sum(1 for words in body if _is_prose(words))
    if lines[start - 1].words == "--":
        if prose <= 1 and (len(body) <= 3 or prose == 0):
            return True
        return (prose <= 1 or (prose <= 4 and len(body) <= 8)) and (_details(body) > 0 or _is_name(body[0]))
    if not body:
        return footer is not None
    if lines[start - 1].words in ("__", "—", "–"):
        return prose == 0 and (_is_name(body[0]) or _details(body) > 0)
    if any(is_rule(words) for words in body):
        return False
    named = _is_name(body[0]) and (_details(body) >= 1 or (len(body) <= 3 and " " in body[0]))
    return prose == 0 and len(body) <= 10 and named


def _starts_footer(filled: Sequence[str]) -> int | None:
    return next((place for place, words in enumerate(filled) if footers.is_any(words)), None)


def _is_prose(words: str) -> bool:
    tokens = words.split()
    return len(tokens) > 10 or (
        len(tokens) >= 5 and words.endswith((".", "?", "!", ":", ",")) and not _details([words])
    )


def _is_name(words: str) -> bool:
    """True for one to four words with capitals and nothing but letters: "Kim Testperson-Prov"."""
    tokens = words.split()
    letters = "".join(tokens).replace("-", "").replace(".", "").replace("'", "")
    return 1 <= len(tokens) <= 4 and letters.isalpha() and all(token[:1].isupper() for token in tokens)


def _details(filled: Sequence[str]) -> int:
    """How many of the lines hold contact details."""
    return sum(1 for words in filled if _has_details(words))


def _has_details(words: str) -> bool:
    if evidence.has_address(words) or _URL.search(words) or _POSTAL.search(words):
        return True
    phone = _PHONE.search(words)
    if phone and sum(sign.isdigit() for sign in phone.group()) >= 7:
        return True
    return bool(_LABELLED.search(words)) and any(sign.isdigit() for sign in words)


def _listed(lines: Sequence[Line], last: int) -> int | None:
    """A mailing list's footer: its phrases in the last paragraphs, under a rule or a delimiter."""
    start = _paragraph(lines, last)
    rules = [place for place in range(start, last) if is_rule(lines[place].words) or lines[place].words == "--"]
    if not rules:
        above = last_filled(lines, start)
        if above >= 0 and not lines[above].depth and (is_rule(lines[above].words) or lines[above].words == "--"):
            rules = [above]
    for rule in reversed(rules):
        below = " ".join(line.words for line in lines[rule + 1 : last + 1])[:3000]
        if last - rule <= 15 and footers.is_list_footer(below):
            return rule
    return None


def _footer(lines: Sequence[Line], last: int) -> int | None:
    """A legal footer or a notice: the last paragraph, told by its phrases, and a rule above it."""
    start = _paragraph(lines, last)
    if any(line.depth for line in lines[start : last + 1]):
        return None
    joined = " ".join(line.words for line in lines[start : last + 1])[:4000]
    return with_rules(lines, start) if footers.is_legal(joined) or footers.is_notice(joined) else None


def _idle_rule(lines: Sequence[Line], last: int) -> int | None:
    """A rule that separates the words from nothing."""
    above = lines[last - 1] if last else None
    idle = above is not None and above.blank and is_rule(lines[last].words)
    return last if idle or lines[last].words == _TRACKER else None


def _paragraph(lines: Sequence[Line], last: int) -> int:
    """First line of the paragraph that ends with ``last``; bounded."""
    start = last
    while start > 0 and not lines[start - 1].blank and last - start < MAX_LINES:
        start -= 1
    return start

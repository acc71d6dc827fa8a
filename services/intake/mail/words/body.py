"""A mail's body told apart: what the person wrote, what is quoted, the signature, the forwarded original.

Nothing is thrown away, and when unsure everything is kept: a cut that would leave no words is not made
(except around a forwarded original, whose words are then in ``forwarded``). Closings are the person's
own words. See ``quotes`` for answers between quoted lines.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from services.intake.mail.model import Divided, Forwarded
from services.intake.mail.words import footers, forwarded, header_block, quotes, reply_line, signature
from services.intake.mail.words.attribution import find_ending_at, is_followed_by_quote, is_group_wise
from services.intake.mail.words.header_block import Header
from services.intake.mail.words.html import to_lines
from services.intake.mail.words.lines import Line, Role, count, fold, from_plain, last_filled, next_filled, show

STUB_SHARE = 0.5
"""A plain text with fewer words than this share of the HTML's only says that there is HTML."""


def divide(plain: str | None, html: str | None, *, subject: str | None = None) -> Divided:
    """Tell a mail's text apart. Never raises; every line of the chosen body is in one of the fields.

    :param plain: the text/plain body, decoded; ``None`` where there is none.
    :param html: the text/html body, decoded; ``None`` where there is none.
    :param subject: decides whether an Outlook header block begins a reply's quote or a forwarded mail.
    """
    from_text = _divide(from_plain(plain), subject) if plain and plain.strip() else None
    from_html = _divide(to_lines(html), subject) if html and html.strip() else None
    if from_html and not _words(from_html.everything):
        from_html = None
    if from_text is None or from_html is None:
        chosen = from_text or from_html
        return chosen.divided if chosen else Divided("")
    return _better(from_text, from_html)


@dataclass(frozen=True, slots=True)
class _Attempt:
    """One body told apart, and whether its client's mark-up took part in it."""

    divided: Divided
    everything: str
    structured: bool


def _better(plain: _Attempt, html: _Attempt) -> Divided:
    """Where both agree on the words, the plain text's lines are shown; else the one with better evidence.

    HTML's structure is better evidence than quote signs: it knows an indentation from a quote. Without such
    structure the one that keeps more is taken.
    """
    own_plain, own_html = _words(plain.divided.text), _words(html.divided.text)
    if own_plain == own_html:
        return plain.divided
    if len(_words(plain.everything)) < STUB_SHARE * len(_words(html.everything)):
        return _with_reason(html.divided, "the HTML part was read: the plain text holds less than half of its words")
    if html.structured:
        return _with_reason(html.divided, "the HTML part was read: its mark-up shows what is quoted")
    return plain.divided if len(own_plain) >= len(own_html) else html.divided


def _with_reason(divided: Divided, reason: str) -> Divided:
    return replace(divided, reasons=(*divided.reasons, reason))


_PICTURE = re.compile(r"\[(?:image|cid|bild):[^\]]{0,300}\]")


def _words(text: str) -> list[str]:
    """The words of a text without addresses of pages, pictures and signs: what two renderings of it share."""
    words = []
    for token in _PICTURE.sub(" ", text).split():
        if "://" in token or "mailto:" in token:
            continue
        bare = "".join(sign for sign in token if sign.isalnum())
        if bare:
            words.append(bare.casefold())
    return words


def _divide(lines: Sequence[Line], subject: str | None) -> _Attempt:
    everything = show(lines)
    structured = any(line.role or line.depth or line.indented for line in lines)
    lines = _with_quoted_indents(lines)
    top = footers.banner_end(lines)
    reasons = [f"{top} lines set apart at the top: a gateway's warning"] if top else []
    body = list(lines[top:])

    cut, header, why = _find_cut(body, subject)
    below = body[cut:]
    original: Forwarded | None = None
    after: list[Line] = []
    if header and (header.forward or forwarded.is_forward_subject(subject)):
        end = forwarded.end_of(body, header.end)
        original = forwarded.read(body, header, end)
        below, after = body[cut:end], body[end:]
        why = f"forwarded mail {why}"
    own = _divide_own([*body[:cut], *after])
    if why:
        reasons.append(f"{count(below)} set apart {why}")
    reasons.extend(own.reasons)

    if not own.text and not original:
        return _Attempt(_kept_whole(lines, reasons), everything, structured)
    quoted = [show(lines[:top]), own.quoted, show(below)]
    divided = Divided(
        own.text,
        quoted="\n\n".join(part for part in quoted if part),
        signature=own.signature,
        forwarded=original,
        reasons=tuple(reasons),
    )
    return _Attempt(divided, everything, structured)


def _kept_whole(lines: Sequence[Line], reasons: Sequence[str]) -> Divided:
    if not reasons:
        return Divided(show(lines))
    reason = "everything was kept: nothing would have remained of the person's own words"
    return Divided(show(lines), reasons=(reason,))


def _divide_own(lines: Sequence[Line]) -> Divided:
    """Own words without quotes and signature, for lines that hold no unquoted original."""
    end, why = signature.split(lines)
    reasons = []
    apart, quote_reasons = quotes.set_apart(lines[:end])
    reasons.extend(quote_reasons)
    kept = [line for line, is_apart in zip(lines, apart, strict=False) if not is_apart]
    quoted = [line for line, is_apart in zip(lines, apart, strict=False) if is_apart]
    inner, inner_why = signature.split(kept)
    signed = [show(kept[inner:]), show(lines[end:])]
    reasons.extend(f"signature set apart {reason}" for reason in (inner_why, why) if reason)
    return Divided(
        show(kept[:inner]),
        quoted=show(quoted),
        signature="\n\n".join(part for part in signed if part),
        reasons=tuple(reasons),
    )


def _find_cut(lines: Sequence[Line], subject: str | None) -> tuple[int, Header | None, str]:
    """First line of an original that goes on to the mail's end; ``len(lines)`` where there is none."""
    for place, line in enumerate(lines):
        if line.blank:
            continue
        if line.depth:
            if header_block.is_forward_marker(line.words) and _is_top_of_quote(lines, place):
                header = header_block.find_at(lines, place)
                if header:
                    return _above(lines, place), header, f"at {line.words[:40]!r}"
            elif is_group_wise(line) and _has_words_above(lines, place):
                return place, None, f"at {line.text[:40]!r}"
            continue
        if line.role is Role.BOUNDARY and _is_boundary(lines, place):
            found = header_block.find_at(lines, place) or _header_of_boundary(lines, place)
            if place > 0 or found:
                start = min(found.start, place) if found else place
                return start, found, f"at {line.words[:40]!r}, where the mail's mark-up begins the original"
        if line.role is Role.FORWARD:
            found = _header_of_forward(lines, place)
            return found.start, found, f"at {line.words[:40]!r}, where the mail's mark-up begins the original"
        if reply_line.is_reply_above(line.words):
            return place, None, f"at {line.words[:40]!r}"
        header = header_block.find_at(lines, place)
        if header and (
            header.forward or _has_words_above(lines, header.start) or forwarded.is_forward_subject(subject)
        ):
            return header.start, header, f"at {header.label[:40]!r}"
        said = find_ending_at(lines, place)
        if said and not is_followed_by_quote(lines, said.end) and _has_words_above(lines, said.start):
            return header_block.with_rules(lines, said.start), None, f"at {lines[said.start].words[:40]!r}"
    return len(lines), None, ""


def _has_words_above(lines: Sequence[Line], start: int) -> bool:
    return last_filled(lines, start) >= 0


def _is_top_of_quote(lines: Sequence[Line], place: int) -> bool:
    """True where a quote begins that no attribution gives to somebody else."""
    above = last_filled(lines, place)
    return above < 0 or (not lines[above].depth and find_ending_at(lines, above) is None)


def _above(lines: Sequence[Line], place: int) -> int:
    """The quote's first line, blank quoted lines above ``place`` included."""
    while place > 0 and lines[place - 1].depth and lines[place - 1].blank:
        place -= 1
    return place


def _is_boundary(lines: Sequence[Line], place: int) -> bool:
    """True where the marked element opens here and its first lines look like header fields or attribution."""
    if place and lines[place - 1].role is Role.BOUNDARY:
        return False
    opening = [line.words for line in lines[place : place + 12] if line.role is Role.BOUNDARY and line.words]
    return sum(1 for words in opening if ":" in words or "：" in words or "@" in words) >= min(2, len(opening))


def _header_of_boundary(lines: Sequence[Line], place: int) -> Header | None:
    fields, end = header_block.fields_at(lines, place)
    if not fields:
        return None
    return Header(header_block.with_rules(lines, place), end, False, fields, lines[place].words.split(":")[0] + ":")


def _header_of_forward(lines: Sequence[Line], place: int) -> Header:
    """The header of a forwarded original whose marker may be in a language we have no words for."""
    found = header_block.find_at(lines, place)
    if found:
        return replace(found, forward=True)
    fields: Mapping[str, str] = {}
    end = place + 1
    for at in range(place, min(place + 8, len(lines))):
        fields, end = header_block.fields_at(lines, at)
        if fields:
            break
    return Header(place, max(end, place + 1), True, fields, lines[place].words)


def _with_quoted_indents(lines: Sequence[Line]) -> list[Line]:
    """Indented blocks below an attribution are quotes; other indented blocks are the writer's own."""
    out = list(lines)
    place = 0
    while place < len(out):
        if not out[place].indented:
            place += 1
            continue
        end = _end_of_indent(lines, place)
        above = last_filled(lines, place)
        if above >= 0 and find_ending_at(lines, above) is not None:
            out[place:end] = [_quoted(line) for line in lines[place:end]]
        place = end
    return out


def _end_of_indent(lines: Sequence[Line], start: int) -> int:
    """Line after an indented block; blank lines inside it belong to it."""
    end = start
    while end < len(lines) and lines[end].indented:
        end += 1
        following = next_filled(lines, end)
        if following < len(lines) and lines[following].indented:
            end = following
    return end


def _quoted(line: Line) -> Line:
    """The line as quoted; one that Supercite signed needs no other sign."""
    signed = line.words != fold(line.text)
    return replace(line, text=line.text if signed else f"> {line.text}".rstrip(), depth=line.depth + 1)

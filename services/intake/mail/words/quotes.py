"""Quoted lines: which are set apart and which stay because the writer answers them.

* The trailing quote, with its attribution, is set apart: nothing below it answers it.
* A leading quote with an attribution and the reply below (bottom posting) is set apart.
* Quotes between answers stay where they are, without the attribution a client wrote: the answers need them.
* A quote that the writer led in with a colon, and a leading quote without attribution, were chosen by
  the writer, and stay.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from services.intake.mail.words import evidence
from services.intake.mail.words.attribution import find_ending_at, is_attribution
from services.intake.mail.words.header_block import is_rule, with_rules
from services.intake.mail.words.lines import Line, count, last_filled, next_filled, opening

WRAP_WIDTH = 60
"""A quoted line at least this long may have been wrapped by a mailer, its rest standing without a sign."""


@dataclass(frozen=True, slots=True)
class Run:
    """Quoted lines ``start`` to ``end`` (exclusive); the attribution above them begins at ``lead``."""

    lead: int
    start: int
    end: int

    @property
    def attributed(self) -> bool:
        """True where an attribution stands above."""
        return self.lead < self.start


def find_runs(lines: Sequence[Line]) -> list[Run]:
    """Every stretch of quoted lines, blank lines and wrapped rests between them included."""
    runs: list[Run] = []
    place = 0
    while place < len(lines):
        if not lines[place].depth:
            place += 1
            continue
        start = place
        end = place = place + 1
        while place < len(lines):
            if lines[place].depth:
                end = place = place + 1
            elif lines[place].blank or _is_wrapped_rest(lines, place):
                place += 1
            else:
                break
        floor = runs[-1].end if runs else 0
        runs.append(Run(_lead(lines, start, floor), start, end))
        place = max(place, end)
    return runs


def set_apart(lines: Sequence[Line]) -> tuple[list[bool], list[str]]:
    """For each line whether it is set apart as quoted, and why."""
    apart = [False] * len(lines)
    reasons: list[str] = []
    runs = find_runs(lines)
    if not runs:
        return apart, reasons
    if next_filled(lines, runs[-1].end) == len(lines) and not _is_led_in(lines, runs[-1]):
        run = runs.pop()
        _mark(apart, run.lead, len(lines))
        reasons.append(_say(lines, run.lead, len(lines)))
    if len(runs) == 1 and _is_leading(lines, runs[0]):
        run = runs.pop()
        _mark(apart, 0, run.end)
        reasons.append(_say(lines, run.lead, run.end))
    for run in runs:
        if run.attributed and _is_a_clients(lines[run.lead : run.start]):
            _mark(apart, run.lead, run.start)
            reasons.append(f"the quote at {opening(lines, run.start)!r} is kept with the answer below it")
    return apart, reasons


def _is_leading(lines: Sequence[Line], run: Run) -> bool:
    """True for an attributed quote with nothing above it."""
    if next_filled(lines, 0) < run.lead:
        return False
    return run.attributed or any(
        find_ending_at(lines, place) is not None for place in range(run.start, min(run.start + 5, run.end))
    )


def _is_a_clients(attribution: Sequence[Line]) -> bool:
    """True where a date or address shows that a client wrote it; "Kim wrote:" may be the writer's own."""
    joined = " ".join(line.words for line in attribution)
    return evidence.has_date(joined) or evidence.has_time(joined) or evidence.has_address(joined)


def _is_led_in(lines: Sequence[Line], run: Run) -> bool:
    """True where the line above the quote is the writer's own and ends in a colon."""
    if run.attributed:
        return False
    above = last_filled(lines, run.start)
    return above >= 0 and not lines[above].depth and lines[above].words.endswith((":", "："))


def _lead(lines: Sequence[Line], start: int, floor: int) -> int:
    """Where the attribution above the quote begins, or ``start``."""
    above = last_filled(lines, start)
    if above < floor or start - above > 4 or lines[above].depth:
        return start
    found = find_ending_at(lines, above)
    if not found and above > floor and is_rule(lines[above].words) and not lines[above - 1].depth:
        # A closing rule ("wrote ----") that was wrapped to a line of its own.
        found = find_ending_at(lines, above - 1)
    return max(with_rules(lines, found.start), floor) if found else start


def _is_wrapped_rest(lines: Sequence[Line], place: int) -> bool:
    """True for the rest of a long quoted line that a mailer wrapped without a sign."""
    above = lines[place - 1]
    if not above.depth or place + 1 >= len(lines) or not lines[place + 1].depth:
        return False
    rest = lines[place].words
    if is_attribution(f"{above.words} {rest}"):
        return True
    return (
        len(above.text) >= WRAP_WIDTH
        and len(rest) < len(above.text)
        and not above.words.endswith((".", "?", "!", ":"))
        and (rest[:1].islower() or not rest[:1].isalpha() or len(rest.split()) <= 2)
    )


def _mark(apart: list[bool], start: int, end: int) -> None:
    for place in range(start, end):
        apart[place] = True


def _say(lines: Sequence[Line], start: int, end: int) -> str:
    return f"{count(lines[start:end])} set apart at {opening(lines, start)!r}"

"""What a plain mail in Swedish or English answers to an invitation: whether they come, how many, which diet. Pure.

What is understood is only proposed; a person puts it in force. So nothing is invented: what speaks both ways, asks, or
is about somebody else is no answer, and whoever reads the mail decides. The text is taken apart into clauses, each is
judged by itself, and the clauses are weighed together. Every pattern begins at a word and looks a fixed way ahead,
which keeps the time in line with the length of a mail, and only its beginning is read.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from services.rsvp.domain import answer_patterns as say
from services.rsvp.domain.answer_diet import diet_of
from services.rsvp.domain.answer_party import party_of
from services.rsvp.domain.states import Answer

LOOKED_AT: Final = 4_000
"""Characters of a mail."""
MOST_CLAUSES: Final = 60


@dataclass(frozen=True, slots=True)
class Understood:
    """What a mail answers, as far as it says so plainly."""

    answer: Answer | None = None
    party_size: int | None = None
    diet: str = ""


class _Says(Enum):
    YES = auto()
    """Somebody says that they come."""
    WISH = auto()
    """They would like to: a yes where nothing speaks against it."""
    NO = auto()
    MAYBE = auto()
    AGAIN = auto()
    """They will be heard of again: perhaps, where they have said nothing else."""
    MIXED = auto()
    """Something that only a person can judge."""


def understand(text: str, subject: str = "") -> Understood:
    """What a mail answers. An empty mail is read by its subject: some write all there.

    :param text: what the person wrote, without quotes and signature.
    """
    words = text.strip() or say.SUBJECT_PREFIX.sub("", subject.strip(), count=1)
    words = " ".join(words[:LOOKED_AT].replace("\u2019", "'").split(" "))
    answer = _answer(words)
    if answer is None:
        return Understood()
    diet = diet_of(words)
    if answer is Answer.NO:
        return Understood(answer)
    size = party_of(words)
    if answer is Answer.MAYBE and size == 1:
        size = None
    return Understood(answer, size, diet)


def clauses(text: str) -> Iterator[tuple[str, bool]]:
    """The text's clauses, as written, and whether each is a question."""
    for sentence in say.SENTENCE.findall(text):
        is_question = sentence.rstrip().endswith("?")
        parts = [part for part in say.CLAUSE.split(sentence.strip(" .!?\n\t:)(-–")) if part.strip()]
        for number, part in enumerate(parts):
            # "Vi kommer två, går det bra?": what stands before the last comma is said, not asked.
            yield part.strip(), is_question and number == len(parts) - 1


def _answer(text: str) -> Answer | None:
    said = [_judge(clause) for clause, is_question in _limited(text) if not is_question]
    found = {each for each in said if each is not None}
    if _Says.MIXED in found:
        return None
    yes, wish, no, maybe = (each in found for each in (_Says.YES, _Says.WISH, _Says.NO, _Says.MAYBE))
    if no:
        return None if yes or maybe else Answer.NO
    if maybe:
        return Answer.MAYBE
    if yes or wish:
        # "Vi vill gärna komma, återkommer": nothing is promised yet.
        return Answer.MAYBE if _Says.AGAIN in found and not yes else Answer.YES
    return Answer.MAYBE if _Says.AGAIN in found else None


def _limited(text: str) -> Iterator[tuple[str, bool]]:
    for number, clause in enumerate(clauses(text)):
        if number >= MOST_CLAUSES:
            return
        yield clause


def _judge(clause: str) -> _Says | None:
    """What one clause says of whether the writer comes."""
    words = " ".join(say.PART.sub(" ", clause).split())
    if say.QUIET.search(words):
        return None
    is_first = say.FIRST.search(words) is not None
    if not is_first and (say.OTHERS.match(words) or say.NAMED.match(words)):
        return None
    says_no = bool(say.NO.search(words) or say.NO_WHOLE.fullmatch(words))
    says_yes = bool(say.YES.search(words) or say.YES_START.match(words) or say.YES_WHOLE.fullmatch(words))
    is_wish = say.WISH.search(words) is not None
    is_maybe = bool(say.MAYBE.search(words) or say.PERHAPS_START.match(words))
    if says_no and says_yes and _is_only_negated(words):
        says_yes = False
    if says_no:
        return _Says.MIXED if says_yes or say.IF.search(words) or (is_maybe and not is_wish) else _Says.NO
    if is_maybe:
        if not (says_yes or is_wish) and (say.TIME_ONLY.search(words) or say.OTHERS.search(words)):
            return None
        return _Says.MAYBE
    if say.IF.search(words) and not say.IF_ROOM.search(words):
        return _Says.MAYBE if says_yes or is_wish or say.COMES.match(words) else None
    if says_yes:
        return _Says.YES
    if is_wish:
        return _Says.WISH
    return _Says.AGAIN if say.AGAIN.search(words) else None


def _is_only_negated(words: str) -> bool:
    """True where what reads as a yes stands inside the no: "vill absolut inte missa" is the other way round."""
    without = say.NO.sub(" ", words)
    return not (say.YES.search(without) or say.YES_START.match(without.strip()))

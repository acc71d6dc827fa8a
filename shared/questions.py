"""Own questions in a form, a sluice's or an event's: what they are, and what an answer may be.

They are kept as plain data, one object for each::

    {"id": "verksamhet", "kind": "choice", "required": true,
     "label": {"sv": "Vilken verksamhet?", "en": "Which service?"},
     "help": {"sv": "Välj den som ligger närmast."},
     "options": {"sv": ["Skola", "Omsorg"], "en": ["Schools", "Care"]}}
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, assert_never

from shared.errors import Rejected
from shared.words import clean, one_line

MAX_QUESTIONS = 20
MAX_OPTIONS = 30
LABEL_LIMIT = 200
HELP_LIMIT = 500
TEXT_LIMIT = 300
LONG_LIMIT = 5_000
YES, NO = "yes", "no"
SEPARATOR = ","
"""Between the numbers of the options where several may be chosen."""

_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,39}\Z")


class QuestionKind(StrEnum):
    """How a question is answered."""

    TEXT = "text"
    LONG = "long"
    CHOICE = "choice"
    SEVERAL = "several"
    YES_NO = "yes_no"


WITH_OPTIONS = frozenset({QuestionKind.CHOICE, QuestionKind.SEVERAL})
"""Those with options to choose among."""


@dataclass(frozen=True, slots=True)
class Question:
    """One question, in every language that it is put in."""

    id: str
    kind: QuestionKind
    label: Mapping[str, str]
    required: bool = False
    help: Mapping[str, str] = field(default_factory=dict)
    options: Mapping[str, Sequence[str]] = field(default_factory=dict)

    @property
    def field_name(self) -> str:
        """The name of its field in the form."""
        return f"question-{self.id}"

    def label_in(self, language: str) -> str:
        """The question in that language, or in the first that it has."""
        return self.label.get(language) or next(iter(self.label.values()))

    def help_in(self, language: str) -> str:
        """The help in that language; none of another where there is a label in this one."""
        return self.help.get(language, "" if language in self.label else next(iter(self.help.values()), ""))

    def options_in(self, language: str) -> Sequence[str]:
        """What may be chosen, in that language; the answer is the number of one, from 0."""
        return self.options.get(language) or next(iter(self.options.values()), ())

    @classmethod
    def parse(cls, raw: object) -> Question:
        """The question that ``raw`` is.

        :raises Rejected: naming the part (``id``, ``kind``, ``label``, ``help`` or ``options``) and its fault.
        """
        if not isinstance(raw, Mapping):
            raise Rejected("question", "no_object")
        identity = raw.get("id")
        if not isinstance(identity, str) or not _ID.match(identity):
            raise Rejected("id", "wrong_id")
        try:
            kind = QuestionKind(str(raw.get("kind")))
        except ValueError as error:
            raise Rejected("kind", "unknown_kind") from error
        label = _words(raw.get("label"), "label", LABEL_LIMIT)
        if not label:
            raise Rejected("label", "empty")
        help_words = _words(raw.get("help") or {}, "help", HELP_LIMIT)
        options = _options(raw.get("options") or {}) if kind in WITH_OPTIONS else {}
        if kind in WITH_OPTIONS and set(options) != set(label):
            raise Rejected("options", "other_languages")
        return cls(identity, kind, label, raw.get("required") is True, help_words, options)

    def dump(self) -> dict[str, Any]:
        """The same as plain data; ``parse`` gives it back."""
        return {
            "id": self.id,
            "kind": self.kind.value,
            "required": self.required,
            "label": dict(self.label),
            "help": dict(self.help),
            "options": {language: list(words) for language, words in self.options.items()},
        }


def parse_all(rows: Iterable[object]) -> tuple[Question, ...]:
    """Every question, each with an id of its own.

    :raises Rejected: one is wrong, there are too many, or two have one id.
    """
    found = tuple(Question.parse(row) for row in rows)
    if len(found) > MAX_QUESTIONS:
        raise Rejected("questions", "too_many")
    if len({question.id for question in found}) < len(found):
        raise Rejected("id", "doubled")
    return found


def load(rows: Iterable[object]) -> tuple[Question, ...]:
    """The questions that can be asked: what an earlier version kept and this one cannot read is left out."""
    found: dict[str, Question] = {}
    for row in rows:
        try:
            question = Question.parse(row)
        except Rejected:
            continue
        found.setdefault(question.id, question)
    return tuple(found.values())[:MAX_QUESTIONS]


@dataclass(frozen=True, slots=True)
class Answers:
    """What somebody answered: fit to keep, or what is wrong by the question's field name."""

    kept: Mapping[str, Mapping[str, str]]
    """By id: ``question`` and ``answer`` in the words that were shown, ``kind``, and ``language``."""
    faults: Mapping[str, str]
    """``missing``, ``too_long`` or ``unknown_option``."""


def read_answers(questions: Sequence[Question], given: Mapping[str, str], language: str) -> Answers:
    """Judge what was filled in; ``given`` is by field name. An answer not given is not kept.

    Where several options may be chosen, their numbers stand in one value, divided by ``SEPARATOR``.
    """
    kept: dict[str, Mapping[str, str]] = {}
    faults: dict[str, str] = {}
    for question in questions:
        raw = given.get(question.field_name, "").replace("\r\n", "\n").strip()
        if not raw:
            if question.required:
                faults[question.field_name] = "missing"
            continue
        try:
            answer = _answer(question, raw, language)
        except Rejected as fault:
            faults[question.field_name] = fault.message_key
            continue
        kept[question.id] = {
            "question": question.label_in(language),
            "answer": answer,
            "kind": question.kind.value,
            "language": language,
        }
    return Answers(kept, faults)


def _answer(question: Question, raw: str, language: str) -> str:
    match question.kind:
        case QuestionKind.TEXT | QuestionKind.LONG:
            if len(raw) > limit_of(question):
                raise Rejected(question.field_name, "too_long")
            return clean(raw) if question.kind is QuestionKind.LONG else one_line(raw, TEXT_LIMIT)
        case QuestionKind.CHOICE:
            return _chosen(question, raw, question.options_in(language))
        case QuestionKind.SEVERAL:
            options = question.options_in(language)
            chosen = dict.fromkeys(_chosen(question, part.strip(), options) for part in raw.split(SEPARATOR))
            return "; ".join(chosen)
        case QuestionKind.YES_NO:
            if raw not in (YES, NO):
                raise Rejected(question.field_name, "unknown_option")
            return raw
    assert_never(question.kind)


def _chosen(question: Question, raw: str, options: Sequence[str]) -> str:
    """The option whose number, from 0, somebody sent.

    :raises Rejected: there is none with that number.
    """
    if not (raw.isascii() and raw.isdigit() and len(raw) < 4 and int(raw) < len(options)):
        raise Rejected(question.field_name, "unknown_option")
    return options[int(raw)]


def limit_of(question: Question) -> int:
    """How many characters an answer may have."""
    return LONG_LIMIT if question.kind is QuestionKind.LONG else TEXT_LIMIT


def _words(raw: object, name: str, limit: int) -> dict[str, str]:
    """Words by language; empty ones are left out."""
    if not isinstance(raw, Mapping) or not all(isinstance(key, str) and isinstance(raw[key], str) for key in raw):
        raise Rejected(name, "no_words")
    found = {language: one_line(words, LABEL_LIMIT * 10) for language, words in raw.items()}
    if any(len(words) > limit for words in found.values()):
        raise Rejected(name, "too_long")
    return {language: words for language, words in found.items() if words}


def _options(raw: object) -> dict[str, tuple[str, ...]]:
    if not isinstance(raw, Mapping) or not all(isinstance(words, list | tuple) for words in raw.values()):
        raise Rejected("options", "no_words")
    found: dict[str, tuple[str, ...]] = {}
    for language, words in raw.items():
        if not all(isinstance(word, str) and word.strip() for word in words):
            raise Rejected("options", "no_words")
        if not 2 <= len(words) <= MAX_OPTIONS:
            raise Rejected("options", "number")
        found[str(language)] = tuple(one_line(word, LABEL_LIMIT) for word in words)
    if len({len(words) for words in found.values()}) != 1:
        raise Rejected("options", "uneven")
    return found

"""Own questions as a form of numbered fields: what is in it is what they become, in the order given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from shared.errors import Rejected
from shared.questions import MAX_QUESTIONS, WITH_OPTIONS, Question, QuestionKind, load

EMPTY_ROWS = 1
"""Rows for new questions under those that are there."""


def write_questions(kept: Sequence[Mapping[str, Any]], languages: Sequence[str]) -> dict[str, str]:
    """The fields of every question, and of an empty row; ``count`` is how many rows there are."""
    questions = load(kept)
    fields = {"count": str(min(len(questions) + EMPTY_ROWS, MAX_QUESTIONS))}
    for number, question in enumerate(questions):
        row = f"q{number}"
        fields |= {
            f"{row}-id": question.id,
            f"{row}-kind": question.kind.value,
            f"{row}-required": "yes" if question.required else "",
            f"{row}-order": str(number + 1),
        }
        for language in languages:
            fields[f"{row}-label-{language}"] = question.label.get(language, "")
            fields[f"{row}-help-{language}"] = question.help.get(language, "")
            fields[f"{row}-options-{language}"] = "\n".join(question.options.get(language, ()))
    return fields


def read_questions(form: Mapping[str, str], languages: Sequence[str]) -> tuple[list[dict[str, Any]], dict[str, str]]:
    """The questions as they are kept, and faults by field. A row without words, or with its mark, is left out."""
    count = form.get("count", "")
    rows = min(int(count), MAX_QUESTIONS) if count.isascii() and count.isdigit() and len(count) < 4 else 0
    taken = {form.get(f"q{number}-id", "") for number in range(rows)}
    found: list[tuple[tuple[int, int], dict[str, Any]]] = []
    faults: dict[str, str] = {}
    for number in range(rows):
        row = f"q{number}"
        label = _by_language(form, f"{row}-label", languages)
        if form.get(f"{row}-remove") == "yes" or not any((label, *_rest(form, row, languages))):
            continue
        identity = form.get(f"{row}-id", "") or _new_id(taken)
        taken.add(identity)
        raw = {
            "id": identity,
            "kind": form.get(f"{row}-kind", QuestionKind.TEXT.value),
            "required": form.get(f"{row}-required") == "yes",
            "label": label,
            "help": _by_language(form, f"{row}-help", languages),
            "options": {
                language: [line.strip() for line in words.splitlines() if line.strip()]
                for language, words in _by_language(form, f"{row}-options", languages).items()
            },
        }
        if raw["kind"] in WITH_OPTIONS and not raw["options"]:
            faults[f"{row}-options-{languages[0]}"] = "no_words"
            continue
        try:
            found.append((_order(form.get(f"{row}-order", ""), number), Question.parse(raw).dump()))
        except Rejected as fault:
            faults[_field_of(row, fault.field, languages)] = fault.message_key
    return [question for _, question in sorted(found, key=lambda each: each[0])], faults


def _field_of(row: str, part: str, languages: Sequence[str]) -> str:
    """The field beside which a fault is told."""
    return f"{row}-{part}-{languages[0]}" if part in ("label", "help", "options") else f"{row}-kind"


def _rest(form: Mapping[str, str], row: str, languages: Sequence[str]) -> list[dict[str, str]]:
    return [_by_language(form, f"{row}-{name}", languages) for name in ("help", "options")]


def _by_language(form: Mapping[str, str], name: str, languages: Sequence[str]) -> dict[str, str]:
    words = {language: form.get(f"{name}-{language}", "").replace("\r\n", "\n").strip() for language in languages}
    return {language: text for language, text in words.items() if text}


def _order(written: str, number: int) -> tuple[int, int]:
    """Where a row stands: the number that was written, and rows with the same one as they came."""
    place = int(written) if written.isascii() and written.isdigit() and len(written) < 4 else 999
    return place, number


def _new_id(taken: set[str]) -> str:
    return next(name for number in range(1, len(taken) + 2) if (name := f"q{number}") not in taken)

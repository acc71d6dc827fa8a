"""What somebody typed into the present request's form, as texts are kept."""

from __future__ import annotations

from collections.abc import Mapping

from flask import request

from shared.questions import SEPARATOR

ROOM = 2 * 1024 * 1024
"""Bytes for a form with one long text (``room_for``): 50,000 emoji, each written as twelve signs, and the rest."""


def form_text() -> dict[str, str]:
    """Every field, with LF line ends: forms are sent with CR LF (HTML's rule)."""
    return {name: value.replace("\r\n", "\n") for name, value in request.form.items()}


def answers_text() -> dict[str, str]:
    """Every field as ``form_text`` has it; where several boxes of one question are ticked, all their values.

    They stand in one text, as ``shared.questions.read_answers`` wants them.
    """
    ticked = {name: SEPARATOR.join(values) for name, values in request.form.lists() if len(values) > 1}
    return form_text() | {name: values for name, values in ticked.items() if name.startswith("question-")}


def version_in(fields: Mapping[str, str]) -> int:
    """The version that was looked at, or 0, which none is: a form without it acts on nothing."""
    given = fields.get("version", "")
    return int(given) if given.isdecimal() and given.isascii() and len(given) < 10 else 0

"""Requests that may be larger than most: said beside the view that takes them, in force before anything reads them."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from flask import request

P = ParamSpec("P")
R = TypeVar("R")


def room_for(*, fields: int, body: int | None = None) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Let a view take so many bytes of form fields, and of files besides; outermost, as guards read the form.

    Args:
        fields: the most that a form's fields may take in memory.
        body: the most of the whole request; None leaves what every request may have.
    """

    def outer(view: Callable[P, R]) -> Callable[P, R]:
        @wraps(view)
        def roomy(*args: P.args, **kwargs: P.kwargs) -> R:
            request.max_form_memory_size = fields
            if body is not None:
                request.max_content_length = body
            return view(*args, **kwargs)

        return roomy

    return outer

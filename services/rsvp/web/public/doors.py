"""Where the form for an event stands: on our own page, or in a frame on a municipality's site."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Response

from services.rsvp.store.tables import Event, Sluice
from shared.web import security


@dataclass(frozen=True, slots=True)
class Door:
    """One of the two."""

    base: str
    is_framed: bool = False

    def address(self, event: Event) -> str:
        """The form's path."""
        return f"{self.base}/{event.slug}"


def framed(door: Door, response: Response, sluice: Sluice) -> Response:
    """The same answer, with the headers that its door needs: only the sluice's own sites may frame it."""
    if door.is_framed:
        security.let_frame(response, sluice.origins)
    # Nothing secret in these addresses, and a form that tells its origin is known as ours when it comes back.
    response.headers["Referrer-Policy"] = "same-origin"
    return response

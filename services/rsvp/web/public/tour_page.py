"""A tour's page: what it is, and its stops in their order."""

from __future__ import annotations

from flask import Response, make_response, render_template
from sqlalchemy.orm import Session

from services.rsvp.domain.route import route
from services.rsvp.store import public, sluices
from services.rsvp.store.tables import Tour
from shared.clock import now


def tour_page(session: Session, tour: Tour) -> Response:
    """The page of a tour that everybody may see."""
    stops = public.stops(session, tour)
    page = render_template(
        "public/tour.html",
        tour=tour,
        sluice=sluices.find(session, tour.sluice_slug),
        stops=stops,
        way=route(stops),
        moment=now(),
    )
    return make_response(page)

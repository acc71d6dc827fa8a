"""Who sends the present request, as the use cases want to know it."""

from __future__ import annotations

from shared.errors import NotFound
from shared.viewer import Viewer
from shared.web import session


def viewer() -> Viewer:
    """The person signed in.

    :raises NotFound: nobody is; pages guard themselves by ``session.require_person`` before they ask.
    """
    person = session.current()
    if person is None:
        raise NotFound("nobody is signed in")
    return Viewer(
        address=person.name,
        contact_of=person.contact_of,
        coach_of=person.coach_of,
        is_administrator=person.is_administrator,
    )

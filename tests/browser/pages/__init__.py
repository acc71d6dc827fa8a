"""What pages there are to look at: one module for each area, with ``pages(world) -> dict[str, Page]``.

A new area is a new file here and nothing else: ``areas()`` finds it, and test_every_page.py checks its pages. Each area
has a database and an origin of its own, and fills them itself, with short, long, empty and faulty content::

    def pages(world: World) -> dict[str, Page]:
        with world.transaction() as session:
            idea = an_idea(session, world.settings, world.sluice(session, "krokom"))
        boss = world.signed_in("administrator")
        return {
            "form": Page("/ide/krokom"),
            "form, faults": Page("/ide/krokom", prepare=lambda page: page.get_by_role("button", name=SEND).click()),
            "inbox": Page("/kontakt/", cookies=world.signed_in("contact:krokom")),
            "no such idea": Page("/kontakt/ide/KRO-2026-9999", cookies=boss, status=404),
        }
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

from playwright.sync_api import Page as Tab
from sqlalchemy.orm import Session

from services.intake.domain.sluice import SluiceProfile
from services.intake.store import sluices
from shared.clock import now
from shared.db import Database, Role
from shared.settings import Settings
from shared.web import session as sessions

Cookie = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Page:
    """One page in one state."""

    url: str
    """A path on the origin, or a whole address. It is asked for in each language, with ``lang=``."""
    cookies: tuple[Cookie, ...] = ()
    """Who looks: see ``World.signed_in``."""
    status: int = 200
    """The answer's HTTP status: a page that tells of a fault is a page too."""
    needs_script: bool = False
    """True where there is nothing to see without JavaScript; all others are looked at without it as well."""
    prepare: Callable[[Tab], object] | None = None
    """Brings the loaded page into its state: sends a form with a fault in it, opens a dialog."""
    excused: tuple[str, ...] = ()
    """Faults that are none here, by how they begin (``"not one header"`` in a frame): say why beside it."""


@dataclass(frozen=True, slots=True)
class World:
    """An origin on a port, as `idesluss web` serves it, with the demo's eight sluices."""

    settings: Settings

    @property
    def origin(self) -> str:
        """Scheme, host and port, without a slash at the end."""
        return self.settings.base_url

    def database(self, role: Role = Role.INTAKE) -> Database:
        """A service's database; closed with the origin."""
        return Database(self.settings, role, pool_size=2)

    @contextmanager
    def transaction(self, role: Role = Role.INTAKE) -> Iterator[Session]:
        """One transaction of a service."""
        with self.database(role).transaction() as session:
            yield session

    def sluice(self, session: Session, slug: str = "krokom") -> SluiceProfile:
        """One of the demo's sluices."""
        found = sluices.profile_by_slug(session, slug)
        assert found, slug
        return found

    def signed_in(self, *roles: str, name: str = "anna") -> tuple[Cookie, ...]:
        """The cookie of somebody with these roles: ``administrator``, ``contact:krokom``, ``coach:berg``."""
        value = sessions.issue(self.settings.signer, name, roles, now())
        host = urlsplit(self.origin).hostname or ""
        return ({"name": sessions.COOKIE, "value": value, "domain": host, "path": sessions.PATH},)


def areas() -> list[str]:
    """The names of all areas."""
    return sorted(module.name for module in pkgutil.iter_modules(__path__))


def pages_of(area: str, world: World) -> dict[str, Page]:
    """An area's pages by name, its world being filled with what they show."""
    found: dict[str, Page] = importlib.import_module(f"{__name__}.{area}").pages(world)
    return found

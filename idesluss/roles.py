"""The roles: what `idesluss up` starts, what each command line role runs, and in which order they stop."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass

from shared.errors import MisconfiguredError
from shared.settings import Settings

Beat = Callable[[], None]
Main = Callable[[Settings, Beat], None]


@dataclass(frozen=True, slots=True)
class Role:
    """One kind of process. ``main`` is "module:function", imported only when it is needed."""

    name: str
    main: str
    stage: int
    """Stages stop one after the other, lowest first."""
    patience: float = 10.0
    """Seconds that it may take to stop."""

    def load(self) -> Main:
        """Its main function: runs until SIGTERM, stops cleanly, and beats at least every two seconds."""
        module, _, function = self.main.partition(":")
        main: Main = getattr(importlib.import_module(module), function)
        return main


ROLES: tuple[Role, ...] = (
    # the listener first: it finishes the mails under way while all the rest still runs
    Role("listener", "services.intake.smtpd:main", stage=0),
    Role("web", "idesluss.web:main", stage=1),
    Role("worker-intake", "services.intake.worker:main", stage=2, patience=15.0),
    Role("worker-rsvp", "services.rsvp.worker:main", stage=2, patience=15.0),
    Role("worker-notify", "services.notify.worker:main", stage=2, patience=15.0),
    Role("relay", "shared.bus.relay:main", stage=3),
    Role("scheduler", "idesluss.scheduler:main", stage=4),
    Role("mailbox", "services.notify.mailbox.server:main", stage=5),
)

POSTGRES_STAGE = 6

ALONE: tuple[Role, ...] = (
    Role("web-intake", "idesluss.web:intake", stage=1),
    Role("web-rsvp", "idesluss.web:rsvp", stage=1),
    Role("web-notify", "idesluss.web:notify", stage=1),
)
"""What only the command line starts: one service's web by itself, as compose.yaml does."""

BY_NAME = {role.name: role for role in ROLES}


def named(name: str) -> Role:
    """The role of that name.

    :raises MisconfiguredError: there is none.
    """
    known = {role.name: role for role in (*ROLES, *ALONE)}
    if name not in known:
        raise MisconfiguredError(f"{name}: no such role; there are {', '.join(known)}")
    return known[name]

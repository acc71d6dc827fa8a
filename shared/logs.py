"""Structured logs: a static event name, facts as fields, one correlation id from door to sent mail."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import structlog

from shared.ids import new_id
from shared.redaction import redact_fields
from shared.settings import Settings

_CORRELATION = "correlation_id"


def configure(settings: Settings, role: str) -> None:
    """Set up logging for this process: readable lines, or JSON where IDESLUSS_LOG_FORMAT=json.

    Our own lines go straight to stderr; those of libraries take the same road through stdlib logging.
    """
    level = logging.getLevelName(settings.log_level.upper())
    adding: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _role(role),
        structlog.processors.format_exc_info,
        redact_fields,
    ]
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=False) if settings.log_format == "json" else _line
    )
    structlog.configure(
        processors=[*adding, renderer],
        logger_factory=lambda *_: _Lines(),
        wrapper_class=structlog.make_filtering_bound_logger(level),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=adding,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    # shared.db: SQLAlchemy names a pool's logger after our class, and tells of each opening and closing.
    for noisy in ("mail.log", "dramatiq", "alembic", "waitress", "asyncio", "shared.db"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    # It warns of every request that waits for a thread, which is what the queue is for.
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)


def copy_to(write: Callable[[str], object]) -> None:
    """After ``configure``: hand every line of our own to ``write`` too, which ends it and may raise OSError."""
    structlog.configure(logger_factory=lambda *_: _Lines(write))


class _Lines:
    """Writes to stderr and to copies; a line that cannot be written (a full disk, a closed pipe) is lost.

    No mail and no process may be lost for its log.
    """

    def __init__(self, *copies: Callable[[str], object]) -> None:
        self._writers = (structlog.WriteLogger(sys.stderr).msg, *copies)

    def msg(self, line: str) -> None:
        """Write one line, whatever its level."""
        for write in self._writers:
            with suppress(OSError):
                write(line)

    debug = info = warning = error = critical = msg


def _role(role: str) -> structlog.typing.Processor:
    def add(_logger: object, _method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
        event["role"] = role
        return event

    return add


def _line(_logger: object, _method: str, event: structlog.typing.EventDict) -> str:
    """One readable line: when, how grave, who, what, and the facts; a traceback below it."""
    head = f"{event.pop('timestamp')} {event.pop('level'):<8}{event.pop('role'):<15}{event.pop('event'):<26}"
    traceback = event.pop("exception", None)
    facts = " ".join(
        f"{name}={value!r}" if isinstance(value, str) else f"{name}={value}" for name, value in event.items()
    )
    return f"{head} {facts}".rstrip() + (f"\n{traceback}" if traceback else "")


def get(name: str) -> structlog.typing.FilteringBoundLogger:
    """A logger for one module."""
    logger: structlog.typing.FilteringBoundLogger = structlog.get_logger(name)
    return logger


def correlation_id() -> str:
    """The id that ties together everything one mail or request sets off; a new one where none is set."""
    bound = structlog.contextvars.get_contextvars().get(_CORRELATION)
    return bound if isinstance(bound, str) else new_correlation_id()


def new_correlation_id() -> str:
    """A fresh correlation id: 32 hex digits, sorting by time."""
    return new_id().hex


@contextmanager
def correlation(value: str | None = None) -> Iterator[str]:
    """Everything logged and sent inside bears this correlation id (a new one where none is given)."""
    current = value or new_correlation_id()
    with structlog.contextvars.bound_contextvars(**{_CORRELATION: current}):
        yield current

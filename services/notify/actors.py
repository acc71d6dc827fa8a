"""Which message leads to which use case. Thin: nothing is decided here."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from services.notify.domain.asked import Asked
from services.notify.usecases import announce
from services.notify.usecases.deliver import Deliver
from services.notify.usecases.handle_report import handle_report
from services.notify.usecases.queue_message import QueueMessage
from shared.bus.inbox import Handler, Task
from shared.contracts import registry
from shared.settings import Settings


def handlers(settings: Settings, deliver: Deliver) -> dict[str, Handler]:
    """Message name → what notify does about it."""
    queue = QueueMessage(settings)

    def telling(plan: Callable[[Mapping[str, Any]], Iterable[Asked]]) -> Handler:
        def handle(task: Task) -> None:
            wanted = plan(task.payload)
            with task.transaction() as session:
                queue(session, wanted)

        return handle

    def report(task: Task) -> None:
        with task.transaction() as session:
            handle_report(session, task.payload)

    return {
        registry.IDEA_RECEIVED.name: telling(announce.idea_received),
        registry.IDEA_ADDED_TO.name: telling(announce.idea_added_to),
        registry.ANSWER_DRAFTED.name: telling(announce.answer_drafted),
        registry.IDEA_ANSWERED.name: telling(announce.idea_answered),
        registry.DELIVERY_REPORT.name: report,
        registry.NOTIFICATION_DUE.name: deliver,
    }

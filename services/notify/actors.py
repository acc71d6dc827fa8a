"""Which message leads to which use case. Thin: nothing is decided here."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from services.notify.domain.asked import Asked
from services.notify.domain.webhook import Happened
from services.notify.store import sluices
from services.notify.usecases import announce, fan_out
from services.notify.usecases.deliver import Deliver
from services.notify.usecases.forget_words import forget_ideas
from services.notify.usecases.handle_complaint import handle_complaint
from services.notify.usecases.handle_report import handle_report
from services.notify.usecases.person import PersonInNotify
from services.notify.usecases.queue_message import QueueMessage
from services.notify.usecases.write_digest import WriteDigest
from shared import ended_access
from shared.bus.inbox import Handler, Task
from shared.clock import Clock, now
from shared.contracts import registry
from shared.settings import Settings


def handlers(settings: Settings, deliver: Deliver, clock: Clock = now) -> dict[str, Handler]:
    """Message name → what notify does about it."""
    queue = QueueMessage(settings, clock)
    person = PersonInNotify(settings, clock)

    def telling(
        plan: Callable[[Mapping[str, Any]], Iterable[Asked]],
        happened: Callable[[Mapping[str, Any]], Happened] | None = None,
    ) -> Handler:
        def handle(task: Task) -> None:
            wanted = plan(task.payload)
            with task.transaction() as session:
                queue(session, wanted)
                if happened is not None:
                    fan_out.fan_out(session, happened(task.payload), clock())

        return handle

    def happening(happened: Callable[[Mapping[str, Any]], Happened | None]) -> Handler:
        def handle(task: Task) -> None:
            event = happened(task.payload)
            with task.transaction() as session:
                if event is not None:
                    fan_out.fan_out(session, event, clock())

        return handle

    def report(task: Task) -> None:
        with task.transaction() as session:
            handle_report(session, queue, task.payload)

    def complaint(task: Task) -> None:
        with task.transaction() as session:
            handle_complaint(session, task.payload, clock)

    def sluice_changed(task: Task) -> None:
        with task.transaction() as session:
            sluices.keep(session, task.payload)

    def access_ended(task: Task) -> None:
        with task.transaction() as session:
            ended_access.keep_ended(session, "notify", task.payload)

    def ideas_forgotten(task: Task) -> None:
        with task.transaction() as session:
            forget_ideas(session, task.payload, clock)

    return {
        registry.ACCESS_ENDED.name: access_ended,
        registry.SLUICE_CHANGED.name: sluice_changed,
        registry.IDEA_RECEIVED.name: telling(announce.idea_received, fan_out.idea_received),
        registry.IDEA_ADDED_TO.name: telling(announce.idea_added_to, fan_out.idea_added_to),
        registry.ANSWER_DRAFTED.name: telling(announce.answer_drafted),
        registry.IDEAS_FORGOTTEN.name: ideas_forgotten,
        registry.IDEA_ANSWERED.name: telling(announce.idea_answered, fan_out.idea_answered),
        registry.MAIL_WANTED.name: telling(lambda payload: announce.mail_wanted(payload, clock())),
        registry.EVENT_MAIL_WANTED.name: telling(lambda payload: announce.event_mail_wanted(payload, clock())),
        registry.EVENT_CHANGED.name: happening(fan_out.event_changed),
        registry.REPLY_RECEIVED.name: happening(fan_out.reply_received),
        registry.DELIVERY_REPORT.name: report,
        registry.COMPLAINT.name: complaint,
        registry.DIGEST_DUE.name: WriteDigest(queue),
        registry.NOTIFICATION_DUE.name: deliver,
        registry.PERSON_MESSAGES_WANTED.name: person.do,
        registry.PERSON_CLOSING.name: person.close,
    }

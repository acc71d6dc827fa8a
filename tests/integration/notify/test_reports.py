"""Delivery reports: late, double, early, and about nothing of ours."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from services.notify.usecases.handle_report import handle_report
from services.notify.usecases.queue_message import QueueMessage
from shared.contracts.registry import DELIVERY_REPORT, IDEA_RECEIVED
from shared.ids import new_id
from shared.settings import Settings
from tests.integration.notify.workbench import Notify, worker
from tests.support import notify_facts as facts
from tests.support.relays import HANG_UP, ScriptedRelay


def report(identity: UUID, **changes: Any) -> dict[str, Any]:
    """A report that the recipient is gone."""
    return {
        "inbound_email_id": new_id(),
        "notification_id": identity,
        "recipient": "kontakt@krokom.example",
        "status": "5.1.1",
        "action": "failed",
        "bounce_class": "recipient-gone",
        "permanent": True,
        "line": "550 5.1.1 <kontakt@krokom.example> user unknown",
        **changes,
    }


DELIVERED = {
    "action": "delivered",
    "bounce_class": "delivered",
    "permanent": False,
    "status": "2.0.0",
    "line": None,
}
DELAYED = {"action": "delayed", "bounce_class": "delayed", "permanent": False, "status": "4.4.1"}
FULL = {"action": "failed", "bounce_class": "mailbox-full", "permanent": False, "status": "5.2.2"}


def notice(notify: Notify) -> UUID:
    """A notice to a contact, made and not yet sent."""
    notify.inbox.run(notify.tell(IDEA_RECEIVED, facts.idea_received(submitter=None)))
    return notify.only("notice").id


@pytest.mark.parametrize(
    ("told", "state"),
    [
        ([{}], "permanent-failure"),
        ([DELIVERED], "delivered"),
        ([DELAYED], "sent"),
        ([FULL], "temporary-failure"),
        ([{}, {}], "permanent-failure"),
        ([DELIVERED, {}], "delivered"),
        ([{}, DELIVERED], "permanent-failure"),
        ([FULL, DELIVERED], "delivered"),
        ([DELAYED, {}], "permanent-failure"),
    ],
)
def test_reports_move_a_sent_notification_and_never_out_of_a_final_state(
    settings: Settings, told: list[dict[str, Any]], state: str
) -> None:
    with ScriptedRelay().listening() as relay, worker(settings, relay.port) as notify:
        identity = notice(notify)
        notify.ring_all()

        for changes in told:
            notify.tell(DELIVERY_REPORT, report(identity, **changes))
        notify.ring_all()

        assert notify.only("notice").state == state
        assert notify.only("notice").next_try is None
        assert len(relay.taken) == 1
        assert notify.open_deliveries() == []


def test_a_report_that_comes_before_our_own_commit_is_not_overwritten(settings: Settings) -> None:
    with ScriptedRelay().listening() as relay, worker(settings, relay.port) as notify:
        identity = notice(notify)

        def report_at_once() -> str:
            with notify.database.transaction() as session:
                handle_report(session, QueueMessage(settings), report(identity))
            return "250 2.0.0 taken, and bounced already"

        relay.script["."] = report_at_once
        notify.ring_all()

        failed = notify.only("notice")
        assert (failed.state, failed.reason) == ("permanent-failure", "recipient-gone")
        assert failed.reply == "550 5.1.1 <kontakt@krokom.example> user unknown"
        assert [each.outcome for each in notify.attempts(failed)] == ["sent"]
        assert notify.open_deliveries() == []


def test_a_mail_reported_delivered_is_not_sent_again_after_an_answer_that_never_came(settings: Settings) -> None:
    with ScriptedRelay(script={".": HANG_UP}).listening() as relay, worker(settings, relay.port) as notify:
        identity = notice(notify)
        notify.ring_all()
        notify.tell(DELIVERY_REPORT, report(identity, **DELIVERED))
        del relay.script["."]
        notify.ring_all()

        assert notify.only("notice").state == "delivered"
        assert len(relay.taken) == 1


def test_a_report_that_is_not_final_leaves_a_pending_retry_alone(settings: Settings) -> None:
    with ScriptedRelay(script={".": HANG_UP}).listening() as relay, worker(settings, relay.port) as notify:
        identity = notice(notify)
        notify.ring_all()
        with notify.database.transaction() as session:
            handle_report(session, QueueMessage(settings), report(identity, **FULL))
        del relay.script["."]
        notify.ring_all()

        assert notify.only("notice").state == "sent"
        assert len(relay.taken) == 2


def test_a_report_about_nothing_of_ours_is_no_error(settings: Settings) -> None:
    with worker(settings, 1) as notify:
        notify.tell(DELIVERY_REPORT, report(new_id()))
        notify.ring_all()

        assert notify.open_deliveries() == []

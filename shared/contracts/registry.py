"""Every message there is: the one table from which queues, tests and docs/messages.md are made."""

from __future__ import annotations

from shared.contracts import ideas, mail
from shared.contracts.base import MessageType

INTAKE = "intake"
RSVP = "rsvp"
NOTIFY = "notify"

MAIL_RECEIVED = MessageType(
    "mail.received.v1", INTAKE, (INTAKE,), mail.MailReceivedV1, "A mail was accepted and waits to be read."
)
DELIVERY_REPORT = MessageType(
    "mail.delivery_report.v1",
    INTAKE,
    (NOTIFY,),
    mail.DeliveryReportV1,
    "A delivery report came for a mail that notify sent.",
)
CALENDAR_REPLY = MessageType(
    "mail.calendar_reply.v1",
    INTAKE,
    (RSVP,),
    mail.CalendarReplyV1,
    "A calendar program answered an invitation.",
)
IDEA_RECEIVED = MessageType("idea.received.v1", INTAKE, (NOTIFY,), ideas.IdeaReceivedV1, "An idea came in.")
IDEA_ADDED_TO = MessageType(
    "idea.added_to.v1", INTAKE, (NOTIFY,), ideas.IdeaAddedToV1, "Somebody added something to an idea."
)
ANSWER_DRAFTED = MessageType(
    "idea.answer_drafted.v1",
    INTAKE,
    (NOTIFY,),
    ideas.AnswerDraftedV1,
    "A contact answered by mail and must confirm it.",
)
IDEA_ANSWERED = MessageType(
    "idea.answered.v1", INTAKE, (NOTIFY,), ideas.IdeaAnsweredV1, "An official answer was given."
)
NOTIFICATION_DUE = MessageType(
    "notification.due.v1", NOTIFY, (NOTIFY,), mail.NotificationDueV1, "A notification is due for sending."
)

MESSAGES: dict[str, MessageType] = {
    message.name: message
    for message in (
        MAIL_RECEIVED,
        DELIVERY_REPORT,
        CALENDAR_REPLY,
        IDEA_RECEIVED,
        IDEA_ADDED_TO,
        ANSWER_DRAFTED,
        IDEA_ANSWERED,
        NOTIFICATION_DUE,
    )
}
CONSUMERS = (INTAKE, RSVP, NOTIFY)
"""Every consumer is a service, with one queue of the same name."""

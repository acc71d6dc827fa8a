"""Every message there is: the one table from which queues, tests and docs/messages.md are made."""

from __future__ import annotations

from shared.contracts import events, ideas, mail, notifications, people, public, sluices, wanted
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
COMPLAINT = MessageType(
    "mail.complaint.v1", INTAKE, (NOTIFY,), mail.ComplaintV1, "Somebody marked a mail that notify sent as spam."
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
IDEAS_FORGOTTEN = MessageType(
    "ideas.forgotten.v1",
    INTAKE,
    (NOTIFY, RSVP),
    ideas.IdeasForgottenV1,
    "Retention removed ideas, or the names of their submitters.",
)
NOTIFICATION_DUE = MessageType(
    "notification.due.v1", NOTIFY, (NOTIFY,), mail.NotificationDueV1, "A notification is due for sending."
)
DIGEST_DUE = MessageType(
    "digest.due.v1", NOTIFY, (NOTIFY,), notifications.DigestDueV1, "A person's digest is due for writing."
)
NOTIFICATION_CHANGED = MessageType(
    "notification.changed.v1",
    NOTIFY,
    (INTAKE,),
    notifications.NotificationChangedV1,
    "A message about an idea was sent, failed or was held back.",
)
ADDRESS_CORRECTED = MessageType(
    "submitter.address_corrected.v1",
    NOTIFY,
    (INTAKE,),
    notifications.AddressCorrectedV1,
    "A contact corrected a submitter's address.",
)
SLUICE_CHANGED = MessageType(
    "sluice.changed.v1", INTAKE, (NOTIFY, RSVP), sluices.SluiceChangedV1, "A sluice or its contacts changed."
)
MAIL_WANTED = MessageType(
    "mail.wanted.v1", INTAKE, (NOTIFY,), wanted.MailWantedV1, "A mail of a named kind is to be sent to somebody."
)
ACCESS_ENDED = MessageType(
    "access.ended.v1",
    INTAKE,
    (NOTIFY, RSVP),
    wanted.AccessEndedV1,
    "A session or an API token was ended before its time.",
)
FOLLOWERS_DUE = MessageType(
    "followers.due.v1", INTAKE, (INTAKE,), public.FollowersDueV1, "The followers of an idea are to hear of an answer."
)
NEWS_DUE = MessageType(
    "news.due.v1", INTAKE, (INTAKE,), public.NewsDueV1, "A news post is to be mailed to those who asked for news."
)

EVENT_MAIL_WANTED = MessageType(
    "event.mail_wanted.v1",
    RSVP,
    (NOTIFY,),
    events.EventMailWantedV1,
    "A mail about an event is wanted.",
)
EVENT_CHANGED = MessageType(
    "event.changed.v1", RSVP, (INTAKE, NOTIFY), events.EventChangedV1, "An event was published, changed or cancelled."
)
GUEST_DUE = MessageType(
    "guest.due.v1", RSVP, (RSVP,), events.GuestDueV1, "Something happened to a guest; the mails that follow are due."
)
REPLY_RECEIVED = MessageType(
    "reply.received.v1", RSVP, (NOTIFY,), events.ReplyReceivedV1, "A reply to an invitation came or changed."
)
MAILING_DUE = MessageType(
    "mailing.due.v1", RSVP, (RSVP,), events.MailingDueV1, "The next guests of a mailing are to be told."
)
GUEST_UNREACHED = MessageType(
    "guest.unreached.v1", NOTIFY, (RSVP,), events.GuestUnreachedV1, "A mail to a guest did not arrive."
)
EVENT_ANSWER_RECEIVED = MessageType(
    "event.answer_received.v1",
    INTAKE,
    (RSVP,),
    events.EventAnswerReceivedV1,
    "A plain mail came to a guest's own address.",
)
IDEA_CAUGHT = MessageType(
    "idea.caught.v1", RSVP, (INTAKE,), events.IdeaCaughtV1, "An idea was written down at a workshop."
)
IDEA_CAUGHT_KEPT = MessageType(
    "idea.caught_kept.v1",
    INTAKE,
    (RSVP,),
    events.IdeaCaughtKeptV1,
    "An idea from a workshop has its number in the sluice.",
)

PERSON_DATA_WANTED = MessageType(
    "person.data_wanted.v1",
    INTAKE,
    (INTAKE, RSVP),
    people.PersonDataWantedV1,
    "What is held about a person is to be told, or taken away.",
)
PERSON_MESSAGES_WANTED = MessageType(
    "person.messages_wanted.v1",
    INTAKE,
    (NOTIFY,),
    people.PersonMessagesWantedV1,
    "The same of what was written to and about them.",
)
PERSON_DATA_TOLD = MessageType(
    "person.data_told.v1", NOTIFY, (INTAKE,), people.PersonDataToldV1, "Notify or rsvp has done its part of that."
)
PERSON_CLOSING = MessageType(
    "person.closing.v1",
    INTAKE,
    (INTAKE, RSVP, NOTIFY),
    people.PersonClosingV1,
    "All parts of that are done: what came meanwhile is looked for.",
)

MESSAGES: dict[str, MessageType] = {
    message.name: message
    for message in (
        MAIL_RECEIVED,
        DELIVERY_REPORT,
        COMPLAINT,
        CALENDAR_REPLY,
        SLUICE_CHANGED,
        IDEA_RECEIVED,
        IDEA_ADDED_TO,
        ANSWER_DRAFTED,
        IDEA_ANSWERED,
        IDEAS_FORGOTTEN,
        NOTIFICATION_DUE,
        DIGEST_DUE,
        NOTIFICATION_CHANGED,
        ADDRESS_CORRECTED,
        MAIL_WANTED,
        ACCESS_ENDED,
        FOLLOWERS_DUE,
        NEWS_DUE,
        EVENT_MAIL_WANTED,
        EVENT_CHANGED,
        GUEST_DUE,
        REPLY_RECEIVED,
        MAILING_DUE,
        GUEST_UNREACHED,
        EVENT_ANSWER_RECEIVED,
        IDEA_CAUGHT,
        IDEA_CAUGHT_KEPT,
        PERSON_DATA_WANTED,
        PERSON_MESSAGES_WANTED,
        PERSON_DATA_TOLD,
        PERSON_CLOSING,
    )
}
CONSUMERS = (INTAKE, RSVP, NOTIFY)
"""Every consumer is a service, with one queue of the same name."""

"""Delivery reports: what they say of each recipient (RFC 3464, and the many forms that do not follow it).

``read_report`` says whether a mail is one and why; ``delivery_reports`` gives only the findings.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from services.intake.mail.kinds import dsn_evidence, senders
from services.intake.mail.kinds.dsn_fields import Group, recipient_groups
from services.intake.mail.kinds.dsn_recipients import Mention, found_by_flufl, mentions
from services.intake.mail.kinds.dsn_text import ReportText, take_apart
from services.intake.mail.model import DeliveryReport, Part
from services.intake.mail.ours import is_bounce_address
from services.intake.mail.parts.headers import addresses
from shared.mail import bounce_words
from shared.mail.bounce_class import BounceClass, best_status, judge, reply_code

_MOST_REPORTS: Final = 200
_MOST_NAMED: Final = 50
_LONGEST_SHOWN: Final = 300
_CONTEXT_LINES: Final = 60
_MOST_ASKED: Final = 5

_VERP: Final = re.compile(r"[^\s@]{1,64}?[+-]([^\s@=+]{1,64})=([a-z0-9.-]{1,200}\.[a-z]{2,30})@", re.IGNORECASE)
_GAVE_UP: Final = re.compile(
    r"permanent|gave up|giv(?:e|en|ing) up|could not be delivered|undeliverable|failed|fatal"
    r"|not be delivered|returned"
    r"|kunde inte levereras|konnte nicht zugestellt",
    re.IGNORECASE,
)

_GAVE_UP_SUBJECT: Final = re.compile(
    r"[^:]{0,60}(?:undeliver|fail(?!s to)|returned|return to|rejected|olever|unzustell|nicht zugestellt"
    r"|non remis|no entreg"
    r"|onbestelbaar|non recapit|não entreg|niedostarcz|недостав|kan (?:inte|ikke) lever|not delivered)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Report:
    """A mail that is a delivery report."""

    reports: tuple[DeliveryReport, ...]
    why: str
    """By what it shows that it is one."""


def delivery_reports(tree: Part, *, envelope_from: str | None) -> tuple[DeliveryReport, ...]:
    """What a mail reports of the delivery to each recipient; empty where it is no delivery report.

    ``envelope_from`` is the envelope's sender without brackets, empty for the null sender; None where it is
    unknown, and then Return-Path is asked. Never raises.
    """
    report = read_report(tree, envelope_from=envelope_from)
    return report.reports if report else ()


def read_report(tree: Part, *, envelope_from: str | None) -> Report | None:
    """The report that a mail is, or None. At least one finding, if only one without a recipient."""
    author = dsn_evidence.machine(tree, envelope_from)
    if not dsn_evidence.may_be_report(tree, author):
        return None
    text = take_apart(tree)
    own = _own_addresses(tree, envelope_from)
    named = mentions(text.lines, not_recipients=own)
    why = dsn_evidence.why_report(
        tree,
        text,
        author=author,
        names_recipient=any(_tells_a_cause(one.block) for one in named[:_MOST_ASKED]),
        names_anybody=bool(named),
    )
    if why is None:
        return None
    subject = dsn_evidence.subject_of(tree)
    context = _context(text)
    overall = _overall_action(subject, text)
    groups = recipient_groups(text.status) if text.status else []
    found = [_from_group(group, named, context, overall) for group in groups]
    if not found or all(report.recipient is None and report.status is None for report in found):
        found = _from_words(tree, text, named, own, context, overall) or found
    if len(found) == 1 and found[0].recipient is None:
        found = [_with_recipient(found[0], _by_other_means(tree, text, named, own))]
    return Report(tuple(dict.fromkeys(found))[:_MOST_REPORTS], why)


def _from_group(group: Group, named: list[Mention], context: str, overall: str | None) -> DeliveryReport:
    """One recipient by its fields; the report's words are asked where the fields say too little."""
    mentioned = next((one.block for one in named if one.recipient == group.recipient), "")
    action = group.action or (None if group.status is None else overall)
    status = best_status(group.status, group.diagnostic)
    if action == "delayed" and group.status and group.status.startswith("5."):
        action = "failed"
    verdict = judge(action=action, status=status, diagnostic=group.diagnostic, context=mentioned or context)
    line = group.diagnostic or mentioned or context
    return DeliveryReport(
        recipient=group.recipient,
        status=status,
        action=action or _action_of(verdict.bounce_class),
        bounce_class=verdict.bounce_class,
        permanent=verdict.permanent,
        line=line[:_LONGEST_SHOWN] or None,
    )


def _from_words(
    tree: Part,
    text: ReportText,
    named: list[Mention],
    own: Collection[str],
    context: str,
    overall: str | None,
) -> list[DeliveryReport]:
    """The recipients that the words, X-Failed-Recipients or flufl.bounce name, each with its own block."""
    blocks = {one.recipient: one.block for one in named}
    listed = [
        found.address
        for value in tree.headers.all("X-Failed-Recipients")
        for found in addresses(value)
        if found.address not in own
    ]
    recipients = list(dict.fromkeys(listed)) or list(blocks)
    action = overall
    if not recipients:
        delayed, failed = found_by_flufl(text.lines, not_recipients=own)
        recipients = failed or delayed
        action = "delayed" if delayed and not failed else overall
    if not recipients:
        return [_from_text(None, context, context, action)]
    whole = context if len(recipients) == 1 else ""
    return [_from_text(one, blocks.get(one, "") or whole, whole, action) for one in recipients[:_MOST_NAMED]]


def _from_text(recipient: str | None, block: str, context: str, action: str | None) -> DeliveryReport:
    status = best_status(None, block) or best_status(None, context)
    verdict = judge(action=action, status=status, diagnostic=block, context=context)
    if action is None and status and status.startswith("4.") and not _GAVE_UP.search(context or block):
        verdict = judge(action="delayed", status=status, diagnostic=block)
    return DeliveryReport(
        recipient=recipient,
        status=status,
        action=action or _action_of(verdict.bounce_class),
        bounce_class=verdict.bounce_class,
        permanent=verdict.permanent,
        line=(block or context)[:_LONGEST_SHOWN] or None,
    )


def _overall_action(subject: str, text: ReportText) -> str | None:
    """What the whole mail says has happened where its fields do not: delayed, delivered, or None (failed)."""
    lead = " ".join(line.strip() for line in text.lines[:25]).lower()
    if bounce_words.DELIVERED.search(subject.lower()):
        return "delivered"
    if _GAVE_UP_SUBJECT.match(subject):
        return None  # what follows may be the subject of the mail that came back
    if bounce_words.DELAYED.search(subject.lower()):
        return "delayed"
    if bounce_words.DELAYED.search(lead) and not bounce_words.WILL_NOT_TRY.search(lead):
        return "delayed"
    if bounce_words.DELIVERED.search(lead) and not _GAVE_UP.search(lead):
        return "delivered"
    return None


def _action_of(bounce_class: BounceClass) -> str:
    match bounce_class:
        case BounceClass.DELIVERED:
            return "delivered"
        case BounceClass.DELAYED:
            return "delayed"
        case _:
            return "failed"


def _tells_a_cause(block: str) -> bool:
    """Whether a block of words holds what only servers write: a code, or a wording of theirs."""
    if best_status(None, block) or reply_code(block):
        return True
    return judge(action=None, status=None, diagnostic=block).bounce_class is not BounceClass.OTHER


def _context(text: ReportText) -> str:
    return " ".join(line.strip() for line in text.lines[:_CONTEXT_LINES] if line.strip())[:4_000]


def _own_addresses(tree: Part, envelope_from: str | None) -> frozenset[str]:
    """The addresses a report comes from and goes to, which are no recipients of the mail it is about."""
    headers = tree.headers
    written = [value for name in ("From", "To", "Reply-To", "Sender", "Delivered-To") for value in headers.all(name)]
    found = {one.address.lower() for value in written[:20] for one in addresses(value)}
    sender = senders.envelope_sender(headers, envelope_from)
    return frozenset(found | ({sender} if sender else set()))


def _by_other_means(tree: Part, text: ReportText, named: list[Mention], own: Collection[str]) -> str | None:
    """A recipient for a finding without one: the words, the returned mail's To, an address of VERP form."""
    if len({one.recipient for one in named}) == 1:
        return named[0].recipient
    listed = [one.address for value in tree.headers.all("X-Failed-Recipients") for one in addresses(value)]
    returned = [one.address for value in text.original.all("To") for one in addresses(value)]
    for candidates in (listed, returned):
        if len(set(candidates)) == 1 and not is_bounce_address(candidates[0]):
            return candidates[0]
    for value in (*tree.headers.all("To"), *tree.headers.all("Delivered-To"), *tree.headers.all("X-Original-To")):
        if match := _VERP.search(value):
            return f"{match.group(1)}@{match.group(2).lower()}"
    return None


def _with_recipient(report: DeliveryReport, recipient: str | None) -> DeliveryReport:
    return DeliveryReport(
        recipient=recipient,
        status=report.status,
        action=report.action,
        bounce_class=report.bounce_class,
        permanent=report.permanent,
        line=report.line,
    )

"""Which recipients a delivery report without machine-readable fields speaks of, and what it says of each."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from email.message import Message
from itertools import islice
from typing import Final

from flufl.bounce import all_failures

_MOST_RECIPIENTS: Final = 50
_MOST_IN_A_LINE: Final = 5
_MOST_MENTIONS: Final = 200
_LONGEST_LINE: Final = 400
_LONGEST_BLOCK: Final = 14
_LONGEST_BLOCK_TEXT: Final = 1_500
_MOST_FOR_FLUFL: Final = 20_000

_ADDRESS: Final = re.compile(
    r"(?:\"[^\"\s@]{1,64}\""
    r"|[^\s\"<>()\[\],;:@'|=`“”‘’「」＜＞：，；（）【】、。]{1,64})@((?:[\w-]{1,63}\.){1,8}[\w-]{2,63})",
    re.UNICODE,
)
_NOT_A_RECIPIENT_LINE: Final = re.compile(
    r"(?:from|sender|return-path|reply-to|message-id|x-\S{1,40}|mail from|subject|date|absender|avsändare"
    r"|de|von|från"
    r"|errors-to|received|references|in-reply-to|content-id|reporting-mta|by|helo|for more information"
    r"|website)\s{0,3}[:=]"
    r"|[><]{1,3}\s{0,3}mail from|.{0,10}mail from:",
    re.IGNORECASE,
)
_FOR_HELP: Final = re.compile(
    r"contact|assistance|further help|send (?:e-?)?mail to|write to|kontakta|wenden sie sich"
    r"|please (?:forward|include|report)"
    r"|generated from|expanded from|questions|support|sent by|message from|on behalf of",
    re.IGNORECASE,
)
_LABELLED: Final = re.compile(
    r"(?:failed recipient|recipient(?: address)?s?|rcpt to|your (?:message|mail) to|to|intended recipient"
    r"|address|user|mailbox|addressed to"
    r"|undeliverable address|undeliverable to|unknown user|final-recipient|original-recipient|mottagare"
    r"|till|empfänger|an"
    r"|destinataire|à|destinatario|para|a|ontvanger|aan|odbiorca|do|кому|宛先|failed addresse?s?|error-for"
    r"|delivery failed|user mailbox exceeds allowed size|[><]{3} rcpt to)\s{0,3}[:=>]",
    re.IGNORECASE,
)
_SPEAKING: Final = re.compile(
    r"unknown|not found|fail|deliver|exist|reject|mailbox|quota|full|invalid|refused|unable|couldn't"
    r"|could not|recipient"
    r"|disabled|blocked|said:|\b[45]\d\d\b|\b[45]\.\d\.\d|no such|wasn't|error|leverera|hittades|zugestellt"
    r"|empfänger|remis"
    r"|entreg|bezorgd|consegn|dostarcz|достав|配信|届|not listed|lever|toimit|送|宛先|退|投",
    re.IGNORECASE,
)
_DAEMONS: Final = (
    "mailer-daemon@",
    "postmaster@",
    "abuse@",
    "helpdesk@",
    "support@",
    "hostmaster@",
    "noreply@",
    "no-reply@",
)


@dataclass(frozen=True, slots=True)
class Mention:
    """A recipient and the lines that speak of it."""

    recipient: str
    block: str
    line: str


def mentions(lines: Sequence[str], *, not_recipients: Collection[str]) -> list[Mention]:
    """The recipients that the report's words name, best evidence only, each with its block of lines.

    A line that is an address and little else, or one labelled as a recipient, counts before an address inside
    a sentence. ``not_recipients`` are the addresses the report itself comes from and goes to.
    """
    scored: list[tuple[int, int, str]] = []
    for number, line in enumerate(lines):
        if "@" not in line or len(scored) >= _MOST_MENTIONS:
            continue
        text = line.strip()[:_LONGEST_LINE]
        if _NOT_A_RECIPIENT_LINE.match(text):
            continue
        for match in islice(_ADDRESS.finditer(text), _MOST_IN_A_LINE):
            address = _tidy(match.group())
            if address is None or address in not_recipients or address.startswith(_DAEMONS):
                continue
            score = _score(text, match.start(), match.end(), _before(lines, number))
            if score:
                scored.append((score, number, address))
    if not scored:
        return []
    best = max(score for score, _, _ in scored)
    wanted = 3 if best >= 3 else best
    first: dict[str, int] = {}
    for score, number, address in scored:
        if score >= wanted:
            first.setdefault(address, number)
    starts = sorted(set(first.values()))
    return [
        Mention(address, _block(lines, number, starts), lines[number].strip())
        for address, number in list(first.items())[:_MOST_RECIPIENTS]
    ]


def found_by_flufl(lines: Sequence[str], *, not_recipients: Collection[str]) -> tuple[list[str], list[str]]:
    """Recipients that flufl.bounce sees in the words: delayed ones and failed ones.

    It runs some fifty patterns over every line, so it gets a plain message of bounded size, and only where
    our own reading found nobody. Whatever it raises means that it found nothing.
    """
    message = Message()
    message["From"] = "mailer-daemon@invalid"  # one of its detectors fails without
    message.set_payload("\n".join(line[:300] for line in lines)[:_MOST_FOR_FLUFL])
    try:
        temporary, permanent = all_failures(message)
    except Exception:  # a foreign parser on hostile text: its faults are not ours
        return [], []
    return _cleaned(temporary, not_recipients), _cleaned(permanent, not_recipients)


def _cleaned(found: Collection[bytes], not_recipients: Collection[str]) -> list[str]:
    addresses = {_tidy(address.decode("ascii", "replace")) for address in found}
    return sorted(address for address in addresses if address and address not in not_recipients)


def _tidy(address: str) -> str | None:
    local, _, domain = address.strip("*.<>\"'").rpartition("@")
    local = local.removeprefix("SMTP:").removeprefix("mailto:").lstrip(".*-").strip('"')
    if not local or domain.replace(".", "").isdigit():
        return None
    return f"{local}@{domain.lower().rstrip('.')}"


def _before(lines: Sequence[str], number: int) -> str:
    """The last line with words above this one."""
    return next((line for line in reversed(lines[max(0, number - 3) : number]) if line.strip()), "")


def _score(text: str, start: int, end: int, before: str) -> int:
    around = (text[:start] + text[end:]).strip(" <>*-:.,;()[]\"'\t|")
    if _FOR_HELP.search(text[:start]):
        return 0
    if not around:
        return 4
    if _LABELLED.match(text) and start < 60:
        return 4
    if start <= 2 or (len(around) <= 12 and " " not in around) or text[:start].strip(" <*-\"'([") == "":
        return 3
    if _SPEAKING.search(text):
        return 2
    return 1 if _SPEAKING.search(before) else 0


def _block(lines: Sequence[str], number: int, starts: Sequence[int]) -> str:
    """The line and those below it that speak of the same recipient."""
    end = min([start for start in starts if start > number], default=len(lines))
    block = " ".join(line.strip() for line in lines[number : min(end, number + _LONGEST_BLOCK)]).strip()
    return block[:_LONGEST_BLOCK_TEXT]

"""Who a mail was sent by, as far as the header and the envelope show: a person or a mail system.

Names prove nothing; they only decide which further evidence is asked for.
"""

from __future__ import annotations

import re
from typing import Final

from services.intake.mail.model import Headers
from services.intake.mail.parts.headers import addresses, decode_words

_DAEMON: Final = re.compile(
    r"(?:mail(?:er)?[-_.]?daemon|mailerdaemon|mdaemon|double-bounce|microsoftexchange[0-9a-f]{32}"
    r"|mail-?delivery(?:-?system"
    r"|-?subsystem)?|maildelivery|mail-?router|mailrouter|bounce-?daemon|mmdf|smtpd|daemon|nullsender"
    r"|emailgateway|mta)"
    r"(?:[+.=-].{0,100})?",
    re.IGNORECASE,
)
_MAIL_OFFICE: Final = re.compile(
    r"(?:postmaster|(?:smtp|mail|mx)[-_.]?(?:gateway|relay|service|filter|router)|post_master|postmast"
    r"|mail-?admin|mailadministrator|administrator|admin|sysadmin"
    r"|systemadministrator"
    r"|system|mail-?system|mail|mailer|mailserver|mail-?master|root|exchange|gateway|notification"
    r"|notifications|no-?reply"
    r"|do-?not-?reply|smtp|daemon|uucp|mailgate|esmtp|system-?attendant|return(?:ed)?-?mail|bounces?"
    r"|info-?bounce"
    r"|delivery|mxlogic|abuse|mail-?notification|quarantine)(?:[+=-].{0,100})?",
    re.IGNORECASE,
)
_POSTMASTER: Final = re.compile(
    r"(?:electronic)?-?post[-_]?mast(?:er)?|mail-?(?:admin|administrator|system|server|master|gateway)"
    r"|mailer"
    r"|system-?attendant|return(?:ed)?-?mail|msexchange|smtp|esmtp|mailgate(?:way)?",
    re.IGNORECASE,
)
_DAEMON_NAME: Final = re.compile(
    r"mail delivery|mailer[- ]?daemon|delivery (?:sub)?system|system admin|mail admin|postmaster"
    r"|microsoft outlook|mail router"
    r"|internet mail|delivery service|mail system|mailsystem|mail server|returned mail|e-?mail (?:system"
    r"|delivery)"
    r"|systemadministrat|administrateur syst|administrador d|mail gateway|mail subsystem|mail deliver",
    re.IGNORECASE,
)
_NO_ANSWER: Final = re.compile(
    r"(?:no[-_.]?reply|do[-_.]?not[-_.]?reply|dont[-_.]?reply|noreply|donotreply|ne[-_]?pas[-_]?repondre"
    r"|svara[-_.]?(?:inte|ej)"
    r"|ej[-_.]?svar|inte[-_.]?svar|keine?[-_.]?antwort|no[-_.]?responder|bounces?|noresponse"
    r"|no[-_.]?answer|unattended|autoreply"
    r"|auto[-_.]?respond(?:er)?|autosvar|null|listserv|majordomo|mailman|owner)(?:[-_+.=].{0,200})?"
    r"|(?:.{1,100}[-_+.=])?(?:no[-_.]?reply|do[-_.]?not[-_.]?reply|noreply|donotreply|bounces?|owner"
    r"|request)",
    re.IGNORECASE,
)
_ANSWER_PREFIX: Final = re.compile(
    r"\s*(?:re|sv|vs|aw|antw|antwort|fwd?|vb|wg|tr|rv|fs|doorst|odp|pd|res|enc|ynt|ref"
    r"|rif)\s?(?:\[\d{1,3}\])?\s?:",
    re.IGNORECASE,
)
_DESKTOP: Final = re.compile(
    r"thunderbird|microsoft outlook|outlook express|apple mail|iphone mail|ipad mail|evolution|kmail|mutt"
    r"|claws|the bat"
    r"|sylpheed|eudora|windows live mail|roundcube|squirrelmail|postbox|airmail|spark|k-9"
    r"|horde",
    re.IGNORECASE,
)


_BRACKETED: Final = re.compile(r"<([^<>\s]{1,200})>")


def sender_address(headers: Headers) -> str:
    """The first address in From in lower case; without one the first word (``MAILER-DAEMON``), or empty."""
    written = headers.get("From") or ""
    found = addresses(written)
    if found:
        return found[0].address.lower()
    bracketed = _BRACKETED.search(written)
    words = (bracketed.group(1) if bracketed else written).split()
    return words[0].strip(' <>"').lower() if words else ""


def envelope_sender(headers: Headers, envelope_from: str | None) -> str | None:
    """The envelope's sender in lower case without brackets: given, else from Return-Path; None where unknown."""
    value = envelope_from if envelope_from is not None else headers.get("Return-Path")
    return None if value is None else value.strip().strip("<>").strip().lower()


def is_null_sender(headers: Headers, envelope_from: str | None) -> bool:
    """Whether the envelope has the null reverse-path (RFC 5321 §4.5.5), which only reports and answers use."""
    return envelope_sender(headers, envelope_from) in ("", "#@[]")  # the second is qmail's, for double bounces


def is_daemon(address: str) -> bool:
    """Whether the local part is one that only mail systems have, such as MAILER-DAEMON."""
    return _DAEMON.fullmatch(_local_part(address)) is not None


def is_postmaster(headers: Headers) -> bool:
    """Whether From is a postmaster's address, or nobody: mostly a mail system, at times a person."""
    address = sender_address(headers)
    return not address or _POSTMASTER.fullmatch(_local_part(address)) is not None


def is_mail_office(headers: Headers) -> bool:
    """Whether From may be a mail system: postmaster, a system's display name, or nobody at all."""
    written = headers.get("From") or ""
    address = sender_address(headers)
    return (
        not address
        or _MAIL_OFFICE.fullmatch(_local_part(address)) is not None
        or _DAEMON_NAME.search(decode_words(written)[:400]) is not None
    )


def is_office(address: str) -> bool:
    """Whether the local part says that no person is behind the address: a mail system's, an office's, noreply."""
    return (
        takes_no_answer(address)
        or _MAIL_OFFICE.fullmatch(_local_part(address)) is not None
        or _POSTMASTER.fullmatch(_local_part(address)) is not None
    )


def takes_no_answer(address: str) -> bool:
    """Whether the local part says that nobody reads answers: noreply, a daemon, a list's or bounce address."""
    local = _local_part(address)
    return _NO_ANSWER.fullmatch(local) is not None or is_daemon(address)


def looks_written_by_hand(headers: Headers, subject: str) -> bool:
    """Whether a person's mail program or a discussion shows: such a mail may quote or forward a report."""
    program = f"{headers.get('User-Agent') or ''} {headers.get('X-Mailer') or ''}"
    return (
        _ANSWER_PREFIX.match(subject) is not None
        or headers.get("List-Post") is not None
        or _DESKTOP.search(program[:300]) is not None
    )


def _local_part(address: str) -> str:
    return address.rpartition("@")[0] or address

"""What a status code and a server's words say of a recipient: class, and whether we may stop writing for good.

Words outrank codes. Servers write ``550 5.1.1`` on a spam verdict and ``5.0.0`` on an unknown user, and one
address wrongly given up costs a person every later answer (postal#60, listmonk#2873). So ``permanent`` needs
evidence that the recipient or its domain is gone; every doubt leaves it False.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from shared.mail import bounce_words as words

_LONGEST_TEXT: Final = 4_000
"""Characters of a diagnostic that are read: the words that decide stand at its beginning."""

_NEAR: Final = 60
"""Characters to each side of a wording in which others bear on it."""
_FAR: Final = 200
"""Characters after a wording in which the same answer may still go on."""

_ENHANCED: Final = re.compile(r"(?<![\w.])#?([245])\.(\d{1,3})\.(\d{1,3})(?!\.?\d)")
_REPLY_CODE: Final = re.compile(r"(?<![\w.:/\[-])([2345][0-5]\d)(?=[\s\-#,:;]|$)(?!-\d)")
_REPLY_WITH_ENHANCED: Final = re.compile(r"(?<![\w.])([245])[0-5]\d[\s-]{1,3}['\"(]?#?(\1\.\d{1,3}\.\d{1,3})(?!\.?\d)")
_ADDRESS: Final = re.compile(r"<?[^\s<>()（）：，\"',:;=@]{1,64}@[^\s<>()（）：，。\"',:;=@]{1,255}>?")
_LINK: Final = re.compile(r"(?:https?|ftp)://[^\s<>\"')]{1,300}")
_BANNER: Final = re.compile(
    r"\b(?:the following|these) (?:address|recipient)\S{0,6} (?:had|failed|or groups)[\w ()-]{0,50}(?::|-{3,}|errors)"
)
"""What stands above a list of recipients: not said of any of them."""
_HOST_SAID: Final = re.compile(
    r"\b(?:remote |other )?(?:mail )?(?:host|server)(?: \S{1,80}){0,2} (?:said|says|replied|returned|responded)\b"
)
_HOST: Final = re.compile(r"(?<![\w.-])(?:[\w-]{1,63}\.){1,8}[a-z][\w-]{1,63}\.?(?![\w])")

_GONE_CODES: Final = frozenset({"5.1.1", "5.1.2", "5.1.6", "5.1.10", "5.4.4"})
_SENDER_CODES: Final = frozenset({"5.1.7", "5.1.8"})
"""Bad sender's mailbox or system (RFC 3463 §3.2)."""
_UNTELLING_CODES: Final = frozenset({"5.0.0", "5.0.1", "5.2.0", "5.2.1", "5.3.0", "5.5.0"})
_LIKELY_GONE_CODES: Final = frozenset({"5.1.0", "5.1.3", "5.2.1"})
_FULL_CODES: Final = frozenset({"4.2.2", "5.2.2"})
_BLOCKED_CODES: Final = frozenset({"5.7.0", "5.7.1", "4.7.0", "4.7.1"})


class BounceClass(StrEnum):
    """Why a mail did not arrive, in the terms that decide what to do next."""

    RECIPIENT_GONE = "recipient-gone"
    MAILBOX_FULL = "mailbox-full"
    BLOCKED = "blocked"
    DELAYED = "delayed"
    DELIVERED = "delivered"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Verdict:
    """Why a mail did not arrive, and the evidence in words."""

    bounce_class: BounceClass
    why: str

    @property
    def permanent(self) -> bool:
        """Whether the recipient or its domain is gone, so that we may stop writing."""
        return self.bounce_class is BounceClass.RECIPIENT_GONE


def best_status(status: str | None, diagnostic: str) -> str | None:
    """The enhanced status code (RFC 3463) that says most: the remote server's own before the reporter's.

    Reporters often write ``5.0.0`` above a diagnostic of ``550 5.1.1 …``. A code right after its reply
    code counts before one that stands anywhere in the text, and a code without detail last.
    """
    text = diagnostic[:_LONGEST_TEXT]
    after_reply = [match.group(2) for match in _REPLY_WITH_ENHANCED.finditer(text)]
    anywhere = [".".join(match.groups()) for match in _ENHANCED.finditer(text)]
    given = _ENHANCED.search(status) if status else None
    own = [".".join(given.groups())] if given else []
    candidates = [_plain(code) for code in (*after_reply, *anywhere, *own)]
    return next((code for code in candidates if _has_detail(code)), candidates[0] if candidates else None)


def reply_code(diagnostic: str) -> int | None:
    """The first SMTP reply code (RFC 5321 §4.2) of a diagnostic that reports a fault, or None."""
    codes = [int(match.group(1)) for match in _REPLY_CODE.finditer(diagnostic[:_LONGEST_TEXT])]
    return next((code for code in codes if code >= 400), None)


def judge(*, action: str | None, status: str | None, diagnostic: str, context: str = "") -> Verdict:
    """Say why a mail did not arrive.

    ``diagnostic`` is the remote server's answer, or what the report says of this recipient; ``context`` the
    report's other words, asked only where the first leaves it open. Text is judged in the order: full
    mailbox, refused sender, spam and blocking, recipient or domain gone, policy, other faults; the codes
    come last.
    """
    if action in ("delivered", "relayed", "expanded"):
        return Verdict(BounceClass.DELIVERED, f"the report says {action}")
    if action == "delayed":
        return Verdict(BounceClass.DELAYED, "the report says delayed; the sending server tries again")
    code = best_status(status, diagnostic)
    if code and code.startswith("2."):
        return Verdict(BounceClass.DELIVERED, f"status {code}")
    verdict = _by_words(diagnostic, code)
    if verdict is None and not _says_gone(code):
        verdict = _by_words(context, code)
    return verdict or _by_code(code, diagnostic)


def plain_words(text: str) -> str:
    """``text`` in lower case on one line, addresses as ``@``, links and host names left out."""
    flat = " ".join(text[:_LONGEST_TEXT].lower().replace("\u2019", "'").replace("\xa0", " ").split())
    without_servers = _HOST.sub("", _HOST_SAID.sub("", _ADDRESS.sub("@", _LINK.sub("", flat))))
    return _BANNER.sub("", without_servers)


def _by_words(text: str, code: str | None) -> Verdict | None:
    """What the words alone show, or None where they show nothing."""
    if not text.strip():
        return None
    raw = text[:_LONGEST_TEXT].lower()
    # IronPort heads every 5.1.0 so and quotes the true answer after it.
    said = plain_words(text).replace("unknown address error", "")
    remote_says_later = _remote_says_later(raw)
    full = words.MAILBOX_FULL.search(said)
    if full:
        return Verdict(BounceClass.MAILBOX_FULL, f"the words {full.group()!r}")
    if code in _SENDER_CODES:
        return Verdict(BounceClass.BLOCKED, f"status {code}: it is about the sender")
    blocked = words.ABOUT_THE_SENDER.search(said) or words.BLOCKED.search(said)
    if blocked:
        return Verdict(BounceClass.BLOCKED, f"the words {blocked.group()!r}")
    domain = words.DOMAIN_GONE.search(said)
    if domain and (
        words.DNS_FAULT.search(_around(said, domain))
        or words.TRY_AGAIN.search(said[domain.end() : domain.end() + _FAR])  # before it stand the reporter's wishes
    ):
        domain = None
    gone = words.RECIPIENT_GONE.search(said) or domain or words.GONE_MARKERS.search(raw)
    if gone and remote_says_later:
        return Verdict(BounceClass.OTHER, f"the words {gone.group()!r}, but only a temporary reply (4xx)")
    if gone and words.MAY_PASS.search(gone.group()) and words.FOR_NOW.search(_around(said, gone)):
        return Verdict(BounceClass.OTHER, f"the words {gone.group()!r}, but only for now")
    if gone:
        return Verdict(BounceClass.RECIPIENT_GONE, f"the words {gone.group()!r}")
    return _by_weak_words(said, raw, code)


def _by_weak_words(said: str, raw: str, code: str | None) -> Verdict | None:
    if code == "5.4.1" and "access denied" in said:
        # Exchange Online's edge says so for a recipient that its directory does not hold.
        return Verdict(BounceClass.RECIPIENT_GONE, "status 5.4.1 with the words 'access denied'")
    on_the_way = words.ON_THE_WAY.search(said)
    blocked = None if on_the_way else words.WEAKLY_BLOCKED.search(said) or words.WEAKLY_BLOCKED.search(raw)
    other = on_the_way or words.SOMETHING_ELSE.search(said)
    weak = words.WEAKLY_GONE.search(said)
    if weak and words.FOR_NOW.search(_around(said, weak)):
        weak = None
    contradicted = (
        blocked
        or (weak and words.SOMETHING_ELSE.search(_around(said, weak)))
        or on_the_way
        or not (code is None or code in _UNTELLING_CODES)
    )
    if weak and _says_gone(code):
        return Verdict(BounceClass.RECIPIENT_GONE, f"the words {weak.group()!r} with status {code}")
    if weak and not contradicted and reply_code(raw) in (550, 551, 553, None) and not raw.isspace():
        return Verdict(BounceClass.RECIPIENT_GONE, f"the words {weak.group()!r}")
    if blocked:
        return Verdict(BounceClass.BLOCKED, f"the words {blocked.group()!r}")
    if other:
        return Verdict(BounceClass.OTHER, f"the words {other.group()!r}")
    return None


def _around(text: str, match: re.Match[str]) -> str:
    """The words near a match: what a long report says elsewhere is about other things."""
    return text[max(0, match.start() - _NEAR) : match.end() + _NEAR]


def _by_code(code: str | None, diagnostic: str) -> Verdict:
    if code in _FULL_CODES:
        return Verdict(BounceClass.MAILBOX_FULL, f"status {code}")
    if _says_gone(code):
        return Verdict(BounceClass.RECIPIENT_GONE, f"status {code}")
    if code and (code in _BLOCKED_CODES or code.startswith(("5.7.", "4.7."))):
        return Verdict(BounceClass.BLOCKED, f"status {code}")
    if code is None:
        reply = reply_code(diagnostic)
        return Verdict(BounceClass.OTHER, f"reply {reply} without a reason" if reply else "no reason is given")
    return Verdict(BounceClass.OTHER, f"status {code}")


def _says_gone(code: str | None) -> bool:
    return code in _GONE_CODES or code in _LIKELY_GONE_CODES


def _remote_says_later(raw: str) -> bool:
    """Whether the only replies quoted are temporary ones."""
    replies = [int(match.group(1)) for match in _REPLY_CODE.finditer(raw)]
    faults = [code for code in replies if code >= 400]
    return bool(faults) and all(code < 500 for code in faults)


def _plain(code: str) -> str:
    """``code`` without leading zeros: some servers write ``5.01.01``."""
    return ".".join(str(int(number)) for number in code.split("."))


def _has_detail(code: str) -> bool:
    return not code.endswith(".0.0")

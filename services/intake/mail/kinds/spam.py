"""What spam filters in front of us wrote into the header. Worth as much as the peer that handed the mail over."""

from __future__ import annotations

import re
from typing import Final

from services.intake.mail.model import Headers

_SCL_HELD: Final = 5
"""Exchange's spam confidence level from which its own clients use the junk folder."""

_VERDICTS: Final[tuple[tuple[str, re.Pattern[str]], ...]] = (
    ("X-Spam-Flag", re.compile(r"\s*(?:yes|true)\b", re.IGNORECASE)),
    ("X-Spam-Status", re.compile(r"\s*yes\b", re.IGNORECASE)),
    ("X-Spam", re.compile(r"\s*(?:yes|true|spam)\b", re.IGNORECASE)),
    ("X-Barracuda-Spam-Status", re.compile(r"\s*yes\b", re.IGNORECASE)),
    (
        "X-Rspamd-Action",
        re.compile(r"\s*(?:reject|add header|rewrite subject|quarantine|soft reject)", re.IGNORECASE),
    ),
    ("X-Spam-Action", re.compile(r"\s*(?:reject|add header|rewrite subject|quarantine)", re.IGNORECASE)),
    ("X-Bogosity", re.compile(r"\s*(?:spam|yes)\b", re.IGNORECASE)),
    ("X-DSPAM-Result", re.compile(r"\s*(?:spam|blacklisted)\b", re.IGNORECASE)),
    ("X-CRM114-Status", re.compile(r"\s*spam\b", re.IGNORECASE)),
    ("X-Proofpoint-Spam-Details", re.compile(r"\s*rule=\w{0,40}spam\b(?! *notspam)", re.IGNORECASE)),
    ("X-Forefront-Antispam-Report", re.compile(r"(?:.{0,2000};)?\s*SFV:(?:SPM|SKB|SKS)\b", re.IGNORECASE)),
)
_LEVEL_FIELDS: Final = ("X-MS-Exchange-Organization-SCL", "X-MS-Exchange-SCL")
_LEVEL: Final = re.compile(r"\s*(-?\d{1,2})\b")


def spam_verdict(headers: Headers) -> str | None:
    """The topmost verdict "spam" as ``field: value``, or None. Only the topmost field of a name counts."""
    for name, verdict in _VERDICTS:
        value = headers.get(name)
        if value is not None and verdict.match(value):
            return f"{name}: {value[:80].strip()}"
    for name in _LEVEL_FIELDS:
        level = _LEVEL.match(headers.get(name) or "")
        if level is not None and int(level.group(1)) >= _SCL_HELD:
            return f"{name}: {level.group(1)}"
    return None

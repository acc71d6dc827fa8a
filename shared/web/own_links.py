"""Our own signed links, as people quote them in what they write: shown without the token that opens them.

Whoever answers a mail of ours quotes it, and sometimes the quote is taken for their words. A link is for the one
it was sent to: no page passes the submitter's link on to a contact, or a contact's link to the submitter.
"""

from __future__ import annotations

import re

_SLASH = r"(?:/|%2F)"
# Also percent-encoded: link-checking mail services wrap our address into one of theirs.
_OPENS = re.compile(
    rf"""(
        {_SLASH} (?: i | kontakt{_SLASH}ide ) {_SLASH} [A-Z]{{2,8}}-\d{{4}}-\d{{4,9}} \S{{0,40}}? t (?:=|%3D)
      | {_SLASH} kontakt{_SLASH}(?: bekrafta | meddelande ){_SLASH}
    )
    (?: [0-9a-f]{{32}} )? [a-z2-7]{{26}} (?![a-z2-7])
  | ( {_SLASH} utskick{_SLASH} ) [a-z2-7]{{30,500}}""",
    re.VERBOSE | re.IGNORECASE | re.ASCII,
)


def without_tokens(text: str) -> str:
    """The same text, with ``…`` for the token in every signed link of ours."""
    return _OPENS.sub(lambda found: f"{found[1] or found[2]}…", text)

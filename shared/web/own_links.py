"""Our own signed links and addresses, as people quote them in what they write: shown without what opens them.

Whoever answers a mail of ours quotes it, and sometimes the quote is taken for their words. A link is for the one
it was sent to: no page passes the submitter's link on to a contact, or a contact's link to the submitter. The same
goes for signed reply addresses: who knows a contact's may answer in the contact's name.
"""

from __future__ import annotations

import re

# Also percent-encoded, several times over: link-checking mail services wrap our address into one of theirs.
_SLASH = r"(?:/|%(?:25){0,4}2F)"
_EQUALS = r"(?:=|%(?:25){0,4}3D)"
_PLUS = r"(?:\+|%(?:25){0,4}2B)"
_REFERENCE = r"[A-Z]{2,8}-\d{4}-\d{4,9}"
_FOLD = r"[ \t]{0,4}\r?\n[> \t]{0,20}"
"""Where a mail program broke a long line and quoted it."""


def _broken(signs: str, count: int) -> str:
    """So many signs, with a fold between any two of them."""
    return rf"{signs}(?:(?:{_FOLD})?{signs}){{{count - 1}}}"


_TOKEN = rf"(?:{_FOLD})?(?:{_broken('[0-9a-f]', 32)}(?:{_FOLD})?)?{_broken('[a-z2-7]', 26)}(?![a-z2-7])"
_TWO_IDS = rf"(?:{_FOLD})?{_broken('[0-9a-f]', 32)}"
"""What stands before the rest of a token that names two things."""
# This one's length differs, so after a fold only what can hardly be a word is its rest. A shorter rest opens nothing.
_REST = rf"{_FOLD}(?:(?=[a-z]{{0,40}}[2-7])[a-z2-7]{{12,500}}|[a-z2-7]{{20,500}})"
_NAMED = rf"[a-z2-7]{{30,500}} (?:{_REST})? | [a-z2-7]{{0,29}} {_REST}"
"""A token that begins with an address in base32."""
_CUT = r"[0-9a-z]{12,130}\Z"
"""A token at the end of a text that was cut off: all signs but a few are nearly as good as all. Fewer open nothing."""
# Every part has a longest form and none may begin within another's, so that the time grows as the text does.
_PARTS = re.compile(
    rf"""(?P<address> {_SLASH}i{_SLASH}{_REFERENCE}{_SLASH}adress{_SLASH} ) (?: {_NAMED} | {_CUT} )
      | (?P<idea> {_SLASH} (?: i | kontakt{_SLASH}ide | (?:ide|embed){_SLASH}[a-z0-9-]{{1,40}}{_SLASH}tack ) {_SLASH}
            {_REFERENCE} )
      | (?P<gap> \s )
      | (?P<query> t{_EQUALS} ) (?: {_TOKEN} | {_CUT} )
      | (?P<path> {_SLASH}(?: kontakt{_SLASH}(?: bekrafta | meddelande | in )
                            | svar (?: {_SLASH}(?: vard | forslag | tyck | summering ) )? ){_SLASH} )
            (?: {_TOKEN} | {_CUT} )
      | (?P<board> {_SLASH}(?: tavla{_SLASH}(?: stod | sluta | kommentar )
                             | nyheter{_SLASH}(?: prenumeration | sluta ) ){_SLASH} ) (?: {_TOKEN} | {_CUT} )
      | (?P<acts> {_SLASH}(?: kontakt{_SLASH}gor{_SLASH}[a-z]{{1,10}} | i{_SLASH}samma ){_SLASH} )
            (?: {_TWO_IDS}{_TOKEN} | {_CUT} )
      | (?P<choices> {_SLASH}utskick{_SLASH} ) (?: {_NAMED} | {_CUT} )
      | (?P<tag> {_PLUS} (?: (?: svar | kontakt )\.{_REFERENCE} | (?: studs | traff )\.{_broken("[a-z2-7]", 26)} )
            \.(?: (?:{_FOLD})?{_broken("[a-z2-7]", 16)} (?![a-z2-7]) | [a-z2-7]{{4,15}}\Z ) )""",
    re.VERBOSE | re.IGNORECASE | re.ASCII,
)
_BEGINNINGS = frozenset("/+%")
"""Before every token stands one of these; most texts have none of them."""


def without_tokens(text: str) -> str:
    """The same text, with ``…`` for the token in every signed link of ours, and signed addresses without their tag."""
    if _BEGINNINGS.isdisjoint(text):
        return text
    in_link = False

    def shown(found: re.Match[str]) -> str:
        nonlocal in_link
        match found.lastgroup:
            case "idea" | "gap":
                in_link = found.lastgroup == "idea"
                return found[0]
            case "query" if not in_link:
                return found[0]
            case "tag":
                return ""
            case _:
                return f"{found[found.lastgroup or 0]}…"

    return _PARTS.sub(shown, text)

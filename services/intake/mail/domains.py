"""Which domain an organisation registered: what DMARC alignment compares (RFC 7489 §3.2).

The list of public suffixes is the one that authheaders carries (of June 2024), read with publicsuffix2, whose
own list is of December 2019. Under a suffix that is younger than the list the rule ``*`` holds: the last label
is the suffix.
"""

from __future__ import annotations

import importlib.util
from functools import lru_cache
from pathlib import Path

from publicsuffix2 import PublicSuffixList  # type: ignore[import-untyped]


def organisational_domain(domain: str) -> str:
    """The registered domain that ``domain`` belongs to, in lower case; ``domain`` itself where it is a suffix."""
    plain = _ascii(domain)
    # Not get_sld: under a suffix that is not listed it gives the suffix, so that all its customers seem one.
    suffix = str(_suffixes().get_tld(plain) or "")
    before = plain.removesuffix(suffix).rstrip(".")
    return f"{before.rpartition('.')[2]}.{suffix}" if suffix and before else plain


def are_aligned(one: str, other: str, *, strict: bool = False) -> bool:
    """Whether two domains are the same or, unless ``strict``, of one organisation (RFC 7489 §3.1)."""
    first, second = _ascii(one), _ascii(other)
    if not first or not second:
        return False
    return first == second or (not strict and organisational_domain(first) == organisational_domain(second))


def _ascii(domain: str) -> str:
    plain = domain.strip().rstrip(".").lower()
    if plain.isascii():
        return plain
    try:
        return plain.encode("idna").decode("ascii")
    except UnicodeError:
        return plain


@lru_cache(maxsize=1)
def _suffixes() -> PublicSuffixList:
    """Read once: the list has 15,000 lines. Found without importing authheaders, which would load a DNS library."""
    spec = importlib.util.find_spec("authheaders")
    assert spec is not None
    assert spec.origin is not None
    with Path(spec.origin).with_name("public_suffix_list.txt").open(encoding="utf-8") as lines:
        return PublicSuffixList(lines, idna=True)

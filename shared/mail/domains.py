"""Domain names with letters outside ASCII, and their form on the wire."""

from __future__ import annotations


def ascii_domain(domain: str) -> str | None:
    """The domain in A-labels (RFC 5890 §2.3.2.1), or None where it has none that lead back to it.

    Python's codec knows IDNA 2003 alone, which makes ``straße.example`` another domain: that is not converted.
    """
    if domain.isascii():
        return domain.lower()
    try:
        encoded = domain.lower().encode("idna")
        return encoded.decode("ascii") if encoded.decode("idna") == domain.lower() else None
    except UnicodeError:
        return None

"""SMS_URL: whom text messages are handed to, and what telephones show as their sender."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from ipaddress import ip_address
from urllib.parse import SplitResult, unquote, urlsplit

from shared.errors import MisconfiguredError

_SCHEMES = {"46elks": "https", "46elks+http": "http"}
_SENDER = re.compile(r"[A-Za-z][A-Za-z0-9]{2,10}|\+[1-9][0-9]{6,14}")
"""46elks' rule for names that show on telephones (https://46elks.se/kb/text-sender-id), or E.164."""


@dataclass(frozen=True, slots=True)
class Provider:
    """Where SMS_URL points."""

    base: str
    """``https://api.46elks.com``"""
    user: str
    password: str = field(repr=False)
    sender: str
    """What telephones show: 3 to 11 letters and digits, or a number in E.164."""


def parse_sms_url(url: str) -> Provider:
    """Read ``46elks://user:password@api.46elks.com?from=Krokom``.

    ``46elks+http://…`` does not encrypt and is for 127.0.0.1 alone.

    :raises MisconfiguredError: naming SMS_URL; never repeats the URL, which holds a password.
    """
    # Not urlsplit's work: by RFC 3986 §3.1 a scheme begins with a letter.
    scheme, _, rest = url.partition("://")
    try:
        parts = urlsplit(f"//{rest}")
        port = parts.port
    except ValueError as error:
        raise MisconfiguredError("SMS_URL: the host or the port cannot be read") from error
    well_formed = scheme in _SCHEMES and parts.hostname and port != 0 and parts.path in ("", "/") and url.isascii()
    if not well_formed or not parts.username or not parts.password or parts.fragment:
        raise MisconfiguredError(
            "SMS_URL: for example 46elks://user:password@api.46elks.com?from=Krokom "
            "(user and password as the provider shows them for its API; an @, : or / in them is written %40, %3A, %2F)"
        )
    if scheme == "46elks+http" and not _is_loopback(parts.hostname or ""):
        raise MisconfiguredError("SMS_URL: 46elks+http would send the password in the clear; write 46elks")
    return Provider(
        base=f"{_SCHEMES[scheme]}://{parts.netloc.rpartition('@')[2]}",
        user=unquote(parts.username),
        password=unquote(parts.password),
        sender=_sender(parts),
    )


def _sender(parts: SplitResult) -> str:
    name, _, value = parts.query.partition("=")
    sender = unquote(value)  # not as a form's value, where + is a blank
    if name != "from" or not _SENDER.fullmatch(sender):
        raise MisconfiguredError(
            "SMS_URL: ends with ?from= and what telephones show as the sender: 3 to 11 letters A-Z and digits, "
            "beginning with a letter, or a number such as +46701234567"
        )
    return sender


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"

"""Telephone numbers: from how people type them to the one spelling that a provider takes, and back."""

from __future__ import annotations

import re

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberFormat, PhoneNumberType

_TYPED = re.compile(r"(?:tel:)?[+＋]?[\d\s()./\u00ad\u2010-\u2015\u2060\u200b\u2212-]{5,40}", re.IGNORECASE)
"""Digits and what people put between them. Letters, names and extensions make it no number."""
_REACHED_BY_SMS = (PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE)


def e164(text: str, region: str = "SE") -> str | None:
    """The number as ``+46701234567`` (ITU-T E.164), or None where no SMS should go there.

    Only numbers that are in use for mobiles, by libphonenumber's plan of each country: landlines, premium, toll-free
    and short numbers are refused.

    :param region: the country (ISO 3166-1) whose numbers may be written without a country code.
    """
    if not _TYPED.fullmatch(text.strip()):
        return None
    try:
        number = phonenumbers.parse(text, region)
    except NumberParseException:
        return None
    if phonenumbers.number_type(number) not in _REACHED_BY_SMS:  # what is in no plan has no type
        return None
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)


def shown(number: str, region: str = "SE") -> str:
    """A number from ``e164`` as people of that country read it: 070-123 45 67, or +47 40 61 23 45 from abroad."""
    try:
        parsed = phonenumbers.parse(number, None)
    except NumberParseException:
        return number
    at_home = phonenumbers.region_code_for_number(parsed) == region
    style = PhoneNumberFormat.NATIONAL if at_home else PhoneNumberFormat.INTERNATIONAL
    return phonenumbers.format_number(parsed, style)

"""What stands in for the people, addresses, hosts and numbers of a mail that is made anonymous. Nothing is random."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Sequence
from itertools import cycle
from typing import Any

from services.intake.mail.kinds.senders import is_office
from services.intake.mail.ours import is_our_message_id
from services.intake.mail.parts import headers, sniff

_GIVEN = """Kim Robin Charlie Alex Mika Sasha Noa Billie Elliot Love Ariel Dani Jo Lo Manu Nikki Rene Toni Vanja
Yan""".split()  # noqa: SIM905 (a word list reads better as words)
_SURNAME = "Provsson"
_ADDRESS = re.compile(
    r"(?<![\w.%+'=-])[\w.%+'=/-]{1,200}@(?:[\w-]{1,63}(?:\.[\w-]{1,63}){0,8}|\[[0-9A-Fa-f.:IPv]{3,60}\])"
)
_NAMED = re.compile(
    r"(?<![\w’'-])(?P<name>(?:[^\W\d_][\w’'-]{1,40},?[ ]){0,3}[^\W\d_][\w’'-]{1,40})\"?[ ]{1,2}[<(\[](?:mailto:)?"
    r"(?P<address>[\w.%+'=/-]{1,200}@[\w.-]{1,255})"
)
"""``skrev Karin Lund <karin@…>``: whose an address is."""
_NO_NAMES = frozenset(
    """Mon Tue Wed Thu Fri Sat Sun Monday Tuesday Wednesday Thursday Friday Saturday Sunday Jan Feb Mar Apr May Jun Jul
    Aug Sep Oct Nov Dec January February March April June July August September October November December AM PM CET GMT
    CEST UTC From To Cc Från Till On Den Am Le Il El Op Mailto Reply Sent Skickat""".split()  # noqa: SIM905
)
_PRESS = re.compile(r"[0-9]")
_COMPLAINTS = re.compile(r"(?i)(?:staff|feedback\w{0,12}|complaints?|fbl|arf|scomp)\Z")
"""From these, providers send what their users call spam."""
_OUR_TAG = re.compile(r"(?i)(\+(?:svar|kontakt)\.[a-z]{2,8}-[0-9]{4}-[0-9]{4,9}\.|\+studs\.)([a-z2-7.]+)\Z")
_SYSTEM = re.compile(
    r"(?i)mail ?delivery|mailer|postmaster|daemon|subsystem|system|microsoft|outlook|google|gmail|yahoo|exchange|"
    r"kommun|region|idé|team|support|info|list|undisclosed|recipients|server|antispam|postfix"
)
_PUBLIC = frozenset(
    """gmail.com googlemail.com google.com outlook.com hotmail.com live.com live.se msn.com hotmail.se microsoft.com
    office.com office365.com yahoo.com yahoo.se ymail.com aol.com icloud.com me.com mac.com apple.com gmx.net gmx.de
    web.de t-online.de mail.ru yandex.ru yandex.com telia.com bredband.net comhem.se spray.se passagen.se
    amazonses.com amazonaws.com sendgrid.net mailgun.org mailchimp.com mandrillapp.com postfix.org exim.org
    sendmail.org qmail.org spamhaus.org sorbs.net spamcop.net barracudacentral.org proofpoint.com mimecast.com
    messagelabs.com symanteccloud.com zimbra.com ietf.org w3.org schemas.microsoft.com qq.com 163.com
    zoho.com protonmail.com proton.me""".split()  # noqa: SIM905 (a word list reads better as words)
)
"""Mail systems that serve everybody: they name nobody, and what a mail is may hang on them."""
_RESERVED = re.compile(r"(?i)(?:\A|\.)(?:example|test|invalid|localhost|local|localdomain|example\.(?:com|org|net))\Z")
_HOST = re.compile(
    r"(?i)(?<![\w.@/-])(?:[a-z0-9_-]{1,63}\.){1,8}(?:se|nu|com|org|net|eu|de|fi|dk|no|uk|io|info|biz|fr|nl|pl|ru|es|"
    r"it|ch|at|be|edu|gov|us|ca|au|jp|cn|br)(?![\w-]|\.\w)"
)
_URL_PATH = re.compile(r"(?i)(https?://[^\s/\"'<>]{1,255})(/[^\s\"'<>?#]{0,2000})?(\?[^\s\"'<>#]{0,4000})?")
_IPV4 = re.compile(r"(?<![\w.])(?:[0-9]{1,3}\.){3}[0-9]{1,3}(?![\w.]*[0-9])")
_IPV6 = re.compile(
    r"(?i)(?<![\w:.])(?=[0-9a-f:]{0,40}::|(?:[0-9a-f]{1,4}:){5,7}[0-9a-f])(?:[0-9a-f]{1,4}:){2,7}(?::?[0-9a-f]{1,4}){1,6}(?![\w:])"
)
_WORD = re.compile(r"[^\W\d_]+(?:[’'-][^\W\d_]+)*")
_PEOPLE = frozenset(
    """from to cc bcc reply-to sender resent-from resent-to delivered-to x-original-to
    disposition-notification-to""".split()  # noqa: SIM905
)
_IDENTIFIERS = frozenset(
    """message-id in-reply-to references content-id x-original-message-id
    original-message-id""".split()  # noqa: SIM905
)
_TRACES = frozenset(
    """received received-spf authentication-results arc-authentication-results x-received x-originating-ip return-path
    x-forwarded-for x-forwarded-to x-sender-ip x-originalarrivaltime list-id list-unsubscribe list-help
    list-post""".split()  # noqa: SIM905
)
_NUMBERS = {"phone": "0701740605", "personal_number": "191212121212", "bank_account": "0000000000"}


class StandIns:
    """Replacements for one mail, the same for the same."""

    def __init__(self, find: Callable[[str], Sequence[Any]]) -> None:
        self._find = find
        self._addresses: dict[str, str] = {}
        self._identifiers: dict[str, str] = {}
        self._domains: dict[str, str] = {}
        self._ips: dict[str, str] = {}
        self._words: dict[str, str] = {}
        self._pattern: re.Pattern[str] | None = None

    # --- learning

    def learn(self, text: str) -> None:
        """Take in who is named in a text."""
        for mark in self._find(text):
            if mark.kind == "person_name":
                self._person(text[mark.start : mark.end])
        for named in _NAMED.finditer(text):
            words = [word.strip(",") for word in named["name"].split(" ")]
            name = " ".join(word for word in words if word[0].isupper() and word not in _NO_NAMES)
            if any(mark.certain for mark in self._find(f"Jag heter {name}.")):
                self._person(name)

    def learn_field(self, name: str, value: str) -> None:
        """Take in whom a header field names."""
        if name in _IDENTIFIERS:
            for identifier in re.findall(r"<?([^\s<>]{1,500}@[^\s<>]{1,255})>?", value):
                self._identifier(identifier)
        elif name in _PEOPLE:
            for each in headers.addresses(" ".join(value.split())):
                is_person = not names_nobody(each.address) and not _SYSTEM.search(each.name) and "@" not in each.name
                if each.name and is_person:
                    self._person(each.name)

    def _person(self, name: str) -> None:
        words = [
            found.group() for found in _WORD.finditer(name) if len(found.group()) > 1 and found.group()[0].isupper()
        ]
        if "," in name:
            words = words[1:] + words[:1]
        for place, word in enumerate(words):
            bare = word
            if bare not in self._words:
                last = place == len(words) - 1 and place > 0
                self._words[bare] = _SURNAME if last else self._next_given()
                self._pattern = None

    def _next_given(self) -> str:
        used = sum(1 for word in self._words.values() if word != _SURNAME)
        given = _GIVEN[used % len(_GIVEN)]
        return given if used < len(_GIVEN) else f"{given}-{_GIVEN[used // len(_GIVEN) % len(_GIVEN)]}"

    # --- replacing

    def replaced_field(self, name: str, value: str) -> str:
        """A header field's value without whom it names."""
        if name in _IDENTIFIERS:
            return re.sub(r"[^\s<>]{1,500}@[^\s<>]{1,255}", lambda found: self._identifier(found.group()), value)
        value = self.replaced(value)
        return _HOST.sub(lambda found: self._domain(found.group()), value) if name in _TRACES else value

    def replaced(self, text: str) -> str:
        """A text without whom it names; line for line, and every other character as it was."""
        text = self._without_marks(text)
        text = _URL_PATH.sub(self._url, text)
        text = _ADDRESS.sub(lambda found: self._address(found.group()), text)
        text = _IPV4.sub(lambda found: self._ip(found.group(), "192.0.2."), text)
        text = _IPV6.sub(lambda found: self._ip(found.group(), "2001:db8::"), text)
        if self._words and self._pattern is None:
            either = "|".join(re.escape(word) for word in sorted(self._words, key=len, reverse=True))
            self._pattern = re.compile(rf"(?<![^\W_])({either})(s?)(?![^\W_])")
        if self._pattern is not None:
            text = self._pattern.sub(lambda found: self._words[found[1]] + found[2], text)
        return text

    def _without_marks(self, text: str) -> str:
        pieces: list[str] = []
        position = 0
        for mark in self._find(text):
            words = text[mark.start : mark.end]
            if mark.kind in _NUMBERS:
                new = _in_the_form_of(words, _NUMBERS[mark.kind])
            elif mark.kind == "address":
                new = _other_address(words)
            elif mark.kind == "profile":
                new = re.sub(r"[^/]+\Z", "profil", words)
            else:
                continue  # addresses and names are replaced wherever they stand, below
            pieces += (text[position : mark.start], new)
            position = mark.end
        return "".join((*pieces, text[position:]))

    def _address(self, address: str) -> str:
        folded = address.lower()
        if folded in self._identifiers:
            return self._identifiers[folded]
        if folded not in self._addresses:
            local, _, domain = address.rpartition("@")
            number = len(self._addresses) + 1
            tag = _OUR_TAG.search(local)
            if names_nobody(address):
                new = re.sub(r"(?<=[+=]).*", _in_letters, local)
            elif tag:
                new = f"ide{tag[1]}{re.sub('[a-z2-7]', 'a', tag[2])}"
            elif len(local) > 40 or "=" in local:
                new = re.sub(r".+", _in_letters, local)
            else:
                new = f"person{number}"
            self._addresses[folded] = f"{new}@{self._domain(domain)}"
        return self._addresses[folded]

    def _identifier(self, identifier: str) -> str:
        folded = identifier.strip("<>").lower()
        if folded not in self._identifiers:
            local, _, domain = folded.rpartition("@")
            if is_our_message_id(f"<{folded}>"):
                kept, _, rest = local.partition(".")
                new = (
                    f"{kept}.{len(self._identifiers):026d}".translate(_FIGURES_AS_LETTERS) + "." + "a" * 10
                    if rest
                    else local
                )
            else:
                new = f"brev{len(self._identifiers) + 1}"
            self._identifiers[folded] = f"{new}@{self._domain(domain)}"
        found = self._identifiers[folded]
        return f"<{found}>" if identifier.startswith("<") else found

    def _domain(self, domain: str) -> str:
        folded = domain.lower().strip(".")
        if folded.startswith("["):
            return "[192.0.2.1]"
        labels = folded.split(".")
        if _RESERVED.search(folded) or any(".".join(labels[at:]) in _PUBLIC for at in range(len(labels))):
            return domain
        base = ".".join(labels[-2:])
        if base not in self._domains:
            kind = "kommun" if "kommun" in folded or "region" in folded else "doman"
            self._domains[base] = f"{kind}{len(self._domains) + 1}.example"
        return f"{'.'.join('x' * len(label) for label in labels[:-2])}.{self._domains[base]}".lstrip(".")

    def _ip(self, ip: str, start: str) -> str:
        if ip.startswith(("127.", "192.0.2.", "198.51.100.", "203.0.113.", "2001:db8")) or _is_version(ip):
            return ip
        return self._ips.setdefault(ip, f"{start}{len(self._ips) % 250 + 1}")

    def _url(self, found: re.Match[str]) -> str:
        scheme, _, host = found[1].partition("://")
        name, colon, port = host.rpartition("@")[2].partition(":")
        path = re.sub(r"(?<=/)[^/]*[0-9%=][^/]{5,}", "x", found[2] or "")
        query = "?x" if found[3] else ""
        return f"{scheme}://{self._domain(name)}{colon}{port}{path}{query}"


_FIGURES_AS_LETTERS = str.maketrans("0123456789", "abcdefghij")


def names_nobody(address: str) -> bool:
    """True for the address of a mail system or an office: no person is behind it, and what a mail is may hang on it."""
    return is_office(address) or _COMPLAINTS.match(address.rpartition("@")[0]) is not None


def _in_letters(found: re.Match[str]) -> str:
    """The same form, without what it says."""
    return re.sub(r"[0-9]", "1", re.sub(r"[^\W\d_]", "x", found.group()))


def _is_version(ip: str) -> bool:
    """True for ``1.2.3.4`` that is no address on the internet: a version, a status."""
    return ip.split(".")[0] in ("0", "1", "2", "4", "5") if "." in ip else False


def _in_the_form_of(words: str, figures: str) -> str:
    source = cycle(figures)
    return _PRESS.sub(lambda _: next(source), words)


def _other_address(words: str) -> str:
    """``Provgatan 1``: the same form, other words and figures."""

    def other(found: re.Match[str]) -> str:
        word = found.group()
        ending = re.search(r"(?:gatan|gata|vägen|väg|stigen|stig|gränd|torget|torg|box|c|o)\Z", word, re.IGNORECASE)
        if word.lower() in ("c", "o", "box", "lgh"):
            return word
        return ("Prov" + ending[0].lower() if ending else "Provby") if word[0].isupper() else word

    return _PRESS.sub("1", _WORD.sub(other, words))


def shape(content: bytes) -> bytes:
    """Text without its words: every letter an x, every figure a 0, everything else as it was."""
    return content.translate(_SHAPE)


_SHAPE = bytes(
    ord("x")
    if chr(code).isalpha() and code < 128
    else ord("0")
    if 48 <= code <= 57
    else code
    if code < 128
    else ord("x")
    for code in range(256)
)


def dummy(content: bytes, declared: str) -> bytes:
    """Fixed bytes that are taken for the same type: what tells it, and nothing else of the file."""
    kind = sniff.media_type(content, declared=declared)
    for length in (4, 8, 16, 64, 300):
        start = content[:length]
        if sniff.media_type(start, declared=declared) == kind:
            return start
    return _DUMMIES.get(kind, b"\0\1\2\3")


_DUMMIES = {
    "application/pdf": b"%PDF-1.4\n%%EOF\n",
    "application/zip": b"PK\x05\x06" + bytes(18),
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": b"PK\x03\x04"
    + bytes(26)
    + b"word/x"
    + b"PK\x05\x06"
    + bytes(18),
}


def without_entities(text: str) -> str:
    """HTML's text as words."""
    return html.unescape(text)


def with_entities(text: str) -> str:
    """Words as HTML's text, in ASCII, so that no charset is too small for them."""
    return html.escape(text, quote=False).replace("\u00a0", "&nbsp;").encode("ascii", "xmlcharrefreplace").decode()

"""Whether the visible sender of a mail is vouched for, by Authentication-Results (RFC 8601) of a trusted front.

Pure: no look-ups. ``services.intake.sender_check`` asks DNS where there is no such front, and gives its findings
in the same form. Authentication-Results that anybody could have written count for nothing, and
ARC-Authentication-Results only through an ``arc=pass`` of the front and a sealer that we trust.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from services.intake.mail.domains import are_aligned, organisational_domain
from services.intake.mail.model import Address

_LONGEST_FIELD: Final = 20_000
_MOST_RESULTS: Final = 100
_MOST_FIELDS: Final = 20

_WORD: Final = re.compile(r"[^\s;()\"=/]+")
_POLICY_IN_COMMENT: Final = re.compile(r"(?<![\w])(p|sp)\s{0,3}=\s{0,3}(none|quarantine|reject)", re.IGNORECASE)
_POLICY_ACTIONS: Final = re.compile(r"(?:o|p)?(reject|quarantine)", re.IGNORECASE)
_SEAL_DOMAIN: Final = re.compile(r"(?:^|;)\s{0,9}d\s{0,9}=\s{0,9}([A-Za-z0-9._-]{1,255})")
_SEAL_INSTANCE: Final = re.compile(r"(?:^|;)\s{0,9}i\s{0,9}=\s{0,9}(\d{1,3})")


@dataclass(frozen=True, slots=True)
class Result:
    """One method's result, such as ``dkim=pass header.d=example.org``; names and result in lower case."""

    method: str
    result: str
    properties: tuple[tuple[str, str], ...] = ()
    comments: tuple[str, ...] = ()

    def get(self, name: str) -> str | None:
        """The first property of that name, or None."""
        return next((value for key, value in self.properties if key == name), None)


@dataclass(frozen=True, slots=True)
class AuthenticationResults:
    """One Authentication-Results field."""

    authserv_id: str
    """Who checked, in lower case; empty where the field names nobody (Exchange Online inside itself)."""
    results: tuple[Result, ...]


@dataclass(frozen=True, slots=True)
class SenderCheck:
    """What is known of a mail's visible sender."""

    vouched: bool = False
    """The From domain's owner stands behind this mail: DMARC passes, or SPF or DKIM passes aligned with it."""
    suspected_forged: bool = False
    """DMARC fails and the domain's owner asks for quarantine or refusal: held."""
    spf: str | None = None
    dkim: str | None = None
    dmarc: str | None = None
    source: str | None = None
    """The trusted authserv-id, ``own check``, or None where nobody checked."""
    reasons: tuple[str, ...] = ()


def parse_authentication_results(value: str) -> AuthenticationResults | None:
    """Read one field (RFC 8601 §2.2), tolerantly; None where it is no such field at all. Never raises.

    Comments may stand anywhere and nest; values may be quoted; the version after the authserv-id is dropped.
    """
    chunks = _chunks(value[:_LONGEST_FIELD])
    if not chunks:
        return None
    first = _result(chunks[0])
    authserv_id = "" if first is not None else (chunks[0].words[0].lower() if chunks[0].words else "")
    if first is None and not authserv_id:
        return None
    rest = chunks if first is not None else chunks[1:]
    results = tuple(found for chunk in rest[:_MOST_RESULTS] if (found := _result(chunk)) is not None)
    return AuthenticationResults(authserv_id, results)


def vouched(
    fields: Sequence[str],
    *,
    trusted: Collection[str],
    from_addresses: Sequence[Address],
    arc_seals: Sequence[str] = (),
    trusted_sealers: Collection[str] = (),
) -> SenderCheck:
    """Judge the sender by a trusted front's Authentication-Results.

    ``fields`` topmost first. Only the topmost field counts, and those right below it with the same trusted
    authserv-id that bring other methods: one that repeats a method may be the sender's own invention, and from
    there on nothing counts. The front must remove fields that bear its own name (RFC 8601 §5).
    ``arc_seals`` are the ARC-Seal fields; a sealer named in ``trusted_sealers`` softens a refusal.
    """
    names = {name.strip().lower() for name in trusted}
    top = _topmost_trusted(fields, names)
    if top is None:
        reason = "no Authentication-Results of a trusted server"
        return SenderCheck(reasons=(reason,))
    check = judge_results(top, from_addresses=from_addresses)
    if check.suspected_forged and _is_sealed(top, arc_seals, trusted_sealers):
        reason = "ARC passes with a trusted sealer: a forwarder may have broken the rest, so only unverified"
        return replace(check, suspected_forged=False, reasons=(*check.reasons, reason))
    return check


def judge_results(found: AuthenticationResults, *, from_addresses: Sequence[Address]) -> SenderCheck:
    """What SPF, DKIM and DMARC results together say of the visible sender."""
    check = SenderCheck(
        spf=_first(found.results, "spf"),
        dkim=_best_dkim(found.results),
        dmarc=_first(found.results, "dmarc"),
        source=found.authserv_id,
    )
    domain = _only_domain(from_addresses)
    if domain is None:
        return replace(check, reasons=(f"From names {len(from_addresses)} addresses: nobody can vouch for it",))
    dmarc = next((one for one in found.results if one.method == "dmarc"), None)
    about = (dmarc.get("header.from") or domain) if dmarc else domain
    if dmarc is not None and about.rpartition("@")[2].lower() != domain and not are_aligned(about, domain, strict=True):
        return replace(check, dmarc=None, reasons=(f"the DMARC result is about {about[:80]}, not {domain}",))
    if dmarc is not None and dmarc.result == "pass":
        return replace(check, vouched=True, reasons=(f"DMARC passes for {domain}",))
    if dmarc is not None and dmarc.result == "fail":
        policy = _policy(dmarc, domain)
        if policy in ("quarantine", "reject"):
            return replace(
                check, suspected_forged=True, reasons=(f"DMARC fails for {domain}, whose policy is {policy}",)
            )
        return replace(check, reasons=(f"DMARC fails for {domain}, which asks for no consequence",))
    aligned = _aligned(found.results, domain)
    if aligned is not None:
        return replace(check, vouched=True, reasons=(f"{aligned} for {domain}, which has no DMARC result",))
    return replace(check, reasons=(f"neither DMARC, SPF nor DKIM passes for {domain}",))


@dataclass(slots=True)
class _Chunk:
    """What stands between two semicolons: words with ``=`` and ``/`` apart, and comments."""

    words: list[str]
    comments: list[str]


def _chunks(value: str) -> list[_Chunk]:
    """Split at semicolons outside comments and quotes. One pass."""
    chunks = [_Chunk([], [])]
    position = 0
    while position < len(value):
        sign = value[position]
        if sign == "(":
            comment, position = _comment(value, position)
            chunks[-1].comments.append(comment)
        elif sign == '"':
            word, position = _quoted(value, position)
            chunks[-1].words.append(word)
        elif sign == ";":
            chunks.append(_Chunk([], []))
            position += 1
        elif sign in "=/":
            chunks[-1].words.append(sign)
            position += 1
        elif (match := _WORD.match(value, position)) is not None:
            chunks[-1].words.append(match.group())
            position = match.end()
        else:
            position += 1
    return [chunk for chunk in chunks if chunk.words]


def _comment(value: str, start: int) -> tuple[str, int]:
    """The comment that begins here, and where it ends; one without an end runs to the end."""
    depth = 0
    position = start
    while position < len(value):
        sign = value[position]
        if sign == "\\":
            position += 1
        elif sign == "(":
            depth += 1
        elif sign == ")":
            depth -= 1
            if depth == 0:
                return value[start + 1 : position], position + 1
        position += 1
    return value[start + 1 :], len(value)


def _quoted(value: str, start: int) -> tuple[str, int]:
    letters: list[str] = []
    position = start + 1
    while position < len(value) and value[position] != '"':
        if value[position] == "\\" and position + 1 < len(value):
            position += 1
        letters.append(value[position])
        position += 1
    return "".join(letters), position + 1


def _result(chunk: _Chunk) -> Result | None:
    """``method[/version]=result`` and its properties, or None where the chunk is none."""
    pairs = _pairs(chunk.words)
    if not pairs or chunk.words[1:2] not in (["="], ["/"]):
        return None
    (method, result), *properties = pairs
    return Result(method, result.lower(), tuple(properties), tuple(chunk.comments))


def _pairs(words: Sequence[str]) -> list[tuple[str, str]]:
    """Every ``name=value``; a value may hold slashes and further equals signs."""
    pairs: list[tuple[str, str]] = []
    number = 0
    while number < len(words):
        name = words[number]
        following = number + 1
        if words[following : following + 1] == ["/"] and words[number + 3 : number + 4] == ["="]:
            following += 2  # a version: dkim/1=pass
        if name in "=/" or words[following : following + 1] != ["="] or following + 1 >= len(words):
            number += 1
            continue
        value = words[following + 1]
        number = following + 2
        while number + 1 < len(words) and words[number] in "=/" and words[number + 1] not in "=/":
            value += words[number] + words[number + 1]
            number += 2
        pairs.append((name.lower(), value))
    return pairs


def _topmost_trusted(fields: Sequence[str], trusted: Collection[str]) -> AuthenticationResults | None:
    """The topmost trusted fields as one; None where the topmost field is not trusted."""
    joined: AuthenticationResults | None = None
    for value in fields[:_MOST_FIELDS]:
        found = parse_authentication_results(value)
        if found is None or found.authserv_id not in trusted:
            break
        if joined is None:
            joined = found
            continue
        known = {one.method for one in joined.results}
        if found.authserv_id != joined.authserv_id or known.intersection(one.method for one in found.results):
            break
        joined = AuthenticationResults(joined.authserv_id, joined.results + found.results)
    return joined


def _is_sealed(found: AuthenticationResults, seals: Sequence[str], trusted_sealers: Collection[str]) -> bool:
    """Whether the front says ``arc=pass`` and the newest seal is of a sealer that we trust."""
    sealers = {name.strip().lower() for name in trusted_sealers}
    return _first(found.results, "arc") == "pass" and newest_sealer(seals) in sealers


def newest_sealer(seals: Sequence[str]) -> str | None:
    """The domain of the ARC-Seal with the highest instance (RFC 8617 §4.1.3), in lower case, or None."""
    newest, domain = 0, None
    for seal in seals[:_MOST_FIELDS]:
        text = seal[:_LONGEST_FIELD]
        instance, sealer = _SEAL_INSTANCE.search(text), _SEAL_DOMAIN.search(text)
        if instance is not None and sealer is not None and int(instance.group(1)) > newest:
            newest, domain = int(instance.group(1)), sealer.group(1).lower()
    return domain


def _only_domain(from_addresses: Sequence[Address]) -> str | None:
    """The domain of the one From address; None where there is not exactly one (RFC 7489 §6.6.1)."""
    if len(from_addresses) != 1:
        return None
    return from_addresses[0].address.rpartition("@")[2].lower().rstrip(".") or None


def _first(results: Iterable[Result], method: str) -> str | None:
    return next((one.result for one in results if one.method == method), None)


def _best_dkim(results: Iterable[Result]) -> str | None:
    found = [one.result for one in results if one.method == "dkim"]
    return "pass" if "pass" in found else next(iter(found), None)


def _policy(dmarc: Result, domain: str) -> str:
    """What the domain's owner asks for; ``none`` where the field does not say."""
    if (evaluated := dmarc.get("policy.dmarc")) is not None:
        return evaluated.lower()
    named: dict[str, str] = {}
    for comment in dmarc.comments:
        named.update((key.lower(), asked.lower()) for key, asked in _POLICY_IN_COMMENT.findall(comment))
    if "p" in named:
        is_subdomain = organisational_domain(domain) != domain
        return named.get("sp", named["p"]) if is_subdomain else named["p"]
    if (action := _POLICY_ACTIONS.match(dmarc.get("action") or "")) is not None:
        return action.group(1).lower()
    return "none"


def _aligned(results: Iterable[Result], domain: str) -> str | None:
    """Which of SPF and DKIM passes for a domain of the same organisation."""
    for one in results:
        if one.result != "pass":
            continue
        if one.method == "dkim":
            signer = one.get("header.d") or (one.get("header.i") or "").rpartition("@")[2]
            if are_aligned(signer, domain):
                return "DKIM passes"
        elif one.method == "spf":
            sender = (one.get("smtp.mailfrom") or one.get("smtp.helo") or "").rpartition("@")[2]
            if are_aligned(sender, domain):
                return "SPF passes"
    return None

"""Our own check of a mail's visible sender: SPF (RFC 7208), DKIM (RFC 6376), DMARC (RFC 7489), by DNS.

Off the accepting path, for mail that comes from no trusted peer. All look-ups of one mail share one deadline.
A fault, a slow server or no DNS at all leaves the sender unvouched and nothing worse; when DNS itself does not
answer, the following mails do not wait for it again. The libraries run on bounded input and whatever they raise
is a result, never an error.
"""

from __future__ import annotations

import ipaddress
import re
import time
import warnings
from collections import OrderedDict
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import dkim
import dns.exception
import dns.name
import dns.rdatatype
import dns.resolver

from services.intake.mail.authentication import (
    AuthenticationResults,
    Result,
    SenderCheck,
    judge_results,
    newest_sealer,
    vouched,
)
from services.intake.mail.domains import are_aligned, organisational_domain
from services.intake.mail.model import Address

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # pyspf's texts hold escapes that Python warns of when it compiles them
    import spf

DEADLINE_SECONDS: Final = 2.0
"""Wall-clock time for all look-ups of one mail together."""

_LOOKUP_SECONDS: Final = 1.0
_PROBE_SECONDS: Final = 0.3
_REST_SECONDS: Final = 30.0
"""How long DNS is left alone after it did not answer a probe, and a domain whose servers did not answer."""

_MOST_HEADER_BYTES: Final = 100_000
_MOST_SIGNED_BYTES: Final = 45_000_000
_LONGEST_SIGNATURE: Final = 8_000
_MOST_SIGNATURES: Final = 3
_MOST_SIGNATURE_FIELDS: Final = 20
_LONGEST_TXT: Final = 4_000
_MOST_RECORDS: Final = 50
_MOST_LOOKUPS: Final = 60
_MOST_ARC_SETS: Final = 5
_MOST_REMEMBERED: Final = 1_000

_SIGNING_DOMAIN: Final = re.compile(rb"(?:^|;)\s*d\s*=\s*([A-Za-z0-9._-]{1,255})\s*(?:;|$)")
_RELAXED_BODY: Final = re.compile(rb"(?:^|;)\s*c\s*=\s*[a-z]{1,20}\s*/\s*relaxed\b")
_BLANKS: Final = re.compile(rb"[ \t]+")
_LENGTH_TAG: Final = re.compile(rb"(?:^|;)\s*l\s*=\s*\d")
_FIELD_NAME: Final = re.compile(rb"[!-9;-~]{1,100}[ \t]*:")


class LookupFault(Exception):
    """DNS gave no answer: a fault, a timeout, or the mail's time is used up."""


class _Deadline:
    """The look-ups of one mail: what is left of its time, and how many it has made."""

    def __init__(self, dns_client: _Dns, seconds: float) -> None:
        self._dns = dns_client
        self._ends = dns_client.clock() + seconds
        self._lookups = 0

    def lookup(self, name: str, record_type: str) -> list[Any]:
        """The records, empty where there are none. Raises ``LookupFault``."""
        self._lookups += 1
        left = self._ends - self._dns.clock()
        if left <= 0:
            raise LookupFault("the time for look-ups is used up")
        if self._lookups > _MOST_LOOKUPS:
            raise LookupFault("too many look-ups")
        return self._dns.lookup(name, record_type, left)

    def txt(self, name: str) -> list[bytes]:
        """The TXT records, their strings joined; over-long ones are left out. Raises ``LookupFault``."""
        joined = [b"".join(record.strings) for record in self.lookup(name, "TXT")]
        return [text for text in joined if len(text) <= _LONGEST_TXT]


class _Dns:
    """A resolver that is left alone for a while when it does not answer.

    A timeout may be the fault of one domain, which anybody can bring about; so only a probe of the root zone,
    which every working resolver answers from its cache, decides that DNS itself is away.
    """

    def __init__(self, resolver: dns.resolver.Resolver | None, clock: Callable[[], float]) -> None:
        self.clock = clock
        self._given = resolver
        self._resolver: dns.resolver.Resolver | None = resolver
        self._away_until = 0.0
        self._was_away = False
        self._slow: OrderedDict[str, float] = OrderedDict()

    def lookup(self, name: str, record_type: str, seconds: float) -> list[Any]:
        now = self.clock()
        if now < self._away_until:
            raise LookupFault("DNS is away")
        resolver = self._usable_resolver()
        if self._was_away:
            self._probe(resolver, seconds)
        asked = organisational_domain(name)
        if self._slow.get(asked, 0.0) > now:
            raise LookupFault(f"the servers of {asked} did not answer a short while ago")
        started = self.clock()
        try:
            answer = resolver.resolve(
                name, record_type, lifetime=min(seconds, _LOOKUP_SECONDS), raise_on_no_answer=False, search=False
            )
        except dns.resolver.NXDOMAIN:
            return []
        except (dns.exception.DNSException, OSError, ValueError, UnicodeError) as fault:
            if isinstance(fault, (dns.exception.Timeout, OSError, dns.resolver.NoNameservers)):
                self._remember_slow(asked)
                self._probe(resolver, seconds - (self.clock() - started))
            raise LookupFault(f"{record_type} of {name[:100]}: {type(fault).__name__}") from fault
        return list(answer)[:_MOST_RECORDS] if answer.rrset is not None else []

    def _usable_resolver(self) -> dns.resolver.Resolver:
        if self._resolver is None:
            try:
                resolver = dns.resolver.Resolver(configure=True)
            except dns.exception.DNSException as fault:
                self._give_up()
                raise LookupFault("this machine has no DNS configured") from fault
            resolver.cache = dns.resolver.LRUCache(2_000)
            self._resolver = resolver
        return self._resolver

    def _probe(self, resolver: dns.resolver.Resolver, seconds: float) -> None:
        """Raise ``LookupFault`` where not even the root zone is answered for, and rest."""
        try:
            resolver.resolve(".", "NS", lifetime=max(0.05, min(seconds, _PROBE_SECONDS)), raise_on_no_answer=False)
        except dns.resolver.NXDOMAIN:
            pass
        except (dns.exception.DNSException, OSError) as fault:
            self._give_up()
            raise LookupFault("DNS does not answer") from fault
        self._was_away = False

    def _give_up(self) -> None:
        self._away_until = self.clock() + _REST_SECONDS
        self._was_away = True
        self._resolver = self._given

    def _remember_slow(self, domain: str) -> None:
        self._slow[domain] = self.clock() + _REST_SECONDS
        self._slow.move_to_end(domain)
        if len(self._slow) > _MOST_REMEMBERED:
            self._slow.popitem(last=False)


class _SpfQuery(spf.query):
    """pyspf with our look-ups: its own use module globals, no common deadline and a deprecated call."""

    def __init__(self, deadline: _Deadline, *, peer_ip: str, mail_from: str, helo: str) -> None:
        super().__init__(i=peer_ip, s=mail_from, h=helo, strict=True)  # type: ignore[no-untyped-call]
        self._deadline = deadline

    def dns(self, name: str, qtype: str, cnames: object = None, ignore_void: bool = False) -> list[Any]:
        """The records in pyspf's own form. The resolver follows CNAMEs and caches."""
        plain = str(name).rstrip(".").lower()
        labels = plain.split(".")
        if not plain or len(plain) > 253 or not all(0 < len(label) < 64 for label in labels):
            return []
        try:
            records = self._deadline.lookup(plain, qtype)
        except LookupFault as fault:
            raise spf.TempError(f"DNS {fault}") from fault  # type: ignore[no-untyped-call]
        if not records and not ignore_void:
            self.void_lookups += 1
            if self.void_lookups > spf.MAX_VOID_LOOKUPS:
                raise spf.PermError("too many void look-ups")  # type: ignore[no-untyped-call]
        return [_as_pyspf_wants(record, qtype) for record in records]


def _as_pyspf_wants(record: Any, qtype: str) -> Any:
    match qtype:
        case "A" | "AAAA":
            return record.address
        case "MX":
            return record.preference, record.exchange.to_text(True)
        case "PTR":
            return record.target.to_text(True)
        case _:
            return record.strings if sum(map(len, record.strings)) <= _LONGEST_TXT else ()


@dataclass(frozen=True, slots=True)
class _Policy:
    """A DMARC record, as far as it decides (RFC 7489 §6.3)."""

    asked: str
    strict_dkim: bool
    strict_spf: bool


class SenderChecker:
    """Says of each mail whether its visible sender is vouched for. One for a process; not for several threads."""

    def __init__(
        self,
        *,
        trusted_authserv_ids: Collection[str] = (),
        trusted_sealers: Collection[str] = (),
        resolver: dns.resolver.Resolver | None = None,
        deadline_seconds: float = DEADLINE_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._trusted = frozenset(name.lower() for name in trusted_authserv_ids)
        self._sealers = frozenset(name.lower() for name in trusted_sealers)
        self._dns = _Dns(resolver, clock)
        self._seconds = deadline_seconds

    def check(
        self,
        raw: bytes,
        *,
        peer_ip: str | None,
        helo: str | None,
        envelope_from: str | None,
        from_addresses: Sequence[Address],
        authentication_results: Sequence[str],
        trusted_peer: bool,
    ) -> SenderCheck:
        """Check the sender. Never raises; at most ``deadline_seconds`` of look-ups.

        From a trusted peer only its Authentication-Results count, and nothing is looked up. From anybody else
        those count for nothing.
        """
        header, body_at = _header_of(raw)
        if trusted_peer:
            return vouched(
                authentication_results,
                trusted=self._trusted,
                from_addresses=from_addresses,
                arc_seals=[value.decode("ascii", "replace") for value in _values(header, b"arc-seal")],
                trusted_sealers=self._sealers,
            )
        if len(from_addresses) != 1:
            return judge_results(AuthenticationResults("own check", ()), from_addresses=from_addresses)
        domain = from_addresses[0].address.rpartition("@")[2].lower().rstrip(".")
        if not domain:
            return SenderCheck(source="own check", reasons=("From has no domain",))
        deadline = _Deadline(self._dns, self._seconds)
        try:
            policy = _policy_of(domain, deadline)
        except LookupFault as fault:
            return SenderCheck(source="own check", dmarc="temperror", reasons=(f"DNS: {fault}",))
        results = [
            _spf_result(deadline, peer_ip=peer_ip, helo=helo, envelope_from=envelope_from),
            *_dkim_results(raw, header, body_at, domain, deadline),
        ]
        results.append(_dmarc_result(domain, policy, results))
        found = AuthenticationResults("own check", tuple(results))
        check = judge_results(found, from_addresses=from_addresses)
        faults = [comment for one in results for comment in one.comments if one.result == "temperror"]
        if check.suspected_forged and self._is_sealed(raw, header, body_at, deadline):
            reason = "ARC passes with a trusted sealer: a forwarder may have broken the rest, so only unverified"
            check = replace(check, suspected_forged=False, reasons=(*check.reasons, reason))
        return replace(check, reasons=(*check.reasons, *(f"DNS: {fault}" for fault in faults)))

    def _is_sealed(self, raw: bytes, header: bytes, body_at: int, deadline: _Deadline) -> bool:
        """Whether the mail's ARC chain (RFC 8617) holds and its newest seal is of a trusted sealer."""
        seals = _values(header, b"arc-seal")
        sealer = newest_sealer([value.decode("ascii", "replace") for value in seals])
        if sealer is None or sealer not in self._sealers or len(seals) > _MOST_ARC_SETS:
            return False
        signatures = _values(header, b"arc-message-signature")
        if len(raw) > _MOST_SIGNED_BYTES or any(len(value) > _LONGEST_SIGNATURE for value in (*seals, *signatures)):
            return False
        if body_at > _MOST_HEADER_BYTES or not all(_RELAXED_BODY.search(value) for value in signatures):
            return False
        try:
            state, _, _ = dkim.arc_verify(_with_short_blanks(raw, body_at), dnsfunc=_txt_for_dkim(deadline))
        except Exception:  # a library on hostile input: its faults mean "does not hold"
            return False
        return bool(state == dkim.CV_Pass)


def _spf_result(deadline: _Deadline, *, peer_ip: str | None, helo: str | None, envelope_from: str | None) -> Result:
    """SPF of MAIL FROM, or of HELO where that is null (RFC 7208 §2.4)."""
    try:
        address = ipaddress.ip_address(peer_ip or "")
    except ValueError:
        return Result("spf", "none", comments=("the peer's address is unknown",))
    sender = (envelope_from or "").strip("<>")[:320]
    name = (helo or "")[:255]
    property_name, domain = ("smtp.mailfrom", sender.rpartition("@")[2]) if sender else ("smtp.helo", name)
    if not domain or not domain.isascii():
        return Result("spf", "none")
    try:
        query = _SpfQuery(deadline, peer_ip=str(address), mail_from=sender, helo=name)
        result, _, explanation = query.check()  # type: ignore[no-untyped-call]
    except Exception as fault:  # a library on hostile input: its faults are a result
        return Result("spf", "permerror", ((property_name, domain),), (type(fault).__name__,))
    comments = (str(explanation)[:200],) if result == "temperror" else ()
    return Result("spf", str(result), ((property_name, domain),), comments)


def _dkim_results(raw: bytes, header: bytes, body_at: int, domain: str, deadline: _Deadline) -> list[Result]:
    """The signatures that could vouch for ``domain``: of the same organisation, at most three of the topmost.

    One that covers only part of the body (``l=``) vouches for nothing, since anybody can add to it.
    """
    signatures = _values(header, b"dkim-signature")
    if not signatures:
        return []
    if len(raw) > _MOST_SIGNED_BYTES or body_at > _MOST_HEADER_BYTES:
        return [Result("dkim", "policy", comments=("too large to be checked",))]
    results: list[Result] = []
    for number, value in enumerate(signatures[:_MOST_SIGNATURE_FIELDS]):
        signer = _SIGNING_DOMAIN.search(value[:_LONGEST_SIGNATURE])
        if signer is None or len(value) > _LONGEST_SIGNATURE:
            continue
        signing = signer.group(1).decode("ascii").lower()
        if not are_aligned(signing, domain):
            continue
        if _LENGTH_TAG.search(value):
            results.append(Result("dkim", "policy", (("header.d", signing),), ("it covers part of the body only",)))
            continue
        signed = _with_short_blanks(raw, body_at) if _RELAXED_BODY.search(value) else raw
        results.append(_verify(signed, number, signing, deadline))
        if results[-1].result == "pass" or len(results) >= _MOST_SIGNATURES:
            break
    return results or [Result("dkim", "none", comments=("no signature of the sender's organisation",))]


def _verify(raw: bytes, number: int, signing: str, deadline: _Deadline) -> Result:
    named = (("header.d", signing),)
    faults: list[LookupFault] = []
    try:
        signer = dkim.DKIM(raw)  # type: ignore[no-untyped-call]
        is_valid = signer.verify(idx=number, dnsfunc=_txt_for_dkim(deadline, faults))  # type: ignore[no-untyped-call]
    except Exception as fault:  # a library on hostile input: its faults are a result
        return Result("dkim", "permerror", named, (type(fault).__name__,))
    if faults:
        return Result("dkim", "temperror", named, (str(faults[0]),))
    return Result("dkim", "pass" if is_valid else "fail", named)


def _with_short_blanks(raw: bytes, body_at: int) -> bytes:
    """The mail with every run of blanks in its body as one: the same to the relaxed canonicalisation (RFC 6376 §3.4.4).

    dkimpy strips the blanks at line ends in a time that grows with the square of a run's length.
    """
    return raw[:body_at] + _BLANKS.sub(b" ", raw[body_at:])


def _txt_for_dkim(deadline: _Deadline, faults: list[LookupFault] | None = None) -> Callable[..., bytes | None]:
    """dkimpy's look-up of a key. A fault is noted, and dkimpy told that there is no key."""

    def first_txt(name: bytes | str, timeout: float = 0) -> bytes | None:
        text = name.decode("ascii", "replace") if isinstance(name, bytes) else name
        try:
            return next(iter(deadline.txt(text)), None)
        except LookupFault as fault:
            if faults is not None:
                faults.append(fault)
            return None

    return first_txt


def _policy_of(domain: str, deadline: _Deadline) -> _Policy | None:
    """The DMARC record that holds for ``domain`` (RFC 7489 §6.6.3), or None. Raises ``LookupFault``."""
    own = _dmarc_record(domain, deadline)
    organisation = organisational_domain(domain)
    tags = own
    if own is None and organisation != domain:
        tags = _dmarc_record(organisation, deadline)
    if tags is None:
        return None
    asked = tags.get("p", "none")
    if own is None:
        asked = tags.get("sp", asked)
    if tags.get("pct") == "0" or tags.get("t") == "y":
        asked = "none"  # its owner is only testing
    return _Policy(asked, tags.get("adkim") == "s", tags.get("aspf") == "s")


def _dmarc_record(domain: str, deadline: _Deadline) -> dict[str, str] | None:
    """The tags of the only DMARC record of ``domain``; None where there is none or more than one."""
    found = [text for text in deadline.txt(f"_dmarc.{domain}") if text[:8] == b"v=DMARC1"]
    if len(found) != 1:
        return None
    pairs = (tag.partition("=") for tag in found[0].decode("ascii", "replace").split(";"))
    return {name.strip().lower(): value.strip().lower() for name, _, value in pairs}


def _dmarc_result(domain: str, policy: _Policy | None, results: Sequence[Result]) -> Result:
    """DMARC from what SPF and DKIM gave: pass, fail with its policy, none, or temperror where DNS failed."""
    named = ("header.from", domain)
    if policy is None:
        return Result("dmarc", "none", (named,))
    for one in results:
        if one.result != "pass":
            continue
        strict = policy.strict_dkim if one.method == "dkim" else policy.strict_spf
        if any(are_aligned(value, domain, strict=strict) for _, value in one.properties):
            return Result("dmarc", "pass", (named,))
    if any(one.result == "temperror" for one in results):
        return Result("dmarc", "temperror", (named,))
    return Result("dmarc", "fail", (named, ("policy.dmarc", policy.asked)))


def _header_of(raw: bytes) -> tuple[bytes, int]:
    """The header section, cut to a bound, and where the body begins."""
    ends = [at for blank in (b"\r\n\r\n", b"\n\n") if (at := raw.find(blank)) >= 0]
    end = min(ends, default=len(raw))
    return raw[: min(end, _MOST_HEADER_BYTES)], end


def _values(header: bytes, name: bytes) -> list[bytes]:
    """The values of every field of that name, topmost first, with the folding in them. One pass."""
    values: list[list[bytes]] = []
    is_wanted = False
    for line in header.splitlines():
        if line[:1] in (b" ", b"\t"):
            if is_wanted:
                values[-1].append(line)
            continue
        is_wanted = _FIELD_NAME.match(line) is not None and line.partition(b":")[0].strip().lower() == name
        if is_wanted:
            values.append([line.partition(b":")[2]])
    return [b"".join(lines) for lines in values]

"""What DNS says about the sluices' mail domains: where mail goes, and who may send in their name."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

import dns.exception
import dns.resolver

from idesluss.dkim_records import public_key
from idesluss.doctor.finding import Finding, Level
from services.intake.mail.domains import organisational_domain
from services.notify.channels.dkim import read_key
from shared.errors import IdeslussenError
from shared.mail.domains import ascii_domain
from shared.settings import Settings

PATIENCE = 3.0
"""Seconds for each look-up."""


def domains(
    loaded: Settings, addresses: Collection[str], *, resolver: dns.resolver.Resolver | None = None
) -> Iterator[Finding]:
    """MX, SPF, DKIM and DMARC of every domain that a sluice has an address in."""
    asking = resolver or dns.resolver.Resolver()
    asking.lifetime = PATIENCE
    names = {ascii_domain(address.rpartition("@")[2]) or "" for address in addresses}
    for name in sorted(names - {""}):
        if name.endswith((".example", ".test", ".localhost", ".invalid")):
            yield Finding(Level.WARNING, f"DNS {name}", "a name for examples, which no mail reaches (RFC 2606)")
            continue
        try:
            yield _mail_exchange(asking, loaded, name)
            yield _spf(asking, name)
            yield from _dkim(asking, loaded, name)
            yield _dmarc(asking, name)
        except dns.exception.DNSException as error:
            yield Finding(Level.WARNING, f"DNS {name}", f"no answer ({error}): is this machine's resolver well?")


def _mail_exchange(resolver: dns.resolver.Resolver, loaded: Settings, name: str) -> Finding:
    subject = f"MX {name}"
    hosts = sorted(str(record.exchange).rstrip(".").lower() for record in _look_up(resolver, name, "MX"))
    if not hosts:
        return Finding(Level.FAULT, subject, f"none: no mail finds {name}; publish {name} MX 10 {loaded.hostname}")
    if loaded.hostname.lower() in hosts:
        return Finding(Level.OK, subject, f"leads here ({loaded.hostname})")
    text = f"leads to {', '.join(hosts)}, which must hand the sluice's address on to this listener"
    return Finding(Level.OK, subject, text)


def _spf(resolver: dns.resolver.Resolver, name: str) -> Finding:
    subject = f"SPF {name}"
    found = [text for text in _texts(resolver, name) if text.lower().split(" ")[0] == "v=spf1"]
    if len(found) == 1:
        return Finding(Level.OK, subject, f"{found[0]} (see that it names your relay)")
    word = "several, which count as none (RFC 7208 §3.2): join them" if found else "none: name the relay that sends"
    return Finding(Level.WARNING, subject, word)


def _dkim(resolver: dns.resolver.Resolver, loaded: Settings, name: str) -> Iterator[Finding]:
    for path in sorted(Path(loaded.dkim_keys).glob(f"{name}/*.pem")) if loaded.dkim_keys else ():
        subject = f"DKIM {path.stem}._domainkey.{name}"
        try:
            ours = public_key(path, read_key(path))
        except IdeslussenError as error:
            yield Finding(Level.FAULT, subject, str(error))
            continue
        published = ["".join(text.split()) for text in _texts(resolver, f"{path.stem}._domainkey.{name}")]
        if any(f"p={ours}" in text.split(";") for text in published):
            yield Finding(Level.OK, subject, "published, and the key is ours")
        elif published:
            text = f"another key is published: our signatures fail; `idesluss dkim record {name}` prints ours"
            yield Finding(Level.FAULT, subject, text)
        else:
            text = f"not published: our signatures fail; `idesluss dkim record {name}` prints the record"
            yield Finding(Level.FAULT, subject, text)


def _dmarc(resolver: dns.resolver.Resolver, name: str) -> Finding:
    subject = f"DMARC {name}"
    for domain in dict.fromkeys((name, organisational_domain(name))):
        found = [text for text in _texts(resolver, f"_dmarc.{domain}") if text.lower().startswith("v=dmarc1")]
        if len(found) == 1:
            return Finding(Level.OK, subject, found[0])
    text = f'none: many receivers want one; begin with _dmarc.{name} TXT "v=DMARC1; p=none; rua=mailto:…"'
    return Finding(Level.WARNING, subject, text)


def _texts(resolver: dns.resolver.Resolver, name: str) -> list[str]:
    return [b"".join(record.strings).decode("utf-8", "replace") for record in _look_up(resolver, name, "TXT")]


def _look_up(resolver: dns.resolver.Resolver, name: str, kind: str) -> list[Any]:
    try:
        return list(resolver.resolve(name, kind))
    except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
        return []

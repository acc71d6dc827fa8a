"""`idesluss doctor`: what is set, what is wrong, and how to mend it. Looks only; changes nothing."""

from __future__ import annotations

import difflib
import re
import shutil
import socket
import ssl
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from urllib.parse import urlsplit

import psycopg

from idesluss import migrate
from services.notify.channels.relay_url import BETWEEN, Relay, parse_relay_urls
from services.notify.channels.sms_url import parse_sms_url
from services.notify.domain.calm import parse_quiet_hours
from shared import db, migrations, settings
from shared.errors import MisconfiguredError
from shared.settings import FILE, MIB, VARIABLES, Settings

PATIENCE = 3.0
"""Seconds that any network check may take."""
LITTLE_SPACE = 1024 * MIB
TOO_LITTLE_SPACE = 200 * MIB
MAX_CLOCK_DIFFERENCE = 5.0
CERTIFICATE_WARNING_DAYS = 21

PATCHED = {(3, 11): 15, (3, 12): 13, (3, 13): 12, (3, 14): 3}
"""The first patch level of each Python that has the fixes we rely on."""


class Level(StrEnum):
    """How bad a finding is."""

    OK = "ok"
    SET = "set"
    DEFAULT = "default"
    WARNING = "warning"
    FAULT = "fault"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report. ``subject`` is a variable or what was looked at."""

    level: Level
    subject: str
    text: str


def examine(environ: Mapping[str, str]) -> Iterator[Finding]:
    """Every finding: the settings first, then what they lead to."""
    yield from unknown_variables(environ)
    yield python(sys.version_info[:3])
    try:
        loaded = settings.load(environ, **_without_making_a_key(environ))
    except MisconfiguredError as error:
        yield Finding(Level.FAULT, "settings", str(error))
        return
    yield from values(environ, loaded)
    yield from quiet_hours(loaded.quiet_hours)
    yield disk(loaded.data_dir)
    yield from database(loaded)
    yield greeting("mail listener", loaded.smtp_host, loaded.smtp_port, "start the suite, or the role listener")
    if not loaded.catches_mail:
        yield from relays(loaded.smtp_relay_url)
        yield dkim_keys(loaded.dkim_keys)
    if loaded.sms_url:
        yield sms_provider(loaded.sms_url, loaded.base_url)
    if loaded.smtp_tls_cert:
        yield certificate(Path(loaded.smtp_tls_cert), Path(loaded.smtp_tls_key))


def _without_making_a_key(environ: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    """Loading settings makes the secret key where there is none yet; an examination must not."""
    folder = Path(environ.get(VARIABLES["data_dir"]) or "./var")
    if any(environ.get(VARIABLES["secret_keys"] + end) for end in ("", FILE)) or (folder / "secrets" / "key").exists():
        return {}
    return {"secret_keys": ("made at the first start, not by a look",)}


def unknown_variables(environ: Mapping[str, str]) -> Iterator[Finding]:
    """Variables that look like ours and are none: a misspelt one is silently without effect otherwise."""
    known = set(VARIABLES.values())
    for name in sorted(environ):
        if name.startswith("IDESLUSS_TEST_") or name.removesuffix(FILE) in known:
            continue
        if name.startswith("IDESLUSS_"):
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"; perhaps {near[0]} was meant" if near else ""
            yield Finding(Level.WARNING, name, f"there is no such setting{hint}")


def values(environ: Mapping[str, str], loaded: Settings) -> Iterator[Finding]:
    """Each setting with its value, secrets hidden, and whether it was set."""
    for field, variable in VARIABLES.items():
        level = Level.SET if variable in environ or variable + FILE in environ else Level.DEFAULT
        yield Finding(level, variable, shown(field, getattr(loaded, field)))


def shown(field: str, value: object) -> str:
    """A setting's value as it may be shown: no key, no password."""
    if field == "secret_keys":
        assert isinstance(value, tuple)
        return f"({len(value)} hidden)"
    if isinstance(value, tuple):
        return ",".join(map(str, value)) or "(none)"
    if field == "smtp_relay_url" and value:
        return ", ".join(re.sub(r"//([^:/@]*):.*@", r"//\1:***@", url) for url in BETWEEN.split(str(value)))
    if field.endswith("_url") and value:
        return re.sub(r"//([^:/@]*):.*@", r"//\1:***@", str(value))
    return str(value) or "(empty)"


def python(version: tuple[int, int, int]) -> Finding:
    """Python's patch level is a security setting for a program that reads strangers' mail."""
    found = ".".join(map(str, version))
    needed = PATCHED.get(version[:2])
    if needed is None or version[2] >= needed:
        return Finding(Level.OK, "Python", found)
    return Finding(
        Level.WARNING,
        "Python",
        f"{found}: {version[0]}.{version[1]}.{needed} or later closes holes in reading and writing mail headers "
        "(cpython#136063: a hostile header costs seconds; CVE-2024-6923 and CVE-2026-1299: header injection). "
        "We guard against each, but upgrade",
    )


def quiet_hours(text: str) -> Iterator[Finding]:
    """A worker of notify's does not start with hours that it cannot read."""
    try:
        parse_quiet_hours(text)
    except MisconfiguredError as error:
        yield Finding(Level.FAULT, "IDESLUSS_QUIET_HOURS", str(error).removeprefix("IDESLUSS_QUIET_HOURS: "))


def disk(data_dir: Path) -> Finding:
    """Mails are refused for now (451) when nothing more can be written."""
    folder = next(folder for folder in (data_dir, *data_dir.parents) if folder.exists())
    free = shutil.disk_usage(folder).free
    text = f"{free // MIB} MB free for {data_dir}"
    if free < TOO_LITTLE_SPACE:
        return Finding(Level.FAULT, "disk space", f"{text}: free at least {TOO_LITTLE_SPACE // MIB} MB")
    return Finding(Level.WARNING if free < LITTLE_SPACE else Level.OK, "disk space", text)


def database(loaded: Settings) -> Iterator[Finding]:
    """Reachable, recent enough, with a clock like ours, and with every migration done."""
    try:
        with migrations.connect(db.admin_url(loaded)) as connection:
            yield _server(connection)
            yield _clock(connection)
            yield from _migrations(connection)
    except MisconfiguredError as error:
        if loaded.embedded_database:
            yield Finding(Level.WARNING, "database", "the embedded PostgreSQL is not running: `idesluss up` starts it")
        else:
            yield Finding(Level.FAULT, "database", str(error))


def _server(connection: psycopg.Connection) -> Finding:
    version = connection.info.parameter_status("server_version") or "unknown"
    if connection.info.server_version < migrations.OLDEST_SERVER:
        return Finding(Level.FAULT, "database", f"PostgreSQL {version}: 15 or later is needed")
    return Finding(Level.OK, "database", f"PostgreSQL {version}")


def _clock(connection: psycopg.Connection) -> Finding:
    before = time.time()
    row = connection.execute("SELECT extract(epoch FROM clock_timestamp())::float8").fetchone()
    difference = abs((row[0] if row else 0.0) - (before + time.time()) / 2)
    text = f"{difference:.1f} s from the database's"
    if difference > MAX_CLOCK_DIFFERENCE:
        return Finding(Level.FAULT, "clock", f"{text}: keep both in step (NTP), links and retries go by the clock")
    return Finding(Level.OK, "clock", text)


def _migrations(connection: psycopg.Connection) -> Iterator[Finding]:
    for schema, path in migrate.locations().items():
        at, newest = migrations.current(connection, schema), migrations.head(path)
        if at == newest:
            yield Finding(Level.OK, f"schema {schema}", f"at {at}, the newest")
        else:
            text = f"at {at or 'nothing'}, the newest is {newest}: run `idesluss migrate`"
            yield Finding(Level.FAULT, f"schema {schema}", text)


def relays(text: str) -> Iterator[Finding]:
    """The servers that take our outgoing mail."""
    try:
        parsed = parse_relay_urls(text)
    except MisconfiguredError as error:
        yield Finding(Level.FAULT, "SMTP_RELAY_URL", str(error).removeprefix("SMTP_RELAY_URL: "))
        return
    for relay in parsed:
        yield _relay(relay)


def _relay(relay: Relay) -> Finding:
    remedy = "check host and port, and the firewall between"
    if relay.scheme == "smtps":
        return _connects("SMTP_RELAY_URL", relay.host, relay.port)
    return greeting("SMTP_RELAY_URL", relay.host, relay.port, remedy)


def dkim_keys(folder: str) -> Finding:
    """Whether our mails are signed, and with keys that can be read."""
    from services.notify.channels.dkim import Dkim  # every start loads this file, and few need dkimpy

    subject = "IDESLUSS_DKIM_KEYS"
    if not folder:
        text = "mails leave unsigned, unless the relay signs for the sluices' domains: `idesluss dkim create`"
        return Finding(Level.WARNING, subject, text)
    try:
        domains = Dkim(Path(folder)).domains
    except MisconfiguredError as error:
        return Finding(Level.FAULT, subject, str(error).removeprefix(f"{subject}: "))
    level = Level.OK if domains else Level.WARNING
    return Finding(level, subject, f"signs for {', '.join(sorted(domains)) or 'no domain'}")


def sms_provider(url: str, base_url: str) -> Finding:
    """Whoever takes our text messages, and whether its receipts find their way back to us."""
    try:
        parts = urlsplit(parse_sms_url(url).base)
    except MisconfiguredError as error:
        return Finding(Level.FAULT, "SMS_URL", str(error).removeprefix("SMS_URL: "))
    if urlsplit(base_url).hostname in ("127.0.0.1", "::1", "localhost"):
        remedy = "set it to the address that the Internet reaches"
        return Finding(Level.WARNING, "SMS_URL", f"no receipts, for IDESLUSS_BASE_URL is this machine alone: {remedy}")
    return _connects("SMS_URL", parts.hostname or "", parts.port or 443)


def greeting(subject: str, host: str, port: int, remedy: str) -> Finding:
    """Does a mail server greet there?"""

    def heard() -> str:
        with socket.create_connection((_reachable(host), port), timeout=PATIENCE) as connection:
            return connection.recv(512).decode("ascii", "replace").strip()

    return _tried(subject, f"{host}:{port}", heard, lambda word: word.startswith("220"), remedy)


def _connects(subject: str, host: str, port: int) -> Finding:
    def connected() -> str:
        socket.create_connection((host, port), timeout=PATIENCE).close()
        return "connected"

    return _tried(subject, f"{host}:{port}", connected, bool, "check host and port, and the firewall between")


def _tried(subject: str, where: str, try_it: Callable[[], str], good: Callable[[str], bool], remedy: str) -> Finding:
    try:
        word = try_it()
    except OSError as error:
        return Finding(Level.WARNING, subject, f"{where} does not answer ({error}): {remedy}")
    if good(word):
        return Finding(Level.OK, subject, f"{where} answers")
    return Finding(Level.WARNING, subject, f"{where} answers {word!r} instead of 220: {remedy}")


def certificate(cert: Path, key: Path) -> Finding:
    """Do certificate and key fit together, and is the certificate of today?"""
    subject = "IDESLUSS_SMTP_TLS_CERT"
    try:
        ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(cert, key)
        # the standard library's only reader of a certificate in a file; private, but there since Python 2.6
        decoded = ssl._ssl._test_decode_cert(str(cert))  # type: ignore[attr-defined]
    except (OSError, ValueError) as error:
        return Finding(Level.FAULT, subject, f"{cert} and {key} cannot be used together ({error})")
    now = time.time()
    begins, ends = (ssl.cert_time_to_seconds(decoded[word]) for word in ("notBefore", "notAfter"))
    if not begins <= now < ends:
        return Finding(Level.FAULT, subject, f"holds from {decoded['notBefore']} to {decoded['notAfter']}: renew it")
    days = int((ends - now) / 86_400)
    level = Level.WARNING if days < CERTIFICATE_WARNING_DAYS else Level.OK
    return Finding(level, subject, f"holds {days} more days")


def _reachable(host: str) -> str:
    """A wildcard address is bound, but loopback is what one connects to."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(host, host)  # noqa: S104 - compared, not bound

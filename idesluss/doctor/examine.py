"""The whole examination, in the order in which it is told."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from idesluss.doctor.backups import backups
from idesluss.doctor.broker import broker
from idesluss.doctor.certificates import certificate
from idesluss.doctor.database import database, sluice_addresses
from idesluss.doctor.exposure import exposure
from idesluss.doctor.finding import Finding, Level
from idesluss.doctor.machine import disk, python, time_zones
from idesluss.doctor.outgoing import dkim_keys, relays, sms_provider
from idesluss.doctor.reaching import greeting
from idesluss.doctor.variables import quiet_hours, unknown_variables, values
from shared import settings
from shared.errors import MisconfiguredError
from shared.settings import VARIABLES


def examine(environ: Mapping[str, str], *, dns: bool = False) -> Iterator[Finding]:
    """Every finding: the settings first, then what they lead to.

    :param dns: look the sluices' mail domains up as well.
    """
    yield from unknown_variables(environ)
    yield python(sys.version_info[:3])
    yield time_zones()
    try:
        loaded = settings.load(environ, **_without_making_a_key(environ))
    except MisconfiguredError as error:
        yield Finding(Level.FAULT, "settings", str(error))
        return
    yield from values(environ, loaded)
    yield from quiet_hours(loaded.quiet_hours)
    yield disk(loaded.data_dir)
    yield from database(loaded)
    if loaded.broker_url:
        yield from broker(loaded)
    yield greeting("mail listener", loaded.smtp_host, loaded.smtp_port, "start the suite, or the role listener")
    if not loaded.catches_mail:
        yield from relays(loaded.smtp_relay_url)
        yield dkim_keys(loaded.dkim_keys)
    if loaded.sms_url:
        yield sms_provider(loaded.sms_url, loaded.base_url)
    if loaded.smtp_tls_cert:
        yield certificate(Path(loaded.smtp_tls_cert), Path(loaded.smtp_tls_key))
    yield from exposure(loaded)
    yield from backups(loaded)
    if dns:
        from idesluss.doctor.dns import domains  # dnspython takes its time, and few ask for it

        yield from domains(loaded, sluice_addresses(loaded))


def _without_making_a_key(environ: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    """Loading settings makes the secret key where there is none yet; an examination must not."""
    folder = Path(environ.get(VARIABLES["data_dir"]) or "./var")
    if settings.is_set(environ, "secret_keys") or (folder / "secrets" / "key").exists():
        return {}
    return {"secret_keys": ("made at the first start, not by a look",)}

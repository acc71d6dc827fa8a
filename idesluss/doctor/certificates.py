"""Certificates in files."""

from __future__ import annotations

import ssl
import time
from pathlib import Path

from idesluss.doctor.finding import Finding, Level

WARNING_DAYS = 21


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
    level = Level.WARNING if days < WARNING_DAYS else Level.OK
    return Finding(level, subject, f"holds {days} more days")

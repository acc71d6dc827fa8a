"""SMS_URL."""

from __future__ import annotations

import pytest

from services.notify.channels.sms_url import Provider, parse_sms_url
from shared.errors import MisconfiguredError


@pytest.mark.parametrize(
    ("url", "provider"),
    [
        (
            "46elks://user:secret@api.46elks.com?from=Krokom",
            Provider("https://api.46elks.com", "user", "secret", "Krokom"),
        ),
        (
            "46elks://user:secret@api.46elks.com/?from=Idesluss1",
            Provider("https://api.46elks.com", "user", "secret", "Idesluss1"),
        ),
        (
            "46elks://u%40x:p%40s%3As%2F@api.46elks.com:8443?from=+46701234567",
            Provider("https://api.46elks.com:8443", "u@x", "p@s:s/", "+46701234567"),
        ),
        (
            "46elks://user:secret@api.46elks.com?from=%2B46701234567",
            Provider("https://api.46elks.com", "user", "secret", "+46701234567"),
        ),
        (
            "46elks+http://user:secret@127.0.0.1:8080?from=Krokom",
            Provider("http://127.0.0.1:8080", "user", "secret", "Krokom"),
        ),
        ("46elks+http://user:secret@[::1]:8080?from=Krokom", Provider("http://[::1]:8080", "user", "secret", "Krokom")),
        (
            "46elks+http://user:secret@localhost:80?from=Krokom",
            Provider("http://localhost:80", "user", "secret", "Krokom"),
        ),
    ],
)
def test_each_form_is_read(url: str, provider: Provider) -> None:
    assert parse_sms_url(url) == provider


@pytest.mark.parametrize(
    "url",
    [
        "",
        "api.46elks.com",
        "https://user:secret@api.46elks.com?from=Krokom",
        "46elks://api.46elks.com?from=Krokom",
        "46elks://user@api.46elks.com?from=Krokom",
        "46elks://user:secret@?from=Krokom",
        "46elks://user:secret@api.46elks.com:port?from=Krokom",
        "46elks://user:secret@api.46elks.com:0?from=Krokom",
        "46elks://user:secret@[api.46elks.com?from=Krokom",
        "46elks://user:secret@api.46elks.com/a1/sms?from=Krokom",
        "46elks://user:secret@api.46elks.com?from=Krokom#secret",
        "46elks://user:secretå@api.46elks.com?from=Krokom",
        "46elks://user:secret@api.46elks.com",
        "46elks://user:secret@api.46elks.com?from=",
        "46elks://user:secret@api.46elks.com?from=Kr",
        "46elks://user:secret@api.46elks.com?from=Krokoms+kommun",
        "46elks://user:secret@api.46elks.com?from=1Krokom",
        "46elks://user:secret@api.46elks.com?from=Östersund",
        "46elks://user:secret@api.46elks.com?from=KrokomsKommun",
        "46elks://user:secret@api.46elks.com?from=0701234567",
        "46elks://user:secret@api.46elks.com?from=Krokom%0a",
        "46elks://user:secret@api.46elks.com?from=Krokom&dryrun=yes",
        "46elks+http://user:secret@api.46elks.com?from=Krokom",
        "46elks+http://user:secret@192.0.2.1?from=Krokom",
    ],
)
def test_another_form_is_refused_by_name_and_without_its_password(url: str) -> None:
    with pytest.raises(MisconfiguredError, match="SMS_URL") as refused:
        parse_sms_url(url)
    assert "secret" not in str(refused.value)


def test_a_provider_does_not_show_its_password_in_a_log() -> None:
    assert "secret" not in repr(parse_sms_url("46elks://user:secret@api.46elks.com?from=Krokom"))

"""The front page: what this is, where to send an idea, and where to look further."""

from __future__ import annotations

import pytest

from tests.support.pages import Elements


def test_the_front_page_names_each_sluice_with_its_address(client, sluice) -> None:
    page = client.get("/").text

    assert sluice.name in page
    assert f'href="mailto:{sluice.address}"' in page


@pytest.mark.parametrize("path", ["/mailbox/", "/api/intake/docs", "/api/notify/docs", "/health/ready"])
def test_the_front_page_links_on(client, path: str) -> None:
    assert f'href="{path}"' in client.get("/").text


def test_the_docs_describe_every_resource_and_run_nothing(client) -> None:
    page = client.get("/api/intake/docs")

    assert page.status_code == 200
    for resource in ("ideas", "sluices", "inbound-emails", "attachments"):
        assert f"/api/intake/v1/{resource}" in page.text
    assert not Elements(page.text).can_run

"""Authentication-Results: how they are read, and which of them vouch for a sender."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.mail.authentication import (
    SenderCheck,
    newest_sealer,
    parse_authentication_results,
    vouched,
)
from services.intake.mail.domains import are_aligned, organisational_domain
from services.intake.mail.model import Address
from tests.support.growth import assert_linear

FRONT = "mx.region.example"
ANNA = (Address("Anna", "anna@kommun.example"),)


def check(*fields: str, senders: tuple[Address, ...] = ANNA, **more: object) -> SenderCheck:
    return vouched(fields, trusted={FRONT}, from_addresses=senders, **more)  # type: ignore[arg-type]


def test_comments_quotes_versions_and_folding_are_read() -> None:
    found = parse_authentication_results(
        'mx.Region.example (a (nested) comment) 1; spf=PASS (ok; not a separator) smtp.mailfrom="anna@kommun.example";\t'
        'dkim/1=pass reason="good; signature" header.d=kommun.example header.b=ab/cd; dmarc=pass (p=reject) header.from=x'
    )

    assert found is not None
    assert found.authserv_id == FRONT
    spf, dkim, dmarc = found.results
    assert (spf.method, spf.result, spf.get("smtp.mailfrom")) == ("spf", "pass", "anna@kommun.example")
    assert (dkim.method, dkim.get("reason"), dkim.get("header.b")) == ("dkim", "good; signature", "ab/cd")
    assert dmarc.comments == ("p=reject",)


def test_a_field_without_results_names_only_its_server() -> None:
    found = parse_authentication_results("mx.region.example; none")

    assert found is not None
    assert (found.authserv_id, found.results) == (FRONT, ())


def test_exchange_online_names_no_server() -> None:
    found = parse_authentication_results(
        "spf=pass (sender IP is 192.0.2.1) smtp.mailfrom=kommun.example; dmarc=fail action=oreject header.from=kommun.example;"
    )

    assert found is not None
    assert (found.authserv_id, [one.method for one in found.results]) == ("", ["spf", "dmarc"])


def test_dmarc_pass_vouches() -> None:
    found = check(f"{FRONT}; dmarc=pass (p=none) header.from=kommun.example")

    assert (found.vouched, found.suspected_forged, found.source) == (True, False, FRONT)


def test_dmarc_pass_of_another_domain_does_not_vouch() -> None:
    assert not check(f"{FRONT}; dmarc=pass header.from=angripare.example").vouched


@pytest.mark.parametrize(
    ("policy", "is_forged"),
    [
        ("policy.dmarc=reject", True),
        ("policy.dmarc=quarantine", True),
        ("policy.dmarc=none", False),
        ("(p=REJECT sp=NONE dis=REJECT)", True),
        ("(p=quarantine dis=none)", True),
        ("(p=none dis=none)", False),
        ("action=oreject", True),
        ("action=quarantine", True),
        ("action=none", False),
        ("", False),
    ],
)
def test_dmarc_failing_is_forged_only_under_a_policy_that_asks_for_it(policy: str, is_forged: bool) -> None:
    found = check(f"{FRONT}; spf=pass smtp.mailfrom=kommun.example; dmarc=fail {policy} header.from=kommun.example")

    assert (found.vouched, found.suspected_forged) == (False, is_forged)


def test_a_subdomain_has_the_policy_for_subdomains() -> None:
    senders = (Address("", "anna@skola.kommun.example"),)

    found = check(f"{FRONT}; dmarc=fail (p=none sp=reject) header.from=skola.kommun.example", senders=senders)

    assert found.suspected_forged


@pytest.mark.parametrize(
    "results",
    [
        "dkim=pass header.d=kommun.example",
        "dkim=fail header.d=x.example; dkim=pass header.i=@post.kommun.example",
        "spf=pass smtp.mailfrom=anna@kommun.example",
        "spf=pass smtp.mailfrom=studs.kommun.example",
        "spf=pass smtp.helo=kommun.example",
    ],
)
def test_an_aligned_pass_vouches_where_there_is_no_dmarc(results: str) -> None:
    assert check(f"{FRONT}; {results}").vouched
    assert check(f"{FRONT}; {results}; dmarc=none header.from=kommun.example").vouched


@pytest.mark.parametrize(
    "results",
    [
        "dkim=pass header.d=angripare.example",
        "dkim=neutral header.d=kommun.example",
        "spf=pass smtp.mailfrom=anna@angripare.example",
        "spf=softfail smtp.mailfrom=anna@kommun.example",
        "dkim=pass header.d=notkommun.example",
        "dkim=pass header.d=example",
        "iprev=pass policy.iprev=192.0.2.1",
        "none",
    ],
)
def test_nothing_aligned_passing_leaves_the_sender_unvouched_and_unaccused(results: str) -> None:
    found = check(f"{FRONT}; {results}")

    assert (found.vouched, found.suspected_forged) == (False, False)


@pytest.mark.parametrize("senders", [(), (*ANNA, Address("", "chef@kommun.example"))])
def test_only_exactly_one_sender_can_be_vouched_for(senders: tuple[Address, ...]) -> None:
    assert not check(f"{FRONT}; dmarc=pass header.from=kommun.example", senders=senders).vouched


def test_a_field_of_anybody_else_counts_for_nothing() -> None:
    assert not check("mx.angripare.example; dmarc=pass header.from=kommun.example").vouched
    assert not check("mx.region.example.angripare.example; dmarc=pass header.from=kommun.example").vouched
    assert not check("dmarc=pass header.from=kommun.example").vouched


def test_a_trusted_name_below_an_untrusted_field_counts_for_nothing() -> None:
    assert not check("mx.other.example; spf=none", f"{FRONT}; dmarc=pass header.from=kommun.example").vouched


def test_several_fields_of_one_front_are_read_together() -> None:
    found = check(f"{FRONT}; dkim=pass header.d=kommun.example", f"{FRONT}; spf=fail smtp.mailfrom=x.example")

    assert (found.vouched, found.spf, found.dkim) == (True, "fail", "pass")


def test_a_second_field_that_repeats_a_method_is_not_believed() -> None:
    """A front that forgets to remove a forged field of its own name must not vouch for the forgery."""
    found = check(
        f"{FRONT}; spf=fail smtp.mailfrom=kommun.example",
        f"{FRONT}; spf=pass smtp.mailfrom=kommun.example; dmarc=pass header.from=kommun.example",
    )

    assert not found.vouched


def test_a_trusted_arc_seal_softens_a_refusal_to_unverified() -> None:
    refused = f"{FRONT}; arc=pass; dmarc=fail policy.dmarc=reject header.from=kommun.example"
    seals = ["i=1; a=rsa-sha256; d=angripare.example; b=x", "i=2; a=rsa-sha256; d=Lists.example; b=x"]

    softened = check(refused, arc_seals=seals, trusted_sealers={"lists.example"})
    not_trusted = check(refused, arc_seals=seals, trusted_sealers={"angripare.example"})
    not_passing = check(refused.replace("arc=pass", "arc=fail"), arc_seals=seals, trusted_sealers={"lists.example"})

    assert (softened.vouched, softened.suspected_forged) == (False, False)
    assert not_trusted.suspected_forged
    assert not_passing.suspected_forged
    assert newest_sealer(seals) == "lists.example"


@pytest.mark.parametrize(
    ("domain", "organisation"),
    [
        ("mail.kommun.se", "kommun.se"),
        ("a.b.example.co.uk", "example.co.uk"),
        ("kommun.se", "kommun.se"),
        ("SE", "se"),
        ("post.kommun.example", "kommun.example"),
        ("www.city.kobe.jp", "city.kobe.jp"),
        ("östersund.se", "xn--stersund-m4a.se"),
        ("", ""),
    ],
)
def test_the_organisational_domain_is_the_registered_one(domain: str, organisation: str) -> None:
    assert organisational_domain(domain) == organisation


def test_two_customers_of_one_suffix_are_not_aligned() -> None:
    assert not are_aligned("a.co.uk", "b.co.uk")
    assert not are_aligned("", "")
    assert not are_aligned("mail.kommun.se", "kommun.se", strict=True)
    assert are_aligned("Mail.Kommun.se.", "kommun.se")


@given(st.text(max_size=300))
def test_no_field_raises(value: str) -> None:
    check(value, f"{FRONT}; {value}", arc_seals=[value], trusted_sealers={value})


@pytest.mark.parametrize("unit", ["(", '"', ";", "a=b ", "a", "\\", "dkim=pass ", "(p=", "a/"])
def test_hostile_fields_take_no_more_time_than_their_length(unit: str) -> None:
    organisational_domain("kommun.example")  # the list of suffixes is read once

    assert_linear(check, make=lambda count: f"{FRONT}; " + unit * (count // len(unit)))

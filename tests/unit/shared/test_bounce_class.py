"""Why a mail did not arrive, by the words and codes that real servers write."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.mail.bounce_class import BounceClass, best_status, judge, reply_code
from tests.support.growth import assert_linear
from tests.unit.intake.mail.wordings import BLOCKED, FULL, GONE, OTHER


def class_of(diagnostic: str, *, action: str | None = "failed", status: str | None = None) -> BounceClass:
    return judge(action=action, status=status, diagnostic=diagnostic).bounce_class


@pytest.mark.parametrize("diagnostic", GONE)
def test_a_recipient_or_domain_that_is_gone_is_permanent(diagnostic: str) -> None:
    verdict = judge(action="failed", status=None, diagnostic=diagnostic)

    assert verdict.bounce_class is BounceClass.RECIPIENT_GONE
    assert verdict.permanent


@pytest.mark.parametrize("diagnostic", FULL)
def test_a_full_mailbox_is_never_permanent(diagnostic: str) -> None:
    """listmonk#2873: every 5xx counted as hard, full mailboxes included."""
    assert class_of(diagnostic) is BounceClass.MAILBOX_FULL


@pytest.mark.parametrize("diagnostic", BLOCKED)
def test_a_refusal_of_us_or_the_content_is_never_permanent(diagnostic: str) -> None:
    """postal#60: a low reputation of the sending address gave up its recipients."""
    assert class_of(diagnostic) is BounceClass.BLOCKED


@pytest.mark.parametrize("diagnostic", OTHER)
def test_a_fault_on_the_way_is_never_permanent(diagnostic: str) -> None:
    assert class_of(diagnostic) is BounceClass.OTHER


@pytest.mark.parametrize("action", ["delayed", "delivered", "relayed", "expanded"])
def test_an_action_other_than_failed_is_never_permanent(action: str) -> None:
    assert not judge(action=action, status="5.1.1", diagnostic="550 5.1.1 user unknown").permanent


def test_a_full_mailbox_is_not_permanent_under_the_code_of_an_unknown_user() -> None:
    assert class_of("550 5.1.1 mailbox is full", status="5.1.1") is BounceClass.MAILBOX_FULL


def test_spam_words_outrank_the_code_of_an_unknown_user() -> None:
    assert class_of("550 5.1.1 message looks like spam", status="5.1.1") is BounceClass.BLOCKED


def test_an_unknown_user_outranks_the_code_of_a_policy() -> None:
    assert class_of("550 5.7.1 user unknown", status="5.7.1") is BounceClass.RECIPIENT_GONE


def test_host_names_and_addresses_are_no_evidence() -> None:
    text = "host antispam.blocklist.example[192.0.2.1] said: 550 5.1.1 <spam@policy.example> User unknown"

    assert class_of(text) is BounceClass.RECIPIENT_GONE


def test_it_is_the_sender_that_is_unknown() -> None:
    assert class_of("550 5.1.8 <us@region.example>: Sender address rejected: User unknown") is BounceClass.BLOCKED


@pytest.mark.parametrize("code", ["5.1.1", "5.1.2", "5.1.6", "5.1.10", "5.4.4"])
def test_a_bare_code_that_means_gone_is_permanent(code: str) -> None:
    assert judge(action="failed", status=code, diagnostic="").permanent


@pytest.mark.parametrize(
    "code", ["5.0.0", "5.2.2", "5.2.3", "5.3.4", "5.4.6", "5.4.7", "5.7.1", "4.1.1", "4.4.7", None]
)
def test_a_bare_code_that_may_mean_anything_else_is_not(code: str | None) -> None:
    assert not judge(action="failed", status=code, diagnostic="").permanent


def test_a_failure_of_dns_itself_is_not_a_domain_that_is_gone() -> None:
    assert class_of("Name service error for name=x.example type=MX: Host not found, try again") is BounceClass.OTHER
    assert class_of("DNS lookup of x.example failed temporarily: SERVFAIL, domain not found") is BounceClass.OTHER


def test_a_domain_that_is_gone_is_permanent_even_as_a_transient_status() -> None:
    """listmonk#1463: a domain that does not exist was called transient."""
    assert judge(action="failed", status="4.0.0", diagnostic="NXDOMAIN Domain name not found: x.example").permanent


@pytest.mark.parametrize(
    ("status", "diagnostic", "best"),
    [
        ("5.0.0", "550 5.1.1 user unknown", "5.1.1"),
        ("5.1.1", "user unknown", "5.1.1"),
        ("5.1.1", "550 5.0.0 failed", "5.1.1"),
        (None, "550-5.7.26 blocked", "5.7.26"),
        (None, "host mx[198.51.100.4] said: 550 #5.1.0 no", "5.1.0"),
        (None, "connect to 5.1.1.2 failed", None),
        ("5.01.01", "", "5.1.1"),
        (None, "550 no", None),
    ],
)
def test_the_code_that_says_most_is_chosen(status: str | None, diagnostic: str, best: str | None) -> None:
    assert best_status(status, diagnostic) == best


def test_an_address_holds_no_reply_code() -> None:
    assert reply_code("host mx[198.51.100.4]:250 said: 452 4.2.2 full") == 452
    assert reply_code("at 10:450 on 192.0.2.550") is None


@given(st.text(max_size=400), st.sampled_from([None, "failed", "delayed", "delivered"]), st.text(max_size=12))
def test_no_text_raises(text: str, action: str | None, status: str) -> None:
    verdict = judge(action=action, status=status, diagnostic=text, context=text)

    assert verdict.permanent == (verdict.bounce_class is BounceClass.RECIPIENT_GONE)


@pytest.mark.parametrize(
    "unit",
    ["user ", "a", "not ", "has been ", "user@", "a.a.", "mailbox is ", "exceed ", "domain ", "550 ", "the mailbox "],
)
def test_the_time_does_not_grow_with_hostile_text(unit: str) -> None:
    assert_linear(
        lambda text: judge(action="failed", status=None, diagnostic=text, context=text),
        make=lambda count: unit * (count // len(unit)),
    )

"""Why a mail did not arrive, by the words and codes that real servers write."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.mail.bounce_class import best_status, judge, reply_code
from services.intake.mail.model import BounceClass

GONE = [
    "550 No such user (anna@kommun.example)",
    "550 5.1.1 <anna@kommun.example>... User unknown in local recipient table",
    "550 <anna@kommun.example> is not a valid mailbox",
    "550 Invalid recipient anna@kommun.example (#5.1.1)",
    "550 unknown user <anna@kommun.example>",
    "553 5.3.0 <anna@kommun.example>... No such user here",
    "550 5.1.1 sorry, no mailbox here by that name (#5.1.1 - chkuser)",
    "550 5.1.1 anna@kommun.example Address not found",
    "550-5.1.1 User does not exist - anna@kommun.example",
    "554 5.1.1 <anna@kommun.example>: Recipient address rejected: user anna@kommun.example does not exist",
    "550 Mailbox not found",
    "550 Unknown recipient",
    "550 5.1.1 Mailbox anna@kommun.example unknown",
    "550 account anna@kommun.example does not exist",
    "511 sorry, no mailbox here by that name (#5.1.1 - chkuser)",
    "550 RCPT TO:<anna@kommun.example> User unknown",
    "550 5.1.1 unknown or illegal alias: anna@kommun.example",
    "550 5.1.6 Recipient no longer on server: anna@kommun.example",
    "550 Recipient not found. <http://x.smtp.example/errors>",
    "550 #5.1.0 Address rejected anna@kommun.example",
    "550 5.0.0 <anna@kommun.example>... User unknown",
    "550 5.2.1 <anna@kommun.example>... Mailbox disabled for this recipient",
    "554 Delivery error: dd This user doesn't have a ymail.example account (anna@ymail.example) [-9]",
    "550 Requested action not taken: mailbox unavailable (S2017062302)",
    "550 5.5.0 Requested action not taken: mailbox unavailable",
    "550 5.1.1 The email account that you tried to reach is inactive",
    "550 This account is not active",
    "550 5.1.1 No such mailbox",
    "550 Account closed",
    "550 5.1.1 Recipient anna@kommun.example does not exist here",
    "550 We would love to have gotten this email to anna@kommun.example. But, your recipient never c"
    "reated this account",
    "550 sorry, that recipient doesn't exist (#5.7.1)",
    "User anna not in directory",
    "No such local user",
    "550 [SUSPEND] Mailbox currently disabled, please contact",
    "550 5.1.1 Invalid mailbox: anna@kommun.example",
    "550 5.1.1 Addressee unknown",
    "Unable to look up anna: unknown user",
    "550 5.4.310 DNS domain kommuun.example does not exist [Message=InfoDomainNonexistent]",
    "Host unknown (Name server: kommuun.example: host not found)",
    "553 5.1.2 domain name not found",
    "Name service error for kommuun.example: Host not found",
    "5.1.2 (unknown host: kommuun.example)",
    "No MX or A records for kommuun.example",
    'Unrouteable mail domain "kommuun.example"',
    "DNS lookup failed: domain does not exist",
    "Host or domain name not found. Name service error for name=mx.kommuun.example type=AAAA: Host not found",
    "550 5.1.10 RESOLVER.ADR.RecipientNotFound",
    "550 5.1.1 RESOLVER.ADR.ExRecipNotFound; not found",
    "#5.1.1 smtp;550 5.1.1 RESOLVER.ADR.RecipNotFound; not found",
    "550 5.7.1 Recipient not found in directory",
    "550 Administrative prohibition: unknown user",
    "550 5.1.1 user has moved permanently",
    "550 user anna has left the company",
    "The following address failed: unrouteable address",
    'unknown local-part "anna" in domain "kommun.example"',
    "550 Unrouteable address",
    "The e-mail account does not exist at the organization this message was sent to",
    "550 Benutzer unbekannt",
    "550 Empfängeradresse existiert nicht",
    "Utilisateur inconnu",
    "550 Boite du destinataire inconnue",
    "550 Cuenta de correo no existe",
    "550 Utente sconosciuto",
    "Okänd mottagare",
    "Kontot är avslutat",
    "Användaren finns inte",
    "Domänen hittades inte",
    "550 Такого пользователя нет",
    "mailbox for anna@kommun.example does not exist",
    "550 5.1.1 Email address could not be found, or was misspelled (G8)",
    "550 5.1.1 This user is no longer with us",
    "550 No thank you rejected: Account Unavailable",
    "550 5.1.1 Recipient Invalid",
    "550 non-existent mailbox",
]
FULL = [
    "552 5.2.2 Over quota",
    "550 5.2.2 user@x: mailbox is over quota",
    "452 4.2.2 The email account that you tried to reach is over quota",
    "554 5.7.1 The recipient's mailbox is full",
    "552 Quota exceeded: mailbox for user is full",
    "522 5.7.1 Recipient mailbox quota exceeded",
    "552 RCPT TO:<anna@kommun.example> Mailbox disk quota exceeded",
    "552 Mailbox limit exceeded for this email address",
    "550 5.7.1 user account is overquota",
    "452 4.1.1 anna@kommun.example mailbox full",
    "552 sorry, mailbox anna@kommun.example is over quota temporarily",
    "550 Mailbox has exceeded the limit",
    "552 5.2.2 This message is larger than the current system limit or the recipient's mailbox is full",
    "maildir over quota",
    "552 Account storage limit exceeded",
    "Das Postfach des Empfängers ist voll",
    "La boîte aux lettres du destinataire est pleine",
    "El buzón del destinatario está lleno",
    "Inkorgen är full",
    "Mailbox size limit exceeded",
    "552 5.2.2 Mailbox size exceeds allowed quota",
    "The user has exceeded his mail quota",
    "550 Anna's Mailbox is full. 550 delivery refused",
    "552 too many messages in this mailbox",
]
BLOCKED = [
    "550 5.7.1 Message rejected due to content restrictions",
    "554 5.7.1 Rejected 192.0.2.10 found in dnsbl.sorbs.net",
    "550 5.7.1 Service unavailable, Client host [192.0.2.10] blocked using Spamhaus. To request remo"
    "val see http://www.spamhaus.org/lookup.lasso (S3130)",
    "550 SC-001 (BAY004-MC1F1) Unfortunately, messages from 192.0.2.10 weren't sent. Please contact "
    "your Internet service provider since part of their network is on our block list",
    "554 5.7.1 This message has been blocked because it contains spam",
    "421 4.7.0 [TSS04] Messages from 192.0.2.10 temporarily deferred due to user complaints",
    "550 5.7.1 Unauthenticated email from region.example is not accepted due to domain's DMARC policy",
    "550 5.7.0 Local Policy Violation",
    "554 Denied (Mode: normal)",
    "550 High probability of spam",
    "550 5.7.23 The message was rejected because of Sender Policy Framework violation",
    "550 5.1.0 <idesluss@region.example> sender rejected",
    "553 sorry, your envelope sender domain must exist (#5.7.1)",
    "550 Sender verification failed",
    "550 DY-001 Mail rejected by Windows Live Hotmail for policy reasons",
    "554 5.7.9 Message not accepted for policy reasons",
    "550 Blocked - see https://support.proofpoint.example",
    "450 4.7.1 Too many connections from 192.0.2.10",
    "550 5.7.606 Access denied, banned sending IP [192.0.2.10]",
    "550 5.7.708 Service unavailable. Access denied, traffic not accepted from this IP",
    "550 Message contains a virus",
    "554 Your email is considered spam (5.80 spam-hits)",
    "550 Rejected by header based manually Blocked Senders",
    "550 5.7.1 Recipient address rejected: blocked by policy",
    "571 Email from 192.0.2.10 is currently blocked by Example's anti-spam system",
    "550 5.7.1 <anna@kommun.example>: Recipient address rejected: Access denied",
    "550 5.1.1 <anna@kommun.example>: Recipient address rejected: Mail appears to be unsolicited, rejected",
    "550 5.7.1 Your mail server has no PTR record",
    "554 5.7.1 You are not allowed to send to this list",
    "550 5.7.509 Access denied, sending domain region.example does not pass DMARC verification",
]
OTHER = [
    "552 5.3.4 Message too large",
    "552 message size exceeds maximum permitted",
    "554 5.4.6 Hop count exceeded - possible mail loop",
    "550 relay not permitted",
    "550 5.7.1 Unable to relay for anna@kommun.example",
    "554 5.7.1 <anna@kommun.example>: Relay access denied",
    "451 4.3.0 Mail server temporarily rejected message",
    "554 Transaction failed",
    "connection refused",
    "Connection timed out",
    "553 sorry, that domain isn't in my list of allowed rcpthosts (#5.7.1)",
    "Message expired for domain kommun.example",
    "550 System is not accepting network messages",
    "550 5.6.1 8BITMIME not supported",
    "451 4.4.4 Mail received as unauthenticated, incoming to a recipient domain configured in a host"
    "ed tenant which has no mail-enabled subscriptions",
    "554 5.3.0 local configuration error",
    "lost connection with mx.kommun.example while sending end of data",
    "TLS is required, but was not offered by host",
    "5.4.7 - Delivery expired (message too old) 'timeout'",
    "450 4.1.1 user unknown, try later",
    "552 sorry, that message size exceeds my databytes limit (#5.3.4)",
    "Host or domain name not found. Name service error for name=x type=MX: Host not found, try again",
    "conversation with mx timed out while receiving the initial server greeting",
    "554 5.4.14 Hop count exceeded",
    "550 4.4.7 QUEUE.Expired; message expired",
    "insufficient system storage",
    "503 5.5.1 bad sequence of commands",
    "mail for kommun.example loops back to myself",
    "550 5.4.300 Message expired -> 421 4.4.0 unable to connect",
]


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
    assert (
        class_of("Name service error for name=x.example type=MX: Host not found, try again") is BounceClass.OTHER
    )
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
    [
        "user ",
        "a",
        "not ",
        "has been ",
        "user@",
        "a.a.",
        "mailbox is ",
        "exceed ",
        "domain ",
        "550 ",
        "the mailbox ",
    ],
)
def test_the_time_does_not_grow_with_hostile_text(unit: str) -> None:
    text = unit * (200_000 // len(unit))

    started = time.perf_counter()
    judge(action="failed", status=None, diagnostic=text, context=text)

    assert time.perf_counter() - started < 0.5

"""Our own check of a sender: real signatures, a real DNS server, and what both do when they misbehave."""

from __future__ import annotations

import base64
import subprocess
import time
from collections.abc import Iterator

import dkim
import dns.rcode
import dns.resolver
import pytest

from services.intake.mail.authentication import SenderCheck
from services.intake.mail.model import Address
from services.intake.sender_check import SenderChecker
from tests.support.dns_server import DnsServer

ANNA = (Address("Anna", "anna@kommun.example"),)
MAIL = (
    b"From: Anna <anna@kommun.example>\r\nTo: ide@krokom.example\r\nSubject: Cykelstall\r\n"
    b"Date: Mon, 2 Nov 2026 09:10:12 +0100\r\nMessage-ID: <1@kommun.example>\r\n\r\nVid stationen.\r\n"
)
FORGED_RESULTS = "mx.region.example; dmarc=pass header.from=kommun.example"


@pytest.fixture(scope="module")
def key() -> tuple[bytes, str]:
    """A private RSA key as PEM, and its public half as a DKIM record."""
    private = subprocess.run(["openssl", "genrsa", "2048"], check=True, capture_output=True).stdout
    public = subprocess.run(
        ["openssl", "rsa", "-pubout", "-outform", "DER"], check=True, capture_output=True, input=private
    ).stdout
    return private, f"v=DKIM1; k=rsa; p={base64.b64encode(public).decode()}"


@pytest.fixture
def zone(key: tuple[bytes, str]) -> Iterator[DnsServer]:
    records = {
        ("kommun.example", "TXT"): ["v=spf1 ip4:192.0.2.1 include:spf.post.example -all"],
        ("spf.post.example", "TXT"): ["v=spf1 ip4:192.0.2.2 -all"],
        ("_dmarc.kommun.example", "TXT"): ["v=DMARC1; p=reject; sp=quarantine"],
        ("val._domainkey.kommun.example", "TXT"): [key[1]],
        ("val._domainkey.post.example", "TXT"): [key[1]],
        ("utan.example", "TXT"): ["v=spf1 ip4:192.0.2.1 -all"],
        ("val._domainkey.utan.example", "TXT"): [key[1]],
        ("skola.kommun.example", "TXT"): ["v=spf1 -all"],
    }
    with DnsServer(records) as server:
        yield server


def signed(key: tuple[bytes, str], mail: bytes = MAIL, *, domain: bytes = b"kommun.example", **more: object) -> bytes:
    return dkim.sign(mail, b"val", domain, key[0], include_headers=[b"from", b"subject"], **more) + mail


def check(
    zone: DnsServer,
    raw: bytes = MAIL,
    *,
    peer_ip: str | None = "198.51.100.9",
    envelope_from: str | None = "anna@kommun.example",
    senders: tuple[Address, ...] = ANNA,
    checker: SenderChecker | None = None,
    trusted_peer: bool = False,
    results: tuple[str, ...] = (),
) -> SenderCheck:
    return (checker or SenderChecker(resolver=zone.resolver)).check(
        raw,
        peer_ip=peer_ip,
        helo="mx.kommun.example",
        envelope_from=envelope_from,
        from_addresses=senders,
        authentication_results=results,
        trusted_peer=trusted_peer,
    )


def test_a_real_signature_of_the_senders_domain_vouches(zone: DnsServer, key: tuple[bytes, str]) -> None:
    found = check(zone, signed(key))

    assert (found.vouched, found.dkim, found.spf, found.dmarc) == (True, "pass", "fail", "pass")
    assert found.source == "own check"


def test_a_signature_over_other_words_does_not(zone: DnsServer, key: tuple[bytes, str]) -> None:
    found = check(zone, signed(key).replace(b"Vid stationen", b"Vid torget"))

    assert (found.vouched, found.suspected_forged, found.dmarc) == (False, True, "fail")
    assert any("reject" in reason for reason in found.reasons)


@pytest.mark.parametrize("peer_ip", ["192.0.2.1", "192.0.2.2", "::ffff:192.0.2.1"])
def test_the_senders_own_servers_vouch_by_spf(zone: DnsServer, peer_ip: str) -> None:
    assert check(zone, peer_ip=peer_ip).vouched


def test_spf_of_another_domain_does_not_vouch(zone: DnsServer) -> None:
    found = check(zone, peer_ip="192.0.2.1", envelope_from="x@utan.example")

    assert (found.spf, found.vouched, found.suspected_forged) == ("pass", False, True)


def test_the_null_sender_is_judged_by_helo(zone: DnsServer) -> None:
    zone.records["mx.kommun.example", "TXT"] = ["v=spf1 ip4:192.0.2.1 -all"]

    assert check(zone, peer_ip="192.0.2.1", envelope_from="").vouched


def test_a_signature_of_another_organisation_does_not_vouch(zone: DnsServer, key: tuple[bytes, str]) -> None:
    found = check(zone, signed(key, domain=b"post.example"))

    assert (found.vouched, found.suspected_forged) == (False, True)
    assert not any("post.example" in name for name, _ in zone.asked if name.startswith("val."))


def test_a_domain_without_a_policy_is_only_unvouched(zone: DnsServer) -> None:
    found = check(zone, senders=(Address("", "a@utan.example"),), envelope_from="a@utan.example")

    assert (found.vouched, found.suspected_forged, found.dmarc) == (False, False, "none")


def test_a_domain_without_a_policy_is_vouched_for_by_its_signature(zone: DnsServer, key: tuple[bytes, str]) -> None:
    mail = MAIL.replace(b"anna@kommun.example", b"a@utan.example")

    found = check(zone, signed(key, mail, domain=b"utan.example"), senders=(Address("", "a@utan.example"),))

    assert found.vouched


def test_a_subdomain_has_its_organisations_policy_for_subdomains(zone: DnsServer) -> None:
    senders = (Address("", "a@skola.kommun.example"),)

    found = check(zone, senders=senders, envelope_from="a@skola.kommun.example")

    assert found.suspected_forged
    assert any("quarantine" in reason for reason in found.reasons)


def test_strict_alignment_is_obeyed(zone: DnsServer, key: tuple[bytes, str]) -> None:
    mail = MAIL.replace(b"anna@kommun.example", b"a@skola.kommun.example")
    senders = (Address("", "a@skola.kommun.example"),)
    assert check(zone, signed(key, mail), senders=senders).vouched

    zone.records["_dmarc.kommun.example", "TXT"] = ["v=DMARC1; p=reject; adkim=s"]

    assert not check(zone, signed(key, mail), senders=senders).vouched


def test_a_policy_under_test_accuses_nobody(zone: DnsServer) -> None:
    zone.records["_dmarc.kommun.example", "TXT"] = ["v=DMARC1; p=reject; pct=0"]

    assert not check(zone).suspected_forged


def test_a_signature_over_part_of_the_body_does_not_vouch(zone: DnsServer, key: tuple[bytes, str]) -> None:
    """Anybody could add words below it."""
    raw = signed(key, length=True) + b"Och en angripares rad.\r\n"

    assert not check(zone, raw).vouched


def test_two_senders_are_never_vouched_for_and_nothing_is_looked_up(zone: DnsServer) -> None:
    found = check(zone, senders=(*ANNA, Address("", "chef@kommun.example")), peer_ip="192.0.2.1")

    assert not found.vouched
    assert not zone.asked


def test_results_that_a_stranger_wrote_count_for_nothing(zone: DnsServer) -> None:
    checker = SenderChecker(trusted_authserv_ids=["mx.region.example"], resolver=zone.resolver)

    assert check(zone, checker=checker, results=(FORGED_RESULTS,)).suspected_forged


def test_a_trusted_peers_results_count_and_nothing_is_looked_up(zone: DnsServer) -> None:
    checker = SenderChecker(trusted_authserv_ids=["mx.region.example"], resolver=zone.resolver)

    assert check(zone, checker=checker, results=(FORGED_RESULTS,), trusted_peer=True).vouched
    assert not check(zone, checker=checker, peer_ip="192.0.2.1", trusted_peer=True).vouched
    assert not zone.asked


def test_an_arc_chain_of_a_trusted_sealer_softens_a_refusal(zone: DnsServer, key: tuple[bytes, str]) -> None:
    headers = [b"from", b"subject", b"to", b"date", b"message-id"]
    mail = b"Authentication-Results: lists.post.example; dmarc=pass header.from=kommun.example\r\n" + MAIL
    sealed = b"".join(
        dkim.arc_sign(mail, b"val", b"post.example", key[0], b"lists.post.example", include_headers=headers)
    )
    raw = sealed + mail

    trusting = SenderChecker(trusted_sealers=["post.example"], resolver=zone.resolver)
    doubting = SenderChecker(trusted_sealers=["annan.example"], resolver=zone.resolver)

    assert not check(zone, raw, checker=trusting).suspected_forged
    assert not check(zone, raw, checker=trusting).vouched
    assert check(zone, raw, checker=doubting).suspected_forged
    assert check(zone, raw.replace(b"Vid stationen", b"Vid torget"), checker=trusting).suspected_forged


def test_a_silent_server_costs_no_more_than_the_deadline_and_accuses_nobody(zone: DnsServer) -> None:
    zone.silent.add("_dmarc.kommun.example")

    started = time.monotonic()
    found = check(zone)

    assert time.monotonic() - started < 4.5
    assert (found.vouched, found.suspected_forged, found.dmarc) == (False, False, "temperror")
    assert any("DNS" in reason for reason in found.reasons)


def test_the_deadline_is_that_of_the_whole_mail(zone: DnsServer, key: tuple[bytes, str]) -> None:
    zone.records["kommun.example", "TXT"] = ["v=spf1 include:tyst.example -all"]
    zone.silent.update({"tyst.example", "val._domainkey.kommun.example"})
    checker = SenderChecker(resolver=zone.resolver, deadline_seconds=0.2)

    started = time.monotonic()
    found = check(zone, signed(key), checker=checker)

    assert time.monotonic() - started < 1.5
    assert (found.vouched, found.suspected_forged, found.dmarc) == (False, False, "temperror")


def test_many_slow_look_ups_share_one_deadline(zone: DnsServer) -> None:
    zone.records["kommun.example", "TXT"] = [
        "v=spf1 " + " ".join(f"include:s{n}.tyst{n}.example" for n in range(9)) + " -all"
    ]
    zone.silent.update(f"s{number}.tyst{number}.example" for number in range(9))

    started = time.monotonic()
    found = check(zone)

    assert time.monotonic() - started < 4.5
    assert not found.suspected_forged


def test_a_slow_domain_is_not_waited_for_twice_and_leaves_the_others_alone(zone: DnsServer) -> None:
    zone.silent.add("_dmarc.kommun.example")
    checker = SenderChecker(resolver=zone.resolver)
    check(zone, checker=checker)

    started = time.monotonic()
    again = check(zone, checker=checker)
    other = check(
        zone,
        checker=checker,
        peer_ip="192.0.2.1",
        senders=(Address("", "a@utan.example"),),
        envelope_from="a@utan.example",
    )

    assert time.monotonic() - started < 0.5
    assert again.dmarc == "temperror"
    assert other.vouched


def test_a_machine_whose_dns_does_not_answer_waits_once(zone: DnsServer) -> None:
    zone.is_mute = True
    now = 1000.0
    checker = SenderChecker(resolver=zone.resolver, clock=lambda: now + time.monotonic())
    check(zone, checker=checker)
    asked = zone.asked.total()

    started = time.monotonic()
    found = [check(zone, checker=checker, senders=(Address("", f"a@d{n}.example"),)) for n in range(50)]

    assert time.monotonic() - started < 5
    assert zone.asked.total() == asked
    assert not any(one.vouched or one.suspected_forged for one in found)

    zone.is_mute = False
    now += 60
    assert check(zone, checker=checker, peer_ip="192.0.2.1").vouched


def test_a_machine_without_dns_says_so_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    def nothing(self: object, *_: object) -> None:
        raise dns.resolver.NoResolverConfiguration

    monkeypatch.setattr(dns.resolver.Resolver, "read_resolv_conf", nothing)
    checker = SenderChecker()

    started = time.monotonic()
    found = [
        checker.check(
            MAIL,
            peer_ip="192.0.2.1",
            helo="x",
            envelope_from="a@b.example",
            from_addresses=ANNA,
            authentication_results=(),
            trusted_peer=False,
        )
        for _ in range(20)
    ]

    assert time.monotonic() - started < 0.5
    assert all("DNS" in one.reasons[0] and not one.suspected_forged for one in found)


@pytest.mark.parametrize("rcode", [dns.rcode.SERVFAIL, dns.rcode.REFUSED])
def test_a_server_that_fails_accuses_nobody(zone: DnsServer, rcode: dns.rcode.Rcode) -> None:
    zone.rcode = rcode

    found = check(zone)

    assert (found.vouched, found.suspected_forged) == (False, False)


HOSTILE = {
    "a signature of a megabyte": b"DKIM-Signature: v=1; d=kommun.example; b=" + b"A" * 1_000_000 + b"\r\n" + MAIL,
    "a hundred signatures": b"DKIM-Signature: v=1; a=rsa-sha256; d=kommun.example; s=val; h=from; bh=eA==; b=eA==\r\n"
    * 100
    + MAIL,
    "folded into a hundred thousand lines": b"DKIM-Signature: d=kommun.example;\r\n" + b" a\r\n" * 100_000 + MAIL,
    "a first line that is folded": b" x\r\n" + MAIL,
    "a header that is none": b"\x00\xff nothing\r\n" + MAIL,
    "empty": b"",
    "no body": b"From: anna@kommun.example\r\nDKIM-Signature: d=kommun.example; s=val",
    "numbers that are none": b"DKIM-Signature: v=1; a=rsa-sha256; d=kommun.example; s=val; h=from; t=x; x=y; bh=; b=\r\n"
    + MAIL,
    "an unknown algorithm": b"DKIM-Signature: v=1; a=rot13; d=kommun.example; s=val; h=from; bh=eA==; b=eA==\r\n"
    + MAIL,
    "a selector with odd signs": b"DKIM-Signature: v=1; a=rsa-sha256; d=kommun.example; s=\xff..\x00; h=from; bh=eA==; b=eA==\r\n"
    + MAIL,
}


@pytest.mark.parametrize("raw", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_mail_is_checked_quickly_and_never_raises(zone: DnsServer, raw: bytes) -> None:
    started = time.process_time()
    found = check(zone, raw)

    assert time.process_time() - started < 1.5
    assert not found.vouched
    assert zone.asked.total() < 20


def test_long_runs_of_blanks_cost_no_square_of_their_length(zone: DnsServer, key: tuple[bytes, str]) -> None:
    mail = MAIL + b" " * 400_000 + b"x\r\n"
    raw = signed(key).replace(MAIL, mail)
    raw = raw.replace(b"c=relaxed/simple", b"c=relaxed/relaxed")

    started = time.monotonic()
    check(zone, raw)

    assert time.monotonic() - started < 1.5


def test_relaxed_signatures_hold_over_blanks(zone: DnsServer, key: tuple[bytes, str]) -> None:
    mail = MAIL + b"Tv\xc3\xa5   ord \t \r\n\r\nSlut  \r\n\r\n\r\n"

    assert check(zone, signed(key, mail, canonicalize=(b"relaxed", b"relaxed"))).vouched
    assert check(zone, signed(key, mail, canonicalize=(b"simple", b"simple"))).vouched


@pytest.mark.parametrize(
    "record",
    [
        "v=spf1 include:kommun.example -all",
        "v=spf1 " + "include:a.example " * 300,
        "v=spf1 redirect=kommun.example",
        "v=spf1 exists:%{i}.%{l1r-}.%{d9999}.kommun.example ptr mx a -all",
        "v=spf1 ip4:999.1.1.1 -all",
        "v=spf1 " + "a" * 5000,
        "v=spf1 \\255\\254 -all",
        "v=spf1 -all exp=%{s}%{l}.kommun.example",
    ],
)
def test_a_hostile_record_is_a_result_and_never_raises(zone: DnsServer, record: str) -> None:
    zone.records["kommun.example", "TXT"] = [record]

    started = time.monotonic()
    found = check(zone)

    assert time.monotonic() - started < 2.3
    assert not found.vouched


@pytest.mark.parametrize("record", ["v=DMARC1", "v=DMARC1; p", "v=DMARC1; =; ;;", "v=DMARC1; p=\u00e5", "x" * 6000])
def test_a_policy_that_cannot_be_read_accuses_nobody(zone: DnsServer, record: str) -> None:
    zone.records["_dmarc.kommun.example", "TXT"] = [record]

    assert not check(zone).suspected_forged


@pytest.mark.parametrize(
    "domain",
    ["", "a..b", "a" * 70 + ".example", "x." * 140 + "example", "\u00e5\u00e4\u00f6.example", "[192.0.2.1]"],
)
def test_an_odd_domain_is_a_result_and_never_raises(zone: DnsServer, domain: str) -> None:
    found = check(zone, senders=(Address("", f"a@{domain}"),), envelope_from=f"a@{domain}", peer_ip="kein")

    assert (found.vouched, found.suspected_forged) == (False, False)

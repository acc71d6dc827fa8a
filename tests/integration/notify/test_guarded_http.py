"""Nobody reaches the inside of our network by typing in an address: every test has a listener there that counts."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator, Sequence
from ipaddress import ip_address, ip_network
from pathlib import Path

import pytest

from services.notify.channels.guarded_http import GuardedHttp, NoReply, Unreached, is_outside, tls_context
from shared.errors import Rejected, TemporaryFailure
from tests.support.ports import free_port
from tests.support.receivers import Receiver, answer, make_certificate
from tests.support.waiting import wait_until

LOOPBACK = (ip_network("127.0.0.0/8"), ip_network("::1/128"))
PUBLIC = "198.41.0.4"  # a public address that no test connects to: it never gets that far

NAMES: dict[str, list[str]] = {
    "inside.example": ["127.0.0.1"],
    "inside6.example": ["::1"],
    "both.example": [PUBLIC, "127.0.0.1"],
    "mixed-families.example": [PUBLIC, "::1"],
    "mapped.example": ["::ffff:127.0.0.1"],
    "compatible.example": ["::127.0.0.1"],
    "sixtofour.example": ["2002:7f00:1::1"],
    "nat64.example": ["64:ff9b::127.0.0.1"],
    "teredo.example": ["2001:0:53aa:64c:0:0:80ff:fffe"],
    "metadata.example": ["169.254.169.254"],
    "metadata6.example": ["fd00:ec2::254"],
    "cloud.example": ["168.63.129.16"],
    "carrier.example": ["100.64.0.1"],
    "office.example": ["10.0.0.5"],
    "nothing.example": ["0.0.0.0"],
    "group.example": ["224.0.0.1"],
    "zone.example": ["fe80::1%lo"],
    "127.0.0.1.nip.io": ["127.0.0.1"],
    "customer1.app.localhost.example": ["127.0.0.1"],
}


def resolver(name: str, port: int) -> Sequence[str]:
    """Names of the tests; what is a number in some spelling, and localhost, by this machine; nothing else."""
    if name in NAMES:
        return NAMES[name]
    if name.rstrip(".").endswith("localhost"):
        return ["127.0.0.1", "::1"]
    # AI_NUMERICHOST reads octal, hexadecimal and short forms just as a plain look-up does, and asks no name server.
    found = socket.getaddrinfo(name, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
    return [str(each[4][0]) for each in found]


URLS = [
    "https://127.0.0.1:{port}/",
    "https://127.1:{port}/",
    "https://127.0.1:{port}/",
    "https://2130706433:{port}/",
    "https://0x7f000001:{port}/",
    "https://0x7f.0.0.1:{port}/",
    "https://0177.0.0.1:{port}/",
    "https://017700000001:{port}/",
    "https://127.000.000.001:{port}/",
    "https://0:{port}/",
    "https://0.0.0.0:{port}/",
    "https://[::]:{port}/",
    "https://[::1]:{port}/",
    "https://[0:0:0:0:0:0:0:1]:{port}/",
    "https://[::ffff:127.0.0.1]:{port}/",
    "https://[::ffff:7f00:1]:{port}/",
    "https://[::127.0.0.1]:{port}/",
    "https://[64:ff9b::7f00:1]:{port}/",
    "https://[2002:7f00:1::]:{port}/",
    "https://[fe80::1%25lo]:{port}/",
    "https://[::1%25lo]:{port}/",
    "https://[::1%lo]:{port}/",
    "https://localhost:{port}/",
    "https://LOCALHOST:{port}/",
    "https://localhost.:{port}/",
    "https://app.localhost:{port}/",
    "https://127。0。0。1:{port}/",
    "https://127．0．0．1:{port}/",
    "https://①②⑦.⓪.⓪.①:{port}/",
    "https://ｌｏｃａｌｈｏｓｔ:{port}/",
    "https://public.example@127.0.0.1:{port}/",
    "https://user:word@127.0.0.1:{port}/",
    "https://public.example:443@127.0.0.1:{port}/",
    "https://@127.0.0.1:{port}/",
    "https://127.0.0.1:{port}#@public.example/",
    "https://127.0.0.1:{port}?@public.example/",
    "https://127.0.0.1:{port}\\@public.example/",
    "https://public.example\\@127.0.0.1:{port}/",
    "https:\\\\127.0.0.1:{port}/",
    "https:/127.0.0.1:{port}/",
    "https:127.0.0.1:{port}/",
    "//127.0.0.1:{port}/",
    "127.0.0.1:{port}",
    "http://127.0.0.1:{port}/",
    "http://[::1]:{port}/",
    "HTTPS://127.0.0.1:{port}/",
    " https://127.0.0.1:{port}/",
    "https://127.0.0.1:{port}/ HTTP/1.1\r\nHost: x\r\n\r\n",
    "https://127.0.0.1:{port}\t/",
    "https://127.0.0.1%00.public.example:{port}/",
    "https://127.0.0.1%2f@public.example:{port}/",
    "ftp://127.0.0.1:{port}/",
    "gopher://127.0.0.1:{port}/_x",
    "file:///etc/passwd",
    "unix://127.0.0.1:{port}/",
    "https://127.0.0.1:0{port}/",
    "https://127.0.0.1:+{port}/",
    "https://127.0.0.1:{port}:443/",
    *(f"https://{name}:{{port}}/" for name in NAMES),
    *(f"http://{name}:{{port}}/" for name in NAMES),
]


@pytest.fixture
def inside() -> Iterator[list[Receiver]]:
    """A listener on every local address, all on one port."""
    port = free_port()
    with (
        Receiver(host="127.0.0.1", port=port).listening() as four,
        Receiver(host="::1", port=port).listening() as six,
    ):
        yield [four, six]


def reached(inside: list[Receiver]) -> int:
    """How many connections the listeners saw, once all that were begun have been accepted."""
    for receiver in inside:
        before = receiver.connections
        socket.create_connection((receiver.host, receiver.port)).close()
        wait_until(lambda receiver=receiver, before=before: receiver.connections > before)
        receiver.connections -= 1
    return sum(receiver.connections for receiver in inside)


def test_no_spelling_of_an_inner_address_reaches_a_local_listener(inside: list[Receiver]) -> None:
    http = GuardedHttp(resolver=resolver)
    got_through = []
    for url in URLS:
        url = url.format(port=inside[0].port)
        try:
            http.post(url, {}, b"{}")
        except (Rejected, TemporaryFailure):
            continue
        got_through.append(url)

    assert len(URLS) >= 90
    assert (got_through, reached(inside)) == ([], 0)


@pytest.mark.parametrize("url", URLS)
def test_an_inner_address_is_refused_when_it_is_typed_in(url: str, inside: list[Receiver]) -> None:
    with pytest.raises(Rejected) as refusal:
        GuardedHttp(resolver=resolver).check_url(url.format(port=inside[0].port))

    assert refusal.value.field == "url"
    assert refusal.value.message_key.startswith("webhook.url.")


def test_the_same_listeners_are_reached_where_the_operator_allows_it(inside: list[Receiver]) -> None:
    """Shows that the tests above fail where nothing guards."""
    http = GuardedHttp(networks=LOOPBACK, resolver=resolver)
    for name in ("inside.example", "inside6.example", "localhost", "127.1"):
        assert http.post(f"http://{name}:{inside[0].port}/", {}, b"{}").status == 200

    assert reached(inside) == 4


def test_a_name_that_answers_differently_the_second_time_is_asked_once(inside: list[Receiver]) -> None:
    """DNS rebinding: the first answer passes every check, the second is where we would have gone."""
    answers = iter([["192.0.2.1"], ["127.0.0.1"]])
    asked = []

    def rebinding(name: str, port: int) -> Sequence[str]:
        asked.append(name)
        return next(answers)

    # 192.0.2.1 (documentation) stands for a public address: allowed here, and nobody answers there.
    http = GuardedHttp(networks=(ip_network("192.0.2.0/24"),), resolver=rebinding, connect_seconds=0.3)
    with pytest.raises(Unreached):
        http.post(f"http://rebinding.example:{inside[0].port}/", {}, b"{}")
    assert asked == ["rebinding.example"]

    with pytest.raises(Rejected, match="inside"):
        http.post(f"http://rebinding.example:{inside[0].port}/", {}, b"{}")
    assert reached(inside) == 0


def test_what_was_checked_at_creation_is_checked_again_at_sending(inside: list[Receiver]) -> None:
    answers = iter([[PUBLIC], ["127.0.0.1"]])
    http = GuardedHttp(resolver=lambda name, port: next(answers))
    url = f"https://rebinding.example:{inside[0].port}/"
    http.check_url(url)

    with pytest.raises(Rejected, match="inside"):
        http.post(url, {}, b"{}")
    assert reached(inside) == 0


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent"])
def test_a_redirect_to_the_inside_is_not_followed(status: str, inside: list[Receiver]) -> None:
    location = f"http://127.0.0.1:{inside[0].port}/"
    with Receiver(reply=answer(status, Location=location), host="127.0.0.2").listening() as receiver:
        http = GuardedHttp(networks=(ip_network("127.0.0.2"),), resolver=resolver)
        reply = http.post(f"http://127.0.0.2:{receiver.port}/", {}, b"{}")

    assert reply.status == int(status[:3])
    assert (receiver.connections, reached(inside)) == (1, 0)


def test_a_proxy_in_the_environment_is_not_used(inside: list[Receiver], monkeypatch: pytest.MonkeyPatch) -> None:
    """The proxy would look the name up itself, unguarded."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{inside[0].port}")
    with Receiver(host="127.0.0.2").listening() as receiver:
        http = GuardedHttp(networks=(ip_network("127.0.0.2"),), resolver=resolver)
        assert http.post(f"http://127.0.0.2:{receiver.port}/", {}, b"{}").status == 200

    assert reached(inside) == 0


@pytest.mark.parametrize(
    ("url", "key"),
    [
        ("https://hooks.example/", None),
        ("https://hooks.example:443/", None),
        ("https://hooks.example:8443/x?y=1", None),
        ("https://räksmörgås.example/", None),
        ("http://hooks.example/", "webhook.url.https"),
        ("https://hooks.example:22/", "webhook.url.port"),
        ("https://hooks.example:25/", "webhook.url.port"),
        ("https://hooks.example:80/", "webhook.url.port"),
        ("https://hooks.example:0/", "webhook.url.port"),
        ("https://hooks.example:00/", "webhook.url.port"),
        ("https://hooks.example:65536/", "webhook.url.form"),
        ("https://me@hooks.example/", "webhook.url.user"),
        ("https://unknown.invalid/", "webhook.url.unknown_name"),
        ("https://hooks.example/" + "x" * 2000, "webhook.url.form"),
        ("https:///hooks", "webhook.url.form"),
        ("hooks.example", "webhook.url.form"),
        ("", "webhook.url.form"),
    ],
)
def test_an_address_is_judged_when_it_is_typed_in(url: str, key: str | None) -> None:
    def outside(name: str, port: int) -> Sequence[str]:
        if name.endswith(".invalid"):
            raise socket.gaierror(socket.EAI_NONAME, "unknown")
        return [PUBLIC]

    if key is None:
        GuardedHttp(resolver=outside).check_url(url)
        return
    with pytest.raises(Rejected) as refusal:
        GuardedHttp(resolver=outside).check_url(url)
    assert refusal.value.message_key == key


def test_http_is_for_networks_of_our_own_alone() -> None:
    office = GuardedHttp(networks=(ip_network("10.0.0.0/8"),), resolver=lambda name, port: ["10.0.0.5"])
    office.check_url("http://mattermost.office.example/hooks/x")
    office.check_url("http://mattermost.office.example:8065/hooks/x")

    half = GuardedHttp(networks=(ip_network("10.0.0.0/8"),), resolver=lambda name, port: ["10.0.0.5", PUBLIC])
    half.check_url("https://half.example/")
    with pytest.raises(Rejected, match="https"):
        half.check_url("http://half.example/")


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111", "64:ff9b::8.8.8.8", "1.0.0.1"])
def test_public_addresses_are_outside(address: str) -> None:
    assert is_outside(ip_address(address))


INNER = (
    "127.0.0.1 10.1.2.3 172.16.0.1 192.168.1.1 169.254.169.254 100.64.0.1 0.0.0.0 0.1.2.3 224.0.0.1 239.1.1.1 "
    "240.0.0.1 255.255.255.255 192.0.0.192 192.0.2.1 198.18.0.1 192.88.99.1 168.63.129.16 :: ::1 ::127.0.0.1 "
    "::ffff:8.8.8.8 fe80::1 fec0::1 fc00::1 fd00:ec2::254 ff02::1 2001:db8::1 2001::1 2002:808:808::1 "
    "64:ff9b::10.0.0.1 64:ff9b::127.0.0.1 64:ff9b:1::1 3fff::1 5f00::1 100::1"
)


@pytest.mark.parametrize("address", INNER.split())
def test_everything_else_is_not(address: str) -> None:
    assert not is_outside(ip_address(address))


@pytest.fixture(autouse=True)
def _fresh_certificates() -> Iterator[None]:
    tls_context.cache_clear()
    yield
    tls_context.cache_clear()


def trusted(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A certificate for hooks.example that this machine trusts."""
    certificate = make_certificate(folder, "hooks.example")
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate.with_suffix(".crt")))
    return certificate


def test_tls_is_spoken_with_the_name_though_the_address_is_connected_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate = trusted(tmp_path, monkeypatch)
    http = GuardedHttp(networks=LOOPBACK, resolver=lambda name, port: ["127.0.0.1"])
    with Receiver(certificate=certificate).listening() as receiver:
        reply = http.post(f"https://hooks.example:{receiver.port}/in", {"X-Y": "z"}, "å".encode())

    (taken,) = receiver.taken
    assert (reply.status, reply.body) == (200, b"taken")
    assert receiver.names == ["hooks.example"]
    assert (taken.line, taken.headers["host"]) == ("POST /in HTTP/1.1", f"hooks.example:{receiver.port}")
    assert (taken.headers["x-y"], taken.body) == ("z", "å".encode())


@pytest.mark.parametrize("name", ["other.example", "127.0.0.1"])
def test_a_certificate_for_another_name_is_refused(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    certificate = trusted(tmp_path, monkeypatch)
    http = GuardedHttp(networks=LOOPBACK, resolver=lambda name, port: ["127.0.0.1"])
    with Receiver(certificate=certificate).listening() as receiver, pytest.raises(Unreached):
        http.post(f"https://{name}:{receiver.port}/", {}, b"{}")

    assert receiver.taken == []


def test_a_certificate_that_nobody_vouches_for_is_refused(tmp_path: Path) -> None:
    certificate = make_certificate(tmp_path, "hooks.example")
    http = GuardedHttp(networks=LOOPBACK, resolver=lambda name, port: ["127.0.0.1"])
    with Receiver(certificate=certificate).listening() as receiver, pytest.raises(Unreached):
        http.post(f"https://hooks.example:{receiver.port}/", {}, b"{}")

    assert receiver.taken == []


def drip(peer: socket.socket) -> bytes:
    """One byte of a header every 50 ms, each well within a socket's own timeout."""
    for sign in b"HTTP/1.1 200 OK\r\nX-Slow: " + b"x" * 400:
        peer.sendall(bytes([sign]))
        time.sleep(0.05)
    return b"\r\n\r\n"


def test_an_answer_in_drops_ends_at_the_deadline() -> None:
    http = GuardedHttp(networks=LOOPBACK, resolver=resolver, total_seconds=0.6)
    with Receiver(reply=drip).listening() as receiver:
        began = time.monotonic()
        with pytest.raises(NoReply, match="in time"):
            http.post(f"http://127.0.0.1:{receiver.port}/", {}, b"{}")
        assert time.monotonic() - began < 5


def test_a_receiver_that_never_answers_ends_at_the_deadline() -> None:
    over = threading.Event()
    http = GuardedHttp(networks=LOOPBACK, resolver=resolver, total_seconds=0.4)

    def silent(peer: socket.socket) -> bytes:
        over.wait(10)
        return b""

    with Receiver(reply=silent).listening() as receiver:
        with pytest.raises(NoReply, match="in time"):
            http.post(f"http://127.0.0.1:{receiver.port}/", {}, b"{}")
        over.set()
    assert len(receiver.taken) == 1


def test_a_tls_handshake_that_never_comes_ends_too() -> None:
    http = GuardedHttp(networks=LOOPBACK, resolver=resolver, connect_seconds=0.3, total_seconds=1)
    with Receiver().listening() as receiver:
        began = time.monotonic()
        with pytest.raises(Unreached):
            http.post(f"https://127.0.0.1:{receiver.port}/", {}, b"{}")
        assert time.monotonic() - began < 2


def test_a_silent_name_server_ends_too() -> None:
    over = threading.Event()

    def silent(name: str, port: int) -> Sequence[str]:
        over.wait(10)
        return [PUBLIC]

    with pytest.raises(Unreached):
        GuardedHttp(resolver=silent, connect_seconds=0.2).post("https://silent.example/", {}, b"{}")
    over.set()


def test_nobody_listening_is_said_without_the_address() -> None:
    with pytest.raises(Unreached) as fault:
        GuardedHttp(networks=LOOPBACK, resolver=resolver).post(f"http://127.0.0.1:{free_port()}/secret", {}, b"{}")

    assert "secret" not in str(fault.value)
    assert "refused" in str(fault.value)


def test_the_next_address_of_a_name_is_tried() -> None:
    http = GuardedHttp(networks=LOOPBACK, resolver=lambda name, port: ["127.0.0.9", "127.0.0.1"])
    with Receiver().listening() as receiver:
        assert http.post(f"http://two.example:{receiver.port}/", {}, b"{}").status == 200


def test_of_a_long_answer_only_the_beginning_is_read() -> None:
    endless = b"HTTP/1.1 200 OK\r\nContent-Length: 50000000\r\n\r\n" + b"x" * 5_000_000
    with Receiver(reply=endless).listening() as receiver:
        reply = GuardedHttp(networks=LOOPBACK, resolver=resolver).post(f"http://127.0.0.1:{receiver.port}/", {}, b"{}")

    assert (reply.status, len(reply.body)) == (200, 64 * 1024)


def test_a_body_that_breaks_off_takes_nothing_back_from_the_status() -> None:
    with Receiver(reply=b"HTTP/1.1 202 Accepted\r\nContent-Length: 500\r\n\r\nhalf").listening() as receiver:
        reply = GuardedHttp(networks=LOOPBACK, resolver=resolver).post(f"http://127.0.0.1:{receiver.port}/", {}, b"{}")

    assert reply.status == 202


@pytest.mark.parametrize("reply", [b"", b"nonsense\r\n\r\n", b"HTTP/1.1 2xx OK\r\n\r\n", b"\x00" * 70_000])
def test_an_answer_that_is_no_http_is_no_answer(reply: bytes) -> None:
    with Receiver(reply=reply).listening() as receiver, pytest.raises(NoReply):
        GuardedHttp(networks=LOOPBACK, resolver=resolver).post(f"http://127.0.0.1:{receiver.port}/", {}, b"{}")

import pytest

from chalicelib.adapters.http.addresses import matches, purpose, read_host


@pytest.mark.parametrize(
    "address",
    [
        "8.8.8.8",
        "1.1.1.1",
        "100.63.255.255",
        "100.128.0.0",
        "172.15.255.255",
        "172.32.0.0",
        "223.255.255.255",
        "2606:4700::1111",
        "2a00:1450:4001::1",
        "::ffff:8.8.8.8",
        "64:ff9b::8.8.8.8",
    ],
)
def test_an_address_for_the_public_has_no_other_purpose(address: str) -> None:
    assert purpose(address) is None


@pytest.mark.parametrize(
    ("address", "reserved"),
    [
        ("0.0.0.0", "this host"),  # noqa: S104 - nothing is bound
        ("0.1.2.3", "this host"),
        ("10.0.0.1", "private use"),
        ("100.64.0.1", "carrier-grade NAT"),
        ("100.127.255.255", "carrier-grade NAT"),
        ("127.0.0.1", "loopback"),
        ("127.255.255.254", "loopback"),
        ("169.254.169.254", "link-local use"),
        ("169.254.170.2", "link-local use"),
        ("172.16.0.1", "private use"),
        ("172.31.255.255", "private use"),
        ("192.0.0.192", "protocol assignments"),
        ("192.0.2.1", "documentation"),
        ("192.88.99.1", "6to4 relays"),
        ("192.168.1.1", "private use"),
        ("198.18.0.1", "benchmarks"),
        ("198.19.255.255", "benchmarks"),
        ("198.51.100.1", "documentation"),
        ("203.0.113.1", "documentation"),
        ("224.0.0.1", "multicast"),
        ("239.255.255.255", "multicast"),
        ("240.0.0.1", "future use, or broadcast"),
        ("255.255.255.255", "future use, or broadcast"),
        ("::", "this host"),
        ("::1", "loopback"),
        ("::127.0.0.1", "IPv4-compatible addresses"),
        ("::8.8.8.8", "IPv4-compatible addresses"),
        ("::ffff:127.0.0.1", "loopback"),
        ("::ffff:169.254.169.254", "link-local use"),
        ("::ffff:10.0.0.1", "private use"),
        ("::ffff:0:127.0.0.1", "something that is not assigned"),
        ("64:ff9b::127.0.0.1", "loopback"),
        ("64:ff9b::10.0.0.1", "private use"),
        ("64:ff9b:1::8.8.8.8", "NAT64 inside a network"),
        ("100::1", "discarding"),
        ("2001::1", "Teredo"),
        ("2001:0:7f00:1::", "Teredo"),
        ("2001:2::1", "protocol assignments"),
        ("2001:20::1", "protocol assignments"),
        ("2001:db8::1", "documentation"),
        ("2002:7f00:1::", "6to4"),
        ("2a00::5efe:7f00:1", "ISATAP"),
        ("2a00::200:5efe:808:808", "ISATAP"),
        ("2002:808:808::", "6to4"),
        ("3fff::1", "documentation"),
        ("4000::1", "something that is not assigned"),
        ("5f00::1", "something that is not assigned"),
        ("fc00::1", "private use"),
        ("fd00:ec2::254", "private use"),
        ("fe80::1", "link-local use"),
        ("fe80::1%eth0", "one link only"),
        ("2606:4700::1111%eth0", "one link only"),
        ("fec0::1", "site-local use"),
        ("ff02::1", "multicast"),
    ],
)
def test_an_address_that_is_reserved_says_what_for(address: str, reserved: str) -> None:
    assert purpose(address) == reserved


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("example.com", "example.com"),
        ("API.Example.COM", "api.example.com"),
        ("a_b.example.com", "a_b.example.com"),
        ("1and1.com", "1and1.com"),
        ("127.0.0.1", "127.0.0.1"),
        ("[::1]", "::1"),
        ("[2606:4700:0:0:0:0:0:1111]", "2606:4700::1111"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("BÜCHER.example", "xn--bcher-kva.example"),
        ("xn--bcher-kva.example", "xn--bcher-kva.example"),
    ],
)
def test_a_host_is_read(text: str, host: str) -> None:
    assert read_host(text) == host


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "neither a name nor an address"),
        (".", "neither a name nor an address"),
        ("example..com", "neither a name nor an address"),
        ("example.com.", "neither a name nor an address"),
        ("-a.example.com", "neither a name nor an address"),
        ("a-.example.com", "neither a name nor an address"),
        ("a%2eb", "neither a name nor an address"),
        ("a" * 64 + ".com", "neither a name nor an address"),
        ("a." * 127 + "com", "neither a name nor an address"),
        ("127.1", "odd spelling"),
        ("2130706433", "odd spelling"),
        ("0177.0.0.1", "odd spelling"),
        ("0x7f.0.0.1", "odd spelling"),
        ("0x7f000001", "odd spelling"),
        ("127.0.0.0x1", "odd spelling"),
        ("1.2.3.4.5", "odd spelling"),
        ("256.1.1.1", "odd spelling"),
        ("[127.0.0.1]", "in brackets"),
        ("[::1", "in brackets"),
        ("[fe80::1%25eth0]", "in brackets"),
        ("[fe80::1%eth0]", "in brackets"),
        ("[]", "in brackets"),
        ("\uff11\uff12\uff17.\uff10.\uff10.\uff11", "read as others"),
        ("127。0。0。1", "read as others"),
        ("\uff45xample.com", "read as others"),
        ("ⓛocalhost", "read as others"),
        ("straße.example", "read as others"),
        ("exa\u200dmple.com", "read as others"),
        ("ü" * 300, "read as others"),
    ],
)
def test_a_host_that_could_be_read_otherwise_is_refused(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        read_host(text)


@pytest.mark.parametrize(
    ("entry", "host", "port", "named"),
    [
        ("example.com", "example.com", 443, True),
        ("Example.COM", "example.com", 443, True),
        ("example.com", "api.example.com", 443, False),
        ("example.com", "example.com.evil.test", 443, False),
        ("example.com:8080", "example.com", 8080, True),
        ("example.com:8080", "example.com", 443, False),
        ("*.example.com", "api.example.com", 443, True),
        ("*.example.com", "a.b.example.com", 443, True),
        ("*.example.com", "example.com", 443, False),
        ("*.example.com", "badexample.com", 443, False),
        ("*.0.0.1", "127.0.0.1", 443, False),
        ("*", "anything.test", 443, True),
        ("127.0.0.1", "127.0.0.1", 9001, True),
        ("127.0.0.1:9001", "127.0.0.1", 9002, False),
        ("[::1]", "::1", 80, True),
        ("[0:0::1]:8080", "::1", 8080, True),
        ("[::1]:8080", "::1", 80, False),
        ("https://example.com", "example.com", 443, False),
    ],
)
def test_a_list_names_hosts(entry: str, host: str, port: int, named: bool) -> None:  # noqa: FBT001 - what the example expects
    assert matches(["other.test", entry], host, port) is named

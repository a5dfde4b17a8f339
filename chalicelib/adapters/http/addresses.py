"""Which hosts may be called: how a host is written, what its address is for, and lists of hosts."""

import ipaddress
import re
from collections.abc import Iterable
from typing import TypeAlias

from chalicelib.adapters.allow_lists import HOST

Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address

_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
_GLOBAL = ipaddress.IPv6Network("2000::/3")
_MAPPED = ipaddress.IPv6Network("::ffff:0:0/96")
_ISATAP = 0x5EFE
"""What stands before the IPv4 address in an interface identifier; its universal bit may be set (RFC 5214, 6.1)."""
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")

_SPECIAL = {
    ipaddress.ip_network(network): purpose
    for network, purpose in {
        "0.0.0.0/8": "this host",
        "10.0.0.0/8": "private use",
        "100.64.0.0/10": "carrier-grade NAT",
        "127.0.0.0/8": "loopback",
        "169.254.0.0/16": "link-local use",
        "172.16.0.0/12": "private use",
        "192.0.0.0/24": "protocol assignments",
        "192.0.2.0/24": "documentation",
        "192.88.99.0/24": "6to4 relays",
        "192.168.0.0/16": "private use",
        "198.18.0.0/15": "benchmarks",
        "198.51.100.0/24": "documentation",
        "203.0.113.0/24": "documentation",
        "224.0.0.0/4": "multicast",
        "240.0.0.0/4": "future use, or broadcast",
        "::/128": "this host",
        "::1/128": "loopback",
        "::/96": "IPv4-compatible addresses",
        "64:ff9b:1::/48": "NAT64 inside a network",
        "100::/64": "discarding",
        "fc00::/7": "private use",
        "fe80::/10": "link-local use",
        "fec0::/10": "site-local use",
        "ff00::/8": "multicast",
        "2001::/32": "Teredo",
        "2001::/23": "protocol assignments",
        "2001:db8::/32": "documentation",
        "2002::/16": "6to4",
        "3fff::/20": "documentation",
    }.items()
}
"""What is not for the public (IANA IPv4 and IPv6 Special-Purpose Address Registries), the narrower before the wider."""


def purpose(address: str) -> str | None:
    """Tell what an address is reserved for; None if it is a public one.

    An IPv4 address inside an IPv6 one (mapped, or NAT64 of RFC 6052) is judged for itself. Those of 6to4, Teredo and
    ISATAP, which nobody uses any more, are refused whatever is in them.
    """
    found = ipaddress.ip_address(address)
    if isinstance(found, ipaddress.IPv6Address):
        if found in _MAPPED or found in _NAT64:
            found = ipaddress.IPv4Address(int(found) & 0xFFFFFFFF)
        elif found.scope_id is not None:
            return "one link only"
        elif int(found) >> 32 & 0xFDFF_FFFF == _ISATAP:
            return "ISATAP"
    for network, reserved in _SPECIAL.items():
        if found in network:
            return reserved
    if isinstance(found, ipaddress.IPv6Address) and found not in _GLOBAL:
        return "something that is not assigned"
    # a Python that knows of more is right
    return None if found.is_global and not found.is_multicast else "something that is not public"


def literal(host: str) -> Address | None:
    """Read a host that is an address, without brackets; None if it is a name."""
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def read_host(text: str) -> str:
    """Read the host of a URL: an address, IPv6 in brackets, or a name.

    Returns:
        The address without brackets as ``ipaddress`` writes it, or the name in lower-case ASCII.

    Raises:
        ValueError: it is spelled in a way that others could read otherwise.
    """
    if text.startswith("["):
        return _bracketed(text)
    name = text.lower() if text.isascii() else _ascii(text)
    if found := literal(name):
        return str(found)
    labels = name.split(".")
    if not name or not all(_LABEL.fullmatch(label) for label in labels) or len(name) > 253:  # noqa: PLR2004 RFC 1035
        raise ValueError("the host is neither a name nor an address")
    if _NUMBER.fullmatch(labels[-1]):
        raise ValueError("the host is an odd spelling of an IPv4 address: write four decimal numbers")
    return name


def matches(entries: Iterable[str], host: str, port: int) -> bool:
    """Tell whether one of the entries of a list names a host: ``host``, ``host:port``, ``*.host`` or ``*``.

    An IPv6 address stands in brackets; ``*.host`` is every name below the host, and not the host itself.
    """
    return any(_matches(entry, host, port) for entry in entries)


def _bracketed(text: str) -> str:
    found = literal(text[1:-1])
    if not isinstance(found, ipaddress.IPv6Address) or found.scope_id is not None or not text.endswith("]"):
        raise ValueError("what stands in brackets is no IPv6 address, or has a zone")
    return str(found)


def _ascii(text: str) -> str:
    """Write an international name in ASCII, if that is all: IDNA turns full-width digits into digits, for one."""
    try:
        name = text.encode("idna").decode()
        same = name.encode().decode("idna") == text.lower()
    except UnicodeError:
        same = False
    if not same:
        raise ValueError("the host has characters that can be read as others: write it in ASCII, as xn--…")
    return name


def _matches(entry: str, host: str, port: int) -> bool:
    found = HOST.fullmatch(entry.lower())
    if found is None or (found["port"] and int(found["port"]) != port):
        return False
    pattern = found["host"]
    if pattern.startswith("["):
        return literal(pattern[1:-1]) == literal(host)
    if pattern.startswith("*."):
        return literal(host) is None and host.endswith(pattern[1:]) and host != pattern[1:]
    return pattern in {"*", host}

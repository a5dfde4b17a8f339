"""Where an HTTP request may go: how its URL is read, and the rules that keep it from what is not public."""

import re
import socket
from collections.abc import Callable, Collection, Sequence
from queue import Empty, SimpleQueue
from threading import Thread
from typing import NoReturn, TypeAlias
from urllib.parse import quote

from chalicelib.adapters.http.addresses import literal, matches, purpose, read_host
from chalicelib.core.limits import LIMITS, beyond
from chalicelib.core.values.errors import StepError
from chalicelib.core.values.value import value

SETTING = "SEDO_HTTP_ALLOW"
"""The environment variable that lists hosts which may be called though they are not public."""

LONGEST_URL = LIMITS.http_url_chars

_PORTS = {"http": 80, "https": 443}
_URL = re.compile(
    r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?P<authority>[^/?#]*)(?P<path>[^?#]*)(\?(?P<query>[^#]*))?(#.*)?"
)
_AUTHORITY = re.compile(r"(?P<host>\[[^\]]*\]|[^:\[\]]*)(:(?P<port>[0-9]{1,5}))?")
_SAFE = "/%:@!$&'()*+,;=~?"

Resolver: TypeAlias = Callable[[str, int], Sequence[str]]
"""Answers the addresses of a name, for a port; raises OSError if there are none."""

Hosts: TypeAlias = Callable[[str], Sequence[str] | None]
"""Answers which hosts a tenant may call, for :func:`~chalicelib.adapters.http.addresses.matches`; None: any."""


@value
class Target:
    """A URL that was read."""

    scheme: str
    host: str
    """In lower-case ASCII; an IPv6 address without brackets."""
    port: int
    path: str
    """With its query, as it is sent."""

    @property
    def authority(self) -> str:
        """The ``Host`` of requests: the port stands there unless it is the usual one."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def origin(self) -> str:
        """Scheme, host and port (RFC 6454)."""
        return f"{self.scheme}://{self.authority}"

    @property
    def url(self) -> str:
        """The whole URL, without a fragment."""
        return self.origin + self.path


def read_url(url: str) -> Target:
    """Read an absolute URL of ``http`` or ``https`` (RFC 3986), strictly: what others could read otherwise is refused.

    Raises:
        StepError: ``http.Blocked``.
    """
    if len(url) > LONGEST_URL:
        blocked(beyond("http_url_chars", f"the URL is longer than {LONGEST_URL:,} characters"))
    if not url.isprintable() or " " in url or "\\" in url:
        blocked("the URL has a space, a backslash or a control character: put texts into it through url_encode")
    found = _URL.fullmatch(url)
    scheme = found["scheme"].lower() if found else ""
    if found is None or scheme not in _PORTS:
        blocked("the URL is not one of the web: begin it with https://")
    authority = found["authority"]
    if "@" in authority:
        blocked("the URL names a user before its host: give credentials in auth")
    split = _AUTHORITY.fullmatch(authority)
    port = int(split["port"] or _PORTS[scheme]) if split else 0
    if split is None or not 0 < port < 65536:  # noqa: PLR2004 RFC 9293, 16 bits
        blocked("what stands between // and the path is no host, or no host and port")
    try:
        host = read_host(split["host"])
    except ValueError as error:
        blocked(str(error))
    query = "" if found["query"] is None else "?" + quote(found["query"], safe=_SAFE)
    return Target(scheme, host, port, (quote(found["path"], safe=_SAFE) or "/") + query)


def addresses_of(host: str, port: int) -> Sequence[str]:
    """Ask the resolver of the system."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


class Gate:
    """Lets requests through to where they may go.

    A host on ``local`` may be called whatever its address is, over plain http and on any port. Every other one is
    called over https on port 443, and all its addresses are public. The name is resolved once, and the connection goes
    to one of the addresses that were looked at, so that a second answer cannot be another one.
    """

    def __init__(self, hosts: Hosts, local: Collection[str], resolve: Resolver) -> None:
        self._hosts = hosts
        self._local = local
        self._resolve = resolve

    def admit(self, tenant: str, target: Target, seconds: float) -> Sequence[str]:
        """Answer the addresses to connect to.

        Raises:
            StepError: ``http.Blocked``, or ``http.Connect`` if the name has no address.
            TimeoutError: looking for it takes longer than the seconds given.
        """
        allowed = self._hosts(tenant)
        if allowed is not None and not matches(allowed, target.host, target.port):
            blocked(f"{target.host} is not on the list of hosts that this tenant may call")
        is_local = matches(self._local, target.host, target.port)
        if not is_local:
            _require_usual(target)
        addresses = [target.host] if literal(target.host) else self._addresses(target, seconds)
        if not is_local:
            _require_public(target, addresses)
        return addresses

    def _addresses(self, target: Target, seconds: float) -> Sequence[str]:
        """Resolve a name, in a thread of its own: the resolver of the system has no time limit."""
        answers: SimpleQueue[Sequence[str] | OSError] = SimpleQueue()

        def resolve() -> None:
            try:
                answers.put(self._resolve(target.host, target.port))
            except (OSError, UnicodeError):  # some names are too odd for the codec of the resolver
                answers.put(OSError())

        Thread(target=resolve, name=f"resolve {target.host}", daemon=True).start()
        try:
            addresses = answers.get(timeout=seconds)
        except Empty:
            raise TimeoutError from None
        if isinstance(addresses, OSError) or not addresses:
            raise StepError(f"{target.host} cannot be found: is the name right?", "http.Connect")
        return addresses


def refusal(url: str, local: Collection[str]) -> str | None:
    """Say why a URL may not be called, as far as its text tells; ``local`` is that of :class:`Gate`."""
    try:
        target = read_url(url)
        if not matches(local, target.host, target.port):
            _require_usual(target)
            _require_public(target, [target.host] if literal(target.host) else ())
    except StepError as error:
        return f"{error}: the step fails with {error.name}"
    return None


def _require_usual(target: Target) -> None:
    """Refuse plain http and other ports."""
    if target.scheme != "https":
        blocked(f"plain http is refused: write https, or let the operator put {target.authority} on {SETTING}")
    if target.port != _PORTS["https"]:
        blocked(f"port {target.port} is refused: let the operator put {target.authority} on {SETTING}")


def _require_public(target: Target, addresses: Sequence[str]) -> None:
    """Refuse addresses that are not for the public."""
    for reserved in filter(None, map(purpose, addresses)):
        blocked(
            f"{target.host} has an address that is reserved for {reserved}, and only public ones may be "
            f"called: let the operator put {target.authority} on {SETTING}"
        )


def blocked(message: str) -> NoReturn:
    """Refuse to call.

    Raises:
        StepError: ``http.Blocked``, always.
    """
    raise StepError(message, "http.Blocked")

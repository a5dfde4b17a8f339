"""The connection of one HTTP request: to an address that was looked at, and never for longer than it may take.

It is http.client's: urllib3 would do, but which one Lambda brings along is not ours to choose, and a connection for one
request needs nothing of it.
"""

import io
import socket
import ssl
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from http.client import HTTPConnection, HTTPException, IncompleteRead, RemoteDisconnected
from time import monotonic
from typing import TYPE_CHECKING, cast

from chalicelib.adapters.http.gate import Target
from chalicelib.core.limits import beyond
from chalicelib.core.values.errors import StepError

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_PIECE = 64 * 1024
"""Bytes that are sent at a time."""


class Pace:
    """How long something may still take."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._end = monotonic() + seconds

    @property
    def over(self) -> bool:
        """Whether the time is up."""
        return monotonic() >= self._end

    def left(self) -> float:
        """Count the seconds that are left, more than 0.

        Raises:
            TimeoutError: there are none.
        """
        left = self._end - monotonic()
        if left <= 0:
            raise TimeoutError
        return left

    def wait(self, seconds: float) -> None:
        """Not count so many seconds: nobody of the other side was waited for."""
        self._end += seconds

    def within(self, seconds: float) -> "Pace":
        """Answer the pace of a part of it, which may take so long at most."""
        return Pace(min(seconds, self.left()))


@contextmanager
def failures(target: Target, pace: Pace, late: str, *, sent: bool = False) -> Iterator[None]:
    """Turn what goes wrong on the way into errors of the step.

    Args:
        target: where the request goes.
        pace: of the whole call.
        late: what to say if something was waited for too long, and the whole call has time left.
        sent: whether the request may be on its way.

    Raises:
        StepError: ``http.Timeout``, ``http.Tls`` or ``http.Connect``.
    """
    try:
        yield
    except TimeoutError as error:
        whole = beyond("call_seconds", f"took longer than the {pace.seconds:g} seconds that a call has")
        late = whole if pace.over else late
        raise StepError(f"{target.origin} {late}", "http.Timeout", unanswered=sent) from error
    except ssl.SSLError as error:
        found = error.verify_message if isinstance(error, ssl.SSLCertVerificationError) else error.reason
        reason = (found or "it broke").lower().replace("_", " ")
        raise StepError(f"no safe connection to {target.origin}: {reason}", "http.Tls", unanswered=sent) from error
    except (OSError, HTTPException) as error:
        raise StepError(
            f"the connection to {target.origin} failed: {_why(error)}", "http.Connect", unanswered=sent
        ) from error


def _why(error: OSError | HTTPException) -> str:
    """Say why a connection failed."""
    match error:
        case RemoteDisconnected():
            return "it was closed before there was an answer"
        case IncompleteRead():
            return "it was closed within the answer"
        case HTTPException():
            return "what came back is no answer in HTTP"
    return error.strerror or "it broke"


class Connection(HTTPConnection):
    """Connects to the first of the addresses that takes it; Host, SNI and certificate are of the name."""

    def __init__(
        self,
        target: Target,
        addresses: Sequence[str],
        context: ssl.SSLContext | None,
        connecting: Pace,
        wait: Callable[[], float],
    ) -> None:
        super().__init__(target.host, target.port)
        self._addresses = addresses
        self._context = context
        self._connecting = connecting
        self._wait = wait

    def connect(self) -> None:
        """Connect, with TLS if there is a context for it."""
        connected = self._reach()
        try:
            if self._context is not None:
                connected.settimeout(self._connecting.left())
                connected = self._context.wrap_socket(connected, server_hostname=self.host)
        except BaseException:
            connected.close()
            raise
        self.sock = cast("socket.socket", _Paced(connected, self._wait))  # it has what http.client uses

    def _reach(self) -> socket.socket:
        """Try the addresses one after the other, each for its share of the time."""
        failed: OSError = OSError("there is no address")
        for tried, address in enumerate(self._addresses):
            seconds = self._connecting.left() / (len(self._addresses) - tried)
            try:
                return _connected(address, self.port, seconds)
            except OSError as error:
                failed = error
        raise failed


def _connected(address: str, port: int, seconds: float) -> socket.socket:
    made = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM)
    try:
        made.settimeout(seconds)
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        made.connect((address, port))
    except BaseException:
        made.close()
        raise
    return made


class _Paced:
    """A socket that looks at the clock whenever it waits: a peer that sends a byte now and then cannot hold it."""

    def __init__(self, inner: socket.socket, wait: Callable[[], float]) -> None:
        self._inner = inner
        self._wait = wait

    def sendall(self, data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            self._inner.settimeout(self._wait())
            rest = rest[self._inner.send(rest[:_PIECE]) :]

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(_PacedReader(self._inner, self._wait))

    def close(self) -> None:
        self._inner.close()


class _PacedReader(io.RawIOBase):
    def __init__(self, inner: socket.socket, wait: Callable[[], float]) -> None:
        super().__init__()
        self._inner = inner
        self._wait = wait
        self._raw = inner.makefile("rb", buffering=0)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int | None:
        self._inner.settimeout(self._wait())
        return self._raw.readinto(buffer)

    def close(self) -> None:
        with suppress(OSError):
            self._raw.close()
        super().close()

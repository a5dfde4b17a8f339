"""A server that runs as a child process on the loopback interface: its address, its log, and its end."""

import http.client
import socket
import subprocess
import time
from pathlib import Path

from local.errors import BackendError

HOST = "127.0.0.1"


class ChildServer:
    """A running server; a subclass says what it is called, how it is asked, and how long it may take."""

    NAME: str
    PROBE: str
    """The path that answers 200 once it is ready."""
    START_SECONDS: float
    STOP_SECONDS: float
    POLL_SECONDS: float

    def __init__(self, process: subprocess.Popen[bytes], port: int, log: Path) -> None:
        self._process = process
        self._log = log
        self.endpoint = f"http://{HOST}:{port}"

    def check(self) -> None:
        """Make sure that the process is there.

        Raises:
            BackendError: it has ended by itself; the message names the log.
        """
        if self._process.poll() is not None:
            raise BackendError(f"{self.NAME} has ended by itself: see {self._log}")

    def healthy(self) -> bool:
        """Ask the server whether it is ready."""
        connection = http.client.HTTPConnection(self.endpoint.removeprefix("http://"), timeout=5)
        try:
            connection.request("GET", self.PROBE)
            return connection.getresponse().status == http.HTTPStatus.OK
        except OSError:
            return False
        finally:
            connection.close()

    def wait_until_healthy(self) -> None:
        """Wait until it answers.

        Raises:
            BackendError: it ended, or did not answer in time.
        """
        end = time.monotonic() + self.START_SECONDS
        while not self.healthy():
            self.check()
            if time.monotonic() > end:
                raise BackendError(f"{self.NAME} did not answer within {self.START_SECONDS} seconds")
            time.sleep(self.POLL_SECONDS)

    def stop(self) -> None:
        """End the process in order, so that it can save its state; when its time is over end it all the same."""
        self._process.terminate()
        try:
            self._process.wait(self.STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        finally:
            if self._process.stdin:
                self._process.stdin.close()


def free_port() -> int:
    """Find a port of the loopback interface that nobody uses now."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])

"""Start and stop ministack, the local stand-in for DynamoDB and SQS, as a child process."""

import http.client
import os
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

HOST = "127.0.0.1"
REGION = "us-east-1"
ACCOUNT = "000000000000"
START_SECONDS = 60
STOP_SECONDS = 15
POLL_SECONDS = 0.05


class BackendError(Exception):
    """ministack did not start."""


class Backend:
    """A running ministack: its endpoint, and its end."""

    def __init__(self, process: subprocess.Popen[bytes], port: int) -> None:
        self.process = process
        self.endpoint = f"http://{HOST}:{port}"

    def ended(self) -> bool:
        """Tell whether the process is gone."""
        return self.process.poll() is not None

    def healthy(self) -> bool:
        """Ask ministack whether it is ready."""
        connection = http.client.HTTPConnection(self.endpoint.removeprefix("http://"), timeout=5)
        try:
            connection.request("GET", "/_ministack/health")
            return connection.getresponse().status == http.HTTPStatus.OK
        except OSError:
            return False
        finally:
            connection.close()

    def stop(self) -> None:
        """End the process in order, so that it saves its state; after 15 seconds end it all the same."""
        self.process.terminate()
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        finally:
            if self.process.stdin:
                self.process.stdin.close()


def free_port() -> int:
    """Find a port of the loopback interface that nobody uses now."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def start(python: Path, home: Path) -> Backend:
    """Start ministack and wait until it answers.

    Args:
        python: the interpreter of the environment that ministack is installed in.
        home: the folder for its state, its temporary files and its log ``ministack.log``.

    Raises:
        BackendError: it ended, or did not answer within a minute; the message names the log.
    """
    home = home.absolute()
    temporary = home / "tmp"
    temporary.mkdir(parents=True, exist_ok=True)
    log = home / "ministack.log"
    port = free_port()
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603 both paths are the caller's own
            [python, "-I", Path(__file__).with_name("backend_process.py")],
            env=_environment(port, home),
            stdin=subprocess.PIPE,  # ends when this process does, and ministack with it
            stdout=output,
            stderr=output,
            start_new_session=True,  # Ctrl-C is for this process, which ends ministack last
        )
    backend = Backend(process, port)
    pause = threading.Event()
    for _ in range(int(START_SECONDS / POLL_SECONDS)):
        if backend.ended():
            break
        if backend.healthy():
            return backend
        pause.wait(POLL_SECONDS)
    backend.stop()
    raise BackendError(f"ministack did not start: see {log}")


@contextmanager
def running(python: Path, home: Path) -> Iterator[Backend]:
    """Start ministack for the length of a ``with`` block."""
    backend = start(python, home)
    try:
        yield backend
    finally:
        backend.stop()


def _environment(port: int, home: Path) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "TMPDIR": str(home / "tmp"),
        "BIND_HOST": HOST,
        "GATEWAY_PORT": str(port),
        "MINISTACK_HOST": HOST,
        "MINISTACK_ACCOUNT_ID": ACCOUNT,
        "MINISTACK_REGION": REGION,
        "PERSIST_STATE": "1",
        "STATE_DIR": str(home / "state"),
        "LOG_LEVEL": "WARNING",
        "IOT_MTLS_ENABLED": "0",  # would listen on a port of its own
        "SFTP_ENABLED": "0",  # the same
    }

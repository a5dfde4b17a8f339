"""Start and stop ministack, the local stand-in for DynamoDB and SQS, as a child process."""

import http.client
import os
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType

from local.errors import BackendError

HOST = "127.0.0.1"
REGION = "us-east-1"
ACCOUNT = "000000000000"
START_SECONDS = 60
STOP_SECONDS = 15
POLL_SECONDS = 0.05


class Backend:
    """A running ministack: its endpoint, its log, and its end."""

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
            raise BackendError(f"ministack has ended by itself: see {self._log}")

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
        self._process.terminate()
        try:
            self._process.wait(STOP_SECONDS)
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


def interpreter(home: Path) -> Path:
    """Find the Python that ministack is installed for: beside ``SEDO_MINISTACK``, or in the folder's own environment.

    Raises:
        BackendError: it is not there.
    """
    executable = Path(os.environ.get("SEDO_MINISTACK", home / "ministack" / "bin" / "ministack"))
    if not executable.exists():
        raise BackendError(f"{executable} is not there: make ministack")
    return executable.with_name("python").absolute()


def start(python: Path, folder: Path, more: Mapping[str, str] = MappingProxyType({})) -> Backend:
    """Start ministack and wait until it answers.

    Args:
        python: the interpreter of the environment that ministack is installed in.
        folder: where its state, its temporary files and its log ``ministack.log`` go.
        more: variables of its environment, beside those that it has always.

    Raises:
        BackendError: it ended, or did not answer within a minute; the message names the log.
    """
    folder = folder.absolute()
    (folder / "tmp").mkdir(parents=True, exist_ok=True)
    log = folder / "ministack.log"
    port = free_port()
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603 both paths are the caller's own
            [python, "-I", Path(__file__).with_name("backend_process.py")],
            env={**_environment(port, folder), **more},
            stdin=subprocess.PIPE,  # ends when this process does, and ministack with it
            stdout=output,
            stderr=output,
            start_new_session=True,  # Ctrl-C is for this process, which ends ministack last
        )
    backend = Backend(process, port, log)
    try:
        _wait_until_healthy(backend)
    except BaseException:
        backend.stop()
        raise
    return backend


def _wait_until_healthy(backend: Backend) -> None:
    end = time.monotonic() + START_SECONDS
    while not backend.healthy():
        backend.check()
        if time.monotonic() > end:
            raise BackendError(f"ministack did not answer within {START_SECONDS} seconds")
        time.sleep(POLL_SECONDS)


@contextmanager
def running(python: Path, folder: Path, more: Mapping[str, str] = MappingProxyType({})) -> Iterator[Backend]:
    """Start ministack for the length of a ``with`` block."""
    backend = start(python, folder, more)
    try:
        yield backend
    finally:
        backend.stop()


def _environment(port: int, folder: Path) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "TMPDIR": str(folder / "tmp"),
        "BIND_HOST": HOST,
        "GATEWAY_PORT": str(port),
        "MINISTACK_HOST": HOST,
        "MINISTACK_ACCOUNT_ID": ACCOUNT,
        "MINISTACK_REGION": REGION,
        "PERSIST_STATE": "1",
        "STATE_DIR": str(folder / "state"),
        "LOG_LEVEL": "WARNING",
        "IOT_MTLS_ENABLED": "0",  # would listen on a port of its own
        "SFTP_ENABLED": "0",  # the same
    }

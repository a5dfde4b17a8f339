"""Start and stop ministack, the local stand-in for DynamoDB and SQS, as a child process."""

import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType

from local.child import HOST, ChildServer, free_port
from local.errors import BackendError

REGION = "us-east-1"
ACCOUNT = "000000000000"


class Backend(ChildServer):
    """A running ministack."""

    NAME, PROBE = "ministack", "/_ministack/health"
    START_SECONDS, STOP_SECONDS, POLL_SECONDS = 60, 15, 0.05


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
        backend.wait_until_healthy()
    except BaseException:
        backend.stop()
        raise
    return backend


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

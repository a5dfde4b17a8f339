import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest

from local.backend import HOST, free_port

HERE = Path(__file__).parent
STOP_SECONDS = 30

Start = Callable[..., "Sedo"]


class Sedo:
    """`python -m local` in the small project, as a process of its own."""

    def __init__(self, home: Path, python: Path, port: object) -> None:
        self.port = port
        self.log = home / "data" / "ministack.log"
        self.process = subprocess.Popen(
            [sys.executable, "-m", "local"],
            cwd=HERE / "project",
            env={
                "PATH": os.environ["PATH"],
                "PYTHONPATH": str(HERE.parents[1]),
                "PORT": str(port),
                "SEDO_HOME": str(home),
                "SEDO_MINISTACK": str(python.with_name("ministack")),
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert self.process.stdout
        self.output = self.process.stdout

    def read_until(self, text: str) -> str:
        seen = ""
        for line in self.output:
            seen += line
            if text in line:
                return seen
        raise AssertionError(f"it ended before it said {text!r}:\n{seen}")

    def ask(self, method: str, path: str) -> tuple[int, Any]:
        connection = HTTPConnection(HOST, self.port, timeout=10)
        connection.request(method, path, headers={"Content-Type": "application/json"})
        answer = connection.getresponse()
        document = json.loads(answer.read())
        connection.close()
        return answer.status, document

    def ask_until(self, path: str, key: str, value: object) -> None:
        while value not in self.ask("GET", path)[1][key]:
            assert self.process.poll() is None

    def stop(self, number: signal.Signals = signal.SIGINT) -> tuple[int, str]:
        self.process.send_signal(number)
        said, _ = self.process.communicate(timeout=STOP_SECONDS)
        return self.process.returncode, said

    def ministack_pid(self) -> int:
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        return int(children[0])


@pytest.fixture
def start(tmp_path: Path, ministack_python: Path) -> Iterator[Start]:
    started: list[Sedo] = []

    def start(home: Path = tmp_path, port: object = None) -> Sedo:
        started.append(Sedo(home, ministack_python, port or free_port()))
        return started[-1]

    yield start
    for sedo in started:
        if sedo.process.poll() is None:
            sedo.stop()
        sedo.output.close()


@pytest.mark.timeout(120)
def test_a_message_is_handled_and_what_is_stored_is_there_at_the_next_start(start: Start) -> None:
    sedo = start()
    said = sedo.read_until("Ctrl-C stops it")
    assert "tables and queues: 9 made" in said
    assert f"sedo is ready: http://127.0.0.1:{sedo.port}\n" in said
    assert sedo.ask("GET", "/sedo/health") == (200, {"prefix": "sedo"})
    assert sedo.ask("POST", "/messages/hello") == (200, {"sent": "hello"})
    sedo.ask_until("/handled", "handled", "hello")
    sedo.ask_until("/handled", "scheduled", "CloudWatchEvent")
    code, said = sedo.stop()
    assert (code, "sedo has stopped" in said) == (0, True)

    again = start()
    assert "tables and queues: all there" in again.read_until("sedo is ready")
    assert again.stop(signal.SIGTERM)[0] == 0


@pytest.mark.timeout(60)
def test_a_port_in_use_is_told_before_anything_is_started(start: Start, tmp_path: Path) -> None:
    first = start(tmp_path / "first")
    first.read_until("sedo is ready")
    second = start(tmp_path / "second", first.port)
    said, _ = second.process.communicate(timeout=STOP_SECONDS)
    assert said == f"sedo: port {first.port} cannot be used (Address already in use): take another: PORT=… make run\n"
    assert second.process.returncode == 1
    assert not second.log.exists()


@pytest.mark.timeout(60)
def test_one_folder_is_for_one_run(start: Start) -> None:
    start().read_until("sedo is ready")
    second = start()
    said, _ = second.process.communicate(timeout=STOP_SECONDS)
    assert "it runs already on" in said
    assert second.process.returncode == 1


@pytest.mark.timeout(60)
@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="finds ministack's process in /proc")
def test_when_ministack_dies_sedo_says_so_and_ends(start: Start) -> None:
    sedo = start()
    sedo.read_until("sedo is ready")
    os.kill(sedo.ministack_pid(), signal.SIGKILL)
    said, _ = sedo.process.communicate(timeout=STOP_SECONDS)
    assert "sedo: ministack has ended by itself" in said
    assert sedo.process.returncode == 1


@pytest.mark.timeout(60)
@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="finds ministack's process in /proc")
def test_when_sedo_is_killed_ministack_saves_its_state_and_ends(start: Start) -> None:
    sedo = start()
    sedo.read_until("sedo is ready")
    ministack = os.pidfd_open(sedo.ministack_pid())
    sedo.process.kill()
    assert select.select([ministack], [], [], STOP_SECONDS)[0], "ministack goes on without sedo"
    os.close(ministack)
    assert "tables and queues: all there" in start().read_until("sedo is ready")


@pytest.mark.parametrize("port", ["0", "65536", "x"])
def test_what_is_no_port_is_told(start: Start, port: str) -> None:
    sedo = start(port=port)
    said, _ = sedo.process.communicate(timeout=STOP_SECONDS)
    assert said == f"sedo: PORT={port} is not a port: it is a number from 1 to 65535\n"
    assert sedo.process.returncode == 1

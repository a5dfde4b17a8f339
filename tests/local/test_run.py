import os
import select
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from chalicelib.adapters.dynamodb.tables import TABLES
from tests.local.running import STOP_SECONDS, Sedo

Start = Callable[..., Sedo]


@pytest.fixture
def start(tmp_path: Path, ministack_python: Path) -> Iterator[Start]:
    with ExitStack() as started:

        def start(home: Path = tmp_path, port: object = None, **more: str) -> Sedo:
            return started.enter_context(Sedo(home, ministack_python, port, **more))

        yield start


@pytest.mark.timeout(120)
def test_a_message_is_handled_and_what_is_stored_is_there_at_the_next_start(start: Start) -> None:
    sedo = start()
    said = sedo.read_until("Ctrl-C stops it")
    assert f"tables and queues: {len(TABLES) + 4} made" in said
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
    said = second.rest()
    assert said == f"sedo: port {first.port} cannot be used (Address already in use): take another: PORT=… make run\n"
    assert second.process.returncode == 1
    assert not second.log.exists()


@pytest.mark.timeout(60)
def test_one_folder_is_for_one_run(start: Start) -> None:
    start().read_until("sedo is ready")
    second = start()
    said = second.rest()
    assert "it runs already on" in said
    assert second.process.returncode == 1


@pytest.mark.timeout(60)
@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="finds ministack's process in /proc")
def test_when_ministack_dies_sedo_says_so_and_ends(start: Start) -> None:
    sedo = start()
    sedo.read_until("sedo is ready")
    os.kill(sedo.ministack_pid(), signal.SIGKILL)
    said = sedo.rest()
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


@pytest.mark.timeout(60)
@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="finds ministack's process in /proc")
def test_when_all_of_it_is_killed_what_was_saved_is_there_and_it_was_said_what_may_be_lost(
    start: Start, tmp_path: Path
) -> None:
    sedo = start()
    assert "kill -9 or a power cut loses what was answered since the data was last saved" in sedo.read_until("is ready")
    assert sedo.ask("POST", "/messages/hello") == (200, {"sent": "hello"})
    sedo.ask_until("/handled", "handled", "hello")
    saved = [tmp_path / "data" / "state" / f"{service}.json" for service in ("dynamodb", "sqs")]
    asked = time.time()
    while not all(each.exists() and each.stat().st_mtime >= asked for each in saved):
        select.select([], [], [], 0.1)
    ministack = os.pidfd_open(sedo.ministack_pid())
    os.kill(sedo.ministack_pid(), signal.SIGKILL)
    sedo.process.kill()
    assert select.select([ministack], [], [], STOP_SECONDS)[0]
    os.close(ministack)
    again = start()
    assert "tables and queues: all there" in again.read_until("sedo is ready")


@pytest.mark.parametrize("port", ["0", "65536", "x"])
def test_what_is_no_port_is_told(start: Start, port: str) -> None:
    sedo = start(port=port)
    said = sedo.rest()
    assert said == f"sedo: PORT={port} is not a port: it is a number from 1 to 65535\n"
    assert sedo.process.returncode == 1


def test_a_setting_that_is_wrong_is_told(start: Start) -> None:
    sedo = start(AUTH="foo")
    assert sedo.rest().endswith("\nsedo: SEDO_AUTH=foo: 'foo' is none of jwt, keys, iam and none\n")
    assert sedo.process.returncode == 1

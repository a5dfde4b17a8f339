import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from chalicelib.adapters.dynamodb.tables import EXECUTIONS, HISTORY, TASKS
from chalicelib.core.executions.model import State
from chalicelib.core.values.errors import UnavailableError
from local.access import RUNNING
from operations import doctor
from operations.stage import Page, Stage
from tests.adapters.examples import random_text
from tests.operations.world import HOUR, World, item_of, printed, rows_of, with_rows


class WithoutTasks(Stage):
    """A stage whose table of tasks does not answer."""

    def scan(self, name: str, segment: int, segments: int, after: Any) -> Page:
        if name == TASKS.name:
            raise UnavailableError
        return super().scan(name, segment, segments, after)


class Belated(Stage):
    """A stage of which a scan shows an item as it was before."""

    before: dict[str, Any]

    def scan(self, name: str, segment: int, segments: int, after: Any) -> Page:
        page = super().scan(name, segment, segments, after)
        items = [self.before if item["id"] == self.before["id"] else item for item in page.items if "id" in item]
        return page._replace(items=items)


def test_what_works_gives_no_false_alarm(stage: World) -> None:
    def work() -> None:
        for _ in range(3):
            for name in ("large", "task", "event", "fork", "child"):
                stage.start(name, random_text(3000))
            stage.deliver()
            stage.clock.sleep(1)

    with ThreadPoolExecutor(1) as pool:
        worked = pool.submit(work)
        looks = [stage.doctor()]
        while not worked.done():
            looks.append(stage.doctor())
    worked.result()
    assert not any(looks)
    assert len(stage.items(EXECUTIONS)) > 10


def test_what_a_scan_shows_as_it_was_is_looked_at_again(stage: World) -> None:
    made = stage.start("timer")
    stage.deliver()
    before, whole = item_of(stage, made), stage.stage
    stage.later(5)
    stage.clock.sleep(HOUR)
    assert stage.read(made).state is State.SUCCEEDED
    belated = Belated(stage.settings, stage.made, stage.client)
    belated.before, stage.stage = before, belated
    looked = stage.doctor()
    stage.stage = whole
    assert stage.said[0] == "execution: 1 items, 100 %, 1 to be looked at again"
    assert looked == []


def test_a_check_that_was_broken_off_goes_on(stage: World, tmp_path: Path) -> None:
    made = with_rows(stage)
    stage.delete(HISTORY, rows_of(stage, made)[0])
    state = tmp_path / "state.json"
    asked = ("--state", str(state), "--segments", "1")
    whole, stage.stage = stage.stage, WithoutTasks(stage.settings, stage.made, stage.client)
    with pytest.raises(UnavailableError):
        stage.doctor(*asked)
    stage.stage = whole
    kept = json.loads(state.read_text())
    assert kept["after"] == {"execution": {"0": None}}
    assert [one["key"][1] for one in kept["suspects"]] == [made]
    assert [kind for kind, *_ in stage.doctor(*asked)] == ["history"]
    assert stage.said[0] == "execution: 1 items, 100 %, 1 to be looked at again"
    assert not state.exists()


class TestCommand:
    def test_it_prints_a_table_and_ends_with_1(
        self, stage: World, ministack: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        made = with_rows(stage)
        monkeypatch.setenv("SEDO_PREFIX", stage.settings.prefix)
        assert printed(lambda: doctor.main(["--settle", "0"], ministack))[:2] == (0, "")
        (row, *_) = rows_of(stage, made)
        stage.delete(HISTORY, row)
        status, out, err = printed(lambda: doctor.main(["--settle", "0"], ministack))
        head, line = out.splitlines()
        assert status == 1
        assert head.split() == ["violation", "execution", "thread", "detail", "mended"]
        assert line.split()[:2] == ["history", made]
        assert "execution: 1 items, 100 %, 1 to be looked at again" in err
        assert err.rstrip().endswith("read units, 1 violations, 0 woken")

    def test_with_json_each_finding_is_a_line(
        self, stage: World, ministack: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        made = stage.start("timer")
        stage.deliver()
        monkeypatch.setenv("SEDO_PREFIX", stage.settings.prefix)
        status, out, _ = printed(lambda: doctor.main(["--settle", "0", "--json", "--repair", "all"], ministack))
        (line,) = map(json.loads, out.splitlines())
        assert (line["violation"], line["execution"], line["mended"], status) == ("late", made, True, 0)

    @pytest.mark.parametrize("module", ["doctor", "reindex"])
    def test_the_stage_of_this_machine_is_where_what_runs_says(
        self, module: str, stage: World, ministack: str, tmp_path: Path
    ) -> None:
        (tmp_path / "data").mkdir()
        running = {"endpoint": ministack, "search": "http://127.0.0.1:9", "search_auth": "none"}
        (tmp_path / "data" / RUNNING).write_text(json.dumps(running))
        environment = {**os.environ, "SEDO_HOME": str(tmp_path), "SEDO_PREFIX": stage.settings.prefix}
        command = [sys.executable, "-m", f"operations.{module}", "local", "--settle", "0"]
        done = subprocess.run(  # noqa: S603 - a command of ours
            command, env=environment, capture_output=True, text=True, check=False
        )
        if module == "doctor":
            assert done.stderr.rstrip().endswith("0 violations, 0 woken")
        else:
            assert "broken off: " in done.stderr

    @pytest.mark.parametrize(
        ("arguments", "why"),
        [
            (["nowhere"], "there is no stage nowhere: .chalice/config.json has dev, prod, and local is make run"),
            (["local"], "start it first, with make run"),
            (["--repair", "money"], "it is wake, index, waits, or all"),
        ],
    )
    def test_what_is_not_there_is_refused(
        self,
        arguments: list[str],
        why: str,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        monkeypatch.setenv("SEDO_HOME", str(tmp_path))
        with pytest.raises(SystemExit, match="2"):
            doctor.main(arguments)
        assert why in capsys.readouterr().err

    def test_a_stage_that_does_not_answer_is_said_so(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("SEDO_PREFIX", "nobody")
        monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        status, _, err = printed(lambda: doctor.main([], "http://127.0.0.1:9"))
        assert status == 1
        assert "did not answer" in err

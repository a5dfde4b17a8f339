"""The quick way, against moto: Chalice itself deploys a copy of the project."""

import io
import json
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from chalicelib.adapters.dynamodb.tables import TABLES
from deploy import quick
from deploy.policies import FUNCTIONS, stages
from deploy.stack.refusals import REFUSALS
from local.backend import REGION
from tests.deploy.launcher import BREAKS
from tests.deploy.stage import PROJECT, done, project
from tests.loopback import json_reply, loopback

LOOPBACK = "127.0.0.1"


def launched(folder: Path) -> Any:
    made_of = project(folder)
    (made_of / "requirements.txt").write_text("")  # what is deployed runs nowhere
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "PYTHONPATH": f"{made_of}:{PROJECT}",
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
    }
    command = [sys.executable, "-m", "tests.deploy.launcher"]
    process = subprocess.run(command, cwd=made_of, env=environment, capture_output=True, text=True, check=False)
    return json.loads(done(process).splitlines()[-1])


def test_chalice_deploys_deploys_again_and_deletes_though_it_was_broken_off_at_each_step(tmp_path: Path) -> None:
    broken, first, second, last = launched(tmp_path)
    assert broken == [*BREAKS]
    (dev,) = [each for each in stages() if each.name == "dev"]
    deployed = [name for name in FUNCTIONS if name != "on_dynamodb_record"]  # only a stack knows the ARNs of streams
    assert first["functions"] == sorted(map(dev.function_name, deployed))
    assert first["mappings"] == {queue: ["ReportBatchItemFailures"] for queue in dev.names.queues}
    assert first["reporting"] == sorted(dev.function_name(name) for name, duty in FUNCTIONS.items() if duty.receives)
    assert (first["count"], first["rules"]) == (4, ["rate(1 minute)"])
    assert (first["tables"], first["queues"]) == (len(TABLES), 4)
    assert first["refusals"] == [len(REFUSALS)]
    assert second == first
    assert last == {
        **first,
        "functions": [],
        "reporting": [],
        "mappings": {},
        "count": 0,
        "rules": [],
        "routes": [],
        "refusals": [],
    }


def recorded(folder: Path, *resources: dict[str, str]) -> Path:
    """Make a project that remembers what was deployed of the stage dev."""
    (folder / ".chalice" / "deployed").mkdir(parents=True)
    shutil.copy(PROJECT / ".chalice" / "config.json", folder / ".chalice")
    document = {"resources": resources, "schema_version": "2.0", "backend": "api"}
    (folder / ".chalice" / "deployed" / "dev.json").write_text(json.dumps(document))
    return folder


class Terminal(io.StringIO):
    """A person at a terminal, and what they write."""

    def isatty(self) -> bool:
        return True


class TestUndeploy:
    def test_it_says_what_it_deletes_and_what_stays_and_asks_nobody_where_there_is_no_terminal(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        url = "https://a1.execute-api.us-east-1.amazonaws.com/api/"
        made = recorded(tmp_path, {"name": "rest_api", "resource_type": "rest_api", "rest_api_url": url})
        why = r"there is no terminal to ask at\. make undeploy STAGE=dev SURE=dev deletes without asking"
        with pytest.raises(SystemExit, match=why):
            quick.main(["undeploy", "dev"], made)
        said = capsys.readouterr().out
        assert f"deletes the functions of dev, their roles, the schedule and the API at {url}" in said
        assert "keeps the tables, queues and parameters that begin with sedo-dev" in said

    def test_where_nothing_is_written_down_it_says_how_that_is_found(self, tmp_path: Path) -> None:
        with pytest.raises(SystemExit, match="make deploy STAGE=dev finds it"):
            quick.main(["undeploy", "dev"], recorded(tmp_path))

    @pytest.mark.parametrize("sure", ["prod", ""])
    def test_another_name_is_no_consent(self, sure: str) -> None:
        with pytest.raises(SystemExit, match=r"^nothing was deleted$"):
            quick.require_consent("dev", sure, Terminal("dev\n"))

    def test_a_person_writes_the_name_of_the_stage(self, capsys: pytest.CaptureFixture[str]) -> None:
        quick.require_consent("dev", None, Terminal("dev\n"))
        assert capsys.readouterr().out == "Write dev to delete them: "
        quick.require_consent("dev", "dev", io.StringIO())

    @pytest.mark.parametrize("answer", ["no\n", "y\n", "\n", ""])
    def test_whatever_else_they_write_deletes_nothing(self, answer: str) -> None:
        with pytest.raises(SystemExit, match=r"^nothing was deleted$"):
            quick.require_consent("dev", None, Terminal(answer))


def test_a_stage_that_is_not_well_says_why_and_one_that_is_says_nothing() -> None:
    with loopback() as server:
        server.answers["/api/sedo/health"] = json_reply({"parts": {"sedo-dev_task": "AccessDeniedException"}}, 503)
        why = quick.unhealthy(f"{server.url}/api/")
        assert "503" in why
        assert '{"parts": {"sedo-dev_task": "AccessDeniedException"}}' in why
        server.answers["/api/sedo/health"] = json_reply({"status": "ok"})
        assert quick.unhealthy(f"{server.url}/api/") == ""


def test_a_stage_that_does_not_answer_is_told_and_not_a_traceback() -> None:
    with socket.create_server((LOOPBACK, 0)) as taken:
        port = taken.getsockname()[1]
    assert "refused" in quick.unhealthy(f"http://{LOOPBACK}:{port}/")

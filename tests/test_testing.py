import json
import os
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from app import app
from chalicelib.adapters.memory.stores import QueueMessage
from chalicelib.testing import EventSources, run
from tests.application import Sedo
from tests.core.examples import CallStep

PROJECT = Path(__file__).parents[1]
GUIDE = (PROJECT / "docs" / "testing.md").read_text()
HELLO = "id: hello\nsteps:\n  - {id: greet, type: echo, message: 'Hello ${input.name}', stash: greeting}\n"
ASK = "id: ask\nsteps:\n  - {id: nap, type: wait, seconds: 90}\n  - {id: ask, type: callback}\n"


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", GUIDE, re.DOTALL | re.MULTILINE)


def pytest_of(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments]
    environment = {**os.environ, "PYTHONPATH": str(PROJECT), "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(command, cwd=folder, env=environment, text=True, capture_output=True, check=False)  # noqa: S603 - it is Python


class TestSources:
    def test_a_definition_is_a_file_a_text_or_an_object(self, tmp_path: Path) -> None:
        file = tmp_path / "hello.yaml"
        file.write_text(HELLO)
        document = {"id": "hello", "steps": [{"id": "greet", "type": "echo", "message": "Hello ${input.name}"}]}
        sources: list[Any] = [file, str(file), HELLO, json.dumps(document), document]
        assert [run(source, {"name": "you"}).output for source in sources] == ["Hello you"] * 5

    def test_an_input_that_is_not_given_is_an_empty_object(self) -> None:
        assert run({"id": "d", "steps": [{"id": "a", "type": "transform", "output": "${input}"}]}).output == {}

    def test_others_are_included_and_started_in_whatever_order_they_are_given(self) -> None:
        outer = "id: outer\nsteps:\n  - include: middle\n  - {id: sub, type: workflow, definition: hello, version: 7}\n"
        middle = "id: middle\nsteps:\n  - include: {definition: hello, version: 3}\n"
        found = run(outer.replace("hello,", "hello, input: {name: me},"), {"name": "you"}, definitions=[middle, HELLO])
        assert (found.output, found.path) == ("Hello me", ["greet", "sub"])
        assert found.stash == {"greeting": "Hello you"}

    def test_one_that_is_not_given_is_not_there(self) -> None:
        found = run({"id": "d", "steps": [{"id": "a", "type": "workflow", "definition": "hello"}]})
        assert repr(found).startswith("<ExecutionFailed after 0 s, DefinitionNotFound at a: there is no")

    def test_a_step_type_of_ones_own_can_be_run(self) -> None:
        found = run(
            "id: d\nsteps: [{id: c, type: call}]\n", mocks={"c": {"result": 1}}, step_types={"call": CallStep()}
        )
        assert found.output == 1


class TestProblems:
    @pytest.mark.parametrize("value", [datetime(2026, 1, 1, tzinfo=UTC), {1, 2}, b"a", float("nan"), [float("inf")]])
    def test_what_json_cannot_hold_is_refused(self, value: Any) -> None:
        with pytest.raises(AssertionError, match=r"^input is no JSON: "):
            run(HELLO, {"name": value})
        with pytest.raises(AssertionError, match=r"^mocks is no JSON: "):
            run(ASK, mocks={"ask": {"result": value}})

    def test_what_is_wrong_with_a_definition_is_told_with_its_place(self) -> None:
        wrong = "id: d\nsteps:\n  - {id: a, type: eco}\n  - {id: b, type: wait}\n"
        with pytest.raises(AssertionError) as raised:
            run(wrong)
        first, *problems = str(raised.value).splitlines()
        assert first == "definition d is not valid"
        assert problems[0].startswith("  /steps/0/type (line 3, column 13): there is no step type 'eco' (did you mean")
        assert problems[1].startswith("  /steps/1 (line 4, column 5): a step of type wait needs")

    def test_problems_of_an_object_and_of_another_definition_have_pointers(self) -> None:
        outer = {"id": "outer", "steps": [{"id": "a", "type": "workflow", "definition": "d"}]}
        with pytest.raises(AssertionError, match="definition d is not valid\n  /: a definition needs 'steps'"):
            run(outer, definitions=[{"id": "d"}])

    def test_includes_that_go_round_are_told(self) -> None:
        one, other = ({"id": a, "steps": [{"include": b}]} for a, b in (("one", "other"), ("other", "one")))
        with pytest.raises(AssertionError, match="/steps/0/include: there is no definition 'one'"):
            run(one, definitions=[other])

    @pytest.mark.parametrize(
        ("source", "message"),
        [
            ("id: d\nsteps: [\n", "the definition cannot be read\n  /.*line 3.*this is not YAML"),
            ("- a\n- b\n", r'a definition is an object, not \["a","b"\]'),
        ],
    )
    def test_what_is_no_definition_is_told(self, source: str, message: str) -> None:
        with pytest.raises(AssertionError, match=message):
            run(source)

    def test_what_is_wrong_with_mocks_or_the_input_is_told(self) -> None:
        with pytest.raises(AssertionError, match="this cannot be run\n  /mocks/ak: ask has no step 'ak'"):
            run(ASK, mocks={"ak": {"result": 1}})
        missing = r"input does not pass inputSchema validation\n  /: 'a' is a required property"
        with pytest.raises(AssertionError, match=missing):
            run(
                {
                    **json.loads('{"id": "d", "inputSchema": {"required": ["a"]}}'),
                    "steps": [{"id": "s", "type": "succeed"}],
                }
            )
        with pytest.raises(AssertionError, match="this cannot be run: ask has no step 'as'"):
            run(ASK, step="as")

    def test_what_goes_round_for_ever_is_told(self) -> None:
        again = "{id: b, type: choice, choices: [{when: '`true`', next: a}], default: c}"
        text = f"id: d\nsteps: [{{id: a, type: echo, message: hi}}, {again}, {{id: c, type: succeed}}]\n"
        with pytest.raises(AssertionError, match=r"the dry run takes too much: it has not ended after 200 turns"):
            run(text, max_turns=200)


class TestRuns:
    def test_it_says_in_a_line_how_it_ended(self) -> None:
        assert repr(run(HELLO, {"name": "you"})) == "<ExecutionSucceeded after 0 s: greet>"
        assert repr(run(ASK)) == "<StepStarted after 90 s, waits for callback ask: nap > ask>"
        failed = run(ASK, mocks={"ask": {"error": "Boom"}})
        assert repr(failed) == "<ExecutionFailed after 90 s, Boom at ask: mocked: nap > ask>"
        assert repr(run(ASK, step="nap")) == "<StepSucceeded after 90 s, next is ask: nap>"

    def test_it_tells_what_happened_line_by_line(self) -> None:
        text = (
            "id: d\nsteps: [{id: p, type: parallel, branches: [{id: a, steps: [{id: c, type: http, url: 'https://a.example/'}]},"
            " {id: b, steps: [{id: e, type: event, name: n}]}]}]\n"
        )
        assert run(text, mocks={"c": {"result": "x" * 300}}).explain().splitlines() == [
            "StepStarted after 0 s, waits for event p/b/e",
            "     0.000 ExecutionSubmitted   p",
            "     0.000 ExecutionStarted     p",
            "     0.000 StepStarted          p",
            "     0.000 StepStarted          p/a/c (main.1.a)",
            "     0.000 StepStarted          p/b/e (main.1.b)",
            f'     0.000 StepSucceeded        p/a/c (main.1.a) "{"x" * 159}…',
            'called http for p/a/c with {"url":"https://a.example/"}',
            'p/b/e waits for event, with {"name":"n"}',
            "output null, stash {}",
        ]

    @pytest.mark.parametrize("step", [None, "p"])
    def test_one_that_waits_has_not_succeeded_whatever_step_has(self, step: str | None) -> None:
        asks = {"id": "a", "steps": [{"id": "ask", "type": "http", "url": "https://a.example/"}]}
        says = {"id": "b", "steps": [{"id": "say", "type": "echo", "message": "hi"}]}
        waits = run({"id": "d", "steps": [{"id": "p", "type": "parallel", "branches": [asks, says]}]}, step=step)
        assert (waits.history[-1]["state"], waits.state, waits.succeeded) == ("StepSucceeded", "StepStarted", False)

    def test_it_has_succeeded_if_nothing_was_left_uncaught_and_a_step_if_nothing_failed(self) -> None:
        assert run(HELLO, {"name": "you"}).succeeded
        assert run(HELLO, {"name": "you"}, step="greet").succeeded
        assert run(ASK, step="nap").succeeded
        caught = ASK.replace("seconds: 90", "until: '${input.never}', catch: [{errors: ['*'], next: ask}]")
        assert run(caught, mocks={"ask": {"result": 1}}).succeeded
        assert not run(caught, step="nap").succeeded
        assert not run(ASK).succeeded

    def test_a_step_finds_what_it_is_given(self) -> None:
        seen = "${ [input, output, stash.a, item, index, error.name, execution.startedBy, now()] }"
        document = {"id": "d", "steps": [{"id": "see", "type": "transform", "output": seen}]}
        given: dict[str, Any] = {
            "incoming": 1,
            "stash": {"a": 2},
            "index": 4,
            "error": {"name": "E"},
            "started_by": "ada",
        }
        found = run(document, {"b": 0}, step="see", item=3, now=datetime(2030, 5, 1, tzinfo=UTC), **given)
        assert found.output == [{"b": 0}, 1, 2, 3, 4, "E", "ada", "2030-05-01T00:00:00.000Z"]
        assert run(document, step="see", item=3).output == [
            None,
            None,
            None,
            3,
            0,
            None,
            None,
            "2026-01-01T00:00:00.000Z",
        ]


ROUND = """\
id: round
steps:
  - {id: a, type: wait, seconds: 0}
  - {id: b, type: choice, choices: [{when: '`true`', next: a}], default: end}
  - {id: end, type: succeed}
"""


class TestEventSources:
    def test_what_a_function_raises_can_be_seen_and_comes_again(self, sedo: Sedo) -> None:
        at = sedo.clock.now()
        sedo.queue.messages["odd"] = QueueMessage("odd", "{}", timer=True, visible_at=at, sent_at=at)
        sedo.deliver()
        assert [type(error).__name__ for error in sedo.sources.errors] == ["GivenBackError"]
        sedo.pass_time(6 * 60)
        assert len(sedo.sources.errors) == 2

    def test_what_goes_round_for_ever_is_told(self, sedo: Sedo) -> None:
        sedo.create(ROUND)
        assert sedo.ask("POST", "/sedo/tenants/123/definitions/round/execute", {"input": {}}).status_code == 201
        sedo.sources.most = 50
        with pytest.raises(AssertionError, match=r"50 messages were delivered, .* does the workflow go round for ever"):
            sedo.deliver()

    def test_it_begins_empty(self, sedo: Sedo) -> None:
        sedo.create()
        EventSources(app)
        assert sedo.get("/definitions") == []

    def test_other_stores_are_refused(self, sedo: Sedo, monkeypatch: pytest.MonkeyPatch) -> None:
        for name, value in {"SEDO_STORES": "aws", "AWS_DEFAULT_REGION": "us-east-1"}.items():
            monkeypatch.setenv(name, value)
        with pytest.raises(AssertionError, match="set SEDO_STORES=memory"):
            EventSources(app)

    def test_the_functions_get_on_in_the_three_seconds_of_chalice(self, sedo: Sedo) -> None:
        sedo.create()
        path = f"/executions/{sedo.start()['id']}"
        sedo.clock.sleep(45)
        (message,) = sedo.queue.visible()
        sedo.client.lambda_.invoke("on_timer_message", sedo.client.events.generate_sqs_event([message.body]))
        sedo.queue.delete("", [message.id])
        assert sedo.get(path)["state"] == "ExecutionSucceeded"


class TestPlugin:
    def test_the_tests_of_the_guide_pass(self, tmp_path: Path) -> None:
        (tmp_path / "order.yaml").write_text(blocks("yaml")[0])
        (tmp_path / "test_order.py").write_text(blocks("python")[0])
        done = pytest_of(tmp_path, "-W", "error")
        assert done.returncode == 0, done.stdout
        assert "5 passed" in done.stdout

    def test_those_of_the_whole_application_pass(self, tmp_path: Path) -> None:
        (tmp_path / "order.yaml").write_text(blocks("yaml")[0])
        (tmp_path / "test_application.py").write_text(blocks("python")[1])
        done = pytest_of(tmp_path, "-W", "error")
        assert done.returncode == 0, done.stdout
        assert "1 passed" in done.stdout

    def test_a_test_that_fails_shows_what_its_runs_did(self, tmp_path: Path) -> None:
        greets = f"workflow({HELLO!r}, {{'name': 'you'}}, step='greet')"
        test = f"def test_it(workflow):\n    {greets}\n    assert workflow({ASK!r}).succeeded\n"
        other = "def test_other():\n    assert False\n"
        (tmp_path / "test_ask.py").write_text(f"pytest_plugins = ['chalicelib.testing']\n{test}{other}")
        done = pytest_of(tmp_path)
        assert done.returncode == 1
        assert "<StepStarted after 90 s, waits for callback ask: nap > ask>.succeeded" in done.stdout
        shown = re.findall(r"^-+ workflow run (\d) -+\n(\S+)", done.stdout, re.MULTILINE)
        assert shown == [("1", "ExecutionSucceeded"), ("2", "StepStarted")]
        assert "    90.000 StepStarted          ask" in done.stdout

    def test_nothing_that_is_deployed_needs_pytest(self) -> None:
        code = "import sys, app, chalicelib.api.dry_runs; sys.exit('pytest' in sys.modules)"
        done = subprocess.run([sys.executable, "-c", code], cwd=PROJECT, check=False)  # noqa: S603 - it is Python
        assert done.returncode == 0

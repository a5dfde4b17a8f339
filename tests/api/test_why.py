"""What the view of an execution says of why it stands where it stands."""

from datetime import timedelta
from typing import Any

import pytest
from chalice.app import MultiDict

from chalicelib.api.why import Explanation, who
from chalicelib.core.executions.model import Driver, Execution, Status, Thread
from chalicelib.core.values.json import Json
from chalicelib.core.values.value import copy_with
from chalicelib.usecases.execution_details import LINKS, Details
from tests.adapters.examples import task
from tests.api.test_story import TASK, ask, begin, task_of
from tests.application import Sedo, http_request
from tests.core.examples import NOW, Run, blank
from tests.home import SUB, Home

SILENT = (
    "A function took up step charge at 2026-01-01T00:00:00.000Z. It has not been heard of for longer than a function "
    "works: its message comes again by itself."
)
WAIT: dict[str, Json] = {"id": "rest", "type": "wait", "seconds": 45}
BOTH: dict[str, Json] = {
    "id": "both",
    "type": "parallel",
    "branches": [{"id": "a", "steps": [WAIT]}, {"id": "b", "steps": [TASK]}],
}
FAILS: dict[str, Json] = {"id": "stop", "type": "fail", "error": "NotPaid", "cause": "no money " + "x" * 300}
LARGE: dict[str, Json] = {"id": "each", "type": "map", "items": "${range(`0`, `150`)}", "steps": [WAIT]}


def sub(inner: str) -> dict[str, Json]:
    return {"id": "sub", "type": "workflow", "definition": inner}


def define(sedo: Sedo, name: str, *steps: dict[str, Json]) -> None:
    assert ask(sedo, "eve", "POST", "/definitions", {"id": name, "steps": [*steps]}).status_code == 201


def why(sedo: Sedo, execution: str) -> tuple[Any, Any]:
    """Read why an execution, and why each of its threads, stands where it stands."""
    view = sedo.get(execution)
    return view["why"], [thread["why"] for thread in view["threads"]]


class TestWaits:
    def test_a_wait_says_until_when_and_what_happens_then(self, sedo: Sedo) -> None:
        whole, (thread,) = why(sedo, begin(sedo, {**WAIT, "timeoutSeconds": 30}))
        start = thread["since"]
        assert thread == {
            "text": whole["text"],
            "for": "timer",
            "since": start,
            "until": thread["until"],
            "timeout": thread["timeout"],
            "freedBy": "its timer",
            "then": "the thread goes on behind step rest",
            "wrong": None,
            "error": None,
        }
        assert whole == {
            "text": f"Step rest waits since {start} for its timer. It is over at {thread['until']}."
            " Then the thread goes on behind step rest."
            f" If the step is not done by {thread['timeout']}, it fails with Timeout, which fails the execution.",
            "is": "waiting",
            "for": "timer",
            "thread": "main",
            "wrong": None,
            "obstacles": [],
        }

    def test_a_task_says_who_is_to_do_what(self, sedo: Sedo) -> None:
        execution = begin(sedo, TASK)
        name = task_of(sedo, execution).removeprefix("/tasks/")
        whole, (thread,) = why(sedo, execution)
        assert whole["text"] == (
            f"Step approve waits since {thread['since']} for group sales to do task {name}, 'Approve it'."
            " Then the step succeeds with the answer; if somebody rejects the task, it fails with task.Rejected,"
            " which fails the execution."
        )
        ask(sedo, "ada", "POST", f"/tasks/{name}/claim")
        _, (thread,) = why(sedo, execution)
        assert thread["freedBy"] == f"ada, who has claimed it, to do task {name}, 'Approve it'"

    def test_a_due_task_and_a_callback_say_by_when(self, sedo: Sedo) -> None:
        due: dict[str, Json] = {**TASK, "due": {"seconds": 600, "then": "fail"}}
        whole, (thread,) = why(sedo, begin(sedo, due))
        fails = "the step fails with task.Overdue, which fails the execution"
        assert f" It is due by {thread['until']}: if it is not done then, {fails}." in whole["text"]
        whole, (thread,) = why(sedo, begin(sedo, {"id": "ask", "type": "callback", "heartbeatSeconds": 60}))
        assert thread["freedBy"] == "the callback of another system, or of whoever has its token"
        sign = f" A sign of life is due by {thread['until']}: without one the step fails with HeartbeatTimeout, "
        assert sign in whole["text"]

    def test_an_event_says_how_it_is_sent(self, sedo: Sedo) -> None:
        execution = begin(sedo, {"id": "paid", "type": "event", "name": "paid"})
        _, (thread,) = why(sedo, execution)
        assert thread["freedBy"] == f"event paid, sent to this execution (POST {execution}/events/paid)"
        _, (thread,) = why(sedo, begin(sedo, {"id": "paid", "type": "event", "name": "paid", "key": "${input}"}))
        assert thread["freedBy"] == "event paid with key it, which anybody may publish (POST /events/paid)"

    def test_a_parallel_tells_of_the_branch_that_it_waits_for(self, sedo: Sedo) -> None:
        whole, threads = why(sedo, begin(sedo, BOTH))
        assert [thread["for"] for thread in threads] == ["threads", "timer", "task"]
        assert threads[0]["freedBy"] == "the threads that it began: 0 of 2 have ended"
        assert whole["text"].endswith(" It has 2 more threads.")

    def test_a_retry_says_after_what(self, sedo: Sedo) -> None:
        retried: dict[str, Json] = {**FAILS, "retry": [{"errors": ["*"], "maxAttempts": 3, "intervalSeconds": 60}]}
        _, (thread,) = why(sedo, begin(sedo, retried))
        assert thread["text"].startswith("Step stop failed with NotPaid: no money xxx")
        assert thread["text"].endswith(f"…; attempt 2 of 3 begins at {thread['until']}.")
        assert (thread["error"]["name"], len(thread["error"]["message"])) == ("NotPaid", 201)

    def test_a_start_that_is_on_its_way_says_so(self, sedo: Sedo) -> None:
        define(sedo, "d", WAIT)
        started = ask(sedo, "eve", "POST", "/definitions/d/execute", {"input": 1}).json_body
        text = f"It was submitted at {started['startedAt']}: step rest begins with its start message, or is under way."
        assert (started["why"]["text"], started["why"]["is"]) == (text, "running")


class TestChildren:
    def test_the_reason_at_the_bottom_is_told_at_the_top(self, sedo: Sedo) -> None:
        define(sedo, "inner", TASK)
        define(sedo, "middle", sub("inner"))
        execution = begin(sedo, sub("middle"))
        whole, (thread,) = why(sedo, execution)
        middle, inner = thread["below"]
        assert [link["state"] for link in thread["below"]] == ["StepStarted", "StepStarted"]
        assert middle["text"].startswith(
            f"Step sub waits since {thread['since']} for the end of execution {inner['execution']}"
        )
        assert inner["text"].startswith("Step approve waits since")
        assert whole["text"] == (
            f"Step sub waits since {thread['since']} for the end of execution {middle['execution']}."
            " Then the step succeeds with its output, or fails with its error."
            f" {inner['execution']}, 2 below it: {inner['text']}"
        )

    def test_a_child_whose_start_was_lost_is_late(self, sedo: Sedo) -> None:
        define(sedo, "inner", WAIT)
        execution = begin(sedo, sub("inner"))
        (child,) = [name for name in sedo.executions.items if name.startswith("123:inner:")]
        del sedo.executions.items[child]
        sedo.queue.messages.clear()
        _, (thread,) = why(sedo, execution)
        assert (thread["below"][0]["text"], thread["wrong"]) == ("It does not exist yet.", None)
        sedo.clock.sleep(61)
        whole, (thread,) = why(sedo, execution)
        assert (whole["is"], whole["wrong"], thread["wrong"]) == ("wrong", "late", "late")
        late = "That is late: a message was lost, or a function died. The schedule sends it again within two minutes."
        assert whole["text"].endswith(f"It does not exist yet. {late}")

    def test_a_large_map_tells_of_one_of_its_executions(self, sedo: Sedo) -> None:
        whole, (thread,) = why(sedo, begin(sedo, LARGE))
        assert thread["freedBy"].endswith("of 150 have ended")
        assert len(thread["below"]) == 1
        assert f"{thread['below'][0]['execution']}, 1 below it: Step each" in whole["text"]

    def test_a_chain_is_followed_so_far_and_no_further(self, sedo: Sedo) -> None:
        define(sedo, "d0", WAIT)
        for n in range(LINKS + 1):
            define(sedo, f"d{n + 1}", sub(f"d{n}"))
        execution = begin(sedo, sub(f"d{LINKS + 1}"))
        for _ in range(LINKS + 2):
            sedo.deliver()
        whole, (thread,) = why(sedo, execution)
        assert len(thread["below"]) == LINKS + 1
        assert whole["text"].endswith("No more than 10 executions are looked at.")

    def test_it_is_followed_only_for_members_that_tell_of_it(self) -> None:
        home = Home()
        home.create(WAIT, name="other")
        home.create(SUB)
        execution = home.execute()
        home.deliver_all()

        def reads(**query: list[str]) -> int:
            asked = http_request("GET", f"/sedo/tenants/t/executions/{execution}", {})
            asked.query_params = MultiDict(query)
            home.calls.clear()
            assert home.wiring.routes.executions.read_execution(asked, "t", execution).status_code == 200
            return home.calls["executions.outline"]

        assert (reads(), reads(fields=["why"]), reads(fields=["state,threads"]), reads(fields=["state"])) == (
            2,
            2,
            2,
            1,
        )


class TestEnds:
    def test_a_success_says_when(self, sedo: Sedo) -> None:
        view = sedo.get(begin(sedo, {"id": "hi", "type": "echo", "message": "hi"}))
        assert view["why"]["text"] == f"It succeeded at {view['endedAt']}."
        assert (view["why"]["is"], view["why"]["thread"]) == ("ended", None)

    def test_a_failure_says_where_and_with_what(self, sedo: Sedo) -> None:
        view = sedo.get(begin(sedo, FAILS))
        assert view["why"]["text"].startswith(
            f"It failed at {view['endedAt']}, at step stop, with NotPaid: no money xxx"
        )
        again = (
            "A redrive goes on at fail step stop, and fails there again, unless it changes the stash or the version."
        )
        assert view["why"]["text"].endswith(f"…. {again}")

    def test_a_pause_and_a_cancellation_say_who_and_why(self, sedo: Sedo) -> None:
        execution = begin(sedo, TASK)
        ask(sedo, "ada", "POST", f"{execution}/pause", {"reason": "a look"})
        paused = sedo.get(execution)
        assert paused["why"]["text"] == (
            f"ada paused it at {paused['pausedAt']}: a look. It goes on once somebody resumes it."
        )
        ask(sedo, "ada", "POST", f"{execution}/cancel", {})
        ended = sedo.get(execution)
        goes_on = "A redrive lets it go on at step approve."
        assert ended["why"]["text"] == f"ada cancelled it at {ended['endedAt']}. {goes_on}"

    def test_a_time_out_says_so(self, sedo: Sedo) -> None:
        sedo.ask("POST", "/sedo/tenants/123/definitions", {"id": "d", "timeoutSeconds": 60, "steps": [TASK]})
        name = ask(sedo, "eve", "POST", "/definitions/d/execute", {"input": 1}).json_body["id"]
        sedo.deliver()
        sedo.pass_time(61)
        view = sedo.get(f"/executions/{name}")
        assert view["why"]["text"].startswith(f"It was timed out at {view['endedAt']}, at step approve, with Timeout: ")
        goes_on = "A redrive lets it go on at step approve. It has 60 seconds from then on."
        assert view["why"]["text"].endswith(goes_on)


def running(**changes: Any) -> Execution:
    """Make an execution whose only thread runs under a message."""
    thread = Thread("main", 1, Status.READY, "charge", None, NOW, NOW, Driver("m", "r"))
    return blank(threads={"main": copy_with(thread, **changes)}, version=1)


@pytest.mark.parametrize(
    ("execution", "minutes", "text"),
    [
        (running(), 0, "A function works on step charge since 2026-01-01T00:00:00.000Z."),
        (
            copy_with(running(driver=None), version=0),
            2,
            "or waits behind many others. The schedule's watch sends it again from 2026-01-01T00:15:00.000Z on.",
        ),
        (running(attempt=2), 0, "A function works on step charge since 2026-01-01T00:00:00.000Z, at attempt 2."),
        (
            running(),
            7,
            SILENT,
        ),
        (
            running(),
            60,
            "It is stuck: its message does not come again. The schedule's watch wakes it when it looks at it.",
        ),
        (running(strikes=2), 0, "and 2 of 3 functions have died of it alone: then the step fails with Poison."),
        (running(driver=Driver("m", "r", handed=True)), 0, "at 2026-01-01T00:00:00.000Z: its message is in the queue."),
        (running(driver=Driver("m", "r", handed=True)), 11, "The schedule sends it again within two minutes."),
        (running(status=Status.FAILED), 0, "and the step around it decides what happens then."),
    ],
)
def test_what_runs_or_should_says_what_is_wrong(execution: Execution, minutes: int, text: str) -> None:
    whole = Explanation(execution, NOW + timedelta(minutes=minutes), Details()).whole()
    assert str(whole["text"]).endswith(text)


@pytest.mark.parametrize(
    ("people", "text"),
    [((), "anybody"), (("a", "b"), "a, b"), (tuple("abcdefgh"), "a, b, c, d, e or 3 more")],
)
def test_a_sentence_names_some_people(people: tuple[str, ...], text: str) -> None:
    assert who(copy_with(task("t"), assignees=people, groups=())) == text


CALLBACK: dict[str, Json] = {"id": "carrier", "type": "callback", "catch": [{"errors": ["*"], "next": "undo"}]}
UNDO: tuple[dict[str, Json], ...] = (
    CALLBACK,
    {"id": "done", "type": "succeed"},
    {"id": "undo", "type": "echo", "message": "undone"},
    {"id": "compensated", "type": "fail", "failure": "${error}"},
)
TRAP = (
    "A redrive goes on at fail step compensated, and fails there again, unless it changes the stash or the version. "
    'With {"step": "carrier"} it goes on from step carrier, whose error was caught: all behind that runs again.'
)


def fail_callback(sedo: Sedo, execution: str) -> None:
    token = sedo.get(execution)["waitingFor"][0]["token"]
    body: Json = {"name": "callback.Lost", "message": "van burnt"}
    assert sedo.ask("POST", f"/sedo/callbacks/{token}/fail", body).status_code in {200, 204}
    sedo.deliver()


class TestRedrives:
    def test_a_trap_is_told_with_the_step_that_leads_out_of_it(self, sedo: Sedo) -> None:
        execution = begin(sedo, *UNDO)
        fail_callback(sedo, execution)
        view = sedo.get(execution)
        assert view["why"]["text"] == (
            f"It failed at {view['endedAt']}, at step carrier, with callback.Lost: van burnt. {TRAP}"
        )
        redrive = view["actions"]["redrive"]
        assert redrive == {"possible": True, "reason": None, "text": TRAP, "failsAgain": True, "step": "carrier"}
        ask(sedo, "ada", "POST", f"{execution}/redrive", {})
        sedo.deliver()
        assert sedo.get(execution)["state"] == "ExecutionFailed"
        ask(sedo, "ada", "POST", f"{execution}/redrive", {"step": redrive["step"]})
        sedo.deliver()
        assert sedo.get(execution)["waitingFor"][0]["step"] == "carrier"

    def test_a_child_that_failed_is_named(self, sedo: Sedo) -> None:
        define(sedo, "inner", FAILS)
        view = sedo.get(begin(sedo, sub("inner")))
        child = view["error"]["details"]["execution"]
        assert view["why"]["text"].endswith(
            f" A redrive lets execution {child} go on, for which step sub waits. `why` of that one says from where."
        )

    def test_a_call_of_which_no_answer_is_known_is_named(self) -> None:
        found = Run("steps: [{id: pay, type: call, delivery: at-most-once}]")
        execution = found.go().broke(unanswered=True).execution
        whole = Explanation(execution, NOW, Details(definition=found.definition)).whole()
        assert str(whole["text"]).endswith('look there, then redrive with {"again": true} to make it again.')

    def test_without_its_definition_or_a_failure_nothing_of_that_is_said(self, sedo: Sedo) -> None:
        execution = begin(sedo, TASK)
        cancelled = ask(sedo, "ada", "POST", f"{execution}/cancel", {}).json_body
        assert cancelled["why"]["text"].endswith(" A redrive lets it go on.")
        assert cancelled["actions"]["redrive"] == {"possible": True, "reason": None}
        assert sedo.get(f"{execution}?fields=actions")["actions"]["redrive"]["failsAgain"] is False
        assert set(sedo.get(begin(sedo, TASK))["actions"]["redrive"]) == {"possible", "reason"}


class TestTimes:
    @pytest.mark.parametrize(
        ("then", "text"),
        [
            ({}, "the step fails with task.Overdue, which leads to step refuse"),
            ({"then": "continue", "value": 1}, "the step succeeds with the `value` that its `due` names"),
            (
                {"then": "reassign", "groups": ["managers"], "assignees": "ada"},
                "it is reassigned to ada, group managers",
            ),
            ({"then": "reassign"}, "it is reassigned to anybody"),
            ({"then": "reassign", "groups": "${input}"}, "it is reassigned to those whom its `due` names"),
        ],
    )
    def test_a_due_date_says_what_happens(self, sedo: Sedo, then: dict[str, Json], text: str) -> None:
        catch: Json = [{"errors": ["task.Overdue"], "next": "refuse"}]
        due: dict[str, Json] = {**TASK, "due": {"seconds": 60, **then}, "catch": catch}
        refuse: dict[str, Json] = {"id": "refuse", "type": "fail"}
        whole, (thread,) = why(sedo, begin(sedo, due, {"id": "ok", "type": "succeed"}, refuse))
        assert whole["text"].endswith(f" It is due by {thread['until']}: if it is not done then, {text}.")

    def test_the_time_of_a_callback_says_where_it_leads(self, sedo: Sedo) -> None:
        whole, (thread,) = why(sedo, begin(sedo, {**CALLBACK, "timeoutSeconds": 30}, *UNDO[1:]))
        assert whole["text"] == (
            f"Step carrier waits since {thread['since']} for {thread['freedBy']}."
            " Then the step succeeds or fails, as the other system says."
            f" If the step is not done by {thread['timeout']}, it fails with Timeout, which leads to step undo."
        )

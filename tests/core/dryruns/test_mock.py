from collections.abc import Sequence
from typing import Any

import pytest

from chalicelib.core.definitions.model import AnswerKind, Definition
from chalicelib.core.dryruns.mock import Mocks, Reply, find_step, name_of, read_mocks
from chalicelib.core.executions.inputs import (
    CallbackFailed,
    CallbackSucceeded,
    CallFailed,
    CallSucceeded,
    SignalReceived,
    TaskCompleted,
    TaskRejected,
)
from chalicelib.core.limits import LIMITS
from chalicelib.core.values.errors import InvalidError
from chalicelib.core.values.json import Json
from tests.core.examples import define

ORDER = define(
    """
steps:
  - id: fan-out
    type: parallel
    branches:
      - {id: left, steps: [{id: charge, type: call, content: 1}, {id: twice, type: call}]}
      - {id: right, steps: [{id: twice, type: call}]}
  - {id: asked, type: call, callback: true}
  - {id: asked-maybe, type: call, callback: "${input.wait}"}
  - {id: answer, type: callback}
  - {id: paid, type: event, name: paid}
  - {id: approve, type: task, title: Approve it}
  - {id: ship, type: workflow, definition: shipping}
  - {id: greet, type: echo, message: hello}
""",
    "order",
)
SHIPPING = define("steps: [{id: label, type: call}]", "shipping")
OLDER = define("steps: [{id: print, type: call}]", "shipping")


def find(definition_id: str) -> Sequence[Definition]:
    return [SHIPPING, OLDER] if definition_id == "shipping" else ()


def read(mocks: Json) -> Mocks:
    return read_mocks(mocks, ORDER, find)


def wrong(mocks: Json) -> dict[str, str]:
    with pytest.raises(InvalidError) as raised:
        read(mocks)
    return {problem.pointer: problem.message for problem in raised.value.problems}


def taken(mocks: Mocks, name: str) -> Any:
    reply = mocks.take(name)
    return None if reply is None else dict(reply.members)


class TestNames:
    @pytest.mark.parametrize(
        ("name", "known_as"),
        [
            ("fan-out/left/charge", "fan-out/left/charge"),
            ("charge", "fan-out/left/charge"),
            ("fan-out/right/twice", "fan-out/right/twice"),
            ("order:charge", "fan-out/left/charge"),
            ("shipping:label", "shipping:label"),
            ("shipping:print", "shipping:print"),
            ("asked#callback", "asked#callback"),
            ("asked-maybe#callback", "asked-maybe#callback"),
            ("ship", "ship"),
        ],
    )
    def test_a_step_is_named_by_path_or_id_and_of_another_definition_behind_that(
        self, name: str, known_as: str
    ) -> None:
        mocks = read({name: {"result": 1}})
        assert list(mocks.replies) == [known_as]
        assert known_as in mocks
        assert "else" not in mocks

    @pytest.mark.parametrize(
        ("name", "message"),
        [
            ("chrge", "order has no step 'chrge' (did you mean 'charge'?)"),
            ("shipping:labl", "shipping has no step 'labl' (did you mean 'label'?)"),
            ("parcels:label", "there is no definition 'parcels': write a step of another one as definition:step"),
            ("twice", "several steps have the id 'twice': write one of fan-out/left/twice, fan-out/right/twice"),
            ("greet", "greet needs nothing from outside: a step of type echo has no mock"),
            ("fan-out", "fan-out needs nothing from outside: a step of type parallel has no mock"),
            ("charge#callback", "fan-out/left/charge hands no token out: #callback is for calls with callback: true"),
            ("answer#callback", "answer hands no token out: #callback is for calls with callback: true"),
        ],
    )
    def test_what_names_no_step_that_asks_outside_is_refused(self, name: str, message: str) -> None:
        assert wrong({name: {"result": 1}}) == {f"/mocks/{name.replace('/', '~1')}": message}

    def test_of_many_that_are_wrong_some_are_told(self) -> None:
        assert len(wrong({f"step-{number}": {"result": 1} for number in range(1_500)})) == LIMITS.problems

    def test_each_of_some_other_definitions_is_looked_for_once(self) -> None:
        asked = list[str]()

        def look(definition_id: str) -> Sequence[Definition]:
            asked.append(definition_id)
            return find(definition_id)

        names = ["shipping:label", "shipping:print", *(f"d{number}:a" for number in range(200))]
        with pytest.raises(InvalidError) as raised:
            read_mocks({name: {"result": 1} for name in reversed(names)}, ORDER, look)
        assert len(asked) == len({*asked}) == LIMITS.dry_run_definitions
        assert len(raised.value.problems) == len(names)
        assert "dry_run_definitions" in raised.value.problems[-1].message
        asked.clear()
        read_mocks({name: {"result": 1} for name in names[:2]}, ORDER, look)
        assert asked == ["shipping"]

    def test_one_step_has_one_mock(self) -> None:
        problems = wrong({"charge": {"result": 1}, "fan-out/left/charge": {"result": 2}})
        message = "a mock before this one is for 'fan-out/left/charge' already"
        assert problems == {"/mocks/fan-out~1left~1charge": message}

    def test_a_step_that_several_have_has_all_their_paths(self) -> None:
        assert find_step(ORDER, "twice") == ["fan-out/left/twice", "fan-out/right/twice"]
        assert find_step(ORDER, "charge") == "fan-out/left/charge"
        assert find_step(ORDER, "nothing") == []

    def test_steps_of_the_definition_itself_are_named_by_their_paths_only(self) -> None:
        assert name_of(ORDER, "order", "fan-out/left/charge") == "fan-out/left/charge"
        assert name_of(ORDER, "shipping", "label") == "shipping:label"


class TestAnswers:
    @pytest.mark.parametrize(
        ("name", "answer"),
        [
            ("charge", {"result": None}),
            ("charge", {"error": "http.Status.503"}),
            ("charge", {"error": "http.Status.503", "message": "busy", "details": [1], "retryAfter": 1.5}),
            ("charge", {"nothing": True}),
            ("ship", {"error": "InvalidInput"}),
            ("answer", {"error": "callback.Failed", "message": "no", "details": {}}),
            ("paid", {"result": 1, "by": "ada"}),
            ("approve", {"result": 1, "by": "ada"}),
            ("approve", {"reject": "", "by": "ada"}),
        ],
    )
    def test_an_answer_is_what_its_step_can_be_told(self, name: str, answer: Json) -> None:
        assert read({name: [answer]}).replies.values()

    @pytest.mark.parametrize(
        ("name", "answer", "place", "message"),
        [
            ("charge", 1, "", "the answer of a call or a workflow is an object with one of result, error, nothing"),
            ("charge", {}, "", "the answer of a call or a workflow needs exactly one of result, error, nothing"),
            ("charge", [], "", "a list of answers has at least one"),
            ("paid", {"result": 1, "nothing": True}, "", "exactly one of result, nothing"),
            ("charge", [{"result": 1}, {"error": "two words"}], "/1/error", "has letters, digits, ., _ and - alone"),
            ("charge", {"error": "E", "retryAfter": -1}, "/retryAfter", "0 is the least"),
            ("charge", {"nothing": False}, "/nothing", "false cannot stand here, only true can"),
            ("charge", {"result": 1, "message": "no"}, "/message", "message stands beside error only"),
            ("approve", {"nothing": True, "by": "ada"}, "/by", "by stands beside result or reject only"),
            ("charge", {"result": 1, "by": "ada"}, "/by", "has no 'by'"),
            ("answer", {"error": "E", "retryAfter": 1}, "/retryAfter", "has no 'retryAfter'"),
            ("asked#callback", {"error": "E", "retryAfter": 1}, "/retryAfter", "the answer to a callback has no"),
            ("paid", {"result": 1, "reject": "no"}, "/reject", "the answer to a step that waits for an event has no"),
        ],
    )
    def test_what_its_step_cannot_be_told_is_refused_with_its_place(
        self, name: str, answer: Json, place: str, message: str
    ) -> None:
        problems = wrong({name: answer})
        assert list(problems) == [f"/mocks/{name}{place}"]
        assert message in problems[f"/mocks/{name}{place}"]

    def test_mocks_are_an_object(self) -> None:
        with pytest.raises(InvalidError, match="mocks is an object"):
            read([])

    def test_answers_are_used_one_after_the_other_and_the_last_one_again_and_again(self) -> None:
        mocks = read({"charge": [{"error": "E"}, {"result": 1}], "answer": {"result": 2}})
        assert [taken(mocks, "fan-out/left/charge") for _ in range(3)] == [{"error": "E"}, {"result": 1}, {"result": 1}]
        assert [taken(mocks, "answer") for _ in range(2)] == [{"result": 2}] * 2
        assert taken(mocks, "paid") is None


class TestReply:
    def test_a_call_succeeds_or_fails(self) -> None:
        assert Reply("", {"result": 1}).of_call("main", 3) == CallSucceeded("main", 3, 1)
        assert Reply("", {"error": "E"}).of_call("main", 3) == CallFailed("main", 3, "E", "mocked")
        members = {"error": "E", "message": "no", "details": 1, "retryAfter": 2}
        assert Reply("", members).of_call("main", 3) == CallFailed("main", 3, "E", "no", 1, 2)

    def test_whoever_is_asked_answers(self) -> None:
        one = {"result": 1, "by": "ada"}
        assert Reply("", one).to_wait(AnswerKind.CALLBACK, "main", 3) == CallbackSucceeded("main", 3, 1)
        assert Reply("", one).to_wait(AnswerKind.TASK, "main", 3) == TaskCompleted("main", 3, 1, "ada")
        event = SignalReceived("main", 3, 1, "/mocks/paid#main#3", "ada")
        assert Reply("/mocks/paid", one).to_wait(AnswerKind.EVENT, "main", 3) == event

    def test_whoever_is_asked_says_no(self) -> None:
        failed = CallbackFailed("main", 3, "E", "mocked")
        assert Reply("", {"error": "E"}).to_wait(AnswerKind.CALLBACK, "main", 3) == failed
        rejected = TaskRejected("main", 3, "too much", "ada")
        assert Reply("", {"reject": "too much", "by": "ada"}).to_wait(AnswerKind.TASK, "main", 3) == rejected

    def test_silence_is_none_of_these(self) -> None:
        assert Reply("", {"nothing": True}).is_silence
        assert not Reply("", {"result": None}).is_silence

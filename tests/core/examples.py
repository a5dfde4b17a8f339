"""Executions that are folded by hand: one event after another, and a write after each."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from chalicelib.api.parsing import read_yaml
from chalicelib.core.definitions.grammar import CALL_KEYS
from chalicelib.core.definitions.model import Definition, Outcome, StepContext, call_of
from chalicelib.core.definitions.parser import parse
from chalicelib.core.executions.decide import decide
from chalicelib.core.executions.factory import submit
from chalicelib.core.executions.implied import implied
from chalicelib.core.executions.inputs import (
    CallFailed,
    CallSucceeded,
    ChildEnded,
    Command,
    Decision,
    Input,
    StepDue,
    TimerFired,
)
from chalicelib.core.executions.model import (
    Driver,
    Execution,
    Failure,
    HistoryEntry,
    State,
    Status,
    Thread,
    failure_json,
)
from chalicelib.core.executions.waiting import ChildJoin, PartitionJoin
from chalicelib.core.values.errors import InvalidDefinitionError
from chalicelib.core.values.json import Json
from chalicelib.core.values.value import copy_with
from chalicelib.steps import STEP_TYPES
from tests import words

NOW = datetime(2026, 1, 1, tzinfo=UTC)
ME = Driver("message", "request")


class CallStep:
    """Has an effect."""

    name = "call"
    schema: Mapping[str, Json] = {
        "type": "object",
        "properties": {"content": {}, **CALL_KEYS},
        "additionalProperties": False,
    }

    def run(self, params: Mapping[str, Json], context: StepContext) -> Outcome:
        return copy_with(call_of(self.name, params), params=params.get("content"))


def define(text: str, name: str = "d") -> Definition:
    """Parse a definition in YAML; its id may be left out."""
    document, _ = read_yaml(text.encode(), 100_000)
    try:
        return parse({"id": name, **cast("dict[str, Any]", document)}, {**STEP_TYPES, "call": CallStep()})
    except InvalidDefinitionError as error:
        words.require_own(each.message for each in error.problems)
        raise


def blank(value: Json = None, **header: Any) -> Execution:
    members = {"started_by": "ada", "threads": {}, **header}
    return Execution("t:d:1", "t", "d", 1, "nonce", value, NOW, **members)


class Run:
    """An execution, driven by hand."""

    def __init__(self, text: str, value: Json = None, **header: Any) -> None:
        self.definition = define(text)
        self.execution = submit(self.definition, blank(value, **header))
        self.now = NOW
        self.records: list[HistoryEntry] = []
        self.calls: dict[str, Json] = {}

    def fold(self, event: Input, driver: Driver = ME) -> Decision:
        """Fold an event and write what changed."""
        decision = decide(self.definition, self.execution, event, self.now, driver)
        if decision.execution is not self.execution:
            self.execution = copy_with(decision.execution, version=self.execution.version + 1)
        self.records += decision.records
        for error in (record.error for record in decision.records):
            if error is not None and not isinstance(event, CallFailed):
                words.require_own(words.messages(failure_json(error)))
        return decision

    def go(self) -> "Run":
        """Run every step that is due, until each thread waits or has something to perform."""
        self.performs = {}
        while (due := self.due()) is not None:
            decision = self.fold(StepDue(*due.key))
            if decision.call is not None:
                self.performs[due.id] = decision.call.params
        return self

    def due(self) -> Thread | None:
        """Find a thread that can run."""
        if self.execution.paused or self.execution.ended:
            return None
        threads = self.execution.threads.values()
        return next((t for t in threads if t.status is Status.READY and t.id not in self.performs), None)

    def done(self, result: Json = None, thread: str = "main") -> "Run":
        """Let what a thread performs succeed, and go on."""
        self.fold(CallSucceeded(thread, self.thread(thread).turn, result))
        return self.go()

    def broke(
        self,
        name: str = "Boom",
        thread: str = "main",
        message: str = "no",
        details: Json = None,
        retry_after: float | None = None,
        *,
        unanswered: bool = False,
    ) -> "Run":
        """Let what a thread performs fail, and go on."""
        self.fold(CallFailed(thread, self.thread(thread).turn, name, message, details, retry_after, unanswered))
        return self.go()

    def later(self, seconds: float) -> "Run":
        """Let time pass, then fire every timer, and go on."""
        self.now += timedelta(seconds=seconds)
        for thread in list(self.execution.threads.values()):
            self.fold(TimerFired(*thread.key))
        return self.go()

    def child(self, state: State, number: int = 0, thread: str = "main", **more: Any) -> "Run":
        """Let a child execution end, and go on."""
        join = self.thread(thread).join
        assert isinstance(join, PartitionJoin | ChildJoin)
        self.fold(ChildEnded(thread, join.turn, number, state, **more))
        return self.go()

    def ask(self, event: Input) -> "Run":
        """Let somebody want something, and go on."""
        self.fold(event)
        return self.go()

    def asks(self) -> list[Command]:
        """Tell what all threads ask for now."""
        threads = self.execution.threads.values()
        return [each for t in threads for each in implied(self.definition, self.execution, t, self.now)]

    def thread(self, name: str = "main") -> Thread:
        return self.execution.threads[name]

    @property
    def until(self) -> datetime | None:
        """When the first thread's wait is over."""
        wait = self.thread().wait
        return None if wait is None else wait.until

    @property
    def partitions(self) -> PartitionJoin:
        """What the thread of a large `map` joins."""
        join = self.thread().join
        assert isinstance(join, PartitionJoin)
        return join

    @property
    def child_join(self) -> ChildJoin:
        """What the thread of a `workflow` step joins."""
        join = self.thread().join
        assert isinstance(join, ChildJoin)
        return join

    @property
    def standing(self) -> dict[str, str]:
        """The threads, and what each of them does where."""
        return {t.id: f"{t.status} {t.step}" for t in self.execution.threads.values()}

    @property
    def state(self) -> State:
        return self.execution.state

    @property
    def output(self) -> Json:
        return self.execution.output

    @property
    def error(self) -> Failure:
        assert self.execution.error is not None
        return self.execution.error

    @property
    def recorded(self) -> list[str]:
        """History, a line for each record after the start: what happened, and where."""
        return [f"{record.state.value} {record.thread} {record.step}" for record in self.records[2:]]

import pytest

from chalicelib.adapters.memory.stores import MemoryExecutions
from chalicelib.core.definitions.model import StartChild
from chalicelib.core.executions.builder import MAX_RESULT
from chalicelib.core.executions.inputs import ChildEnded, Launch, Message, ResumeRequested
from chalicelib.core.executions.model import Execution, Failure, State
from chalicelib.core.values.errors import StepError
from chalicelib.core.values.value import copy_with
from chalicelib.engine.children import (
    child_execution,
    end_of_unawaited,
    gatherer,
    refused,
    sharing,
    with_output,
    with_stash,
)
from tests.core.examples import Run, blank
from tests.home import ECHO, Home

SUB = "steps: [{id: sub, type: workflow, definition: other}]"


def launch(version: int | None = None, value: object = "in") -> tuple[Run, Launch]:
    run = Run(SUB).go()
    return run, Launch(run.thread(), StartChild("other", version, value, wait=True))  # type: ignore[arg-type] # JSON


class TestSubmission:
    @pytest.fixture
    def home(self) -> Home:
        home = Home()
        home.create(ECHO, name="other", inputSchema={"type": "string"})
        home.create(ECHO, ECHO, name="other")
        home.create(ECHO)
        return home

    @pytest.mark.parametrize(("version", "started"), [(None, 2), (1, 1), (2, 2)])
    def test_the_newest_version_runs_unless_one_is_named(self, home: Home, version: int | None, started: int) -> None:
        run, wanted = launch(version)
        made = child_execution(home.dependencies.definitions, run.execution, wanted)
        assert (made.definition_version, made.input) == (started, "in")
        assert made.id == run.child_join.execution

    @pytest.mark.parametrize(("parents", "shared"), [({"input_aside": True}, True), ({}, False)])
    def test_it_refers_to_the_input_of_its_parent_where_that_stands_beside_it(
        self, home: Home, parents: dict[str, bool], shared: object
    ) -> None:
        run, wanted = launch()
        made = child_execution(home.dependencies.definitions, run.execution, wanted)
        parent = copy_with(run.execution, input="in", **parents)
        assert sharing(parent, made).input_aside is shared
        assert not sharing(copy_with(parent, input="another"), made).input_aside

    @pytest.mark.parametrize(("version", "which"), [(None, "'other'"), (9, "'other@9'")])
    def test_one_that_is_not_there_fails_the_step(self, home: Home, version: int | None, which: str) -> None:
        home.definitions.retire_definition("t", "other")
        run, wanted = launch(version)
        with pytest.raises(StepError, match=which) as caught:
            child_execution(home.dependencies.definitions, run.execution, wanted)
        assert caught.value.name == "DefinitionNotFound"

    def test_an_input_that_it_does_not_take_fails_the_step_with_all_that_is_wrong(self, home: Home) -> None:
        run, wanted = launch(1, 7)
        with pytest.raises(StepError, match="other does not take this input: 7 is a number") as caught:
            child_execution(home.dependencies.definitions, run.execution, wanted)
        assert caught.value.name == "InvalidInput"
        assert caught.value.details == [{"pointer": "", "message": '7 is a number, not a text: write "7"'}]


class TestAnswers:
    def test_a_refusal_is_an_end_that_never_began(self) -> None:
        _, wanted = launch()
        assert refused(wanted, StepError("no", "No", [1])) == ChildEnded(
            "main", 1, 0, State.FAILED, error=Failure("No", "no", "sub", 1, [1]), begun=False
        )

    def test_a_child_that_is_let_go_is_a_success_with_its_id(self) -> None:
        _, wanted = launch()
        assert end_of_unawaited(wanted, blank()) == ChildEnded("main", 1, 0, State.SUCCEEDED, output={"id": "t:d:1"})


class TestOutputs:
    def ended(self, state: State = State.SUCCEEDED, name: str = "t:d:1") -> MemoryExecutions:
        executions = MemoryExecutions()
        executions.create(copy_with(blank(), id=name, state=state, output=["out"]))
        return executions

    def test_one_that_came_along_is_not_read(self) -> None:
        run, _ = launch()
        event = ChildEnded("main", 1, 0, State.SUCCEEDED, output="here")
        assert with_output(MemoryExecutions(), run.execution, run.thread(), event) == event

    def test_one_that_did_not_is(self) -> None:
        run, _ = launch()
        event = ChildEnded("main", 1, 0, State.SUCCEEDED, read=False)
        executions = self.ended(name=run.child_join.execution)
        read = with_output(executions, run.execution, run.thread(), event)
        assert (read.output, read.read) == (["out"], True)
        gone = with_output(MemoryExecutions(), run.execution, run.thread(), event)
        assert (gone.output, gone.read) == (None, True)

    def test_all_are_gathered_in_order(self) -> None:
        executions = self.ended()
        executions.create(copy_with(blank(), id="t:d:2", state=State.SUCCEEDED, output=["two"]))
        gather = gatherer(executions)
        assert gather({"executions": ["t:d:2", "t:d:1"]}) == [["two"], ["out"]]

    def test_more_than_a_result_may_be_are_too_large(self) -> None:
        executions = MemoryExecutions()
        executions.create(copy_with(blank(), id="t:d:1", state=State.SUCCEEDED, output="x" * (MAX_RESULT // 2)))
        gather = gatherer(executions)
        assert gather({"executions": ["t:d:1"]}) == ["x" * (MAX_RESULT // 2)]
        with pytest.raises(StepError, match="keep less of each") as caught:
            gather({"executions": ["t:d:1", "t:d:1", "t:d:never-read"]})
        assert caught.value.name == "TooLarge"

    @pytest.mark.parametrize(("state", "name"), [(State.FAILED, "t:d:1"), (State.SUCCEEDED, "t:d:gone")])
    def test_one_that_is_not_there_or_has_not_succeeded_is_lost(self, state: State, name: str) -> None:
        with pytest.raises(StepError, match=name) as caught:
            gatherer(self.ended(state))({"executions": [name]})
        assert caught.value.name == "ResultLost"


class TestStash:
    """What a partition of a map that is driven on sees of the stash of its map."""

    LARGE = """
        stash: {n: 1, m: 2}
        steps: [{id: each, type: map, items: '${range(`101`)}', steps: [{id: a, type: call, content: TEXT}]}]
        """
    WANTED = ResumeRequested(turn=9, redrives=1)

    def partition(self, content: str = "'${stash.n}'") -> tuple[MemoryExecutions, Execution]:
        run = Run(self.LARGE.replace("TEXT", content)).go()
        executions = MemoryExecutions()
        started = next(each.submitted for each in run.asks() if isinstance(each, Message) and each.submitted)
        root = copy_with(run.thread(), stash={"n": 3})
        executions.create(copy_with(run.execution, threads={"main": root}))
        return executions, started

    def test_it_is_read_from_the_parent(self) -> None:
        executions, part = self.partition()
        assert with_stash(executions, part, self.WANTED) == copy_with(self.WANTED, stash={"n": 3})

    def test_not_by_one_whose_steps_do_not_read_it(self) -> None:
        executions, part = self.partition("1")
        assert with_stash(executions, part, self.WANTED) == copy_with(self.WANTED, stash={})

    def test_nor_where_it_is_driven_on_already_or_no_partition_or_an_orphan(self) -> None:
        executions, part = self.partition()
        for each in (copy_with(part, parent_redrives=1), copy_with(part, partition=None)):
            assert with_stash(executions, each, self.WANTED) is self.WANTED
        assert with_stash(MemoryExecutions(), part, self.WANTED) is self.WANTED
        moved = MemoryExecutions()
        moved.create(copy_with(blank(), id="t:d:1"))
        assert with_stash(moved, part, self.WANTED) is self.WANTED

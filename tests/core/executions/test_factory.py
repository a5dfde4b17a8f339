from datetime import timedelta

import pytest

from chalicelib.core.definitions.model import StartChild
from chalicelib.core.executions.factory import WIDTH, child, child_id, partition, partition_size, read_below, submit
from chalicelib.core.executions.model import Execution, Failure, Parent, Partition, State, Status
from chalicelib.core.executions.scope import items_of
from chalicelib.core.values.errors import InvalidInputError
from chalicelib.core.values.value import copy_with
from tests.core.examples import NOW, Run, blank, define

ECHO = "steps: [{id: one, type: echo, message: 1}]"


class TestSubmit:
    def test_the_first_thread_stands_ready_at_the_first_step_with_the_input(self) -> None:
        execution = submit(define(ECHO), blank({"foo": "bar"}))
        (thread,) = execution.threads.values()
        assert (thread.key, thread.status, thread.step, thread.driver) == (("main", 0), Status.READY, "one", None)
        assert (thread.incoming, thread.since, thread.started_at) == ({"foo": "bar"}, NOW, NOW)
        assert (execution.state, execution.version, execution.step) == (State.SUBMITTED, 0, "one")
        assert (thread.deadline, execution.deadline) == (None, None)

    def test_times_run_from_the_submission(self) -> None:
        steps = define("{timeoutSeconds: 60, steps: [{id: one, type: call, timeoutSeconds: 5}]}")
        execution = submit(steps, blank())
        assert execution.deadline == NOW + timedelta(seconds=60)
        assert execution.threads["main"].deadline == NOW + timedelta(seconds=5)

    def test_input_that_does_not_pass_the_schema_is_refused_with_every_error(self) -> None:
        with pytest.raises(InvalidInputError) as caught:
            submit(define("{inputSchema: {type: object, required: [a, b]}, " + ECHO + "}"), blank({}))
        assert [problem.message for problem in caught.value.problems] == [
            "'a' is a required property",
            "'b' is a required property",
        ]

    def test_the_stash_of_the_definition_is_made_from_the_input(self) -> None:
        stashing = define("{stash: {who: '${input.name}', at: '${execution.id}'}, " + ECHO + "}")
        assert submit(stashing, blank({"name": "Ada"})).threads["main"].stash == {"who": "Ada", "at": "t:d:1"}

    def test_a_stash_that_cannot_be_made_refuses_the_input(self) -> None:
        stashing = define("{stash: {n: '${add(input.n, `1`)}'}, " + ECHO + "}")
        with pytest.raises(InvalidInputError, match="stash cannot be made"):
            submit(stashing, blank({"n": "one"}))


class TestChild:
    START = StartChild("other", 3, {"n": 1}, wait=True)

    def parent(self) -> Run:
        run = Run("steps: [{id: before, type: transform}, {id: sub, type: workflow, definition: other}]", depth=2)
        run.now += timedelta(seconds=9)
        return run.go()

    def child(self, start: StartChild = START) -> Execution:
        run = self.parent()
        return child(define(ECHO, "other"), run.execution, run.thread(), 3, start)

    def test_it_is_an_execution_of_its_own_below_its_parent(self) -> None:
        started = self.child()
        assert started.id == self.parent().child_join.execution
        assert (started.tenant_id, started.definition_id, started.definition_version) == ("t", "other", 3)
        assert (started.input, started.started_by, started.depth) == ({"n": 1}, "ada", 3)
        assert started.parent == Parent("t:d:1", "main", 2)

    def test_it_is_the_same_however_often_it_is_made(self) -> None:
        assert self.child() == self.child()
        assert self.child().started_at == NOW + timedelta(seconds=9)

    def test_one_that_nobody_waits_for_is_told_so(self) -> None:
        parent = self.child(copy_with(self.START, wait=False)).parent
        assert parent is not None
        assert not parent.awaited

    def test_it_must_take_its_input(self) -> None:
        run = self.parent()
        with pytest.raises(InvalidInputError):
            child(define("{inputSchema: false, " + ECHO + "}"), run.execution, run.thread(), 3, self.START)

    def test_every_turn_and_number_and_thread_names_another(self) -> None:
        run = Run("steps: [{id: m, type: map, items: '${range(`101`)}', steps: [{id: a, type: transform}]}]").go()
        thread = run.thread()
        names = {
            child_id(run.execution, thread, 0),
            child_id(run.execution, thread, 1),
            child_id(run.execution, copy_with(thread, join=copy_with(run.partitions, turn=2)), 0),
            child_id(run.execution, copy_with(thread, id="main.1.0"), 0),
            child_id(copy_with(run.execution, id="t:d:2"), thread, 0),
        }
        assert len(names) == 5
        assert child_id(run.execution, copy_with(thread, turn=2), 0) in names


def executions(count: int) -> int:
    """Count the executions that a map of so many items starts."""
    if count <= WIDTH:
        return 0
    size = partition_size(count)
    whole, rest = divmod(count, size)
    return whole * (1 + executions(size)) + (1 + executions(rest) if rest else 0)


class TestPartSizes:
    @pytest.mark.parametrize(
        ("count", "size"),
        [
            (101, 51),
            (200, 100),
            (201, 67),
            (250, 84),
            (10_000, 100),
            (10_001, 5_001),
            (25_000, 8_334),
            (1_000_000, 10_000),
        ],
    )
    def test_as_few_parts_as_can_be_of_one_size(self, count: int, size: int) -> None:
        assert partition_size(count) == size

    @pytest.mark.parametrize("count", [101, 199, 250, 9_999, 10_000, 10_001, 123_457, 1_000_000])
    def test_nowhere_in_the_tree_are_more_than_its_width(self, count: int) -> None:
        levels = 1
        while count > WIDTH:
            size = partition_size(count)
            assert -(-count // size) <= WIDTH
            count, levels = size, levels + 1
        assert levels <= 3

    @pytest.mark.parametrize("count", [10_000, 10_001, 12_000, 20_000, 100_000, 1_000_000])
    def test_hardly_more_executions_than_parts_of_a_hundred(self, count: int) -> None:
        assert executions(count) <= 1.03 * count / WIDTH + 2


class TestPart:
    STEPS = """
        stash: {{seen: 1}}
        timeoutSeconds: 60
        steps:
          - {{id: a, type: call, catch: [{{errors: ['*'], next: m}}]}}
          - id: m
            type: map
            items: '${{range(input)}}'
            tolerate: {{count: 7}}
            {0}
            steps: [{{id: a, type: call, content: '${{[input, stash.seen]}}'}}]
        """

    def partitions(self, count: int, options: str = "") -> list[Execution]:
        run = Run(self.STEPS.format(options), count).go().broke("First")
        items = items_of(run.definition, run.execution, run.thread())
        join = run.partitions
        return [partition(run.execution, run.thread(), join, items, number) for number in range(join.total)]

    def test_together_they_have_all_items_once_and_in_order(self) -> None:
        for count in (101, 250, 1_000):
            incoming = []
            for each in self.partitions(count):
                items = each.threads["main"].incoming
                assert isinstance(items, list)
                incoming += items
            assert incoming == list(range(count))

    def test_each_knows_its_first_item_and_what_the_map_says(self) -> None:
        options = "maxConcurrency: 50\n            timeoutSeconds: 9"
        assert [
            (each.partition, each.deadline, each.threads["main"].deadline) for each in self.partitions(250, options)
        ] == [
            (Partition(first, 50, 7, {**self.partitions(250)[0].partition.execution}), None, None)  # type: ignore[union-attr] # a part
            for first in (0, 84, 168)
        ]

    def test_it_stands_at_the_map_and_sees_what_the_thread_saw(self) -> None:
        first, second, _ = self.partitions(250)
        root = first.threads["main"]
        assert (root.key, root.status, root.step, first.step) == (("main", 0), Status.READY, "m", "m")
        assert (root.stash, root.error) == ({"seen": 1}, Failure("First", "no", "a"))
        assert (first.input, first.definition_id, first.started_by, first.depth) == (250, "d", "ada", 0)
        assert (first.spawns.share, first.parent_epoch, first.parent_redrives) == (3, 0, 0)
        assert (first.parent, second.parent) == (Parent("t:d:1", "main", 2, 0), Parent("t:d:1", "main", 2, 1))
        assert first.partition is not None
        assert first.partition.execution["id"] == "t:d:1"

    def test_what_the_steps_do_not_read_is_not_handed_on(self) -> None:
        silent = self.STEPS.replace("content: '${{[input, stash.seen]}}'", "content: '${{item}}'")
        run = Run(silent.format(""), 250).go().broke("First")
        items = items_of(run.definition, run.execution, run.thread())
        first = partition(run.execution, run.thread(), run.partitions, items, 0)
        assert (first.input, first.threads["main"].stash) == (None, {})

    @pytest.mark.parametrize(
        ("step", "reads"),
        [
            ("type: call, content: '${item}'", ""),
            ("type: call, content: '${input.a}'", "input"),
            ("type: call, when: stash.a", "stash"),
            ("type: call, stash: {a: '${to_json(@)}'}", "input stash"),
            ("type: choice, choices: [{when: input.a, next: z}], default: z", "input"),
            ("type: call, output: '${stash.b}'", "stash"),
            ("type: call, content: '${[*.a]}'", "input stash"),
            ("type: call, content: '${\"\\u0069nput\"}'", "input stash"),
        ],
    )
    def test_what_steps_may_read_is_told_by_their_words(self, step: str, reads: str) -> None:
        inner = f"[{{id: y, {step}}}, {{id: z, type: call, content: '${{index}}'}}]"
        assert read_below(define(f"steps: [{{id: m, type: map, items: '${{input}}', steps: {inner}}}]"), "m") == reads

    def test_it_can_be_parted_again_and_its_parts_show_the_same_execution(self) -> None:
        run = Run(self.STEPS.format(""), 25_000).go().broke("First")
        whole = items_of(run.definition, run.execution, run.thread())
        second = partition(run.execution, run.thread(), run.partitions, whole, 1)
        inner = Run(self.STEPS.format(""), 25_000)
        inner.execution = second
        inner.go()
        items = items_of(inner.definition, inner.execution, inner.thread())
        deep = partition(inner.execution, inner.thread(), inner.partitions, items, 2)
        assert deep.partition == Partition(8_334 + 2 * 100, 100, 7, second.partition.execution)  # type: ignore[union-attr] # a part
        assert deep.threads["main"].incoming == list(range(8_534, 8_634))
        assert deep.parent == Parent(second.id, "main", 1, 2)

    def test_it_has_the_size_with_which_the_map_began(self) -> None:
        run = Run(self.STEPS.format(""), 20_000).go().broke("First")
        items, before = list(range(20_000)), copy_with(run.partitions, total=100)
        assert partition(run.execution, run.thread(), before, items, 99).threads["main"].incoming == items[19_800:]
        assert (
            partition(run.execution, run.thread(), run.partitions, items, 1).threads["main"].incoming == items[10_000:]
        )

from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from chalicelib.core.executions.model import ROOT, Execution, HistoryEntry, State, Status, Thread
from chalicelib.core.records.history import Row, new_row, news
from chalicelib.core.records.verify import TAIL_CHANGED, history_violations
from chalicelib.core.values.value import copy_with
from tests.core.records.test_history import NOW as AT
from tests.core.records.test_history import execution, rows

NOW = datetime(2026, 1, 1, tzinfo=UTC)
STARTED, SUCCEEDED, FAILED = State.STEP_STARTED, State.STEP_SUCCEEDED, State.STEP_FAILED


def wrong(item: Execution, stored: Sequence[Row]) -> list[tuple[str, str, str]]:
    return [(str(each.kind), each.thread, each.detail) for each in history_violations(item, stored)]


class TestChains:
    def test_a_whole_one_has_nothing_wrong_whatever_others_wrote_that_lost(self) -> None:
        stored = rows(3)
        lost = copy_with(stored[1], key="000000000002#other#1")
        assert wrong(execution(3, stored[2].link), [*stored, lost]) == []
        assert wrong(execution(), []) == []

    def test_a_row_that_is_missing_is_named_and_who_names_it(self) -> None:
        stored = rows(3)
        item = execution(3, stored[2].link)
        assert wrong(item, stored[:2]) == [
            ("history", "", f"row {stored[2].key} is missing, which the execution names")
        ]
        assert wrong(item, stored[1:]) == [
            ("history", "", f"row {stored[0].key} is missing, which row {stored[1].key} names")
        ]

    def test_newest_entries_that_were_changed_are_told(self) -> None:
        assert wrong(copy_with(execution(), tail_changed=True), []) == [("history", "", TAIL_CHANGED)]

    def test_a_row_that_was_changed_is_named_and_who_knows_it_otherwise(self) -> None:
        stored = rows(2)
        changed = copy_with(stored[0], text=stored[0].text.replace(b"main", b"nain"))
        assert wrong(execution(2, stored[1].link), [changed, stored[1]]) == [
            ("history", "", f"row {stored[0].key} was changed: it is not what row {stored[1].key} names")
        ]


def of(
    *records: tuple[str, int, State], turn: int = 9, state: State = STARTED, in_row: int = 0
) -> list[tuple[str, str, str]]:
    """Check a history; so many records of it stand in a row, the others with the state."""
    entries = [HistoryEntry(AT, what, thread, at, "step") for thread, at, what in records]
    threads = {ROOT: Thread(ROOT, turn, Status.READY, "step", None, NOW, NOW)}
    item = copy_with(execution(), threads=threads, state=state)
    made: list[Row] = []
    if in_row:
        made.append(new_row(item, "r#1", news(item, entries[:in_row])))
        item = copy_with(item, version=1, head=made[0].link)
    return wrong(copy_with(item, tail=news(item, entries[in_row:]).text), made)


class TestTurns:
    def test_a_step_begins_and_ends_each_time(self) -> None:
        assert (
            of(("main", 0, STARTED), ("main", 1, FAILED), ("main", 3, STARTED), ("main", 3, SUCCEEDED), in_row=2) == []
        )
        assert of(("main", 0, State.STEP_SKIPPED), ("main", 0, STARTED), ("main", 1, SUCCEEDED)) == []

    def test_a_turn_does_a_thing_once(self) -> None:
        assert of(("main", 0, STARTED), ("main", 1, SUCCEEDED), ("main", 1, SUCCEEDED), in_row=2) == [
            ("turns", "main", "StepSucceeded of turn 1 is recorded twice")
        ]

    def test_turns_never_fall_and_threads_have_their_own(self) -> None:
        both = (("main", 5, STARTED), ("main.5.a", 0, STARTED))
        assert of(*both) == []
        assert of(*both, ("main", 4, SUCCEEDED)) == [("turns", "main", "turn 4 comes after turn 5")]

    def test_what_ends_has_begun(self) -> None:
        assert of(("main", 1, SUCCEEDED)) == [
            ("turns", "main", "StepSucceeded of turn 1 is recorded, and no start of it")
        ]

    def test_a_redrive_goes_on_in_the_middle(self) -> None:
        assert of(("main", 0, State.SUBMITTED), ("main", 1, State.REDRIVEN), ("main", 2, SUCCEEDED)) == []

    def test_what_is_redriven_may_fail_again_where_it_stood(self) -> None:
        failed = (("main", 0, STARTED), ("main", 1, FAILED))
        assert of(*failed, ("main", 1, State.REDRIVEN), ("main", 1, FAILED)) == []
        assert of(*failed, ("main", 1, State.REDRIVEN), ("main", 1, FAILED), ("main", 1, FAILED)) == [
            ("turns", "main", "StepFailed of turn 1 is recorded twice")
        ]
        assert of(
            ("main", 0, STARTED), ("main", 1, SUCCEEDED), ("main", 1, State.REDRIVEN), ("main", 1, SUCCEEDED)
        ) == [("turns", "main", "StepSucceeded of turn 1 is recorded twice")]

    def test_a_thread_stands_no_earlier_than_its_history(self) -> None:
        assert of(("main", 3, STARTED), turn=2) == [("turns", "main", "it stands at turn 2, and history knows 3")]


class TestEnds:
    @pytest.mark.parametrize("end", [State.SUCCEEDED, State.FAILED, State.CANCELLED, State.TIMED_OUT])
    def test_it_is_the_last_record_and_its_own(self, end: State) -> None:
        assert of(("main", 1, end), state=end) == []
        assert of(("main", 1, STARTED), state=end) == [("end", "", f"it is {end}, and the last record is StepStarted")]
        assert of(("main", 1, end)) == [("end", "", f"it is StepStarted, and the last record is {end}")]

    def test_only_a_redrive_comes_after_it(self) -> None:
        failed = ("main", 1, State.FAILED)
        assert of(failed, ("main", 2, State.REDRIVEN), ("main", 2, STARTED)) == []
        assert of(failed, ("main", 2, STARTED)) == [("end", "", "StepStarted is recorded after ExecutionFailed")]

from collections.abc import Collection, Sequence

import pytest

from chalicelib.adapters.memory.stores import MemoryHistory
from chalicelib.core.executions.model import Execution, State
from chalicelib.core.records.history import Row
from chalicelib.core.values.errors import HistoryBrokenError
from chalicelib.core.values.value import copy_with
from chalicelib.usecases.history import Beginning
from tests.home import WAIT, Home, with_rows


def waited(home: Home) -> Execution:
    """Start an execution of three waits, and let all of them pass; each turn has a row."""
    with_rows(home).create(WAIT, WAIT, WAIT)
    execution, _ = home.service.execute("t", "d", "in")
    for _ in range(3):
        home.deliver()
        home.clock.sleep(45)
    return execution


class Late(MemoryHistory):
    """Some rows have not come to all of its copies."""

    def __init__(self, missing: Collection[str]) -> None:
        super().__init__()
        self.missing = missing

    def read(
        self, execution_id: str, behind: str, limit: int, *, newest_first: bool = False, consistent: bool = True
    ) -> Sequence[Row]:
        if consistent:
            return super().read(execution_id, behind, limit, newest_first=newest_first)
        found = super().read(execution_id, behind, 1_000, newest_first=newest_first)
        return [row for row in found if row.key not in self.missing][:limit]


class TestHistory:
    def test_what_is_newest_follows_the_rows_and_moves_into_them(self, home: Home) -> None:
        home.create(*[WAIT] * 150)
        execution, _ = home.service.execute("t", "d", "in")
        reader = home.service.histories
        seen: list[str] = []
        last, skipped = None, 0
        for _ in range(151):
            home.deliver()
            home.clock.sleep(45)
            begin = None if last is None else Beginning(last, behind=True)
            page = list(reader.oldest_first("t", execution.id, begin))
            seen += [str(record["step"]) for row, _ in page for record in row.records][skipped:]
            *whole, (newest, _) = page
            last, skipped = whole[-1][1] if whole else last, len(newest.records)
        assert home.only().state is State.SUCCEEDED
        assert len(home.history.rows[execution.id]) >= 2
        assert seen == [record["step"] for record in home.records(execution.id)]

    def test_it_is_read_from_the_newest_on_and_what_moved_into_a_row_meanwhile_is_found(self, home: Home) -> None:
        home.create(*[WAIT] * 150)
        execution, _ = home.service.execute("t", "d", "in")
        home.deliver()
        reader = home.service.histories
        places: list[Beginning] = [Beginning(behind=True)]
        for _ in range(150):
            if (head := home.only().head) is not None and head != places[-1].link:
                places.append(Beginning(head, behind=True))
            home.clock.sleep(45)
            home.deliver()
        rows = list(reader.oldest_first("t", execution.id))
        assert len(rows) == len(places) >= 3
        for number, place in enumerate(places):
            assert list(reader.newest_first("t", execution.id, place)) == rows[number::-1]
            assert list(reader.oldest_first("t", execution.id, place)) == rows[number:]
        for number, (_, link) in enumerate(rows[:-1]):
            assert list(reader.newest_first("t", execution.id, Beginning(link, rows=1))) == rows[number::-1]
            assert list(reader.oldest_first("t", execution.id, Beginning(link, rows=1))) == rows[number:]

    def test_rows_that_lost_their_race_do_not_show_however_many_they_are(self, home: Home) -> None:
        with_rows(home).create(WAIT, WAIT)
        execution, _ = home.service.execute("t", "d", "in")
        home.deliver()
        row = home.history.read(execution.id, "", 1)[0]
        for n in range(5):
            home.history.append(copy_with(row, key=f"{1:012d}#lost-{n}"))
            home.history.append(copy_with(row, key=f"{2:012d}#a-lost-{n}"))
        home.clock.sleep(45)
        home.deliver()
        reader = home.service.histories
        for count in (1, 2, 100):
            begin = Beginning(rows=count)
            assert [row.version for row, _ in reader.oldest_first("t", execution.id, begin)] == [1, 2]
            assert [row.version for row, _ in reader.newest_first("t", execution.id, begin)] == [2, 1]
            behind = Beginning(row.link, behind=True, rows=count)
            assert [row.version for row, _ in reader.oldest_first("t", execution.id, behind)] == [2]

    def test_a_row_that_is_gone_or_was_changed_is_noticed(self, home: Home) -> None:
        execution = waited(home)
        reader, rows = home.service.histories, home.history.rows
        whole = list(rows[execution.id])
        links = [row.link for row in whole]
        for number, row in enumerate(whole):
            changed = copy_with(row, text=row.text.replace(b"step", b"stap"))
            for instead in ([], [changed]):
                rows[execution.id] = [*whole[:number], *instead, *whole[number + 1 :]]
                for read in (reader.oldest_first, reader.newest_first):
                    with pytest.raises(HistoryBrokenError):
                        list(read("t", execution.id))
                for link in links[: number + 1]:
                    with pytest.raises(HistoryBrokenError):
                        list(reader.oldest_first("t", execution.id, Beginning(link)))
        rows[execution.id] = whole
        with pytest.raises(HistoryBrokenError):
            list(reader.oldest_first("t", execution.id, Beginning(copy_with(links[0], digest="0"), behind=True)))

    def test_a_copy_of_the_store_that_is_late_is_not_believed(self, home: Home) -> None:
        execution = waited(home)
        expected = list(home.service.histories.oldest_first("t", execution.id))
        for missing in ([0], [1], [2], [0, 1, 2]):
            store = Late({row.key for n, row in enumerate(home.history.rows[execution.id]) if n in missing})
            store.rows = home.history.rows
            reader = copy_with(home.service.histories, store=store)
            assert list(reader.oldest_first("t", execution.id)) == expected
            assert list(reader.newest_first("t", execution.id)) == expected[::-1]
            begin = Beginning(expected[0][1], behind=True)
            assert list(reader.oldest_first("t", execution.id, begin)) == expected[1:]

    @pytest.mark.parametrize(("step", "reads"), [("step-0", 5), ("step-39", 1)])
    def test_a_redrive_reads_back_only_to_where_its_step_began(self, home: Home, step: str, reads: int) -> None:
        with_rows(home).create(*[{**WAIT, "output": f"{n}"} for n in range(40)], {"type": "fail", "error": "No"})
        execution, _ = home.service.execute("t", "d", "in")
        for _ in range(41):
            home.deliver()
            home.clock.sleep(45)
        assert home.only().state is State.FAILED
        home.calls.clear()
        home.service.redrive("t", execution.id, step=step)
        assert home.calls["history.read"] <= reads
        assert home.only().threads["main"].incoming == ("in" if step == "step-0" else "38")

    @pytest.mark.parametrize("words", [2_000, 20_000])
    def test_it_shows_a_long_result_that_is_kept_once_with_the_state(self, home: Home, words: int) -> None:
        value, large = "long " * words, words > 10_000
        home.create(WAIT, {"id": "last", "type": "transform", "output": "${input}", "stash": "last"})
        execution, _ = home.service.execute("t", "d", value)
        home.deliver()
        home.clock.sleep(45)
        home.deliver()
        assert (home.only().output, home.only().head) == (value, None), "no row is written"
        records = [record for record in home.records(execution.id) if record["state"] == "StepSucceeded"]
        assert [home.service.history.result("t", record) for record in records] == [value] * 2
        assert [record["references"].keys() for record in records] == [{"/result"}, {"/result", "/stash/last"}]
        home.service.history.fill("t", records, 100_000)
        assert [record["result"] for record in records] == [None if large else value] * 2
        assert records[-1]["stash"] == {"last": None if large else value}

import pytest

from chalicelib.core.executions.model import State
from chalicelib.core.values.errors import HistoryBrokenError
from chalicelib.core.values.value import copy_with
from tests.home import WAIT, Home, with_rows


class TestHistory:
    def test_what_is_newest_follows_the_rows_and_pages_go_on_when_it_moves_into_one(self, home: Home) -> None:
        home.create(*[WAIT] * 150)
        execution, _ = home.service.execute("t", "d", "in")
        seen: list[str] = []
        after, skipped, rows = 0, 0, 0
        for _ in range(151):
            home.deliver()
            home.clock.sleep(45)
            page, more = home.service.read_history("t", execution.id, 100, after)
            steps = [str(record["step"]) for row in page for record in row.records]
            seen += steps[skipped:]
            rows = max(rows, len(home.history.rows.get(execution.id, ())))
            *whole, _ = page
            after, skipped = (whole[-1].version, len(page[-1].records)) if whole else (after, len(steps))
            assert not more
        assert home.only().state is State.SUCCEEDED
        assert rows >= 2
        assert seen == [
            r["step"] for row in home.service.read_history("t", execution.id, 100, 0)[0] for r in row.records
        ]

    def test_rows_that_lost_their_race_do_not_show_however_many_they_are(self, home: Home) -> None:
        with_rows(home).create(WAIT, WAIT)
        execution, _ = home.service.execute("t", "d", "in")
        home.deliver()
        row = home.history.read(execution.id, 0, 1)[0]
        for n in range(5):
            home.history.append(copy_with(row, key=f"{1:012d}#lost-{n}"))
            home.history.append(copy_with(row, key=f"{2:012d}#a-lost-{n}"))
        home.clock.sleep(45)
        home.deliver()
        for limit in (1, 2, 100):
            rows, after = [], 0
            more = True
            while more:
                page, more = home.service.read_history("t", execution.id, limit, after)
                rows += page
                after = page[-1].version
            assert [row.version for row in rows] == [1, 2]

    def test_a_row_that_is_gone_is_noticed(self, home: Home) -> None:
        with_rows(home).create(WAIT)
        execution, _ = home.service.execute("t", "d", "in")
        home.deliver()
        home.history.rows.clear()
        with pytest.raises(HistoryBrokenError):
            home.service.read_history("t", execution.id, 10, 0)

    @pytest.mark.parametrize("words", [2_000, 20_000])
    def test_it_shows_a_long_result_that_is_kept_once_with_the_state(self, home: Home, words: int) -> None:
        value, large = "long " * words, words > 10_000
        home.create(WAIT, {"id": "last", "type": "transform", "output": "${input}", "stash": "last"})
        execution, _ = home.service.execute("t", "d", value)
        home.deliver()
        home.clock.sleep(45)
        home.deliver()
        assert (home.only().output, home.only().head) == (value, None), "no row is written"
        rows, _ = home.service.read_history("t", execution.id, 100, 0)
        records = [record for row in rows for record in row.records if record["state"] == "StepSucceeded"]
        assert [home.service.history.result("t", record) for record in records] == [value] * 2
        assert [record["references"].keys() for record in records] == [{"/result"}, {"/result", "/stash/last"}]
        home.service.history.fill("t", records, 100_000)
        assert [record["result"] for record in records] == [None if large else value] * 2
        assert records[-1]["stash"] == {"last": None if large else value}
